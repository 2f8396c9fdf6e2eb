//! A release's life: installed by the chart before this one, upgraded, rolled back, uninstalled, installed again.

use super::{
    CHART, Helm,
    cluster::{CENTER, Cluster, HOME},
};
use crate::support::eventually;

/// The chart before this one, packaged. There was no release yet: it is made of this chart's first version, with fewer values, and
/// has the definition that the operator had in its first days, of an older shape.
const BEFORE: &str = "tests/it/chart/released/connect-operator-0.0.1.tgz";

const WAIT: [&str; 2] = ["--wait", "--timeout=60s"];

impl Cluster {
    fn release(&self, helm: Helm, chart: &str, flags: &[&str]) -> Result<String, String> {
        let here = self.here();
        let here: Vec<_> = here.iter().map(String::as_str).collect();
        let command = ["upgrade", "--install", "connect-operator", chart, "--create-namespace"];
        self.helm(helm, &[&command, &*here, flags].concat())
    }

    /// Waits until all pods that are ready, two of them, have this argument. Helm 3 waits for the new ones only.
    fn until_all_have(&self, argument: &str) {
        eventually(argument, || {
            let arguments = self.arguments();
            arguments.len() == 2 && arguments.iter().all(|arguments| arguments.iter().any(|other| other == argument))
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_outlive_every_turn_of_a_release_by_helm_3_and_by_helm_4() {
    let cluster = Cluster::start().await;
    let now = || [&WAIT[..], &["--set=driftInterval=23h"]].concat();

    // Helm 3, from the chart before this one.
    let notes = cluster.release(Helm::Three, BEFORE, &WAIT).unwrap();
    assert!(notes.contains("STATUS: deployed"), "{notes}");
    cluster.applied("jane", "Basic Routing Profile");
    let notes = cluster.release(Helm::Three, CHART, &now()).unwrap();
    let next = format!("kubectl -n {HOME} rollout status deployment/connect-operator");
    assert!(notes.contains(&next) && notes.contains("IAM role"), "{notes}");
    cluster.until_all_have("--drift-interval=23h");
    cluster.applied("mei", "Basic Routing Profile");
    cluster.applied("jane", "Sales");
    cluster.helm(Helm::Three, &[&["rollback", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.until_all_have("--drift-interval=24h");
    cluster.applied("jane", "Basic Routing Profile");

    // Helm 4 takes the release over, and gives it fewer rights: the namespace's alone.
    let scoped = [&now()[..], &["--set=scopedNamespaces={contact-center}"]].concat();
    cluster.release(Helm::Four, CHART, &scoped).unwrap();
    cluster.until_all_have("--namespace=contact-center");
    assert!(cluster.try_kubectl(&["get", "clusterrolebinding", "connect-operator"]).is_err());
    cluster.applied("ravi", "Sales");

    // An upgrade that does not come up does no harm, and is taken back.
    let broken = [&scoped[..], &["--set=extraArgs={--no-such-flag}", "--timeout=3s"]].concat();
    let said = cluster.release(Helm::Four, CHART, &broken).unwrap_err();
    assert!(said.contains("deadline"), "{said}");
    cluster.until_all_have("--namespace=contact-center");
    cluster.applied("ravi", "Basic Routing Profile");
    cluster.helm(Helm::Four, &[&["rollback", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.until_all_have("--namespace=contact-center");

    // ConnectUsers and users outlive the release, and another takes them up again.
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

    // Without a release again, and then by kubectl alone.
    cluster.helm(Helm::Four, &[&["uninstall", "connect-operator"], &WAIT[..]].concat()).unwrap();
    cluster.kubectl(&["delete", "cuser", "jane", "-n", CENTER, "--wait=false"]);
    cluster.kubectl(&["apply", "--server-side", "--force-conflicts", "--filename", "deploy/install.yaml"]);
    cluster.kubectl(&["rollout", "status", "deployment/connect-operator", "-n", HOME, "--timeout=60s"]);
    cluster.wait(&["--for=delete", "cuser/jane"]);
    assert_eq!(cluster.usernames(), ["mei", "ravi"]);
    cluster.kubectl(&["delete", "cuser", "--all", "-n", CENTER, "--timeout=60s"]);
    assert!(cluster.usernames().is_empty());
}
