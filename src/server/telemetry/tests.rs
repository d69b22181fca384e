use super::redact::clean;
use super::*;
use rstest::rstest;
use std::sync::{Arc, Mutex};

/// Collects what is written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What `log` writes at `trace`.
fn logged(format: LogFormat, log: impl FnOnce()) -> String {
    let sink = Sink::default();
    tracing::subscriber::with_default(
        subscriber(format, EnvFilter::new("trace"), sink.clone()),
        log,
    );
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

const TAIL: &str = "Canary0123456789abcdef";

#[rstest]
fn a_key_of_any_provider_is_masked(
    #[values(
        "sk-",
        "sk-ant-api03-",
        "sk-or-v1-",
        "sk-proj-",
        "sk_live_",
        "AIza",
        "AQ.",
        "gsk_",
        "xai-",
        "vck_",
        "klm_",
        "ya29.",
        "ABSK"
    )]
    prefix: &str,
    #[values(
        "",
        "key=",
        "\"",
        "(",
        "line\\n",
        "https://x/?key=",
        "Some(\\\"",
        "key%3D"
    )]
    before: &str,
) {
    let line = clean(&format!("refused {before}{prefix}{TAIL} after\n"));
    assert!(!line.contains("Canary"), "{line}");
    assert!(
        line.contains("[redacted]") && line.ends_with(" after\n"),
        "{line}"
    );
}

#[rstest]
#[case("authorization: Bearer opaque.Canary.token")]
#[case("Authorization: Basic YWxhZGRpbjpDanary Canary")]
#[case("{\"authorization\":\"Bearer Canary12345\"}")]
#[case("sent bearer Canary12345, then")]
#[case("cookie: __Host-sid=Canary; theme=dark")]
#[case("set-cookie=sid=Canary; HttpOnly")]
#[case("headers={\"cookie\": \"sid=Canary\", \"accept\": \"*/*\"}")]
#[case("{\"fields\":{\"message\":\"{\\\"cookie\\\": \\\"sid=Canary\\\"}\"}}")]
#[case("x-api-key: Canary")]
#[case("jar __Host-keylm_session=Canary end")]
#[case("\"api-key\": \"Canary\"")]
#[case("body email=a%40b&password=Canary&x=1")]
#[case("{\"password\":\"Canary\"}")]
fn a_value_is_masked_for_its_name(#[case] line: &str) {
    let cleaned = clean(line);
    assert!(!cleaned.contains("Canary"), "{cleaned}");
    assert!(cleaned.contains("[redacted]"), "{cleaned}");
}

#[test]
fn what_stands_beside_a_secret_stays() {
    assert_eq!(clean("password=a&x=1"), "password=[redacted]&x=1");
    assert_eq!(
        clean("{\"cookie\":\"a=b; c=d\",\"n\":1}"),
        "{\"cookie\":\"[redacted]\",\"n\":1}"
    );
    assert_eq!(clean("Bearer abcdefgh12 end"), "Bearer [redacted] end");
}

#[rstest]
#[case("GET /api/threads 200 in 3 ms, request 0192f3a1-7e5c-7000-8000-000000000000\n")]
#[case("risk-assessment and disk-management, task-list; ask-me\n")]
#[case("the cookie is missing, no bearer token, password too short, authorization failed\n")]
#[case(
    "{\"level\":\"INFO\",\"fields\":{\"message\":\"schlüssel angelegt\",\"key.id\":\"0192\"}}\n"
)]
#[case("")]
#[case("\n")]
fn an_ordinary_line_stays_as_it_is(#[case] line: &str) {
    assert_eq!(clean(line), line);
}

/// Threat T34.
#[test]
fn control_characters_are_written_out() {
    let line = clean("a\u{1b}[31mb\nc\rd\u{9b}e\u{202e}f\u{2028}g\0\t\u{7f}\n");
    assert_eq!(
        line,
        "a\\u001b[31mb\\u000ac\\u000dd\\u009be\\u202ef\\u2028g\\u0000\\u0009\\u007f\n"
    );
}

#[test]
fn any_text_can_be_cleaned() {
    for text in [
        "sk-",
        "sk",
        "Bearer ",
        "bearer",
        "cookie",
        "cookie:",
        "пароль sk-я",
        "s\u{301}k-",
        "A",
        "AQ.ключключключ",
    ] {
        assert!(!clean(text).is_empty());
    }
}

#[rstest]
fn a_record_is_one_line_whatever_a_provider_wrote(
    #[values(LogFormat::Text, LogFormat::Json)] format: LogFormat,
) {
    let evil = "bad\u{1b}]0;x\u{7}\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\n2026-01-01 ERROR forged";
    let text = logged(
        format,
        || tracing::warn!(status = 400, detail = evil, debug = ?evil, "{evil}"),
    );
    assert!(text.ends_with('\n'));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(
        !text.trim_end_matches('\n').contains(char::is_control),
        "{text}"
    );
    if format == LogFormat::Json {
        let value: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!(value["level"], "WARN");
        assert_eq!(value["fields"]["status"], 400);
    }
}

#[rstest]
fn a_secret_in_any_part_of_a_record_is_masked(
    #[values(LogFormat::Text, LogFormat::Json)] format: LogFormat,
) {
    let key = format!("sk-ant-{TAIL}");
    let text = logged(format, || {
        let span = tracing::info_span!("request", key = %key);
        let _inside = span.enter();
        tracing::info!(field = %key, debug = ?key, headers = ?[("cookie", "sid=Canary")], "message\n{key}");
    });
    assert!(!text.contains("Canary"), "{text}");
    if format == LogFormat::Json {
        assert!(
            serde_json::from_str::<serde_json::Value>(&text).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_panic_is_logged_with_its_place_and_without_what_was_formatted_into_it() {
    let text = logged(LogFormat::Json, || {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let fixed = std::panic::catch_unwind(|| panic!("the fixed text"));
        let formatted =
            std::panic::catch_unwind(|| panic!("user {} sent it", std::hint::black_box("Canary")));
        std::panic::set_hook(before);
        assert!(fixed.is_err() && formatted.is_err());
    });
    assert!(text.contains("the fixed text"), "{text}");
    assert!(text.contains("telemetry/tests.rs"), "{text}");
    assert!(!text.contains("Canary"), "{text}");
}
