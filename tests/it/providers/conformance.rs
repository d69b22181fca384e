//! What every dialect must survive. A dialect spells each case in its own words; where it has no words for one, it says
//! so by name, and the list of those is a test too.

use super::{ask, decode, provider, text};
use keylm::server::providers::ProviderEvent::{self, Failed, Finish, Reasoning, Text, Usage};
use keylm::server::providers::{Provider, TokenUsage};
use keylm::shared::chat::FinishReason;
use keylm::shared::error::ErrorCode;
use rstest::rstest;

/// How a dialect spells what happens in an answer. Every string is whole frames.
struct Dialect {
    name: &'static str,
    provider: &'static str,
    model: &'static str,
    /// What comes before the first text.
    open: &'static str,
    /// A piece of text, which stands where `@` is.
    text: &'static str,
    /// A piece of reasoning, likewise.
    reasoning: Spelled,
    /// A good end, without usage and terminator.
    stop: &'static str,
    /// The output limit.
    length: &'static str,
    /// A filter cut in.
    filtered: Spelled,
    /// The model declines in its own words: a piece of text that stands where `@` is, and the end.
    refusal: Spelled,
    /// 7 tokens read, 3 of them cached; 5 written, 2 of them reasoning. May carry the stop.
    usage: &'static str,
    /// What ends the stream.
    terminator: Spelled,
    /// The provider is overloaded.
    error: &'static str,
    /// Things that are not known here.
    unknown: &'static str,
}

enum Spelled {
    Yes(&'static str),
    Skipped(&'static str),
}
use Spelled::{Skipped, Yes};

impl Spelled {
    /// The frames, or nothing when the dialect has no words for the case.
    fn spelled(&self) -> Option<&'static str> {
        match self {
            Yes(frames) => Some(frames),
            Skipped(_) => None,
        }
    }
}

static CHAT: Dialect = Dialect {
    name: "OpenAI Chat Completions",
    provider: "openai",
    model: "gpt-4o",
    open: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"finish_reason\":null}],\"usage\":null}\n\n",
    text: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"@\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"@\"},\"finish_reason\":null}]}\n\n",
    ),
    stop: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
    length: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
    filtered: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
    ),
    refusal: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"@\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    ),
    usage: "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    terminator: Yes("data: [DONE]\n\n"),
    error: "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
    unknown: "event: later\ndata: {\"object\":\"later\"}\n\ndata: {\"choices\":[]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"later\":1}}]}\n\n",
};

static RESPONSES: Dialect = Dialect {
    name: "OpenAI Responses",
    provider: "openai",
    model: "gpt-5-pro",
    open: "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\",\"usage\":null}}\n\n",
    text: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"@\"}\n\n",
    reasoning: Yes(
        "data: {\"type\":\"response.reasoning_summary_text.delta\",\"summary_index\":0,\"delta\":\"@\"}\n\n",
    ),
    // The reason and the terminator are one event; `terminator` is the good one.
    stop: "",
    length: "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n",
    filtered: Yes(
        "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"}}}\n\n",
    ),
    refusal: Yes("data: {\"type\":\"response.refusal.delta\",\"delta\":\"@\"}\n\n"),
    usage: "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":3},\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":12}}}\n\n",
    terminator: Yes(
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
    ),
    error: "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\",\"param\":null}\n\n",
    unknown: "event: later\ndata: {\"type\":\"later\"}\n\ndata: {\"type\":\"response.later\",\"delta\":\"x\"}\n\n",
};

static ANTHROPIC: Dialect = Dialect {
    name: "Anthropic Messages",
    provider: "anthropic",
    model: "claude-sonnet-5-5",
    open: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    text: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"@\"}}\n\n",
    reasoning: Yes(
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"@\"}}\n\n",
    ),
    stop: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    length: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"}}\n\n",
    filtered: Yes(
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n",
    ),
    refusal: Skipped("a refusal has no words, only a stop reason"),
    usage: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":3,\"cache_creation_input_tokens\":1,\"cache_read_input_tokens\":3,\"output_tokens\":5,\"output_tokens_details\":{\"thinking_tokens\":2}}}\n\n",
    terminator: Yes("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
    error: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    unknown: "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: later\ndata: {\"type\":\"later\"}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":9,\"content_block\":{\"type\":\"later\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":9,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"x\"}}\n\n",
};

static GEMINI: Dialect = Dialect {
    name: "Gemini",
    provider: "gemini",
    model: "gemini-3.8-flash",
    open: "data: {\"candidates\":[{\"index\":0}],\"responseId\":\"x\"}\n\n",
    text: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\"}],\"role\":\"model\"},\"index\":0}]}\n\n",
    reasoning: Yes(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\",\"thought\":true}],\"role\":\"model\"},\"index\":0}]}\n\n",
    ),
    stop: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\",\"index\":0}]}\n\n",
    length: "data: {\"candidates\":[{\"finishReason\":\"MAX_TOKENS\",\"index\":0}]}\n\n",
    filtered: Yes("data: {\"candidates\":[{\"finishReason\":\"SAFETY\",\"index\":0}]}\n\n"),
    refusal: Skipped("a refusal has no words, only a finish reason"),
    usage: "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":7,\"cachedContentTokenCount\":3,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2,\"totalTokenCount\":12}}\n\n",
    terminator: Skipped("the answer ends with the connection, once a finish reason was said"),
    error: "data: {\"error\":{\"code\":503,\"message\":\"x\",\"status\":\"UNAVAILABLE\"}}\n\n",
    unknown: "event: later\ndata: {\"later\":1}\n\ndata: {\"candidates\":[]}\n\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"later\":1}]},\"index\":0}]}\n\n",
};

static ALL: [&Dialect; 4] = [&CHAT, &RESPONSES, &ANTHROPIC, &GEMINI];

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

    fn hear(&self, stream: &str) -> Vec<ProviderEvent> {
        self.read(&[stream.as_bytes()])
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

#[rstest]
fn a_plain_answer_is_read_whole_and_missing_usage_is_no_trouble(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let events = dialect.hear(&dialect.answer());
    assert_whole(dialect, &events);
    assert!(
        !events.iter().any(|event| matches!(event, Usage(_))),
        "{events:?}"
    );
}

#[rstest]
fn a_cut_at_any_byte_changes_nothing(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let stream = dialect.answer();
    let whole = dialect.hear(&stream);
    for at in 0..stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        assert_eq!(
            dialect.read(&[head, tail]),
            whole,
            "{} cut at {at}",
            dialect.name
        );
    }
    let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(dialect.read(&single), whole, "{}", dialect.name);
}

#[rstest]
fn any_line_end_will_do(#[values(0, 1, 2, 3)] n: usize, #[values("\r\n", "\r")] end: &str) {
    let dialect = ALL[n];
    assert_whole(dialect, &dialect.hear(&dialect.answer().replace('\n', end)));
}

#[rstest]
fn comments_blank_lines_and_unknown_events_are_skipped(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn frames_that_are_not_json_are_skipped(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn an_early_end_is_a_truncation_wherever_it_comes(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn an_end_without_the_terminator_is_a_truncation(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    if dialect.terminator.spelled().is_none() {
        return;
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

#[rstest]
fn an_error_midway_is_classified_and_nothing_follows(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn an_error_may_be_the_first_event(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let events = dialect.hear(dialect.error);
    assert_eq!(
        (events.len(), failure(&events)),
        (1, Some(ErrorCode::Overloaded)),
        "{}",
        dialect.name
    );
}

#[rstest]
fn an_answer_without_text_is_a_good_end(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let events = dialect.hear(&[dialect.open, dialect.stop, dialect.end()].concat());
    assert_eq!(events, [Finish(FinishReason::Stop)], "{}", dialect.name);
}

#[rstest]
fn usage_is_counted_in_the_same_way_everywhere(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let events =
        dialect.hear(&[dialect.open, &dialect.words(), dialect.usage, dialect.end()].concat());
    let usage: Vec<_> = events
        .iter()
        .filter(|event| matches!(event, Usage(_)))
        .collect();
    let expected = TokenUsage {
        input: 7,
        input_cached: 3,
        output: 5,
        reasoning: 2,
    };
    assert_eq!(usage, [&Usage(expected)], "{}", dialect.name);
    assert_eq!(failure(&events), None, "{}", dialect.name);
}

#[rstest]
fn reasoning_is_kept_apart_from_the_answer(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let Some(reasoning) = dialect.reasoning.spelled() else {
        return;
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

#[rstest]
fn the_output_limit_is_told(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn a_filter_is_told_with_and_without_text(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let Some(filtered) = dialect.filtered.spelled() else {
        return;
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

#[rstest]
fn a_refusal_in_words_is_shown_and_told(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
    let Some(refusal) = dialect.refusal.spelled() else {
        return;
    };
    let events =
        dialect.hear(&[dialect.open, &refusal.replace('@', "No."), dialect.end()].concat());
    let expected = [Text("No.".to_owned()), Finish(FinishReason::ContentFilter)];
    assert_eq!(events, expected, "{}", dialect.name);
}

#[rstest]
fn garbage_alone_is_an_error(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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

#[rstest]
fn a_bad_byte_costs_one_character(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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
    let events = dialect.read(&[&stream]);
    assert_eq!(
        text(&events),
        format!("a\u{fffd}b{SAID}"),
        "{}",
        dialect.name
    );
    assert_eq!(failure(&events), None, "{}", dialect.name);
}

#[rstest]
fn a_frame_without_end_is_an_error_after_the_text_before_it(#[values(0, 1, 2, 3)] n: usize) {
    let dialect = ALL[n];
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
        ]
    );
}
