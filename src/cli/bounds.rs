//! Prints the parameters of the admission policy.

use std::path::PathBuf;

use clap::Args;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ObjectMeta;

use super::stdout;
use crate::runtime::config::ConfigFile;

/// Prints the ConfigMap with what the admission policy allows, made from the bounds of a configuration file.
///
/// Helm's chart makes it from its values. Without Helm, it is a patch for the kustomize component admission-policy.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  connect-operator bounds --config operator.yaml > bounds.yaml")]
pub(super) struct BoundsCommand {
    /// The configuration file.
    #[arg(long, env = "CONNECT_OPERATOR_CONFIG", value_name = "FILE")]
    config: PathBuf,

    /// The ConfigMap's name.
    #[arg(long, default_value = "connect-operator-bounds")]
    name: String,

    /// The ConfigMap's namespace: the operator's.
    #[arg(long, short, default_value = "connect-operator-system")]
    namespace: String,
}

impl BoundsCommand {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let (_, config) = ConfigFile::read(&self.config)?;
        let metadata = ObjectMeta { name: Some(self.name), namespace: Some(self.namespace), ..ObjectMeta::default() };
        let parameters = ConfigMap { metadata, data: Some(config.admission_parameters()), ..ConfigMap::default() };
        stdout::write(&serde_saphyr::to_string(&parameters)?)
    }
}
