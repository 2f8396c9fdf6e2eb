//! A browser without a window, driven through chromedriver, for tests of pages.

mod driver;

use std::{
    io::{BufReader, Write, stderr},
    process::{Child, ChildStdout},
    thread::sleep,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser, which ends when it is dropped. Its methods panic if the browser does not do what they say.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    /// An output that is closed would end the driver.
    _output: BufReader<ChildStdout>,
    client: ureq::Agent,
    url: String,
}

impl Browser {
    /// Starts the browser. Without Chromium and chromedriver, it prints that `what` is left out.
    pub fn start(what: &str) -> Option<Self> {
        Self::find()
            .inspect_err(|missing| {
                // Unlike a macro's output, this is not captured by the test's harness.
                let _ = writeln!(stderr(), "LEFT OUT: {what} in a browser: {missing}");
            })
            .ok()
    }

    fn find() -> Result<Self, String> {
        let (driver, output, port) = driver::start("chromedriver".as_ref())?;
        let client = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let url = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { driver, _output: output, client: client.into(), url };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1280,1040",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "ALL" } });
        let session = match browser.send("", &json!({ "capabilities": { "alwaysMatch": options } })) {
            Err(error) if error.contains("cannot find Chrome binary") => return Err(error),
            reply => reply.expect("a session"),
        };
        browser.url.push('/');
        browser.url.push_str(session["sessionId"].as_str().expect("an id"));
        Ok(browser)
    }

    /// Sends a command of WebDriver to the session.
    fn send(&self, path: &str, body: &Value) -> Result<Value, String> {
        let reply =
            self.client.post(format!("{}{path}", self.url)).send_json(body).and_then(|mut reply| reply.body_mut().read_json());
        let value = reply.map(|mut reply: Value| reply["value"].take()).map_err(|error| error.to_string())?;
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        self.send(&format!("/{name}"), body).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    /// Runs a script in the page and returns its result.
    pub fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression of the page has this value.
    pub fn until(&self, expression: &str, wanted: impl Into<Value>) {
        let (start, wanted) = (Instant::now(), wanted.into());
        loop {
            let value = self.run(&format!("return {expression}"));
            if value == wanted {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{expression} is {value}, not {wanted}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Types text into the first element that this CSS selector finds.
    pub fn enter(&self, selector: &str, text: &str) {
        let found = self.command("element", &json!({ "using": "css selector", "value": selector }));
        let element = found.as_object().and_then(|found| found.values().next()?.as_str()).expect("an element");
        self.command(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Checks that a colour of the page (`color`, `backgroundColor`) is `light` for people who prefer light pages and `dark` for the others,
    /// and that in a window of 400 pixels no part of the page is outside of the window.
    pub fn check_colours_and_width(&self, property: &str, light: &str, dark: &str) {
        for (scheme, colour) in [("light", light), ("dark", dark)] {
            let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            self.devtools("Emulation.setEmulatedMedia", &features);
            self.until(&format!("getComputedStyle(document.body).{property}"), colour);
        }
        self.narrow();
        self.until("document.documentElement.scrollWidth <= 400", true);
    }

    /// Makes the window 400 pixels wide, as on a telephone.
    pub fn narrow(&self) {
        let narrow = json!({ "width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &narrow);
    }

    /// Returns what the browser says about errors in scripts, and about what the page may not do or load.
    pub fn complaints(&self) -> Value {
        self.command("se/log", &json!({ "type": "browser" }))
    }

    /// Writes a picture of what is in the window, if the environment names a file for it.
    pub fn picture(&self, variable: &str) {
        if let Some(file) = std::env::var_os(variable) {
            let shot = self.devtools("Page.captureScreenshot", &json!({ "format": "png" }));
            let bytes = STANDARD.decode(shot["data"].as_str().expect("text")).expect("base64");
            std::fs::write(file, bytes).expect("a file that can be written");
        }
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.client.delete(&self.url).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
