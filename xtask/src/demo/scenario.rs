//! What happens on the stage.

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::holdings::{self, differences};
use super::screen::{self, say};
use super::simulator::Writes;
use super::stage::Stage;

type Step = (&'static str, fn(&mut Stage<'_>) -> Result<()>, &'static [(&'static str, u64)]);

/// Each step, and the writes to Connect that it may cost: these and no others.
const STEPS: [Step; 6] = [
    ("Users from manifests", create, &[("AssociateUserProficiencies", 1), ("CreateUser", 3)]),
    ("A change in Git", edit, &[("UpdateUserRoutingProfile", 1)]),
    ("A change behind the operator's back", drift, &[("UpdateUserSecurityProfiles", 1)]),
    ("A mistake", mistake, &[("CreateUser (refused)", 1)]),
    ("The mistake corrected", correct, &[("CreateUser", 1)]),
    ("A user leaves", leave, &[("DeleteUser", 1)]),
];

/// Plays all of it and gives the number of steps that did not come true. Fails only where the stage itself falls.
pub(super) fn play(stage: &mut Stage<'_>) -> Result<usize> {
    let mut failed = 0;
    let mut before = stage.simulator.writes()?;
    for (number, (title, step, cost)) in STEPS.iter().enumerate() {
        screen::heading(&format!("{} of {}: {title}", number + 1, STEPS.len()));
        let result = step(stage).and_then(|()| equal(stage)).and_then(|()| cost_was(stage, &before, cost));
        if let Err(error) = result {
            // Where the stage has fallen, nothing else can come true.
            stage.check()?;
            failed += 1;
            screen::cross(&format!("{error:#}"));
            say("\n  The operator's last lines:");
            screen::output(&stage.operator_log());
        }
        before = stage.simulator.writes()?;
    }
    Ok(failed)
}

fn create(stage: &mut Stage<'_>) -> Result<()> {
    say("An agent, a supervisor and an administrator, as a platform team writes them down.");
    stage.kubectl("apply --server-side --field-manager=demo -f dev/sample/users")?;
    stage.kubectl("wait --for=condition=Ready cuser --all --timeout=60s")?;
    show(stage)
}

fn edit(stage: &mut Stage<'_>) -> Result<()> {
    say("Jane takes escalations from now on: one field of her manifest changes.");
    let read = |path: &str| std::fs::read_to_string(crate::repository::root().join(path)).with_context(|| path.to_owned());
    let (old, new) = (read("dev/sample/users/jane-doe.yaml")?, read("dev/sample/changes/jane-doe.yaml")?);
    for (sign, text, other) in [('-', &old, &new), ('+', &new, &old)] {
        for line in text.lines().filter(|line| line.starts_with(' ') && !other.lines().any(|same| same == *line)) {
            say(&format!("  {sign}{line}"));
        }
    }
    stage.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/jane-doe.yaml")?;
    stage.kubectl("wait --for=condition=Ready cuser/jane-doe --timeout=60s")?;
    show(stage)
}

fn drift(stage: &mut Stage<'_>) -> Result<()> {
    say("At Connect's console, somebody makes Ravi an administrator. No manifest says so.");
    let ravi = holdings::user(stage, "ravi.patel")?.context("ravi.patel is not in Connect")?;
    let id = ravi["Id"].as_str().context("ravi.patel has no id")?;
    let path = format!("/users/{}/{id}/security-profiles", stage.simulator.instance());
    let admin = stage.simulator.id_of("Admin")?;
    stage.simulator.at_console(&path, &json!({ "SecurityProfileIds": [admin] }))?;
    holdings::show(stage, "Right after it, Connect holds:")?;
    say("\n  Waiting for the operator to look at him again ...");
    stage.until("the change was put right", |stage| {
        let events = stage.run(&["events", "--for=connectuser/ravi-patel"])?;
        Ok(if events.contains("DriftCorrected") { Ok(()) } else { Err(events) })
    })?;
    stage.kubectl("events --for=connectuser/ravi-patel")?;
    show(stage)
}

fn mistake(stage: &mut Stage<'_>) -> Result<()> {
    say("A new agent's manifest names a routing profile that does not exist.");
    stage.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/omar-haddad.yaml")?;
    stage.kubectl("wait --for=condition=ReferencesResolved=false cuser/omar-haddad --timeout=60s")?;
    screen::command("kubectl describe cuser omar-haddad    # of which its condition Ready");
    let described = stage.run(&["describe", "cuser", "omar-haddad"])?;
    screen::output(&condition(&described, "Ready").context("kubectl describe shows no condition Ready")?);
    show(stage)?;
    ensure!(holdings::user(stage, "omar.haddad")?.is_none(), "omar.haddad is in Connect, though his manifest is wrong");
    screen::tick("the condition says what is wrong and what to do; everybody else is as before");
    Ok(())
}

fn correct(stage: &mut Stage<'_>) -> Result<()> {
    say("A corrected manifest is enough: the operator goes on by itself.");
    stage.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/omar-haddad-corrected.yaml")?;
    stage.kubectl("wait --for=condition=Ready cuser/omar-haddad --timeout=60s")?;
    show(stage)
}

fn leave(stage: &mut Stage<'_>) -> Result<()> {
    say("Jane's manifest leaves Git. Her resource stays until her user is gone from Connect.");
    stage.kubectl("delete cuser jane-doe --timeout=60s")?;
    show(stage)?;
    ensure!(holdings::user(stage, "jane.doe")?.is_none(), "jane.doe is still in Connect");
    screen::tick("jane.doe is gone from Connect");
    Ok(())
}

fn show(stage: &Stage<'_>) -> Result<()> {
    stage.kubectl("get cuser")?;
    holdings::show(stage, "Connect holds:")
}

/// Whether Connect holds what the manifests say of all users that are Ready, and nobody else.
fn equal(stage: &mut Stage<'_>) -> Result<()> {
    let users = stage.until("Connect equals the manifests", |stage| {
        let (differences, users) = differences(stage)?;
        Ok(if differences.is_empty() { Ok(users) } else { Err(differences.join("\n")) })
    })?;
    screen::tick(&format!("Connect holds these {users} users, as their manifests say, and nobody else"));
    Ok(())
}

/// Whether it took these writes to Connect and no others since `before`.
fn cost_was(stage: &Stage<'_>, before: &Writes, expected: &[(&str, u64)]) -> Result<()> {
    let mut made = stage.simulator.writes()?;
    for (operation, times) in before {
        made.entry(operation.clone()).and_modify(|now| *now -= times);
    }
    made.retain(|_, times| *times > 0);
    let expected: Writes = expected.iter().map(|(operation, times)| ((*operation).to_owned(), *times)).collect();
    if made != expected {
        bail!("writes to Connect: {}, where {} were to be made", listed(&made), listed(&expected));
    }
    screen::tick(&format!("writes to Connect: {}", listed(&made)));
    Ok(())
}

fn listed(writes: &Writes) -> String {
    let listed: Vec<_> = writes.iter().map(|(operation, times)| format!("{times} {operation}")).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
}

/// The lines of `kubectl describe` that tell of one condition, which ends with its type.
fn condition(described: &str, kind: &str) -> Option<String> {
    let lines: Vec<_> = described.lines().collect();
    let field = |line: &str| line.trim().split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let is = |line: &str, name: &str, value: Option<&str>| {
        field(line).is_some_and(|(n, v)| n == name && value.is_none_or(|value| v == value))
    };
    let end = lines.iter().position(|line| is(line, "Type", Some(kind)))?;
    let start = lines[..end].iter().rposition(|line| is(line, "Last Transition Time", None))?;
    Some(lines[start..=end].join("\n"))
}
