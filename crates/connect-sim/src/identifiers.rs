//! Ids in the format of Connect's that are equal in every run.

use sha2::{Digest, Sha256};

/// A sequence of ids, determined by the seed.
#[derive(Debug)]
pub(crate) struct Identifiers {
    seed: u64,
    issued: u64,
}

impl Identifiers {
    pub fn new(seed: u64) -> Self {
        Self { seed, issued: 0 }
    }

    pub fn next(&mut self) -> String {
        self.issued += 1;
        uuid(&[&self.seed.to_be_bytes(), &self.issued.to_be_bytes()])
    }
}

/// Returns the id of a resource in the configuration. It depends on its instance and name, not on the order.
pub(crate) fn derived(instance: &str, kind: &str, name: &str) -> String {
    uuid(&[instance.as_bytes(), kind.as_bytes(), name.as_bytes()])
}

/// Returns a UUID of version 8 (vendor-specific).
fn uuid(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_separated() {
        assert_ne!(derived("ab", "c", "d"), derived("a", "bc", "d"));
    }
}
