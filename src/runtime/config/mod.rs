//! The operator's configuration file: the settings of each AWS account, and which namespaces may use which instance.
//!
//! `values` defines and checks single values, `settings` the whole file, `file` reads it and follows its changes, `schema` describes it to
//! Helm, and `admission` passes its bounds to the admission policy. docs/configuration.md describes the file for users.

mod admission;
mod file;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod values;

#[cfg(test)]
pub(crate) use file::parse;
pub use file::{ConfigError, ConfigFile};
pub use schema::schema;
pub use settings::{AccountSettings, Config};
pub(crate) use values::is_tag_text;
pub use values::{Operation, UsersQuota};
