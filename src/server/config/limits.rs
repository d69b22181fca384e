//! What one process gives to anybody at the most. Each limit is a field, a variable and a label of
//! `keylm_limit_hits_total`, all named in one row below.

use super::ConfigError;
use super::source::Source;
use crate::shared::validate::MAX_MESSAGE_CHARS;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What a limit is counted in.
trait Unit: Sized {
    /// How a refusal calls it.
    const NAME: &'static str;

    fn of(number: u32) -> Self;
}

impl Unit for usize {
    const NAME: &'static str = "a whole number";

    fn of(number: u32) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }
}

impl Unit for Duration {
    const NAME: &'static str = "a whole number of seconds";

    fn of(number: u32) -> Self {
        Self::from_secs(number.into())
    }
}

fn read<T: Unit>(
    source: &Source<'_>,
    variable: &str,
    default: u32,
    bounds: &RangeInclusive<u32>,
) -> Result<T, ConfigError> {
    let number = source.read(variable, |text| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u32>().ok().filter(|_| digits);
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| format!("{} from {} to {}", T::NAME, bounds.start(), bounds.end()))
    })?;
    Ok(T::of(number.unwrap_or(default)))
}

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident, $limit:ident: $unit:ty = $variable:literal, $default:expr, $bounds:expr;)*) => {
        /// All limits of one process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$doc])* pub $field: $unit,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: Unit::of($default),)* }
            }
        }

        impl Limits {
            /// The limits of the settings.
            ///
            /// # Errors
            /// Names the variable that is wrong.
            pub(super) fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
                Ok(Self { $($field: read(source, $variable, $default, &$bounds)?,)* })
            }
        }

        /// A limit that was reached.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Limit {
            $($(#[$doc])* $limit,)*
            /// Requests a minute of one client: `RATE_LIMIT_PER_MINUTE`.
            RequestRate,
            /// Descriptors, as the operating system limits them for each process.
            OpenFiles,
        }

        impl Limit {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$limit,)* Self::RequestRate, Self::OpenFiles];

            /// The label of its metric.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$limit => stringify!($field),)*
                    Self::RequestRate => "request_rate",
                    Self::OpenFiles => "open_files",
                }
            }
        }

        /// The variables of the limits.
        pub const LIMITS: &[&str] = &[$($variable),*];

        #[cfg(test)]
        pub(super) const BOUNDS: &[(&str, RangeInclusive<u32>)] = &[$(($variable, $bounds)),*];
    };
}

/// Nothing that is counted here is sensibly larger; a larger number is a typo.
const GIB: u32 = 1 << 30;
const DAY: u32 = 86_400;
#[expect(clippy::cast_possible_truncation, reason = "two hundred thousand")]
const MESSAGE_CHARS: u32 = MAX_MESSAGE_CHARS as u32;

limits! {
    /// Bytes of a request's JSON. A form of the pages may be four times as large: it is percent-encoded.
    request_bytes, RequestBytes: usize = "LIMIT_REQUEST_BYTES", 1 << 20, 1024..=GIB / 4;
    /// Characters of one message of a person.
    message_chars, MessageChars: usize = "LIMIT_MESSAGE_CHARS", MESSAGE_CHARS, 1..=MESSAGE_CHARS;
    /// Bytes of a request's head.
    header_bytes, HeaderBytes: usize = "LIMIT_HEADER_BYTES", 32 << 10, 8192..=1 << 20;
    /// From the first byte of a request's head, or from the connection's beginning, to the end of the head.
    header_read, HeaderRead: Duration = "LIMIT_HEADER_READ_SECONDS", 10, 1..=DAY;
    /// From the request to the end of its body.
    body_read, BodyRead: Duration = "LIMIT_BODY_READ_SECONDS", 30, 1..=DAY;
    /// How long a client may take no byte of what it is being sent.
    write_stall, WriteStall: Duration = "LIMIT_WRITE_STALL_SECONDS", 30, 1..=DAY;
    /// Open connections of clients.
    connections, Connections: usize = "LIMIT_CONNECTIONS", 4096, 1..=1 << 20;
    /// Until there is a connection to a provider.
    provider_connect, ProviderConnect: Duration = "PROVIDER_CONNECT_SECONDS", 10, 1..=DAY;
    /// From a request to the first byte of a provider's answer.
    provider_first_byte, ProviderFirstByte: Duration = "PROVIDER_FIRST_BYTE_SECONDS", 120, 1..=DAY;
    /// Between two pieces of a provider's answer.
    provider_idle, ProviderIdle: Duration = "PROVIDER_IDLE_SECONDS", 60, 1..=DAY;
    /// For a provider's whole answer.
    provider_total, ProviderTotal: Duration = "PROVIDER_TOTAL_SECONDS", 900, 1..=DAY;
    /// Bytes of one line of a provider's event stream.
    sse_line_bytes, SseLineBytes: usize = "LIMIT_SSE_LINE_BYTES", 1 << 20, 1024..=GIB;
    /// Bytes of one event of a provider's event stream.
    sse_event_bytes, SseEventBytes: usize = "LIMIT_SSE_EVENT_BYTES", 2 << 20, 1024..=GIB;
    /// Bytes of a provider's whole event stream.
    stream_bytes, StreamBytes: usize = "LIMIT_STREAM_BYTES", 32 << 20, 1024..=GIB;
    /// Bytes that are read of a provider's error.
    error_body_bytes, ErrorBodyBytes: usize = "LIMIT_ERROR_BODY_BYTES", 64 << 10, 1024..=GIB;
    /// Bytes of one page of a provider's model list.
    model_list_bytes, ModelListBytes: usize = "LIMIT_MODEL_LIST_BYTES", 4 << 20, 1024..=GIB;
    /// Models of a provider's list.
    models, Models: usize = "LIMIT_MODELS", 5000, 1..=1 << 20;
    /// Bytes of an answer's text and reasoning.
    output_bytes, OutputBytes: usize = "LIMIT_OUTPUT_BYTES", 2 << 20, 1024..=64 << 20;
    /// Answers that one person may have running.
    answers_per_user, AnswersPerUser: usize = "LIMIT_ANSWERS_PER_USER", 4, 1..=1 << 20;
    /// Answers that may be running, in all processes on one database together.
    answers, Answers: usize = "LIMIT_ANSWERS", 1000, 1..=1 << 20;
    /// Readers of one answer in one process.
    readers_per_message, ReadersPerMessage: usize = "LIMIT_READERS_PER_MESSAGE", 16, 1..=1 << 20;
    /// Elements of an answer's Markdown that are inside of each other; what is deeper is shown as text.
    markdown_depth, MarkdownDepth: usize = "LIMIT_MARKDOWN_DEPTH", 64, 1..=256;
}
