//! The Go modules to build, from `dev/`. They are compiled in, so that no checkout has to be found at run time. Versions are read
//! from them, so that each is written once.

use sha2::{Digest, Sha256};

use crate::download::PUBLISHED;

const KUBERNETES: &str = "k8s.io/kubernetes";
const HELM: &str = "helm.sh/helm/v4";
const HELM3: &str = "helm.sh/helm/v3";
const PROMETHEUS: &str = "github.com/prometheus/prometheus";
const COSIGN: &str = "github.com/sigstore/cosign/v3";
const CRANE: &str = "github.com/google/go-containerregistry";
const KUBE_ROUTER: &str = "github.com/cloudnativelabs/kube-router/v2";
const ACTIONLINT: &str = "github.com/rhysd/actionlint";
pub(crate) const ARGO_CD: &str = "github.com/argoproj/argo-cd/v3";

/// A Go module and the programs built from it.
#[derive(Debug)]
pub(crate) struct Module {
    /// Precedes the version in the name of the programs' directory.
    prefix: &'static str,
    /// The Go module whose version names that directory.
    named_by: &'static str,
    pub(crate) go_mod: &'static str,
    pub(crate) go_sum: &'static str,
    /// Its own sources, by file name.
    pub(crate) sources: &'static [(&'static str, &'static str)],
    /// The programs in the order in which they are built: the quickest first, so that a broken toolchain shows at once.
    pub(crate) programs: &'static [Program],
    /// Files to keep beside the programs, by their paths in the Go module that names the directory.
    pub(crate) files: &'static [&'static str],
    tags: &'static str,
    /// Whether to stamp Kubernetes' version into the programs. Without it, they report v0.0.0 to clients.
    stamped: bool,
    /// The way out for a machine without Go: the end of an error message.
    pub(crate) instead: &'static str,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The Go package of its `main`.
    pub(crate) package: &'static str,
    /// The Go module with the same version.
    module: &'static str,
    /// Roughly the CPU seconds that it adds to a build which starts with an empty Go cache.
    cpu_seconds: u64,
}

const fn program(name: &'static str, package: &'static str, module: &'static str, cpu_seconds: u64) -> Program {
    Program { name, package, module, cpu_seconds }
}

/// A real Kubernetes control plane, of the newest version.
pub(crate) static CONTROL_PLANE: Module = Module {
    go_mod: include_str!("../../../dev/control-plane/go.mod"),
    go_sum: include_str!("../../../dev/control-plane/go.sum"),
    ..ANY_CONTROL_PLANE
};

/// One of the oldest version that can be had.
pub(crate) static OLDEST_CONTROL_PLANE: Module = Module {
    go_mod: include_str!("../../../dev/control-plane-oldest/go.mod"),
    go_sum: include_str!("../../../dev/control-plane-oldest/go.sum"),
    ..ANY_CONTROL_PLANE
};

const ANY_CONTROL_PLANE: Module = Module {
    named_by: KUBERNETES,
    programs: &[
        program("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3", 90),
        program("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES, 900),
        program("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", KUBERNETES, 290),
        program("kubectl", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES, 70),
    ],
    stamped: true,
    instead: ", or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver, kube-controller-manager, kubectl",
    ..PLAIN
};

/// Programs that assess a resource with the code of GitOps tools.
static GITOPS: Module = Module {
    prefix: "gitops-",
    named_by: HELM,
    go_mod: include_str!("../../../dev/gitops/go.mod"),
    go_sum: include_str!("../../../dev/gitops/go.sum"),
    sources: &[("main.go", include_str!("../../../dev/gitops/main.go"))],
    programs: &[program("judge", ".", "sigs.k8s.io/cli-utils", 20), program("helm", "helm.sh/helm/v4/cmd/helm", HELM, 220)],
    ..PLAIN
};

/// Prometheus' own check of alerts and queries. Without service discovery, most of its dependencies are left out.
static MONITORING: Module = Module {
    prefix: "monitoring-",
    named_by: PROMETHEUS,
    go_mod: include_str!("../../../dev/monitoring/go.mod"),
    go_sum: include_str!("../../../dev/monitoring/go.sum"),
    programs: &[program("promtool", "github.com/prometheus/prometheus/cmd/promtool", PROMETHEUS, 210)],
    tags: "remove_all_sd",
    ..PLAIN
};

/// The program that checks the workflows in `.github`.
static WORKFLOWS: Module = Module {
    prefix: "workflows-",
    named_by: ACTIONLINT,
    go_mod: include_str!("../../../dev/workflows/go.mod"),
    go_sum: include_str!("../../../dev/workflows/go.sum"),
    programs: &[program("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT, 10)],
    ..PLAIN
};

/// Helm 3, which is still in wide use. Helm 4 accepts its charts.
static HELM_3: Module = Module {
    prefix: "helm3-",
    named_by: HELM3,
    go_mod: include_str!("../../../dev/helm3/go.mod"),
    go_sum: include_str!("../../../dev/helm3/go.sum"),
    programs: &[program("helm3", "helm.sh/helm/v3/cmd/helm", HELM3, 210)],
    ..PLAIN
};

/// cosign, which signs and verifies releases, and crane, a registry and its client.
static COSIGN_AND_CRANE: Module = Module {
    prefix: "cosign-",
    named_by: COSIGN,
    go_mod: include_str!("../../../dev/cosign/go.mod"),
    go_sum: include_str!("../../../dev/cosign/go.sum"),
    programs: &[
        program("crane", "github.com/google/go-containerregistry/cmd/crane", CRANE, 40),
        program("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", COSIGN, 300),
    ],
    ..PLAIN
};

/// The programs of a node. With the control plane's dependencies in Go's build cache, they take about three minutes.
static NODE: Module = Module {
    prefix: "node-",
    named_by: KUBERNETES,
    go_mod: include_str!("../../../dev/node/go.mod"),
    go_sum: include_str!("../../../dev/node/go.sum"),
    sources: &[("pause.go", include_str!("../../../dev/node/pause.go"))],
    programs: &[
        program("pause", ".", KUBERNETES, 5),
        program("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", KUBERNETES, 600),
        program("kubelet", "k8s.io/kubernetes/cmd/kubelet", KUBERNETES, 300),
    ],
    stamped: true,
    ..PLAIN
};

/// What enforces NetworkPolicies on a node.
static NETWORK: Module = Module {
    prefix: "network-",
    named_by: KUBE_ROUTER,
    go_mod: include_str!("../../../dev/network/go.mod"),
    go_sum: include_str!("../../../dev/network/go.sum"),
    programs: &[program("kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", KUBE_ROUTER, 180)],
    ..PLAIN
};

/// Argo CD: one program, whose name at run time selects its part, and what it installs in a cluster.
static ARGOCD: Module = Module {
    prefix: "argocd-",
    named_by: ARGO_CD,
    go_mod: include_str!("../../../dev/argocd/go.mod"),
    go_sum: include_str!("../../../dev/argocd/go.sum"),
    programs: &[program("argocd", "github.com/argoproj/argo-cd/v3/cmd", ARGO_CD, 1680)],
    files: &[
        "hack/git-verify-wrapper.sh",
        "manifests/crds/application-crd.yaml",
        "manifests/crds/applicationset-crd.yaml",
        "manifests/crds/appproject-crd.yaml",
    ],
    ..PLAIN
};

/// All modules but the control plane's.
pub(crate) const TOOLS: [&Module; 8] = [&GITOPS, &HELM_3, &MONITORING, &WORKFLOWS, &NODE, &NETWORK, &ARGOCD, &COSIGN_AND_CRANE];

/// The defaults of a module.
const PLAIN: Module = Module {
    prefix: "",
    named_by: "",
    go_mod: "",
    go_sum: "",
    sources: &[],
    programs: &[],
    files: &[],
    tags: "",
    stamped: false,
    instead: "",
};

impl Module {
    /// Returns the Go release that `go.mod` requires, without "go".
    pub(crate) fn go_version(&self) -> &'static str {
        let version = self.go_mod.lines().find_map(|line| line.strip_prefix("go "));
        version.expect("a go.mod without a go directive does not build").trim()
    }

    /// Returns the flags of `go build` that affect its output.
    pub(crate) fn build_flags(&self) -> Vec<String> {
        let mut ldflags = "-s -w".to_owned();
        if self.stamped {
            let version = self.required_version(KUBERNETES);
            let mut parts = version.trim_start_matches('v').split('.');
            let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            for (name, value) in [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")] {
                ldflags += &format!(" -X k8s.io/component-base/version.{name}={value}");
            }
        }
        let tags = Some(format!("-tags={}", self.tags)).filter(|_| !self.tags.is_empty());
        ["-trimpath".into()].into_iter().chain(tags).chain(["-ldflags".into(), ldflags]).collect()
    }

    /// Returns a directory name that changes whenever the programs would: a version and a hash of the build's inputs.
    pub(crate) fn key(&self) -> String {
        let mut hash = Sha256::new();
        let flags = self.build_flags().join(" ");
        let sources = self.sources.iter().map(|(_, source)| *source).chain(self.files.iter().copied());
        for part in [self.go_mod, self.go_sum, &flags].into_iter().chain(sources) {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let short: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("{}{}-{short}", self.prefix, self.main_version())
    }

    /// Returns the Go module whose version names the programs' directory.
    pub(crate) fn named_by(&self) -> &'static str {
        self.named_by
    }

    /// Returns the version that names the programs' directory.
    pub(crate) fn main_version(&self) -> &'static str {
        self.required_version(self.named_by)
    }

    /// Returns whether envtest publishes this program.
    pub(crate) fn is_published(&self, program: &Program) -> bool {
        self.stamped && PUBLISHED.contains(&program.name)
    }

    /// Returns the version of a program that `go.mod` requires.
    pub(crate) fn version(&self, program: &Program) -> &'static str {
        self.required_version(program.module)
    }

    fn required_version(&self, module: &str) -> &'static str {
        self.go_mod
            .lines()
            .find_map(|line| {
                let line = line.trim();
                let (name, rest) = line.strip_prefix("require ").unwrap_or(line).split_once(' ')?;
                // A `replace` line names the module too, followed by "=>".
                rest.split(' ').next().filter(|version| name == module && version.starts_with('v'))
            })
            .expect("go.mod requires the modules of its tools")
    }
}

impl Program {
    /// Returns the approximate time of a build with an empty Go cache.
    pub(crate) fn estimate(&self, cores: u64) -> String {
        match self.cpu_seconds / cores.max(1) {
            seconds @ 0..90 => format!("{seconds} s"),
            seconds => format!("{} min", seconds.div_ceil(60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_go_mod() {
        for module in [&CONTROL_PLANE, &OLDEST_CONTROL_PLANE].into_iter().chain(TOOLS) {
            for program in module.programs {
                let requirement = format!("\t{} {}", program.module, module.version(program));
                let is_required = |line: &str| line.trim_end_matches(" // indirect") == requirement;
                assert!(module.go_mod.lines().any(is_required), "{requirement}");
                let tool = [format!("\n\t{}\n", program.package), format!("\ntool {}\n", program.package)];
                let is_tool = tool.iter().any(|line| module.go_mod.contains(line));
                assert!(is_tool || program.package == ".", "{} is not a tool in go.mod", program.package);
            }
        }
    }

    #[test]
    fn one_go_builds_all_modules_but_argo_cd() {
        for module in TOOLS.into_iter().filter(|module| module.named_by != ARGO_CD) {
            assert_eq!(CONTROL_PLANE.go_version(), module.go_version());
        }
    }

    #[test]
    fn node_and_control_plane_have_one_version() {
        assert_eq!(CONTROL_PLANE.main_version(), NODE.main_version());
    }

    #[test]
    fn hint_for_machines_without_go_names_every_program() {
        assert!(CONTROL_PLANE.instead.ends_with(&CONTROL_PLANE.programs.iter().map(|p| p.name).collect::<Vec<_>>().join(", ")));
    }

    #[test]
    fn the_build_is_stamped_with_the_version() {
        let ldflags = CONTROL_PLANE.build_flags().pop().unwrap();
        let version = CONTROL_PLANE.version(&CONTROL_PLANE.programs[1]);
        let minor = version.split('.').nth(1).unwrap();
        assert!(ldflags.contains(&format!("version.gitVersion={version} ")), "{ldflags}");
        assert!(ldflags.contains(&format!("version.gitMinor={minor} ")), "{ldflags}");
    }

    #[test]
    fn the_key_names_the_version_and_a_hash() {
        let plane = format!("{}-", CONTROL_PLANE.version(&CONTROL_PLANE.programs[1]));
        let gitops = format!("gitops-{}-", GITOPS.version(&GITOPS.programs[1]));
        let helm3 = format!("helm3-{}-", HELM_3.version(&HELM_3.programs[0]));
        for (module, start) in [(&CONTROL_PLANE, plane), (&GITOPS, gitops), (&HELM_3, helm3)] {
            let key = module.key();
            let hash = key.strip_prefix(&start).unwrap();
            assert!(hash.len() == 10 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        }
    }
}
