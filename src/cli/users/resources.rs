//! The ConnectUsers of a cluster, as a whole.

use anyhow::Context;
use kube::{Api, Client};

use crate::{api::ConnectUser, cli::existing::pages, runtime::Guard};

/// The page size of the list.
const PAGE: u32 = 500;

/// Lists the ConnectUsers of these namespaces, or of all if there are none. One that cannot be read is an error of its own.
///
/// # Errors
/// The API server cannot be reached, or refuses the list.
pub(super) async fn list(client: &Client, namespaces: &[String]) -> anyhow::Result<Vec<Guard<ConnectUser>>> {
    let mut listed = Vec::new();
    let apis: Vec<Api<Guard<ConnectUser>>> = match namespaces {
        [] => vec![Api::all(client.clone())],
        namespaces => namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect(),
    };
    for api in apis {
        pages(&api, PAGE, |item| listed.push(item)).await.context("could not list the ConnectUsers of the cluster")?;
    }
    Ok(listed)
}
