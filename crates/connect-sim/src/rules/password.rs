//! The password rule: `^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$`.

/// Returns whether Connect accepts a password.
pub(super) fn is_good(password: &str) -> bool {
    let has = |wanted: fn(&char) -> bool| password.chars().any(|c| wanted(&c));
    (8..=64).contains(&password.chars().count())
        && !has(|c| c.is_whitespace())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        // Java's \d matches only ASCII digits.
        && has(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::is_good;

    #[test]
    fn eight_to_sixty_four_characters_with_both_cases_and_a_digit() {
        assert!(is_good("Abcdefg1"));
        assert!(is_good("Abcdefg1!§"));
        assert!(is_good(&format!("Aa1{}", "x".repeat(61))));
        for bad in ["Abcdef1", "abcdefg1", "ABCDEFG1", "Abcdefgh", "Abcd efg1", "Abcdefg٣", ""] {
            assert!(!is_good(bad));
        }
        assert!(!is_good(&format!("Aa1{}", "x".repeat(62))));
    }
}
