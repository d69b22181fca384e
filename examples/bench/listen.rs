//! Listening to one answer, and comparing it with what the provider said.

use crate::Result;
use crate::account::Place;
use crate::mock::{Mock, Plan};
use crate::sse::Frames;
use crate::token;
use crate::wire::{Reply, Wire};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// An answer that has begun.
pub struct Listener {
    /// When the request was sent, in the time of [`token::now`].
    pub asked_at: u64,
    /// When the first event came, whatever it said.
    pub taken_at: u64,
    /// When the first token came.
    pub first_at: u64,
    plan: Plan,
    reply: Reply,
    frames: Frames,
    heard: Heard,
}

/// All that was heard of an answer.
#[derive(Default)]
pub struct Heard {
    /// The stream's name.
    pub stream: u64,
    /// The text.
    pub text: Vec<u8>,
    /// How long each token but the first was under way, in microseconds.
    pub waits: Vec<u64>,
    /// How many events brought them.
    pub events: usize,
    /// When the last token came.
    pub last_at: u64,
    /// The name of the last event.
    pub end: String,
    /// The number of the last event, or none when a number was left out or repeated.
    last_id: Option<u64>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: std::borrow::Cow<'a, str>,
}

impl Listener {
    /// Sends `plan` and waits for the first token.
    pub async fn begin(wire: &mut Wire, place: &Place, plan: Plan) -> Result<Self> {
        let request = place.send(&serde_json::to_string(&plan)?);
        let asked_at = token::now();
        let mut reply = wire.ask(&request).await?;
        if reply.status != 200 {
            let said = wire.whole(&mut reply).await?;
            return Err(format!("{}: {}", reply.status, String::from_utf8_lossy(&said)).into());
        }
        let mut listener = Self {
            asked_at,
            taken_at: 0,
            first_at: 0,
            plan,
            reply,
            frames: Frames::default(),
            heard: Heard {
                stream: plan.stream,
                last_id: Some(0),
                ..Heard::default()
            },
        };
        let mut bytes = Vec::new();
        while listener.heard.text.is_empty() {
            let more = listener.hear(wire, &mut bytes).await?;
            if listener.heard.text.is_empty() && !more {
                return Err(format!("no token, but {:?}", listener.heard.end).into());
            }
            if listener.taken_at == 0 {
                listener.taken_at = token::now();
            }
        }
        listener.first_at = listener.heard.last_at;
        Ok(listener)
    }

    /// Listens to the end, or until the connection is cut.
    pub async fn finish(mut self, wire: &mut Wire) -> Heard {
        self.heard
            .waits
            .reserve(self.plan.tokens.min(1 << 16) as usize);
        let mut bytes = Vec::new();
        while self.hear(wire, &mut bytes).await.unwrap_or(false) {}
        self.heard
    }

    /// Takes in what has arrived. Answers whether more can follow.
    async fn hear(&mut self, wire: &mut Wire, bytes: &mut Vec<u8>) -> Result<bool> {
        bytes.clear();
        let more = wire.piece(&mut self.reply, bytes).await?;
        let now = token::now();
        self.frames.push(bytes);
        while let Some(frame) = self.frames.take() {
            self.heard.last_id = self
                .heard
                .last_id
                .filter(|last| frame.id == last + 1)
                .map(|_| frame.id);
            if frame.event == "delta" {
                let delta: Delta = serde_json::from_str(&frame.data)?;
                self.heard.take_in(delta.text.as_bytes(), now);
            }
            self.heard.end = frame.event;
        }
        Ok(more)
    }
}

impl Heard {
    fn take_in(&mut self, text: &[u8], now: u64) {
        let first = self.text.is_empty();
        self.text.extend_from_slice(text);
        self.events += 1;
        self.last_at = now;
        let tokens = text.chunks(token::LEN).skip(usize::from(first));
        let sent = tokens.filter_map(token::read);
        self.waits.extend(sent.map(|at| now.saturating_sub(at)));
    }

    /// What is wrong with it, beside what the provider said: every token once and in order, and the end. Of an answer
    /// that was `cut`, what was heard has to be a beginning.
    pub fn faults(&self, mock: &Mock, cut: bool) -> Faults {
        let said = mock.said(self.stream);
        if said == self.text && self.end == "done" && self.last_id.is_some() {
            return Faults::default();
        }
        let heard: Vec<&[u8]> = self.text.chunks(token::LEN).collect();
        let known: HashSet<&[u8]> = heard.iter().copied().collect();
        let lost = said
            .chunks(token::LEN)
            .filter(|token| !known.contains(token))
            .count();
        let disordered = heard.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        let changed = !said.starts_with(&self.text) || self.last_id.is_none();
        Faults {
            lost: if cut { 0 } else { lost },
            disordered: disordered.max(usize::from(changed)),
            unfinished: usize::from(!cut && self.end != "done"),
        }
    }
}

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Tokens that never came.
    pub lost: usize,
    /// Tokens that came before their time or twice, or answers whose text or numbering is not as it should be.
    pub disordered: usize,
    /// Answers without their end.
    pub unfinished: usize,
}

impl Faults {
    /// All of them.
    pub const fn sum(self) -> usize {
        self.lost + self.disordered + self.unfinished
    }
}

impl std::ops::AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.disordered += other.disordered;
        self.unfinished += other.unfinished;
    }
}
