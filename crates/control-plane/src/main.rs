//! The control plane by hand: `ensure` builds what is missing, `up` also runs it until Ctrl-C.

use std::{env, thread};

use anyhow::{Result, bail};
use control_plane::{Binaries, ControlPlane, Options};

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["ensure"] => println!("{}", Binaries::ensure(|line| eprintln!("{line}"))?.directory().display()),
        ["up"] => {
            let binaries = Binaries::ensure(|line| eprintln!("{line}"))?;
            println!("PATH={}:$PATH", binaries.directory().display());
            let plane = ControlPlane::start(Options::new(binaries))?;
            println!("KUBECONFIG={}", plane.admin_kubeconfig().display());
            // Ctrl-C ends this process by the signal's default; the rest ends with it.
            loop {
                thread::park();
            }
        }
        _ => bail!("usage: control-plane ensure | up"),
    }
    Ok(())
}
