//! `helm upgrade --reuse-values`: Helm renders the chart with the defaults of the previous chart, in place of its own.

use std::{fs, process::Command};

use super::{
    CHART, Helm, documents,
    life::{released, released_charts},
};
use crate::support::repository;

#[test]
fn keys_that_a_released_chart_lacks_have_their_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let (chart, values) = (directory.path().join("connect-operator"), directory.path().join("values.yaml"));
    let copied = Command::new("cp").arg("-r").args([&repository(CHART), &chart]).status().unwrap();
    assert!(copied.success());
    for helm in Helm::ALL {
        for version in released_charts() {
            let former = helm.run(&["show", "values", &released(&version)], None).unwrap();
            for path in [&values, &chart.join("values.yaml")] {
                fs::write(path, &former).unwrap();
            }
            let reused = helm.template_of(chart.to_str().unwrap(), &[]).unwrap();
            let given = helm.template(&[&format!("--values={}", values.display())]).unwrap();
            assert_eq!(documents(&reused), documents(&given), "{helm:?}, {version}");
        }
    }
}
