//! The page in a real browser, driven through chromedriver.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use connect_api::{AssociateUserProficiencies, CreateUser, IdentityInfo, ListUsers, OperationName as Op, Reply};
use connect_sim::{Effect, Fault, Sim, Throttling};
use serde_json::{Value, json};

use crate::support::*;

/// A browser without a window, which ends with the test.
struct Browser {
    driver: Child,
    /// An output that is closed would end the driver.
    _output: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts the browser, or says what is missing.
    fn start() -> Result<Self, String> {
        let driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = driver.map_err(|e| format!("chromedriver: {e}"))?;
        let mut output = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver ended");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim().trim_end_matches('.').parse().unwrap();
            }
        };
        let mut browser = Self { driver, _output: output, port, session: String::new() };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1280,1040",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "ALL" } });
        let reply = match browser.send("POST", "/session", &json!({ "capabilities": { "alwaysMatch": options } })) {
            Err(error) if error.contains("cannot find Chrome binary") => return Err(error),
            reply => reply.unwrap(),
        };
        browser.session = format!("/session/{}", reply["sessionId"].as_str().unwrap());
        Ok(browser)
    }

    /// Sends a command of WebDriver.
    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|e| e.to_string())?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .map_err(|e| e.to_string())?;
        let value = read(&mut BufReader::new(stream)).map_err(|e| e.to_string())?;
        match value["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["value"]["message"])),
            None => Ok(value["value"].clone()),
        }
    }

    fn command(&self, what: &str, body: Value) -> Value {
        self.send("POST", &format!("{}/{what}", self.session), &body).unwrap()
    }

    fn run(&self, script: &str) -> Value {
        self.command("execute/sync", json!({ "script": script, "args": [] }))
    }

    fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    /// Waits until an expression has this value.
    fn until(&self, expression: &str, wanted: impl Into<Value>) {
        let (start, wanted) = (Instant::now(), wanted.into());
        loop {
            let value = self.run(&format!("return {expression}"));
            if value == wanted {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{expression} is {value}, not {wanted}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Writes a picture of the page, if the environment names a file for it.
    fn picture(&self) {
        if let Some(file) = std::env::var_os("CONNECT_SIM_PICTURE") {
            let shot = self.devtools("Page.captureScreenshot", json!({ "format": "png" }));
            std::fs::write(file, STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
        }
    }
}

/// Reads the body of a reply. The driver keeps the connection open.
fn read(reply: &mut impl BufRead) -> std::io::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reply.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reply.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

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
    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(missing) => {
            // Unlike a macro's output, this is not captured by the test's harness.
            writeln!(std::io::stderr(), "LEFT OUT: the simulator's page in a browser: {missing}").unwrap();
            return;
        }
    };
    let served = ServedSim::new(sim_with(|config| config.throttling = Throttling::default())).await;
    populate(&served.sim);
    browser.command("url", json!({ "url": served.url() }));
    browser.run("window.original = true");
    let text = |id: &str| format!("document.getElementById('{id}').innerText");
    browser.until(&text("shown"), "the first 100 of 150 by username");
    browser.until("document.querySelectorAll('#users tbody tr').length", 100);

    // Names are text, not HTML.
    browser.until("document.querySelectorAll('main script, main img').length", 0);
    browser.until("document.querySelector('#users tbody tr td:nth-child(2)').innerText.includes('<script src=x')", true);

    // A filter applies while it is typed, and stays while the page is refreshed.
    let input = browser.command("element", json!({ "using": "css selector", "value": "input[name=filter]" }));
    let input = input.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
    browser.command(&format!("element/{input}/value"), json!({ "text": "ada berlin" }));
    browser.until(&text("shown"), "25 users");
    browser.until("location.search", "?instance=&filter=ada+berlin");
    browser.picture();
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

    // It has light and dark colours, and no line is wider than a narrow window.
    let background = "getComputedStyle(document.body).backgroundColor";
    for (scheme, colour) in [("light", "rgb(246, 248, 250)"), ("dark", "rgb(13, 17, 23)")] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", features);
        browser.until(background, colour);
    }
    let narrow = json!({ "width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", narrow);
    browser.until("document.documentElement.scrollWidth <= 400", true);

    // Neither the policy nor the script has complaints.
    let complaints = browser.command("se/log", json!({ "type": "browser" }));
    assert_eq!(complaints, json!([]));
    browser.until("document.body.classList.contains('stale')", false);
    drop(served);
    browser.until("document.body.classList.contains('stale')", true);
}
