//! Requests to create users, and helpers to inspect the results.

use std::{collections::BTreeMap, time::Duration};

use connect_api::{
    Call, Caller, ConnectExt, CreateUser, CreatedUser, DescribeUser, Error, IdentityInfo, IdentityManagementType, InstanceId,
    Operation, Password, Proficiency, ProficiencyKey, User, UserId,
};
use connect_sim::{Config, InstanceConfig, NamedConfig, Server, Sim, Throttling, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A configuration without throttling, with a manual clock and one instance with resources of every kind.
pub fn config() -> Config {
    let mut instance = InstanceConfig::new("11111111-aaaa-4bbb-8ccc-000000000001");
    instance.hierarchy_groups = ["/EMEA/Berlin", "/EMEA/Paris", "/Americas"].map(NamedConfig::from).into();
    instance.routing_profiles.push("Sales".into());
    instance.predefined_attributes.insert("Language".into(), vec!["english".into(), "german".into()]);
    instance.predefined_attributes.insert("Product".into(), (0..12).map(|i| format!("p{i}")).collect());
    Config { throttling: Throttling::off(), instances: vec![instance], ..Config::manual() }
}

pub fn config_of(identity: IdentityManagementType) -> Config {
    let mut config = config();
    config.instances[0].identity_management_type = identity;
    config
}

pub fn sim() -> Sim {
    sim_with(|_| {})
}

pub fn sim_with(change: impl FnOnce(&mut Config)) -> Sim {
    let mut config = config();
    change(&mut config);
    Sim::new(config).unwrap()
}

pub fn instance() -> InstanceId {
    "11111111-aaaa-4bbb-8ccc-000000000001".into()
}

pub fn names() -> IdentityInfo {
    IdentityInfo { first_name: Some("Jane".into()), last_name: Some("Doe".into()), ..IdentityInfo::default() }
}

/// A request with password and names, as a CONNECT_MANAGED instance requires.
pub fn new_user(sim: &Sim, username: &str) -> CreateUser {
    CreateUser { password: Some(Password::new("Passw0rd")), identity_info: Some(names()), ..sim.new_user(&instance(), username) }
}

/// Makes a call through the API.
pub fn call<O: Operation>(sim: &Sim, request: O) -> Result<O::Output, Error>
where
    O::Output: Send,
{
    futures::executor::block_on(sim.client().call(&Caller::default(), request))
}

pub fn create(sim: &Sim, username: &str) -> CreatedUser {
    call(sim, new_user(sim, username)).unwrap()
}

pub fn describe(sim: &Sim, id: &UserId) -> Result<User, Error> {
    call(sim, DescribeUser { instance: instance(), user: id.clone() })
}

pub fn proficiency(name: &str, value: &str, level: f32) -> Proficiency {
    Proficiency { key: ProficiencyKey { attribute_name: name.into(), attribute_value: value.into() }, level }
}

/// Returns status and code of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String) {
    let error = result.unwrap_err();
    (error.status.unwrap(), error.code.unwrap())
}

pub fn invalid_parameter() -> (u16, String) {
    (400, "InvalidParameterException".into())
}

pub fn invalid_request() -> (u16, String) {
    (400, "InvalidRequestException".into())
}

pub fn not_found() -> (u16, String) {
    (404, "ResourceNotFoundException".into())
}

pub const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Makes any call through the API, without its output.
pub fn send(sim: &Sim, call: impl Into<Call>) -> Result<(), Error> {
    sim.client().call_now(call.into()).map(drop)
}

/// A parsed HTTP reply.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Raw {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn error(&self) -> (u16, &str) {
        (self.status, self.headers.get("x-amzn-errortype").map_or("", String::as_str))
    }
}

pub const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/connect/aws4_request, SignedHeaders=host, Signature=00\r\n";

/// Sends a request over a new connection. Returns None if the connection was closed without a reply.
pub async fn raw(url: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<Raw> {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    // A reset connection has no reply either.
    if stream.read_to_string(&mut reply).await.is_err() || reply.is_empty() {
        return None;
    }
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_owned()));
    Some(Raw { status, headers: lines.filter_map(header).collect(), body: body.to_owned() })
}

/// A simulator behind HTTP, on a free port.
pub struct ServedSim {
    pub sim: Sim,
    server: Server,
}

impl ServedSim {
    pub async fn new(sim: Sim) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { server: serve(sim.clone(), listener).unwrap(), sim }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Sends a signed request.
    pub async fn send(&self, method: &str, path: &str, body: &str) -> Raw {
        raw(&self.url(), method, path, SIGNED, body).await.unwrap()
    }
}
