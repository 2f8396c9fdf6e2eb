//! The page in a real browser.

use browser::Browser;
use connect_api::{AssociateUserProficiencies, CreateUser, IdentityInfo, ListUsers, OperationName as Op, Reply};
use connect_sim::{Effect, Fault, Sim, Throttling};
use serde_json::json;

use crate::support::*;

/// Creates 150 users, one of them with names that are HTML, and makes some calls, most of which are throttled.
fn populate(sim: &Sim) {
    let [berlin, paris] = ["/EMEA/Berlin", "/EMEA/Paris"].map(|path| sim.hierarchy_group_id(&instance(), path));
    let routing_profiles = ["Basic Routing Profile", "Sales"].map(|name| sim.routing_profile_id(&instance(), name).unwrap());
    let agent = sim.security_profile_id(&instance(), "Agent").unwrap();
    let names = [("Ada", "Abel"), ("Ben", "Okoro"), ("Cleo", "Diaz"), ("Dara", "Nguyen"), ("Emil", "Fuchs"), ("Fay", "Kim")];
    let create = |new: CreateUser| {
        let Reply::CreateUser(created) = sim.console().call_now(new.into()).unwrap() else { unreachable!() };
        created.id
    };
    for n in 0..149 {
        let (first, last) = names[n % names.len()];
        let own = |name: &str| Some(name.to_owned());
        let user = create(CreateUser {
            identity_info: Some(IdentityInfo { first_name: own(first), last_name: own(last), ..IdentityInfo::default() }),
            routing_profile_id: routing_profiles[n / 3 % 2].clone(),
            security_profile_ids: [agent.clone()].into(),
            hierarchy_group_id: if n % 3 == 0 { berlin.clone() } else { paris.clone() },
            tags: [("team".to_owned(), ["blue", "red"][n % 2].to_owned())].into(),
            ..new_user(sim, &format!("{first}.{last}.{n:03}").to_lowercase())
        });
        let proficiencies = vec![proficiency("Language", ["english", "german"][n / 5 % 2], 1.0 + (n % 5) as f32)];
        let associate = AssociateUserProficiencies { instance: instance(), user, proficiencies };
        sim.console().call_now(associate.into()).unwrap();
    }
    let html = |tag: &str| Some(format!("<{tag} src=x onerror=\"document.title='run'\">document.title='run'</{tag}>"));
    let identity_info = Some(IdentityInfo { first_name: html("img"), last_name: html("script"), ..IdentityInfo::default() });
    create(CreateUser { identity_info, ..new_user(sim, "aa.hostile") });
    for _ in 0..14 {
        let _ = send(sim, ListUsers { instance: instance(), max_results: 1000, next_token: None });
    }
    let _ = describe(sim, &"unknown".into());
    sim.inject(Fault::on(Op::CreateUser, Effect::LostReply).times(2));
    sim.inject(Fault::any(Effect::internal_error()).with_probability(0.1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_page_works_in_a_browser() {
    let Some(browser) = Browser::start("the simulator's page") else { return };
    let served = ServedSim::new(sim_with(|config| config.throttling = Throttling::default())).await;
    populate(&served.sim);
    browser.open(&served.url());
    browser.run("window.original = true");
    let text = |id: &str| format!("document.getElementById('{id}').innerText");
    browser.until(&text("shown"), "the first 100 of 150 by username");
    browser.until("document.querySelectorAll('#users tbody tr').length", 100);

    // Names are text, not HTML.
    browser.until("document.querySelectorAll('main script, main img').length", 0);
    browser.until("document.querySelector('#users tbody tr td:nth-child(2)').innerText.includes('<script src=x')", true);

    // A filter applies while it is typed, and stays while the page is refreshed.
    browser.enter("input[name=filter]", "ada berlin");
    browser.until(&text("shown"), "25 users");
    browser.until("location.search", "?instance=&filter=ada+berlin");
    browser.picture("CONNECT_SIM_PICTURE");
    let new = CreateUser {
        hierarchy_group_id: served.sim.hierarchy_group_id(&instance(), "/EMEA/Berlin"),
        ..new_user(&served.sim, "ada.new")
    };
    served.sim.console().call_now(new.into()).unwrap();
    served.sim.inject(Fault::any(Effect::Bare429));
    browser.until(&text("shown"), "26 users");
    browser.until("document.querySelector('#faults tbody').innerText.includes('429 without a code or body')", true);
    browser.until("document.querySelector('#tiles li').innerText.startsWith('151')", true);
    browser.until(
        "document.querySelector('input').value + (document.activeElement === document.querySelector('input'))",
        "ada berlintrue",
    );
    browser.until("document.title + window.original", "connect-simtrue");

    browser.check_colours_and_width("backgroundColor", "rgb(246, 248, 250)", "rgb(13, 17, 23)");

    // Neither the policy nor the script has complaints.
    assert_eq!(browser.complaints(), json!([]));
    browser.until("document.body.classList.contains('stale')", false);
    drop(served);
    browser.until("document.body.classList.contains('stale')", true);
}
