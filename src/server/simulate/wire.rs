//! Runs a plan: steps become events of a dialect, events become bytes.

use std::{io, time::Duration};

use async_stream::stream;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, future::pending, stream::BoxStream};
use serde_json::Value;
use tokio::{task::yield_now, time::sleep};

use super::{
    script::{Finish, Plan, Step, Wire, chars},
    trouble::Trouble,
};

/// What was said so far, in characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) prompt: u64,
    pub(super) text: u64,
    pub(super) reasoning: u64,
    /// False where the usage must not be told.
    pub(super) told: bool,
}

impl Tally {
    pub(super) fn input(&self) -> u64 {
        self.prompt.div_ceil(4).max(1)
    }
    /// Output tokens without the reasoning.
    pub(super) fn output(&self) -> u64 {
        self.text.div_ceil(4)
    }
    pub(super) fn thought(&self) -> u64 {
        self.reasoning.div_ceil(4)
    }
}

/// An answer in one piece.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) finish: Finish,
}

/// Spells one answer on one wire format. Every method returns whole frames.
pub(super) trait Dialect: Send + 'static {
    /// The content type of the stream.
    fn mime(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
    /// The frames as they travel.
    fn encode(&self, frames: Bytes) -> Bytes {
        frames
    }
    fn open(&mut self, tally: &Tally) -> String;
    fn text(&mut self, piece: &str, tally: &Tally) -> String;
    fn reasoning(&mut self, piece: &str, tally: &Tally) -> String;
    fn noise(&mut self, tally: &Tally) -> String;
    /// All that follows the last text.
    fn finish(&mut self, finish: Finish, tally: &Tally) -> String;
    /// An error inside a stream that has already begun.
    fn fail(&mut self, trouble: &Trouble, tally: &Tally) -> String;
    /// The same answer without streaming.
    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value;
}

/// A frame of server-sent events.
pub(super) fn event(name: Option<&str>, data: &Value) -> String {
    match name {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

/// The streamed body of an answer; `cap` in output tokens.
pub(super) fn stream(
    mut dialect: impl Dialect,
    plan: Plan,
    mut tally: Tally,
    cap: Option<u64>,
) -> Body {
    // Only text has line ends.
    let text = dialect.mime().starts_with("text/");
    let wire = match plan.wire {
        Wire::Crlf if !text => Wire::Plain,
        wire => wire,
    };
    let frames = stream! {
        for step in capped(plan.steps, cap) {
            let frame: Bytes = match step {
                Step::Open => dialect.open(&tally).into(),
                Step::Text(piece) => {
                    pause(plan.pace).await;
                    tally.text += chars(&piece);
                    dialect.text(&piece, &tally).into()
                }
                Step::Reasoning(piece) => {
                    pause(plan.pace).await;
                    tally.reasoning += chars(&piece);
                    dialect.reasoning(&piece, &tally).into()
                }
                Step::Noise => dialect.noise(&tally).into(),
                Step::Raw(bytes) => {
                    yield Ok(bytes);
                    continue;
                }
                Step::BadUtf => spoil(&dialect.text("\u{fffd}", &tally)),
                Step::Half(text) => {
                    let frame = dialect.text(&text, &tally).into();
                    let frame = dialect.encode(frame);
                    yield Ok(frame.slice(..frame.len() / 2));
                    continue;
                }
                Step::Fail(trouble) => dialect.fail(&trouble, &tally).into(),
                Step::Finish(finish) => dialect.finish(finish, &tally).into(),
                Step::Wait(time) => {
                    sleep(time).await;
                    continue;
                }
                Step::Cut => {
                    sleep(FLUSH).await;
                    yield Err(reset());
                    return;
                }
                Step::Hang => pending().await,
            };
            if !frame.is_empty() {
                yield Ok(dialect.encode(frame));
            }
        }
    };
    Body::from_stream(shape(wire, frames))
}

/// What became of an answer in one piece.
pub(super) enum Whole {
    Json(Value),
    Failed(Trouble),
    Body(Body),
}

/// Larger answers in one piece are cut off; no fault needs more.
const WHOLE_MAX: u64 = 1 << 20;

/// The answer without streaming.
pub(super) async fn whole(
    dialect: &mut impl Dialect,
    plan: Plan,
    tally: &mut Tally,
    cap: Option<u64>,
) -> Whole {
    let mut answer = Answer {
        text: String::new(),
        reasoning: String::new(),
        finish: Finish::Stop,
    };
    let mut raw = BytesMut::new();
    let mut broken = None;
    for step in capped(plan.steps, cap) {
        match step {
            Step::Open | Step::Noise => {}
            Step::Text(piece) => {
                pause(plan.pace.min(Duration::from_millis(50))).await;
                tally.text += chars(&piece);
                answer.text.push_str(&piece);
                if tally.text > WHOLE_MAX {
                    answer.finish = Finish::Length;
                    break;
                }
            }
            Step::Reasoning(piece) => {
                tally.reasoning += chars(&piece);
                answer.reasoning.push_str(&piece);
            }
            Step::BadUtf => answer.text.push('\u{fffd}'),
            Step::Raw(bytes) => raw.extend_from_slice(&bytes),
            Step::Wait(time) => sleep(time).await,
            Step::Finish(finish) => answer.finish = finish,
            Step::Fail(trouble) => return Whole::Failed(trouble),
            Step::Half(_) => broken = Some(false),
            Step::Cut => broken = Some(true),
            Step::Hang => pending().await,
        }
    }
    if !raw.is_empty() {
        return Whole::Body(Body::from(raw.freeze()));
    }
    let json = dialect.whole(&answer, tally);
    if broken.is_none() && plan.wire != Wire::Drip {
        return Whole::Json(json);
    }
    let mut bytes = Bytes::from(json.to_string());
    if broken.is_some() {
        bytes.truncate(bytes.len() / 2);
    }
    let parts = stream! {
        yield Ok(bytes);
        if broken == Some(true) {
            sleep(FLUSH).await;
            yield Err(reset());
        }
    };
    Whole::Body(Body::from_stream(shape(plan.wire, parts)))
}

/// Gives the bytes before a cut the time to leave.
const FLUSH: Duration = Duration::from_millis(20);

fn reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut on purpose")
}

async fn pause(pace: Duration) {
    if !pace.is_zero() {
        sleep(pace).await;
    }
}

/// Replaces the replacement character by a byte that is never valid UTF-8.
fn spoil(frame: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(frame.len());
    for (n, part) in frame.split('\u{fffd}').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\xff\xc3");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.freeze()
}

/// Ends the steps with `Finish::Length` where the cap on output tokens is reached.
fn capped(
    steps: Box<dyn Iterator<Item = Step> + Send>,
    cap: Option<u64>,
) -> Box<dyn Iterator<Item = Step> + Send> {
    let Some(cap) = cap else { return steps };
    let mut left = cap.saturating_mul(4);
    let mut full = false;
    let mut steps = steps;
    Box::new(std::iter::from_fn(move || {
        if full {
            full = false;
            steps = Box::new(std::iter::empty());
            return Some(Step::Finish(Finish::Length));
        }
        let mut step = steps.next()?;
        if let Step::Text(piece) | Step::Reasoning(piece) = &mut step {
            let want = chars(piece);
            if want > left {
                full = true;
                *piece = piece
                    .chars()
                    .take(usize::try_from(left).unwrap_or(usize::MAX))
                    .collect();
            }
            left = left.saturating_sub(want);
        }
        Some(step)
    }))
}

type Parts = BoxStream<'static, io::Result<Bytes>>;

/// Puts the bytes on the wire in the given manner.
fn shape(wire: Wire, frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Parts {
    match wire {
        Wire::Plain => frames.boxed(),
        Wire::Crlf => frames.map(|frame| frame.map(crlf)).boxed(),
        Wire::Split => cut(frames, Duration::from_millis(1), || {
            let mut state = 0x2545_f491_u32;
            move || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as usize % 29 + 1
            }
        })
        .boxed(),
        Wire::Drip => cut(frames, Duration::from_secs(1), || || 1).boxed(),
    }
}

fn crlf(frame: Bytes) -> Bytes {
    let text = String::from_utf8_lossy(&frame);
    text.replace("\r\n", "\n").replace('\n', "\r\n").into()
}

/// A gap that is kept before every part; a shorter one before some, the others just let the packet go.
const LONG: Duration = Duration::from_millis(100);

/// Sends the same bytes in parts of the given sizes, across the frames, with gaps between them.
fn cut<S: FnMut() -> usize + Send + 'static>(
    frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    gap: Duration,
    sizes: impl FnOnce() -> S,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut size = sizes();
    stream! {
        let mut frames = std::pin::pin!(frames);
        let mut buffer = BytesMut::new();
        let mut want = size();
        let mut parts = 0_u64;
        while let Some(frame) = frames.next().await {
            match frame {
                Ok(bytes) => buffer.extend_from_slice(&bytes),
                Err(error) => {
                    yield Err(error);
                    return;
                }
            }
            while buffer.len() >= want {
                parts += 1;
                // What is written while nothing waits is a packet of its own.
                if gap >= LONG || parts.is_multiple_of(8) {
                    sleep(gap).await;
                } else {
                    yield_now().await;
                }
                yield Ok(buffer.split_to(want).freeze());
                want = size();
            }
        }
        if !buffer.is_empty() {
            yield Ok(buffer.freeze());
        }
    }
}

/// 512 MiB of zeros as 512 gzip members of one MiB each (RFC 1952 allows to join members).
pub(super) fn bomb() -> Body {
    const HEAD: [u8; 25] = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xed, 0xc1, 0x31, 1, 0, 0, 0, 0xc2, 0xa0, 0xf5, 0x4f,
        0x6d, 0x08, 0x5f, 0xa0,
    ];
    const TAIL: [u8; 10] = [0x3e, 3, 0x1c, 0xea, 0x38, 0xa7, 0, 0, 0x10, 0];
    let mut member = HEAD.to_vec();
    member.resize(1041, 0);
    member.extend_from_slice(&TAIL);
    let member = Bytes::from(member);
    Body::from_stream(futures::stream::iter(
        (0..512).map(move |_| Ok::<_, io::Error>(member.clone())),
    ))
}
