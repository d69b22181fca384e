//! From the bytes of an answer to its events: the framer and the decoder in one.

use super::sse::{FrameError, FrameLimits, Framer};
use super::{Decoder, Frame, ProviderError, ProviderEvent};
use crate::shared::error::ErrorCode;

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
        Self {
            framer: Framer::new(limits),
            decoder,
            failed: false,
        }
    }

    /// The limit that ended it, if one did.
    #[must_use]
    pub const fn limit(&self) -> Option<FrameError> {
        self.framer.broken()
    }

    /// Reads the next bytes and appends what they mean.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<ProviderEvent>) {
        if self.failed {
            return;
        }
        let frames = self.framer.push(bytes);
        self.read(frames.as_deref().unwrap_or_default(), out);
        // A limit that was passed behind good events shows at the next call.
        if let Err(error) = self.framer.push(&[])
            && !self.failed
        {
            self.fail(error, out);
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
            Err(error) => self.fail(error, out),
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

    fn fail(&mut self, _limit: FrameError, out: &mut Vec<ProviderEvent>) {
        self.failed = true;
        out.push(ProviderEvent::Failed(ProviderError::new(
            ErrorCode::UpstreamError,
        )));
    }
}
