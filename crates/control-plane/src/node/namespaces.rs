//! The namespaces and cgroups in which a node runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{API_SERVER, NODE, PODS};
use crate::programs::wait_for;
use crate::scratch::AtTheEnd;
use crate::supervised::Supervised;

/// The name of this machine's end of the link to the node. There can be one.
const LINK: &str = "operator-e2e";

/// The namespaces, which end with `unshare`.
const UNSHARE: [&str; 6] = ["--fork", "--kill-child", "--pid", "--mount", "--net", "--mount-proc"];

/// The first process of the namespaces. It hides the directories in which the programs keep data, whatever their configuration
/// says; it shows the kubelet the settings of the kernel that it would otherwise change for the whole machine; and it collects
/// processes that have lost their parent.
const FIRST_PROCESS: &str = r#"
set -e
for directory in /run /var/lib /var/log; do
    mkdir -p "$1$directory"
    [ -d "$directory" ] && mount --bind "$1$directory" "$directory"
done
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=$1/sys/${setting%=*}
    mkdir -p "${file%/*}"
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
done
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
echo ready
while :; do sleep 5; done
"#;

/// Removes the cgroups once their processes have ended.
const REMOVE_CGROUPS: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    find /sys/fs/cgroup -depth -type d -path "*/$1/*" -exec rmdir {} +
    find /sys/fs/cgroup -maxdepth 2 -type d -name "$1" -exec rmdir {} +
    find /sys/fs/cgroup -maxdepth 2 -type d -name "$1" | grep -q . || exit
    sleep 1
done
"#;

/// Running namespaces. Dropping them ends every process in them.
#[derive(Debug)]
pub(super) struct Namespaces {
    first: Supervised,
    _cgroups: AtTheEnd,
}

impl Namespaces {
    /// Creates the namespaces, whose programs keep their data below `directory`, and the link to them.
    pub(super) fn create(directory: &Path) -> Result<Self> {
        let cgroups = AtTheEnd::run(REMOVE_CGROUPS, Path::new(LINK))?;
        for hierarchy in hierarchies()? {
            fs::create_dir_all(hierarchy.join(LINK)).with_context(|| hierarchy.display().to_string())?;
        }
        let shell = ["/bin/sh", "-c", FIRST_PROCESS, "node"];
        let arguments = UNSHARE.into_iter().chain(shell).map(str::to_owned);
        let arguments: Vec<_> = arguments.chain([directory.display().to_string()]).collect();
        let mut first = Supervised::spawn(Path::new("unshare"), &arguments, &directory.join("namespaces.log"), |_| {})?;
        let output = first.log().to_owned();
        wait_for(&mut first, || Ok(fs::read_to_string(&output)?.contains("ready")))?;
        let this = Self { first, _cgroups: cgroups };
        this.link().context("cannot connect the node; is another one running on this machine?")?;
        Ok(this)
    }

    /// Connects the namespaces to this machine. The link goes when they go.
    fn link(&self) -> Result<()> {
        let (host, namespace) = (API_SERVER.ip(), self.first.id());
        run(Command::new("/bin/sh").args(["-ec"]).arg(format!(
            "ip link add {LINK} type veth peer name uplink netns {namespace}
             ip address add {host} peer {NODE}/32 dev {LINK}
             ip link set {LINK} up
             ip route add {PODS} via {NODE}"
        )))?;
        let inside = format!(
            "ip address add {NODE} peer {host}/32 dev uplink
             ip link set uplink up
             ip route add default via {host}"
        );
        self.run(&["/bin/sh", "-ec", &inside]).map(drop)
    }

    /// Starts a program in the namespaces.
    pub(super) fn spawn(&self, program: &Path, arguments: &[String], log: &Path) -> Result<Supervised> {
        let mut command: Vec<_> = self.enter();
        command.push(program.display().to_string());
        command.extend(arguments.iter().cloned());
        Supervised::spawn(Path::new("nsenter"), &command, log, |_| {})
    }

    /// Runs a command in the namespaces and returns its output.
    pub(super) fn run(&self, command: &[&str]) -> Result<String> {
        run(Command::new("nsenter").args(self.enter()).args(command))
    }

    fn enter(&self) -> Vec<String> {
        let first = self.first.id();
        [("mount", "mnt"), ("net", "net"), ("pid", "pid_for_children")]
            .map(|(flag, file)| format!("--{flag}=/proc/{first}/ns/{file}"))
            .into()
    }

    /// Returns the directory of a pod's or container's cgroup, which the kubelet puts into one of three places.
    pub(super) fn cgroup(&self, controller: &str, name: &str) -> Result<PathBuf> {
        let hierarchy = hierarchies()?.into_iter().find(|path| is_unified(path) || path.ends_with(controller));
        let pods = hierarchy.context("there are no cgroups")?.join(LINK).join("kubepods");
        let places = ["", "burstable", "besteffort"].map(|class| pods.join(class).join(name));
        places.into_iter().find(|place| place.is_dir()).with_context(|| format!("there is no cgroup of {name}"))
    }
}

/// Fails if this machine does not permit cgroups, namespaces or links between them, as some containers do not.
pub(super) fn probe() -> Result<()> {
    for hierarchy in hierarchies()? {
        let probe = hierarchy.join(format!("{LINK}-probe-{}", std::process::id()));
        fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe)).context("cgroups cannot be created")?;
    }
    run(Command::new("unshare").args(UNSHARE).arg("true")).context("namespaces cannot be created")?;
    let link = format!("ip link add {LINK}-0 type veth peer name {LINK}-1 && ip link delete {LINK}-0");
    run(Command::new("/bin/sh").args(["-c", &link])).map(drop).context("network links cannot be created")
}

/// Returns the value of the kubelet's `cgroupRoot`.
pub(super) fn cgroup_root() -> String {
    format!("/{LINK}")
}

/// Returns where cgroups are mounted: once in version 2, and once for each controller in version 1.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new("/sys/fs/cgroup");
    if is_unified(root) {
        return Ok(vec![root.to_owned()]);
    }
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    Ok(mounts.filter(|mount| mount.get(2) == Some(&"cgroup")).map(|mount| PathBuf::from(mount[1])).collect())
}

fn is_unified(hierarchy: &Path) -> bool {
    hierarchy.join("cgroup.controllers").is_file()
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("a program printed what is not UTF-8")
}
