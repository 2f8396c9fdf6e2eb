//! The control plane by hand: `ensure` downloads or builds missing programs (`ensure-api-server` without those of the controllers), `up`
//! also runs them until Ctrl-C, and `node` with a node that runs pods.

use std::{env, thread};

use anyhow::{Result, bail};
use control_plane::{Binaries, ControlPlane, Node, Options};

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["ensure"] => println!("{}", Binaries::ensure(|line| eprintln!("{line}"))?.directory().display()),
        ["ensure-api-server"] => println!("{}", Binaries::ensure_api_server(|line| eprintln!("{line}"))?.directory().display()),
        ["up"] => {
            let binaries = Binaries::ensure(|line| eprintln!("{line}"))?;
            println!("PATH={}:$PATH", binaries.directory().display());
            let plane = ControlPlane::start(Options::new(binaries))?;
            println!("KUBECONFIG={}", plane.admin_kubeconfig().display());
            wait_for_ctrl_c();
        }
        ["node"] => {
            if let Some(missing) = Node::missing(|line| eprintln!("{line}"))? {
                bail!("this machine cannot run a node: {missing}");
            }
            let node = Node::start(Options::new(Binaries::ensure(|line| eprintln!("{line}"))?))?;
            println!("KUBECONFIG={}", node.plane().admin_kubeconfig().display());
            wait_for_ctrl_c();
        }
        _ => bail!("usage: control-plane ensure | ensure-api-server | up | node"),
    }
    Ok(())
}

/// Waits for ever. Ctrl-C ends this process by default, and its children end with it.
fn wait_for_ctrl_c() {
    loop {
        thread::park();
    }
}
