//! Named JSON as the messages of Amazon's event stream.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;

/// Makes `event: name` and `data: …` frames binary; comments and the like have no place there.
pub(super) fn binary(frames: &[u8]) -> Bytes {
    let mut out = Vec::new();
    let mut name = String::new();
    for line in frames.split(|byte| *byte == b'\n') {
        if let Some(value) = line.strip_prefix(b"event: ") {
            name = String::from_utf8_lossy(value).into_owned();
        } else if let Some(data) = line.strip_prefix(b"data: ") {
            let message = message(&name, Bytes::copy_from_slice(data));
            // Only a header that is too long could fail, and these are fixed.
            let _ = write_message_to(&message, &mut out);
        }
    }
    out.into()
}

fn message(name: &str, payload: Bytes) -> Message {
    let (kind, title) = if name.ends_with("Exception") {
        ("exception", ":exception-type")
    } else {
        ("event", ":event-type")
    };
    let header = |name: &'static str, value: &str| {
        Header::new(name, HeaderValue::String(value.to_owned().into()))
    };
    Message::new(payload)
        .add_header(header(title, name))
        .add_header(header(":content-type", "application/json"))
        .add_header(header(":message-type", kind))
}
