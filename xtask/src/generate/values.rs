//! The values of the chart, with their descriptions from the comments in values.yaml.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A value of the chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChartValue {
    /// Its path, such as `image.tag`.
    pub key: String,
    kind: String,
    default: String,
    description: String,
}

/// Returns the values of a values.yaml that have a comment right above them, in order. For a map without a comment, its members are
/// returned instead.
///
/// # Errors
/// A value has no comment, or is not in the schema.
pub(super) fn chart_values(yaml: &str, schema: &Value) -> Result<Vec<ChartValue>> {
    let values: Value = serde_saphyr::from_str(yaml).context("values.yaml")?;
    let mut chart_values = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    // The maps around a line, from the outermost, with their indentation.
    let mut around: Vec<(usize, &str)> = Vec::new();
    let mut described: Option<usize> = None;
    for line in yaml.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if content.is_empty() {
            comment.clear();
            continue;
        }
        if described.is_some_and(|above| indent > above) {
            continue;
        }
        if let Some(text) = content.strip_prefix('#') {
            comment.push(text.trim());
            continue;
        }
        described = None;
        let Some((name, inline)) = content.split_once(':') else { bail!("values.yaml: no key in {line:?}") };
        around.retain(|(other, _)| *other < indent);
        around.push((indent, name));
        let key = around.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(".");
        let description = std::mem::take(&mut comment).join(" ");
        if description.is_empty() {
            // A map whose members follow, each with a comment of its own.
            anyhow::ensure!(inline.trim().is_empty(), "values.yaml: {key} has no comment above it");
            continue;
        }
        let default = at(&values, &key).with_context(|| format!("values.yaml: {key} has no value"))?;
        let kind = kind(schema, &key).with_context(|| format!("values.schema.json does not know {key}"))?;
        chart_values.push(ChartValue { kind, default: default.to_string(), description, key });
        described = Some(indent);
    }
    Ok(chart_values)
}

/// Returns the value at a path.
pub(super) fn at<'a>(values: &'a Value, key: &str) -> Option<&'a Value> {
    values.pointer(&format!("/{}", key.replace('.', "/")))
}

/// Returns the type of a value as the table shows it.
fn kind(schema: &Value, key: &str) -> Option<String> {
    let mut here = schema;
    for name in key.split('.') {
        here = resolved(schema, &here["properties"][name])?;
    }
    let names = match &here["type"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        // All enumerations consist of strings.
        _ if here["enum"].is_array() => vec!["string"],
        _ => return None,
    };
    let names = names.into_iter().map(|name| match name {
        "object" => "map",
        "array" => "list",
        other => other,
    });
    Some(names.collect::<Vec<_>>().join(" or "))
}

fn resolved<'a>(schema: &'a Value, property: &'a Value) -> Option<&'a Value> {
    match property["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.strip_prefix('#')?),
        None => property.is_object().then_some(property),
    }
}

/// Returns the table in Markdown.
pub(super) fn table(chart_values: &[ChartValue]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let line = |ChartValue { key, kind, default, description }: &ChartValue| {
        format!("| `{key}` | {kind} | `{}` | {} |\n", cell(default), cell(description))
    };
    let head = "| Value | Type | Default | |\n|---|---|---|---|\n".to_owned();
    chart_values.iter().fold(head, |table, value| table + &line(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "image": { "properties": { "tag": { "type": "string" }, "policy": { "enum": ["Always"] } } },
                "resources": { "type": "object" },
                "list": { "$ref": "#/definitions/list" },
                "quota": { "type": ["string", "number"] },
            },
            "definitions": { "list": { "type": "array" } },
        })
    }

    #[test]
    fn comments_become_the_table() {
        let yaml = "\
# About the file.

image:
  # The tag | of
  # the image.
  tag: \"\"
  # When.
  policy: Always
# All of it.
resources:
  # Not listed.
  limits:
    cpu: 1
# Some.
list:
  - a: 1
# Both.
quota: 5
";
        let listed = table(&chart_values(yaml, &schema()).unwrap());
        let expected = "\
| Value | Type | Default | |
|---|---|---|---|
| `image.tag` | string | `\"\"` | The tag \\| of the image. |
| `image.policy` | string | `\"Always\"` | When. |
| `resources` | map | `{\"limits\":{\"cpu\":1}}` | All of it. |
| `list` | list | `[{\"a\":1}]` | Some. |
| `quota` | string or number | `5` | Both. |
";
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_value_without_comment_or_schema_is_an_error() {
        let error = |yaml| format!("{:#}", chart_values(yaml, &schema()).unwrap_err());
        assert_eq!(error("image:\n  tag: \"\"\n"), "values.yaml: image.tag has no comment above it");
        assert_eq!(error("# About the file.\n\nquota: 1\n"), "values.yaml: quota has no comment above it");
        assert_eq!(error("# New.\nnovel: 1\n"), "values.schema.json does not know novel");
    }
}
