//! Server-sent events, cut out of the bytes of a stream.

use crate::wire::find;

/// Cuts a stream into events.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    at: usize,
}

/// One event.
pub struct Frame {
    /// Its name; empty when it has none.
    pub event: String,
    /// Its number; 0 when it has none.
    pub id: u64,
    /// Its data.
    pub data: String,
}

impl Frames {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next event that is whole. Comments are left out.
    pub fn take(&mut self) -> Option<Frame> {
        loop {
            let rest = &self.bytes[self.at..];
            let end = find(rest, b"\n\n")?;
            let block = String::from_utf8_lossy(&rest[..end]);
            let mut frame = Frame {
                event: String::new(),
                id: 0,
                data: String::new(),
            };
            for (name, value) in block.lines().filter_map(|line| line.split_once(':')) {
                let value = value.strip_prefix(' ').unwrap_or(value);
                match name {
                    "event" => value.clone_into(&mut frame.event),
                    "id" => frame.id = value.parse().unwrap_or(0),
                    "data" => value.clone_into(&mut frame.data),
                    _ => {}
                }
            }
            self.at += end + 2;
            if !frame.data.is_empty() {
                return Some(frame);
            }
        }
    }
}
