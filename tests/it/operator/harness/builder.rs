//! How a harness is set up and started.

use std::{os::unix::fs::symlink, path::PathBuf, sync::Arc, time::Duration};

use connect_sim::{Config, Fault, InstanceConfig, RoleConfig, Rules, Server, Sim, StsConfig, Throttling};
use control_plane::{ControlPlane, Namespace};
use serde_json::json;
use tempfile::TempDir;
use testbed::installation::{self, install};

use super::{DIRECTORY, ELSEWHERE, Harness, OTHER_ACCOUNT, OTHER_ROLE, PASSWORD, SAML, SECRET};
use crate::{
    operator::process::Operator,
    support::{eventually, read},
};

/// A harness that has not been started yet.
#[derive(Debug)]
#[must_use]
pub struct HarnessBuilder<'plane> {
    plane: &'plane ControlPlane,
    kubeconfig: PathBuf,
    prefix: &'static str,
    connect: Option<(Sim, Arc<Server>)>,
    config: Config,
    hurry: bool,
    elected: bool,
    flags: Vec<String>,
    file: Option<ConfigFile>,
    faults: Vec<Fault>,
    environment: Vec<(String, String)>,
    sts: bool,
}

impl<'plane> HarnessBuilder<'plane> {
    pub(super) fn new(plane: &'plane ControlPlane, prefix: &'static str, kubeconfig: PathBuf) -> Self {
        let (connect, flags, file, faults, environment) = Default::default();
        let (hurry, elected, sts) = (true, false, false);
        Self { plane, kubeconfig, prefix, connect, config: config(), hurry, elected, flags, file, faults, environment, sts }
    }

    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Lets the operator find the API server by this kubeconfig, which leads to a proxy.
    pub fn through(mut self, kubeconfig: PathBuf) -> Self {
        self.kubeconfig = kubeconfig;
        self
    }

    /// Sets a variable of the operator's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn config_file(mut self, yaml: &str) -> Self {
        let file = ConfigFile::new(yaml);
        let flag = format!("--config={}", file.path().display());
        self.file = Some(file);
        self.flag(&flag)
    }

    /// Adds a second account, whose instance is in another Region, and an STS that knows the account of the operator's key and
    /// lets it assume the role of the other account, in sessions of this duration.
    pub fn with_two_accounts(mut self, session_duration: Duration) -> Self {
        let (arn, external_id) = OTHER_ROLE;
        self.config.instances.push(InstanceConfig {
            account: OTHER_ACCOUNT.into(),
            region: "eu-central-1".into(),
            ..InstanceConfig::new(ELSEWHERE)
        });
        self.config.sts = StsConfig {
            access_keys: [("AKIDEXAMPLE".to_owned(), "123456789012".to_owned())].into(),
            roles: vec![RoleConfig { external_id: Some(external_id.into()), session_duration, ..RoleConfig::new(arn) }],
        };
        self.sts = true;
        self
    }

    /// Adds a role that the operator may assume without an external id.
    pub fn with_role(mut self, arn: &str) -> Self {
        self.config.sts.roles.push(RoleConfig::new(arn));
        self
    }

    /// Adds a replica of the first instance in this Region.
    pub fn with_replica(mut self, region: &str) -> Self {
        let replica = InstanceConfig { region: region.into(), ..self.config.instances[0].clone() };
        self.config.instances.push(replica);
        self
    }

    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Applies the rates that AWS allows. By default there are no limits on either side.
    pub fn at_real_rates(mut self) -> Self {
        self.config.throttling = Throttling::default();
        self.hurry = false;
        self
    }

    /// Makes Connect follow these rules where its documents contradict each other or leave something open.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.config.rules = rules;
        self
    }

    /// Makes the operator work only while it leads. The Lease is in the harness's namespace, so that it does not affect the
    /// operators of other harnesses, and the rights to it are those that the operator is installed with.
    pub fn leader_election(mut self) -> Self {
        self.elected = true;
        self.flag("--leader-elect")
    }

    pub fn sharing_connect_with(mut self, other: &Harness<'_>) -> Self {
        self.connect = Some((other.sim.clone(), other.server.clone()));
        self
    }

    pub async fn start(self) -> Harness<'plane> {
        let client = installation::client(&self.plane.admin_kubeconfig()).await.unwrap();
        let namespace = Namespace::create(self.plane, self.prefix).unwrap();
        let (sim, server) = match self.connect {
            Some(connect) => connect,
            None => {
                let (sim, server) = installation::connect(self.config).await.unwrap();
                (sim, Arc::new(server))
            }
        };
        let mut flags = vec![format!("--namespace={}", namespace.name()), format!("--aws-endpoint-url={}", server.url())];
        if self.hurry {
            flags.extend(["--calls-per-second=100000", "--call-burst=100000"].map(str::to_owned));
        }
        if self.elected {
            give_lease(self.plane, namespace.name());
            flags.push(format!("--leader-election-namespace={}", namespace.name()));
        }
        self.faults.into_iter().for_each(|fault| sim.inject(fault));
        // Otherwise the operator has no STS to ask for the account of its key.
        let sts = self.sts.then(|| ("AWS_ENDPOINT_URL_STS".to_owned(), server.url()));
        let environment = sts.into_iter().chain(self.environment).collect();
        flags.extend(self.flags);
        for (name, default) in [
            // The calls of sweeps would be among those that tests count.
            ("--sweep-interval", "--sweep-interval=0"),
            // Tests delete most of the users that they have created.
            ("--deletion-guard", "--deletion-guard-share=1"),
            ("--log-level", "--log-level=info,connect_operator=debug"),
        ] {
            if !flags.iter().any(|flag| flag.starts_with(name)) {
                flags.push(default.to_owned());
            }
        }
        let operator = Operator::start(&self.kubeconfig, flags, environment);
        let harness =
            Harness { operator, file: self.file, sim, server, client, namespace, plane: self.plane, kubeconfig: self.kubeconfig };
        harness.secret(SECRET, json!({ "password": PASSWORD })).await;
        harness
    }
}

/// A configuration file like in the volume of a ConfigMap: a link to a link, of which the second is replaced.
#[derive(Debug)]
pub(super) struct ConfigFile {
    volume: TempDir,
}

impl ConfigFile {
    fn new(yaml: &str) -> Self {
        let file = Self { volume: tempfile::tempdir().unwrap() };
        symlink("..data/config.yaml", file.path()).unwrap();
        file.write(yaml);
        file
    }

    fn path(&self) -> PathBuf {
        self.volume.path().join("config.yaml")
    }

    pub(super) fn write(&self, yaml: &str) {
        let version = tempfile::tempdir_in(self.volume.path()).unwrap().keep();
        std::fs::write(version.join("config.yaml"), yaml).unwrap();
        let new = self.volume.path().join("..data_tmp");
        symlink(version, &new).unwrap();
        std::fs::rename(new, self.volume.path().join("..data")).unwrap();
    }
}

/// Returns the configuration of three instances. Most tests use the first one, which is CONNECT_MANAGED.
fn config() -> Config {
    let instance = InstanceConfig {
        routing_profiles: ["Basic Routing Profile", "Sales"].map(Into::into).into(),
        hierarchy_groups: ["/North/Hamburg", "/South/Munich"].map(Into::into).into(),
        predefined_attributes: [("Language".to_owned(), ["Danish", "French", "German"].map(str::to_owned).into())].into(),
        ..InstanceConfig::default()
    };
    let saml =
        InstanceConfig { identity_management_type: connect_api::IdentityManagementType::Saml, ..InstanceConfig::new(SAML) };
    let directory = InstanceConfig {
        identity_management_type: connect_api::IdentityManagementType::ExistingDirectory,
        directory_reachable: false,
        ..InstanceConfig::new(DIRECTORY)
    };
    Config { throttling: Throttling::off(), instances: vec![instance, saml, directory], ..Config::default() }
}

/// Returns the shipped manifests except the definition of ConnectUser: those of deploy/install.yaml, which is the rendered chart.
fn shipped() -> String {
    read("deploy/kustomize/base/operator.yaml")
}

/// Gives the operator the rights to its Lease in this namespace too.
fn give_lease(plane: &ControlPlane, namespace: &str) {
    let shipped = shipped();
    let of_lease = shipped.split("---\n").filter(|part| part.contains("kind: Role\n") || part.contains("kind: RoleBinding\n"));
    // The subject, which is indented further, stays the same.
    let here =
        of_lease.map(|part| part.replace("\n  namespace: connect-operator-system", &format!("\n  namespace: {namespace}")));
    install(plane, &here.collect::<Vec<_>>().join("---\n")).unwrap();
}

/// Gives the operator exactly the rights that it is shipped with. Returns its kubeconfig.
pub(super) fn install_rights(plane: &ControlPlane) -> PathBuf {
    install(plane, &shipped()).unwrap();
    let kubeconfig = installation::operators_kubeconfig(plane).unwrap();
    let operator = plane.kubectl().with_kubeconfig(&kubeconfig);
    // The API server watches the rights and takes a moment to apply them.
    eventually("the operator's rights are in force", || operator.run(&["auth", "can-i", "get", "secrets", "-A"]).is_ok());
    kubeconfig
}
