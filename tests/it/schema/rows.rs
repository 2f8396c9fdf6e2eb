//! One row for each rule: what is changed in a good spec, and what the API server says to it.

use serde_json::{Value, json};

use super::manifest::{INSTANCE, OTHER_INSTANCE, least_spec, move_to};

/// What the API server says.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It takes the resource.
    Accepted,
    /// It refuses it because of this field, with a message that holds these words.
    Refused(&'static str, &'static str),
}

/// A change of the full spec.
pub type Change = fn(&mut Value);

/// What to try.
pub struct Row {
    /// What it shows.
    pub name: &'static str,
    /// How the spec of an existing resource differs from the full spec. None: there is no such resource, it is created.
    pub before: Option<Change>,
    /// What is changed.
    pub change: Change,
    /// What comes of it.
    pub verdict: Verdict,
    /// The words with which server-side apply refuses it, where they are others: it looks at types and lists by itself, and does
    /// not take `null` for "left out" where a field needs a value.
    pub applying: Option<&'static str>,
}

impl Row {
    fn applying(self, words: &'static str) -> Self {
        Self { applying: Some(words), ..self }
    }
}

use Verdict::{Accepted, Refused};

fn create(name: &'static str, change: Change, verdict: Verdict) -> Row {
    Row { name, before: None, change, verdict, applying: None }
}

fn update(name: &'static str, before: Change, change: Change, verdict: Verdict) -> Row {
    Row { name, before: Some(before), change, verdict, applying: None }
}

fn remove(object: &mut Value, member: &str) {
    object.as_object_mut().unwrap().remove(member).unwrap();
}

fn security_profiles(count: usize) -> Value {
    (0..count).map(|n| format!("{INSTANCE}/security-profile/{n}")).collect()
}

fn tags(count: usize) -> Value {
    (0..count).map(|n| (format!("key-{n}"), json!("value"))).collect::<serde_json::Map<_, _>>().into()
}

fn proficiencies(count: usize) -> Value {
    (0..count).map(|n| json!({ "attributeName": "Skill", "attributeValue": format!("value-{n}"), "level": 1 })).collect()
}

/// All rows.
pub fn rows() -> Vec<Row> {
    [
        whole(),
        instance(),
        username(),
        password(),
        directory(),
        identity(),
        phone(),
        channels(),
        profiles(),
        names(),
        group(),
        skills(),
        tagging(),
        region(),
        policies(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn whole() -> Vec<Row> {
    vec![
        create("every field set", |_| (), Accepted),
        create("only what must be set", |s| *s = least_spec(), Accepted),
        create("no spec", |s| *s = json!(null), Refused("spec", "Required value"))
            .applying("spec in body must be of type object"),
        create(
            "null for every field that may be left out",
            |s| {
                let mut nulls = least_spec();
                for name in s.as_object().unwrap().keys() {
                    let nulls = nulls.as_object_mut().unwrap();
                    nulls.entry(name).or_insert(Value::Null);
                }
                *s = nulls;
            },
            Accepted,
        ),
        update("nothing is changed", |_| (), |_| (), Accepted),
        update("every optional field is taken out", |_| (), |s| *s = least_spec(), Accepted),
    ]
}

fn instance() -> Vec<Row> {
    const PATTERN: Verdict = Refused("spec.instanceArn", "instanceArn must be the ARN of an Amazon Connect instance, such as");
    vec![
        create("an instance is needed", |s| remove(s, "instanceArn"), Refused("spec.instanceArn", "Required value")),
        create("null is no instance", |s| s["instanceArn"] = json!(null), Refused("spec.instanceArn", "Required value"))
            .applying("spec.instanceArn in body must be of type string"),
        create(
            "an instance in GovCloud",
            |s| {
                move_to(s, "arn:aws-us-gov:connect:us-gov-west-1:123456789012:instance/1");
                s["region"] = json!("us-gov-west-1");
            },
            Accepted,
        ),
        create(
            "an instance in China",
            |s| {
                move_to(s, "arn:aws-cn:connect:cn-north-1:123456789012:instance/1");
                s["region"] = json!("cn-north-1");
            },
            Accepted,
        ),
        create(
            "an instance by its id",
            |s| {
                move_to(s, "11111111-aaaa-4bbb-8ccc-000000000001");
                remove(s, "region");
            },
            PATTERN,
        ),
        create(
            "an empty instance",
            |s| {
                move_to(s, "");
                remove(s, "region");
            },
            PATTERN,
        ),
        create("an instance of another service", |s| move_to(s, "arn:aws:s3:us-west-2:123456789012:instance/1"), PATTERN),
        create("an account of 11 digits", |s| move_to(s, "arn:aws:connect:us-west-2:12345678901:instance/1"), PATTERN),
        create("a user where an instance belongs", |s| move_to(s, &format!("{INSTANCE}/agent/1")), PATTERN),
        create(
            "a Region that is none",
            |s| {
                move_to(s, "arn:aws:connect:west:123456789012:instance/1");
                s["region"] = json!("west");
            },
            PATTERN,
        ),
        create(
            "an instance longer than any",
            |s| {
                s["instanceArn"] = json!(format!("{INSTANCE}{}", "0".repeat(200)));
            },
            Refused("spec.instanceArn", "may not be more than 200"),
        ),
        update(
            "the instance is changed",
            |s| remove(s, "region"),
            |s| move_to(s, OTHER_INSTANCE),
            Refused("spec.instanceArn", "instanceArn cannot be changed: a user cannot move to another instance. Delete this"),
        ),
    ]
}

fn username() -> Vec<Row> {
    const CHARACTERS: Verdict = Refused("spec.username", "username must be 1 to 64 letters, digits and _ - . @");
    const EMAIL: Verdict = Refused("spec.username", "username may hold @ only as an e-mail address does");
    vec![
        create("a username is needed", |s| remove(s, "username"), Refused("spec.username", "Required value")),
        create("null is no username", |s| s["username"] = json!(null), Refused("spec.username", "Required value"))
            .applying("spec.username in body must be of type string"),
        create("all characters of a username", |s| s["username"] = json!("aZ09_-."), Accepted),
        create("a username that is an e-mail address", |s| s["username"] = json!("a_b-c@mail.example.co"), Accepted),
        create("a username of 64 characters", |s| s["username"] = json!("u".repeat(64)), Accepted),
        create(
            "a username of 65 characters",
            |s| s["username"] = json!("u".repeat(65)),
            Refused("spec.username", "may not be more than 64"),
        ),
        create("an empty username", |s| s["username"] = json!(""), CHARACTERS),
        create("a space in a username", |s| s["username"] = json!("jane doe"), CHARACTERS),
        create("an umlaut in a username", |s| s["username"] = json!("jörg"), CHARACTERS),
        create("a line break at the end of a username", |s| s["username"] = json!("jane\n"), CHARACTERS),
        create("a username with @ that is no e-mail address", |s| s["username"] = json!("jane@example"), EMAIL),
        create("a username with two @", |s| s["username"] = json!("jane@doe@example.com"), EMAIL),
        create("a number for a username", |s| s["username"] = json!(7), Refused("spec.username", "must be of type string"))
            .applying(".spec.username: expected string"),
        update(
            "the username is changed",
            |_| (),
            |s| s["username"] = json!("jane.roe"),
            Refused("spec.username", "username cannot be changed: Connect has no operation for it. Delete this ConnectUser"),
        ),
        update(
            "the username's case is changed",
            |s| s["username"] = json!("jane"),
            |s| s["username"] = json!("Jane"),
            Refused("spec.username", "username cannot be changed"),
        ),
    ]
}

fn password() -> Vec<Row> {
    const NAME: Verdict =
        Refused("spec.passwordSecretRef.name", "passwordSecretRef.name must be the name of a Secret in the same namespace");
    const KEY: Verdict = Refused("spec.passwordSecretRef.key", "passwordSecretRef.key must be a key of that Secret");
    vec![
        create("a Secret without a key", |s| remove(&mut s["passwordSecretRef"], "key"), Accepted),
        create("a Secret with null for its key", |s| s["passwordSecretRef"]["key"] = json!(null), Accepted),
        create("all characters of a Secret's name", |s| s["passwordSecretRef"]["name"] = json!("0a-b.c9"), Accepted),
        create("all characters of a Secret's key", |s| s["passwordSecretRef"]["key"] = json!("aZ09._-"), Accepted),
        create(
            "a Secret without a name",
            |s| remove(&mut s["passwordSecretRef"], "name"),
            Refused("spec.passwordSecretRef.name", "Required value"),
        ),
        create("an empty Secret's name", |s| s["passwordSecretRef"]["name"] = json!(""), NAME),
        create(
            "a Secret's name that leads elsewhere",
            |s| s["passwordSecretRef"]["name"] = json!("../../kube-system/secrets/x"),
            NAME,
        ),
        create("a Secret's name with a query", |s| s["passwordSecretRef"]["name"] = json!("jane?x=y"), NAME),
        create("a Secret's name with a capital", |s| s["passwordSecretRef"]["name"] = json!("Jane"), NAME),
        create("a Secret's name with two dots", |s| s["passwordSecretRef"]["name"] = json!("jane..doe"), NAME),
        create("an empty key", |s| s["passwordSecretRef"]["key"] = json!(""), KEY),
        create("a key with a slash", |s| s["passwordSecretRef"]["key"] = json!("a/b"), KEY),
        create(
            "a Secret's name longer than any",
            |s| s["passwordSecretRef"]["name"] = json!("a".repeat(254)),
            Refused("spec.passwordSecretRef.name", "may not be more than 253"),
        ),
        create(
            "a key longer than any",
            |s| s["passwordSecretRef"]["key"] = json!("a".repeat(254)),
            Refused("spec.passwordSecretRef.key", "may not be more than 253"),
        ),
        update("another Secret", |_| (), |s| s["passwordSecretRef"]["name"] = json!("other"), Accepted),
        create("no password is generated", |s| s["generatePassword"] = json!(false), Accepted),
        create(
            "a generated password",
            |s| {
                *s = least_spec();
                s["generatePassword"] = json!(true);
            },
            Accepted,
        ),
        create(
            "a generated password beside a Secret",
            |s| {
                remove(s, "directoryUserId");
                s["generatePassword"] = json!(true);
            },
            Refused("spec.generatePassword", "generatePassword: true and passwordSecretRef exclude each other"),
        ),
        create(
            "a generated password for a user of a directory",
            |s| {
                remove(s, "passwordSecretRef");
                s["generatePassword"] = json!(true);
            },
            Refused("spec.generatePassword", "generatePassword: true and directoryUserId exclude each other"),
        ),
        update(
            "a generated password in place of a Secret",
            |s| remove(s, "directoryUserId"),
            |s| {
                remove(s, "passwordSecretRef");
                s["generatePassword"] = json!(true);
            },
            Accepted,
        ),
    ]
}

fn directory() -> Vec<Row> {
    const SET: Verdict = Refused(
        "spec.directoryUserId",
        "directoryUserId cannot be set or changed on an existing user: Connect takes it only at creation. Delete this ConnectUser",
    );
    vec![
        create("no directory id", |s| remove(s, "directoryUserId"), Accepted),
        create(
            "an empty directory id",
            |s| s["directoryUserId"] = json!(""),
            Refused("spec.directoryUserId", "at least 1 chars long"),
        ),
        create(
            "a directory id longer than any",
            |s| s["directoryUserId"] = json!("d".repeat(257)),
            Refused("spec.directoryUserId", "may not be more than 256"),
        ),
        update("the directory id is changed", |_| (), |s| s["directoryUserId"] = json!("d-other"), SET),
        update("a directory id is set later", |s| remove(s, "directoryUserId"), |s| s["directoryUserId"] = json!("d-late"), SET),
        update("the directory id is no longer managed", |_| (), |s| remove(s, "directoryUserId"), Accepted),
        update("the directory id becomes null", |_| (), |s| s["directoryUserId"] = json!(null), Accepted),
        update(
            "null becomes a directory id",
            |s| s["directoryUserId"] = json!(null),
            |s| s["directoryUserId"] = json!("d-late"),
            SET,
        ),
    ]
}

fn identity() -> Vec<Row> {
    const EMAIL: Verdict =
        Refused("spec.identityInfo.email", "identityInfo.email must be an e-mail address such as jane@example.com");
    const SECONDARY: Verdict = Refused(
        "spec.identityInfo.secondaryEmail",
        "identityInfo.secondaryEmail must be an e-mail address such as jane@example.com",
    );
    const MOBILE: Verdict =
        Refused("spec.identityInfo.mobile", "identityInfo.mobile must be in E.164 form, such as +12065550100");
    vec![
        create("no identity", |s| s["identityInfo"] = json!({}), Accepted),
        create(
            "empty members, which clear",
            |s| s["identityInfo"] = json!({ "firstName": "", "lastName": "", "email": "", "secondaryEmail": "", "mobile": "" }),
            Accepted,
        ),
        create(
            "null members, which are not managed",
            |s| {
                s["identityInfo"] =
                    json!({ "firstName": null, "lastName": null, "email": null, "secondaryEmail": null, "mobile": null });
            },
            Accepted,
        ),
        create(
            "names in other scripts",
            |s| s["identityInfo"] = json!({ "firstName": "Zoë-김 민준", "lastName": "Ó’Нагорна 山田 👩‍💻" }),
            Accepted,
        ),
        create(
            "a first name of 255 letters, of two bytes each",
            |s| s["identityInfo"]["firstName"] = json!("é".repeat(255)),
            Accepted,
        ),
        create(
            "a first name of 256 letters",
            |s| s["identityInfo"]["firstName"] = json!("é".repeat(256)),
            Refused("spec.identityInfo.firstName", "may not be more than 255"),
        ),
        create(
            "a last name of 300 letters, of three bytes each",
            |s| s["identityInfo"]["lastName"] = json!("山".repeat(300)),
            Accepted,
        ),
        create(
            "a last name of 301 letters",
            |s| s["identityInfo"]["lastName"] = json!("山".repeat(301)),
            Refused("spec.identityInfo.lastName", "may not be more than 300"),
        ),
        create("an e-mail address in other scripts", |s| s["identityInfo"]["email"] = json!("jörg+x@bücher.example"), Accepted),
        create("an e-mail address without @", |s| s["identityInfo"]["email"] = json!("jane.example.com"), EMAIL),
        create("an e-mail address without a domain", |s| s["identityInfo"]["email"] = json!("jane@example"), EMAIL),
        create("an e-mail address with a space", |s| s["identityInfo"]["email"] = json!("jane doe@example.com"), EMAIL),
        create("two e-mail addresses", |s| s["identityInfo"]["email"] = json!("a@example.com,b@example.com"), EMAIL),
        create(
            "an e-mail address longer than any",
            |s| s["identityInfo"]["email"] = json!(format!("{}@example.com", "a".repeat(320))),
            Refused("spec.identityInfo.email", "may not be more than 320"),
        ),
        create(
            "all characters of a secondary e-mail address",
            |s| s["identityInfo"]["secondaryEmail"] = json!("aZ09._%+-@a-1.b.info"),
            Accepted,
        ),
        create("a secondary e-mail address without @", |s| s["identityInfo"]["secondaryEmail"] = json!("jane"), SECONDARY),
        create(
            "a secondary e-mail address without a domain",
            |s| s["identityInfo"]["secondaryEmail"] = json!("jane@example"),
            SECONDARY,
        ),
        create(
            "a secondary e-mail address with a short domain",
            |s| s["identityInfo"]["secondaryEmail"] = json!("jane@example.c"),
            SECONDARY,
        ),
        create(
            "a secondary e-mail address longer than any",
            |s| s["identityInfo"]["secondaryEmail"] = json!(format!("{}@example.com", "a".repeat(265))),
            Refused("spec.identityInfo.secondaryEmail", "may not be more than 265"),
        ),
        create("the longest mobile number", |s| s["identityInfo"]["mobile"] = json!("+123456789012345"), Accepted),
        create("the shortest mobile number", |s| s["identityInfo"]["mobile"] = json!("+12"), Accepted),
        create("a mobile number that is too long", |s| s["identityInfo"]["mobile"] = json!("+1234567890123456"), MOBILE),
        create("a mobile number that is too short", |s| s["identityInfo"]["mobile"] = json!("+1"), MOBILE),
        create("a mobile number without +", |s| s["identityInfo"]["mobile"] = json!("12065550101"), MOBILE),
        create("a mobile number with +0", |s| s["identityInfo"]["mobile"] = json!("+02065550101"), MOBILE),
        create("a mobile number as people write it", |s| s["identityInfo"]["mobile"] = json!("+1 (206) 555-0101"), MOBILE),
        create(
            "a mobile number longer than any",
            |s| s["identityInfo"]["mobile"] = json!("1".repeat(41)),
            Refused("spec.identityInfo.mobile", "may not be more than 40"),
        ),
        update("the e-mail address is cleared", |_| (), |s| s["identityInfo"]["email"] = json!(""), Accepted),
    ]
}

fn phone() -> Vec<Row> {
    const NUMBER: Verdict =
        Refused("spec.phoneConfig.deskPhoneNumber", "phoneConfig.deskPhoneNumber must be in E.164 form, such as");
    const PAIR: Verdict =
        Refused("spec.phoneConfig.deskPhoneNumber", "phoneConfig.deskPhoneNumber goes with phoneType: DESK_PHONE");
    vec![
        create("no phone settings", |s| s["phoneConfig"] = json!({}), Accepted),
        create(
            "null phone settings",
            |s| {
                s["phoneConfig"] = json!({
                    "phoneType": null,
                    "autoAccept": null,
                    "afterContactWorkTimeLimit": null,
                    "deskPhoneNumber": null,
                    "persistentConnection": null,
                });
            },
            Accepted,
        ),
        create("a soft phone without a number", |s| s["phoneConfig"] = json!({ "phoneType": "SOFT_PHONE" }), Accepted),
        create(
            "a soft phone with null for its number",
            |s| s["phoneConfig"] = json!({ "phoneType": "SOFT_PHONE", "deskPhoneNumber": null }),
            Accepted,
        ),
        create(
            "zero and false",
            |s| s["phoneConfig"] = json!({ "autoAccept": false, "afterContactWorkTimeLimit": 0, "persistentConnection": false }),
            Accepted,
        ),
        create("a soft phone with a number", |s| s["phoneConfig"]["phoneType"] = json!("SOFT_PHONE"), PAIR),
        create("a number without a phone type", |s| remove(&mut s["phoneConfig"], "phoneType"), PAIR),
        create("a number with null for the phone type", |s| s["phoneConfig"]["phoneType"] = json!(null), PAIR),
        create("a desk phone without a number", |s| remove(&mut s["phoneConfig"], "deskPhoneNumber"), PAIR),
        create("a desk phone with null for its number", |s| s["phoneConfig"]["deskPhoneNumber"] = json!(null), PAIR),
        create("a desk phone with an empty number", |s| s["phoneConfig"]["deskPhoneNumber"] = json!(""), NUMBER),
        create("a desk number as people write it", |s| s["phoneConfig"]["deskPhoneNumber"] = json!("(206) 555-0102"), NUMBER),
        create("a desk number that is too long", |s| s["phoneConfig"]["deskPhoneNumber"] = json!("+1234567890123456"), NUMBER),
        create(
            "a desk number longer than any",
            |s| s["phoneConfig"]["deskPhoneNumber"] = json!("1".repeat(41)),
            Refused("spec.phoneConfig.deskPhoneNumber", "may not be more than 40"),
        ),
        create(
            "another phone type",
            |s| s["phoneConfig"] = json!({ "phoneType": "soft_phone" }),
            Refused("spec.phoneConfig.phoneType", "phoneConfig.phoneType must be SOFT_PHONE or DESK_PHONE"),
        ),
        create(
            "an empty phone type",
            |s| s["phoneConfig"] = json!({ "phoneType": "" }),
            Refused("spec.phoneConfig.phoneType", "phoneConfig.phoneType must be SOFT_PHONE or DESK_PHONE"),
        ),
        create("the longest after-contact work", |s| s["phoneConfig"]["afterContactWorkTimeLimit"] = json!(2_000_000), Accepted),
        create(
            "after-contact work that is too long",
            |s| s["phoneConfig"]["afterContactWorkTimeLimit"] = json!(2_000_001),
            Refused("spec.phoneConfig.afterContactWorkTimeLimit", "should be less than or equal to 2000000"),
        ),
        create(
            "negative after-contact work",
            |s| s["phoneConfig"]["afterContactWorkTimeLimit"] = json!(-1),
            Refused("spec.phoneConfig.afterContactWorkTimeLimit", "should be greater than or equal to 0"),
        ),
        create(
            "after-contact work in words",
            |s| s["phoneConfig"]["afterContactWorkTimeLimit"] = json!("30s"),
            Refused("spec.phoneConfig.afterContactWorkTimeLimit", "must be of type integer"),
        )
        .applying(".spec.phoneConfig.afterContactWorkTimeLimit: expected numeric"),
        update(
            "a desk phone becomes a soft phone",
            |_| (),
            |s| s["phoneConfig"] = json!({ "phoneType": "SOFT_PHONE" }),
            Accepted,
        ),
        update("a desk phone loses its number", |_| (), |s| remove(&mut s["phoneConfig"], "deskPhoneNumber"), PAIR),
    ]
}

/// The full spec without `phoneConfig`, and with this list.
fn with_list(s: &mut Value, name: &str, list: Value) {
    remove(s, "phoneConfig");
    s[name] = list;
}

fn channels() -> Vec<Row> {
    vec![
        create(
            "every list by channel",
            |s| {
                let seconds = |seconds| json!({ "afterContactWorkTimeLimit": seconds });
                let work = |channel| json!({ "channel": channel, "afterContactWorkConfig": seconds(0) });
                let mut voice = work("VOICE");
                voice["agentFirstCallbackAfterContactWorkConfig"] = seconds(2_000_000);
                with_list(s, "afterContactWorkConfigs", json!([voice, work("CHAT"), work("TASK"), work("EMAIL")]));
                s["autoAcceptConfigs"] = json!([
                    { "channel": "EMAIL", "autoAccept": true },
                    { "channel": "VOICE", "autoAccept": false, "agentFirstCallbackAutoAccept": true },
                    { "channel": "CHAT", "autoAccept": true, "agentFirstCallbackAutoAccept": null },
                ]);
                s["phoneNumberConfigs"] =
                    json!([{ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "+12065550102" }]);
                s["persistentConnectionConfigs"] = json!([{ "channel": "VOICE", "persistentConnection": false }]);
                s["voiceEnhancementConfigs"] = json!([{ "channel": "VOICE", "voiceEnhancementMode": "NONE" }]);
            },
            Accepted,
        ),
        create(
            "empty lists, which clear",
            |s| {
                with_list(s, "autoAcceptConfigs", json!([]));
                for list in
                    ["afterContactWorkConfigs", "phoneNumberConfigs", "persistentConnectionConfigs", "voiceEnhancementConfigs"]
                {
                    s[list] = json!([]);
                }
            },
            Accepted,
        ),
        create(
            "null lists, which are not managed, beside phoneConfig",
            |s| {
                for list in ["autoAcceptConfigs", "afterContactWorkConfigs", "phoneNumberConfigs", "persistentConnectionConfigs"]
                {
                    s[list] = json!(null);
                }
            },
            Accepted,
        ),
        create(
            "each setting by one of the two ways",
            |s| {
                s["phoneConfig"] = json!({ "phoneType": "SOFT_PHONE", "autoAccept": null });
                s["autoAcceptConfigs"] = json!([{ "channel": "CHAT", "autoAccept": true }]);
            },
            Accepted,
        ),
        create(
            "auto-accept by channel and for all",
            |s| s["autoAcceptConfigs"] = json!([]),
            Refused("spec.autoAcceptConfigs", "keep autoAcceptConfigs to set it by channel, or phoneConfig.autoAccept"),
        ),
        create(
            "after-contact work by channel and for all",
            |s| s["afterContactWorkConfigs"] = json!([]),
            Refused(
                "spec.afterContactWorkConfigs",
                "keep afterContactWorkConfigs to set it by channel, or phoneConfig.afterContactWorkTimeLimit",
            ),
        ),
        create(
            "the phone by channel and for all",
            |s| s["phoneNumberConfigs"] = json!([]),
            Refused("spec.phoneNumberConfigs", "phoneNumberConfigs and phoneConfig.phoneType, with deskPhoneNumber, set"),
        ),
        create(
            "the persistent connection by channel and for all",
            |s| s["persistentConnectionConfigs"] = json!([]),
            Refused("spec.persistentConnectionConfigs", "persistentConnectionConfigs and phoneConfig.persistentConnection set"),
        ),
        create(
            "a channel twice in autoAcceptConfigs",
            |s| with_list(s, "autoAcceptConfigs", (0..2).map(|n| json!({ "channel": "CHAT", "autoAccept": n == 0 })).collect()),
            Refused("spec.autoAcceptConfigs", "autoAcceptConfigs must hold each channel once"),
        ),
        create(
            "a channel twice in afterContactWorkConfigs",
            |s| {
                let work = |n| json!({ "channel": "TASK", "afterContactWorkConfig": { "afterContactWorkTimeLimit": n } });
                with_list(s, "afterContactWorkConfigs", (0..2).map(work).collect());
            },
            Refused("spec.afterContactWorkConfigs", "afterContactWorkConfigs must hold each channel once"),
        ),
        create(
            "a channel twice in phoneNumberConfigs",
            |s| {
                with_list(
                    s,
                    "phoneNumberConfigs",
                    (0..2).map(|_| json!({ "channel": "VOICE", "phoneType": "SOFT_PHONE" })).collect(),
                );
            },
            Refused("spec.phoneNumberConfigs", "phoneNumberConfigs must hold each channel once"),
        ),
        create(
            "a channel twice in persistentConnectionConfigs",
            |s| {
                let connection = |n| json!({ "channel": "VOICE", "persistentConnection": n == 0 });
                with_list(s, "persistentConnectionConfigs", (0..2).map(connection).collect());
            },
            Refused("spec.persistentConnectionConfigs", "persistentConnectionConfigs must hold each channel once"),
        ),
        create(
            "a channel twice in voiceEnhancementConfigs",
            |s| {
                let first = s["voiceEnhancementConfigs"][0].clone();
                s["voiceEnhancementConfigs"].as_array_mut().unwrap().push(first);
            },
            Refused("spec.voiceEnhancementConfigs", "voiceEnhancementConfigs must hold each channel once"),
        ),
        create(
            "more elements than a list may hold",
            |s| with_list(s, "autoAcceptConfigs", (0..11).map(|_| json!({ "channel": "CHAT", "autoAccept": true })).collect()),
            Refused("spec.autoAcceptConfigs", "must have at most 10 items"),
        ),
        create(
            "a channel that is none",
            |s| with_list(s, "autoAcceptConfigs", json!([{ "channel": "FAX", "autoAccept": true }])),
            Refused("spec.autoAcceptConfigs[0].channel", "supported values: \"VOICE\", \"CHAT\", \"TASK\", \"EMAIL\""),
        ),
        create(
            "a callback that is no call",
            |s| {
                let chat = json!({ "channel": "CHAT", "autoAccept": true, "agentFirstCallbackAutoAccept": false });
                with_list(s, "autoAcceptConfigs", json!([chat]));
            },
            Refused(
                "spec.autoAcceptConfigs[0].agentFirstCallbackAutoAccept",
                "autoAcceptConfigs: agentFirstCallbackAutoAccept goes with channel: VOICE alone",
            ),
        ),
        create(
            "after-contact work of a callback that is no call",
            |s| {
                let work = json!({ "afterContactWorkTimeLimit": 5 });
                let task = json!({
                    "channel": "TASK",
                    "afterContactWorkConfig": work.clone(),
                    "agentFirstCallbackAfterContactWorkConfig": work,
                });
                with_list(s, "afterContactWorkConfigs", json!([task]));
            },
            Refused(
                "spec.afterContactWorkConfigs[0].agentFirstCallbackAfterContactWorkConfig",
                "afterContactWorkConfigs: agentFirstCallbackAfterContactWorkConfig goes with channel: VOICE alone",
            ),
        ),
        create(
            "after-contact work of a channel that is too long",
            |s| {
                let chat = json!({ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 2_000_001 } });
                with_list(s, "afterContactWorkConfigs", json!([chat]));
            },
            Refused(
                "spec.afterContactWorkConfigs[0].afterContactWorkConfig.afterContactWorkTimeLimit",
                "should be less than or equal to 2000000",
            ),
        ),
        create(
            "negative after-contact work of a callback",
            |s| {
                let mut voice = json!({ "channel": "VOICE", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1 } });
                voice["agentFirstCallbackAfterContactWorkConfig"] = json!({ "afterContactWorkTimeLimit": -1 });
                with_list(s, "afterContactWorkConfigs", json!([voice]));
            },
            Refused(
                "spec.afterContactWorkConfigs[0].agentFirstCallbackAfterContactWorkConfig.afterContactWorkTimeLimit",
                "should be greater than or equal to 0",
            ),
        ),
        create(
            "a phone for chats",
            |s| with_list(s, "phoneNumberConfigs", json!([{ "channel": "CHAT", "phoneType": "SOFT_PHONE" }])),
            Refused("spec.phoneNumberConfigs[0].channel", "phoneNumberConfigs takes channel: VOICE alone"),
        ),
        create(
            "a desk phone for calls without a number",
            |s| with_list(s, "phoneNumberConfigs", json!([{ "channel": "VOICE", "phoneType": "DESK_PHONE" }])),
            Refused("spec.phoneNumberConfigs[0].phoneNumber", "phoneNumberConfigs: phoneNumber goes with phoneType: DESK_PHONE"),
        ),
        create(
            "a soft phone for calls with a number",
            |s| {
                let soft = json!({ "channel": "VOICE", "phoneType": "SOFT_PHONE", "phoneNumber": "+12065550102" });
                with_list(s, "phoneNumberConfigs", json!([soft]));
            },
            Refused("spec.phoneNumberConfigs[0].phoneNumber", "phoneNumberConfigs: phoneNumber goes with phoneType: DESK_PHONE"),
        ),
        create(
            "a number for calls as people write it",
            |s| {
                let desk = json!({ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "(206) 555-0102" });
                with_list(s, "phoneNumberConfigs", json!([desk]));
            },
            Refused("spec.phoneNumberConfigs[0].phoneNumber", "phoneNumberConfigs: phoneNumber must be in E.164 form"),
        ),
        create(
            "a number for calls longer than any",
            |s| {
                let desk = json!({ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "1".repeat(41) });
                with_list(s, "phoneNumberConfigs", json!([desk]));
            },
            Refused("spec.phoneNumberConfigs[0].phoneNumber", "may not be more than 40"),
        ),
        create(
            "a persistent connection for e-mails",
            |s| with_list(s, "persistentConnectionConfigs", json!([{ "channel": "EMAIL", "persistentConnection": true }])),
            Refused("spec.persistentConnectionConfigs[0].channel", "persistentConnectionConfigs takes channel: VOICE alone"),
        ),
        create(
            "voice enhancement for tasks",
            |s| s["voiceEnhancementConfigs"][0]["channel"] = json!("TASK"),
            Refused("spec.voiceEnhancementConfigs[0].channel", "voiceEnhancementConfigs takes channel: VOICE alone"),
        ),
        create(
            "another voice enhancement",
            |s| s["voiceEnhancementConfigs"][0]["voiceEnhancementMode"] = json!("LOUDER"),
            Refused("spec.voiceEnhancementConfigs[0].voiceEnhancementMode", "supported values: \"VOICE_ISOLATION\""),
        ),
        update(
            "settings for all channels become settings by channel",
            |_| (),
            |s| with_list(s, "autoAcceptConfigs", json!([{ "channel": "CHAT", "autoAccept": true }])),
            Accepted,
        ),
        update(
            "settings by channel are taken out",
            |s| with_list(s, "autoAcceptConfigs", json!([{ "channel": "CHAT", "autoAccept": true }])),
            |s| remove(s, "autoAcceptConfigs"),
            Accepted,
        ),
    ]
}

const ONE_ROUTING: Verdict =
    Refused("spec.routingProfileArn", "a user has one routing profile: set either routingProfileArn or routingProfileName");
const ONE_SECURITY: Verdict = Refused(
    "spec.securityProfileArns",
    "a user has 1 to 10 security profiles: set either securityProfileArns or securityProfileNames",
);

/// Puts names in the places of the ARNs.
fn by_name(s: &mut Value) {
    for arn in ["routingProfileArn", "securityProfileArns", "hierarchyGroupArn"] {
        remove(s, arn);
    }
    s["routingProfileName"] = json!("Basic Routing Profile");
    s["securityProfileNames"] = json!(["Agent", "Admin"]);
    s["hierarchyGroupPath"] = json!("/North/Hamburg");
}

/// By name, with another path.
fn at(s: &mut Value, path: &str) {
    by_name(s);
    s["hierarchyGroupPath"] = json!(path);
}

fn names() -> Vec<Row> {
    const PATH: Verdict =
        Refused("spec.hierarchyGroupPath", "hierarchyGroupPath must be 1 to 5 group names from the top level down");
    vec![
        create("everything by name", by_name, Accepted),
        update("from ARNs to names", |_| (), by_name, Accepted),
        update("from names to ARNs", by_name, |s| *s = least_spec(), Accepted),
        create(
            "null for the names, beside ARNs",
            |s| {
                for name in ["routingProfileName", "securityProfileNames", "hierarchyGroupPath"] {
                    s[name] = json!(null);
                }
            },
            Accepted,
        ),
        create(
            "null for the ARNs, beside names",
            |s| {
                by_name(s);
                for arn in ["routingProfileArn", "securityProfileArns", "hierarchyGroupArn"] {
                    s[arn] = json!(null);
                }
            },
            Accepted,
        ),
        create("a routing profile by ARN and by name", |s| s["routingProfileName"] = json!("Sales"), ONE_ROUTING),
        create("null for both of a pair", |s| s["routingProfileArn"] = json!(null), ONE_ROUTING),
        create("security profiles by ARN and by name", |s| s["securityProfileNames"] = json!(["Agent"]), ONE_SECURITY),
        create(
            "a hierarchy group by ARN and by path",
            |s| s["hierarchyGroupPath"] = json!("/North"),
            Refused("spec.hierarchyGroupArn", "hierarchyGroupArn and hierarchyGroupPath say the same: set one of them"),
        ),
        create(
            "an empty routing profile name",
            |s| {
                by_name(s);
                s["routingProfileName"] = json!("");
            },
            Refused("spec.routingProfileName", "should be at least 1 chars long"),
        ),
        create(
            "a routing profile name longer than any",
            |s| {
                by_name(s);
                s["routingProfileName"] = json!("n".repeat(128));
            },
            Refused("spec.routingProfileName", "may not be more than 127"),
        ),
        create(
            "no security profile name",
            |s| {
                by_name(s);
                s["securityProfileNames"] = json!([]);
            },
            Refused("spec.securityProfileNames", "should have at least 1 items"),
        ),
        create(
            "11 security profile names",
            |s| {
                by_name(s);
                s["securityProfileNames"] = (0..11).map(|n| format!("Profile {n}")).collect();
            },
            Refused("spec.securityProfileNames", "must have at most 10 items"),
        ),
        create(
            "an empty security profile name",
            |s| {
                by_name(s);
                s["securityProfileNames"][1] = json!("");
            },
            Refused("spec.securityProfileNames[1]", "should be at least 1 chars long"),
        ),
        create(
            "a security profile name longer than any",
            |s| {
                by_name(s);
                s["securityProfileNames"][1] = json!("n".repeat(128));
            },
            Refused("spec.securityProfileNames[1]", "may not be more than 127"),
        ),
        create(
            "the same security profile name twice",
            |s| {
                by_name(s);
                s["securityProfileNames"][1] = json!("Agent");
            },
            Refused("spec.securityProfileNames[1]", "Duplicate value"),
        )
        .applying(".spec.securityProfileNames: duplicate entries for key"),
        create("an empty path, which clears", |s| at(s, ""), Accepted),
        create("a path of 5 levels, of any letters", |s| at(s, "/a b/ü/3/d.4/(e)"), Accepted),
        create("a path of 6 levels", |s| at(s, "/1/2/3/4/5/6"), PATH),
        create("a path without a slash", |s| at(s, "North"), PATH),
        create("a path that ends with a slash", |s| at(s, "/North/"), PATH),
        create("a path with an empty level", |s| at(s, "/North//Hamburg"), PATH),
        create("a slash alone", |s| at(s, "/"), PATH),
        create(
            "a path longer than any",
            |s| at(s, &format!("/{}", "n".repeat(1000))),
            Refused("spec.hierarchyGroupPath", "may not be more than 1000"),
        ),
    ]
}

fn profiles() -> Vec<Row> {
    const ROUTING: Verdict = Refused("spec.routingProfileArn", "routingProfileArn must be a routing profile of this instance");
    const SECURITY: Verdict =
        Refused("spec.securityProfileArns", "each of securityProfileArns must be a security profile of this instance");
    vec![
        create("a routing profile is needed", |s| remove(s, "routingProfileArn"), ONE_ROUTING),
        create("an empty routing profile", |s| s["routingProfileArn"] = json!(""), ROUTING),
        create(
            "a routing profile by its id",
            |s| s["routingProfileArn"] = json!("33333333-aaaa-4bbb-8ccc-000000000003"),
            ROUTING,
        ),
        create(
            "a routing profile of another instance",
            |s| s["routingProfileArn"] = json!(format!("{OTHER_INSTANCE}/routing-profile/3")),
            ROUTING,
        ),
        create(
            "a routing profile of an instance whose id goes on",
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}0/routing-profile/3")),
            ROUTING,
        ),
        create(
            "a security profile where a routing profile belongs",
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}/security-profile/3")),
            ROUTING,
        ),
        create(
            "a routing profile without an id",
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}/routing-profile/")),
            ROUTING,
        ),
        create(
            "a routing profile with more behind it",
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}/routing-profile/3/4")),
            ROUTING,
        ),
        create(
            "a routing profile longer than any",
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}/routing-profile/{}", "3".repeat(300))),
            Refused("spec.routingProfileArn", "may not be more than 300"),
        ),
        update(
            "another routing profile",
            |_| (),
            |s| s["routingProfileArn"] = json!(format!("{INSTANCE}/routing-profile/3")),
            Accepted,
        ),
        create("security profiles are needed", |s| remove(s, "securityProfileArns"), ONE_SECURITY),
        create("null security profiles", |s| s["securityProfileArns"] = json!(null), ONE_SECURITY),
        create("1 security profile", |s| s["securityProfileArns"] = security_profiles(1), Accepted),
        create("10 security profiles", |s| s["securityProfileArns"] = security_profiles(10), Accepted),
        create(
            "no security profile",
            |s| s["securityProfileArns"] = json!([]),
            Refused("spec.securityProfileArns", "should have at least 1 items"),
        ),
        create(
            "11 security profiles",
            |s| s["securityProfileArns"] = security_profiles(11),
            Refused("spec.securityProfileArns", "must have at most 10 items"),
        ),
        create(
            "the same security profile twice",
            |s| s["securityProfileArns"][1] = s["securityProfileArns"][0].clone(),
            Refused("spec.securityProfileArns[1]", "Duplicate value"),
        )
        .applying(".spec.securityProfileArns: duplicate entries for key"),
        create("a security profile by its id", |s| s["securityProfileArns"][1] = json!("44444444"), SECURITY),
        create("an empty security profile", |s| s["securityProfileArns"][1] = json!(""), SECURITY),
        create(
            "null for a security profile",
            |s| s["securityProfileArns"][1] = json!(null),
            Refused("spec.securityProfileArns[1]", "must be of type string"),
        )
        .applying(".spec.securityProfileArns: element 1: associative list without keys has an element that's an explicit null"),
        create(
            "a security profile of another instance",
            |s| s["securityProfileArns"][1] = json!(format!("{OTHER_INSTANCE}/security-profile/4")),
            SECURITY,
        ),
        create(
            "a routing profile where a security profile belongs",
            |s| s["securityProfileArns"][0] = json!(format!("{INSTANCE}/routing-profile/4")),
            SECURITY,
        ),
        create(
            "a security profile without an id",
            |s| s["securityProfileArns"][0] = json!(format!("{INSTANCE}/security-profile/")),
            SECURITY,
        ),
        create(
            "a security profile longer than any",
            |s| s["securityProfileArns"][0] = json!(format!("{INSTANCE}/security-profile/{}", "4".repeat(300))),
            Refused("spec.securityProfileArns[0]", "may not be more than 300"),
        ),
        update("other security profiles", |_| (), |s| s["securityProfileArns"] = security_profiles(3), Accepted),
        update(
            "the last security profile is taken away",
            |_| (),
            |s| s["securityProfileArns"] = json!([]),
            Refused("spec.securityProfileArns", "should have at least 1 items"),
        ),
    ]
}

fn group() -> Vec<Row> {
    const GROUP: Verdict = Refused("spec.hierarchyGroupArn", "hierarchyGroupArn must be a hierarchy group of this instance");
    vec![
        create("an empty hierarchy group, which clears", |s| s["hierarchyGroupArn"] = json!(""), Accepted),
        create("a hierarchy group by its id", |s| s["hierarchyGroupArn"] = json!("66666666"), GROUP),
        create(
            "a hierarchy group of another instance",
            |s| s["hierarchyGroupArn"] = json!(format!("{OTHER_INSTANCE}/agent-group/6")),
            GROUP,
        ),
        create(
            "a user where a hierarchy group belongs",
            |s| s["hierarchyGroupArn"] = json!(format!("{INSTANCE}/agent/6")),
            GROUP,
        ),
        create("a hierarchy group without an id", |s| s["hierarchyGroupArn"] = json!(format!("{INSTANCE}/agent-group/")), GROUP),
        create(
            "a hierarchy group longer than any",
            |s| s["hierarchyGroupArn"] = json!(format!("{INSTANCE}/agent-group/{}", "6".repeat(300))),
            Refused("spec.hierarchyGroupArn", "may not be more than 300"),
        ),
        update("out of the hierarchy group", |_| (), |s| s["hierarchyGroupArn"] = json!(""), Accepted),
    ]
}

fn skills() -> Vec<Row> {
    vec![
        create("no proficiencies", |s| s["userProficiencies"] = json!([]), Accepted),
        create("100 proficiencies", |s| s["userProficiencies"] = proficiencies(100), Accepted),
        create(
            "101 proficiencies",
            |s| s["userProficiencies"] = proficiencies(101),
            Refused("spec.userProficiencies", "must have at most 100 items"),
        ),
        create("level 1", |s| s["userProficiencies"][0]["level"] = json!(1), Accepted),
        create("level 5", |s| s["userProficiencies"][0]["level"] = json!(5), Accepted),
        create("level 3.0", |s| s["userProficiencies"][0]["level"] = json!(3.0), Accepted),
        create(
            "level 0",
            |s| s["userProficiencies"][0]["level"] = json!(0),
            Refused("spec.userProficiencies[0].level", "should be greater than or equal to 1"),
        ),
        create(
            "level 6",
            |s| s["userProficiencies"][0]["level"] = json!(6),
            Refused("spec.userProficiencies[0].level", "should be less than or equal to 5"),
        ),
        create(
            "level 2.5",
            |s| s["userProficiencies"][0]["level"] = json!(2.5),
            Refused("spec.userProficiencies[0].level", "must be of type integer"),
        ),
        create(
            "a proficiency without a level",
            |s| s["userProficiencies"][0]["level"] = json!(null),
            Refused("spec.userProficiencies[0].level", "Required value"),
        )
        .applying("spec.userProficiencies[0].level in body must be of type integer"),
        create(
            "a proficiency twice, with different levels",
            |s| s["userProficiencies"][1]["attributeValue"] = json!("connect:Spanish"),
            Refused("spec.userProficiencies", "userProficiencies must hold each attributeName with the same attributeValue once"),
        ),
        create(
            "a proficiency without a name",
            |s| s["userProficiencies"][0]["attributeName"] = json!(""),
            Refused("spec.userProficiencies[0].attributeName", "at least 1 chars long"),
        ),
        create(
            "a proficiency without a value",
            |s| s["userProficiencies"][0]["attributeValue"] = json!(""),
            Refused("spec.userProficiencies[0].attributeValue", "at least 1 chars long"),
        ),
        create(
            "a proficiency's name longer than any",
            |s| s["userProficiencies"][0]["attributeName"] = json!("n".repeat(101)),
            Refused("spec.userProficiencies[0].attributeName", "may not be more than 100"),
        ),
        create(
            "a proficiency's value longer than any",
            |s| s["userProficiencies"][0]["attributeValue"] = json!("v".repeat(101)),
            Refused("spec.userProficiencies[0].attributeValue", "may not be more than 100"),
        ),
    ]
}

fn tagging() -> Vec<Row> {
    const COUNT: Verdict =
        Refused("spec.tags", "tags may hold at most 46 keys: Connect allows 50 on a user, and the operator needs four");
    const AWS: Verdict = Refused("spec.tags", "tags must not hold keys starting with aws:");
    const OURS: Verdict = Refused("spec.tags", "tags must not hold keys starting with connect-operator.dev/");
    const KEY: Verdict = Refused("spec.tags", "tags must have keys of 1 to 128 letters, digits, spaces and _ . : / = + - @");
    vec![
        create("no tags", |s| s["tags"] = json!({}), Accepted),
        create("46 tags", |s| s["tags"] = tags(46), Accepted),
        create("47 tags", |s| s["tags"] = tags(47), COUNT),
        create("100 tags", |s| s["tags"] = tags(100), COUNT),
        create("101 tags", |s| s["tags"] = tags(101), Refused("spec.tags", "must have at most 100 items")),
        create("a key of AWS", |s| s["tags"]["aws:cloudformation:stack-name"] = json!("x"), AWS),
        create("a key of the operator", |s| s["tags"]["connect-operator.dev/uid"] = json!("x"), OURS),
        create(
            "keys that only resemble those",
            |s| {
                s["tags"] =
                    json!({ "awsome": "1", "my-aws:key": "2", "connect-operator.dev": "3", "x.connect-operator.dev/uid": "4" })
            },
            Accepted,
        ),
        create("all characters of a key", |s| s["tags"] = json!({ "äZ09 _.:/=+-@": "x" }), Accepted),
        create("a key of 128 letters, of two bytes each", |s| s["tags"] = json!({ "é".repeat(128): "x" }), Accepted),
        create("a key of 129 letters", |s| s["tags"] = json!({ "e".repeat(129): "x" }), KEY),
        create("an empty key", |s| s["tags"][""] = json!("x"), KEY),
        create("a key with a sign that Connect does not take", |s| s["tags"]["a#b"] = json!("x"), KEY),
        create("an empty value", |s| s["tags"]["team"] = json!(""), Accepted),
        create("a value of 256 letters, of two bytes each", |s| s["tags"]["team"] = json!("é".repeat(256)), Accepted),
        create(
            "a value of 257 letters",
            |s| s["tags"]["team"] = json!("e".repeat(257)),
            Refused("spec.tags.team", "may not be more than 256"),
        ),
        create("a number for a value", |s| s["tags"]["team"] = json!(7), Refused("spec.tags.team", "must be of type string"))
            .applying(".spec.tags.team: expected string"),
        create("null for a value", |s| s["tags"]["team"] = json!(null), Accepted)
            .applying("spec.tags.team in body must be of type string"),
        update("a key of the operator is added", |_| (), |s| s["tags"]["connect-operator.dev/name"] = json!("x"), OURS),
    ]
}

fn region() -> Vec<Row> {
    const REGION: Verdict =
        Refused("spec.region", "region must be the Region that instanceArn names; leave it out to take it from there");
    vec![
        create("no Region", |s| remove(s, "region"), Accepted),
        create("null for the Region", |s| s["region"] = json!(null), Accepted),
        create("another Region", |s| s["region"] = json!("us-east-1"), REGION),
        create("an empty Region", |s| s["region"] = json!(""), REGION),
        create(
            "a Region longer than any",
            |s| s["region"] = json!("r".repeat(65)),
            Refused("spec.region", "may not be more than 64"),
        ),
        update("the Region is taken out", |_| (), |s| remove(s, "region"), Accepted),
    ]
}

fn policies() -> Vec<Row> {
    vec![
        create("adopt", |s| s["adoptionPolicy"] = json!("AdoptOrCreate"), Accepted),
        create(
            "an unknown adoption policy",
            |s| s["adoptionPolicy"] = json!("Always"),
            Refused("spec.adoptionPolicy", "Unsupported value"),
        ),
        create("observe", |s| s["managementPolicy"] = json!("Observe"), Accepted),
        create(
            "an unknown management policy",
            |s| s["managementPolicy"] = json!("Ignore"),
            Refused("spec.managementPolicy", "Unsupported value"),
        ),
        create("retain", |s| s["deletionPolicy"] = json!("Retain"), Accepted),
        create(
            "an unknown deletion policy",
            |s| s["deletionPolicy"] = json!("Orphan"),
            Refused("spec.deletionPolicy", "deletionPolicy must be Delete or Retain"),
        ),
        create(
            "observe what goes with its resource",
            |s| {
                s["managementPolicy"] = json!("Observe");
                s["deletionPolicy"] = json!("Delete");
            },
            Refused("spec.deletionPolicy", "deletionPolicy: Delete contradicts managementPolicy: Observe"),
        ),
        create(
            "observe what is kept",
            |s| {
                s["managementPolicy"] = json!("Observe");
                s["deletionPolicy"] = json!("Retain");
            },
            Accepted,
        ),
        create(
            "a password for a user that is never created",
            |s| s["adoptionPolicy"] = json!("Adopt"),
            Refused("spec.passwordSecretRef", "passwordSecretRef is of no use with adoptionPolicy: Adopt"),
        ),
        create(
            "a password made for a user that is never created",
            |s| {
                s["adoptionPolicy"] = json!("Adopt");
                s["generatePassword"] = json!(true);
                remove(s, "passwordSecretRef");
                remove(s, "directoryUserId");
            },
            Refused("spec.generatePassword", "generatePassword: true is of no use with adoptionPolicy: Adopt"),
        ),
        create(
            "only adopt",
            |s| {
                s["adoptionPolicy"] = json!("Adopt");
                remove(s, "passwordSecretRef");
            },
            Accepted,
        ),
        create(
            "fields that are left alone",
            |s| s["ignoreDrift"] = json!(["routingProfileArn", "identityInfo.email", "phoneConfig", "tags"]),
            Accepted,
        ),
        create("no field that is left alone", |s| s["ignoreDrift"] = json!([]), Accepted),
        create(
            "a field that does not exist is left alone",
            |s| s["ignoreDrift"] = json!(["routingProfile"]),
            Refused("spec.ignoreDrift[0]", "Unsupported value: \"routingProfile\""),
        ),
        create(
            "a field without drift is left alone",
            |s| s["ignoreDrift"] = json!(["username"]),
            Refused("spec.ignoreDrift[0]", "Unsupported value: \"username\""),
        ),
        create(
            "a field is left alone twice",
            |s| s["ignoreDrift"] = json!(["tags", "tags"]),
            Refused("spec.ignoreDrift[1]", "Duplicate value"),
        )
        .applying("duplicate"),
        create("a drift interval", |s| s["driftInterval"] = json!("1h30m"), Accepted),
        create("the shortest drift interval", |s| s["driftInterval"] = json!("1m"), Accepted),
        create("a drift interval in seconds", |s| s["driftInterval"] = json!("90s"), Accepted),
        create(
            "too short a drift interval",
            |s| s["driftInterval"] = json!("59s"),
            Refused("spec.driftInterval", "driftInterval must be a duration of at least 1m"),
        ),
        create(
            "no drift interval",
            |s| s["driftInterval"] = json!("often"),
            Refused("spec.driftInterval", "driftInterval must be a duration of at least 1m"),
        ),
        create(
            "an empty drift interval",
            |s| s["driftInterval"] = json!(""),
            Refused("spec.driftInterval", "driftInterval must be a duration of at least 1m"),
        ),
    ]
}
