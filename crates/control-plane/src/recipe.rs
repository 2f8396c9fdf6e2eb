//! What to build and how: the Go modules of `dev/`, compiled in so that a checkout need not be found at run time, and the
//! versions read from them so that none is written twice.

use sha2::{Digest, Sha256};

const KUBERNETES: &str = "k8s.io/kubernetes";
const HELM: &str = "helm.sh/helm/v4";
const HELM3: &str = "helm.sh/helm/v3";
const PROMETHEUS: &str = "github.com/prometheus/prometheus";
const ACTIONLINT: &str = "github.com/rhysd/actionlint";

/// A Go module and the programs that are built of it.
#[derive(Debug)]
pub(crate) struct Module {
    /// Before the version in the name of the directory that the programs are kept in.
    prefix: &'static str,
    /// The Go module whose version names that directory.
    named_by: &'static str,
    /// Its `go.mod`.
    pub(crate) go_mod: &'static str,
    /// Its `go.sum`.
    pub(crate) go_sum: &'static str,
    /// Its own sources, by file name.
    pub(crate) sources: &'static [(&'static str, &'static str)],
    /// The programs in the order in which they are built: the quickest first, so that a broken toolchain shows at once.
    pub(crate) programs: &'static [Program],
    /// Go's build tags.
    tags: &'static str,
    /// Whether clients ask the programs for Kubernetes' version. Unstamped, they would be told v0.0.0.
    stamped: bool,
    /// What a machine without Go can do instead of building.
    pub(crate) instead: &'static str,
}

/// A program to build.
#[derive(Debug)]
pub(crate) struct Program {
    /// The file's name.
    pub(crate) name: &'static str,
    /// The Go package of its `main`.
    pub(crate) package: &'static str,
    /// The Go module that its version is that of.
    module: &'static str,
    /// Roughly the CPU seconds that it adds to a build which starts with an empty Go cache.
    cpu_seconds: u64,
}

/// A real Kubernetes control plane.
pub(crate) static CONTROL_PLANE: Module = Module {
    prefix: "",
    named_by: KUBERNETES,
    go_mod: include_str!("../../../dev/control-plane/go.mod"),
    go_sum: include_str!("../../../dev/control-plane/go.sum"),
    sources: &[],
    programs: &[
        Program { name: "etcd", package: "go.etcd.io/etcd/server/v3", module: "go.etcd.io/etcd/server/v3", cpu_seconds: 90 },
        Program { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", module: KUBERNETES, cpu_seconds: 900 },
        Program {
            name: "kube-controller-manager",
            package: "k8s.io/kubernetes/cmd/kube-controller-manager",
            module: KUBERNETES,
            cpu_seconds: 290,
        },
        Program { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", module: KUBERNETES, cpu_seconds: 70 },
    ],
    tags: "",
    stamped: true,
    instead: ", or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver, kube-controller-manager, kubectl",
};

/// What GitOps tools make of a resource, by their own code.
pub(crate) static GITOPS: Module = Module {
    prefix: "gitops-",
    named_by: HELM,
    go_mod: include_str!("../../../dev/gitops/go.mod"),
    go_sum: include_str!("../../../dev/gitops/go.sum"),
    sources: &[("main.go", include_str!("../../../dev/gitops/main.go"))],
    programs: &[
        Program { name: "judge", package: ".", module: "sigs.k8s.io/cli-utils", cpu_seconds: 20 },
        Program { name: "helm", package: "helm.sh/helm/v4/cmd/helm", module: HELM, cpu_seconds: 220 },
    ],
    tags: "",
    stamped: false,
    instead: "",
};

/// Prometheus' own check of alerts and queries. Nothing is discovered or scraped, which leaves out most of its dependencies.
pub(crate) static MONITORING: Module = Module {
    prefix: "monitoring-",
    named_by: PROMETHEUS,
    go_mod: include_str!("../../../dev/monitoring/go.mod"),
    go_sum: include_str!("../../../dev/monitoring/go.sum"),
    sources: &[],
    programs: &[Program {
        name: "promtool",
        package: "github.com/prometheus/prometheus/cmd/promtool",
        module: PROMETHEUS,
        cpu_seconds: 210,
    }],
    tags: "remove_all_sd",
    stamped: false,
    instead: "",
};

/// The check of the workflows in `.github`.
pub(crate) static WORKFLOWS: Module = Module {
    prefix: "workflows-",
    named_by: ACTIONLINT,
    go_mod: include_str!("../../../dev/workflows/go.mod"),
    go_sum: include_str!("../../../dev/workflows/go.sum"),
    sources: &[],
    programs: &[Program {
        name: "actionlint",
        package: "github.com/rhysd/actionlint/cmd/actionlint",
        module: ACTIONLINT,
        cpu_seconds: 10,
    }],
    tags: "",
    stamped: false,
    instead: "",
};

/// Helm 3, whose charts Helm 4 takes too, and which many still have.
pub(crate) static HELM_3: Module = Module {
    prefix: "helm3-",
    named_by: HELM3,
    go_mod: include_str!("../../../dev/helm3/go.mod"),
    go_sum: include_str!("../../../dev/helm3/go.sum"),
    sources: &[],
    programs: &[Program { name: "helm3", package: "helm.sh/helm/v3/cmd/helm", module: HELM3, cpu_seconds: 210 }],
    stamped: false,
    instead: "",
    tags: "",
};

impl Module {
    /// The Go release that `go.mod` asks for, without "go".
    pub(crate) fn go_version(&self) -> &'static str {
        let version = self.go_mod.lines().find_map(|line| line.strip_prefix("go "));
        version.expect("a go.mod without a go directive does not build").trim()
    }

    /// Flags of `go build` that decide what comes out.
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

    /// A directory name that changes whenever the programs would: a version and a hash of all that is built from.
    pub(crate) fn key(&self) -> String {
        let mut hash = Sha256::new();
        let flags = self.build_flags().join(" ");
        for part in [self.go_mod, self.go_sum, &flags].into_iter().chain(self.sources.iter().map(|(_, source)| *source)) {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let short: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("{}{}-{short}", self.prefix, self.required_version(self.named_by))
    }

    /// The version of a program that `go.mod` requires.
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
    /// About how long a build takes that finds nothing in Go's cache.
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
        for module in [&CONTROL_PLANE, &GITOPS, &HELM_3, &MONITORING, &WORKFLOWS] {
            for program in module.programs {
                let requirement = format!("\t{} {}", program.module, module.version(program));
                let is_required = |line: &str| line.trim_end_matches(" // indirect") == requirement;
                assert!(module.go_mod.lines().any(is_required), "{requirement}");
                let tool = [format!("\n\t{}\n", program.package), format!("\ntool {}\n", program.package)];
                let is_tool = tool.iter().any(|line| module.go_mod.contains(line));
                assert!(is_tool || program.package == ".", "{} is no tool of go.mod", program.package);
            }
        }
    }

    #[test]
    fn one_go_builds_all_modules() {
        for module in [&GITOPS, &HELM_3, &MONITORING, &WORKFLOWS] {
            assert_eq!(CONTROL_PLANE.go_version(), module.go_version());
        }
    }

    #[test]
    fn without_go_there_is_a_way_that_names_every_program() {
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
