//! The template for adding users in bulk of Amazon Connect's console.
//!
//! AWS documents the columns, and not the form of their cells ("Add users in bulk from a CSV file", adminguide/user-management.html). The
//! columns have changed over the years, and depend on how the instance's users sign in; each template has some of these:
//!
//! - to 2022: `first name,last name,email address,password,user login,routing profile name,security_profile_name_1|security_profile_name_2,`
//!   `phone type (soft/desk),phone number,soft phone auto accept (yes/no),ACW timeout (seconds)`; without e-mail address and password for
//!   SAML. Published scripts that write such files show it: certain.
//! - then also `secondary email address`, `mobile`, `agent hierarchy`, `user_hierarchy_1|user_hierarchy_2` and `tags`: documented. A file with
//!   the sample row of the template for SAML shows the form of the cells: `Planet|Continent|Country|State|City`, and
//!   `key1|value1||key2|value2`. It also shows a soft phone with the number `1234567890`, and `secondary email` as a name.
//! - at present `persistent connection` and `audio enhancement(none/isolate voice/suppress noise)`, without auto accept and timeout:
//!   documented; the form of the cells is an assumption (yes/no, and the words in the brackets).
//! - AWS' bulk tool (the contact-center blog's "Create and update agents in bulk") adds `UserHierarchy` with `/` between the levels, and
//!   writes SOFT_PHONE and DESK_PHONE.

use connect_api::Arn;
use serde_json::{Map, Value, json};

use super::{
    columns::Column,
    fields::Fields,
    record::{Imported, Record},
    text::Broken,
    words::{in_our_words, tags},
};

/// Reads the users of an instance.
pub(super) fn read(text: &str, instance: &Arn) -> Result<Imported, Broken> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [',', ';', '\t'].into_iter().rev().max_by_key(|c| first.matches(*c).count()).unwrap_or(',');
    if let Some(quote) = Fields::of(text, delimiter).unclosed {
        return Err(Broken::at(text, quote, "this quotation mark is never closed"));
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter as u8).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| Broken::at(text, 0, error))?.clone();
    let columns: Vec<Column> = headers.iter().map(Column::of).collect();
    check(&columns, &headers).map_err(|why| Broken::at(text, 0, why))?;

    let (mut imported, mut unknown) = (Imported::default(), vec![0; columns.len()]);
    for row in reader.records() {
        let row = row.map_err(|error| Broken::at(text, 0, error))?;
        let (line, start) = row.position().map_or((0, 0), |position| (position.line(), position.byte() as usize));
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        // In such a row, a value may be in the wrong column: a part of a password, for example.
        if row.len() != columns.len() {
            // The position may be before blank lines.
            let rest = text.get(start..).unwrap_or_default().trim_start_matches(['\r', '\n']);
            let surplus = Fields::of(rest, delimiter).starts.get(columns.len()).copied().filter(|_| row.len() > columns.len());
            let (values, of) = (row.len(), columns.len());
            let why = format!("{values} values for the {of} columns of line 1: put values that hold a {delimiter:?} in quotes");
            return Err(Broken::at(text, text.len() - rest.len() + surplus.unwrap_or_default(), why));
        }
        let cells: Vec<(&Column, &str)> = columns.iter().zip(&row).filter(|(_, cell)| !cell.trim().is_empty()).collect();
        for (n, count) in unknown.iter_mut().enumerate().filter(|(n, _)| columns[*n] == Column::Unknown) {
            *count += usize::from(row.get(n).is_some_and(|cell| !cell.trim().is_empty()));
        }
        imported.records.push(record(line, &cells, instance));
    }
    for (n, count) in unknown.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let header = headers.get(n).unwrap_or_default();
        imported.lost.push(format!(
            "line 1: the column {header:?} is not one of the template, so its {count} values are not carried over"
        ));
    }
    Ok(imported)
}

fn check(columns: &[Column], headers: &csv::StringRecord) -> Result<(), String> {
    let needed = [
        (Column::Username, "user login"),
        (Column::RoutingProfile, "routing profile name"),
        (Column::SecurityProfiles, "security_profile_name_1|security_profile_name_2"),
    ];
    if let Some((_, name)) = needed.iter().find(|(column, _)| !columns.contains(column)) {
        return Err(format!("the first line has no column {name:?}"));
    }
    let twice = columns.iter().enumerate().find(|(n, column)| !column.is_part() && columns[..*n].contains(column));
    twice.map_or(Ok(()), |(n, _)| Err(format!("another column says the same as {:?}", headers.get(n).unwrap_or_default())))
}

/// Returns the user of a row, given the cells that are not empty.
fn record(line: u64, cells: &[(&Column, &str)], instance: &Arn) -> Record {
    let (mut lost, mut notes) = (Vec::new(), Vec::new());
    // Connect compares names exactly, so these keep their blanks.
    let all = |wanted: &Column| cells.iter().filter(|(column, _)| *column == wanted).map(|(_, cell)| *cell).collect::<Vec<_>>();
    let exact = |wanted: Column| all(&wanted).first().copied();
    let text = |wanted: Column| exact(wanted).map(|cell| cell.trim().trim_start_matches('\''));

    let routing_profile = exact(Column::RoutingProfile);
    let security_profiles: Vec<&str> = all(&Column::SecurityProfiles)
        .into_iter()
        .flat_map(|cell| cell.split('|'))
        .filter(|name| !name.trim().is_empty())
        .collect();
    let padded = routing_profile.iter().chain(&security_profiles).filter(|name| name.trim() != **name);
    notes.extend(padded.map(|name| format!("{name:?} begins or ends with a blank, which is kept: names must be exact")));

    let phone_type = text(Column::PhoneType).and_then(|kind| {
        let kind = kind.to_lowercase();
        let known = [("soft", "SOFT_PHONE"), ("desk", "DESK_PHONE")].into_iter().find(|(start, _)| kind.starts_with(start));
        if known.is_none() {
            lost.push(format!("phone type: {kind:?} is neither soft nor desk"));
        }
        known.map(|(_, kind)| kind)
    });
    let mut number = text(Column::PhoneNumber).map(as_number);
    if let Some(number) = number.take_if(|_| phone_type.is_none()) {
        lost.push(format!("phone number: {number:?} needs a phone type"));
    }
    let enhancement = text(Column::VoiceEnhancement).and_then(|cell| {
        let mode = match cell.to_lowercase().replace(['_', '-'], " ").as_str() {
            "none" => Some("NONE"),
            "isolate voice" | "voice isolation" => Some("VOICE_ISOLATION"),
            "suppress noise" | "noise suppression" => Some("NOISE_SUPPRESSION"),
            _ => None,
        };
        if mode.is_none() {
            lost.push(format!("audio enhancement: {cell:?} is not none, isolate voice or suppress noise"));
        }
        mode
    });
    let spec = json!({
        "instanceArn": instance.to_string(),
        "username": text(Column::Username),
        "identityInfo": {
            "firstName": text(Column::FirstName),
            "lastName": text(Column::LastName),
            "email": text(Column::Email),
            "secondaryEmail": text(Column::SecondaryEmail),
            "mobile": text(Column::Mobile).map(as_number),
        },
        "phoneConfig": {
            "phoneType": phone_type,
            "deskPhoneNumber": number,
            "autoAccept": text(Column::AutoAccept),
            "afterContactWorkTimeLimit": text(Column::AfterContactWork),
            "persistentConnection": text(Column::PersistentConnection),
        },
        "voiceEnhancementConfigs": enhancement.map(|mode| json!([{ "channel": "VOICE", "voiceEnhancementMode": mode }])),
        "routingProfileName": routing_profile,
        "securityProfileNames": Some(security_profiles).filter(|names| !names.is_empty()),
        "hierarchyGroupPath": group(&all(&Column::GroupLevels).join("|"), exact(Column::Group), &mut lost),
    });
    let Value::Object(spec) = spec else { unreachable!("it is written as an object") };
    let mut spec = in_our_words(spec, &mut lost);
    let tags = tags(given_tags(text(Column::Tags).unwrap_or_default(), cells, &mut lost), &mut lost);
    if !tags.is_empty() {
        spec.insert("tags".into(), tags.into());
    }
    let has_password = exact(Column::Password).is_some();
    Record { place: format!("line {line}"), spec, has_password, lost, notes, ..Record::default() }
}

/// Returns a telephone number without the signs that people put between its digits.
fn as_number(cell: &str) -> String {
    cell.chars().filter(|c| !c.is_whitespace() && !"-().".contains(*c)).collect()
}

/// Returns the path of the hierarchy group, whose levels are separated by `|`, or by `/` as AWS' bulk tool has them.
fn group(levels: &str, group: Option<&str>, lost: &mut Vec<String>) -> Option<String> {
    let (by_level, in_one) = (names(levels), group.and_then(names));
    if by_level.is_some() && in_one.is_some() && by_level != in_one {
        lost.push(format!("agent hierarchy: {:?} differs from {levels:?}, which is carried over", group.unwrap_or_default()));
    }
    let levels = by_level.or(in_one)?;
    if let Some(level) = levels.iter().find(|level| level.contains('/')) {
        lost.push(format!(
            "hierarchy: the group {level:?} has a slash in its name, so that no path names it: set hierarchyGroupArn"
        ));
        return None;
    }
    Some(levels.iter().map(|level| format!("/{level}")).collect())
}

fn names(cell: &str) -> Option<Vec<&str>> {
    let separator = if cell.contains('|') { '|' } else { '/' };
    let names: Vec<&str> = cell.split(separator).filter(|name| !name.trim().is_empty()).collect();
    (!names.is_empty()).then_some(names)
}

/// Returns the tags of the columns for one tag each, and of a cell such as `key1|value1||key2|value2`.
fn given_tags(cell: &str, cells: &[(&Column, &str)], lost: &mut Vec<String>) -> Map<String, Value> {
    let mut given = Map::new();
    for tag in cell.split("||").filter(|tag| !tag.is_empty()) {
        match tag.split_once('|').filter(|(key, value)| !key.is_empty() && !value.contains('|')) {
            Some((key, value)) => drop(given.insert(key.into(), value.into())),
            None => lost.push(format!("tags: {tag:?} is not a key and a value, as in key1|value1||key2|value2")),
        }
    }
    given.extend(cells.iter().filter_map(|(column, cell)| match column {
        Column::Tag(key) => Some((key.clone(), cell.trim().into())),
        _ => None,
    }));
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::record::{
            Wishes,
            tests::{INSTANCE, converted, specs},
        },
        *,
    };

    const PRESENT: &str = "first name,last name,email address,secondary email address,mobile,password,user login,agent hierarchy,\
        routing profile name,security_profile_name_1|security_profile_name_2,user_hierarchy_1|user_hierarchy_2,phone type (soft/desk),\
        phone number,soft phone auto accept (yes/no),ACW timeout (seconds),tags,persistent connection,\
        audio enhancement(none/isolate voice/suppress noise)";

    fn imported(text: &str) -> Imported {
        read(text, &INSTANCE.parse().unwrap()).unwrap()
    }

    fn broken(text: &str) -> String {
        read(text, &INSTANCE.parse().unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn all_columns_of_the_templates_are_carried_over() {
        let text = format!(
            "{PRESENT}\nJane,Doe,jane@example.com,jd@example.org,+1 (206) 555-0100,Secret#1,jane.doe,,Care [EU]/night ,Agent|QA,\
             North|Hamburg,desk,+12065550199,yes,30,team|blue||cost center|c-9,no,suppress noise\n"
        );
        let (specs, lost) = specs(imported(&text));
        assert_eq!(lost, [""; 0]);
        let expected = json!({
            "username": "jane.doe",
            "passwordSecretRef": { "name": "jane.doe", "key": "password" },
            "identityInfo": {
                "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "secondaryEmail": "jd@example.org",
                "mobile": "+12065550100",
            },
            "phoneConfig": {
                "phoneType": "DESK_PHONE", "deskPhoneNumber": "+12065550199", "autoAccept": true,
                "afterContactWorkTimeLimit": 30, "persistentConnection": false,
            },
            "voiceEnhancementConfigs": [{ "channel": "VOICE", "voiceEnhancementMode": "NOISE_SUPPRESSION" }],
            "routingProfileName": "Care [EU]/night ",
            "securityProfileNames": ["Agent", "QA"],
            "hierarchyGroupPath": "/North/Hamburg",
            "tags": { "team": "blue", "cost center": "c-9" },
        });
        assert_eq!(specs["jane.doe"], expected);
    }

    #[test]
    fn older_templates_and_the_bulk_tool_are_read() {
        let bulk_tool = "first name,last name,email address,password,user login,routing profile name,\
            security_profile_name_1|security_profile_name_2,phone type (soft/desk),phone number,soft phone auto accept (yes/no),\
            ACW timeout (seconds),UserHierarchy\n\
            Roe,Richard,rroe@example.com,F@keP@ssw0rd,rroe,Basic Routing Profile,CallCenterManager,SOFT_PHONE,,yes,30,support/IT/Eastern\n";
        let (read, lost) = specs(imported(bulk_tool));
        assert_eq!((read["rroe"]["hierarchyGroupPath"].as_str(), lost.len()), (Some("/support/IT/Eastern"), 0));
        assert_eq!(
            read["rroe"]["phoneConfig"],
            json!({ "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 30 })
        );
        let saml = "first name,last name,secondary email,mobile,user login,routing profile name,\
            security_profile_name_1|security_profile_name_2,user_hierarchy_1|user_hierarchy_2,phone type (soft/desk),phone number,\
            soft phone auto accept (yes/no),ACW timeout (seconds),tags\n\
            first,last,secondaryemail@example.com,+11234567891,user,Basic Routing Profile,Admin|Agent,\
            Planet|Continent|Country|State|City,soft,1234567890,yes,1,key1|value1||key2|value2";
        let (read, lost) = specs(imported(saml));
        assert_eq!(read["user"]["hierarchyGroupPath"], "/Planet/Continent/Country/State/City");
        assert_eq!(read["user"]["tags"], json!({ "key1": "value1", "key2": "value2" }));
        assert_eq!(read["user"].get("passwordSecretRef"), None);
        assert!(lost.len() == 1 && lost[0].contains("line 2: user: phoneConfig.deskPhoneNumber"), "{lost:?}");
    }

    #[test]
    fn delimiters_quotes_and_names_of_columns_may_vary() {
        let expected =
            specs(imported("user login,routing profile name,security_profile_name_1,tag:Team\njane,Care,Agent,\"a\nb\"\n")).0;
        assert_eq!(expected["jane"]["tags"], json!({ "Team": "a\nb" }));
        for text in [
            "User_Login;ROUTING PROFILE;Security Profiles;Tag: Team\r\njane;Care;Agent;\"a\nb\"\r\n;;;\r\n",
            "\"user login\"\t\"routing profile name\"\tsecurity_profile_name_1\ttag:Team\n\njane\tCare\tAgent\t\"a\nb\"",
            "security profile 1,security profile 2,userLogin,RoutingProfileName,tag:Team\nAgent,,jane,Care,\"a\nb\"\n",
        ] {
            assert_eq!(specs(imported(text)).0, expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_carried_over_is_listed_by_line() {
        let text = "user login,routing profile name,security_profile_name_1|security_profile_name_2,phone type,phone number,\
            soft phone auto accept,ACW timeout,agent hierarchy,user_hierarchy_1,tags,audio enhancement,shoe size\n\
            jane,Care,Agent,soft,+12065550100,maybe,1.5,A|B/C,,team,loud,38\n\
            omar,Care,Agent,,+12065550100,,,North,South,a|1|2||aws:x|y,none,39\n";
        let (read, lost) = specs(imported(text));
        assert_eq!(read["jane"]["phoneConfig"], json!({ "phoneType": "SOFT_PHONE", "deskPhoneNumber": "+12065550100" }));
        assert_eq!(read["omar"]["hierarchyGroupPath"], "/South");
        let expected = [
            "line 1: the column \"shoe size\" is not one of the template, so its 2 values",
            "line 2: jane: audio enhancement: \"loud\"",
            "line 2: jane: hierarchy: the group \"B/C\" has a slash",
            "line 2: jane: phoneConfig.afterContactWorkTimeLimit: \"1.5\" is not a whole number",
            "line 2: jane: phoneConfig.autoAccept: \"maybe\" is not true or false",
            "line 2: jane: tags: \"team\" is not a key and a value",
            "line 3: omar: phone number: \"+12065550100\" needs a phone type",
            "line 3: omar: agent hierarchy: \"North\" differs from \"South\"",
            "line 3: omar: tags: \"a|1|2\" is not a key and a value",
            "line 3: omar: tags: aws:x: keys that start with aws: cannot be set",
        ];
        for expected in expected {
            assert!(lost.iter().any(|line| line.starts_with(&format!("file: {expected}"))), "{expected}: {lost:#?}");
        }
        assert_eq!(lost.len(), expected.len(), "{lost:#?}");
    }

    #[test]
    fn odd_usernames_have_resources_or_reasons() {
        let usernames = ["jane.doe@example.com", "42", "김민준", &"a".repeat(100), "Jane_Doe", " jane "];
        let rows: String = usernames.iter().map(|name| format!("{name},Twin ,Agent\n")).collect();
        let (read, lost) = specs(imported(&format!("user login,routing profile name,security profile\n{rows}")));
        let names: Vec<_> = read.keys().map(|name| name.split_at(name.len().min(8)).0).collect();
        assert_eq!(names, ["42", "jane", "jane-doe", "jane.doe"]);
        assert!(lost[0].contains("김민준: left out: spec.username") && lost.len() == 2, "{lost:?}");
        assert_eq!(read["42"]["routingProfileName"], "Twin ");
    }

    #[test]
    fn broken_files_name_line_and_column() {
        let header = "user login,routing profile name,security profile\n";
        for (text, expected) in [
            (format!("{header}jane,\"Care,Agent\nomar,Care,Agent\n"), "line 2, column 6: this quotation mark is never closed"),
            (format!("{header}\njane,\"Ca\nre\",Agent,Admin\n"), "line 4, column 11: 4 values for the 3 columns of line 1"),
            (
                "user login,routing profile name\n".into(),
                "line 1, column 1: the first line has no column \"security_profile_name_1",
            ),
            (String::new(), "line 1, column 1: the first line has no column \"user login\""),
            (
                "user login,login,routing profile,security profile\n".into(),
                "line 1, column 1: another column says the same as \"login\"",
            ),
        ] {
            assert!(broken(&text).starts_with(expected), "{text:?}: {}", broken(&text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever the cells hold, the password is in none of the outputs, and each row becomes a user or a reason.
        #[test]
        fn any_cells_are_carried_over_or_listed(cells in prop::collection::vec("[ -~가-힣|/\"\n]{0,12}", 17), delimiter in ",|;|\t") {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter.as_bytes()[0]).from_writer(Vec::new());
            writer.write_record(PRESENT.split(',')).unwrap();
            let mut cells = cells;
            cells.insert(5, "Pa55-w0rd!x".into());
            cells[6].push('x');
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let conversion = converted(imported(&text), &Wishes::default());
            let printed = crate::cli::manifests::stream(&conversion.manifests).unwrap();
            let printed = format!("{printed}{:?}{:?}", conversion.lost, conversion.notes);
            prop_assert!(!printed.contains("Pa55"));
            let left_out = conversion.lost.iter().any(|line| line.contains("left out"));
            prop_assert_eq!(conversion.manifests.len(), usize::from(!left_out));
        }
    }
}
