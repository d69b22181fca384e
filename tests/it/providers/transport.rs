//! The transport against servers that are made of bytes: its limits, its time-outs and where it never goes.

use super::{KEY, access, account, ask, provider};
use keylm::server::config::Limit;
use keylm::server::crypto::secret::Secret;
use keylm::server::metrics::Metrics;
use keylm::server::providers::account::Account;
use keylm::server::providers::transport::{ByteStream, Transport, TransportLimits};
use keylm::server::providers::{Credential, ProviderError, WireRequest};
use keylm::shared::error::ErrorCode;
use rstest::rstest;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use url::Url;

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\r\n";

fn transport(limits: TransportLimits) -> Transport {
    Transport::new(limits, Metrics::default()).expect("a transport")
}

/// Reads a request to the end of its head and of a body of the declared length.
async fn request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return text;
            }
        }
        let read = socket.read(&mut buffer).await.expect("a request");
        assert!(read > 0, "the request ends early: {text}");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

/// A server that answers each request with `bytes` and closes, or keeps the connection open when `hold` is set.
async fn server(bytes: impl Into<Vec<u8>>, hold: bool) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let bytes: Arc<[u8]> = bytes.into().into();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let (bytes, log) = (Arc::clone(&bytes), Arc::clone(&log));
            tokio::spawn(async move {
                let request = request(&mut socket).await;
                log.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(request);
                // The client may have hung up on purpose.
                let _ = socket.write_all(&bytes).await;
                if hold {
                    let _ = socket.read(&mut [0; 1]).await;
                }
            });
        }
    });
    (url.parse().expect("a URL"), seen)
}

/// An account at what answers at `base` in the place of OpenAI.
fn openai(base: &Url) -> Account {
    Account {
        origins: vec![base.clone()],
        ..account(provider("openai"))
    }
}

fn chat(base: &Url) -> WireRequest {
    provider("openai")
        .encode(&access(&openai(base)), &ask("gpt-4o"))
        .expect("a request")
}

fn list(base: &Url) -> WireRequest {
    provider("openai")
        .models_request(&access(&openai(base)), None)
        .expect("a request")
}

async fn stream(limits: TransportLimits, base: &Url) -> Result<ByteStream, ProviderError> {
    transport(limits)
        .stream(provider("openai"), chat(base))
        .await
}

/// The bytes of a stream and the error that ended it.
async fn drain(mut stream: ByteStream) -> (Vec<u8>, Option<ErrorCode>) {
    let mut bytes = Vec::new();
    while let Some(next) = stream.next().await {
        match next {
            Ok(more) => bytes.extend_from_slice(&more),
            Err(error) => {
                assert!(stream.next().await.is_none(), "something follows the error");
                return (bytes, Some(error.code));
            }
        }
    }
    (bytes, None)
}

async fn code_of(base: &Url) -> ErrorCode {
    let stream = stream(TransportLimits::default(), base).await;
    stream.err().expect("a failure").code
}

#[tokio::test]
async fn a_stream_is_handed_over_byte_by_byte() {
    let (base, seen) = server(format!("{EVENTS}data: 1\n\ndata: 2"), false).await;
    let stream = stream(TransportLimits::default(), &base)
        .await
        .expect("a stream");
    assert_eq!(drain(stream).await, (b"data: 1\n\ndata: 2".to_vec(), None));
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let [request] = seen.as_slice() else {
        panic!("one request: {seen:?}")
    };
    assert!(
        request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{request}"
    );
    for line in [
        "authorization: Bearer canary-key",
        "accept-encoding: identity",
        "content-type: application/json",
    ] {
        assert!(
            request.contains(&format!("\r\n{line}\r\n")),
            "{line} in {request}"
        );
    }
    for name in ["referer", "cookie", "origin"] {
        assert!(
            !request.contains(&format!("\r\n{name}:")),
            "{name} in {request}"
        );
    }
}

#[rstest]
#[case::a_web_page(
    "200 OK",
    "content-type: text/html\r\n",
    "<h1>hi</h1>",
    ErrorCode::UpstreamError
)]
#[case::no_type("200 OK", "", "data: 1\n\n", ErrorCode::UpstreamError)]
#[case::an_error_in_a_200(
    "200 OK",
    "content-type: application/json\r\n",
    r#"{"error":{"code":"insufficient_quota"}}"#,
    ErrorCode::QuotaExhausted
)]
#[case::compressed(
    "200 OK",
    "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
    "x",
    ErrorCode::UpstreamError
)]
#[case::a_status(
    "401 Unauthorized",
    "content-type: application/json\r\n",
    "{}",
    ErrorCode::InvalidKey
)]
#[case::moved(
    "301 Moved Permanently",
    "location: http://127.0.0.1:9/\r\n",
    "",
    ErrorCode::ProviderRedirected
)]
#[case::not_modified("304 Not Modified", "", "", ErrorCode::ProviderRedirected)]
#[tokio::test]
async fn what_is_no_stream_is_a_failure(
    #[case] status: &str,
    #[case] headers: &str,
    #[case] body: &str,
    #[case] code: ErrorCode,
) {
    let (base, _) = server(
        format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n{body}"),
        false,
    )
    .await;
    assert_eq!(code_of(&base).await, code);
}

#[tokio::test]
async fn a_redirect_is_refused_and_its_target_never_hears_of_it() {
    let (trap, seen) = server(JSON, false).await;
    for status in [301, 302, 303, 307, 308] {
        let (base, _) = server(
            format!("HTTP/1.1 {status} Moved\r\nlocation: {trap}\r\ncontent-length: 0\r\n\r\n"),
            false,
        )
        .await;
        assert_eq!(code_of(&base).await, ErrorCode::ProviderRedirected);
        let listed = transport(TransportLimits::default())
            .fetch(provider("openai"), list(&base))
            .await;
        assert_eq!(
            listed.expect_err("a redirect").code,
            ErrorCode::ProviderRedirected
        );
    }
    assert!(
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    );
}

#[tokio::test]
async fn nobody_at_home_is_a_network_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"))
        .parse()
        .expect("a URL");
    drop(listener);
    assert_eq!(code_of(&base).await, ErrorCode::Network);
    let nowhere = "http://nowhere.invalid/v1".parse().expect("a URL");
    assert_eq!(code_of(&nowhere).await, ErrorCode::Network);
}

#[tokio::test]
async fn a_broken_connection_is_a_truncation_once_the_answer_began() {
    let head = EVENTS.replace("\r\n\r\n", "\r\ncontent-length: 100\r\n\r\n");
    let (base, _) = server(format!("{head}data: 1\n\n"), false).await;
    let stream = stream(TransportLimits::default(), &base)
        .await
        .expect("a stream");
    assert_eq!(
        drain(stream).await,
        (b"data: 1\n\n".to_vec(), Some(ErrorCode::UpstreamTruncated))
    );
    let (base, _) = server("HTTP/1.1 200", false).await;
    assert_eq!(code_of(&base).await, ErrorCode::Network);
}

const SHORT: Duration = Duration::from_millis(80);

#[tokio::test]
async fn silence_before_the_head_and_before_the_first_byte_is_a_timeout() {
    let limits = TransportLimits {
        first_byte: SHORT,
        ..TransportLimits::default()
    };
    let (base, _) = server("", true).await;
    assert_eq!(
        stream(limits, &base).await.err().map(|error| error.code),
        Some(ErrorCode::Timeout)
    );
    let (base, _) = server(EVENTS, true).await;
    let stream = stream(limits, &base).await.expect("a stream");
    assert_eq!(drain(stream).await, (vec![], Some(ErrorCode::Timeout)));
}

#[tokio::test]
async fn silence_between_bytes_is_a_timeout_that_keeps_what_came() {
    let limits = TransportLimits {
        idle: SHORT,
        ..TransportLimits::default()
    };
    let (base, _) = server(format!("{EVENTS}data: 1\n\n"), true).await;
    let stream = stream(limits, &base).await.expect("a stream");
    assert_eq!(
        drain(stream).await,
        (b"data: 1\n\n".to_vec(), Some(ErrorCode::Timeout))
    );
}

#[tokio::test]
async fn a_stream_that_never_ends_is_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"))
        .parse()
        .expect("a URL");
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        request(&mut socket).await;
        socket.write_all(EVENTS.as_bytes()).await.expect("the head");
        while socket.write_all(b": drip\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let limits = TransportLimits {
        total: SHORT * 2,
        ..TransportLimits::default()
    };
    let stream = stream(limits, &base).await.expect("a stream");
    let (bytes, code) = drain(stream).await;
    assert_eq!(code, Some(ErrorCode::Timeout));
    assert!(!bytes.is_empty());
}

#[tokio::test]
async fn a_list_that_does_not_come_is_a_timeout() {
    let limits = TransportLimits {
        list_total: SHORT,
        ..TransportLimits::default()
    };
    for bytes in [
        "",
        JSON,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":[",
    ] {
        let (base, _) = server(bytes, true).await;
        let listed = transport(limits)
            .fetch(provider("openai"), list(&base))
            .await;
        assert_eq!(listed.expect_err("a time-out").code, ErrorCode::Timeout);
    }
}

#[tokio::test]
async fn a_slow_error_body_does_not_hide_the_status() {
    let limits = TransportLimits {
        list_total: SHORT,
        ..TransportLimits::default()
    };
    let (base, _) = server(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\n\r\n{",
        true,
    )
    .await;
    let error = stream(limits, &base).await.err().expect("a failure");
    assert_eq!(
        (error.code, error.status),
        (ErrorCode::RateLimited, Some(429))
    );
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn more_bytes_than_allowed_are_not_read() {
    let limits = TransportLimits {
        list_body: 1000,
        stream_bytes: 1000,
        error_body: 1000,
        ..TransportLimits::default()
    };
    let fetch = async |body: usize| {
        let (base, _) = server(format!("{JSON}{}", "x".repeat(body)), false).await;
        transport(limits)
            .fetch(provider("openai"), list(&base))
            .await
    };
    assert_eq!(fetch(1000).await.expect("just fits").len(), 1000);
    assert_eq!(
        fetch(1001).await.expect_err("too long").code,
        ErrorCode::UpstreamError
    );

    let read = async |body: usize| {
        let (base, _) = server(format!("{EVENTS}{}", "x".repeat(body)), false).await;
        drain(stream(limits, &base).await.expect("a stream")).await
    };
    assert_eq!(read(1000).await, (vec![b'x'; 1000], None));
    let (bytes, code) = read(1001).await;
    assert!(bytes.len() <= 1000);
    assert_eq!(code, Some(ErrorCode::UpstreamError));

    // The words of an error that is too long are not read, its status is.
    let body = format!(
        "{}{{\"error\":{{\"code\":\"insufficient_quota\"}}}}",
        " ".repeat(1000)
    );
    let (base, _) = server(
        format!("HTTP/1.1 429 No\r\ncontent-type: application/json\r\n\r\n{body}"),
        false,
    )
    .await;
    let error = stream(limits, &base).await.err().expect("a failure");
    assert_eq!(error.code, ErrorCode::RateLimited);
}

/// How often `limit` bit while a stream from there was read.
async fn hits(limits: TransportLimits, base: &Url, limit: Limit) -> u64 {
    let metrics = Metrics::default();
    let transport = Transport::new(limits, metrics.clone()).expect("a transport");
    if let Ok(stream) = transport.stream(provider("openai"), chat(base)).await {
        drain(stream).await;
    }
    metrics.limit_hits(limit)
}

#[tokio::test]
async fn every_limit_of_a_stream_is_counted_when_it_bites_and_only_then() {
    let all = TransportLimits {
        first_byte: SHORT,
        idle: SHORT,
        total: SHORT * 2,
        stream_bytes: 1000,
        error_body: 1000,
        ..TransportLimits::default()
    };
    let patient = TransportLimits {
        idle: SHORT * 4,
        ..all
    };
    let long = "x".repeat(1001);
    let error = format!("HTTP/1.1 500 No\r\ncontent-type: application/json\r\n\r\n{long}");
    for (limits, bytes, hold, limit) in [
        (all, String::new(), true, Limit::ProviderFirstByte),
        (all, EVENTS.to_owned(), true, Limit::ProviderFirstByte),
        (
            all,
            format!("{EVENTS}data: 1\n\n"),
            true,
            Limit::ProviderIdle,
        ),
        (
            patient,
            format!("{EVENTS}data: 1\n\n"),
            true,
            Limit::ProviderTotal,
        ),
        (all, format!("{EVENTS}{long}"), false, Limit::StreamBytes),
        (all, error, false, Limit::ErrorBodyBytes),
    ] {
        let (base, _) = server(bytes, hold).await;
        assert_eq!(hits(limits, &base, limit).await, 1, "{limit:?}");
        let (base, _) = server(format!("{EVENTS}data: 1\n\n"), false).await;
        assert_eq!(hits(limits, &base, limit).await, 0, "{limit:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_is_counted() {
    let metrics = Metrics::default();
    let limits = TransportLimits {
        list_body: 1000,
        ..TransportLimits::default()
    };
    let transport = Transport::new(limits, metrics.clone()).expect("a transport");
    for (size, count) in [(1000, 0), (1001, 1)] {
        let (base, _) = server(format!("{JSON}{}", "x".repeat(size)), false).await;
        let _ = transport.fetch(provider("openai"), list(&base)).await;
        assert_eq!(metrics.limit_hits(Limit::ModelListBytes), count);
    }
}

#[tokio::test]
async fn a_provider_that_takes_no_connection_is_not_waited_for() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let listener = socket.listen(1).expect("a listener");
    let addr = listener.local_addr().expect("an address");
    // Nobody accepts, and its queue is full.
    let mut queue = Vec::new();
    while let Ok(connected) = tokio::time::timeout(SHORT, TcpStream::connect(addr)).await {
        queue.push(connected);
    }
    let limits = TransportLimits {
        connect: SHORT,
        ..TransportLimits::default()
    };
    let base = format!("http://{addr}/v1").parse().expect("a URL");
    assert_eq!(
        stream(limits, &base).await.err().map(|error| error.code),
        Some(ErrorCode::Timeout)
    );
    assert_eq!(hits(limits, &base, Limit::ProviderConnect).await, 1);
}

#[tokio::test]
async fn dropping_a_stream_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"))
        .parse()
        .expect("a URL");
    let (closed, is_closed) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        request(&mut socket).await;
        socket
            .write_all(format!("{EVENTS}data: 1\n\n").as_bytes())
            .await
            .expect("an answer");
        let read = socket.read(&mut [0; 1]).await;
        let _ = closed.send(matches!(read, Ok(0) | Err(_)));
    });
    let mut stream = stream(TransportLimits::default(), &base)
        .await
        .expect("a stream");
    assert!(stream.next().await.is_some_and(|bytes| bytes.is_ok()));
    drop(stream);
    let within = tokio::time::timeout(Duration::from_secs(1), is_closed).await;
    assert!(
        within
            .expect("closed within a second")
            .expect("the server lives")
    );
}

#[rstest]
#[tokio::test]
async fn a_key_that_no_header_can_carry_is_invalid(
    #[values("a\r\nx-evil: 1", "a\nb", "schlüssel", "a\u{0}b", "a\tb")] key: &str,
    #[values("openai", "anthropic", "gemini")] id: &str,
) {
    let (base, seen) = server(JSON, false).await;
    let account = Account::new(vec![base], Credential::key(Secret::new(key.to_owned())));
    let request = provider(id)
        .models_request(&access(&account), None)
        .expect("a request");
    let refused = transport(TransportLimits::default())
        .fetch(provider(id), request)
        .await;
    assert_eq!(
        refused.expect_err("no such header").code,
        ErrorCode::InvalidKey
    );
    assert!(
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    );
}

/// A log that can be read back.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_who_and_how_long_but_neither_key_nor_words() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // With one dispatcher alone, tracing asks the thread that comes first, and those of other tests have none.
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    let body = format!(
        "HTTP/1.1 401 No\r\ncontent-type: application/json\r\n\r\n{{\"error\":{{\"message\":\"bad {KEY} canary-words\"}}}}"
    );
    let (base, _) = server(body, false).await;
    let error = stream(TransportLimits::default(), &base)
        .await
        .err()
        .expect("a failure");
    let nowhere = "http://nowhere.invalid/v1?canary-query"
        .parse()
        .expect("a URL");
    let lost = stream(TransportLimits::default(), &nowhere)
        .await
        .err()
        .expect("a failure");
    drop((guard, second));
    let bytes = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let said = format!(
        "{}{error}{error:?}{lost}{lost:?}",
        String::from_utf8(bytes).expect("UTF-8")
    );
    assert!(!said.contains("canary"), "{said}");
    for part in [
        "provider.request",
        "provider=\"openai\"",
        "status=401",
        "duration_ms=",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

const CHILD: &str = "providers::transport::the_child_of_the_proxy_test";

/// Counts who comes.
async fn counter() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let hits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hits);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                // A socket that is dropped with unread bytes resets the connection and may take the answer along.
                request(&mut socket).await;
                let _ = socket
                    .write_all(
                        b"HTTP/1.1 418 Proxy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                    )
                    .await;
            });
        }
    });
    (url, hits)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_is_ignored() {
    let (trap, hits) = counter().await;
    let child = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(std::env::current_exe().expect("this binary"));
        child.args(["--exact", CHILD, "--ignored", "--nocapture"]);
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            child.env(name, &trap);
        }
        child
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .expect("a child")
    });
    let output = child.await.expect("an outcome");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    // One hit of the client that follows the environment shows that the trap works.
    assert_eq!(hits.load(Ordering::SeqCst), 1, "{said}");
}

#[tokio::test]
#[ignore = "needs the environment that the proxy test gives it"]
async fn the_child_of_the_proxy_test() {
    let (base, seen) = server(format!("{JSON}{{\"data\":[]}}"), false).await;
    let transport = transport(TransportLimits::default());
    let follows = reqwest::Client::builder().build().expect("a client");
    assert_eq!(
        follows
            .get(base.clone())
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        418
    );
    let listed = transport.fetch(provider("openai"), list(&base)).await;
    assert_eq!(listed.expect("a list"), b"{\"data\":[]}");
    assert_eq!(seen.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
}
