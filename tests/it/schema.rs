//! What the API server does with ConnectUsers by itself: each rule of the schema, defaults, ownership of fields, columns.

mod applying;
mod columns;
mod manifest;
mod rows;
mod rules;
mod status;
