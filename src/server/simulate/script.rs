//! What is said, in neutral steps: the model decides, the dialects only spell.

use std::{iter, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    answer,
    provider::Provider,
    trouble::{Deny, Trouble},
};

/// A request for an answer, whatever the dialect.
pub(super) struct Asked {
    pub(super) provider: &'static Provider,
    pub(super) model: String,
    /// Whether the model is on the provider's list as an ordinary chat model.
    pub(super) known: bool,
    pub(super) key: String,
    pub(super) stream: bool,
    /// Role and text of each turn, in order.
    pub(super) turns: Vec<(String, String)>,
    pub(super) system: String,
    /// Whether the caller asked to see the model think.
    pub(super) reasoning: bool,
    /// The cap on output tokens, where the caller set one.
    pub(super) cap: Option<u64>,
    /// The sampling parameters present, as the caller spelled them.
    pub(super) sampling: Vec<String>,
}

impl Asked {
    fn question(&self) -> &str {
        let mut turns = self.turns.iter().rev();
        turns
            .find(|(role, _)| role == "user")
            .map_or("", |(_, text)| text)
    }

    /// Characters of the whole prompt.
    pub(super) fn chars(&self) -> u64 {
        let turns = self.turns.iter().map(|(_, text)| chars(text));
        turns.sum::<u64>() + chars(&self.system)
    }
}

/// Length in characters, which stand in for a quarter token each.
pub(super) fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    /// A filter cut in.
    Filtered,
    /// The model declined.
    Refused,
}

/// One thing that happens on the wire.
pub(super) enum Step {
    /// The events before the first text.
    Open,
    Text(String),
    Reasoning(String),
    Wait(Duration),
    /// Things a client must skip: comments, pings, unknown events, empty choices.
    Noise,
    /// Bytes that no dialect would send.
    Raw(Bytes),
    /// A text event with an invalid byte inside.
    BadUtf,
    /// The first half of a text event.
    Half(String),
    /// The dialect's error in the middle of a stream.
    Fail(Trouble),
    Finish(Finish),
    /// The connection breaks.
    Cut,
    /// Silence for ever.
    Hang,
}

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Plain,
    Crlf,
    /// Cut at places that have nothing to do with frames or characters.
    Split,
    /// One byte a second.
    Drip,
}

/// The steps and the manner of one answer.
pub(super) struct Plan {
    pub(super) steps: Box<dyn Iterator<Item = Step> + Send>,
    /// Pause before each piece of text.
    pub(super) pace: Duration,
    pub(super) wire: Wire,
    /// Whether the usage is told.
    pub(super) usage: bool,
    /// Whether the caller's cap on output tokens is obeyed.
    pub(super) capped: bool,
}

impl Plan {
    fn of(pace: Duration, steps: impl Iterator<Item = Step> + Send + 'static) -> Self {
        Self {
            steps: Box::new(iter::once(Step::Open).chain(steps)),
            pace,
            wire: Wire::Plain,
            usage: true,
            capped: false,
        }
    }

    fn bare(steps: impl IntoIterator<Item = Step, IntoIter: Send + 'static>) -> Self {
        let mut plan = Self::of(Duration::ZERO, iter::empty());
        plan.steps = Box::new(steps.into_iter());
        plan
    }

    fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    fn capped(mut self) -> Self {
        self.capped = true;
        self
    }
}

/// Bytes up to which `sim-echo` keeps the pace; with more it would take minutes.
const UNHURRIED: usize = 8 * 1024;

/// The fault menu: each model that exists under every provider, and what it does.
pub const MENU: [(&str, &str); 44] = [
    (
        "sim-echo",
        "repeats the last user message, then the roles and the system text it saw as JSON",
    ),
    ("sim-short", "one sentence in a few deltas"),
    ("sim-fast", "2000 deltas without any delay"),
    ("sim-long", "40 seconds, a delta each 50 ms"),
    ("sim-endless", "a delta each 50 ms until the client leaves"),
    ("sim-think", "reasoning first, then an answer"),
    ("sim-stall", "a few deltas, then silence for ever"),
    ("sim-nofirst", "response headers, then never a byte"),
    ("sim-drip", "one byte of the wire a second"),
    ("sim-reset", "some deltas, then the connection breaks"),
    (
        "sim-half",
        "stops in the middle of a frame with a clean end of the body",
    ),
    (
        "sim-noend",
        "all the text, but neither finish nor terminator",
    ),
    ("sim-badutf", "a frame with invalid UTF-8, then good frames"),
    ("sim-garbage", "an event stream whose data is not JSON"),
    ("sim-html", "200 with a web page"),
    ("sim-huge", "one frame with a line of 4 MiB"),
    ("sim-flood", "50 MB of tiny deltas as fast as possible"),
    (
        "sim-bomb",
        "content-encoding gzip: 0.5 MB that unpack to 512 MiB",
    ),
    ("sim-redirect", "307 to the trap"),
    ("sim-401", "the key is refused"),
    ("sim-403", "the key lacks permission"),
    ("sim-404", "the model does not exist"),
    ("sim-429", "rate limited, retry after 7 seconds"),
    (
        "sim-429-nohint",
        "rate limited, without a hint when to retry",
    ),
    ("sim-500", "internal error"),
    ("sim-503", "overloaded (529 at Anthropic)"),
    ("sim-quota", "no credit left"),
    ("sim-context", "the prompt is too long"),
    ("sim-filter", "refused by a filter before any text"),
    ("sim-filter-mid", "cut by a filter after some text"),
    ("sim-refusal", "the model declines in its own words"),
    ("sim-length", "stops at the output limit"),
    (
        "sim-error-mid",
        "some deltas, then an error inside the stream",
    ),
    (
        "sim-quota-mid",
        "200, then the quota error as the first event",
    ),
    (
        "sim-unknown",
        "comments, pings, unknown events and empty choices between good deltas",
    ),
    ("sim-crlf", "lines end with CR LF"),
    ("sim-split", "bytes cut anywhere, also inside a character"),
    ("sim-nousage", "no usage"),
    ("sim-strict", "refuses temperature, top_p and max_tokens"),
    (
        "sim-ctrl",
        "400 whose message holds ESC, newlines and a forged log line",
    ),
    ("sim-xss", "an answer full of Markdown and HTML attacks"),
    ("sim-empty", "a good end without any text"),
    (
        "sim-slow",
        "a good answer whose first delta takes 3 seconds",
    ),
    ("sim-wide", "text of every UTF-8 width in single characters"),
];

/// Whether this id is on the fault menu.
pub(super) fn on_menu(model: &str) -> bool {
    MENU.iter().any(|(id, _)| *id == model)
}

/// What is played for a model: the fault that a maker's name stands before, or the model itself.
pub(super) fn played(model: &str) -> &str {
    let behind = model.rsplit_once('/').map(|(_, id)| id);
    behind.filter(|id| on_menu(id)).unwrap_or(model)
}

/// Decides what is answered; `pace` is the pause between the deltas of an ordinary model.
pub(super) fn course(asked: &Asked, pace: Duration) -> Result<Plan, Deny> {
    denied(asked)?;
    Ok(match played(&asked.model) {
        "sim-echo" => {
            let text = echo(asked);
            let long = text.len() > UNHURRIED;
            good(if long { Duration::ZERO } else { pace }, &text).capped()
        }
        "sim-short" | "sim-strict" => good(pace, answer::SHORT).capped(),
        "sim-fast" => Plan::of(
            Duration::ZERO,
            (1..=2000)
                .map(|n| Step::Text(format!("word {n} ")))
                .chain(end()),
        ),
        "sim-long" => Plan::of(
            Duration::from_millis(50),
            (1..=800)
                .map(|n| Step::Text(format!("tick {n} ")))
                .chain(end()),
        ),
        "sim-endless" => Plan::of(
            Duration::from_millis(50),
            (1u64..).map(|n| Step::Text(format!("tick {n} "))),
        ),
        "sim-think" => Plan::of(pace, think().chain(say(answer::CONCLUSION)).chain(end())),
        "sim-stall" => broken(pace, [Step::Hang]),
        "sim-nofirst" => Plan::bare([Step::Hang]),
        "sim-drip" => good(pace, answer::SHORT).wire(Wire::Drip),
        "sim-reset" => broken(pace, [Step::Cut]),
        "sim-half" => broken(pace, [Step::Half("a frame that never ends".into())]),
        "sim-noend" => Plan::of(pace, say(answer::SHORT)),
        "sim-badutf" => Plan::of(
            pace,
            say("Before the bad byte. ")
                .chain([Step::BadUtf])
                .chain(say(" After the bad byte."))
                .chain(end()),
        ),
        "sim-garbage" => Plan::bare(GARBAGE.map(|raw| Step::Raw(Bytes::from_static(raw)))),
        "sim-huge" => Plan::of(
            pace,
            iter::once(Step::Text("x".repeat(4 << 20))).chain(end()),
        ),
        "sim-flood" => Plan::of(
            Duration::ZERO,
            iter::repeat_with(|| Step::Text("flood ".into())).take(asked.provider.flood),
        ),
        "sim-filter" => Plan::of(pace, iter::once(Step::Finish(Finish::Filtered))),
        "sim-filter-mid" => broken(pace, [Step::Finish(Finish::Filtered)]),
        "sim-refusal" => Plan::of(pace, iter::once(Step::Finish(Finish::Refused))),
        "sim-length" => broken(pace, [Step::Finish(Finish::Length)]),
        "sim-error-mid" => broken(pace, [Step::Fail(Trouble::Overloaded)]),
        "sim-quota-mid" => Plan::bare([Step::Fail(Trouble::Quota)]),
        "sim-unknown" => Plan::of(
            pace,
            say(answer::SHORT)
                .flat_map(|step| [Step::Noise, step, Step::Noise])
                .chain(end()),
        ),
        "sim-crlf" => good(pace, answer::WIDE).wire(Wire::Crlf),
        "sim-split" => good(Duration::ZERO, answer::WIDE).wire(Wire::Split),
        "sim-nousage" => Plan {
            usage: false,
            ..good(pace, answer::SHORT)
        },
        "sim-xss" => good(pace, answer::ATTACKS),
        "sim-empty" => Plan::of(pace, end()),
        "sim-slow" => {
            let mut plan = good(pace, answer::SHORT);
            plan.steps = Box::new(iter::once(Step::Wait(SLOW)).chain(plan.steps));
            plan
        }
        "sim-wide" => Plan::of(
            pace,
            answer::WIDE
                .chars()
                .map(|c| Step::Text(c.into()))
                .chain(end()),
        ),
        model if asked.known => {
            let text = answer::tour(asked.question(), model);
            let thoughts = asked.reasoning.then(think).into_iter().flatten();
            Plan::of(pace, thoughts.chain(say(&text)).chain(end())).capped()
        }
        model => return Err(Trouble::BadModel(model.to_owned()).into()),
    })
}

/// The faults that come before any stream.
fn denied(asked: &Asked) -> Result<(), Deny> {
    let trouble = match played(&asked.model) {
        "sim-html" => return Err(Deny::Html),
        "sim-bomb" => return Err(Deny::Bomb),
        "sim-redirect" => return Err(Deny::Redirect),
        "sim-401" => Trouble::InvalidKey(asked.key.clone()),
        "sim-403" => Trouble::Unscoped,
        "sim-404" => Trouble::BadModel(asked.model.clone()),
        "sim-429" => Trouble::RateLimited(Some(7)),
        "sim-429-nohint" => Trouble::RateLimited(None),
        "sim-500" => Trouble::Server,
        "sim-503" => Trouble::Overloaded,
        "sim-quota" => Trouble::Quota,
        "sim-context" => Trouble::ContextLength,
        "sim-filter" if asked.provider.filters_by_status => Trouble::Filtered,
        "sim-ctrl" => Trouble::bad(answer::CONTROL),
        "sim-strict" => match asked.sampling.first() {
            None => return Ok(()),
            Some(param) => Trouble::Unsupported {
                param: param.clone(),
                message: format!(
                    "Unsupported parameter: '{param}' is not supported with this model."
                ),
                coded: param.starts_with("max"),
            },
        },
        _ => return Ok(()),
    };
    Err(trouble.into())
}

const SLOW: Duration = Duration::from_secs(3);

const GARBAGE: [&[u8]; 4] = [
    b"data: this is not JSON\n\n",
    b"event: message\ndata: {\"unfinished\": [1, 2\n\n",
    b"data: <html><body>502 Bad Gateway</body></html>\n\n",
    b"data: \"just a string\"\n\ndata: 42\n\ndata: []\n\n",
];

fn good(pace: Duration, text: &str) -> Plan {
    Plan::of(pace, say(text).chain(end()))
}

/// Some text, then what breaks it.
fn broken<const N: usize>(pace: Duration, last: [Step; N]) -> Plan {
    Plan::of(pace, say(answer::PARTIAL).chain(last))
}

fn end() -> impl Iterator<Item = Step> + Send + 'static {
    iter::once(Step::Finish(Finish::Stop))
}

fn think() -> impl Iterator<Item = Step> + Send + 'static {
    pieces(answer::THOUGHTS).into_iter().map(Step::Reasoning)
}

fn say(text: &str) -> impl Iterator<Item = Step> + Send + 'static {
    pieces(text).into_iter().map(Step::Text)
}

/// Cuts a text where tokens might end: every few characters, with no regard for words or graphemes.
fn pieces(text: &str) -> Vec<String> {
    let mut sizes = [4, 9, 6, 11, 3, 8, 13, 5, 7, 10].into_iter().cycle();
    let mut chars = text.chars().peekable();
    let mut pieces = Vec::new();
    while chars.peek().is_some() {
        pieces.push(chars.by_ref().take(sizes.next().unwrap_or(8)).collect());
    }
    pieces
}

fn echo(asked: &Asked) -> String {
    let roles: Vec<&str> = asked.turns.iter().map(|(role, _)| role.as_str()).collect();
    let seen: Value = json!({"roles": roles, "system": asked.system});
    format!("{}\n\n{seen}", asked.question())
}
