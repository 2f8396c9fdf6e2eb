//! The life of a release: installed with the previous chart, upgraded, rolled back, uninstalled, installed again.

use std::{collections::BTreeSet, fs};

use semver::Version;

use super::{
    CHART, Helm,
    cluster::{CENTER, Cluster, HOME},
};
use crate::support::{eventually, repository};

/// The packaged charts of past releases. There was no release yet: 0.0.1 is this chart's first version, with fewer values and
/// with the older definition that the operator had then.
const RELEASED: &str = "tests/it/chart/released";

/// Returns the versions of the files named after a version, as far as they are older than this one.
fn earlier(directory: &str, prefix: &str, suffix: &str) -> BTreeSet<Version> {
    let now: Version = env!("CARGO_PKG_VERSION").parse().unwrap();
    let names = fs::read_dir(repository(directory)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let version = |name: String| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok();
    names.filter_map(version).filter(|version| *version < now).collect()
}

pub(super) fn released_charts() -> BTreeSet<Version> {
    earlier(RELEASED, "connect-operator-", ".tgz")
}

/// Returns the packaged chart of a release.
pub(super) fn released(version: &Version) -> String {
    format!("{RELEASED}/connect-operator-{version}.tgz")
}

fn before() -> String {
    released(released_charts().last().unwrap())
}

#[test]
fn every_past_release_has_its_packaged_chart() {
    let without: Vec<_> = earlier("crds/released", "v", ".yaml").difference(&released_charts()).cloned().collect();
    assert!(without.is_empty(), "helm package the charts of {without:?}, as they were tagged, into {RELEASED}");
}

/// Returns the flag with which kubectl reads a file of the repository.
fn shipped(path: &str) -> String {
    format!("--filename={}", repository(path).display())
}

const WAIT: [&str; 2] = ["--wait", "--timeout=60s"];

impl Cluster {
    fn release(&self, helm: Helm, chart: &str, flags: &[&str]) -> Result<String, String> {
        self.release_as("connect-operator", helm, chart, flags)
    }

    fn release_as(&self, name: &str, helm: Helm, chart: &str, flags: &[&str]) -> Result<String, String> {
        let here = self.here();
        let here: Vec<_> = here.iter().map(String::as_str).collect();
        let command = ["upgrade", "--install", name, chart, "--create-namespace"];
        self.helm(helm, &[&command, &*here, flags].concat())
    }

    /// Waits until two pods are ready and both have this argument or variable. Helm 3 waits for the new ones only.
    fn until_all_have(&self, setting: &str) {
        eventually(setting, || {
            let pods = self.settings_of_ready_pods();
            pods.len() == 2 && pods.iter().all(|pod| pod.iter().any(|other| other == setting))
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_outlive_every_step_of_a_release_with_both_helms() {
    let cluster = Cluster::start().await;
    let now = || [&WAIT[..], &["--set=driftInterval=23h"]].concat();

    // Helm 3, from the previous chart.
    let notes = cluster.release(Helm::Three, &before(), &WAIT).unwrap();
    assert!(notes.contains("STATUS: deployed"), "{notes}");
    cluster.applied("jane", "Basic Routing Profile");
    let notes = cluster.release(Helm::Three, CHART, &[&now()[..], &["--reuse-values"]].concat()).unwrap();
    let next = format!("kubectl -n {HOME} rollout status deployment/connect-operator");
    assert!(notes.contains(&next) && notes.contains("IAM role"), "{notes}");
    cluster.until_all_have("--drift-interval=23h");
    cluster.applied("mei", "Basic Routing Profile");
    cluster.applied("jane", "Sales");
    cluster.helm(Helm::Three, &[&["rollback", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.until_all_have("--drift-interval=24h");
    cluster.applied("jane", "Basic Routing Profile");

    // Helm 4 takes the release over with its values, and reduces its rights to the namespace.
    let scoped = [&now()[..], &["--set=scopedNamespaces={contact-center}"]].concat();
    cluster.release(Helm::Four, CHART, &[&scoped[..], &["--reuse-values"]].concat()).unwrap();
    cluster.until_all_have("CONNECT_OPERATOR_NAMESPACE=contact-center");
    assert!(cluster.try_kubectl(&["get", "clusterrolebinding", "connect-operator"]).is_err());
    cluster.applied("ravi", "Sales");

    // A failing upgrade does no harm, and is rolled back.
    let broken = [&scoped[..], &["--set=extraArgs={--no-such-flag}", "--timeout=3s"]].concat();
    let said = cluster.release(Helm::Four, CHART, &broken).unwrap_err();
    assert!(said.contains("deadline"), "{said}");
    cluster.until_all_have("CONNECT_OPERATOR_NAMESPACE=contact-center");
    cluster.applied("ravi", "Basic Routing Profile");
    cluster.helm(Helm::Four, &[&["rollback", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.until_all_have("CONNECT_OPERATOR_NAMESPACE=contact-center");

    // ConnectUsers and users outlive the release, and the next one takes them over.
    for helm in Helm::ALL {
        cluster.helm(helm, &[&["uninstall", "connect-operator"], &WAIT[..]].concat()).unwrap();
        eventually("the pods are gone", || cluster.kubectl(&["get", "pods", "-n", HOME, "--output=name"]).is_empty());
        let left = cluster.kubectl(&["get", "cuser", "-n", CENTER, "--output=name"]);
        assert_eq!(left.lines().count(), 3, "{left}");
        assert_eq!(cluster.usernames(), ["jane", "mei", "ravi"]);
        cluster.apply("mei", "Sales");
        cluster.release(helm, CHART, &WAIT).unwrap();
        cluster.applied("mei", "Sales");
        cluster.applied("mei", "Basic Routing Profile");
    }

    // Without a release again, and then installed with kubectl only.
    cluster.helm(Helm::Four, &[&["uninstall", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.kubectl(&["delete", "cuser", "jane", "-n", CENTER, "--wait=false"]);
    cluster.kubectl(&["apply", "--server-side", "--force-conflicts", &shipped("deploy/install.yaml")]);
    // The users' tags name the cluster, so its name must stay.
    let deployment = ["set", "env", "deployment/connect-operator", "-n", HOME];
    cluster.kubectl(&[&deployment[..], &["CONNECT_OPERATOR_CLUSTER_NAME=blue"]].concat());
    cluster.kubectl(&["rollout", "status", "deployment/connect-operator", "-n", HOME, "--timeout=60s"]);
    cluster.wait(&["--for=delete", "cuser/jane"]);
    assert_eq!(cluster.usernames(), ["mei", "ravi"]);
    cluster.kubectl(&["delete", "cuser", "--all", "-n", CENTER, "--timeout=60s"]);
    assert!(cluster.usernames().is_empty());
}

/// Helm deletes what a new version of the release no longer contains.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definition_without_keep_is_not_given_up_by_an_upgrade() {
    let cluster = Cluster::start().await;
    for helm in Helm::ALL {
        let release = |flags: &str| cluster.release(helm, CHART, &[flags]);
        let annotation = || {
            let path = r"--output=jsonpath={.metadata.annotations.helm\.sh/resource-policy}";
            cluster.kubectl(&["get", "crd", "connectusers.connect-operator.dev", path])
        };
        let scoped = "--set=scopedNamespaces={contact-center}";
        for scope in ["--set=replicaCount=2", scoped] {
            let release = |flag: &str| cluster.release(helm, CHART, &[flag, scope]);
            release("--set=crds.keep=false").unwrap();
            assert_eq!(annotation(), "");
            let refusal = release("--set=crds.enabled=false").unwrap_err();
            assert!(refusal.contains("crds.enabled: false would delete the CustomResourceDefinition"), "{refusal}");
        }
        release("--set=crds.keep=true").unwrap();
        release("--set=crds.enabled=false").unwrap();
        assert_eq!(annotation(), "keep");
        cluster.kubectl(&["delete", "crd", "connectusers.connect-operator.dev"]);
    }
}

/// Two tenants, each with its own operator in one namespace: neither stands by for the other or sees its users.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_releases_in_one_namespace_work_side_by_side() {
    let cluster = Cluster::start().await;
    cluster.kubectl(&["create", "namespace", "sales"]);
    cluster.release(Helm::Four, CHART, &[&WAIT[..], &["--set=scopedNamespaces={contact-center}"]].concat()).unwrap();
    let second = [&WAIT[..], &["--set=scopedNamespaces={sales}", "--set=crds.enabled=false,replicaCount=1"]].concat();
    cluster.release_as("second", Helm::Four, CHART, &second).unwrap();

    let leases = cluster.kubectl(&["get", "leases", "-n", HOME, "--output=custom-columns=:.metadata.name,:.spec.holderIdentity"]);
    let mut holders: Vec<Vec<&str>> = leases.lines().map(|line| line.split_whitespace().collect()).collect();
    holders.retain(|line| !line.is_empty());
    holders.sort();
    let names: Vec<_> = holders.iter().map(|line| line[0]).collect();
    assert_eq!(names, ["connect-operator", "second-connect-operator"]);
    for line in &holders {
        assert!(line[1].starts_with(&format!("{}-", line[0])), "{leases}");
    }

    cluster.applied("jane", "Sales");
    cluster.helm(Helm::Four, &[&["uninstall", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.kubectl(&["delete", "cuser", "jane", "-n", CENTER, "--wait=false"]);
    // The next operator of the tenant's namespace continues where the first one stopped.
    let wider = [&second[..], &["--set=scopedNamespaces={sales,contact-center}"]].concat();
    cluster.release_as("second", Helm::Four, CHART, &wider).unwrap();
    cluster.wait(&["--for=delete", "cuser/jane"]);
    assert!(cluster.usernames().is_empty());
}

/// The Role is in the namespace and is deleted before the ConnectUsers can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_scoped_namespace_waits_for_rights_from_outside() {
    let cluster = Cluster::start().await;
    cluster.kubectl(&["create", "namespace", "sales"]);
    let scoped = ["--set=scopedNamespaces={contact-center,sales}"];
    cluster.release(Helm::Four, CHART, &[&WAIT[..], &scoped].concat()).unwrap();
    cluster.applied("jane", "Sales");
    // Deleting the namespace would delete the Role too, but perhaps only after the operator has finished.
    cluster.kubectl(&["delete", "rolebinding", "connect-operator", "-n", CENTER]);
    let account = format!("--as=system:serviceaccount:{HOME}:connect-operator");
    let may = ["auth", "can-i", "patch", "connectusers", "-n", CENTER, &account];
    eventually("its rights are gone", || cluster.try_kubectl(&may).is_err());
    cluster.kubectl(&["delete", "namespace", CENTER, "--wait=false"]);
    eventually("everything else is gone", || cluster.kubectl(&["get", "secrets", "-n", CENTER, "--output=name"]).is_empty());
    assert_eq!(cluster.usernames(), ["jane"]);

    cluster.kubectl(&["apply", &shipped("deploy/rbac-rescue.yaml")]);
    cluster.kubectl(&["wait", "--for=delete", &format!("namespace/{CENTER}"), "--timeout=90s"]);
    assert!(cluster.usernames().is_empty());
    cluster.kubectl(&["delete", &shipped("deploy/rbac-rescue.yaml")]);
}
