//! The repository's own commands (`cargo xtask`), as a library so that tests can use what they generate.

pub mod bench;
pub mod compiled_once;
pub mod demo;
pub mod e2e;
pub mod generate;
pub mod lives;
mod programs;
pub mod release;
mod repository;
mod screen;
pub mod site;
