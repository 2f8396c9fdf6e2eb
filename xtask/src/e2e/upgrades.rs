//! The release is upgraded from the chart that was released last, and rolled back, while users are created, edited and deleted.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cluster::Cluster;
use super::fleet::{self, Fleet};
use super::release::{Helm, Release, pods};
use super::steps::Steps;

const USERS: usize = 200;
/// What takes 10 s at the simulator's rate, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) fn play(cluster: &Cluster, release: &Release, steps: &mut Steps) -> Result<()> {
    let before = fleet::created(cluster);
    // The previous chart has other resources, and an older definition.
    steps.required("Helm 3 replaces the release by the chart that was released last", || {
        release.uninstall(cluster, Helm::Four)?;
        release.install_previous(cluster, Helm::Three, &cluster.images[0])
    })?;
    let users = Fleet::create(cluster, "contact-center")?;
    // An uninstalled operator has lost the right to release the Lease.
    steps.required("its operator works once the former Lease has expired", || {
        users.toggle()?;
        users.settled(PATIENCE)
    })?;
    thread::scope(|scope| {
        let changes = scope.spawn(|| users.churn("upgraded", 0..USERS, Duration::from_millis(500)));
        let upgrade = || {
            release.upgrade(cluster, Helm::Four, &cluster.images[1], &[])?;
            runs(cluster, &cluster.images[1])
        };
        let roll_back = || {
            release.roll_back(cluster, Helm::Four)?;
            runs(cluster, &cluster.images[0])
        };
        steps.step("Helm 4 upgrades it to this chart and the second image", || users.edits_during(upgrade));
        steps.step("Helm 4 rolls it back", || users.edits_during(roll_back));
        steps.step("Helm 4 upgrades it again", || users.edits_during(upgrade));
        steps.step("meanwhile 200 users were created, edited and half of them deleted", || {
            changes.join().ok().context("the changes have ended early")?.map(|()| String::new())
        });
    });
    steps.step("Connect is as the ConnectUsers ask: none doubled, none orphaned", || {
        let settled = users.settled(PATIENCE)?;
        let doubled = fleet::doubled(cluster);
        ensure!(doubled.is_empty(), "created twice: {doubled:?}");
        // A ConnectUser that is deleted while no pod leads never gets a user.
        let created = fleet::created(cluster) - before;
        ensure!((USERS as u64 / 2..=USERS as u64).contains(&created), "{created} users were created");
        Ok(format!("{created} users were created, {settled} ConnectUsers are in sync"))
    });
    Ok(())
}

/// Checks that both pods have this image.
fn runs(cluster: &Cluster, image: &str) -> Result<()> {
    let images: Vec<_> = pods(cluster)?.into_iter().map(|pod| pod.image).collect();
    ensure!(images.iter().all(|other| other == image), "{images:?}");
    Ok(())
}
