//! The ConnectUsers of a cluster, as a whole.

use anyhow::Context;
use kube::{Api, Client, api::ListParams, core::DeserializeGuard};

use crate::api::ConnectUser;

/// The page size of the list.
const PAGE: u32 = 500;

/// Lists the ConnectUsers of these namespaces, or of all if there are none. One that cannot be read is an error of its own.
///
/// # Errors
/// The API server cannot be reached, or refuses the list.
pub(super) async fn list(client: &Client, namespaces: &[String]) -> anyhow::Result<Vec<DeserializeGuard<ConnectUser>>> {
    let mut listed = Vec::new();
    let apis: Vec<Api<DeserializeGuard<ConnectUser>>> = match namespaces {
        [] => vec![Api::all(client.clone())],
        namespaces => namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect(),
    };
    for api in apis {
        let mut params = ListParams::default().limit(PAGE);
        loop {
            let page = api.list(&params).await.context("could not list the ConnectUsers of the cluster")?;
            listed.extend(page.items);
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                break;
            }
        }
    }
    Ok(listed)
}
