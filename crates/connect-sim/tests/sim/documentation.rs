//! docs/simulator.md says what is true.

use connect_sim::Config;

use crate::support::*;

const PAGE: &str = include_str!("../../../../docs/simulator.md");

#[test]
fn every_operation_is_documented() {
    let error = Config::from_yaml("deniedOperations: [Unknown]").unwrap_err().to_string();
    let (_, operations) = error.split_once("expected one of ").unwrap();
    let table: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| ")).collect();
    let documented = |operation: &str| {
        let words = table.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
        words.into_iter().any(|word| word == operation)
    };
    let missing: Vec<&str> = operations.split(", ").filter(|operation| !documented(operation)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[tokio::test]
async fn documented_faults_are_accepted() {
    let served = ServedSim::new(sim()).await;
    let mut faults = 0;
    for block in PAGE.split("```json\n").skip(1) {
        let fault = block.split("```").next().unwrap();
        let reply = raw(&served.url(), "POST", "/_sim/faults", "Content-Type: application/json\r\n", fault).await.unwrap();
        assert_eq!(reply.status, 200, "{fault}: {}", reply.body);
        faults += 1;
    }
    assert_eq!((served.sim.faults().len(), faults), (3, 3));
    for effect in ["lostReply", "lostRequest", "bare429", "accessDenied"] {
        assert!(PAGE.contains(&format!("`\"{effect}\"`")), "{effect}");
        let fault = format!("{{\"effect\": \"{effect}\"}}");
        let reply = raw(&served.url(), "POST", "/_sim/faults", "Content-Type: application/json\r\n", &fault).await.unwrap();
        assert_eq!(reply.status, 200, "{fault}: {}", reply.body);
    }
}
