//! A resource that may be unreadable, without a second copy of it.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Resource,
    core::{PartialObjectMeta, error_boundary::InvalidObject},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

/// A resource, or the metadata of one that cannot be read, which must not stop the list or the watch of the others.
///
/// [`kube::core::DeserializeGuard`] does the same with a tree of each object and a copy of the tree. For an object of a megabyte, these
/// take many times its size. This type parses the text, and again only if that fails. So it needs a deserializer of JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Guard<K>(pub(crate) Result<K, InvalidObject>);

impl<'de, K: DeserializeOwned + Resource> Deserialize<'de> for Guard<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let error = match serde_json::from_str(text) {
            Ok(resource) => return Ok(Self(Ok(resource))),
            // The place in the text of a reply tells nothing to people.
            Err(error) => error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        };
        let PartialObjectMeta::<K> { metadata, .. } = serde_json::from_str(text).map_err(D::Error::custom)?;
        Ok(Self(Err(InvalidObject { error, metadata })))
    }
}

impl<K: Resource> Resource for Guard<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &K::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &K::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &K::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &K::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|invalid| &invalid.metadata, K::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.as_mut().map_or_else(|invalid| &mut invalid.metadata, K::meta_mut)
    }
}

#[cfg(test)]
mod tests {
    use kube::{ResourceExt, core::ObjectList};
    use serde_json::json;

    use super::*;
    use crate::api::{ConnectUser, fixtures};

    #[test]
    fn unreadable_resource_has_its_metadata_and_spares_the_others() {
        let resource = |name: &str| fixtures::json_of(json!({ "metadata": { "name": name } }));
        let mut unreadable = resource("unreadable");
        unreadable["spec"]["securityProfileArns"] = json!("Agent");
        let list = json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": [unreadable, resource("jane")] });
        let list: ObjectList<Guard<ConnectUser>> = serde_json::from_str(&list.to_string()).unwrap();
        let [invalid, jane] = &list.items[..] else { panic!("{list:?}") };
        assert_eq!(invalid.name_any(), "unreadable");
        assert_eq!(invalid.0.as_ref().unwrap_err().to_string(), "invalid type: string \"Agent\", expected a sequence");
        assert_eq!(jane.0.as_ref().unwrap(), &serde_json::from_value::<ConnectUser>(resource("jane")).unwrap());
    }

    #[test]
    fn object_without_valid_metadata_is_an_error() {
        assert!(serde_json::from_str::<Guard<ConnectUser>>(r#"{ "metadata": [] }"#).is_err());
    }
}
