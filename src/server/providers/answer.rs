//! From the bytes of an answer to its events: the framer and the decoder in one.

use super::event_stream::{self, StreamError};
use super::sse::{self, FrameError, FrameLimits};
use super::{Decoder, Frame, Framing, ProviderError, ProviderEvent};
use crate::shared::error::ErrorCode;

/// What cuts the bytes, as the decoder wants them cut.
enum Framer {
    Sse(sse::Framer),
    EventStream(event_stream::Framer),
}

impl Framer {
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, StreamError> {
        match self {
            Self::Sse(framer) => framer.push(bytes).map_err(StreamError::Limit),
            Self::EventStream(framer) => framer.push(bytes),
        }
    }

    /// The event that the end cut off, where one may be told without its end.
    fn finish(&mut self) -> Result<Option<Frame>, StreamError> {
        match self {
            Self::Sse(framer) => framer.finish().map_err(StreamError::Limit),
            Self::EventStream(framer) => framer.broken().map_or(Ok(None), Err),
        }
    }
}

/// Reads one answer. After `Failed` it says nothing more.
pub struct Answer {
    framer: Framer,
    decoder: Box<dyn Decoder>,
    failed: bool,
}

impl Answer {
    /// An answer that `decoder` understands, within the default limits.
    #[must_use]
    pub fn new(decoder: Box<dyn Decoder>) -> Self {
        Self::within(FrameLimits::default(), decoder)
    }

    /// An answer that `decoder` understands.
    #[must_use]
    pub fn within(limits: FrameLimits, decoder: Box<dyn Decoder>) -> Self {
        let framer = match decoder.framing() {
            Framing::Sse => Framer::Sse(sse::Framer::new(limits)),
            Framing::EventStream => Framer::EventStream(event_stream::Framer::new(limits)),
        };
        Self {
            framer,
            decoder,
            failed: false,
        }
    }

    /// The limit that ended it, if one did.
    #[must_use]
    pub const fn limit(&self) -> Option<FrameError> {
        match &self.framer {
            Framer::Sse(framer) => framer.broken(),
            Framer::EventStream(framer) => match framer.broken() {
                Some(StreamError::Limit(limit)) => Some(limit),
                Some(StreamError::Damaged) | None => None,
            },
        }
    }

    /// Reads the next bytes and appends what they mean.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<ProviderEvent>) {
        if self.failed {
            return;
        }
        let frames = self.framer.push(bytes);
        self.read(frames.as_deref().unwrap_or_default(), out);
        // What broke behind good events shows at the next call.
        if self.framer.push(&[]).is_err() && !self.failed {
            self.fail(out);
        }
    }

    /// Reads the end of the bytes: appends `Failed` unless the answer was whole.
    pub fn finish(&mut self, out: &mut Vec<ProviderEvent>) {
        if self.failed {
            return;
        }
        match self.framer.finish() {
            Ok(frame) => {
                self.read(frame.as_slice(), out);
                if !self.failed {
                    self.decoder.finish(out);
                }
            }
            Err(_) => self.fail(out),
        }
        self.failed = true;
    }

    fn read(&mut self, frames: &[Frame], out: &mut Vec<ProviderEvent>) {
        for frame in frames {
            self.decoder.push(frame, out);
            self.failed = matches!(out.last(), Some(ProviderEvent::Failed(_)));
            if self.failed {
                return;
            }
        }
    }

    fn fail(&mut self, out: &mut Vec<ProviderEvent>) {
        self.failed = true;
        out.push(ProviderEvent::Failed(ProviderError::new(
            ErrorCode::UpstreamError,
        )));
    }
}
