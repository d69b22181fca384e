use super::*;
use axum::routing::get;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const SOON: Duration = Duration::from_millis(50);
/// How long anything may take before it counts as never: a limit that does not bite fails instead of hanging.
const NEVER: Duration = Duration::from_secs(30);

struct Listening {
    addr: SocketAddr,
    metrics: Metrics,
    down: CancellationToken,
    server: JoinHandle<()>,
}

async fn listening(limits: Limits, router: Router) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (metrics, down) = (Metrics::default(), CancellationToken::new());
    Listening {
        addr: listener.local_addr().unwrap(),
        server: tokio::spawn(serve(
            listener,
            router,
            limits,
            metrics.clone(),
            Env::system(),
            down.clone(),
        )),
        metrics,
        down,
    }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

impl Listening {
    /// A connection on which `bytes` were sent.
    async fn sent(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// All that comes back until the server closes.
    async fn until_closed(&self, bytes: &[u8]) -> String {
        everything(self.sent(bytes).await).await
    }
}

async fn everything(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(NEVER, stream.read_to_end(&mut answer)).await;
    // A reset is an end, too.
    let _ = read.expect("the server closes");
    String::from_utf8(answer).unwrap()
}

/// Reads one answer of [`hello`].
async fn greeting(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let mut piece = [0; 256];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_an_end_is_cut() {
    let limits = Limits {
        header_read: SOON,
        ..Limits::default()
    };
    let server = listening(limits, hello()).await;
    assert_eq!(server.until_closed(b"").await, "");
    assert_eq!(
        server.until_closed(b"GET / HTTP/1.1\r\nhost: x\r\n").await,
        ""
    );
    // The second request of a connection, too.
    let mut again = server.sent(GET).await;
    greeting(&mut again).await;
    again.write_all(b"GET / HT").await.unwrap();
    assert_eq!(everything(again).await, "");
    assert_eq!(server.metrics.limit_hits(Limit::HeaderRead), 3);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_as_well() {
    let limits = Limits {
        header_read: SOON,
        header_bytes: 1 << 20,
        ..Limits::default()
    };
    let server = listening(limits, hello()).await;
    let mut stream = server.sent(b"GET / HTTP/1.1\r\nx: ").await;
    let drip = async {
        while stream.write_all(b"y").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(NEVER, drip).await.expect("it is cut");
    assert_eq!(server.metrics.limit_hits(Limit::HeaderRead), 1);
    assert_eq!(server.metrics.limit_hits(Limit::HeaderBytes), 0);
}

#[tokio::test]
async fn neither_a_quiet_connection_nor_a_slow_answer_is_a_slow_head() {
    let limits = Limits {
        header_read: SOON,
        ..Limits::default()
    };
    let go = Arc::new(Notify::new());
    let goes = Arc::clone(&go);
    let slow = get(async move || {
        goes.notified().await;
        "hello"
    });
    let server = listening(limits, hello().route("/slow", slow)).await;
    let mut quiet = server.sent(GET).await;
    greeting(&mut quiet).await;
    let mut waiting = server.sent(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // A head that began after both is given up before them.
    assert_eq!(server.until_closed(b"GET ").await, "");
    assert_eq!(server.until_closed(b"GET ").await, "");
    go.notify_one();
    greeting(&mut waiting).await;
    quiet.write_all(GET).await.unwrap();
    greeting(&mut quiet).await;
    assert_eq!(server.metrics.limit_hits(Limit::HeaderRead), 2);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let limits = Limits {
        header_bytes: 8192,
        ..Limits::default()
    };
    let server = listening(limits, hello()).await;
    let request = |size: usize| {
        let rest = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: \r\n\r\n".len();
        let filling = "y".repeat(size - rest);
        format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {filling}\r\n\r\n")
    };
    let fits = server.until_closed(request(8192).as_bytes()).await;
    assert!(fits.starts_with("HTTP/1.1 200 "), "{fits}");
    for (n, size) in [8193, 20_000].into_iter().enumerate() {
        let refused = server.until_closed(request(size).as_bytes()).await;
        assert!(refused.starts_with("HTTP/1.1 431 "), "{size}: {refused}");
        assert_eq!(server.metrics.limit_hits(Limit::HeaderBytes), n as u64 + 1);
    }
}

/// Tells when it is dropped.
struct Gone(Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_dropped_and_costs_no_memory() {
    let limits = Limits {
        write_stall: SOON,
        ..Limits::default()
    };
    let (gone, made) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (told, count) = (Arc::clone(&gone), Arc::clone(&made));
    let endless = get(async move || {
        let gone = Gone(told.clone());
        let pieces = futures::stream::repeat_with(move || {
            let _ = &gone;
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b'x'; 16 << 10]))
        });
        Body::from_stream(pieces)
    });
    let server = listening(limits, Router::new().route("/", endless)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.addr).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let dropped = timeout(NEVER, gone.notified()).await;
    dropped.expect("the reader is dropped");
    assert_eq!(server.metrics.limit_hits(Limit::WriteStall), 1);
    let made = made.load(Ordering::Relaxed);
    assert!(made < 1000, "{made} pieces were made for nobody");
}

#[tokio::test]
async fn beyond_the_limit_of_connections_the_answer_is_503_until_one_ends() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = listening(limits, hello()).await;
    let mut first = server.sent(GET).await;
    greeting(&mut first).await;
    let close = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let refused = server.until_closed(close).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("retry-after: 5\r\n"), "{refused}");
    let (_, id) = refused.split_once("x-request-id: ").unwrap();
    let (id, _) = id.split_once("\r\n").unwrap();
    assert!(
        refused.contains(&format!("\"requestId\":\"{id}\"")),
        "{refused}"
    );
    assert_eq!(server.metrics.limit_hits(Limit::Connections), 1);
    drop(first);
    while !server
        .until_closed(close)
        .await
        .starts_with("HTTP/1.1 200 ")
    {}
    assert!(server.metrics.limit_hits(Limit::Connections) >= 1);
}

#[tokio::test]
async fn an_end_waits_for_what_is_being_answered_and_for_nobody_else() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes) = (Arc::clone(&begun), Arc::clone(&go));
    let answer = get(async move || {
        begins.notify_one();
        goes.notified().await;
        "hello"
    });
    let server = listening(Limits::default(), hello().route("/wait", answer)).await;
    let mut quiet = server.sent(GET).await;
    greeting(&mut quiet).await;
    let mut waiting = server.sent(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    begun.notified().await;
    server.down.cancel();
    assert_eq!(everything(quiet).await, "");
    while TcpStream::connect(server.addr).await.is_ok() {}
    assert!(!server.server.is_finished());
    go.notify_one();
    greeting(&mut waiting).await;
    assert_eq!(everything(waiting).await, "");
    server.server.await.unwrap();
    assert!(server.metrics.render().contains("keylm_connections 0"));
}
