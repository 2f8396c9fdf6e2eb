//! YAML and JSON with the short forms of CloudFormation's functions.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{Spanned, Tagged};

use super::text::Broken;

/// Reads the documents of a file. All scalars are texts as they are written: which are flags or numbers is known by their names, and
/// `+12065550100` or `0042` must not become numbers. A function in its short form, `!Ref Name`, is an object, as in the long form.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Broken> {
    // A list of thousands of users is long. The default depth keeps the stack from overflowing.
    let budget = serde_saphyr::budget! {
        max_documents: 1_000_000,
        max_events: 100_000_000,
        max_nodes: 100_000_000,
        max_total_scalar_bytes: usize::MAX,
    };
    let options = serde_saphyr::options! { budget: budget, with_snippet: false };
    let nodes: Vec<Node> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |location| (location.line(), location.column()));
        let said = error.without_snippet().to_string().replace(", set DuplicateKeyPolicy in Options if acceptable", "");
        Broken::parsing(line, column, &said)
    })?;
    Ok(nodes.into_iter().map(|node| node.into_value(text)).collect())
}

/// A node with the place of its text, which only scalars need.
struct Node {
    tag: Option<String>,
    start: Option<u64>,
    length: Option<u64>,
    content: Content,
}

enum Content {
    Null,
    /// A number or a flag without quotes.
    Plain,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn into_value(self, text: &str) -> Value {
        let value = match self.content {
            Content::Null => Value::Null,
            Content::Plain => {
                let place = self.start.zip(self.length).map(|(start, length)| start as usize..(start + length) as usize);
                place.and_then(|place| text.get(place)).unwrap_or_default().trim().into()
            }
            Content::Text(text) => text.into(),
            Content::List(list) => list.into_iter().map(|node| node.into_value(text)).collect(),
            Content::Object(members) => members.into_iter().map(|(key, node)| (key, node.into_value(text))).collect(),
        };
        match self.tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None | Some("") => value,
            Some(name @ ("Ref" | "Condition")) => Map::from_iter([(name.to_owned(), value)]).into(),
            Some(name) => Map::from_iter([(format!("Fn::{name}"), value)]).into(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Spanned { value, defined, .. }, tag) = Tagged::deserialize(deserializer)?;
        let span = defined.span();
        Ok(Self { tag, start: span.byte_offset(), length: span.byte_len(), content: value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyContent;

        impl<'de> Visitor<'de> for AnyContent {
            type Value = Content;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("YAML")
            }

            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
                Ok(Content::Plain)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Content, E> {
                Ok(Content::Plain)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Content, E> {
                Ok(Content::Plain)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
                Ok(Content::Plain)
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
                let mut list = Vec::new();
                while let Some(node) = access.next_element()? {
                    list.push(node);
                }
                Ok(Content::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Content::Object(members))
            }
        }

        deserializer.deserialize_any(AnyContent)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_stay_as_they_are_written() {
        let text =
            "a: &number +12065550100\nb: 0042\nc: yes\nd: 1e3\ne: 2010-09-09\nf: ~\ng: '1'\n---\nÄ: 1.50\nlist: [007, x]\n";
        let expected = [
            json!({ "a": "+12065550100", "b": "0042", "c": "yes", "d": "1e3", "e": "2010-09-09", "f": null, "g": "1" }),
            json!({ "Ä": "1.50", "list": ["007", "x"] }),
        ];
        assert_eq!(documents(text).unwrap(), expected);
        assert_eq!(documents("a: &x 0x1\nb: *x\n").unwrap(), [json!({ "a": "0x1", "b": "0x1" })]);
        assert_eq!(documents("{ \"a\": [1, true, null, \"\\u00e4\"] }").unwrap(), [json!({ "a": ["1", "true", null, "ä"] })]);
    }

    #[test]
    fn short_forms_are_the_long_ones() {
        let text = "a: !Ref X\nb: !GetAtt A.B\nc: !Sub ['${V}', { V: !Ref X }]\nd: !If\n  - !Condition C\n  - 1\n  - !!str 2\n";
        let expected = json!({
            "a": { "Ref": "X" },
            "b": { "Fn::GetAtt": "A.B" },
            "c": { "Fn::Sub": ["${V}", { "V": { "Ref": "X" } }] },
            "d": { "Fn::If": [{ "Condition": "C" }, "1", "2"] },
        });
        assert_eq!(documents(text).unwrap(), [expected]);
    }

    #[test]
    fn broken_files_name_the_place() {
        for (text, line, column) in
            [("a: 1\nb: [1\n", 2, 4), ("a: 1\na: 2\n", 2, 1), ("x:\n  - a\n b: 1\n", 3, 2), ("{\"a\": }}", 1, 8)]
        {
            let broken = documents(text).map_err(|broken| (broken.line, broken.column, broken.why)).unwrap_err();
            assert_eq!((broken.0, broken.1), (line, column), "{text:?}: {broken:?}");
            assert!(!broken.2.is_empty() && !broken.2.contains('\n'), "{broken:?}");
        }
    }
}
