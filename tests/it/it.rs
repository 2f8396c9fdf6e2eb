//! The operator on a real control plane, with the Connect simulator behind it. One binary, so that all tests share one plane.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod argocd;
mod chart;
mod golden;
mod health_checkers;
mod kustomize;
mod monitoring;
mod operator;
#[cfg(target_os = "linux")]
mod plane;
mod samples;
mod schema;
mod support;
mod workflows;
