//! A report as HTML in a real browser.

use std::{fs, time::Duration};

use browser::Browser;
use serde_json::json;
use testbed::create_by_hand;

use super::{harness::Harness, tools::program};

/// Creates users of two routing profiles. Two of them have the same e-mail address, two are administrators, and the names of one are HTML.
async fn populate(harness: &Harness<'_>) {
    let (sim, instance) = (&harness.sim, &harness.instance());
    let names = [("Ada", "Abel"), ("Ben", "Okoro"), ("Cleo", "Diaz"), ("Dara", "Nguyen"), ("Emil", "Fuchs"), ("Fay", "Kim")];
    for number in 0..30 {
        let (first, last) = names[number % names.len()];
        let username = format!("{first}.{last}.{number:02}").to_lowercase();
        let routing_profile = ["Basic Routing Profile", "Sales"][number / 3 % 2];
        let security_profile = if number % 20 == 7 { "Admin" } else { "Agent" };
        let mut user = create_by_hand(sim, instance, &username, routing_profile, security_profile);
        let info = user.identity_info.as_mut().unwrap();
        (info.first_name, info.last_name) = (Some(first.into()), Some(format!("{last}-{}", number % 25)));
        info.email = Some(format!("{}@example.com", if number == 29 { "ada.abel.00" } else { &username }));
        harness.call_at_console(user).await;
    }
    let html = |tag: &str| Some(format!("<{tag} src=x onerror=\"document.title='run'\">document.title='run'</{tag}>"));
    let mut hostile = create_by_hand(sim, instance, "aa.hostile", "Sales", "Agent");
    let info = hostile.identity_info.as_mut().unwrap();
    (info.first_name, info.last_name) = (html("img"), html("script"));
    harness.call_at_console(hostile).await;
    // Searches show changes after a while.
    sim.advance(Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn report_is_a_page_that_needs_nothing_else() {
    let Some(browser) = Browser::start("the report") else { return };
    let harness = Harness::builder("page").start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    populate(&harness).await;
    let instance = format!("--instance={}", harness.instance_arn());
    let output = program(&harness, &["report", &instance, "--full", "--users-quota=40", "--output=html"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.html");
    fs::write(&file, &output.stdout).unwrap();
    browser.open(&format!("file://{}", file.display()));

    browser.until("document.title", "Users of Amazon Connect");
    browser.until("document.querySelector('.headline').innerText", "32 users of 40 (80 %): 1 managed, 31 unmanaged");
    browser.until("[...document.querySelectorAll('td')].filter(cell => cell.innerText.includes('<script src=x')).length", 1);
    browser.until("document.querySelectorAll('script, img, link, iframe').length", 0);
    browser.until("performance.getEntriesByType('resource').length", 0);
    browser.picture("REPORT_PICTURE");
    browser.check_colours_and_width("color", "rgb(0, 0, 0)", "rgb(255, 255, 255)");
    assert_eq!(browser.complaints(), json!([]));
}
