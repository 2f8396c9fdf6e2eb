//! The members of a user in the words of a ConnectUser, whichever spelling and types a file has for them.

use serde_json::{Map, Number, Value};

/// Members that are true or false.
const FLAGS: [&str; 3] = ["autoAccept", "persistentConnection", "agentFirstCallbackAutoAccept"];
/// Members that are whole numbers.
const NUMBERS: [&str; 2] = ["afterContactWorkTimeLimit", "level"];

/// Returns the members of an object under the names of a ConnectUser, without those that are null or an empty text: elsewhere, these mean
/// that a member is left out. A flag or a number that is none is lost, with the reason.
pub(super) fn in_our_words(members: Map<String, Value>, lost: &mut Vec<String>) -> Map<String, Value> {
    named("", members, lost)
}

fn named(path: &str, members: Map<String, Value>, lost: &mut Vec<String>) -> Map<String, Value> {
    let renamed = members.into_iter().filter_map(|(key, value)| {
        let key = camel_case(&key);
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        typed(&path, &key, value, lost).map(|value| (key, value))
    });
    renamed.collect()
}

fn typed(path: &str, key: &str, value: Value, lost: &mut Vec<String>) -> Option<Value> {
    let text = match value {
        Value::Null => return None,
        Value::Object(members) => {
            return Some(named(path, members, lost)).filter(|members| !members.is_empty()).map(Value::Object);
        }
        Value::Array(list) => {
            let list = list.into_iter().enumerate();
            return Some(list.filter_map(|(n, value)| typed(&format!("{path}[{n}]"), key, value, lost)).collect());
        }
        Value::String(text) => text,
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
    };
    let (typed, kind) = match key {
        _ if text.is_empty() => return None,
        _ if FLAGS.contains(&key) => (flag(&text).map(Value::Bool), "true or false"),
        _ if NUMBERS.contains(&key) => (number(&text).map(Value::Number), "a whole number"),
        _ => return Some(text.into()),
    };
    if typed.is_none() {
        lost.push(format!("{path}: {text:?} is not {kind}"));
    }
    typed
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Parses a whole number, also as `30.0`.
fn number(text: &str) -> Option<Number> {
    let number: f64 = text.trim().parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 1e9).then(|| (number as i64).into())
}

/// Returns a name of Terraform (`first_name`) or CloudFormation (`FirstName`) as Kubernetes spells it (`firstName`).
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let with_first = |word: &str, case: fn(&char) -> char| {
        let mut letters = word.chars();
        letters.next().map(|first| case(&first)).into_iter().chain(letters).collect::<String>()
    };
    let first = words.next().map(|word| with_first(word, char::to_ascii_lowercase)).unwrap_or_default();
    first + &words.map(|word| with_first(word, char::to_ascii_uppercase)).collect::<String>()
}

/// Returns whether a text is a telephone number in E.164 form, as Connect wants it.
pub(super) fn is_phone_number(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
}

/// Returns tags without those that only AWS or the operator may set.
pub(super) fn tags(tags: impl IntoIterator<Item = (String, Value)>, lost: &mut Vec<String>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in tags {
        let reserved = ["aws:", crate::api::PREFIX].into_iter().find(|prefix| key.starts_with(prefix));
        match (reserved, value) {
            (Some(prefix), _) => lost.push(format!("tags: {key}: keys that start with {prefix} cannot be set")),
            (None, Value::Null) => {}
            (None, Value::String(text)) => drop(kept.insert(key, text.into())),
            (None, value @ (Value::Bool(_) | Value::Number(_))) => drop(kept.insert(key, value.to_string().into())),
            (None, Value::Array(_) | Value::Object(_)) => lost.push(format!("tags: {key}: the value is not a text")),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(value: Value) -> (Value, Vec<String>) {
        let (Value::Object(members), mut lost) = (value, Vec::new()) else { panic!("an object") };
        (in_our_words(members, &mut lost).into(), lost)
    }

    #[test]
    fn spellings_and_types_become_ours() {
        let terraform = json!({
            "identity_info": { "first_name": "Jane", "email": "", "last_name": null },
            "phone_config": { "auto_accept": "TRUE", "after_contact_work_time_limit": 30.0, "desk_phone_number": "" },
        });
        let cloudformation = json!({
            "IdentityInfo": { "FirstName": "Jane" },
            "PhoneConfig": { "AutoAccept": true, "AfterContactWorkTimeLimit": "30" },
        });
        let ours = json!({
            "identityInfo": { "firstName": "Jane" },
            "phoneConfig": { "autoAccept": true, "afterContactWorkTimeLimit": 30 },
        });
        assert_eq!(words(terraform), (ours.clone(), vec![]));
        assert_eq!(words(cloudformation), (ours, vec![]));
        let odd = json!({ "Username": 42, "IdentityInfo": { "LastName": true }, "UserProficiencies": [] });
        let ours = json!({ "username": "42", "identityInfo": { "lastName": "true" }, "userProficiencies": [] });
        assert_eq!(words(odd), (ours, vec![]));
    }

    #[test]
    fn values_of_another_kind_are_lost_with_the_reason() {
        let odd = json!({ "PhoneConfig": { "AutoAccept": "maybe" }, "UserProficiencies": [{ "Level": "2.5" }] });
        let (kept, lost) = words(odd);
        assert_eq!(kept, json!({ "userProficiencies": [] }));
        let expected = [
            "phoneConfig.autoAccept: \"maybe\" is not true or false",
            "userProficiencies[0].level: \"2.5\" is not a whole number",
        ];
        assert_eq!(lost, expected);
    }

    #[test]
    fn reserved_tags_are_lost() {
        let mut lost = Vec::new();
        let given = json!({ "team": "a", "n": 1, "aws:stack": "s", "connect-operator.dev/name": "x", "list": [], "empty": "" });
        let Value::Object(given) = given else { unreachable!() };
        assert_eq!(Value::Object(tags(given, &mut lost)), json!({ "team": "a", "n": "1", "empty": "" }));
        assert_eq!(lost.len(), 3, "{lost:?}");
    }

    #[test]
    fn phone_numbers_have_the_form_of_e164() {
        for (text, expected) in
            [("+12065550100", true), ("12065550100", false), ("+0123", false), ("+1206555010012345", false), ("+1 206", false)]
        {
            assert_eq!(is_phone_number(text), expected, "{text}");
        }
    }
}
