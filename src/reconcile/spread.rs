//! Spreads resources over time.

/// Returns a number from 0 to 1 that depends on the resource and the row only: not random, so that runs can be repeated.
pub(super) fn spread(uid: &str, row: u32) -> f64 {
    let hash = uid
        .bytes()
        .chain(row.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    // FNV's low bits mix worst.
    f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
