//! From what a file says about users to manifests: the same for all kinds of files, without I/O.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Map, Value, json};

use super::words::is_phone_number;
use crate::{
    api::{AdoptionPolicy, ConnectUserSpec, Rules},
    cli::manifests::{Manifest, resource_name, sort},
};

/// A user as a file describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// Where in the file, such as `line 3`.
    pub(super) place: String,
    /// The namespace of the object that describes it, if it is one of Kubernetes.
    pub(super) namespace: Option<String>,
    /// The spec in the words of a ConnectUser.
    pub(super) spec: Map<String, Value>,
    /// Whether the file has a password for it. The password itself is never kept.
    pub(super) has_password: bool,
    /// What is not carried over, with the reason.
    pub(super) lost: Vec<String>,
    /// What the reader should know, without being a loss.
    pub(super) notes: Vec<String>,
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Imported {
    pub(super) records: Vec<Record>,
    /// What is not carried over and belongs to no record: its place, with the reason.
    pub(super) lost: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// What the flags say about all users.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    pub(super) namespace: Option<String>,
    pub(super) adoption_policy: AdoptionPolicy,
    pub(super) generate_password: bool,
}

/// Manifests, and what they do not say.
#[derive(Debug, Default)]
pub(super) struct Conversion {
    pub(super) manifests: Vec<Manifest>,
    pub(super) lost: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Returns the manifests of the users of files, each given with its name.
///
/// # Errors
/// Two users would be the same ConnectUser.
pub(super) fn convert(files: Vec<(String, Imported)>, wishes: &Wishes) -> anyhow::Result<Conversion> {
    let (rules, mut conversion, mut places) = (Rules::new()?, Conversion::default(), BTreeMap::new());
    let mut without_secret = Vec::new();
    for (file, imported) in files {
        let of_file = |line| format!("{file}: {line}");
        conversion.lost.extend(imported.lost.into_iter().map(of_file));
        conversion.notes.extend(imported.notes.into_iter().map(of_file));
        for record in imported.records {
            let username = record.spec.get("username").and_then(Value::as_str).unwrap_or("without a username");
            let place = format!("{file}: {}: {username}", record.place);
            let Built { manifest, lost, notes, needs_secret } = build(record, wishes, &rules)?;
            conversion.lost.extend(lost.into_iter().map(|line| format!("{place}: {line}")));
            conversion.notes.extend(notes.into_iter().map(|line| format!("{place}: {line}")));
            let Some(manifest) = manifest else { continue };
            if needs_secret {
                without_secret.push((manifest.name.clone(), manifest.namespace.clone()));
            }
            if let Some(earlier) = places.insert((manifest.namespace.clone(), manifest.name.clone()), place.clone()) {
                bail!("{place}: {earlier} is the ConnectUser {} already", manifest.name);
            }
            conversion.manifests.push(manifest);
        }
    }
    if let Some((name, namespace)) = without_secret.first() {
        let namespace = namespace.as_ref().map(|namespace| format!(" --namespace {namespace}")).unwrap_or_default();
        conversion.notes.push(format!(
            "Secrets to create for initial passwords: {}, each with the name of its ConnectUser, such as by kubectl create secret generic \
             {name}{namespace} --from-file=password=<file>; or let --generate-password generate them",
            without_secret.len()
        ));
    }
    sort(&mut conversion.manifests);
    Ok(conversion)
}

struct Built {
    /// None if the API server would refuse it.
    manifest: Option<Manifest>,
    lost: Vec<String>,
    notes: Vec<String>,
    needs_secret: bool,
}

fn build(record: Record, wishes: &Wishes, rules: &Rules) -> serde_json::Result<Built> {
    let Record { place: _, namespace, mut spec, has_password, mut lost, notes } = record;
    let username = spec.get("username").and_then(Value::as_str).unwrap_or_default();
    let name = resource_name(username);
    spec.insert("adoptionPolicy".into(), json!(wishes.adoption_policy));
    let creates = wishes.adoption_policy != AdoptionPolicy::Adopt;
    if !creates || wishes.generate_password {
        spec.remove("passwordSecretRef");
    }
    let mut needs_secret = false;
    if creates && wishes.generate_password && !spec.contains_key("directoryUserId") {
        spec.insert("generatePassword".into(), true.into());
    } else if creates && has_password && !spec.contains_key("passwordSecretRef") {
        spec.insert("passwordSecretRef".into(), json!({ "name": name, "key": "password" }));
        needs_secret = true;
    }
    drop_useless_number(&mut spec, &mut lost);
    let manifest = match serde_path_to_error::deserialize::<_, ConnectUserSpec>(Value::Object(spec.clone())) {
        Ok(kept) => {
            let unknown = missing("", &spec.into(), &serde_json::to_value(&kept)?);
            lost.extend(unknown.into_iter().map(|path| format!("{path}: a ConnectUser has no such field")));
            let manifest = Manifest { namespace: wishes.namespace.clone().or(namespace), name, spec: kept };
            let broken = rules.broken_by(&manifest.resource(), None)?;
            lost.extend(broken.iter().map(|rule| format!("left out: {}: {}", rule.field, rule.message)));
            broken.is_empty().then_some(manifest)
        }
        Err(error) => {
            let path =
                Some(error.path().to_string()).filter(|path| path != ".").map_or("spec".into(), |path| format!("spec.{path}"));
            lost.push(format!("left out: {path}: {}", error.inner()));
            None
        }
    };
    Ok(Built { needs_secret: needs_secret && manifest.is_some(), manifest, lost, notes })
}

/// Removes the number of a soft phone if Connect would not keep it: AWS' own CSV template has such a number.
fn drop_useless_number(spec: &mut Map<String, Value>, lost: &mut Vec<String>) {
    let Some(phone) = spec.get_mut("phoneConfig").and_then(Value::as_object_mut) else { return };
    let is_soft = phone.get("phoneType").is_some_and(|kind| kind == "SOFT_PHONE");
    let number = phone.get("deskPhoneNumber").and_then(Value::as_str);
    if let Some(number) = number.filter(|number| is_soft && !is_phone_number(number)) {
        lost.push(format!(
            "phoneConfig.deskPhoneNumber: {number:?} is not in E.164 form, such as +12065550100, and a soft phone needs none"
        ));
        phone.remove("deskPhoneNumber");
    }
}

/// Returns the paths of the members that are in the first value and not in the second.
pub(super) fn missing(path: &str, given: &Value, kept: &Value) -> Vec<String> {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            let each = given.iter().flat_map(|(key, value)| match kept.get(key) {
                Some(kept) => missing(&format!("{path}{key}."), value, kept),
                None => vec![format!("{path}{key}")],
            });
            each.collect()
        }
        (Value::Array(given), Value::Array(kept)) => {
            let pairs = given.iter().zip(kept).enumerate();
            let path = path.trim_end_matches('.');
            pairs.flat_map(|(n, (given, kept))| missing(&format!("{path}[{n}]."), given, kept)).collect()
        }
        _ => vec![],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

    pub(crate) fn converted(imported: Imported, wishes: &Wishes) -> Conversion {
        convert(vec![("file".into(), imported)], wishes).unwrap()
    }

    /// Returns what a file becomes without flags: the specs by the names of the ConnectUsers, without what all of them have, and what is lost.
    pub(crate) fn specs(imported: Imported) -> (BTreeMap<String, Value>, Vec<String>) {
        let wishes = Wishes { adoption_policy: AdoptionPolicy::AdoptOrCreate, ..Wishes::default() };
        let conversion = converted(imported, &wishes);
        let specs = conversion.manifests.into_iter().map(|manifest| {
            let mut spec = manifest.object().unwrap()["spec"].take();
            let members = spec.as_object_mut().unwrap();
            assert_eq!(members.remove("adoptionPolicy"), Some("AdoptOrCreate".into()));
            members.remove("instanceArn");
            (manifest.name, spec)
        });
        (specs.collect(), conversion.lost)
    }

    fn record(changes: Value) -> Record {
        let mut spec = json!({
            "instanceArn": INSTANCE, "username": "jane", "routingProfileName": "Care", "securityProfileNames": ["Agent"],
        });
        crate::api::fixtures::merge(&mut spec, changes);
        let Value::Object(spec) = spec else { unreachable!() };
        Record { place: "line 2".into(), spec, ..Record::default() }
    }

    fn imported(records: Vec<Record>) -> Imported {
        Imported { records, ..Imported::default() }
    }

    #[test]
    fn password_becomes_a_reference_or_is_generated() {
        let with_password = |changes| imported(vec![Record { has_password: true, ..record(changes) }]);
        let spec_of = |imported, adoption_policy, generate_password| {
            let conversion = converted(imported, &Wishes { adoption_policy, generate_password, namespace: None });
            assert_eq!(conversion.lost, [""; 0]);
            (conversion.manifests[0].spec.clone(), conversion.notes.len())
        };
        let (spec, notes) = spec_of(with_password(json!({ "username": "Jane@x.org" })), AdoptionPolicy::AdoptOrCreate, false);
        let reference = spec.password_secret_ref.unwrap();
        assert_eq!((reference.name.as_str(), reference.key.as_str(), notes), ("jane-at-x.org", "password", 1));
        let (spec, notes) = spec_of(with_password(json!({})), AdoptionPolicy::AdoptOrCreate, true);
        assert_eq!((spec.password_secret_ref, spec.generate_password, notes), (None, Some(true), 0));
        let given = json!({ "passwordSecretRef": { "name": "theirs", "key": "k" } });
        let (spec, notes) = spec_of(with_password(given.clone()), AdoptionPolicy::Never, false);
        assert_eq!((spec.password_secret_ref.unwrap().name.as_str(), notes), ("theirs", 0));
        let (spec, notes) = spec_of(with_password(given), AdoptionPolicy::Adopt, false);
        assert_eq!((spec.password_secret_ref, spec.generate_password, notes), (None, None, 0));
        let (spec, _) = spec_of(with_password(json!({ "directoryUserId": "d-1" })), AdoptionPolicy::AdoptOrCreate, true);
        assert_eq!(spec.generate_password, None, "its password is in the directory");
        let (spec, _) = spec_of(imported(vec![record(json!({}))]), AdoptionPolicy::AdoptOrCreate, false);
        assert_eq!(spec.password_secret_ref, None, "a user of a SAML instance has none");
    }

    #[test]
    fn users_that_the_api_server_refuses_are_left_out() {
        let table = [
            (json!({ "username": "김민준" }), "spec.username: username must be"),
            (json!({ "username": "a".repeat(100) }), "spec.username: "),
            (json!({ "username": null }), "spec.username: invalid type: null"),
            (json!({ "securityProfileNames": [] }), "spec.securityProfileNames: "),
            (json!({ "identityInfo": { "mobile": "0123" } }), "spec.identityInfo.mobile: "),
            (json!({ "phoneConfig": { "phoneType": "DESK_PHONE" } }), "spec.phoneConfig.deskPhoneNumber: "),
            (json!({ "phoneConfig": { "autoAccept": "x" } }), "spec.phoneConfig.autoAccept: invalid type"),
            (json!({ "instanceArn": "arn:aws:connect" }), "spec.instanceArn: instanceArn must be"),
            (json!({ "tags": (0..50).map(|n| (n.to_string(), "")).collect::<BTreeMap<_, _>>() }), "spec.tags: tags may hold"),
        ];
        for (changes, expected) in table {
            let Conversion { manifests, lost, .. } = converted(imported(vec![record(changes.clone())]), &Wishes::default());
            assert_eq!(manifests, [], "{changes}");
            let all = lost.join("\n");
            assert!(all.contains(&format!("left out: {expected}")) && all.starts_with("file: line 2: "), "{changes}: {all}");
        }
    }

    #[test]
    fn unknown_members_and_useless_numbers_are_lost() {
        let changes = json!({
            "identityInfo": { "firstName": "J", "nickname": "JJ" },
            "phoneConfig": { "phoneType": "SOFT_PHONE", "deskPhoneNumber": "1234567890" },
            "userProficiencies": [{ "attributeName": "a", "attributeValue": "b", "level": 2, "since": "2020" }],
            "shoeSize": "38",
        });
        let Conversion { manifests, lost, .. } = converted(imported(vec![record(changes)]), &Wishes::default());
        assert_eq!(manifests[0].spec.phone_config.as_ref().unwrap().desk_phone_number, None);
        let what: Vec<&str> = lost.iter().map(|line| line.strip_prefix("file: line 2: jane: ").unwrap()).collect();
        let number =
            "phoneConfig.deskPhoneNumber: \"1234567890\" is not in E.164 form, such as +12065550100, and a soft phone needs none";
        let none = |field: &str| format!("{field}: a ConnectUser has no such field");
        assert_eq!(what, [number, &none("identityInfo.nickname"), &none("shoeSize"), &none("userProficiencies[0].since")]);
        let kept = json!({ "phoneConfig": { "phoneType": "SOFT_PHONE", "deskPhoneNumber": "+12065550100" } });
        assert_eq!(converted(imported(vec![record(kept)]), &Wishes::default()).lost, [""; 0]);
    }

    #[test]
    fn one_user_twice_is_an_error_that_names_both_places() {
        let mut twice = vec![record(json!({})), record(json!({ "username": "JANE" }))];
        twice[1].place = "line 9".into();
        let error = convert(vec![("a.csv".into(), imported(twice.clone()))], &Wishes::default()).unwrap_err();
        assert_eq!(error.to_string(), "a.csv: line 9: JANE: a.csv: line 2: jane is the ConnectUser jane already");
        twice[1].namespace = Some("other".into());
        assert_eq!(converted(imported(twice), &Wishes::default()).manifests.len(), 2);
    }
}
