//! What to build and how: the Go module of `dev/control-plane`, compiled in so that a checkout need not be found at run time,
//! and the versions read from it so that none is written twice.

use sha2::{Digest, Sha256};

/// The module's `go.mod`.
pub(crate) const GO_MOD: &str = include_str!("../../../dev/control-plane/go.mod");
/// The module's `go.sum`.
pub(crate) const GO_SUM: &str = include_str!("../../../dev/control-plane/go.sum");

const KUBERNETES: &str = "k8s.io/kubernetes";

/// A program to build.
pub(crate) struct Program {
    /// The file's name.
    pub(crate) name: &'static str,
    /// The Go package of its `main`.
    pub(crate) package: &'static str,
    /// The Go module that it comes from.
    module: &'static str,
    /// Roughly the CPU seconds that it adds to a build which starts with an empty Go cache.
    cpu_seconds: u64,
}

/// The programs in the order in which they are built: the quickest first, so that a broken toolchain shows at once.
pub(crate) const PROGRAMS: [Program; 4] = [
    Program { name: "etcd", package: "go.etcd.io/etcd/server/v3", module: "go.etcd.io/etcd/server/v3", cpu_seconds: 90 },
    Program { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", module: KUBERNETES, cpu_seconds: 900 },
    Program {
        name: "kube-controller-manager",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        module: KUBERNETES,
        cpu_seconds: 290,
    },
    Program { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", module: KUBERNETES, cpu_seconds: 70 },
];

impl Program {
    /// The version that `go.mod` requires.
    pub(crate) fn version(&self) -> &'static str {
        required_version(self.module)
    }

    /// About how long a build takes that finds nothing in Go's cache.
    pub(crate) fn estimate(&self, cores: u64) -> String {
        match self.cpu_seconds / cores.max(1) {
            seconds @ 0..90 => format!("{seconds} s"),
            seconds => format!("{} min", seconds.div_ceil(60)),
        }
    }
}

/// The Go release that `go.mod` asks for, without "go".
pub(crate) fn go_version() -> &'static str {
    GO_MOD.lines().find_map(|line| line.strip_prefix("go ")).expect("a go.mod without a go directive does not build").trim()
}

/// Flags of `go build` that decide what comes out. Without the version, clients would be told v0.0.0.
pub(crate) fn build_flags() -> [String; 3] {
    let version = required_version(KUBERNETES);
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    let stamps = [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")];
    let ldflags = stamps.iter().fold("-s -w".to_owned(), |flags, (name, value)| flags + &set(name, value));
    ["-trimpath".into(), "-ldflags".into(), ldflags]
}

/// A directory name that changes whenever the programs would: Kubernetes' version and a hash of all that is built from.
pub(crate) fn key() -> String {
    let mut hash = Sha256::new();
    for part in [GO_MOD, GO_SUM, &build_flags().join(" ")] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let short: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{short}", required_version(KUBERNETES))
}

fn required_version(module: &str) -> &'static str {
    GO_MOD
        .lines()
        .find_map(|line| {
            let line = line.trim();
            let (name, rest) = line.strip_prefix("require ").unwrap_or(line).split_once(' ')?;
            // A `replace` line names the module too, followed by "=>".
            rest.split(' ').next().filter(|version| name == module && version.starts_with('v'))
        })
        .expect("go.mod requires the modules of its tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_go_mod() {
        for program in &PROGRAMS {
            let requirement = format!("\t{} {}", program.module, program.version());
            assert!(GO_MOD.lines().any(|line| line.trim_end_matches(" // indirect") == requirement), "{requirement}");
            assert!(GO_MOD.contains(&format!("\n\t{}\n", program.package)), "{} is no tool of go.mod", program.package);
        }
    }

    #[test]
    fn the_build_is_stamped_with_the_version() {
        let [_, _, ldflags] = build_flags();
        let version = PROGRAMS[1].version();
        let minor = version.split('.').nth(1).unwrap();
        assert!(ldflags.contains(&format!("version.gitVersion={version} ")), "{ldflags}");
        assert!(ldflags.contains(&format!("version.gitMinor={minor} ")), "{ldflags}");
    }

    #[test]
    fn the_key_names_the_version_and_a_hash() {
        let key = key();
        let hash = key.strip_prefix(PROGRAMS[1].version()).and_then(|rest| rest.strip_prefix('-')).unwrap();
        assert!(hash.len() == 10 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
}
