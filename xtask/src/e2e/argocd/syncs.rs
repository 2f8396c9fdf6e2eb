//! What people do in Git and by hand, and what Argo CD makes of it.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::super::steps::{Steps, until};
use super::{Scene, USERS, agent};

pub(super) fn play(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    steps.step("Argo CD finds no difference in what the operator writes (status, finalizer)", || {
        let resource = scene.resource(&agent(0))?;
        ensure!(resource["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty()), "no finalizer");
        scene.nothing_differs()
    });
    steps.step("an edit in Git reaches Connect", || {
        scene.samples.write(scene.cluster, &agent(0), 1, |_| ())?;
        scene.synced("Another routing profile")?;
        scene.until_profile(&agent(0), 1).map(|()| String::new())
    });
    steps.step("a manifest that is removed from Git is pruned, and its user deleted", || {
        scene.samples.remove(&agent(4))?;
        scene.synced("An agent leaves")?;
        scene.until_users(4).map(|()| String::new())
    });
    steps.step("self-heal reverts what is patched by hand", || {
        let other = scene.cluster.sim.routing_profile_arn(&scene.cluster.instance, super::PROFILES[1]);
        let patch = json!({ "spec": { "routingProfileArn": other } }).to_string();
        scene.cluster.kubectl(&["patch", "connectuser", &agent(1), "--namespace", USERS, "--type=merge", "--patch", &patch])?;
        let git = scene.cluster.sim.routing_profile_arn(&scene.cluster.instance, super::PROFILES[0]);
        until("the spec is as in Git", || {
            let spec = scene.resource(&agent(1))?["spec"]["routingProfileArn"].clone();
            Ok(if spec == json!(git) { Ok(()) } else { Err(spec.to_string()) })
        })?;
        scene.until_profile(&agent(1), 0)?;
        super::until_synced(scene.cluster, USERS, "").map(|_| String::new())
    });
    steps.step("annotations for the operator, set by hand, stay, and Argo CD finds no difference", || {
        let annotation = "connect-operator.dev/reconcile-requested-at=2026-01-01T00:00:00Z";
        scene.cluster.kubectl(&["annotate", "connectuser", &agent(1), "--namespace", USERS, annotation])?;
        until("the request is handled", || {
            let handled = scene.resource(&agent(1))?["status"]["lastHandledReconcileAt"].clone();
            Ok(if handled == "2026-01-01T00:00:00Z" { Ok(()) } else { Err(handled.to_string()) })
        })?;
        scene.nothing_differs()?;
        let kept = &scene.resource(&agent(1))?["metadata"]["annotations"]["connect-operator.dev/reconcile-requested-at"];
        ensure!(kept == "2026-01-01T00:00:00Z", "{kept}");
        Ok(String::new())
    });
    steps.step("Replace=true: the finalizer comes back, and a pruned ConnectUser takes its user with it", || {
        let replaced = |profile: usize| {
            scene.samples.write(scene.cluster, &agent(3), profile, |manifest| {
                manifest["metadata"]["annotations"] = json!({ "argocd.argoproj.io/sync-options": "Replace=true" });
            })
        };
        replaced(0)?;
        scene.synced("Replace it")?;
        replaced(1)?;
        scene.synced("Replace it again")?;
        scene.until_profile(&agent(3), 1)?;
        until("the finalizer is there", || {
            let finalizers = scene.resource(&agent(3))?["metadata"]["finalizers"].clone();
            Ok(if finalizers.as_array().is_some_and(|list| !list.is_empty()) { Ok(()) } else { Err(finalizers.to_string()) })
        })?;
        scene.samples.remove(&agent(3))?;
        scene.synced("It leaves")?;
        scene.until_users(3).map(|()| String::new())
    });
    steps.step("allowEmpty: false keeps every user when the repository is emptied by mistake", || {
        for number in 0..3 {
            scene.samples.remove(&agent(number))?;
        }
        scene.samples.users.remove("prod/secret.yaml")?;
        scene.samples.users.write("prod/README.md", "Nothing is here.\n")?;
        let revision = scene.samples.users.commit("Emptied by mistake")?;
        super::refresh(scene.cluster, USERS, "normal")?;
        let (said, _) = until("Argo CD refuses to sync nothing", || {
            let verdict = super::verdict(scene.cluster, USERS)?.context("the users' Application")?;
            let said = verdict.conditions.iter().find(|said| said.contains("wipe out all resources")).cloned();
            Ok(said.filter(|_| verdict.revision == revision).ok_or_else(|| format!("{verdict:?}")))
        })?;
        scene.until_users(3)?;
        for number in 0..3 {
            ensure!(scene.resource(&agent(number))?["metadata"]["deletionTimestamp"].is_null(), "{} goes", agent(number));
            scene.samples.write(scene.cluster, &agent(number), 0, |_| ())?;
        }
        scene.write_secret()?;
        scene.synced("They are back")?;
        Ok(format!("it says {said:?}"))
    });
    Ok(())
}
