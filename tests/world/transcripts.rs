//! Stories from `tests/transcripts`: each file holds commands and what the operator did after each of them.
//!
//! A line that begins with `> ` is a command, and indented lines right below a command are its input. Lines that begin with `#`
//! and blank lines are kept. Everything else is output: the real reconciler writes it, step by step, in a deterministic simulation.
//! `UPDATE_GOLDEN=1 cargo test --test world transcripts` writes the output again.

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use connect_api::{Call, CreateUser, DeleteUser, IdentityInfo, OperationName, UpdateUserIdentityInfo, UpdateUserRoutingProfile};
use connect_operator::api::{ConnectUserSpec, PREFIX};
use connect_sim::{Effect, Fault, Sim};
use serde_json::{Value, json};
use testbed::{
    create_by_hand,
    world::{
        Setup, Simulation, secret,
        specs::{PASSWORD, USERNAME},
    },
};
use tracing::{
    Dispatch, Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// A story while it is played.
struct Player {
    simulation: Simulation,
    /// The spec as the person last applied it.
    spec: Value,
    /// What the operator logged and was not printed yet.
    logged: Arc<Mutex<Vec<String>>>,
    /// How many calls of the simulation's log were printed.
    printed: usize,
    /// The ids of users in the order in which they appeared: a story shows them as `user-1`, `user-2` and so on.
    ids: Vec<String>,
    /// A pass began that has done nothing yet.
    begins: bool,
    out: String,
}

/// One command of a story.
struct Command<'a> {
    line: &'a str,
    input: String,
}

/// Plays a story and returns the whole text of its file as it should be.
fn play(text: &str) -> String {
    // With one dispatcher alone, tracing would ask that of whichever thread reaches a log line first, and other tests have none.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
    LazyLock::force(&SECOND);
    let logged = Arc::default();
    let subscriber = tracing_subscriber::registry().with(Log(Arc::clone(&logged)));
    tracing::subscriber::with_default(subscriber, || {
        let simulation = Simulation::new(Setup::default(), 1);
        let mut player =
            Player { simulation, spec: json!({}), logged, printed: 0, ids: Vec::new(), begins: false, out: String::new() };
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.is_empty() && player.out.ends_with("\n\n") {
                continue;
            }
            let Some(command) = line.strip_prefix("> ") else {
                if line.is_empty() || line.starts_with('#') {
                    player.line(line);
                }
                continue;
            };
            player.line(line);
            let mut input = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
                player.line(line);
                input += line;
                input.push('\n');
            }
            let before = player.out.len();
            player.command(&Command { line: command, input });
            if player.out.len() > before {
                player.line("");
            }
        }
        player.simulation.result().unwrap();
        player.simulation.check_secrecy();
        player.out.trim_end().to_owned() + "\n"
    })
}

impl Player {
    fn line(&mut self, line: &str) {
        let mut line = line.to_owned();
        for view in self.simulation.sim.users(&self.simulation.instance) {
            let id = view.user.id.as_str();
            if line.contains(id) && !self.ids.iter().any(|known| known == id) {
                self.ids.push(id.to_owned());
            }
        }
        for (position, id) in self.ids.iter().enumerate() {
            line = line.replace(id, &format!("user-{}", position + 1));
        }
        let instance = &self.simulation.sim.instances()[0];
        line = line.replace(&instance.arn, "INSTANCE").replace(instance.id.as_str(), "INSTANCE");
        writeln!(self.out, "{line}").unwrap();
    }

    fn command(&mut self, Command { line, input }: &Command<'_>) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "apply" => {
                self.spec = serde_saphyr::from_str(input).unwrap();
                self.apply();
            }
            "edit" => {
                let (path, value) = rest.split_once(": ").unwrap();
                let pointer = path.split('.').fold(String::new(), |pointer, part| pointer + "/" + part);
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                self.spec.pointer_mut(parent).unwrap()[key] = serde_saphyr::from_str(value).unwrap();
                self.apply();
            }
            "delete" => self.simulation.delete(),
            "secret" if rest == "absent" => self.simulation.store.lock().unwrap().secrets.clear(),
            "secret" => self.simulation.store.lock().unwrap().write_secret(&secret(), "password", rest),
            "console" => self.console(rest),
            "fault" => self.fault(rest),
            "crash-after" => self.crash_after(rest),
            "run" => self.run(),
            "wait" => {
                let wait: jiff::SignedDuration = rest.parse().unwrap();
                self.simulation.sim.advance(Duration::try_from(wait).unwrap());
                self.run();
            }
            "status" => self.status(),
            "users" => self.users(),
            other => panic!("{other:?} is not a command"),
        }
    }

    fn apply(&mut self) {
        let mut spec = self.spec.clone();
        spec["instanceArn"] = json!(self.simulation.sim.instances()[0].arn);
        let spec: ConnectUserSpec = serde_json::from_value(spec).unwrap();
        self.simulation.apply(spec);
    }

    /// A change that another client makes in Connect.
    fn console(&self, what: &str) {
        let (sim, instance) = (&self.simulation.sim, self.simulation.instance.clone());
        let profile = |name: &str| sim.routing_profile_id(&instance, name).unwrap();
        let (verb, value) = what.split_once(' ').unwrap_or((what, ""));
        let user = || sim.user(&instance, USERNAME).unwrap().user;
        let call: Call = match verb {
            "create" => {
                let create = create_by_hand(sim, &instance, USERNAME, "Basic", "Agent");
                CreateUser { identity_info: Some(identity("Jane", value)), ..create }.into()
            }
            "routing-profile" => {
                UpdateUserRoutingProfile { instance: instance.clone(), user: user().id, routing_profile_id: profile(value) }
                    .into()
            }
            "last-name" => {
                let identity_info = identity("Jane", value);
                UpdateUserIdentityInfo { instance: instance.clone(), user: user().id, identity_info }.into()
            }
            "delete" => DeleteUser { instance: instance.clone(), user: user().id }.into(),
            other => panic!("{other:?} is not a change"),
        };
        sim.console().call_now(call).unwrap();
    }

    /// The next call of an operation fails in this way.
    fn fault(&self, what: &str) {
        let (operation, how) = what.split_once(' ').unwrap();
        let operation = *OperationName::ALL.iter().find(|name| name.as_str() == operation).unwrap();
        let error =
            |status, code: &str, message: &str| Effect::Error { status, code: Some(code.into()), message: message.into() };
        let effect = match how {
            "reply-lost" => Effect::LostReply,
            "request-lost" => Effect::LostRequest,
            "denied" => Effect::AccessDenied,
            "throttled" => error(429, "TooManyRequestsException", "Too Many Requests"),
            "quota" => error(429, "LimitExceededException", "The users quota of the instance is reached"),
            other => panic!("{other:?} is not a fault"),
        };
        self.simulation.sim.inject(Fault::on(operation, effect));
    }

    /// The process ends right after the next call of this name took effect, and another one starts.
    fn crash_after(&mut self, call: &str) {
        self.simulation.sync(0);
        loop {
            self.step();
            let was_made = self.simulation.schedule.lock().unwrap().log.last().is_some_and(|line| line.ends_with(call));
            if was_made {
                break;
            }
        }
        self.simulation.restart(0);
        self.line("  (the process ends, and another one starts)");
    }

    /// Lets the operator work until there is nothing to do now.
    fn run(&mut self) {
        let before = self.out.len();
        loop {
            if self.simulation.is_runnable(0) {
                self.step();
            } else if self.simulation.is_behind(0) {
                self.simulation.sync(0);
            } else {
                break;
            }
        }
        if self.out.len() == before {
            self.line("  (nothing to do)");
        }
    }

    /// Lets the operator go on up to its next call, and prints what it did.
    fn step(&mut self) {
        let begins = !self.simulation.is_running(0);
        self.simulation.step(0);
        self.begins |= begins;
        let calls: Vec<_> = self.simulation.schedule.lock().unwrap().log[self.printed..].to_vec();
        self.printed += calls.len();
        let logged = std::mem::take(&mut *self.logged.lock().unwrap());
        if self.begins && !(calls.is_empty() && logged.is_empty()) {
            self.begins = false;
            self.line("  pass");
        }
        for call in calls {
            let name = call.split_once(' ').map_or(call.as_str(), |(_, name)| name).to_owned();
            self.line(&format!("    call   {name}"));
        }
        for line in logged {
            self.line(&format!("    {line}"));
        }
    }

    fn status(&mut self) {
        let Some(object) = self.simulation.object() else { return self.line("  (the ConnectUser is gone)") };
        let status = object.status.unwrap_or_default();
        let mut above = "";
        for condition in &status.conditions {
            let (name, reason, message) = (&condition.type_, &condition.reason, &condition.message);
            let with_guide = |(said, guide): (&str, &str)| said == above && guide.starts_with("https://");
            let shown = match message.split_once(". See ") {
                _ if message == above => "(the same message)",
                Some(parts) if with_guide(parts) => "(the same message, and where to read what to do)",
                _ => message,
            };
            self.line(&format!("  {name}={} {reason}: {shown}", condition.status));
            above = message;
        }
        for drift in &status.drift {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".into());
            self.line(&format!(
                "  drift {}: {} in Connect, {} in the spec",
                drift.path,
                shown(&drift.observed),
                shown(&drift.desired)
            ));
        }
        let attempt = status.create_attempt.map(|attempt| if attempt.clean { "clean" } else { "not clean" });
        self.line(&format!("  userId: {}", status.user_id.as_deref().unwrap_or("(none)")));
        self.line(&format!("  createAttempt: {}", attempt.unwrap_or("(none)")));
    }

    fn users(&mut self) {
        let users = self.simulation.sim.users(&self.simulation.instance);
        for view in users.iter().filter(|view| view.user.username == USERNAME) {
            let user = &view.user;
            let identity = &user.identity_info;
            let names = [&identity.first_name, &identity.last_name].map(|name| name.clone().unwrap_or_default()).join(" ");
            let profile = routing_profile(&self.simulation.sim, user.routing_profile_id.as_ref(), &self.simulation.instance);
            let (ours, others): (Vec<_>, Vec<_>) = user.tags.iter().partition(|(key, _)| key.starts_with(PREFIX));
            let owner = if ours.is_empty() { "no owner".to_owned() } else { format!("owned by {}", owner(&ours)) };
            let tags: Vec<_> = others.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let line = format!("  {} {names:?}, routing profile {profile:?}, tags [{}], {owner}", user.username, tags.join(" "));
            self.line(&line);
        }
        if !users.iter().any(|view| view.user.username == USERNAME) {
            self.line(&format!("  (there is no user {USERNAME})"));
        }
    }
}

fn identity(first: &str, last: &str) -> IdentityInfo {
    IdentityInfo { first_name: Some(first.into()), last_name: Some(last.into()), ..IdentityInfo::default() }
}

fn owner(tags: &[(&String, &String)]) -> String {
    let tag = |name: &str| tags.iter().find(|(key, _)| key.ends_with(name)).map_or("", |(_, value)| value.as_str());
    format!("{}/{} ({})", tag("/namespace"), tag("/name"), tag("/uid"))
}

fn routing_profile(sim: &Sim, id: Option<&connect_api::RoutingProfileId>, instance: &connect_api::InstanceId) -> String {
    let names = ["Basic", "Voice"].into_iter();
    let name = names.into_iter().find(|name| sim.routing_profile_id(instance, name).as_ref() == id);
    name.unwrap_or("(none)").to_owned()
}

/// Keeps the steps of passes, and what the operator logs for people.
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let is_ours = event.metadata().target().starts_with("connect_operator");
        let text = match line.step {
            Some(step) => format!("step   {step}"),
            None if is_ours && *event.metadata().level() <= Level::INFO => format!("log    {}", line.message),
            None => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

/// The parts of a log line that a story shows.
#[derive(Default)]
struct Line {
    message: String,
    step: Option<String>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "step" => self.step = Some(format!("{value:?}")),
            _ => {}
        }
    }
}

#[test]
fn transcripts_are_what_the_operator_does() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut stories: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    stories.sort();
    assert!(stories.len() >= 5, "{stories:?}");
    let mut stale = Vec::new();
    for path in stories {
        let before = fs::read_to_string(&path).unwrap();
        let played = play(&before);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &played).unwrap();
        } else if played != before {
            stale.push(format!("{}:\n{played}", path.display()));
        }
    }
    assert!(stale.is_empty(), "stale transcripts; UPDATE_GOLDEN=1 writes them again:\n{}", stale.join("\n"));
}

#[test]
fn a_transcript_holds_no_password() {
    let text = play(
        "> apply\n    username: jane.doe\n    passwordSecretRef: {name: jane-password}\n    routingProfileName: Basic\n    securityProfileNames: [Agent]\n    identityInfo: {firstName: Jane, lastName: Doe}\n> run\n> status\n",
    );
    assert!(text.contains("created") && !text.contains(PASSWORD), "{text}");
}
