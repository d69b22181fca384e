//! The framers and the decoders: whatever a provider sends, and however the network cuts it.

use crate::mutation::{Dice, Edit, recordings, spoil};
use aws_smithy_eventstream::frame::read_message_from;
use keylm::server::providers::answer::Answer;
use keylm::server::providers::sse::{FrameError, Framer};
use keylm::server::providers::{ChatRequest, Frame, ProviderEvent, REGISTRY, TokenUsage, Turn};
use keylm::shared::chat::{ChatSettings, Role};
use keylm::shared::model::Capabilities;
use rstest::rstest;
use serde_json::{Value, json};

/// Bytes of a line and of an event's data that the framer takes.
const MAX_LINE: usize = 1 << 20;
const MAX_EVENT: usize = 2 << 20;

/// What a framer that sees everything at once would say: the definition, without care for memory or time.
fn definition(bytes: &[u8]) -> (Vec<Frame>, Option<FrameError>) {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        lines.push(&rest[..end]);
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").unwrap_or(&rest[1..]);
    }
    // What the end of the stream cuts off counts as an event that ended.
    lines.extend([rest, b""]);
    let (mut frames, mut event, mut data) = (Vec::new(), None, None::<String>);
    for (n, line) in lines.iter().enumerate() {
        if line.len() > MAX_LINE {
            return (frames, Some(FrameError::Line));
        }
        let mark = if n == 0 {
            b"\xef\xbb\xbf".as_slice()
        } else {
            b""
        };
        let line = line.strip_prefix(mark).unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            _ if line.is_empty() => {
                let event = event.take();
                frames.extend(data.take().map(|data| Frame { event, data }));
            }
            "event" => event = Some(value),
            "data" if data.as_ref().map_or(0, String::len) + value.len() > MAX_EVENT => {
                return (frames, Some(FrameError::Event));
            }
            "data" => match &mut data {
                Some(data) => data.extend(["\n", &value]),
                None => data = Some(value),
            },
            _ => {}
        }
    }
    (frames, None)
}

/// The events of a binary stream that comes at once, up to the first damage.
fn messages(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(length) = bytes.first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let message = bytes
            .get(..length)
            .and_then(|one| read_message_from(one).ok());
        let Some(message) = message else { break };
        let mut headers = message.headers().iter();
        let event = headers.find(|header| header.name().as_str() == ":event-type");
        let event = event.and_then(|header| header.value().as_string().ok());
        frames.push(Frame {
            event: event.map(|name| name.as_str().to_owned()),
            data: String::from_utf8_lossy(message.payload()).into_owned(),
        });
        bytes = &bytes[length..];
    }
    frames
}

/// What the product's framer says of these cuts.
fn framed(cuts: &[&[u8]]) -> (Vec<Frame>, Option<FrameError>) {
    let mut product = Framer::default();
    let mut frames = Vec::new();
    for cut in cuts {
        match product.push(cut) {
            Ok(more) => frames.extend(more),
            Err(error) => {
                assert_eq!(product.finish(), Err(error), "a broken stream stays broken");
                return (frames, Some(error));
            }
        }
    }
    match product.finish() {
        Ok(last) => {
            frames.extend(last);
            (frames, None)
        }
        Err(error) => (frames, Some(error)),
    }
}

fn frames_as_defined(bytes: &[u8], dice: &mut Dice) {
    let expected = definition(bytes);
    assert_eq!(framed(&[bytes]), expected, "in one piece");
    // Small pieces of a large stream say little for the time that they take.
    let sizes = if bytes.len() < 1 << 14 {
        [1, 3, 17, 400].as_slice()
    } else {
        &[90_000, 700_000]
    };
    for most in sizes {
        let found = framed(&dice.cut(bytes, *most));
        assert_eq!(found, expected, "in pieces of {most}");
    }
    for frame in &expected.0 {
        assert!(
            frame.data.len() <= MAX_EVENT + 1,
            "a line feed more at the most"
        );
    }
}

#[test]
fn any_bytes_are_framed_as_defined_however_they_are_cut() {
    for dialect in &DIALECTS {
        for (_, bytes) in dialect.recordings() {
            frames_as_defined(&bytes, &mut Dice::of(&bytes));
        }
    }
    bolero::check!(name = "framer")
        .with_iterations(3_000)
        .for_each(|bytes: &[u8]| frames_as_defined(bytes, &mut Dice::of(bytes)));
}

#[test]
fn spoiled_recordings_are_framed_as_defined_however_they_are_cut() {
    let recordings: Vec<_> = DIALECTS.iter().flat_map(Dialect::recordings).collect();
    bolero::check!(name = "framer_spoiled")
        .with_iterations(1_000)
        .with_type::<(u8, Vec<Edit>, u64)>()
        .for_each(|(which, edits, seed)| {
            let mut bytes = recordings[usize::from(*which) % recordings.len()].1.clone();
            spoil(&mut bytes, edits, *seed);
            frames_as_defined(&bytes, &mut Dice::new(*seed));
        });
}

/// One long line, one byte below the limit, at it and above it, twice; and many lines that make too large an event.
#[test]
fn the_limits_hold_at_any_cut() {
    let long = ["x".as_bytes(), b"\xff", "é🎈".as_bytes()];
    let many = [
        "x".repeat(1000) + "\ndata: ",
        "\n".repeat(1000) + "data: ",
        "\r\n".to_owned(),
    ];
    let long = long
        .iter()
        .flat_map(|piece| [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1].map(|length| (*piece, length, 2)));
    let many = many
        .iter()
        .map(|piece| (piece.as_bytes(), MAX_EVENT + (1 << 16), 1));
    for (seed, (piece, length, times)) in (0..).zip(long.chain(many)) {
        let mut bytes = b"data: before\n\n".to_vec();
        for _ in 0..times {
            let rest = piece.iter().cycle().take(length - b"data: ".len());
            bytes.extend(b"data: ".iter().chain(rest).chain(b"\n"));
        }
        frames_as_defined(&bytes, &mut Dice::new(seed));
    }
}

/// A decoder, the model that it is chosen by, its recordings, and what ends its answers.
struct Dialect {
    target: &'static str,
    provider: &'static str,
    model: &'static str,
    recordings: &'static str,
    ends: fn(&Frame, &Value) -> bool,
}

static DIALECTS: [Dialect; 7] = [
    Dialect {
        target: "openai_chat",
        provider: "openai",
        model: "gpt-4o",
        recordings: "chat-",
        ends: |frame, _| frame.data.trim() == "[DONE]",
    },
    Dialect {
        target: "openai_responses",
        provider: "openai",
        model: "gpt-5-pro",
        recordings: "responses-",
        ends: |frame, value| {
            ["response.completed", "response.incomplete", "response.done"]
                .contains(&kind(frame, value))
        },
    },
    Dialect {
        target: "anthropic",
        provider: "anthropic",
        model: "claude-sonnet-5-5",
        recordings: "",
        ends: |frame, value| kind(frame, value) == "message_stop",
    },
    Dialect {
        target: "gemini",
        provider: "gemini",
        model: "gemini-3.8-flash",
        recordings: "",
        ends: |_, value| {
            value
                .pointer("/candidates/0/finishReason")
                .is_some_and(Value::is_string)
                || value
                    .pointer("/promptFeedback/blockReason")
                    .is_some_and(Value::is_string)
        },
    },
    Dialect {
        target: "xai",
        provider: "xai",
        model: "grok-4.7",
        recordings: "",
        ends: |frame, value| {
            ["response.completed", "response.incomplete", "response.done"]
                .contains(&kind(frame, value))
        },
    },
    Dialect {
        target: "cohere",
        provider: "cohere",
        model: "command-a-plus-05-2026",
        recordings: "",
        ends: |frame, value| kind(frame, value) == "message-end",
    },
    Dialect {
        target: "bedrock",
        provider: "bedrock",
        model: "amazon.nova-pro-v1:0",
        recordings: "",
        ends: |frame, value| kind(frame, value) == "metadata",
    },
];

fn kind<'a>(frame: &'a Frame, value: &'a Value) -> &'a str {
    let named = value.get("type").and_then(Value::as_str);
    named.or(frame.event.as_deref()).unwrap_or_default()
}

/// JSON without the escapes of halves of characters, with which no parser takes it; where one stands says nothing of an end.
fn without_halves(json: &str) -> String {
    let (mut kept, mut rest) = (Vec::new(), json.as_bytes());
    while let Some(&first) = rest.first() {
        let half = rest.get(..6).is_some_and(|escape| {
            escape[..3].eq_ignore_ascii_case(b"\\ud")
                && matches!(escape[3].to_ascii_lowercase(), b'8' | b'9' | b'a'..=b'f')
                && escape[4..].iter().all(u8::is_ascii_hexdigit)
        });
        let taken = match first {
            b'\\' if half => 6,
            b'\\' => rest.len().min(2),
            _ => 1,
        };
        let (next, behind) = rest.split_at(taken);
        kept.extend(next.iter().filter(|_| !half));
        rest = behind;
    }
    String::from_utf8_lossy(&kept).into_owned()
}

impl Dialect {
    fn recordings(&self) -> Vec<(String, Vec<u8>)> {
        recordings(self.provider, self.recordings)
    }

    fn read(&self, cuts: &[&[u8]]) -> Vec<ProviderEvent> {
        let provider = REGISTRY
            .iter()
            .find(|provider| provider.info().id == self.provider)
            .expect("a provider");
        let request = ChatRequest {
            model: self.model.parse().expect("a model id"),
            capabilities: Capabilities::default(),
            max_output_tokens: None,
            system: None,
            turns: vec![Turn {
                role: Role::User,
                text: "Hi".to_owned(),
            }],
            settings: ChatSettings::default(),
        };
        let mut answer = Answer::new(provider.decoder(&request));
        let mut events = Vec::new();
        for cut in cuts {
            answer.push(cut, &mut events);
        }
        answer.finish(&mut events);
        events
    }

    /// Whether the dialect's end is among what these bytes say.
    fn ended(&self, bytes: &[u8]) -> bool {
        let frames = if self.provider == "bedrock" {
            messages(bytes)
        } else {
            definition(bytes).0
        };
        frames.iter().any(|frame| {
            let value = serde_json::from_str(&frame.data)
                .or_else(|_| serde_json::from_str(&without_halves(&frame.data)));
            (self.ends)(frame, &value.unwrap_or_default())
        })
    }

    /// What holds for every answer there can be.
    fn reads_soundly(&self, bytes: &[u8], dice: &mut Dice) {
        let events = self.read(&[bytes]);
        for most in [1, 5, 60] {
            let found = self.read(&dice.cut(bytes, most));
            assert_eq!(found, events, "in pieces of {most}");
        }

        let failed = |event: &ProviderEvent| matches!(event, ProviderEvent::Failed(_));
        let finish = |event: &ProviderEvent| matches!(event, ProviderEvent::Finish(_));
        let count =
            |is: fn(&ProviderEvent) -> bool| events.iter().filter(|event| is(event)).count();
        let finished = events.iter().position(finish);
        assert!(
            count(finish) <= 1 && count(failed) <= 1,
            "one end: {events:?}"
        );
        if count(failed) == 1 {
            assert!(
                events.last().is_some_and(failed),
                "nothing follows a failure: {events:?}"
            );
        } else {
            assert!(
                finished.is_some(),
                "neither finished nor failed: {events:?}"
            );
            assert!(
                self.ended(bytes),
                "finished without its terminator: {events:?}"
            );
        }
        for (at, event) in events.iter().enumerate() {
            match event {
                ProviderEvent::Text(text) | ProviderEvent::Reasoning(text) => {
                    assert!(!text.is_empty(), "empty text");
                    assert!(
                        finished.is_none_or(|end| at < end),
                        "text behind the end: {events:?}"
                    );
                }
                ProviderEvent::Usage(usage) => assert_countable(usage),
                ProviderEvent::Finish(_)
                | ProviderEvent::PaidByGateway
                | ProviderEvent::Failed(_) => {}
            }
        }
    }
}

/// Nobody's sum of them overflows, in the server or in the database.
fn assert_countable(usage: &TokenUsage) {
    let sum = [
        usage.input,
        usage.input_cached,
        usage.output,
        usage.reasoning,
    ]
    .into_iter()
    .try_fold(0_u64, u64::checked_add);
    assert!(
        sum.is_some_and(|sum| i64::try_from(sum).is_ok()),
        "{usage:?}"
    );
}

#[rstest]
fn any_bytes_make_a_sound_answer(#[values(0, 1, 2, 3, 4, 5, 6)] n: usize) {
    let dialect = &DIALECTS[n];
    for (_, bytes) in dialect.recordings() {
        dialect.reads_soundly(&bytes, &mut Dice::of(&bytes));
    }
    bolero::check!(name = dialect.target)
        .with_iterations(5_000)
        .for_each(|bytes: &[u8]| dialect.reads_soundly(bytes, &mut Dice::of(bytes)));
}

#[rstest]
fn a_spoiled_recording_makes_a_sound_answer(#[values(0, 1, 2, 3, 4, 5, 6)] n: usize) {
    let dialect = &DIALECTS[n];
    let recordings = dialect.recordings();
    bolero::check!(name = format!("{}_spoiled", dialect.target))
        .with_iterations(1_500)
        .with_type::<(u8, Vec<Edit>, u64)>()
        .for_each(|(which, edits, seed)| {
            let mut bytes = recordings[usize::from(*which) % recordings.len()].1.clone();
            spoil(&mut bytes, edits, *seed);
            dialect.reads_soundly(&bytes, &mut Dice::new(*seed));
        });
}

/// What is not known here: values of every kind, one as deep as parsers allow, one that looks like the real thing.
/// [`BAD`] becomes a byte that is no UTF-8.
fn unknown(dice: &mut Dice) -> Value {
    match dice.below(7) {
        0 => Value::Null,
        1 => json!(-1e300),
        2 => json!(format!("text {BAD} behind")),
        3 => (0..60).fold(json!([]), |inner, _| json!([inner])),
        4 => {
            json!({"type": "message_stop", "error": {"message": "x"}, "finishReason": "STOP", "text": "x"})
        }
        5 => json!(["[DONE]", {"content": "x"}]),
        _ => json!(18_446_744_073_709_551_615_u64),
    }
}

const BAD: char = '\u{e000}';

/// The line that ends an event.
const END: (&str, String) = ("", String::new());

/// Adds fields that nobody knows to every object.
fn decorate(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| decorate(field, dice));
            if dice.below(2) == 0 {
                fields.insert(format!("later_{}", dice.below(99)), unknown(dice));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| decorate(item, dice)),
        _ => {}
    }
}

/// The same answer in other words: other line ends, other spaces, data over several lines, comments, fields and events
/// that nobody knows, bad bytes where nobody looks.
fn retell(frames: &[Frame], dice: &mut Dice) -> Vec<u8> {
    let mut text = String::new();
    if dice.below(2) == 0 {
        text.push('\u{feff}');
    }
    for frame in frames {
        let mut lines: Vec<(&str, String)> = Vec::new();
        if dice.below(3) == 0 {
            lines.push(("", format!("a comment {BAD}")));
            lines.push(("later", "x".to_owned()));
            lines.push(("id", "7".to_owned()));
        }
        if dice.below(3) == 0 {
            let later = json!({"type": "later", "later": unknown(dice)});
            lines.push(("event", "later".to_owned()));
            lines.push(("data", later.to_string()));
            lines.push(END);
        }
        lines.extend(frame.event.clone().map(|event| ("event", event)));
        let data = match serde_json::from_str::<Value>(&frame.data) {
            Ok(mut value) => {
                decorate(&mut value, dice);
                dice.one(&[&format!("{value:#}"), &value.to_string()])
                    .clone()
            }
            Err(_) => frame.data.clone(),
        };
        lines.extend(data.split('\n').map(|part| ("data", part.to_owned())));
        lines.push(END);
        let end = dice.one(&["\n", "\r\n", "\r"]);
        for line in lines {
            if line != END {
                text.push_str(&[line.0, dice.one(&[":", ": "]), &line.1].concat());
            }
            text.push_str(end);
        }
    }
    let pieces: Vec<&[u8]> = text.split(BAD).map(str::as_bytes).collect();
    pieces.join(b"\xff".as_slice())
}

#[rstest]
fn what_nobody_knows_changes_nothing(#[values(0, 1, 2, 3, 4, 5)] n: usize) {
    let dialect = &DIALECTS[n];
    let recordings: Vec<_> = dialect
        .recordings()
        .into_iter()
        .map(|(name, bytes)| (name, definition(&bytes).0, dialect.read(&[&bytes])))
        .collect();
    bolero::check!(name = format!("{}_retold", dialect.target))
        .with_iterations(400)
        .with_type::<(u8, u64)>()
        .for_each(|(which, seed)| {
            let mut dice = Dice::new(*seed);
            let (name, frames, events) = &recordings[usize::from(*which) % recordings.len()];
            let bytes = retell(frames, &mut dice);
            let retold = dialect.read(&dice.cut(&bytes, 90));
            assert_eq!(
                &retold,
                events,
                "{name}: {}",
                String::from_utf8_lossy(&bytes)
            );
        });
}
