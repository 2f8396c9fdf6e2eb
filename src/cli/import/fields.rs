//! The places of a CSV file's fields, for messages: the parser of the csv crate takes any text, and says less.

/// Where the fields of a text start, and the quotation mark that is never closed.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) starts: Vec<usize>,
    pub(super) unclosed: Option<usize>,
}

impl Fields {
    pub(super) fn of(text: &str, delimiter: char) -> Self {
        let (mut fields, mut at_start) = (Self::default(), true);
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            if at_start {
                fields.starts.push(at);
            }
            if letter == '"' && at_start {
                fields.unclosed = Some(at);
            } else if letter == '"' && fields.unclosed.is_some() && letters.next_if(|(_, next)| *next == '"').is_none() {
                fields.unclosed = None;
            }
            at_start = fields.unclosed.is_none() && (letter == delimiter || letter == '\n');
        }
        if at_start && !text.is_empty() {
            fields.starts.push(text.len());
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_start_after_delimiters_outside_quotes() {
        let starts = |text: &str| Fields::of(text, ';').starts;
        assert_eq!(starts("a;\"b;\"\"\n\";c\nd"), [0, 2, 10, 12]);
        assert_eq!(starts(""), [0; 0]);
        assert_eq!(starts("a;"), [0, 2]);
        assert_eq!(Fields::of("a;\"b;c", ';').unclosed, Some(2));
        assert_eq!(Fields::of("a;b\"c", ';').unclosed, None, "a sign like any other");
    }
}
