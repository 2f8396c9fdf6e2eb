//! The values of a CloudFormation template, as far as the template and the flags decide them.
//!
//! A value that only a stack knows, or that this does not evaluate, is an error with its reason. There is no guessing.

use std::{cell::Cell, collections::BTreeMap};

use connect_api::Arn;
use serde_json::{Map, Value};

use crate::plan::ReferenceKind;

/// A value, or the reason why it is unknown. None: the template leaves it out by `AWS::NoValue`.
type Evaluated = Result<Option<Value>, String>;

/// What stands for a resource of the template, whose ARN only its stack knows.
const RESOURCE: &str = "resource of the template";

/// How deep conditions and groups may refer to each other. CloudFormation refuses circles.
const DEPTH: u32 = 32;

pub(super) struct Template<'a> {
    root: &'a Value,
    /// From the flags, and the account and Region of the instance that a flag names.
    given: BTreeMap<String, String>,
    instance: Option<&'a Arn>,
    depth: Cell<u32>,
}

impl<'a> Template<'a> {
    pub(super) fn new(root: &'a Value, parameters: &BTreeMap<String, String>, instance: Option<&'a Arn>) -> Self {
        let mut given = BTreeMap::new();
        if let Some(Arn { partition, region, account, .. }) = instance {
            let pseudo = [("AWS::Partition", partition), ("AWS::Region", region), ("AWS::AccountId", account)];
            given.extend(pseudo.map(|(name, value)| (name.to_owned(), value.clone())));
        }
        given.extend(parameters.clone());
        Self { root, given, instance, depth: Cell::new(0) }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.root["Resources"].as_object().into_iter().flatten()
    }

    /// Returns the members whose values are known. For the others, the path and the reason are lost.
    pub(super) fn members(&self, path: &str, members: &Map<String, Value>, lost: &mut Vec<String>) -> Map<String, Value> {
        let mut known = Map::new();
        for (key, value) in members {
            let path = format!("{path}.{key}");
            let value = match value {
                Value::Object(inner) if function(inner).is_none() => Some(self.members(&path, inner, lost).into()),
                // The rest of a list would mean something else, except for tags.
                Value::Array(list) if key == "Tags" => Some(self.each(&path, list, lost)),
                value => self.value(value).unwrap_or_else(|why| {
                    lost.push(format!("{path}: {why}"));
                    None
                }),
            };
            known.extend(value.map(|value| (key.clone(), value)));
        }
        known
    }

    fn each(&self, path: &str, list: &[Value], lost: &mut Vec<String>) -> Value {
        let known = list.iter().enumerate().filter_map(|(n, value)| {
            self.value(value).unwrap_or_else(|why| {
                lost.push(format!("{path}[{n}]: {why}"));
                None
            })
        });
        known.collect()
    }

    /// Returns whether a condition holds.
    pub(super) fn holds(&self, name: &str) -> Result<bool, String> {
        let condition = self.root["Conditions"].get(name).ok_or_else(|| format!("there is no condition {name}"))?;
        self.deeper(name, || self.truth(condition))
    }

    /// Returns the kind of a resource of the template and its name, or path, if `value` stands for one that has a name.
    pub(super) fn named(&self, value: &Value) -> Option<Result<(ReferenceKind, String), String>> {
        let id = value.get(RESOURCE)?.as_str()?;
        let resource = &self.root["Resources"][id];
        let (kind, property) = match resource["Type"].as_str()? {
            "AWS::Connect::RoutingProfile" => (ReferenceKind::RoutingProfile, "Name"),
            "AWS::Connect::SecurityProfile" => (ReferenceKind::SecurityProfile, "SecurityProfileName"),
            "AWS::Connect::UserHierarchyGroup" => (ReferenceKind::HierarchyGroup, "Name"),
            other => return Some(Err(format!("only its stack knows the value of {id}, which is an {other}"))),
        };
        let properties = &resource["Properties"];
        let name = || {
            let name = self.text(&properties[property])?;
            match kind {
                ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => Ok(name),
                ReferenceKind::HierarchyGroup if name.contains('/') => {
                    Err(format!("the group {name:?} has a slash in its name, so that no path names it"))
                }
                ReferenceKind::HierarchyGroup => {
                    match self.value(&properties["ParentGroupArn"])?.filter(|parent| !parent.is_null()) {
                        None => Ok(format!("/{name}")),
                        Some(parent) => {
                            let above = self.deeper(id, || {
                                self.named(&parent).unwrap_or(Err(format!("the parent of {id} has no name here")))
                            })?;
                            Ok(format!("{}/{name}", above.1))
                        }
                    }
                }
            }
        };
        Some(name().map(|name| (kind, name)))
    }

    fn deeper<T>(&self, name: &str, read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        if self.depth.get() >= DEPTH {
            return Err(format!("{name} refers to itself"));
        }
        self.depth.set(self.depth.get() + 1);
        let read = read();
        self.depth.set(self.depth.get() - 1);
        read
    }

    fn value(&self, value: &Value) -> Evaluated {
        match value {
            Value::Object(members) => match function(members) {
                Some((name, argument)) => self.call(name, argument).map_err(|why| with_name(name, why)),
                None => {
                    let pairs = members.iter().map(|(key, value)| Ok(self.value(value)?.map(|value| (key.clone(), value))));
                    let pairs: Vec<_> = pairs.collect::<Result<_, String>>()?;
                    Ok(Some(pairs.into_iter().flatten().collect::<Map<_, _>>().into()))
                }
            },
            Value::Array(list) => {
                let list: Vec<_> = list.iter().map(|value| self.value(value)).collect::<Result<_, _>>()?;
                Ok(Some(list.into_iter().flatten().collect()))
            }
            Value::String(text) if text.contains("{{resolve:") => Err("CloudFormation looks it up when it deploys".into()),
            other => Ok(Some(other.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Evaluated {
        match name {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Fn::GetAtt" => {
                let parts = match argument {
                    Value::Array(_) => self.texts(argument)?,
                    other => other.as_str().unwrap_or_default().splitn(2, '.').map(str::to_owned).collect(),
                };
                match &parts[..] {
                    [id, attribute] => self.attribute(id, attribute),
                    _ => Err("names no attribute".into()),
                }
            }
            "Fn::Sub" => match argument {
                Value::Array(list) if list.len() == 2 => self.substituted(&list[0], list[1].as_object()),
                text => self.substituted(text, None),
            },
            "Fn::Join" => {
                let [delimiter, list] = arguments(argument)?;
                Ok(Some(self.texts(list)?.join(&self.text(delimiter)?).into()))
            }
            "Fn::Split" => {
                let [delimiter, text] = arguments(argument)?;
                let (delimiter, text) = (self.text(delimiter)?, self.text(text)?);
                Ok(Some(text.split(&delimiter).collect()))
            }
            "Fn::Select" => {
                let [index, list] = arguments(argument)?;
                let index = self.text(index)?;
                let at: usize = index.parse().map_err(|_| format!("{index:?} is not an index"))?;
                Ok(Some(self.texts(list)?.get(at).ok_or("the list is shorter")?.as_str().into()))
            }
            "Fn::If" => {
                let [condition, yes, no] = arguments(argument)?;
                self.value(if self.holds(condition.as_str().unwrap_or_default())? { yes } else { no })
            }
            "Fn::FindInMap" => {
                let keys = self.texts(argument)?;
                let [map, first, second] = &keys[..] else { return Err("takes a map and two keys".into()) };
                let found = self.root["Mappings"].get(map).and_then(|map| map.get(first)?.get(second));
                found.map(|value| Some(value.clone())).ok_or_else(|| format!("{map} has no {first}.{second}"))
            }
            _ => Err("is not evaluated here".into()),
        }
    }

    fn reference(&self, name: &str) -> Evaluated {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        let declared = self.root["Parameters"].get(name);
        let kind = declared.and_then(|declared| declared["Type"].as_str()).unwrap_or("String");
        if declared
            .is_some_and(|declared| declared["NoEcho"].as_str().is_some_and(|no_echo| no_echo.eq_ignore_ascii_case("true")))
        {
            return Err(format!("the parameter {name} is a secret (NoEcho)"));
        }
        let default = || declared?.get("Default")?.as_str().filter(|_| !kind.starts_with("AWS::SSM::")).map(str::to_owned);
        if let Some(text) = self.given.get(name).cloned().or_else(default) {
            let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
            return Ok(Some(if is_list { text.split(',').map(str::trim).collect() } else { text.into() }));
        }
        match &self.root["Resources"][name] {
            Value::Null if declared.is_some() => {
                Err(format!("the parameter {name} has no value: give --parameter {name}=<value>"))
            }
            Value::Null if name.starts_with("AWS::") => Err(format!("give --instance, or --parameter {name}=<value>")),
            Value::Null => Err(format!("the template has no {name}")),
            // Ref of everything in Amazon Connect is its ARN.
            _ => self.attribute(name, "Arn"),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> Evaluated {
        let kind = self.root["Resources"][id]["Type"].as_str().ok_or_else(|| format!("the template has no {id}"))?;
        match (kind, attribute, self.instance) {
            ("AWS::Connect::Instance", "Arn", Some(instance)) => Ok(Some(instance.to_string().into())),
            ("AWS::Connect::Instance", "Id", Some(instance)) => Ok(Some(instance.instance.as_str().into())),
            ("AWS::Connect::Instance", ..) => Err(format!("only its stack knows the instance {id}: give --instance")),
            (_, attribute, _) if attribute.ends_with("Arn") => {
                Ok(Some(Map::from_iter([(RESOURCE.to_owned(), id.into())]).into()))
            }
            (kind, attribute, _) => Err(format!("only its stack knows {attribute} of {id}, which is an {kind}")),
        }
    }

    fn substituted(&self, text: &Value, own: Option<&Map<String, Value>>) -> Evaluated {
        let text = text.as_str().ok_or("takes a text")?;
        let mut parts = text.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or("a ${ is never closed")?;
            if let Some(literal) = name.strip_prefix('!') {
                whole += &format!("${{{literal}}}");
            } else {
                let value = match (own.and_then(|own| own.get(name)), name.split_once('.')) {
                    (Some(value), _) => self.value(value)?,
                    (None, Some((id, attribute))) => self.attribute(id, attribute)?,
                    (None, None) => self.reference(name)?,
                };
                whole += &as_text(value)?;
            }
            whole += rest;
        }
        Ok(Some(whole.into()))
    }

    fn text(&self, value: &Value) -> Result<String, String> {
        as_text(self.value(value)?)
    }

    fn texts(&self, value: &Value) -> Result<Vec<String>, String> {
        match self.value(value)? {
            Some(Value::Array(list)) => list.into_iter().map(|value| as_text(Some(value))).collect(),
            _ => Err("takes a list".into()),
        }
    }

    /// Evaluates a condition, or a function of conditions.
    fn truth(&self, condition: &Value) -> Result<bool, String> {
        let members = condition.as_object().ok_or("a condition is not a function")?;
        let (name, argument) = members.iter().next().ok_or("a condition is empty")?;
        let all = || argument.as_array().into_iter().flatten().map(|condition| self.deeper(name, || self.truth(condition)));
        match name.as_str() {
            "Condition" => self.holds(argument.as_str().unwrap_or_default()),
            "Fn::Equals" => {
                let [a, b] = arguments(argument)?;
                Ok(self.value(a)? == self.value(b)?)
            }
            "Fn::And" => all().try_fold(true, |so_far, holds| Ok(so_far & holds?)),
            "Fn::Or" => all().try_fold(false, |so_far, holds| Ok(so_far | holds?)),
            "Fn::Not" => all().next().unwrap_or(Err("takes a condition".into())).map(|holds| !holds),
            _ => Err("is not evaluated here".into()),
        }
        .map_err(|why| with_name(name, why))
    }
}

/// Returns the function that an object calls, if it does.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|(name, _)| *name == "Ref" || name.starts_with("Fn::"))?;
    (members.len() == 1).then_some((name.as_str(), argument))
}

fn with_name(name: &str, why: String) -> String {
    if why.starts_with("Fn::") || name == "Ref" || name == "Condition" { why } else { format!("{name}: {why}") }
}

fn arguments<const N: usize>(argument: &Value) -> Result<[&Value; N], String> {
    let list: Vec<&Value> = argument.as_array().into_iter().flatten().collect();
    list.try_into().map_err(|_| format!("takes {N} values"))
}

fn as_text(value: Option<Value>) -> Result<String, String> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
        Some(Value::Object(members)) => match members.get(RESOURCE) {
            Some(id) => Err(format!("only its stack knows the ARN of {}", id.as_str().unwrap_or_default())),
            None => Err("a part is not a text".into()),
        },
        None | Some(Value::Null | Value::Array(_)) => Err("a part is not a text".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{record::tests::INSTANCE, yaml},
        *,
    };

    const TEMPLATE: &str = "
Parameters:
  Stage: { Type: String, Default: prod }
  Names: { Type: CommaDelimitedList, Default: 'a, b' }
  Bare: { Type: String }
  Secret: { Type: String, NoEcho: true, Default: hunter2 }
  Looked: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /path }
Mappings:
  Map: { prod: { name: Live, list: [x, y] } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  Not: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Or [!Condition Not, !Condition IsProd]]
  Circle: !Not [!Condition Circle]
  Unknown: !Equals [!Ref Bare, x]
Resources:
  Instance: { Type: 'AWS::Connect::Instance' }
  Profile: { Type: 'AWS::Connect::RoutingProfile', Properties: { Name: !Sub 'Care ${Stage}' } }
  Top: { Type: 'AWS::Connect::UserHierarchyGroup', Properties: { Name: North } }
  Below: { Type: 'AWS::Connect::UserHierarchyGroup', Properties: { Name: Hamburg, ParentGroupArn: !GetAtt Top.UserHierarchyGroupArn } }
  Loop: { Type: 'AWS::Connect::UserHierarchyGroup', Properties: { Name: L, ParentGroupArn: !Ref Loop } }
  Bucket: { Type: 'AWS::S3::Bucket' }
";

    fn evaluated(expression: &str, instance: Option<&str>, parameters: &[(&str, &str)]) -> Evaluated {
        let root = yaml::documents(TEMPLATE).unwrap().remove(0);
        let instance: Option<Arn> = instance.map(|arn| arn.parse().unwrap());
        let parameters = parameters.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let expression = yaml::documents(expression).unwrap().remove(0);
        Template::new(&root, &parameters, instance.as_ref()).value(&expression)
    }

    #[test]
    fn functions_give_values() {
        for (expression, expected) in [
            ("!Ref Stage", "prod"),
            ("!Sub 'x-${Stage}-${!Stage}'", "x-prod-${Stage}"),
            ("!Sub ['${A}/${Stage}', { A: !Select [1, !Ref Names] }]", "b/prod"),
            ("!Join ['-', [!Ref Stage, !If [IsProd, yes, no], 'x']]", "prod-yes-x"),
            ("!Join [',', !Split ['|', 'a|b']]", "a,b"),
            ("!FindInMap [Map, !Ref Stage, name]", "Live"),
            ("!If [Not, a, !If [Both, b, c]]", "b"),
            ("!Ref AWS::Region", "us-west-2"),
            (
                "!Sub 'arn:${AWS::Partition}:connect:${AWS::Region}:${AWS::AccountId}:x'",
                "arn:aws:connect:us-west-2:123456789012:x",
            ),
            ("!Sub '${Instance.Arn}/a'", &format!("{INSTANCE}/a")),
            ("!GetAtt [Instance, Id]", INSTANCE.rsplit('/').next().unwrap()),
            ("+1", "+1"),
        ] {
            assert_eq!(evaluated(expression, Some(INSTANCE), &[]), Ok(Some(expected.into())), "{expression}");
        }
        assert_eq!(evaluated("!Ref AWS::NoValue", None, &[]), Ok(None));
        assert_eq!(evaluated("[a, !If [Not, b, !Ref AWS::NoValue]]", None, &[]).unwrap().unwrap(), serde_json::json!(["a"]));
        assert_eq!(evaluated("!Ref Bare", None, &[("Bare", "x")]), Ok(Some("x".into())));
        assert_eq!(evaluated("!If [Unknown, a, b]", None, &[("Bare", "x")]), Ok(Some("a".into())));
    }

    #[test]
    fn unknown_values_have_a_reason() {
        for (expression, expected) in [
            ("!Ref Bare", "the parameter Bare has no value: give --parameter Bare=<value>"),
            ("!Ref Missing", "the template has no Missing"),
            ("!Ref Secret", "the parameter Secret is a secret (NoEcho)"),
            ("!Ref Looked", "the parameter Looked has no value"),
            ("!Ref AWS::StackName", "give --instance, or --parameter AWS::StackName"),
            ("!GetAtt Instance.Arn", "Fn::GetAtt: only its stack knows the instance Instance: give --instance"),
            ("!GetAtt Bucket.DomainName", "Fn::GetAtt: only its stack knows DomainName of Bucket"),
            ("!Sub '${Profile.RoutingProfileArn}x'", "Fn::Sub: only its stack knows the ARN of Profile"),
            ("!Sub '${Stage'", "Fn::Sub: a ${ is never closed"),
            ("!Join [',', [!ImportValue x]]", "Fn::ImportValue: is not evaluated here"),
            ("!If [Unknown, a, b]", "Fn::If: the parameter Bare has no value"),
            ("!If [Circle, a, b]", "Fn::Not: Circle refers to itself"),
            ("!FindInMap [Map, test, name]", "Fn::FindInMap: Map has no test.name"),
            ("!Select [7, !Ref Names]", "Fn::Select: the list is shorter"),
            ("'{{resolve:ssm:/x}}'", "CloudFormation looks it up when it deploys"),
        ] {
            let why = evaluated(expression, None, &[]).unwrap_err();
            assert!(why.starts_with(expected), "{expression}: {why}");
        }
    }

    #[test]
    fn resources_of_the_template_have_names() {
        let root = yaml::documents(TEMPLATE).unwrap().remove(0);
        let template = Template::new(&root, &BTreeMap::new(), None);
        let named = |expression: &str| {
            let value = template.value(&yaml::documents(expression).unwrap().remove(0)).unwrap().unwrap();
            template.named(&value)
        };
        assert_eq!(named("!Ref Profile"), Some(Ok((ReferenceKind::RoutingProfile, "Care prod".into()))));
        let hamburg = Some(Ok((ReferenceKind::HierarchyGroup, "/North/Hamburg".into())));
        assert_eq!(named("!GetAtt Below.UserHierarchyGroupArn"), hamburg);
        assert_eq!(named("!Ref Loop"), Some(Err("Loop refers to itself".into())));
        assert!(named("!GetAtt Bucket.Arn").unwrap().unwrap_err().contains("AWS::S3::Bucket"));
        assert_eq!(named("text"), None);
    }
}
