//! What every decoder does around its dialect: parse, skip what is not known, end once.

use super::halves::Halves;
use super::{Decoder, Frame, Framing, ProviderError, ProviderEvent, TokenUsage};
use crate::shared::chat::FinishReason;
use crate::shared::error::ErrorCode;
use serde_json::Value;

/// What a frame was.
pub(super) enum Step {
    /// Nothing that the dialect knows. Providers add events; they are skipped.
    Unknown,
    /// A part of the answer.
    More,
    /// The dialect's terminator.
    End,
    /// The answer broke.
    Fail(ProviderError),
}

/// The frames of one API.
pub(super) trait Dialect: Send {
    /// Whether `data: [DONE]` is the terminator.
    const DONE: bool = false;

    /// What the frames are cut from.
    const FRAMING: Framing = Framing::Sse;

    /// Reads a JSON object. `kind` is its `type`, else the name of its event, else empty.
    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step;

    /// Whether the end of the connection is a good end now, for an API without a terminator.
    fn may_end(&self) -> bool {
        false
    }
}

/// A decoder made of a dialect.
#[derive(Default)]
pub(super) struct Decoding<D> {
    dialect: D,
    halves: Halves,
    /// Frames that were understood, and frames that were not JSON objects.
    understood: u64,
    garbage: u64,
    finished: bool,
    ended: bool,
}

impl<D: Dialect> Decoding<D> {
    pub(super) fn new(dialect: D) -> Self {
        Self {
            dialect,
            halves: Halves::default(),
            understood: 0,
            garbage: 0,
            finished: false,
            ended: false,
        }
    }

    /// Moves the dialect's events over, without empty text, and without text or a second end behind the first end.
    fn keep(&mut self, events: Vec<ProviderEvent>, out: &mut Vec<ProviderEvent>) {
        for event in events {
            let wanted = match &event {
                ProviderEvent::Text(text) | ProviderEvent::Reasoning(text) => {
                    !self.finished && !text.is_empty()
                }
                ProviderEvent::Finish(_) => !std::mem::replace(&mut self.finished, true),
                ProviderEvent::Usage(_)
                | ProviderEvent::PaidByGateway
                | ProviderEvent::Failed(_) => true,
            };
            if wanted {
                out.push(event);
            }
        }
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<ProviderEvent>) {
        self.ended = true;
        out.push(ProviderEvent::Failed(error));
    }
}

impl<D: Dialect> Decoder for Decoding<D> {
    fn framing(&self) -> Framing {
        D::FRAMING
    }

    fn push(&mut self, frame: &Frame, out: &mut Vec<ProviderEvent>) {
        if self.ended {
            return;
        }
        let mut events = Vec::new();
        let step = match self.halves.parse(&frame.data) {
            Ok(value @ Value::Object(_)) => {
                let kind = value.get("type").and_then(Value::as_str);
                let kind = kind.or(frame.event.as_deref()).unwrap_or_default();
                self.dialect.read(kind, &value, &mut events)
            }
            _ if D::DONE && frame.data.trim() == "[DONE]" => Step::End,
            _ => {
                self.garbage += 1;
                Step::Unknown
            }
        };
        self.keep(events, out);
        match step {
            Step::Unknown => {}
            Step::More => self.understood += 1,
            Step::End if self.finished => self.ended = true,
            Step::End if self.understood == 0 => {
                self.fail(ProviderError::new(ErrorCode::UpstreamError), out);
            }
            Step::End => {
                self.ended = true;
                out.push(ProviderEvent::Finish(FinishReason::Other));
            }
            Step::Fail(error) => self.fail(error, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<ProviderEvent>) {
        if self.ended || self.dialect.may_end() {
            self.ended = true;
            return;
        }
        let nonsense = self.understood == 0 && self.garbage > 0;
        let code = if nonsense {
            ErrorCode::UpstreamError
        } else {
            ErrorCode::UpstreamTruncated
        };
        self.fail(ProviderError::new(code), out);
    }
}

/// More than any model reads or writes, and so little that no sum of counts overflows, here or in the database.
const MOST: u64 = 1 << 53;

/// The number at `pointer`, which some providers write as a float. Never more than [`MOST`].
pub(super) fn count(value: &Value, pointer: &str) -> Option<u64> {
    let number = value.pointer(pointer)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, which suits a count"
    )]
    number
        .as_u64()
        .or_else(|| number.as_f64().map(|float| float as u64))
        .map(|count| count.min(MOST))
}

/// The text at `pointer`.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Tokens as the OpenAI family counts them: totals that include cached and reasoning tokens.
pub(super) fn inclusive_usage(usage: &Value, input: &str, output: &str) -> TokenUsage {
    let of = |name: &str, part: &str| count(usage, &format!("/{name}_details/{part}")).unwrap_or(0);
    TokenUsage {
        input: count(usage, &format!("/{input}")).unwrap_or(0),
        input_cached: of(input, "cached_tokens"),
        input_cache_write: of(input, "cache_write_tokens"),
        output: count(usage, &format!("/{output}")).unwrap_or(0),
        reasoning: of(output, "reasoning_tokens"),
    }
}
