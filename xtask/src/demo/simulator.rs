//! A client of the simulator: its state, its counts of calls, and its console, which changes users behind the operator's back.

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

/// The numbers of writing calls, by operation. Failed calls are counted apart.
pub(super) type Writes = BTreeMap<String, u64>;

/// A running simulator with one instance.
pub(super) struct Simulator {
    agent: Agent,
    url: String,
    instance: String,
    /// The names of profiles and groups, by id.
    names: BTreeMap<String, String>,
}

impl Simulator {
    /// Connects to the simulator at this URL.
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

    /// Returns the id of its instance.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the name of a profile or group, or the id if it is unknown.
    pub(super) fn name_of(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Returns the id of the profile or group with this name.
    pub(super) fn id_of(&self, name: &str) -> Result<&str> {
        let found = self.names.iter().find(|(_, called)| *called == name);
        found.map(|(id, _)| id.as_str()).with_context(|| format!("the instance has nothing with the name {name:?}"))
    }

    /// Returns the users as DescribeUser does, with their `Proficiencies` added.
    pub(super) fn users(&self) -> Result<Vec<Value>> {
        let with_proficiencies = |held: Held| {
            let Held { mut user, proficiencies } = held;
            user["Proficiencies"] = proficiencies;
            user
        };
        Ok(self.state()?.users.into_iter().map(with_proficiencies).collect())
    }

    /// Returns the writes since the start, without those made at the console.
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

    /// Makes a call to this path of the API, as a person at Connect's console would.
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
