//! `connect-sim`: the simulator as a program.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use connect_sim::{Config, Sim, serve};
use tokio::net::TcpListener;

/// A simulator of Amazon Connect's user management.
///
/// Point any AWS SDK or the aws CLI to it (`--endpoint-url`, or AWS_ENDPOINT_URL_CONNECT). It accepts any credentials.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on. Port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The configuration in YAML. Default: one instance, with default settings.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.map_or_else(
        |error| {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = match &arguments.config {
        Some(file) => {
            let yaml = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Config::from_yaml(&yaml).with_context(|| format!("cannot use {}", file.display()))?
        }
        None => Config::default(),
    };
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let server = serve(Sim::new(config)?, listener)?;
    let end = end_of_process()?;
    println!("connect-sim listening on {}", server.url());
    end.await;
    server.stop().await?;
    Ok(())
}

/// Waits for SIGTERM or Ctrl-C. It is set up before the address is printed, so that a reader of the address can signal at once.
fn end_of_process() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
