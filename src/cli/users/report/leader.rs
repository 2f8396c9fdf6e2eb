//! The metrics of the operator's leader, read through the API server.

use clap::Args;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};

/// The port of /metrics in the operator's pods.
const METRICS_PORT: u16 = 8080;

/// Where the operator runs.
#[derive(Debug, Args)]
pub(super) struct OperatorFlags {
    /// The namespace of the operator, whose queue and last sweeps are reported too.
    #[arg(long, value_name = "NAMESPACE", default_value = "connect-operator-system", requires = "with_cluster")]
    operator_namespace: String,

    /// The name of the operator's Lease, which the chart gives the name of its release.
    #[arg(long, value_name = "NAME", default_value = "connect-operator", requires = "with_cluster")]
    operator_lease: String,
}

impl OperatorFlags {
    /// Returns the name of the pod that leads, and its page of metrics. The error says why they cannot be read.
    pub(super) async fn metrics(&self, client: &Client) -> Result<(String, String), String> {
        let Self { operator_namespace: namespace, operator_lease: name } = self;
        let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
        let lease = leases.get(name).await.map_err(|error| self.explain("leases", name, &error))?;
        let holder = lease.spec.and_then(|spec| spec.holder_identity).filter(|holder| !holder.is_empty());
        let holder = holder.ok_or_else(|| format!("no operator holds the Lease {namespace}/{name}"))?;
        let pod = pod_of(&holder);
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}:{METRICS_PORT}/proxy/metrics");
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
        let page = client.request_text(request).await.map_err(|error| self.explain("pods/proxy", pod, &error))?;
        Ok((pod.to_owned(), page))
    }

    fn explain(&self, resource: &str, name: &str, error: &kube::Error) -> String {
        let namespace = &self.operator_namespace;
        match error {
            kube::Error::Api(status) if status.code == 403 => {
                format!("it needs the right to get {resource} in the namespace {namespace}")
            }
            kube::Error::Api(status) if status.code == 404 && resource == "leases" => format!(
                "there is no Lease {namespace}/{name}: --operator-namespace and --operator-lease name the one of the operator, \
                 which has none without --leader-elect"
            ),
            kube::Error::Api(status) => format!("could not get {resource} {namespace}/{name}: {}", status.message),
            other => format!("could not get {resource} {namespace}/{name}: {other}"),
        }
    }
}

/// Returns the pod of a Lease's holder, whose identity is the pod's name with a suffix.
fn pod_of(holder: &str) -> &str {
    holder.rsplit_once('_').map_or(holder, |(pod, _)| pod)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kube::core::Status;

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[arg(long)]
        with_cluster: bool,
        #[command(flatten)]
        operator: OperatorFlags,
    }

    #[test]
    fn holder_of_the_lease_is_a_pod() {
        assert_eq!(pod_of("connect-operator-7d9f-x2_00ff00ff00ff00ff"), "connect-operator-7d9f-x2");
        assert_eq!(pod_of("pod"), "pod");
    }

    #[test]
    fn missing_right_and_missing_lease_are_named() {
        let Flags { operator, .. } = Flags::parse_from(["report"]);
        let explained = |resource: &str, code: u16| {
            let status = Status { code, message: "no route".into(), ..Status::default() };
            operator.explain(resource, "one", &kube::Error::Api(Box::new(status)))
        };
        for (resource, code, why) in [
            ("leases", 403, "it needs the right to get leases in the namespace connect-operator-system"),
            ("pods/proxy", 403, "it needs the right to get pods/proxy in the namespace connect-operator-system"),
            ("leases", 404, "there is no Lease connect-operator-system/one: --operator-namespace"),
            ("pods/proxy", 503, "could not get pods/proxy connect-operator-system/one: no route"),
        ] {
            let explained = explained(resource, code);
            assert!(explained.starts_with(why), "{explained}");
        }
    }
}
