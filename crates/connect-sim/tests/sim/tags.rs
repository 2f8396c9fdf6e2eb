//! TagResource and UntagResource.

use connect_api::{CreateUser, Error, TagResource, Tags};
use connect_sim::Sim;

use crate::support::*;

fn tags(of: &[(&str, &str)]) -> Tags {
    of.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn tag(sim: &Sim, arn: &str, new: Tags) -> Result<(), Error> {
    call(sim, TagResource { arn: arn.into(), tags: new })
}

#[test]
fn a_resource_has_at_most_fifty_tags() {
    let sim = sim();
    let some = |range: std::ops::Range<u32>| range.map(|i| (format!("k{i}"), String::new())).collect::<Tags>();
    let user = call(&sim, CreateUser { tags: some(0..49), ..new_user(&sim, "jane") }).unwrap();
    assert_eq!(refusal(tag(&sim, &user.arn, some(49..51))), invalid_parameter());
    tag(&sim, &user.arn, some(49..50)).unwrap();
    assert_eq!(describe(&sim, &user.id).unwrap().tags.len(), 50);
    assert_eq!(refusal(call(&sim, CreateUser { tags: some(0..51), ..new_user(&sim, "joe") })), invalid_parameter());
}

#[test]
fn keys_and_values_are_checked() {
    let sim = sim();
    let user = create(&sim, "jane");
    let long = "x".repeat(129);
    let longer = "x".repeat(257);
    for (key, value) in [("aws:x", ""), ("", ""), ("a*b", ""), (long.as_str(), ""), ("k", longer.as_str())] {
        assert_eq!(refusal(tag(&sim, &user.arn, tags(&[(key, value)]))), invalid_parameter(), "{key} {value}");
        let new = CreateUser { tags: tags(&[(key, value)]), ..new_user(&sim, "joe") };
        assert_eq!(refusal(call(&sim, new)), invalid_parameter(), "{key} {value}");
    }
    assert_eq!(refusal(tag(&sim, &user.arn, Tags::new())), invalid_parameter());
    tag(&sim, &user.arn, tags(&[("connect-operator.dev/uid", "ä +-=._:/@")])).unwrap();
}

#[test]
fn only_existing_resources_are_tagged() {
    let sim = sim();
    let user = create(&sim, "jane");
    for arn in [
        format!("{}0", user.arn),
        user.arn.replace("11111111-aaaa-4bbb-8ccc-000000000001", "11111111-aaaa-4bbb-8ccc-000000000002"),
        user.arn.replace("us-west", "eu-west"),
        "x".into(),
    ] {
        assert_eq!(refusal(tag(&sim, &arn, tags(&[("a", "1")]))), not_found(), "{arn}");
    }
    tag(&sim, &sim.routing_profile_arn(&instance(), "Sales").unwrap(), tags(&[("a", "1")])).unwrap();
    assert_eq!(describe(&sim, &user.id).unwrap().tags, Tags::new());
}
