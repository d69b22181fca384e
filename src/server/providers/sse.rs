//! Server-sent events from bytes that may be cut anywhere. Bounded, and patient with what providers really send.

use super::Frame;
use crate::server::config::{Limit, Limits};

/// What a stream may hold at the most.
#[derive(Clone, Copy, Debug)]
pub struct FrameLimits {
    /// Bytes of one line.
    pub line: usize,
    /// Bytes of one event's data.
    pub event: usize,
}

impl From<&Limits> for FrameLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            line: limits.sse_line_bytes,
            event: limits.sse_event_bytes,
        }
    }
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

/// The stream is no stream of events that anybody would send in good faith.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A line is longer than [`FrameLimits::line`].
    #[error("a line of the event stream is too long")]
    Line,
    /// An event is longer than [`FrameLimits::event`].
    #[error("an event of the event stream is too long")]
    Event,
}

impl From<FrameError> for Limit {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Line => Self::SseLineBytes,
            FrameError::Event => Self::SseEventBytes,
        }
    }
}

/// Cuts bytes into [`Frame`]s. The frames are the same however the bytes were cut.
///
/// Lines end with LF, CR LF or CR; text is decoded by whole lines, so that a character cut in two is no loss, and
/// invalid UTF-8 becomes U+FFFD without harm to what follows. Unlike a browser it also delivers an event that the end
/// of the stream cuts off before its blank line: providers do end that way.
#[derive(Debug, Default)]
pub struct Framer {
    limits: FrameLimits,
    line: Vec<u8>,
    after_cr: bool,
    after_first_line: bool,
    event: Option<String>,
    data: Option<String>,
    broken: Option<FrameError>,
}

impl Framer {
    /// A framer with these limits.
    #[must_use]
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The limit that was passed, if one was.
    #[must_use]
    pub const fn broken(&self) -> Option<FrameError> {
        self.broken
    }

    /// Reads the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// When a limit is passed. Events before that are returned first, by the call that saw them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Vec::new();
        let mut rest = bytes;
        while self.broken.is_none() && !rest.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(tail) = rest.strip_prefix(b"\n")
            {
                rest = tail;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (head, tail) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + head.len() > self.limits.line {
                self.broken = Some(FrameError::Line);
                break;
            }
            self.line.extend_from_slice(head);
            if let Some((end, tail)) = tail.split_first() {
                self.after_cr = *end == b'\r';
                rest = tail;
                frames.extend(self.end_line());
            } else {
                rest = tail;
            }
        }
        match self.broken {
            Some(broken) if frames.is_empty() => Err(broken),
            _ => Ok(frames),
        }
    }

    /// Reads the end of the stream and returns the event that it cut off, if there is one.
    ///
    /// # Errors
    /// When a limit was passed.
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameError> {
        let last = if self.broken.is_some() || self.line.is_empty() {
            None
        } else {
            self.end_line()
        };
        match self.broken {
            Some(broken) => Err(broken),
            None => Ok(last.or_else(|| self.dispatch())),
        }
    }

    fn end_line(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        let mut bytes = line.as_slice();
        if !std::mem::replace(&mut self.after_first_line, true) {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        if bytes.is_empty() {
            return self.dispatch();
        }
        let text = String::from_utf8_lossy(bytes);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = Some(value.to_owned()),
            "data" => {
                let held = self.data.as_ref().map_or(0, String::len);
                if held + value.len() > self.limits.event {
                    self.broken = Some(FrameError::Event);
                    return None;
                }
                match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                }
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Frame> {
        let event = self.event.take();
        self.data.take().map(|data| Frame { event, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::{Entropy, SeededEntropy};

    const MAX_LINE: usize = 1 << 20;
    const MESSY: &str = "\u{feff}: hello\r\nevent: a\r\ndata: {\"x\":\r\ndata: \"é漢🎈\"}\r\n\r\ndata:one\n\nevent:b\rdata\r\r\
                         id: 7\nretry: 5\nunknown: z\n\n\n\ndata: two \n: ping\ndata:  three\n\nevent: only a name\n\ndata: last";

    fn frames(cuts: &[&[u8]]) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut all = Vec::new();
        for cut in cuts {
            all.extend(framer.push(cut).unwrap());
        }
        all.extend(framer.finish().unwrap());
        all
    }

    fn frame(event: Option<&str>, data: &str) -> Frame {
        Frame {
            event: event.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    #[test]
    fn every_oddity_of_the_format_is_read() {
        assert_eq!(
            frames(&[MESSY.as_bytes()]),
            [
                frame(Some("a"), "{\"x\":\n\"é漢🎈\"}"),
                frame(None, "one"),
                frame(Some("b"), ""),
                frame(None, "two \n three"),
                frame(None, "last"),
            ]
        );
    }

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        let bytes = MESSY.as_bytes();
        let whole = frames(&[bytes]);
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(frames(&[head, tail]), whole, "cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(frames(&single), whole);
    }

    #[test]
    fn ten_thousand_random_cuts_change_nothing() {
        let bytes = MESSY.as_bytes();
        let whole = frames(&[bytes]);
        let random = SeededEntropy::new(7);
        for round in 0..10_000 {
            let mut cuts = Vec::new();
            let mut rest = bytes;
            while !rest.is_empty() {
                let mut size = [0];
                random.fill(&mut size);
                let (head, tail) = rest.split_at((usize::from(size[0]) % 24).min(rest.len()));
                cuts.push(head);
                rest = tail;
            }
            assert_eq!(frames(&cuts), whole, "round {round}");
        }
    }

    #[test]
    fn a_bad_byte_harms_nothing_behind_it() {
        let bytes = b"data: a\xff\xfeb\n\ndata: next\n\ndata: \xf0\x9f";
        let expected = [
            frame(None, "a\u{fffd}\u{fffd}b"),
            frame(None, "next"),
            frame(None, "\u{fffd}"),
        ];
        assert_eq!(frames(&[bytes]), expected);
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(frames(&[head, tail]), expected, "cut at {at}");
        }
    }

    #[test]
    fn a_line_without_end_is_given_up_after_the_events_before_it() {
        let mut bytes = b"data: good\n\ndata: ".to_vec();
        bytes.resize(bytes.len() + MAX_LINE, b'x');
        let mut framer = Framer::default();
        assert_eq!(framer.push(&bytes).unwrap(), [frame(None, "good")]);
        assert_eq!(framer.push(b"\n\ndata: more\n\n"), Err(FrameError::Line));
        assert_eq!(framer.finish(), Err(FrameError::Line));
        assert!(framer.line.len() <= MAX_LINE);
    }

    #[test]
    fn an_event_of_many_lines_is_given_up_too() {
        let mut framer = Framer::default();
        let line = format!("data: {}\n", "x".repeat(MAX_LINE - 64));
        assert_eq!(framer.push(line.as_bytes()), Ok(vec![]));
        assert_eq!(framer.push(line.as_bytes()), Ok(vec![]));
        assert_eq!(framer.push(line.as_bytes()), Err(FrameError::Event));
    }

    #[test]
    fn the_limits_are_those_that_were_given_and_the_one_that_bit_is_known() {
        let limits = FrameLimits { line: 10, event: 6 };
        let mut framer = Framer::new(limits);
        assert_eq!(framer.push(b"data: 1234\ndata: 12\n\n").unwrap().len(), 1);
        assert_eq!(framer.broken(), None);
        assert_eq!(framer.push(b"data: 12345"), Err(FrameError::Line));
        assert_eq!(framer.broken().map(Limit::from), Some(Limit::SseLineBytes));
        let mut framer = Framer::new(limits);
        let event = framer.push(b"data: 1234\ndata: 123\n");
        assert_eq!(event, Err(FrameError::Event));
        assert_eq!(framer.broken().map(Limit::from), Some(Limit::SseEventBytes));
    }

    #[test]
    fn the_longest_line_is_still_read() {
        let line = format!("data: {}", "x".repeat(MAX_LINE - "data: ".len()));
        assert_eq!(
            frames(&[line.as_bytes(), b"\n\n"])[0].data.len(),
            MAX_LINE - 6
        );
    }
}
