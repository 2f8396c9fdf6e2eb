//! Which security profiles of an instance make their users administrators, by what they permit, whatever they are called.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use connect_api::{
    Caller, Class, ConnectExt, Error, ListSecurityProfilePermissions, OperationName, PageCursor, SecurityProfileId,
};
use parking_lot::Mutex;

use super::query::Query;
use crate::plan::administrates;

/// How long the answer about a profile is kept. Permissions change seldom, and a read costs a call for each profile.
const LASTS: Duration = Duration::from_secs(24 * 3600);

/// The profiles that were read, with the uptime of the read and whether they make their users administrators.
#[derive(Debug, Default)]
pub(super) struct Administrators(Mutex<BTreeMap<SecurityProfileId, (Duration, bool)>>);

impl Administrators {
    /// Returns those of these profiles that make their users administrators.
    pub(super) async fn among(
        &self,
        query: &Query<'_>,
        profiles: &BTreeSet<SecurityProfileId>,
    ) -> Result<BTreeSet<SecurityProfileId>, Error> {
        let mut administrating = BTreeSet::new();
        for profile in profiles {
            let known = self.0.lock().get(profile).copied().filter(|(at, _)| query.now < *at + LASTS);
            let administrates = match known {
                Some((_, administrates)) => administrates,
                None => {
                    let administrates = read(query, profile).await?;
                    self.0.lock().insert(profile.clone(), (query.now, administrates));
                    administrates
                }
            };
            if administrates {
                administrating.insert(profile.clone());
            }
        }
        Ok(administrating)
    }
}

/// Returns whether a profile makes its users administrators. One that was deleted does not.
async fn read(query: &Query<'_>, profile: &SecurityProfileId) -> Result<bool, Error> {
    let instance = query.instance;
    let caller = Caller::new(format!("permissions of {instance}"), query.priority).in_group(instance.to_string());
    let mut cursor = PageCursor::default();
    loop {
        let request = ListSecurityProfilePermissions {
            instance: instance.instance.clone(),
            security_profile: profile.clone(),
            max_results: 1000,
            next_token: cursor.token(),
        };
        let page = match query.connect.call(&caller, request).await {
            Ok(page) => page,
            Err(error) if error.class == Class::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_last = cursor.turn(OperationName::ListSecurityProfilePermissions, page.next_token)?;
        if page.items.iter().any(|permission| administrates(permission)) {
            return Ok(true);
        }
        if is_last {
            return Ok(false);
        }
    }
}
