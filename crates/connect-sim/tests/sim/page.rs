//! The page at `/`, as text. What a browser makes of it is tested in `browser`.

use connect_api::{CreateUser, IdentityInfo, ListUsers, OperationName as Op, UpdateUserHierarchy};
use connect_sim::{Effect, Fault, InstanceConfig, Rate, Throttling};

use crate::support::*;

const HOSTILE: &str = "<script>alert(1)</script>\"'&";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;";

async fn page(served: &ServedSim, query: &str) -> Raw {
    let reply = raw(&served.url(), "GET", &format!("/{query}"), "", "").await.unwrap();
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    reply
}

/// Returns the part of a page with this id, as text between tags.
fn part(page: &Raw, id: &str) -> String {
    let start = page.body.find(&format!("id=\"{id}\" class=\"live\">")).unwrap();
    let rest = &page.body[start..];
    let end = ["</section>", "</ul>", "</form>", "</p>"].iter().filter_map(|end| rest.find(end)).min().unwrap();
    rest[..end]
        .split('<')
        .filter_map(|piece| piece.split_once('>'))
        .map(|(_, text)| text.trim())
        .filter(|t| !t.is_empty())
        .fold(String::new(), |all, text| all + text + "|")
}

#[tokio::test]
async fn instances_calls_faults_and_users_are_shown() {
    let sim = sim_with(|config| {
        config.throttling = Throttling { default: Rate { per_second: 0.5, burst: 3 }, ..Throttling::default() };
    });
    let served = ServedSim::new(sim).await;
    let user = create(&served.sim, "jane").id;
    let hierarchy_group_id = served.sim.hierarchy_group_id(&instance(), "/EMEA/Berlin");
    call(&served.sim, UpdateUserHierarchy { instance: instance(), user, hierarchy_group_id }).unwrap();
    for _ in 0..5 {
        let _ = send(&served.sim, ListUsers { instance: instance(), max_results: 10, next_token: None });
    }
    let error = Effect::Error { status: 503, code: Some("ServiceUnavailable".into()), message: String::new() };
    served.sim.inject(Fault::on(Op::DeleteUser, error).about("jane").times(2).after(1));
    served.sim.inject(Fault::any(Effect::Delay { milliseconds: 250 }).with_probability(0.25));
    served.sim.deny([Op::TagResource]);

    let page = page(&served, "").await;
    assert!(
        part(&page, "instances")
            .contains("sample|11111111-aaaa-4bbb-8ccc-000000000001|123456789012|us-west-2|CONNECT_MANAGED|1 of 500|")
    );
    assert_eq!(part(&page, "tiles"), "1|Users|7|Calls|2|Throttled|0|Other errors|2|Faults|");
    let calls = part(&page, "calls");
    for row in ["CreateUser|1|1|0|0.5 per second, 3 at once|", "ListUsers|5|3|2|0.5 per second, 3 at once|"] {
        assert!(calls.contains(row), "{calls}");
    }
    let faults = part(&page, "faults");
    for row in [
        "DeleteUser|jane|the next 2 calls, after 1 more|503 ServiceUnavailable|",
        "any|any|25 % of calls|a delay of 250 ms|",
        "TagResource|any|every call|AccessDeniedException|",
    ] {
        assert!(faults.contains(row), "{faults}");
    }
    let users = part(&page, "users");
    assert!(users.contains("jane|Jane Doe|Basic Routing Profile|Admin|/EMEA/Berlin|2026-01-01 00:00:00|"), "{users}");
    assert_eq!(served.sim.calls().total(), 7, "the page does not count as a call");
}

#[tokio::test]
async fn every_text_is_escaped() {
    let sim = sim_with(|config| {
        config.instances[0].alias = Some(HOSTILE.into());
        config.instances[0].routing_profiles = vec![HOSTILE.into()];
        config.instances[0].security_profiles = vec![HOSTILE.into()];
    });
    let served = ServedSim::new(sim).await;
    let name = || Some(HOSTILE.to_owned());
    let group = served.sim.create_hierarchy_group(&instance(), None, HOSTILE);
    let new = CreateUser {
        identity_info: Some(IdentityInfo { first_name: name(), last_name: name(), ..IdentityInfo::default() }),
        hierarchy_group_id: Some(group),
        tags: [("team".to_owned(), HOSTILE.to_owned())].into(),
        ..new_user(&served.sim, "jane")
    };
    call(&served.sim, new).unwrap();
    let effect = Effect::Error { status: 500, code: name(), message: String::new() };
    served.sim.inject(Fault::any(effect).about(HOSTILE).always());
    served.sim.inject(Fault::any(Effect::Error { status: 500, code: name(), message: String::new() }));
    let _ = describe(&served.sim, &"unknown".into());

    let query = "?filter=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26";
    let page = page(&served, query).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert_eq!(page.body.matches("<script").count(), 1, "the page's own");
    for (id, times) in [("instances", 1), ("calls", 1), ("faults", 2), ("users", 6)] {
        assert_eq!(part(&page, id).matches(ESCAPED).count(), times, "{id}: {}", part(&page, id));
    }
    assert!(page.body.contains(&format!("name=\"filter\" value=\"{ESCAPED}\"")), "{}", page.body);
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn ten_thousand_users_are_a_count_and_a_first_hundred() {
    let sim = sim_with(|config| {
        config.instances[0].users_quota = 20_000;
        config.instances.push(InstanceConfig::new("22222222-aaaa-4bbb-8ccc-000000000002"));
    });
    let served = ServedSim::new(sim).await;
    for n in 0..10_000 {
        let team = if n % 1000 == 7 { "blue" } else { "red" };
        let new = CreateUser { tags: [("team".into(), team.into())].into(), ..new_user(&served.sim, &format!("agent-{n:05}")) };
        served.sim.console().call_now(new.into()).unwrap();
    }
    let all = page(&served, "").await;
    assert_eq!(all.body.matches("<td>agent-").count(), 100);
    assert!(all.body.contains("<td>agent-00000</td>") && all.body.contains("<td>agent-00099</td>"));
    assert_eq!(part(&all, "shown"), "the first 100 of 10,000 by username|");
    assert!(part(&all, "tiles").starts_with("10,000|Users|"));
    assert!(all.body.len() < 60_000, "{}", all.body.len());

    let own = "instance=arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001";
    let other = "instance=arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F22222222-aaaa-4bbb-8ccc-000000000002";
    for (query, shown) in [
        ("?filter=agent-04321", "1 user|"),
        ("?filter=TEAM%3Dblue+jane", "10 users|"),
        ("?filter=team%3Dblue+agent-09", "1 user|"),
        ("?filter=team%3Dgreen", "0 users|"),
        (&format!("?{own}&filter=sales"), "0 users|"),
        (&format!("?{own}&filter=agent-0432"), "10 users|"),
        (&format!("?{other}"), "0 users|"),
        ("?other=1", "the first 100 of 10,000 by username|"),
    ] {
        assert_eq!(part(&page(&served, query).await, "shown"), shown, "{query}");
    }
}
