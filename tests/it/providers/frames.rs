//! Server-sent events as Amazon's binary frames, so that one notation does for all dialects.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use keylm::server::providers::sse::{FrameLimits, Framer};

/// What these events are in the other framing. One that is called an exception is one.
pub fn binary(events: &[u8]) -> Vec<u8> {
    let limits = FrameLimits {
        line: usize::MAX,
        event: usize::MAX,
    };
    let mut framer = Framer::new(limits);
    let mut frames = framer.push(events).expect("no limit");
    frames.extend(framer.finish().expect("no limit"));
    let mut bytes = Vec::new();
    for frame in frames {
        let name = frame.event.unwrap_or_default();
        let (kind, title) = if name.ends_with("Exception") {
            ("exception", ":exception-type")
        } else {
            ("event", ":event-type")
        };
        let header = |name: &'static str, value: String| {
            Header::new(name, HeaderValue::String(value.into()))
        };
        let message = Message::new(frame.data.into_bytes())
            .add_header(header(title, name))
            .add_header(header(":message-type", kind.to_owned()));
        write_message_to(&message, &mut bytes).expect("short headers");
    }
    bytes
}
