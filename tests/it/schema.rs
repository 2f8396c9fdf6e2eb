//! What the API server does with a ConnectUser: each rule of the schema, defaults, ownership of fields, columns.

mod applying;
mod cases;
mod columns;
mod manifest;
mod rules;
mod status;
mod stored;
