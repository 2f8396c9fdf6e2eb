//! Values of the API's enums that this version does not know.

use std::{collections::BTreeSet, fmt};

use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize};

/// An enum's value that this version does not know, as the API wrote it, so that it can be sent back unchanged.
///
/// Names are interned and never freed, which keeps the enums that hold one `Copy`. They are few: only AWS adds such values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UnknownName(&'static str);

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

impl UnknownName {
    /// As the API wrote it.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl From<&str> for UnknownName {
    fn from(name: &str) -> Self {
        let mut names = NAMES.lock();
        Self(names.get(name).copied().unwrap_or_else(|| {
            let name: &'static str = Box::leak(name.into());
            names.insert(name);
            name
        }))
    }
}

// Not derived: the derived one would borrow from its input for as long as the program runs.
impl<'de> Deserialize<'de> for UnknownName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| name.as_str().into())
    }
}

impl fmt::Debug for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_one_allocation() {
        let (one, other) = (UnknownName::from("PIGEON"), UnknownName::from(String::from("PIGEON").as_str()));
        assert_eq!((one, one.as_str()), (other, "PIGEON"));
        assert!(std::ptr::eq(one.as_str(), other.as_str()));
    }
}
