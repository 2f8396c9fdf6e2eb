//! Chooses ports to listen on.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Below the range of the ports of outgoing connections (32768 and up). Ports that the system chooses (`:0`) are in that range: while
/// a server restarts, a connection may take its port, even the connection of a client that tries to reach the server.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// Returns different ports of loopback that were free a moment ago.
///
/// # Errors
/// There are none.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    // A hasher's seed is the standard library's source of randomness.
    let start = RandomState::new().hash_one(0) % u64::from(COUNT);
    let mut candidates = (0..u64::from(COUNT)).map(|step| FIRST + ((start + step) % u64::from(COUNT)) as u16);
    let listeners: [Option<TcpListener>; N] =
        array::from_fn(|_| candidates.by_ref().find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()));
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.as_ref().context("no free port on loopback")?.local_addr()?.port();
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports: [u16; 3] = free().unwrap();
        assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
        assert!(ports.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
    }
}
