//! Amazon's binary event streams from bytes that may be cut anywhere: messages that begin with their length and carry
//! two checksums. Bounded like [`super::sse`].

use super::Frame;
use super::sse::{FrameError, FrameLimits};
use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::{Buf, BytesMut};
use serde_json::json;

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A limit was passed.
    #[error(transparent)]
    Limit(FrameError),
    /// A checksum is wrong, or the lengths are.
    #[error("a message of the event stream is damaged")]
    Damaged,
}

/// The length of the shortest message: its prelude and its checksum.
const SHORTEST: usize = 16;

/// Cuts bytes into [`Frame`]s. The frames are the same however the bytes were cut.
#[derive(Debug, Default)]
pub struct Framer {
    limits: FrameLimits,
    buffer: BytesMut,
    broken: Option<StreamError>,
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

    /// Why nothing more is read, if so.
    #[must_use]
    pub const fn broken(&self) -> Option<StreamError> {
        self.broken
    }

    /// Reads the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// When a limit is passed or a message is damaged. Events before that are returned first, by the call that saw
    /// them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, StreamError> {
        let mut frames = Vec::new();
        if self.broken.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
        while self.broken.is_none() {
            match self.message() {
                Ok(Some(message)) => frames.extend(frame(&message)),
                Ok(None) => break,
                Err(broken) => {
                    self.broken = Some(broken);
                    self.buffer.clear();
                }
            }
        }
        match self.broken {
            Some(broken) if frames.is_empty() => Err(broken),
            _ => Ok(frames),
        }
    }

    /// The next whole message, if it is there.
    fn message(&mut self) -> Result<Option<Message>, StreamError> {
        let Some(length) = self.buffer.first_chunk() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.limits.event {
            return Err(StreamError::Limit(FrameError::Event));
        }
        if length < SHORTEST {
            return Err(StreamError::Damaged);
        }
        let Some(message) = self.buffer.get(..length) else {
            return Ok(None);
        };
        let message = read_message_from(message);
        self.buffer.advance(length);
        message.map(Some).map_err(|_| StreamError::Damaged)
    }
}

/// A message as its name and its JSON, or `None` for a kind that is not known. An exception has a name as an event has.
fn frame(message: &Message) -> Option<Frame> {
    let header = |name: &str| {
        let mut headers = message.headers().iter();
        let header = headers.find(|header| header.name().as_str() == name)?;
        Some(header.value().as_string().ok()?.as_str().to_owned())
    };
    let data = String::from_utf8_lossy(message.payload()).into_owned();
    let (event, data) = match header(":message-type")?.as_str() {
        "event" => (header(":event-type")?, data),
        "exception" => (header(":exception-type")?, data),
        "error" => {
            let said = json!({"code": header(":error-code"), "message": header(":error-message")});
            ("error".to_owned(), said.to_string())
        }
        _ => return None,
    };
    Some(Frame {
        event: Some(event),
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both made with botocore (providers.md §9).
    const DELTA: &str = "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070005\
                         6576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d7d1f944657";
    const EXCEPTION: &str = "000000b0000000614f5086b30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700\
                             09657863657074696f6e7b226d657373616765223a22546f6f206d616e7920746f6b656e732c20706c656173652077616974206265666f726520747279696e6720616761696e2e227df70ae57f";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .bytes()
            .filter_map(|digit| u8::try_from(char::from(digit).to_digit(16)?).ok())
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    fn both() -> (Vec<u8>, [Frame; 2]) {
        let frame = |event: &str, data: &str| Frame {
            event: Some(event.to_owned()),
            data: data.to_owned(),
        };
        let events = [
            frame(
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
            ),
            frame(
                "throttlingException",
                r#"{"message":"Too many tokens, please wait before trying again."}"#,
            ),
        ];
        ([bytes(DELTA), bytes(EXCEPTION)].concat(), events)
    }

    #[test]
    fn events_and_exceptions_are_read_however_they_are_cut() {
        let (stream, expected) = both();
        for at in 0..=stream.len() {
            let mut framer = Framer::default();
            let mut found = framer.push(&stream[..at]).unwrap();
            found.extend(framer.push(&stream[at..]).unwrap());
            assert_eq!(found, expected, "cut at {at}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (stream, expected) = both();
        for at in 0..DELTA.len() / 2 {
            for bit in 0..8 {
                let mut spoiled = stream.clone();
                spoiled[at] ^= 1 << bit;
                let mut framer = Framer::default();
                let found = framer.push(&spoiled);
                // A length that grew may wait for more, but it never makes a message.
                let waits = at < 4 && found == Ok(vec![]);
                assert!(waits || found.is_err(), "{found:?} at {at}");
                assert_ne!(found.unwrap_or_default(), expected);
            }
        }
    }

    #[test]
    fn what_came_before_the_damage_is_told_first() {
        let (mut stream, [delta, _]) = both();
        let last = stream.len() - 1;
        stream[last] ^= 1;
        let mut framer = Framer::default();
        assert_eq!(framer.push(&stream), Ok(vec![delta]));
        assert_eq!(framer.push(&bytes(DELTA)), Err(StreamError::Damaged));
    }

    #[test]
    fn a_message_beyond_the_limit_is_given_up_at_its_length() {
        let limits = FrameLimits {
            line: 10,
            event: 147,
        };
        let mut framer = Framer::new(limits);
        let limit = Err(StreamError::Limit(FrameError::Event));
        assert_eq!(framer.push(&bytes(DELTA)[..4]), limit);
        assert!(framer.buffer.is_empty());
        let mut framer = Framer::new(FrameLimits {
            event: 148,
            ..limits
        });
        assert_eq!(framer.push(&bytes(DELTA)).map(|frames| frames.len()), Ok(1));
    }
}
