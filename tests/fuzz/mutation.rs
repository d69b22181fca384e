//! Recordings of what providers sent, and ways to spoil them.

use keylm::server::clock::{Entropy, SeededEntropy};
use std::fs;
use std::path::Path;

/// The recorded answers in `tests/transcripts/<provider>/<start>*`, by name.
pub fn recordings(provider: &str, start: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(provider);
    let entries = fs::read_dir(&folder).expect("the recordings");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(start))
        .map(|entry| {
            let text = fs::read(entry.path().join("response.sse"));
            let bytes = text.or_else(|_| fs::read(entry.path().join("response.bin")));
            let bytes = bytes.expect("a recording");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{provider}/{start}");
    found
}

/// Random numbers that are the same for the same seed.
pub struct Dice(SeededEntropy);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// Dice that belong to these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(hash)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % end.max(1)
    }

    /// One of these.
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// `bytes` in pieces of at most `most` bytes, some of them empty.
    pub fn cut<'a>(&mut self, bytes: &'a [u8], most: usize) -> Vec<&'a [u8]> {
        let mut cuts = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(self.below(most + 1).min(rest.len()));
            cuts.push(head);
            rest = tail;
        }
        cuts
    }
}

/// What has hurt parsers before: line ends, marks, half characters, numbers that fit nowhere, words of the formats.
const NASTY: &[&[u8]] = &[
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xf0\x9f\x8e",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\0",
    b":",
    b"data",
    b"data:",
    b"data: \n",
    b"\ndata: ",
    b"\n\ndata: [DONE]\n\n",
    b"event: error\n",
    b"event: message_stop\ndata: {}\n\n",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"\"x\"",
    b"\\ud800",
    b"\\u0000",
    b"\\",
    b"\"",
    b"}",
    b"{\"",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\"choices\":null,",
    b"\"error\":{\"type\":\"x\"},",
];

/// What may stand where a number stood.
const NUMBERS: &[&[u8]] = &[
    b"-1",
    b"-0",
    b"0",
    b"1e300",
    b"-1e300",
    b"1e999",
    b"0.5",
    b"9007199254740993",
    b"9223372036854775807",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999",
    b"\"7\"",
    b"null",
    b"[7]",
];

/// One change of a stream: what, where, with what.
pub type Edit = (u8, u16, u8);

/// Makes the first few of these changes: as many as still leave something to read.
pub fn spoil(bytes: &mut Vec<u8>, edits: &[Edit], seed: u64) {
    let few = 1 + usize::try_from(seed % 6).unwrap_or(0);
    edits
        .iter()
        .take(few)
        .for_each(|change| edit(bytes, *change));
}

/// Makes one change.
fn edit(bytes: &mut Vec<u8>, (what, place, with): Edit) {
    let at = usize::from(place) % (bytes.len() + 1);
    let with = usize::from(with);
    match what % 8 {
        0 if at < bytes.len() => bytes[at] ^= u8::try_from(with.max(1)).unwrap_or(1),
        1 => drop(bytes.drain(at..(at + with).min(bytes.len()))),
        2 | 3 => drop(bytes.splice(at..at, NASTY[with % NASTY.len()].iter().copied())),
        4 => replace_number(bytes, at, NUMBERS[with % NUMBERS.len()]),
        5 => repeat_frame(bytes, at),
        6 => replace_line_end(bytes, at, [b"\r".as_slice(), b"\n", b"\r\n"][with % 3]),
        7 if with % 8 == 0 => bytes.truncate(at),
        _ => {}
    }
}

/// Replaces the first number from `at` on.
fn replace_number(bytes: &mut Vec<u8>, at: usize, number: &[u8]) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let end = start + digits.count();
    bytes.splice(start..end, number.iter().copied());
}

/// Says the frame around `at` twice.
fn repeat_frame(bytes: &mut Vec<u8>, at: usize) {
    let ends: Vec<usize> = bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair == b"\n\n")
        .map(|(start, _)| start + 2)
        .collect();
    let start = ends.iter().rev().find(|end| **end <= at).copied();
    let end = ends.iter().find(|end| **end > at).copied();
    if let Some(end) = end {
        let frame = bytes[start.unwrap_or(0)..end].to_vec();
        bytes.splice(end..end, frame);
    }
}

/// Replaces the first line feed from `at` on.
fn replace_line_end(bytes: &mut Vec<u8>, at: usize, by: &[u8]) {
    if let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        bytes.splice(at + found..=at + found, by.iter().copied());
    }
}
