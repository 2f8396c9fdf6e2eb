//! The columns of the console's template, by their names of all years.

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    FirstName,
    LastName,
    Email,
    SecondaryEmail,
    Mobile,
    Password,
    Username,
    RoutingProfile,
    SecurityProfiles,
    /// The hierarchy group in one column.
    Group,
    /// One column or several with the names of the groups from the top level down.
    GroupLevels,
    PhoneType,
    PhoneNumber,
    AutoAccept,
    AfterContactWork,
    PersistentConnection,
    VoiceEnhancement,
    Tags,
    /// The value of one tag.
    Tag(String),
    Unknown,
}

/// How the names of columns begin, in lower case and without blanks and signs.
const COLUMNS: [(&str, Column); 24] = [
    ("firstname", Column::FirstName),
    ("lastname", Column::LastName),
    ("email", Column::Email),
    ("secondaryemail", Column::SecondaryEmail),
    ("mobile", Column::Mobile),
    ("userlogin", Column::Username),
    ("username", Column::Username),
    ("login", Column::Username),
    ("routingprofile", Column::RoutingProfile),
    ("securityprofile", Column::SecurityProfiles),
    ("userhierarchy", Column::GroupLevels),
    ("agenthierarchy", Column::Group),
    ("hierarchy", Column::Group),
    ("phonetype", Column::PhoneType),
    ("phonenumber", Column::PhoneNumber),
    ("deskphonenumber", Column::PhoneNumber),
    ("softphoneautoaccept", Column::AutoAccept),
    ("autoaccept", Column::AutoAccept),
    ("acwtimeout", Column::AfterContactWork),
    ("aftercontactwork", Column::AfterContactWork),
    ("persistentconnection", Column::PersistentConnection),
    ("audioenhancement", Column::VoiceEnhancement),
    ("voiceenhancement", Column::VoiceEnhancement),
    ("tags", Column::Tags),
];

impl Column {
    /// Returns what a column of this name holds.
    pub(super) fn of(header: &str) -> Self {
        if let Some((_, key)) = header.split_once(':').filter(|(word, _)| word.trim().eq_ignore_ascii_case("tag")) {
            return Self::Tag(key.trim().to_owned());
        }
        let name: String = header.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        if name.contains("password") {
            return Self::Password;
        }
        COLUMNS.into_iter().find(|(start, _)| name.starts_with(start)).map_or(Self::Unknown, |(_, column)| column)
    }

    /// Returns whether several columns may be parts of one value.
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Self::SecurityProfiles | Self::GroupLevels | Self::Tag(_) | Self::Unknown | Self::Password)
    }
}
