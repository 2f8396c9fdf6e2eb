//! The control plane itself: its files, its three processes, and when it is ready.

use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use parking_lot::Mutex;

use crate::binaries::Binaries;
use crate::kubeconfig::{self, Credentials};
use crate::kubectl::Kubectl;
use crate::pki::{Authority, token_keys};
use crate::ports;
use crate::programs::{AddressInUse, PATIENCE, POLL, check, run, succeeds, wait_for};
use crate::scratch::Scratch;
use crate::supervised::Supervised;

/// The address of the API server for pods and for this machine: the first address of the services, on this machine's end of the
/// link to the node. So no proxy has to translate the address of the service `kubernetes`. The addresses of a node are reserved for
/// benchmarks (RFC 2544), so they are in no real network.
pub(crate) const API_SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 18, 0, 1), 443);
/// The addresses of services, of a control plane with a node.
pub(crate) const SERVICES: &str = "198.18.0.0/24";

/// Another process may take a port between its choice and its use. If that happens this often, something else is wrong.
const ATTEMPTS: usize = 5;

const CONTROLLERS: &str = "garbage-collector-controller,namespace-controller,serviceaccount-controller,\
    serviceaccount-token-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller";

/// How to start a control plane.
#[derive(Clone, Debug)]
pub struct Options {
    /// The programs to run.
    pub binaries: Binaries,
    /// Further flags of kube-apiserver, such as feature gates.
    pub api_server_flags: Vec<String>,
    /// Controllers to run beside the usual ones, by name. Those of workloads create Pods, but without a kubelet no Pod runs.
    pub controllers: Vec<&'static str>,
    /// Whether to run kube-controller-manager at all. Without it, deleted namespaces stay, and owned objects outlive their owners.
    pub controller_manager: bool,
    /// Whether pods run: with all controllers, the admission of service accounts and the rights of kubelets, at the address that pods
    /// know. [`Node::start`](crate::Node::start) sets it, once the address exists.
    pub node: bool,
}

impl Options {
    /// Returns the options of the usual control plane.
    pub fn new(binaries: Binaries) -> Self {
        Self { binaries, api_server_flags: Vec::new(), controllers: Vec::new(), controller_manager: true, node: false }
    }
}

/// A running control plane. Dropping it, or the end of this process, stops it and removes its files.
///
/// The fields are dropped in this order: the programs from the outermost to the store, then the files.
#[derive(Debug)]
pub struct ControlPlane {
    _controller_manager: Option<Supervised>,
    api_server: ApiServer,
    etcd: Mutex<Supervised>,
    kubectl: Kubectl,
    authority: Authority,
    scratch: Scratch,
}

impl ControlPlane {
    /// Starts a control plane on free ports, and waits until it answers and its controllers work.
    ///
    /// # Errors
    /// A program does not start: the error holds the last lines of its log.
    pub fn start(options: Options) -> Result<Self> {
        let mut attempts = 1;
        loop {
            match Self::try_start(&options) {
                Err(error) if error.is::<AddressInUse>() && attempts < ATTEMPTS => attempts += 1,
                result => return result,
            }
        }
    }

    fn try_start(options: &Options) -> Result<Self> {
        let scratch = Scratch::create()?;
        let directory = scratch.path();
        let [store_port, peer_port, port] = ports::free()?;
        let address = match options.node {
            true => API_SERVER,
            false => SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
        };
        let url = format!("https://{address}");
        let program = |name: &str| options.binaries.program(name);
        let path = |name: &str| format!("{}/{name}", directory.display());

        let authority = Authority::new()?;
        let serving = authority.serving(address.ip())?;
        let (token_public_key, token_key) = token_keys()?;
        for (name, content) in [
            ("ca.crt", authority.certificate()),
            ("serving.crt", &serving.certificate),
            ("serving.key", &serving.key),
            ("token.pub", &token_public_key),
            ("token.key", &token_key),
            ("audit-policy.json", AUDIT_POLICY),
        ] {
            kubeconfig::write_private(&directory.join(name), content)?;
        }
        for (name, user, group) in
            [(ADMIN, "admin", Some("system:masters")), ("controller-manager.kubeconfig", "system:kube-controller-manager", None)]
        {
            let identity = authority.client(user, group)?;
            let credentials = Credentials::Certificate(&identity);
            kubeconfig::write(&directory.join(name), &url, authority.certificate(), user, &credentials, "default")?;
        }
        let kubectl = Kubectl::new(program("kubectl"), directory.join(ADMIN), directory.join("kubectl-cache"));

        let store = format!("http://127.0.0.1:{store_port}");
        let peer = format!("http://127.0.0.1:{peer_port}");
        let etcd = run(
            &program("etcd"),
            directory,
            vec![
                "--name=default".into(),
                format!("--data-dir={}", path("etcd")),
                format!("--listen-client-urls={store}"),
                format!("--advertise-client-urls={store}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
                // The data do not outlive the process.
                "--unsafe-no-fsync".into(),
                "--log-level=warn".into(),
            ],
        )?;
        let etcd = Mutex::new(etcd);

        let mut flags = vec![
            format!("--etcd-servers={store}"),
            format!("--secure-port={}", address.port()),
            format!("--bind-address={}", address.ip()),
            format!("--advertise-address={}", address.ip()),
            format!("--cert-dir={}", path("apiserver")),
            format!("--tls-cert-file={}", path("serving.crt")),
            format!("--tls-private-key-file={}", path("serving.key")),
            format!("--client-ca-file={}", path("ca.crt")),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            format!("--service-account-key-file={}", path("token.pub")),
            format!("--service-account-signing-key-file={}", path("token.key")),
            "--endpoint-reconciler-type=none".into(),
            format!("--audit-policy-file={}", path("audit-policy.json")),
            format!("--audit-log-path={}", path(AUDIT)),
        ];
        if options.node {
            let kubelet_client = authority.client("kube-apiserver-kubelet-client", Some("system:masters"))?;
            kubeconfig::write_private(&directory.join("kubelet-client.crt"), &kubelet_client.certificate)?;
            kubeconfig::write_private(&directory.join("kubelet-client.key"), &kubelet_client.key)?;
            flags.extend([
                "--authorization-mode=Node,RBAC".into(),
                "--enable-admission-plugins=NodeRestriction".into(),
                format!("--service-cluster-ip-range={SERVICES}"),
                "--kubelet-preferred-address-types=InternalIP".into(),
                format!("--kubelet-client-certificate={}", path("kubelet-client.crt")),
                format!("--kubelet-client-key={}", path("kubelet-client.key")),
            ]);
        } else {
            flags.extend([
                "--authorization-mode=RBAC".into(),
                "--service-cluster-ip-range=10.0.0.0/24".into(),
                "--disable-admission-plugins=ServiceAccount".into(),
            ]);
        }
        flags.extend(options.api_server_flags.iter().cloned());
        let api_server = ApiServer {
            program: program("kube-apiserver"),
            flags,
            address,
            directory: directory.to_owned(),
            process: Mutex::new(None),
        };
        api_server.start(&etcd, &kubectl)?;

        let controller_manager =
            options.controller_manager.then(|| start_controllers(options, directory, &kubectl)).transpose()?;
        Ok(Self { _controller_manager: controller_manager, api_server, etcd, kubectl, authority, scratch })
    }

    /// Returns the API server's URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.api_server.address)
    }

    /// Returns the directory of the programs' logs (`etcd.log` and so on) and data.
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns the path of the API server's audit log. Each line is an `audit.k8s.io/v1` Event in JSON, about a request of a service
    /// account.
    pub fn audit_log(&self) -> PathBuf {
        self.directory().join(AUDIT)
    }

    /// Returns the path of an administrator's kubeconfig.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.directory().join(ADMIN)
    }

    /// Writes a kubeconfig for an existing service account, with a token that is valid for a day, and returns its path.
    ///
    /// # Errors
    /// There is no such service account.
    pub fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let token = self.kubectl.run(&["create", "token", name, "--namespace", namespace, "--duration=24h"])?;
        let path = self.directory().join(format!("{namespace}.{name}.kubeconfig"));
        kubeconfig::write(&path, &self.url(), self.authority.certificate(), name, &Credentials::Token(token.trim()), namespace)?;
        Ok(path)
    }

    /// Writes a kubeconfig for a program of the cluster, with a certificate, and returns its path.
    pub(crate) fn program_kubeconfig(&self, name: &str, user: &str, group: Option<&str>) -> Result<PathBuf> {
        let path = self.directory().join(format!("{name}.kubeconfig"));
        let identity = self.authority.client(user, group)?;
        let credentials = Credentials::Certificate(&identity);
        kubeconfig::write(&path, &self.url(), self.authority.certificate(), user, &credentials, "default")?;
        Ok(path)
    }

    /// Returns the path of the certificate of the authority that signs clients' certificates.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.directory().join("ca.crt")
    }

    /// Returns kubectl with the administrator's kubeconfig.
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// Kills the API server, as a crash would, and waits for its end. Does nothing if it is already stopped.
    pub fn stop_apiserver(&self) {
        self.api_server.stop();
    }

    /// Starts the API server on the same port, and waits until it is ready. Does nothing if it is running.
    ///
    /// # Errors
    /// It does not start: the error holds the last lines of its log.
    pub fn start_apiserver(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.api_server.start(&self.etcd, &self.kubectl) {
                // Clients have this port in their kubeconfig, so no other will do.
                Err(error) if error.is::<AddressInUse>() && Instant::now() < deadline => thread::sleep(POLL),
                result => return result,
            }
        }
    }

    /// Kills the API server and starts it again.
    ///
    /// # Errors
    /// It does not start: the error holds the last lines of its log.
    pub fn restart_apiserver(&self) -> Result<()> {
        self.stop_apiserver();
        self.start_apiserver()
    }
}

/// Starts kube-controller-manager and waits until its controllers work.
fn start_controllers(options: &Options, directory: &Path, kubectl: &Kubectl) -> Result<Supervised> {
    let path = |name: &str| format!("{}/{name}", directory.display());
    let credentials = path("controller-manager.kubeconfig");
    let controllers = match options.node {
        true => "*".to_owned(),
        false => [&[CONTROLLERS], &*options.controllers].concat().join(","),
    };
    let mut controller_manager = run(
        &options.binaries.program("kube-controller-manager"),
        directory,
        vec![
            format!("--kubeconfig={credentials}"),
            format!("--authentication-kubeconfig={credentials}"),
            format!("--authorization-kubeconfig={credentials}"),
            format!("--controllers={controllers}"),
            "--use-service-account-credentials".into(),
            format!("--service-account-private-key-file={}", path("token.key")),
            format!("--root-ca-file={}", path("ca.crt")),
            "--leader-elect=false".into(),
            "--secure-port=0".into(),
        ],
    )?;
    // A controller creates this account.
    wait_for(&mut controller_manager, || succeeds(kubectl, &["get", "serviceaccount", "default", "--namespace=default"]))?;
    Ok(controller_manager)
}

const ADMIN: &str = "admin.kubeconfig";
const AUDIT: &str = "audit.log";

/// Logs the requests of service accounts, without their bodies. Those of Kubernetes' own controllers are left out.
const AUDIT_POLICY: &str = r#"{
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        { "level": "None", "userGroups": ["system:serviceaccounts:kube-system"] },
        { "level": "Metadata", "userGroups": ["system:serviceaccounts"] },
        { "level": "None" }
    ]
}"#;

/// The API server, which can be stopped and started while the rest keeps running.
#[derive(Debug)]
struct ApiServer {
    program: PathBuf,
    flags: Vec<String>,
    address: SocketAddrV4,
    directory: PathBuf,
    process: Mutex<Option<Supervised>>,
}

impl ApiServer {
    fn start(&self, etcd: &Mutex<Supervised>, kubectl: &Kubectl) -> Result<()> {
        let mut process = self.process.lock();
        if process.is_some() {
            return Ok(());
        }
        let mut started = run(&self.program, &self.directory, self.flags.clone())?;
        wait_for(&mut started, || {
            // If etcd has ended, report that: the API server would only time out.
            check(&mut etcd.lock())?;
            let listens = TcpStream::connect(self.address).is_ok();
            Ok(listens && succeeds(kubectl, &["get", "--raw=/readyz", "--request-timeout=5s"])?)
        })?;
        *process = Some(started);
        Ok(())
    }

    fn stop(&self) {
        drop(self.process.lock().take());
    }
}
