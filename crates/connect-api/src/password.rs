//! A password that cannot be printed, compared or serialized by accident.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A user's password on its way from a Secret to CreateUser.
///
/// It has no `Display`, `Serialize` or `PartialEq`, its `Debug` shows nothing, and its memory is wiped when dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(SecretString::from(password.into()))
    }

    /// Returns the password. Only the code that writes CreateUser's request and the simulator that reads it need it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_does_not_contain_the_password() {
        assert_eq!(format!("{:?}", Some(Password::new("Hunter22"))), "Some(Password(…))");
    }
}
