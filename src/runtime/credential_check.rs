//! Whether there are credentials: the operator's own, and those of the roles that the configuration names. Asked at the start, and
//! of an account again when it has changed.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use connect_api::Class;
use futures::{StreamExt, stream};
use tokio::sync::watch;

use super::{
    AwsConnections, Health,
    config::{Config, RoleArn},
};

/// How long to wait before those are asked for again that did not come.
const RETRY: Duration = Duration::from_secs(5);
/// Accounts asked for at once, so that some whose STS does not answer do not keep the others waiting.
const AT_ONCE: usize = 16;

/// Whose credentials are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CredentialSource {
    /// The operator's own, with which roles are assumed.
    Operator,
    /// A role's, by the account that it is in.
    Account(String),
}

/// As `/readyz` names the part.
impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("AWS credentials of the operator itself"),
            Self::Account(id) => write!(f, "credentials of account {id}"),
        }
    }
}

/// Asks for the operator's own credentials until there are some, and for those of each account with a role until STS has answered,
/// with a yes or a no: before, the process is not ready. Asks again for an account whose settings have changed.
pub async fn check_accounts(connections: Arc<AwsConnections>, mut config: watch::Receiver<Arc<Config>>, health: Arc<Health>) {
    let mut known = config.borrow_and_update().clone();
    // Why they did not come, as far as that was told.
    let mut open: BTreeMap<CredentialSource, String> = everybodys(&known).map(|whose| (whose, String::new())).collect();
    loop {
        // Roles are assumed with the operator's own, which come first: without them, there is nobody to ask.
        if let Some(told) = open.remove(&CredentialSource::Operator) {
            let why = ask(&connections, &known, &CredentialSource::Operator, &told).await;
            health.lacks(&CredentialSource::Operator, why.clone());
            open.extend(why.map(|why| (CredentialSource::Operator, why)));
        }
        if !open.contains_key(&CredentialSource::Operator) {
            let asking = std::mem::take(&mut open).into_iter().map(|(whose, told)| {
                let (connections, known) = (&connections, &known);
                async move { (ask(connections, known, &whose, &told).await, whose) }
            });
            let mut answers = stream::iter(asking).buffer_unordered(AT_ONCE);
            while let Some((why, whose)) = answers.next().await {
                health.lacks(&whose, why.clone());
                open.extend(why.map(|why| (whose, why)));
            }
        }
        let changed = if open.is_empty() {
            config.changed().await.is_ok()
        } else {
            tokio::select! {
                Ok(()) = config.changed() => true,
                () = tokio::time::sleep(RETRY) => continue,
            }
        };
        if !changed {
            return;
        }
        let new = config.borrow_and_update().clone();
        open.retain(|whose, _| {
            let stays = everybodys(&new).any(|other| other == *whose);
            if !stays {
                health.lacks(whose, None);
            }
            stays
        });
        let differs =
            |whose: &CredentialSource| matches!(whose, CredentialSource::Account(id) if new.account(id) != known.account(id));
        open.extend(everybodys(&new).filter(differs).map(|whose| (whose, String::new())));
        known = new;
    }
}

/// The process is not ready before it has asked for these.
pub fn await_accounts(config: &Config, health: &Health) {
    everybodys(config).for_each(|whose| health.lacks(&whose, Some("not asked for yet".to_owned())));
}

/// The operator and the accounts with a role.
fn everybodys(config: &Config) -> impl Iterator<Item = CredentialSource> {
    let with_role = config.accounts.iter().filter(|(_, settings)| settings.role_arn.is_some());
    [CredentialSource::Operator].into_iter().chain(with_role.map(|(id, _)| CredentialSource::Account(id.to_string())))
}

/// Asks once. What is given is why it has to be asked again, which is logged unless that was told.
async fn ask(connections: &AwsConnections, config: &Config, whose: &CredentialSource, told: &str) -> Option<String> {
    let (answer, final_no) = match whose {
        CredentialSource::Operator => (connections.own_credentials().await, false),
        CredentialSource::Account(id) => {
            let role = config.account(id).role_arn?;
            let answer = connections.account(id, sts_region(&role)).check().await;
            let final_no = answer.as_ref().is_err_and(|fault| fault.class != Class::Transient);
            (answer, final_no)
        }
    };
    match answer {
        Ok(()) => {
            tracing::info!("{whose}: they are there");
            None
        }
        Err(fault) if final_no => {
            tracing::error!("{whose}: {fault}");
            None
        }
        Err(fault) => {
            let why = fault.to_string();
            if why != told {
                tracing::warn!("{whose}: {why}; asking every {} s", RETRY.as_secs());
            }
            Some(why)
        }
    }
}

/// A Region with an STS for the role's partition, for where the environment names none.
fn sts_region(role: &RoleArn) -> &'static str {
    match role.partition() {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}
