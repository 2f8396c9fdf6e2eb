//! How large a test is.

/// Returns how many users, or other objects, a test has: `small` by default, which shows the same counts for each of them, and `whole` if
/// the variable FLEET is `all`.
pub fn size(small: usize, whole: usize) -> usize {
    if std::env::var("FLEET").is_ok_and(|fleet| fleet == "all") { whole } else { small }
}
