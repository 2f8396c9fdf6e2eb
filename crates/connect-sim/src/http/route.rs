//! Maps method, path and query to a call.

use axum::http::{Method, Uri};
use connect_api::{HierarchyGroupId, Resource, Tags, UserId};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{
    decode::{self, Members},
    encode,
};
use crate::{
    paginator::{Paging, map},
    refusal::Refusal,
    request::{Request, Target},
    rules::{Context, admin_actions, listings, proficiencies, quick_connects, searches, tags, updates, users},
    search::SearchedGroup,
};

/// Returns the path's segments. They are split before decoding, so that an ARN can be one segment.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(decoded).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn query(uri: &Uri, name: &str) -> impl Iterator<Item = String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| decoded(key) == name).map(|(_, value)| decoded(value))
}

fn paging(uri: &Uri) -> Result<Paging, Refusal> {
    let max_results = query(uri, "maxResults")
        .next()
        .map(|max| max.parse().map_err(|_| Refusal::invalid_parameter(format!("maxResults must be a number, but is {max:?}"))));
    Ok(Paging { max_results: max_results.transpose()?, next_token: query(uri, "nextToken").next() })
}

/// Returns the call of a request, or None if the operation is not simulated. Its answer is the reply's body, or null if AWS sends
/// none.
pub(super) fn request<'a>(method: &Method, segments: &'a [String], uri: &'a Uri, body: &'a [u8]) -> Option<Request<'a, Value>> {
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match (method.as_str(), &path[..]) {
        ("GET", ["instance"]) => Request::on_account("ListInstances", move |paginator, instances| {
            let paging = paging(uri).map_err(|refusal| Refusal::invalid_request(refusal.message))?;
            let page = map(listings::instances(paginator, &paging, instances)?, encode::instance);
            Ok(json!({ "InstanceSummaryList": page.items, "NextToken": page.next_token }))
        }),
        ("GET", ["instance", i]) => on_instance("DescribeInstance", i, |cx| {
            let mut shown = encode::instance(cx.instance);
            shown["Tags"] = encode::not_empty(&cx.instance.tags);
            Ok(json!({ "Instance": shown }))
        }),
        ("POST", ["search-users"]) => search("SearchUsers", body, |cx, mut body| {
            let (page, total) = users::search(cx, &decode::search(&mut body)?)?;
            Ok(encode::found(cx, &page, total))
        }),
        ("POST", ["search-routing-profiles"]) => search("SearchRoutingProfiles", body, |cx, mut body| {
            let (page, total) = searches::routing_profiles(cx, &decode::search(&mut body)?)?;
            Ok(encode::search("RoutingProfiles", page, total, |found| {
                encode::found_routing_profile(cx.instance, found.0, found.1)
            }))
        }),
        ("POST", ["search-security-profiles"]) => search("SearchSecurityProfiles", body, |cx, mut body| {
            let (page, total) = searches::security_profiles(cx, &decode::search(&mut body)?)?;
            Ok(encode::search("SecurityProfiles", page, total, |found| {
                encode::found_security_profile(cx.instance, found.0, found.1)
            }))
        }),
        ("POST", ["search-user-hierarchy-groups"]) => search("SearchUserHierarchyGroups", body, |cx, mut body| {
            let (page, total) = searches::hierarchy_groups(cx, &decode::search(&mut body)?)?;
            let shown = |found: &SearchedGroup<'_>| encode::hierarchy_group(cx.instance, &listings::path(cx.instance, found.id));
            Ok(encode::search("UserHierarchyGroups", page, total, shown))
        }),
        ("POST", ["search-predefined-attributes"]) => search("SearchPredefinedAttributes", body, |cx, mut body| {
            let (page, total) = searches::predefined_attributes(cx, &decode::search(&mut body)?)?;
            let region = &cx.instance.arn.region;
            Ok(encode::search("PredefinedAttributes", page, total, |found| {
                encode::attribute(found.0, &cx.instance.attributes[found.0], region)
            }))
        }),
        ("POST", ["search-quick-connects"]) => search("SearchQuickConnects", body, |cx, mut body| {
            let (page, total) = quick_connects::search(cx, &decode::search(&mut body)?)?;
            Ok(encode::search("QuickConnects", page, total, |found| encode::quick_connect(cx.instance, found)))
        }),
        ("GET", ["users-summary", i]) => on_instance("ListUsers", i, move |cx| {
            let page = users::list(cx, &paging(uri)?)?;
            Ok(encode::summaries(&page, &cx.instance.arn.region))
        }),
        ("PUT", ["users", i]) => create_user(i, body),
        ("GET", ["users", i, u]) => about_user("DescribeUser", i, u, |cx, id| {
            let user = users::describe(cx, id)?;
            Ok(json!({ "User": encode::user(&user, &cx.instance.arn.region) }))
        }),
        ("DELETE", ["users", i, u]) => about_user("DeleteUser", i, u, users::delete),
        ("GET", ["users", i, u, "proficiencies"]) => about_user("ListUserProficiencies", i, u, move |cx, id| {
            let (page, modified) = proficiencies::list(cx, id, &paging(uri)?)?;
            Ok(encode::proficiencies(&page, modified, &cx.instance.arn.region))
        }),
        ("POST", ["users", i, u, what]) => return update_user(i, u, what, body),
        ("GET", ["tags", arn @ ..]) => {
            about_resource("ListTagsForResource", arn, |cx, arn| Ok(json!({ "tags": tags::list(cx, arn)? })))
        }
        ("POST", ["tags", arn @ ..]) => {
            about_resource("TagResource", arn, move |cx, arn| tags::tag(cx, arn, &Members::read(body)?.take("tags")?))
        }
        ("DELETE", ["tags", arn @ ..]) => {
            about_resource("UntagResource", arn, move |cx, arn| tags::untag(cx, arn, &query(uri, "tagKeys").collect()))
        }
        ("GET", ["routing-profiles-summary", i]) => on_instance("ListRoutingProfiles", i, move |cx| {
            let page = listings::routing_profiles(cx, &paging(uri)?)?;
            Ok(encode::listing("RoutingProfileSummaryList", page, cx.instance))
        }),
        ("GET", ["security-profiles-summary", i]) => on_instance("ListSecurityProfiles", i, move |cx| {
            let page = listings::security_profiles(cx, &paging(uri)?)?;
            Ok(encode::listing("SecurityProfileSummaryList", page, cx.instance))
        }),
        ("GET", ["security-profiles-permissions", i, id]) => {
            let id = *id;
            on_instance("ListSecurityProfilePermissions", i, move |cx| {
                let (page, modified) = listings::permissions(cx, id, &paging(uri)?)?;
                Ok(encode::permissions(&page, modified, &cx.instance.arn.region))
            })
        }
        ("GET", ["user-hierarchy-groups-summary", i]) => on_instance("ListUserHierarchyGroups", i, move |cx| {
            let page = listings::hierarchy_groups(cx, &paging(uri)?)?;
            Ok(encode::listing("UserHierarchyGroupSummaryList", page, cx.instance))
        }),
        ("GET", ["predefined-attributes", i]) => on_instance("ListPredefinedAttributes", i, move |cx| {
            let page = listings::predefined_attributes(cx, &paging(uri)?)?;
            Ok(encode::listing("PredefinedAttributeSummaryList", page, cx.instance))
        }),
        (method, [kind, i, rest @ ..]) => return administer(method, kind, i, rest, body),
        _ => return None,
    })
}

fn create_user<'a>(instance: &str, body: &'a [u8]) -> Request<'a, Value> {
    let read = decode::create_user(instance, body);
    let username = read.as_ref().ok().map(|(new, _)| new.username.clone());
    let create = on_instance("CreateUser", instance, |cx| {
        let (new, phone) = read?;
        let created = users::create(cx, new, phone.as_ref())?;
        Ok(json!({ "UserId": created.id, "UserArn": created.arn }))
    });
    Request { username, ..create }
}

/// Returns a search, which has its instance in the body.
fn search<'a>(
    operation: &'static str,
    body: &[u8],
    effect: impl FnOnce(&mut Context<'_>, Members) -> Result<Value, Refusal> + 'a,
) -> Request<'a, Value> {
    let read = Members::read(body).and_then(|mut body| Ok((body.take::<String>("InstanceId")?, body)));
    match read {
        Ok((id, body)) => on_instance(operation, &id, |cx| effect(cx, body)),
        Err(refusal) => Request::on_account(operation, |_, _| Err(refusal)),
    }
}

fn on_instance<'a, T: Into<Value>>(
    operation: &'static str,
    instance: &str,
    effect: impl FnOnce(&mut Context<'_>) -> Result<T, Refusal> + 'a,
) -> Request<'a, Value> {
    Request::on_instance(operation, instance, |cx| effect(cx).map(Into::into))
}

fn about_user<'a, T: Into<Value>>(
    operation: &'static str,
    instance: &str,
    user: &str,
    effect: impl FnOnce(&mut Context<'_>, &UserId) -> Result<T, Refusal> + 'a,
) -> Request<'a, Value> {
    let (target, id) = (Target::User { instance: instance.to_owned(), user: user.to_owned() }, UserId::new(user));
    Request { target, ..on_instance(operation, instance, move |cx| effect(cx, &id)) }
}

fn about_resource<'a, T: Into<Value>>(
    operation: &'static str,
    arn: &[&str],
    effect: impl FnOnce(&mut Context<'_>, &str) -> Result<T, Refusal> + 'a,
) -> Request<'a, Value> {
    let arn = arn.join("/");
    Request { target: Target::Resource(arn.clone()), ..on_instance(operation, "", move |cx| effect(cx, &arn)) }
}

fn update_user<'a>(i: &str, u: &str, what: &str, body: &'a [u8]) -> Option<Request<'a, Value>> {
    Some(match what {
        "config" => about_user("UpdateUserConfig", i, u, move |cx, id| {
            updates::user_config(cx, id, &decode::channel_configs(&mut Members::read(body)?)?)
        }),
        "identity-info" => about_user("UpdateUserIdentityInfo", i, u, move |cx, id| {
            let info = Members::read(body)?.take("IdentityInfo")?;
            updates::identity_info(cx, id, decode::identity_info(info)?)
        }),
        "phone-config" => about_user("UpdateUserPhoneConfig", i, u, move |cx, id| {
            let config = Members::read(body)?.take("PhoneConfig")?;
            updates::phone_config(cx, id, &decode::phone_config(config)?)
        }),
        "routing-profile" => about_user("UpdateUserRoutingProfile", i, u, move |cx, id| {
            updates::routing_profile(cx, id, &Members::read(body)?.take("RoutingProfileId")?)
        }),
        "security-profiles" => about_user("UpdateUserSecurityProfiles", i, u, move |cx, id| {
            updates::security_profiles(cx, id, &decode::security_profile_ids(&mut Members::read(body)?)?)
        }),
        "hierarchy" => about_user("UpdateUserHierarchy", i, u, move |cx, id| {
            let group: Option<HierarchyGroupId> = Members::read(body)?.take("HierarchyGroupId")?;
            updates::hierarchy(cx, id, group.as_ref())
        }),
        "associate-proficiencies" => about_user("AssociateUserProficiencies", i, u, move |cx, id| {
            proficiencies::associate(cx, id, decode::proficiencies(body)?)
        }),
        "proficiencies" => {
            about_user("UpdateUserProficiencies", i, u, move |cx, id| proficiencies::update(cx, id, decode::proficiencies(body)?))
        }
        "disassociate-proficiencies" => about_user("DisassociateUserProficiencies", i, u, move |cx, id| {
            proficiencies::disassociate(cx, id, &decode::proficiency_keys(body)?)
        }),
        _ => return None,
    })
}

/// Returns the call of an administrator: on the resources that users refer to, and on quick connects.
fn administer<'a>(method: &str, kind: &str, i: &str, rest: &[&'a str], body: &'a [u8]) -> Option<Request<'a, Value>> {
    Some(match (method, kind, rest) {
        ("PUT", "routing-profiles", []) => on_instance("CreateRoutingProfile", i, move |cx| {
            let id = admin_actions::create_routing_profile(cx, decode::new_profile(body, "Name")?)?;
            let arn = cx.instance.arn_of(Resource::RoutingProfile(id.as_str().into()));
            Ok(json!({ "RoutingProfileId": id, "RoutingProfileArn": arn }))
        }),
        ("GET", "routing-profiles", &[id]) => {
            on_instance("DescribeRoutingProfile", i, move |cx| encode::routing_profile(cx.instance, id))
        }
        ("POST", "routing-profiles", &[id, "name"]) => on_instance("UpdateRoutingProfileName", i, move |cx| {
            let mut body = Members::read(body)?;
            admin_actions::rename_routing_profile(cx, id, body.take("Name")?, body.take("Description")?)
        }),
        ("DELETE", "routing-profiles", &[id]) => {
            on_instance("DeleteRoutingProfile", i, move |cx| admin_actions::delete_routing_profile(cx, id))
        }
        ("PUT", "security-profiles", []) => on_instance("CreateSecurityProfile", i, move |cx| {
            let id = admin_actions::create_security_profile(cx, decode::new_profile(body, "SecurityProfileName")?)?;
            let arn = cx.instance.arn_of(Resource::SecurityProfile(id.as_str().into()));
            Ok(json!({ "SecurityProfileId": id, "SecurityProfileArn": arn }))
        }),
        ("GET", "security-profiles", &[id]) => {
            on_instance("DescribeSecurityProfile", i, move |cx| encode::security_profile(cx.instance, id))
        }
        ("POST", "security-profiles", &[id]) => on_instance("UpdateSecurityProfile", i, move |cx| {
            let mut body = Members::read(body)?;
            admin_actions::update_security_profile(cx, id, body.take("Description")?, body.take("Permissions")?)
        }),
        ("DELETE", "security-profiles", &[id]) => {
            on_instance("DeleteSecurityProfile", i, move |cx| admin_actions::delete_security_profile(cx, id))
        }
        ("PUT", "user-hierarchy-groups", []) => on_instance("CreateUserHierarchyGroup", i, move |cx| {
            let parent: Option<String> = Members::read(body)?.take("ParentGroupId")?;
            let (name, tags) = named(body, "Name")?;
            let id = admin_actions::create_group(cx, name, parent.as_deref(), tags)?;
            let arn = cx.instance.arn_of(Resource::HierarchyGroup(id.as_str().into()));
            Ok(json!({ "HierarchyGroupId": id, "HierarchyGroupArn": arn }))
        }),
        ("GET", "user-hierarchy-groups", &[id]) => on_instance("DescribeUserHierarchyGroup", i, move |cx| {
            let group = listings::hierarchy_group(cx.instance, id)?;
            Ok(json!({ "HierarchyGroup": encode::hierarchy_group(cx.instance, &group) }))
        }),
        ("POST", "user-hierarchy-groups", &[id, "name"]) => on_instance("UpdateUserHierarchyGroupName", i, move |cx| {
            admin_actions::rename_group(cx, id, Members::read(body)?.take("Name")?)
        }),
        ("DELETE", "user-hierarchy-groups", &[id]) => {
            on_instance("DeleteUserHierarchyGroup", i, move |cx| admin_actions::delete_group(cx, id))
        }
        ("PUT", "predefined-attributes", []) => on_instance("CreatePredefinedAttribute", i, move |cx| {
            let name = Members::read(body)?.take("Name")?;
            admin_actions::create_attribute(cx, name, decode::attribute_values(body)?)
        }),
        ("GET", "predefined-attributes", &[name]) => on_instance("DescribePredefinedAttribute", i, move |cx| {
            let attribute = listings::predefined_attribute(cx.instance, name)?;
            Ok(json!({ "PredefinedAttribute": encode::attribute(name, attribute, &cx.instance.arn.region) }))
        }),
        ("POST", "predefined-attributes", &[name]) => on_instance("UpdatePredefinedAttribute", i, move |cx| {
            admin_actions::update_attribute(cx, name, decode::attribute_values(body)?)
        }),
        ("DELETE", "predefined-attributes", &[name]) => {
            on_instance("DeletePredefinedAttribute", i, move |cx| admin_actions::delete_attribute(cx, name))
        }
        ("PUT", "quick-connects", []) => on_instance("CreateQuickConnect", i, move |cx| {
            let (name, tags) = named(body, "Name")?;
            let id = quick_connects::create(cx, name, decode::quick_connect_config(body)?, tags)?;
            Ok(json!({ "QuickConnectId": id, "QuickConnectARN": cx.instance.quick_connect_arn(&id) }))
        }),
        ("GET", "quick-connects", &[id]) => on_instance("DescribeQuickConnect", i, move |cx| {
            let stored = quick_connects::describe(cx.instance, id)?;
            Ok(json!({ "QuickConnect": encode::quick_connect(cx.instance, &stored) }))
        }),
        ("POST", "quick-connects", &[id, "config"]) => on_instance("UpdateQuickConnectConfig", i, move |cx| {
            quick_connects::point_to(cx, id, decode::quick_connect_config(body)?)
        }),
        ("DELETE", "quick-connects", &[id]) => on_instance("DeleteQuickConnect", i, move |cx| quick_connects::delete(cx, id)),
        _ => return None,
    })
}

/// Returns the name and the tags of what a body creates.
fn named(body: &[u8], member: &str) -> Result<(String, Tags), Refusal> {
    let mut body = Members::read(body)?;
    Ok((body.take(member)?, body.take::<Option<Tags>>("Tags")?.unwrap_or_default()))
}
