//! The steps of the demo.

use anyhow::{Context, Result, bail, ensure};
use connect_api::UpdateUserSecurityProfiles;
use testbed::at_console;

use super::connect_table::{self, differences};
use super::installation::{Installation, Writes, read};
use crate::screen::{self, say};

type Step = (&'static str, fn(&mut Installation<'_>) -> Result<()>, &'static [(&'static str, u64)]);

/// The steps, each with the exact writes to Connect that it must cause.
const STEPS: [Step; 6] = [
    ("Users from manifests", create, &[("AssociateUserProficiencies", 1), ("CreateUser", 3)]),
    ("A change in Git", edit, &[("UpdateUserRoutingProfile", 1)]),
    ("A change behind the operator's back", drift, &[("UpdateUserSecurityProfiles", 1)]),
    ("A mistake", mistake, &[("CreateUser (refused)", 1)]),
    ("The mistake corrected", correct, &[("CreateUser", 1)]),
    ("A user leaves", leave, &[("DeleteUser", 1)]),
];

/// Plays all steps and returns the number of those that failed. Fails if a process ends.
pub(super) fn play(installation: &mut Installation<'_>) -> Result<usize> {
    let mut failed = 0;
    let mut before = installation.writes();
    for (number, (title, step, cost)) in STEPS.iter().enumerate() {
        screen::heading(&format!("{} of {}: {title}", number + 1, STEPS.len()));
        let result =
            step(installation).and_then(|()| check_users(installation)).and_then(|()| check_writes(installation, &before, cost));
        if let Err(error) = result {
            // If a process has ended, no later step can succeed.
            installation.check()?;
            failed += 1;
            screen::cross(&format!("{error:#}"));
            say("\n  The operator's last lines:");
            screen::output(&installation.operator.log_tail());
        }
        before = installation.writes();
    }
    Ok(failed)
}

fn create(installation: &mut Installation<'_>) -> Result<()> {
    say("An agent, a supervisor and an administrator, as a platform team would write them.");
    installation.kubectl("apply --server-side --field-manager=demo -f dev/sample/users")?;
    installation.kubectl("wait --for=condition=Ready cuser --all --timeout=60s")?;
    show(installation)
}

fn edit(installation: &mut Installation<'_>) -> Result<()> {
    say("Jane now handles escalations: one field of her manifest changes.");
    let (old, new) = (read("dev/sample/users/jane-doe.yaml")?, read("dev/sample/changes/jane-doe.yaml")?);
    for (sign, text, other) in [('-', &old, &new), ('+', &new, &old)] {
        for line in text.lines().filter(|line| line.starts_with(' ') && !other.lines().any(|same| same == *line)) {
            say(&format!("  {sign}{line}"));
        }
    }
    installation.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/jane-doe.yaml")?;
    installation.kubectl("wait --for=condition=Ready cuser/jane-doe --timeout=60s")?;
    show(installation)
}

fn drift(installation: &mut Installation<'_>) -> Result<()> {
    say("In Connect's console, Ravi is made an administrator. His manifest says otherwise.");
    let instance = installation.instance.id.clone();
    let ravi = installation.sim.user(&instance, "ravi.patel").context("ravi.patel is not in Connect")?;
    let admin = installation.sim.security_profile_id(&instance, "Admin").context("the instance has no profile Admin")?;
    let promotion = UpdateUserSecurityProfiles { instance, user: ravi.user.id, security_profile_ids: [admin].into() };
    at_console(&installation.sim, promotion)?;
    connect_table::show(installation, "Right after the change, Connect holds:");
    say("\n  Waiting for the operator's next check ...");
    installation.until("the change was corrected", |installation| {
        let events = installation.run(&["events", "--for=connectuser/ravi-patel"])?;
        Ok(if events.contains("DriftCorrected") { Ok(()) } else { Err(events) })
    })?;
    installation.kubectl("events --for=connectuser/ravi-patel")?;
    show(installation)
}

fn mistake(installation: &mut Installation<'_>) -> Result<()> {
    say("A new agent's manifest names a routing profile that does not exist.");
    installation.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/omar-haddad.yaml")?;
    installation.kubectl("wait --for=condition=ReferencesResolved=false cuser/omar-haddad --timeout=60s")?;
    screen::command("kubectl describe cuser omar-haddad    # its condition Ready:");
    let described = installation.run(&["describe", "cuser", "omar-haddad"])?;
    screen::output(&condition(&described, "Ready").context("kubectl describe shows no condition Ready")?);
    show(installation)?;
    ensure!(!is_in_connect(installation, "omar.haddad"), "omar.haddad is in Connect, though his manifest is wrong");
    screen::tick("the condition says what is wrong and what to do; the other users are unchanged");
    Ok(())
}

fn correct(installation: &mut Installation<'_>) -> Result<()> {
    say("A corrected manifest is enough: the operator continues automatically.");
    installation.kubectl("apply --server-side --field-manager=demo -f dev/sample/changes/omar-haddad-corrected.yaml")?;
    installation.kubectl("wait --for=condition=Ready cuser/omar-haddad --timeout=60s")?;
    show(installation)
}

fn leave(installation: &mut Installation<'_>) -> Result<()> {
    say("Jane's manifest is deleted from Git. Her resource stays until her user is gone from Connect.");
    installation.kubectl("delete cuser jane-doe --timeout=60s")?;
    show(installation)?;
    ensure!(!is_in_connect(installation, "jane.doe"), "jane.doe is still in Connect");
    screen::tick("jane.doe is gone from Connect");
    Ok(())
}

fn show(installation: &Installation<'_>) -> Result<()> {
    installation.kubectl("get cuser")?;
    connect_table::show(installation, "Connect holds:");
    Ok(())
}

fn is_in_connect(installation: &Installation<'_>, username: &str) -> bool {
    installation.sim.user(&installation.instance.id, username).is_some()
}

/// Checks that Connect holds the users of all Ready resources, as specified, and no others.
fn check_users(installation: &mut Installation<'_>) -> Result<()> {
    let users = installation.until("Connect equals the manifests", |installation| {
        let (differences, users) = differences(installation)?;
        Ok(if differences.is_empty() { Ok(users) } else { Err(differences.join("\n")) })
    })?;
    screen::tick(&format!("Connect holds these {users} users, as their manifests say, and no others"));
    Ok(())
}

/// Checks that exactly these writes to Connect were made since `before`.
fn check_writes(installation: &Installation<'_>, before: &Writes, expected: &[(&str, u64)]) -> Result<()> {
    let mut made = installation.writes();
    for (operation, times) in before {
        made.entry(operation.clone()).and_modify(|now| *now -= times);
    }
    made.retain(|_, times| *times > 0);
    let expected: Writes = expected.iter().map(|(operation, times)| ((*operation).to_owned(), *times)).collect();
    if made != expected {
        bail!("writes to Connect: {}; expected: {}", listed(&made), listed(&expected));
    }
    screen::tick(&format!("writes to Connect: {}", listed(&made)));
    Ok(())
}

fn listed(writes: &Writes) -> String {
    let listed: Vec<_> = writes.iter().map(|(operation, times)| format!("{times} {operation}")).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
}

/// Returns the lines of `kubectl describe` about one condition. The type is its last line.
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
