//! Page sizes, and profiles in use.

use connect_api::{
    ListInstances, ListRoutingProfiles, ListSecurityProfilePermissions, ListSecurityProfiles, ListUserHierarchyGroups,
    ListUserProficiencies, ListUsers, Reply, SearchQuickConnects, SearchUsers,
};
use connect_sim::{Client, InstanceConfig, SecurityProfileConfig};

use crate::support::*;

#[test]
fn pages_have_the_documented_maximum_size() {
    let sim = sim();
    let (instance, user, next_token) = (instance(), create(&sim, "jane").id, None::<String>);
    let admin = sim.security_profile_id(&instance, "Admin").unwrap();
    for max_results in [0, 1, 10, 11, 100, 101, 500, 501, 1000, 1001] {
        let (i, t) = (|| instance.clone(), || next_token.clone());
        for (most, result) in [
            (10, send(&sim, ListInstances { max_results, next_token: t() })),
            (1000, send(&sim, ListUsers { instance: i(), max_results, next_token: t() })),
            (500, send(&sim, SearchUsers { instance: i(), max_results, next_token: t(), username: None })),
            (100, send(&sim, ListUserProficiencies { instance: i(), user: user.clone(), max_results, next_token: t() })),
            (1000, send(&sim, ListRoutingProfiles { instance: i(), max_results, next_token: t() })),
            (1000, send(&sim, ListSecurityProfiles { instance: i(), max_results, next_token: t() })),
            (
                1000,
                send(
                    &sim,
                    ListSecurityProfilePermissions {
                        instance: i(),
                        security_profile: admin.clone(),
                        max_results,
                        next_token: t(),
                    },
                ),
            ),
            (1000, send(&sim, ListUserHierarchyGroups { instance: i(), max_results, next_token: t() })),
            (100, send(&sim, SearchQuickConnects { instance: i(), max_results, next_token: t() })),
        ] {
            if (1..=most).contains(&max_results) {
                result.unwrap();
            } else {
                // ListInstances models no InvalidParameterException.
                let expected = if most == 10 { invalid_request() } else { invalid_parameter() };
                assert_eq!(refusal(result), expected, "{max_results} of {most}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "users or groups refer to it")]
fn a_profile_in_use_is_not_deleted() {
    let sim = sim();
    let profile = new_user(&sim, "jane").routing_profile_id;
    create(&sim, "jane");
    sim.delete_routing_profile(&instance(), &profile);
}

#[test]
fn instances_are_listed_per_region_and_replicas_apart() {
    let sim = sim_with(|config| {
        let own = config.instances[0].clone();
        let replica = InstanceConfig { region: "eu-west-2".into(), ..own };
        let other = InstanceConfig::new("22222222-aaaa-4bbb-8ccc-000000000002");
        config.instances.extend([replica, other]);
    });
    let listed = |client: Client| {
        let (mut arns, mut next_token) = (Vec::new(), None);
        loop {
            let Reply::ListInstances(page) = client.call_now(ListInstances { max_results: 1, next_token }.into()).unwrap() else {
                unreachable!()
            };
            arns.extend(page.items.into_iter().map(|instance| instance.arn));
            next_token = page.next_token;
            if next_token.is_none() {
                return arns;
            }
        }
    };
    let arn = |region, id| format!("arn:aws:connect:{region}:123456789012:instance/{id}");
    let (own, other) = ("11111111-aaaa-4bbb-8ccc-000000000001", "22222222-aaaa-4bbb-8ccc-000000000002");
    assert_eq!(listed(sim.client()), [arn("us-west-2", own), arn("us-west-2", other)]);
    assert_eq!(listed(sim.console()), [arn("eu-west-2", own), arn("us-west-2", own), arn("us-west-2", other)]);
}

#[test]
fn permissions_are_those_of_aws_or_of_the_configuration() {
    let sim = sim_with(|config| {
        let own = SecurityProfileConfig { permissions: Some(["Users.Edit".into()].into()), ..SecurityProfileConfig::from("Own") };
        config.instances[0].security_profiles.extend([own, "Unknown".into()]);
    });
    let listed = |profile: &str| {
        let security_profile = sim.security_profile_id(&instance(), profile).unwrap();
        let list = ListSecurityProfilePermissions { instance: instance(), security_profile, max_results: 1000, next_token: None };
        call(&sim, list).unwrap().items
    };
    assert!(["Users.Create", "SecurityProfiles.Edit"].iter().all(|wanted| listed("Admin").iter().any(|is| is == wanted)));
    assert_eq!(listed("Agent"), ["BasicAgentAccess", "OutboundCallAccess"]);
    assert_eq!(listed("Own"), ["Users.Edit"]);
    assert_eq!(listed("Unknown"), Vec::<String>::new());

    let id = sim.security_profile_id(&instance(), "Unknown").unwrap();
    sim.set_permissions(&instance(), &id, ["Users.View", "BasicAgentAccess"]);
    assert_eq!(listed("Unknown"), ["BasicAgentAccess", "Users.View"]);
}
