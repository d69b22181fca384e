//! A provider that speaks as told: `OpenAI`'s Chat Completions, so many tokens a second, each with the time of its sending.

use crate::token;
use crate::wire::{Wire, header};
use crate::{Result, locked};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The one model.
pub const MODEL: &str = "gpt-4o-mini";
/// Streams are spread over the time between two tokens of one stream in this many places.
const PHASES: u64 = 20;

const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"}]}"#;
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
/// As long as the chunks that `OpenAI` sends.
const BEFORE: &str = r#"data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1721172741,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":""#;
const AFTER: &str = r#""},"logprobs":null,"finish_reason":null}],"usage":null}"#;
const FINISH: &str = r#"data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1721172741,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1721172741,"model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":100,"total_tokens":120}}

data: [DONE]

"#;

/// What a listener asks for; it travels as the text of its message.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Names the stream.
    pub stream: u64,
    /// How many tokens it has.
    pub tokens: u32,
    /// How many of them a second.
    pub rate: u32,
    /// Whether the second token waits for [`Mock::go`].
    pub hold: bool,
}

impl Plan {
    /// A plan, with a name that no other stream has.
    pub fn new(tokens: u32, rate: u32, hold: bool) -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        Self {
            stream: NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            tokens,
            rate,
            hold,
        }
    }
}

/// What was said of one stream.
type Said = Arc<Mutex<Vec<u8>>>;

/// The provider.
#[derive(Clone)]
pub struct Mock(Arc<Inner>);

struct Inner {
    addr: SocketAddr,
    /// How often the held streams were let go.
    gate: watch::Sender<u64>,
    said: Mutex<HashMap<u64, Said>>,
}

impl Mock {
    /// A provider on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mock = Self(Arc::new(Inner {
            addr: listener.local_addr()?,
            gate: watch::Sender::new(0),
            said: Mutex::default(),
        }));
        let serving = mock.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let mock = serving.clone();
                // Whoever is cut off hears of it at the other end.
                tokio::spawn(async move { drop(mock.serve(socket).await) });
            }
        });
        Ok(mock)
    }

    /// What `OPENAI_BASE_URL` is set to.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.0.addr)
    }

    /// Lets all held streams go.
    pub fn go(&self) {
        self.0.gate.send_modify(|times| *times += 1);
    }

    /// All that was said of a stream so far.
    pub fn said(&self, stream: u64) -> Vec<u8> {
        let said = locked(&self.0.said).get(&stream).cloned();
        said.map(|said| locked(&said).clone()).unwrap_or_default()
    }

    async fn serve(self, socket: TcpStream) -> Result<()> {
        let mut wire = Wire::over(socket)?;
        while let Some(head) = wire.head().await? {
            let length = header(&head, "content-length").map_or(Ok(0), str::parse)?;
            let body = wire.exactly(length).await?;
            if head.starts_with("GET ") {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{MODELS}",
                    MODELS.len()
                );
                wire.send(answer.as_bytes()).await?;
            } else {
                let plan = plan(&body)?;
                let said = Said::default();
                locked(&self.0.said).insert(plan.stream, Arc::clone(&said));
                self.stream(&mut wire, plan, &said).await?;
            }
        }
        Ok(())
    }

    async fn stream(&self, wire: &mut Wire, plan: Plan, said: &Said) -> Result<()> {
        let mut gate = self.0.gate.subscribe();
        let mut out = HEAD.as_bytes().to_vec();
        say(&mut out, said);
        wire.send(&out).await?;
        if plan.hold {
            gate.changed().await?;
        }
        let pause = Duration::from_secs(1) / plan.rate;
        let phase = u32::try_from(plan.stream % PHASES)?;
        let first = Instant::now() + pause + pause * phase / u32::try_from(PHASES)?;
        let mut clock = interval_at(first, pause);
        // What could not be said in time is said as soon as it can: the load that is offered stays the same.
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 1..plan.tokens {
            clock.tick().await;
            out.clear();
            say(&mut out, said);
            wire.send(&out).await?;
        }
        wire.send(format!("{:x}\r\n{FINISH}\r\n0\r\n\r\n", FINISH.len()).as_bytes())
            .await
    }
}

/// Appends one token to what goes out and to what was said.
fn say(out: &mut Vec<u8>, said: &Said) {
    let token = token::write(token::now());
    locked(said).extend_from_slice(&token);
    let size = BEFORE.len() + token.len() + AFTER.len() + 2;
    out.extend_from_slice(format!("{size:x}\r\n{BEFORE}").as_bytes());
    out.extend_from_slice(&token);
    out.extend_from_slice(AFTER.as_bytes());
    out.extend_from_slice(b"\n\n\r\n");
}

/// The plan in the last message of a request.
fn plan(body: &[u8]) -> Result<Plan> {
    let body: serde_json::Value = serde_json::from_slice(body)?;
    let last = body["messages"]
        .as_array()
        .and_then(|messages| messages.last());
    let text = last
        .and_then(|message| message["content"].as_str())
        .ok_or("a request without a message")?;
    Ok(serde_json::from_str(text)?)
}
