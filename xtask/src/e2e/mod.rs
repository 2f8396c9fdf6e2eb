//! `cargo xtask e2e`: the image, as it is released, in pods of the chart on a real node, with a simulated Amazon Connect.
//!
//! `cluster` is where the pods run: a node that this machine starts, or a given test cluster. `release` installs the chart, and
//! `fleet` holds ConnectUsers and compares them with Connect. The scenarios use these three.

mod argocd;
mod cluster;
mod commands;
mod disruptions;
mod docs;
mod fleet;
pub(crate) mod image;
mod memory;
mod network;
mod pods;
mod release;
mod rotation;
pub(crate) mod steps;
mod upgrades;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use control_plane::Node;

use self::cluster::Cluster;
use self::fleet::Fleet;
use self::release::{Helm, Release};
use self::steps::Steps;
use crate::bench::{page, table::Table};
use crate::screen::{heading, say};

/// What is tested. Each part has a cluster of its own, if this machine starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The chart in pods.
    Pods,
    /// Argo CD.
    Argocd,
    /// The commands of the documentation.
    Docs,
}

/// The options of `cargo xtask e2e`.
#[derive(Debug, Args)]
pub struct E2e {
    /// Run the steps that take less than a minute: the chart is installed, an edit reaches Connect, and the leader is killed. Where no
    /// node starts, they are left out.
    #[arg(long)]
    quick: bool,

    /// The image, as dev/image/build.sh writes it. Default: build it.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    /// A test cluster, such as one of kind, instead of a node on this machine. Its nodes must have the image.
    #[arg(long, value_name = "FILE", requires_all = ["image", "address"], conflicts_with = "archive")]
    kubeconfig: Option<PathBuf>,

    /// The image that the nodes of the test cluster have, as NAME:TAG.
    #[arg(long, requires = "kubeconfig")]
    image: Option<String>,

    /// The address of this machine at which pods of the test cluster reach the simulated Connect.
    #[arg(long, requires = "kubeconfig")]
    address: Option<Ipv4Addr>,

    /// The number of ConnectUsers with which the memory limit must suffice.
    #[arg(long, default_value_t = 1_000)]
    users: usize,

    /// Run this part only.
    #[arg(long, value_enum, conflicts_with = "quick")]
    only: Option<Part>,

    /// Run the commands of these pages only, such as docs/plan.md.
    #[arg(long, value_name = "PAGE", conflicts_with = "quick")]
    pages: Vec<String>,

    /// Write the peak of the leader's memory into docs/benchmarks.md.
    #[arg(long)]
    record: bool,

    /// Also run what mostly waits: the rotation of a service account's token takes twelve minutes.
    #[arg(long)]
    long: bool,
}

/// Where pods run.
enum Surroundings {
    /// On a node of this machine, with this image.
    Here(PathBuf),
    Given {
        kubeconfig: PathBuf,
        image: String,
        address: Ipv4Addr,
    },
}

impl E2e {
    /// Runs the scenarios, and returns how the program should end.
    ///
    /// # Errors
    /// A program cannot be built or started.
    pub fn run(&self) -> Result<ExitCode> {
        let mut steps = Steps::default();
        let Some(surroundings) = self.surroundings(&mut steps)? else { return Ok(ExitCode::SUCCESS) };
        for part in [Part::Pods, Part::Argocd, Part::Docs] {
            if self.only.unwrap_or(part) != part || (self.quick && part != Part::Pods) {
                continue;
            }
            let cluster = match &surroundings {
                Surroundings::Given { kubeconfig, image, address } => Cluster::given(kubeconfig, image, *address)?,
                Surroundings::Here(archive) => {
                    let node = match Cluster::start_node(&mut steps) {
                        Err(error) if self.quick => {
                            println!("LEFT OUT: pods on a node, because none starts on this machine: {error:#}");
                            return Ok(ExitCode::SUCCESS);
                        }
                        started => started?,
                    };
                    Cluster::on(node, archive, &mut steps)?
                }
            };
            let failed = steps.failures();
            let played = match part {
                Part::Pods => self.play(&cluster, &mut steps),
                Part::Argocd => argocd::play(&cluster, &mut steps),
                Part::Docs => docs::play(&cluster, &self.pages, &mut steps),
            };
            if let Err(error) = &played {
                steps.failed(&format!("{error:#}"));
            }
            if steps.failures() > failed {
                say(&cluster.logs());
            }
            cluster.clean();
        }
        Ok(steps.finish())
    }

    /// Returns where pods can run, or says why there is no such place.
    fn surroundings(&self, steps: &mut Steps) -> Result<Option<Surroundings>> {
        if let (Some(kubeconfig), Some(image), Some(address)) = (&self.kubeconfig, &self.image, self.address) {
            let (kubeconfig, image) = (kubeconfig.clone(), image.clone());
            return Ok(Some(Surroundings::Given { kubeconfig, image, address }));
        }
        if let Some(missing) = Node::missing(|line| eprintln!("{line}"))? {
            println!("LEFT OUT: pods on a node, because {missing} (--kubeconfig names a test cluster to use instead)");
            return Ok(None);
        }
        heading("The image and the node");
        let archive = match &self.archive {
            Some(archive) => Some(archive.clone()),
            None => image::build(steps)?,
        };
        if archive.is_none() {
            println!("LEFT OUT: pods on a node, because this machine cannot build the image (--archive names one)");
        }
        Ok(archive.map(Surroundings::Here))
    }

    fn play(&self, cluster: &Cluster, steps: &mut Steps) -> Result<()> {
        let release = Release::new(cluster)?;
        let fleet = Fleet::create(cluster, "contact-center")?;
        heading("The chart in pods");
        pods::install(cluster, &release, steps, if self.quick { &[Helm::Four] } else { &[Helm::Three, Helm::Four] })?;
        pods::edit(&fleet, steps)?;
        disruptions::leader_deleted(cluster, &fleet, steps)?;
        if self.quick {
            return Ok(());
        }
        pods::probes(cluster, steps)?;
        commands::beside_the_leader(cluster, &fleet, steps)?;
        heading("Disruptions");
        disruptions::play(cluster, &fleet, steps)?;
        heading("Upgrade and rollback while 200 users change");
        upgrades::play(cluster, &release, steps)?;
        heading("Memory");
        let mut table = Table::default();
        memory::play(cluster, self.users, steps, &mut table)?;
        if self.record {
            page::write(page::Part::Pods, &page::Part::Pods.section(&table))?;
        }
        heading("Credentials of the service account");
        if self.long {
            rotation::play(cluster, &release, &fleet, steps)?;
        } else {
            println!("  LEFT OUT: the rotation of a token, because it takes twelve minutes (--long runs it)");
        }
        heading("NetworkPolicy");
        network::play(cluster, &release, &fleet, steps)
    }
}
