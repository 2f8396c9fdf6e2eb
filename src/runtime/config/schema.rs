//! The JSON schema of the configuration file, which is part of the schema of the chart's values.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::settings::Config;

/// Returns the schema of the configuration file, in the draft that Helm knows.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let generator = settings.with_transform(RecursiveTransform(without_null)).into_generator();
    let mut schema = generator.into_root_schema_for::<Config>();
    schema.remove("title");
    schema.to_value()
}

/// Removes null from the values of an optional key: it is left out instead. A list of values has no type beside it, since Helm would
/// name only the type in its message about another value.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
        schema.remove("type");
    }
    if let Some(types) = schema.get_mut("type")
        && let Some([one, _null]) = types.as_array().map(Vec::as_slice)
    {
        *types = one.clone();
    }
}
