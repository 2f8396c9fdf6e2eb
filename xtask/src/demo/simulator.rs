//! The simulator, asked over HTTP: what it holds, what it was asked to do, and its console, at which somebody may change things.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;

/// An HTTP client for loopback.
pub(super) fn agent() -> Agent {
    Agent::config_builder().proxy(None).timeout_global(Some(Duration::from_secs(10))).build().into()
}

/// Calls that were to change something, by operation and whether they did.
pub(super) type Writes = BTreeMap<String, u64>;

/// A running simulator with one instance.
pub(super) struct Simulator {
    agent: Agent,
    url: String,
    instance: String,
    /// What profiles and groups are called, by id.
    names: BTreeMap<String, String>,
}

impl Simulator {
    /// The simulator at this URL.
    pub(super) fn at(url: String) -> Result<Self> {
        let mut simulator = Self { agent: agent(), url, instance: String::new(), names: BTreeMap::new() };
        simulator.instance = simulator.state()?.id;
        for (listing, member) in [
            ("routing-profiles-summary", "RoutingProfileSummaryList"),
            ("security-profiles-summary", "SecurityProfileSummaryList"),
            ("user-hierarchy-groups-summary", "UserHierarchyGroupSummaryList"),
        ] {
            let path = format!("/_sim/console/{listing}/{}?maxResults=1000", simulator.instance);
            let mut page: BTreeMap<String, Value> = simulator.get(&path)?;
            let named: Vec<Named> = serde_json::from_value(page.remove(member).unwrap_or_default())
                .with_context(|| format!("{path} answered without {member}"))?;
            simulator.names.extend(named.into_iter().map(|named| (named.id, named.name)));
        }
        Ok(simulator)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The id of its instance.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// What this id of a profile or group is called.
    pub(super) fn name_of(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The id of the profile or group that is called so.
    pub(super) fn id_of(&self, name: &str) -> Result<&str> {
        let found = self.names.iter().find(|(_, called)| *called == name);
        found.map(|(id, _)| id.as_str()).with_context(|| format!("nothing in the instance is called {name:?}"))
    }

    /// The users, as DescribeUser would show them, with one member more: their `Proficiencies`.
    pub(super) fn users(&self) -> Result<Vec<Value>> {
        let with_proficiencies = |held: Held| {
            let Held { mut user, proficiencies } = held;
            user["Proficiencies"] = proficiencies;
            user
        };
        Ok(self.state()?.users.into_iter().map(with_proficiencies).collect())
    }

    /// The writes since the start; those that failed are told apart. What was done at the console is not among them.
    pub(super) fn writes(&self) -> Result<Writes> {
        #[derive(Deserialize)]
        struct Calls {
            operations: BTreeMap<String, Operation>,
        }
        #[derive(Deserialize)]
        struct Operation {
            succeeded: u64,
            failed: u64,
        }
        let calls: Calls = self.get("/_sim/calls")?;
        let is_read = |name: &str| ["Describe", "List", "Search"].iter().any(|verb| name.starts_with(verb));
        let mut writes = Writes::new();
        for (name, Operation { succeeded, failed }) in calls.operations {
            if !is_read(&name) {
                writes.insert(format!("{name} (refused)"), failed);
                writes.insert(name, succeeded);
            }
        }
        Ok(writes)
    }

    /// Does what a person does at Connect's console: one call to this path of the API.
    pub(super) fn at_console(&self, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}/_sim/console{path}", self.url);
        self.agent.post(&url).send_json(body).with_context(|| format!("POST {url}"))?;
        Ok(())
    }

    fn state(&self) -> Result<Instance> {
        #[derive(Deserialize)]
        struct State {
            instances: Vec<Instance>,
        }
        self.get::<State>("/_sim/state")?.instances.pop().context("the simulator holds no instance")
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}{path}", self.url);
        let mut reply = self.agent.get(&url).call().with_context(|| format!("GET {url}"))?;
        reply.body_mut().read_json().with_context(|| format!("GET {url} answered with something else"))
    }
}

#[derive(Deserialize)]
struct Instance {
    id: String,
    users: Vec<Held>,
}

#[derive(Deserialize)]
struct Held {
    user: Value,
    proficiencies: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    id: String,
    name: String,
}
