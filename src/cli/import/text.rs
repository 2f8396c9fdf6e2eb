//! The text of a file, and the place where it is broken.

use std::fmt::Display;

/// The error for a file that cannot be read as what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {why}")]
pub(super) struct Broken {
    pub(super) line: u64,
    /// In characters, from 1.
    pub(super) column: u64,
    pub(super) why: String,
}

impl Broken {
    /// Returns the error at a byte of a text.
    pub(super) fn at(text: &str, offset: usize, why: impl Display) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[start..].chars().count() + 1);
        Self { line: line as u64, column: column as u64, why: why.to_string() }
    }

    /// Returns the error of a parser, whose text says the place once more.
    pub(super) fn parsing(line: u64, column: u64, error: &impl Display) -> Self {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        Self { line, column, why: why.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Returns the text of a file as editors and spreadsheets save it: UTF-8 with or without a byte order mark, or UTF-16 with one.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Broken> {
    const SAVE_AS: &str = "save it as UTF-8 (a spreadsheet: as \"CSV UTF-8\")";
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let text = String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>());
        text.ok().filter(|_| rest.is_empty()).ok_or_else(|| Broken::at("", 0, format!("is not valid UTF-16: {SAVE_AS}")))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'P', b'K', 3, 4, ..] => Err(Broken::at("", 0, "is a workbook or another archive: save the sheet as \"CSV UTF-8\"")),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => str::from_utf8(rest).map(str::to_owned).map_err(|error| {
            let valid = String::from_utf8_lossy(&rest[..error.valid_up_to()]);
            Broken::at(&valid, valid.len(), format!("is not UTF-8: {SAVE_AS}"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_spreadsheets_are_read() {
        let text = "user login\n김민준 Ä\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            [&[0xff, 0xfe], &little[..]].concat(),
            [&[0xfe, 0xff], &big[..]].concat(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_bytes_are_refused_with_their_place() {
        let place = |bytes: &[u8]| decode(bytes).map_err(|broken| (broken.line, broken.column)).unwrap_err();
        assert_eq!(place(b"a,b\n1,M\xfcller\n"), (2, 4), "as Windows writes it");
        assert_eq!(place("ÄÖ\n".as_bytes().iter().copied().chain([0xff]).collect::<Vec<_>>().as_slice()), (2, 1));
        assert_eq!(place(&[0xff, 0xfe, 0x41]), (1, 1));
        assert!(decode(b"PK\x03\x04...").unwrap_err().why.contains("workbook"));
    }
}
