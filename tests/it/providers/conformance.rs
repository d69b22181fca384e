//! What every dialect must survive. A dialect spells each case in its own words; where it has no words for one, it says
//! so by name, and the list of those is a test too.

mod dialects;

use super::{ask, decode, frames, provider, text};
use dialects::{
    ALL, Dialect,
    Spelled::{Skipped, Yes},
};
use keylm::server::providers::ProviderEvent::{self, Failed, Finish, Reasoning, Text, Usage};
use keylm::server::providers::{Framing, Provider, REGISTRY, TokenUsage};
use keylm::shared::chat::FinishReason;
use keylm::shared::error::ErrorCode;
use rstest::rstest;

/// Text of every UTF-8 width, with what JSON escapes.
const WORDS: [&str; 4] = ["Bon", "jour é漢🎈", " \\\"q\\\" ", "\\n\\u00e9 end"];
const SAID: &str = "Bonjour é漢🎈 \"q\" \né end";

impl Dialect {
    fn provider(&self) -> &'static dyn Provider {
        provider(self.provider)
    }

    fn read(&self, cuts: &[&[u8]]) -> Vec<ProviderEvent> {
        decode(self.provider(), &ask(self.model), cuts)
    }

    /// The events as they travel.
    fn wire(&self, events: &[u8]) -> Vec<u8> {
        let decoder = self.provider().decoder(&ask(self.model));
        match decoder.framing() {
            Framing::Sse => events.to_vec(),
            Framing::EventStream => frames::binary(events),
        }
    }

    fn hear(&self, stream: &str) -> Vec<ProviderEvent> {
        self.read(&[&self.wire(stream.as_bytes())])
    }

    fn words(&self) -> String {
        WORDS.map(|word| self.text.replace('@', word)).concat()
    }

    fn end(&self) -> &'static str {
        self.terminator.spelled().unwrap_or_default()
    }

    /// A whole answer without usage.
    fn answer(&self) -> String {
        [self.open, &self.words(), self.stop, self.end()].concat()
    }
}

fn failure(events: &[ProviderEvent]) -> Option<ErrorCode> {
    match events.last() {
        Some(Failed(error)) => Some(error.code),
        _ => None,
    }
}

fn finish(events: &[ProviderEvent]) -> Vec<FinishReason> {
    let reasons = events.iter().filter_map(|event| match event {
        Finish(reason) => Some(*reason),
        _ => None,
    });
    reasons.collect()
}

#[track_caller]
fn assert_whole(dialect: &Dialect, events: &[ProviderEvent]) {
    assert_eq!(text(events), SAID, "{}", dialect.name);
    assert_eq!(finish(events), [FinishReason::Stop], "{}", dialect.name);
    assert_eq!(failure(events), None, "{}", dialect.name);
}

#[test]
fn a_plain_answer_is_read_whole_and_missing_usage_is_no_trouble() {
    for dialect in ALL {
        let events = dialect.hear(&dialect.answer());
        assert_whole(dialect, &events);
        assert!(
            !events.iter().any(|event| matches!(event, Usage(_))),
            "{events:?}"
        );
    }
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    for dialect in ALL {
        let stream = dialect.wire(dialect.answer().as_bytes());
        let whole = dialect.read(&[&stream]);
        for at in 0..stream.len() {
            let (head, tail) = stream.split_at(at);
            assert_eq!(
                dialect.read(&[head, tail]),
                whole,
                "{} cut at {at}",
                dialect.name
            );
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(dialect.read(&single), whole, "{}", dialect.name);
    }
}

#[test]
fn a_character_that_was_cut_in_half_between_two_frames_is_whole() {
    for dialect in ALL {
        let halves = ["a\\ud83c", "\\udf88b"].map(|half| dialect.text.replace('@', half));
        let stream = [dialect.open, &halves.concat(), dialect.stop, dialect.end()].concat();
        assert_eq!(text(&dialect.hear(&stream)), "a🎈b", "{}", dialect.name);
    }
}

#[rstest]
fn any_line_end_will_do(#[values("\r\n", "\r")] end: &str) {
    for dialect in ALL {
        assert_whole(dialect, &dialect.hear(&dialect.answer().replace('\n', end)));
    }
}

#[test]
fn comments_blank_lines_and_unknown_events_are_skipped() {
    for dialect in ALL {
        let noise = format!(": ping\n\n\n\nretry: 9\nid: 7\n\n{}", dialect.unknown);
        let noisy = dialect
            .answer()
            .replace("data:", "\u{0}")
            .split("\n\n")
            .fold(noise.clone(), |stream, frame| {
                if frame.is_empty() {
                    stream
                } else {
                    format!("{stream}{}\n\n{noise}", frame.replace('\u{0}', "data:"))
                }
            });
        assert_whole(dialect, &dialect.hear(&noisy));
    }
}

#[test]
fn frames_that_are_not_json_are_skipped() {
    for dialect in ALL {
        let garbage = "data: garbage\n\ndata: 42\n\ndata: []\n\ndata:\n\ndata: {\"half\":\n\n";
        let stream = [
            garbage,
            dialect.open,
            garbage,
            &dialect.words(),
            garbage,
            dialect.stop,
            dialect.end(),
        ]
        .concat();
        assert_whole(dialect, &dialect.hear(&stream));
    }
}

#[test]
fn an_early_end_is_a_truncation_wherever_it_comes() {
    for dialect in ALL {
        let stream = [dialect.open, &dialect.words()].concat();
        for at in (0..stream.len()).filter(|at| stream.is_char_boundary(*at)) {
            let events = dialect.hear(&stream[..at]);
            assert!(
                SAID.starts_with(&text(&events)),
                "{} cut at {at}",
                dialect.name
            );
            // Before the first whole frame there is nothing to be sure of.
            let code = failure(&events)
                .unwrap_or_else(|| panic!("{} cut at {at} is no failure", dialect.name));
            let expected: &[ErrorCode] = if at < dialect.open.len() {
                &[ErrorCode::UpstreamTruncated, ErrorCode::UpstreamError]
            } else {
                &[ErrorCode::UpstreamTruncated]
            };
            assert!(
                expected.contains(&code),
                "{} cut at {at}: {code:?}",
                dialect.name
            );
        }
    }
}

#[test]
fn an_end_without_the_terminator_is_a_truncation() {
    for dialect in ALL {
        if dialect.terminator.spelled().is_none() {
            continue;
        }
        let events = dialect.hear(&[dialect.open, &dialect.words(), dialect.stop].concat());
        assert_eq!(text(&events), SAID);
        assert_eq!(
            failure(&events),
            Some(ErrorCode::UpstreamTruncated),
            "{}",
            dialect.name
        );
    }
}

#[test]
fn an_error_midway_is_classified_and_nothing_follows() {
    for dialect in ALL {
        let stream = [
            dialect.open,
            &dialect.words(),
            dialect.error,
            &dialect.words(),
            dialect.stop,
            dialect.end(),
        ]
        .concat();
        let events = dialect.hear(&stream);
        assert_eq!(text(&events), SAID, "{}", dialect.name);
        assert_eq!(
            failure(&events),
            Some(ErrorCode::Overloaded),
            "{}",
            dialect.name
        );
        assert_eq!(finish(&events), [], "{}", dialect.name);
    }
}

#[test]
fn an_error_may_be_the_first_event() {
    for dialect in ALL {
        let events = dialect.hear(dialect.error);
        assert_eq!(
            (events.len(), failure(&events)),
            (1, Some(ErrorCode::Overloaded)),
            "{}",
            dialect.name
        );
    }
}

#[test]
fn an_answer_without_text_is_a_good_end() {
    for dialect in ALL {
        let events = dialect.hear(&[dialect.open, dialect.stop, dialect.end()].concat());
        assert_eq!(events, [Finish(FinishReason::Stop)], "{}", dialect.name);
    }
}

/// They do not say how many of the tokens were reasoning.
const UNCOUNTED: [&str; 2] = ["Cohere v2", "Bedrock Converse"];

/// They say how many of the tokens were put into their cache.
const WRITES: [&str; 3] = [
    "Anthropic Messages",
    "Claude on Vertex AI",
    "Bedrock Converse",
];

#[test]
fn usage_is_counted_in_the_same_way_everywhere() {
    for dialect in ALL {
        let events =
            dialect.hear(&[dialect.open, &dialect.words(), dialect.usage, dialect.end()].concat());
        let usage: Vec<_> = events
            .iter()
            .filter(|event| matches!(event, Usage(_)))
            .collect();
        let expected = TokenUsage {
            input: 7,
            input_cached: 3,
            input_cache_write: u64::from(WRITES.contains(&dialect.name)),
            output: 5,
            reasoning: if UNCOUNTED.contains(&dialect.name) {
                0
            } else {
                2
            },
        };
        assert_eq!(usage, [&Usage(expected)], "{}", dialect.name);
        assert_eq!(failure(&events), None, "{}", dialect.name);
    }
}

#[test]
fn reasoning_is_kept_apart_from_the_answer() {
    for dialect in ALL {
        let Some(reasoning) = dialect.reasoning.spelled() else {
            continue;
        };
        let stream = [
            dialect.open,
            &reasoning.replace('@', "Hm é"),
            &dialect.words(),
            dialect.stop,
            dialect.end(),
        ]
        .concat();
        let events = dialect.hear(&stream);
        assert_eq!(
            events.first(),
            Some(&Reasoning("Hm é".to_owned())),
            "{}",
            dialect.name
        );
        assert_whole(dialect, &events);
    }
}

#[test]
fn the_output_limit_is_told() {
    for dialect in ALL {
        let events = dialect.hear(
            &[
                dialect.open,
                &dialect.words(),
                dialect.length,
                dialect.end(),
            ]
            .concat(),
        );
        assert_eq!(
            (text(&events).as_str(), finish(&events)),
            (SAID, vec![FinishReason::Length]),
            "{}",
            dialect.name
        );
        assert_eq!(failure(&events), None, "{}", dialect.name);
    }
}

#[test]
fn a_filter_is_told_with_and_without_text() {
    for dialect in ALL {
        let Some(filtered) = dialect.filtered.spelled() else {
            continue;
        };
        for words in [String::new(), dialect.words()] {
            let events = dialect.hear(&[dialect.open, &words, filtered, dialect.end()].concat());
            assert_eq!(
                finish(&events),
                [FinishReason::ContentFilter],
                "{}",
                dialect.name
            );
            assert_eq!(failure(&events), None, "{}", dialect.name);
        }
    }
}

#[test]
fn a_refusal_in_words_is_shown_and_told() {
    for dialect in ALL {
        let Some(refusal) = dialect.refusal.spelled() else {
            continue;
        };
        let events =
            dialect.hear(&[dialect.open, &refusal.replace('@', "No."), dialect.end()].concat());
        let expected = [Text("No.".to_owned()), Finish(FinishReason::ContentFilter)];
        assert_eq!(events, expected, "{}", dialect.name);
    }
}

#[test]
fn garbage_alone_is_an_error() {
    for dialect in ALL {
        for stream in [
            "data: <html>\n\ndata: 42\n\n",
            "data: x",
            "data: x\n\ndata: [DONE]\n\n",
        ] {
            let events = dialect.hear(stream);
            assert_eq!(
                (events.len(), failure(&events)),
                (1, Some(ErrorCode::UpstreamError)),
                "{}",
                dialect.name
            );
        }
        for stream in ["", ": ping\n\n"] {
            assert_eq!(
                failure(&dialect.hear(stream)),
                Some(ErrorCode::UpstreamTruncated),
                "{}",
                dialect.name
            );
        }
    }
}

#[test]
fn a_bad_byte_costs_one_character() {
    for dialect in ALL {
        let mut stream = dialect.open.as_bytes().to_vec();
        for byte in dialect.text.bytes() {
            stream.extend(if byte == b'@' {
                b"a\xffb".as_slice()
            } else {
                std::slice::from_ref(&byte)
            });
        }
        stream.extend(
            [&dialect.words(), dialect.stop, dialect.end()]
                .concat()
                .bytes(),
        );
        let events = dialect.read(&[&dialect.wire(&stream)]);
        assert_eq!(
            text(&events),
            format!("a\u{fffd}b{SAID}"),
            "{}",
            dialect.name
        );
        assert_eq!(failure(&events), None, "{}", dialect.name);
    }
}

#[test]
fn a_frame_without_end_is_an_error_after_the_text_before_it() {
    for dialect in ALL {
        let stream = [
            dialect.open,
            &dialect.words(),
            "data: ",
            &"x".repeat(2 << 20),
        ]
        .concat();
        let events = dialect.hear(&stream);
        assert_eq!(text(&events), SAID, "{}", dialect.name);
        assert_eq!(
            failure(&events),
            Some(ErrorCode::UpstreamError),
            "{}",
            dialect.name
        );
    }
}

#[test]
fn every_provider_has_a_dialect() {
    for provider in REGISTRY {
        let id = provider.info().id;
        assert!(ALL.iter().any(|dialect| dialect.provider == id), "{id}");
    }
}

#[test]
fn what_a_dialect_cannot_say_is_known() {
    let skips = ALL.iter().flat_map(|dialect| {
        let cases = [
            ("reasoning", &dialect.reasoning),
            ("filtered", &dialect.filtered),
            ("refusal", &dialect.refusal),
            ("terminator", &dialect.terminator),
        ];
        cases
            .into_iter()
            .filter_map(|(case, spelled)| match spelled {
                Yes(_) => None,
                Skipped(why) => Some(format!("{}, {case}: {why}", dialect.name)),
            })
    });
    assert_eq!(
        skips.collect::<Vec<_>>(),
        [
            "Anthropic Messages, refusal: a refusal has no words, only a stop reason",
            "Gemini, refusal: a refusal has no words, only a finish reason",
            "Gemini, terminator: the answer ends with the connection, once a finish reason was said",
            "Cohere v2, refusal: a refusal has no words, only a finish reason",
            "Mistral, terminator: [DONE] may be missing behind a finish reason",
            "Gemini on Vertex AI, refusal: a refusal has no words, only a finish reason",
            "Gemini on Vertex AI, terminator: the answer ends with the connection, once a finish reason was said",
            "Claude on Vertex AI, refusal: a refusal has no words, only a stop reason",
            "Bedrock Converse, refusal: a refusal has no words, only a stop reason",
            "OpenAI-compatible server, terminator: [DONE] may be missing behind a finish reason",
        ]
    );
}
