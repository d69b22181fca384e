//! The provider simulator over real sockets: the shapes of each dialect, and the faults as a client meets them.

use std::{future::Future, pin::pin, time::Duration};

use futures::StreamExt;
use keylm::server::simulate::{Simulator, SimulatorOptions};
use reqwest::{Client, RequestBuilder, Response};
use rstest::rstest;
use serde_json::{Value, json};

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("client")
}

async fn simulator() -> Simulator {
    let options = SimulatorOptions {
        delta_delay: Duration::ZERO,
    };
    Simulator::start_with(0, options).await.expect("simulator")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Dialect {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}
use Dialect::{Anthropic, Chat, Gemini, Responses};

const ALL: [Dialect; 4] = [Chat, Responses, Anthropic, Gemini];

impl Dialect {
    fn key(self, kind: &str) -> String {
        match self {
            Chat | Responses => format!("sk-sim-{kind}-Canary0123456789"),
            Anthropic => format!("sk-ant-sim-{kind}-Canary0123456789"),
            Gemini => format!("AQ.sim-{kind}-Canary0123456789"),
        }
    }

    fn auth(self, request: RequestBuilder, key: &str) -> RequestBuilder {
        match self {
            Chat | Responses => request.bearer_auth(key),
            Anthropic => request
                .header("x-api-key", key)
                .header("anthropic-version", "2023-06-01"),
            Gemini => request.header("x-goog-api-key", key),
        }
    }

    async fn list(self, sim: &Simulator, key: &str) -> Response {
        let url = match self {
            Chat | Responses => format!("{}/models", sim.url("OPENAI_BASE_URL")),
            Anthropic => format!("{}/v1/models?limit=1000", sim.url("ANTHROPIC_BASE_URL")),
            Gemini => format!("{}/v1beta/models?pageSize=1000", sim.url("GEMINI_BASE_URL")),
        };
        self.auth(client().get(url), key)
            .send()
            .await
            .expect("list")
    }

    /// A request with a system text and three turns; `extra` is laid over the body.
    async fn ask(
        self,
        sim: &Simulator,
        key: &str,
        model: &str,
        stream: bool,
        extra: Value,
    ) -> Response {
        let (url, mut body) = match self {
            Chat => (
                format!("{}/chat/completions", sim.url("OPENAI_BASE_URL")),
                json!({"model": model, "stream": stream, "messages": [
                    {"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"},
                    {"role": "assistant", "content": "two"}, {"role": "user", "content": "three?"}]}),
            ),
            Responses => (
                format!("{}/responses", sim.url("OPENAI_BASE_URL")),
                json!({"model": model, "stream": stream, "store": false, "instructions": "Be brief.", "input": [
                    {"role": "user", "content": "one"},
                    {"role": "assistant", "content": [{"type": "output_text", "text": "two"}]},
                    {"role": "user", "content": [{"type": "input_text", "text": "three?"}]}]}),
            ),
            Anthropic => (
                format!("{}/v1/messages", sim.url("ANTHROPIC_BASE_URL")),
                json!({"model": model, "stream": stream, "max_tokens": 4096, "system": "Be brief.", "messages": [
                    {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"},
                    {"role": "user", "content": [{"type": "text", "text": "three?"}]}]}),
            ),
            Gemini => {
                let call = if stream {
                    "streamGenerateContent?alt=sse"
                } else {
                    "generateContent"
                };
                (
                    format!(
                        "{}/v1beta/models/{model}:{call}",
                        sim.url("GEMINI_BASE_URL")
                    ),
                    json!({"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [
                        {"role": "user", "parts": [{"text": "one"}]}, {"role": "model", "parts": [{"text": "two"}]},
                        {"role": "user", "parts": [{"text": "three?"}]}]}),
                )
            }
        };
        if self == Chat && stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        for (name, value) in extra.as_object().expect("extra") {
            body[name] = value.clone();
        }
        let request = self.auth(client().post(url), key);
        let request = request.header("content-type", "application/json");
        request
            .body(body.to_string())
            .send()
            .await
            .expect("response")
    }

    async fn stream(self, sim: &Simulator, model: &str) -> Response {
        self.ask(sim, &self.key("good"), model, true, json!({}))
            .await
    }

    /// The text of the deltas of a stream.
    fn text(self, events: &[Event]) -> String {
        let text = |event: &Event| {
            let data = &event.data;
            let found = match self {
                Chat => data["choices"][0]["delta"]["content"].as_str(),
                Responses if event.name == "response.output_text.delta" => data["delta"].as_str(),
                Anthropic if event.name == "content_block_delta" => data["delta"]["text"].as_str(),
                Gemini => data["candidates"][0]["content"]["parts"][0]
                    .as_object()
                    .filter(|part| !part.contains_key("thought"))
                    .and_then(|part| part.get("text")?.as_str()),
                _ => None,
            };
            found.unwrap_or_default().to_owned()
        };
        events.iter().map(text).collect()
    }

    /// The text of an answer in one piece.
    fn whole(self, body: &Value) -> String {
        let text = match self {
            Chat => &body["choices"][0]["message"]["content"],
            Responses => &body["output"][0]["content"][0]["text"],
            Anthropic => &body["content"][0]["text"],
            Gemini => &body["candidates"][0]["content"]["parts"][0]["text"],
        };
        text.as_str().expect("text").to_owned()
    }

    /// Whether the stream ended as it should.
    fn finished(self, events: &[Event]) -> bool {
        let last = events.last().expect("an event");
        match self {
            Chat => last.data == "[DONE]",
            Responses => last.name == "response.completed",
            Anthropic => last.name == "message_stop",
            Gemini => last.data["candidates"][0]["finishReason"] == "STOP",
        }
    }
}

#[derive(Debug)]
struct Event {
    name: String,
    data: Value,
}

/// The plainest reader of server-sent events that is right; data that is not JSON becomes a string.
fn events(body: &str) -> Vec<Event> {
    let body = body.replace("\r\n", "\n");
    let frames = body.split("\n\n").filter(|frame| frame.contains("data:"));
    frames
        .map(|frame| {
            let field = |name: &str| {
                let lines = frame.lines().filter_map(|line| line.strip_prefix(name));
                lines
                    .map(|line| line.trim_start_matches(' '))
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            let data = field("data:");
            Event {
                name: field("event:"),
                data: serde_json::from_str(&data).unwrap_or(Value::String(data)),
            }
        })
        .collect()
}

async fn json_of(response: Response) -> Value {
    serde_json::from_str(&response.text().await.expect("body")).expect("JSON")
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("in time")
}

#[tokio::test]
async fn every_dialect_streams_what_it_was_sent() {
    let sim = simulator().await;
    for dialect in ALL {
        let response = dialect.stream(&sim, "sim-echo").await;
        assert_eq!(response.status(), 200, "{dialect:?}");
        let mime = response.headers()["content-type"]
            .to_str()
            .expect("mime")
            .to_owned();
        assert!(mime.starts_with("text/event-stream"), "{dialect:?}: {mime}");
        let events = events(&response.text().await.expect("body"));
        let text = dialect.text(&events);
        let (question, seen) = text.split_once("\n\n").expect("two parts");
        assert_eq!(question, "three?", "{dialect:?}");
        let seen: Value = serde_json::from_str(seen).expect("what it saw");
        assert_eq!(seen["system"], "Be brief.", "{dialect:?}");
        let roles = match dialect {
            Chat => json!(["system", "user", "assistant", "user"]),
            Gemini => json!(["user", "model", "user"]),
            _ => json!(["user", "assistant", "user"]),
        };
        assert_eq!(seen["roles"], roles, "{dialect:?}");
        assert!(dialect.finished(&events), "{dialect:?}");
    }
    assert_eq!(sim.count_chat(), 4);
}

#[tokio::test]
async fn an_answer_in_one_piece_equals_the_stream() {
    let sim = simulator().await;
    for (dialect, model) in ALL.into_iter().zip([
        "gpt-6-luna",
        "gpt-6-luna",
        "claude-haiku-5-5",
        "gemini-3.8-flash",
    ]) {
        let whole = dialect
            .ask(&sim, &dialect.key("good"), model, false, json!({}))
            .await;
        let whole = json_of(whole).await;
        let events = events(
            &dialect
                .stream(&sim, model)
                .await
                .text()
                .await
                .expect("body"),
        );
        let text = dialect.whole(&whole);
        assert!(
            text.starts_with("You asked: “three?”"),
            "{dialect:?}: {text}"
        );
        assert!((2000..4000).contains(&text.len()), "{}", text.len());
        assert_eq!(dialect.text(&events), text, "{dialect:?}");
        assert!(dialect.finished(&events), "{dialect:?}");
    }
}

#[tokio::test]
async fn usage_is_told_where_each_api_tells_it() {
    let sim = simulator().await;
    let events = async |dialect: Dialect| {
        events(
            &dialect
                .stream(&sim, "sim-think")
                .await
                .text()
                .await
                .expect("body"),
        )
    };

    let chat = events(Chat).await;
    let usage = &chat[chat.len() - 2].data;
    assert_eq!(usage["choices"], json!([]));
    let reasoning = usage["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64();
    let output = usage["usage"]["completion_tokens"].as_u64();
    assert!(reasoning > Some(10) && output > reasoning, "{usage}");
    assert_eq!(chat[0].data["usage"], Value::Null);
    assert!(chat[1].data["choices"][0]["delta"]["reasoning_content"].is_string());

    let responses = events(Responses).await;
    let response = &responses.last().expect("last").data["response"];
    assert_eq!(
        response["usage"]["output_tokens_details"]["reasoning_tokens"].as_u64(),
        reasoning
    );
    assert_eq!(response["output"][0]["type"], "reasoning");
    assert_eq!(
        response["output"][1]["content"][0]["text"],
        Responses.text(&responses)
    );
    let numbers: Vec<u64> = responses
        .iter()
        .filter_map(|e| e.data["sequence_number"].as_u64())
        .collect();
    assert_eq!(numbers, (0..responses.len() as u64).collect::<Vec<_>>());

    let anthropic = events(Anthropic).await;
    assert_eq!(anthropic[0].data["message"]["usage"]["output_tokens"], 1);
    let delta = &anthropic[anthropic.len() - 2];
    assert_eq!(delta.name, "message_delta");
    assert_eq!(delta.data["usage"]["output_tokens"].as_u64(), output);
    assert_eq!(
        delta.data["usage"]["output_tokens_details"]["thinking_tokens"].as_u64(),
        reasoning
    );
    assert!(
        anthropic
            .iter()
            .any(|e| e.data["delta"]["type"] == "signature_delta")
    );

    let gemini = events(Gemini).await;
    let counts: Vec<u64> = gemini
        .iter()
        .filter_map(|e| e.data["usageMetadata"]["totalTokenCount"].as_u64())
        .collect();
    assert_eq!(counts.len(), gemini.len());
    assert!(counts.is_sorted());
    let last = &gemini.last().expect("last").data["usageMetadata"];
    assert_eq!(last["thoughtsTokenCount"].as_u64(), reasoning);
}

#[tokio::test]
async fn usage_stays_away_when_it_was_not_asked_for() {
    let sim = simulator().await;
    let extra = json!({"stream_options": null});
    let response = Chat
        .ask(&sim, &Chat.key("good"), "sim-short", true, extra)
        .await;
    let body = response.text().await.expect("body");
    assert!(
        !body.contains("usage") && body.ends_with("data: [DONE]\n\n"),
        "{body}"
    );
    for dialect in ALL {
        let body = dialect
            .stream(&sim, "sim-nousage")
            .await
            .text()
            .await
            .expect("body");
        let counts = ["prompt_tokens", "input_tokens", "TokenCount"];
        assert!(
            counts.iter().all(|count| !body.contains(count)),
            "{dialect:?}: {body}"
        );
    }
}

#[rstest]
#[case(Chat, "nonsense", 401, "/error/code", "invalid_api_key")]
#[case(Chat, "unscoped", 403, "/error/type", "invalid_request_error")]
#[case(Chat, "broke", 429, "/error/code", "insufficient_quota")]
#[case(Chat, "limited", 429, "/error/code", "rate_limit_exceeded")]
#[case(Chat, "down", 503, "/error/type", "server_error")]
#[case(Anthropic, "nonsense", 401, "/error/type", "authentication_error")]
#[case(Anthropic, "unscoped", 403, "/error/type", "permission_error")]
#[case(Anthropic, "broke", 400, "/error/type", "invalid_request_error")]
#[case(Anthropic, "limited", 429, "/error/type", "rate_limit_error")]
#[case(Anthropic, "down", 529, "/error/type", "overloaded_error")]
#[case(Gemini, "nonsense", 400, "/error/details/0/reason", "API_KEY_INVALID")]
#[case(Gemini, "unscoped", 403, "/error/status", "PERMISSION_DENIED")]
#[case(Gemini, "broke", 429, "/error/status", "RESOURCE_EXHAUSTED")]
#[case(Gemini, "limited", 429, "/error/details/1/retryDelay", "23s")]
#[case(Gemini, "down", 503, "/error/status", "UNAVAILABLE")]
#[tokio::test]
async fn a_key_fails_as_its_name_says(
    #[case] dialect: Dialect,
    #[case] kind: &str,
    #[case] status: u16,
    #[case] at: &str,
    #[case] value: &str,
) {
    let sim = simulator().await;
    let key = dialect.key(kind);
    let response = dialect.ask(&sim, &key, "sim-short", true, json!({})).await;
    assert_eq!(response.status(), status);
    if kind == "limited" && dialect != Gemini {
        assert_eq!(response.headers()["retry-after"], "23");
    }
    let body = response.text().await.expect("body");
    assert!(!body.contains("Canary0123456789"), "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body.pointer(at), Some(&json!(value)), "{body}");
    let listed = dialect.list(&sim, &key).await.status();
    assert_eq!(listed, if kind == "broke" { 200 } else { status });
}

#[tokio::test]
async fn a_key_without_the_list_scope_still_chats() {
    let sim = simulator().await;
    let response = Chat.list(&sim, "sk-sim-nolist-1").await;
    assert_eq!(response.status(), 403);
    assert!(
        response
            .text()
            .await
            .expect("body")
            .contains("Missing scopes: api.model.read")
    );
    let response = Chat
        .ask(&sim, "sk-sim-nolist-1", "sim-short", true, json!({}))
        .await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn an_echoing_key_is_repeated_in_full() {
    let sim = simulator().await;
    for dialect in ALL {
        let response = dialect.list(&sim, &dialect.key("echo")).await;
        assert_eq!(response.status(), 401);
        assert!(
            response
                .text()
                .await
                .expect("body")
                .contains(&dialect.key("echo"))
        );
    }
}

#[tokio::test]
async fn a_redirect_leads_to_the_trap() {
    let sim = simulator().await;
    for dialect in ALL {
        let response = dialect.list(&sim, &dialect.key("redirect")).await;
        assert_eq!(response.status(), 307);
        assert_eq!(
            response.headers()["location"],
            format!("http://{}/__trap", sim.addr()).as_str()
        );
    }
    sim.set_redirect("http://127.0.0.1:9/stolen".into());
    let response = Anthropic.stream(&sim, "sim-redirect").await;
    assert_eq!(response.headers()["location"], "http://127.0.0.1:9/stolen");
}

#[tokio::test]
async fn a_web_page_comes_with_status_200() {
    let sim = simulator().await;
    for dialect in ALL {
        for response in [
            dialect.list(&sim, &dialect.key("html")).await,
            dialect.stream(&sim, "sim-html").await,
        ] {
            assert_eq!(response.status(), 200);
            assert!(
                response.headers()["content-type"]
                    .to_str()
                    .expect("mime")
                    .starts_with("text/html")
            );
        }
    }
}

#[tokio::test]
async fn the_lists_hold_chat_models_noise_and_faults() {
    let sim = simulator().await;
    let openai = json_of(Chat.list(&sim, &Chat.key("good")).await).await;
    let ids: Vec<&str> = openai["data"]
        .as_array()
        .expect("data")
        .iter()
        .filter_map(|m| m["id"].as_str())
        .collect();
    for id in [
        "gpt-6-sol",
        "gpt-5-pro",
        "whisper-1",
        "text-embedding-3-small",
        "sim-echo",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    assert!(ids.iter().any(|id| id.starts_with("ft:")));

    let gemini = json_of(Gemini.list(&sim, &Gemini.key("good")).await).await;
    let models = gemini["models"].as_array().expect("models");
    let embedding = models
        .iter()
        .find(|m| m["name"] == "models/gemini-embedding-001")
        .expect("noise");
    assert_eq!(
        embedding["supportedGenerationMethods"],
        json!(["embedContent"])
    );
}

#[tokio::test]
async fn the_pages_of_a_list_add_up() {
    let sim = simulator().await;
    let full = json_of(Anthropic.list(&sim, &Anthropic.key("good")).await).await;
    let full: Vec<Value> = full["data"].as_array().expect("data").clone();
    assert!(full[0]["capabilities"]["effort"]["max"]["supported"].is_boolean());
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let url = format!("{}/v1/models?limit=7{after}", sim.url("ANTHROPIC_BASE_URL"));
        let page = Anthropic
            .auth(client().get(url), &Anthropic.key("good"))
            .send()
            .await
            .expect("page");
        let page = json_of(page).await;
        seen.extend(page["data"].as_array().expect("data").iter().cloned());
        if page["has_more"] == false {
            break;
        }
        after = format!("&after_id={}", page["last_id"].as_str().expect("last_id"));
    }
    assert_eq!(seen, full);

    let mut count = 0;
    let mut token = String::new();
    loop {
        let url = format!("{}/v1/models?pageSize=9{token}", sim.url("GEMINI_BASE_URL"));
        let page = Gemini
            .auth(client().get(url), &Gemini.key("good"))
            .send()
            .await
            .expect("page");
        let page = json_of(page).await;
        count += page["models"].as_array().expect("models").len();
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    let full = json_of(Gemini.list(&sim, &Gemini.key("good")).await).await;
    assert_eq!(count, full["models"].as_array().expect("models").len());
}

#[rstest]
#[case(Chat, "gpt-99", json!({}), 404, "does not exist")]
#[case(Chat, "gpt-5-pro", json!({}), 404, "only supported in v1/responses")]
#[case(Chat, "whisper-1", json!({}), 404, "not a chat model")]
#[case(Chat, "gpt-6-sol", json!({"max_tokens": 9}), 400, "Use 'max_completion_tokens' instead")]
#[case(Chat, "gpt-6-sol", json!({"temperature": 0.5}), 400, "Unsupported parameter: 'temperature'")]
#[case(Chat, "gpt-6-sol", json!({"api_base": "http://x"}), 400, "Unrecognized request argument supplied: api_base")]
#[case(Chat, "gpt-6-sol", json!({"messages": []}), 400, "empty array")]
#[case(Chat, "gpt-6-sol", json!({"messages": [{"role": "model", "content": "x"}]}), 400, "Invalid value: 'model'")]
#[case(Chat, "gpt-6-astra", json!({"reasoning_effort": "none"}), 400, "Unsupported value: 'none'")]
#[case(Responses, "gpt-6-sol", json!({"max_tokens": 9}), 400, "Unknown parameter: 'max_tokens'")]
#[case(Responses, "gpt-6-sol", json!({"max_output_tokens": 9}), 400, ">= 16")]
#[case(Responses, "gpt-6-sol", json!({"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]}), 400, "'output_text'")]
#[case(Anthropic, "claude-1", json!({}), 404, "model: claude-1")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"temperature": 0.5}), 400, "temperature")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"max_tokens": null}), 400, "max_tokens")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"max_tokens": 128_001}), 400, "128001 > 128000")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"messages": [{"role": "assistant", "content": "x"}]}), 400, "first message must use")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"messages": [{"role": "user", "content": ""}]}), 400, "non-empty content")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"thinking": {"type": "disabled"}}), 400, "disabled")]
#[case(Anthropic, "claude-sonnet-5-5", json!({"seed": 1}), 400, "seed: Extra inputs")]
#[case(Gemini, "gemini-1", json!({}), 404, "models/gemini-1 is not found")]
#[case(Gemini, "gemini-embedding-001", json!({}), 404, "not supported for generateContent")]
#[case(Gemini, "gemini-3.8-flash", json!({"max_tokens": 1}), 400, "Unknown name \\\"max_tokens\\\"")]
#[case(Gemini, "gemini-3.8-flash", json!({"contents": []}), 400, "contents is not specified")]
#[case(Gemini, "gemini-3.8-flash", json!({"generationConfig": {"temperature": 3}}), 400, "[0.0, 2.0]")]
#[case(Chat, "sim-strict", json!({"top_p": 0.5}), 400, "'top_p'")]
#[case(Gemini, "sim-strict", json!({"generationConfig": {"topP": 0.5}}), 400, "'topP'")]
#[tokio::test]
async fn a_request_that_the_real_one_refuses_is_refused(
    #[case] dialect: Dialect,
    #[case] model: &str,
    #[case] extra: Value,
    #[case] status: u16,
    #[case] part: &str,
) {
    let sim = simulator().await;
    let response = dialect
        .ask(&sim, &dialect.key("good"), model, true, extra)
        .await;
    assert_eq!(response.status(), status);
    let body = response.text().await.expect("body");
    assert!(body.contains(part), "{body}");
}

#[tokio::test]
async fn responses_only_models_answer_there() {
    let sim = simulator().await;
    let events = events(
        &Responses
            .stream(&sim, "gpt-5-pro")
            .await
            .text()
            .await
            .expect("body"),
    );
    assert!(Responses.finished(&events));
}

#[tokio::test]
async fn credentials_are_taken_as_each_provider_takes_them() {
    let sim = simulator().await;
    let status =
        async |request: RequestBuilder| request.send().await.expect("response").status().as_u16();
    let anthropic = format!("{}/v1/models", sim.url("ANTHROPIC_BASE_URL"));
    let request = client()
        .get(&anthropic)
        .header("x-api-key", "sk-ant-sim-good");
    assert_eq!(status(request).await, 400);
    let request = client()
        .get(&anthropic)
        .header("anthropic-version", "2023-06-01");
    assert_eq!(status(request).await, 401);
    let version = |request: RequestBuilder| request.header("anthropic-version", "2026-10-21");
    let request = version(client().get(&anthropic)).bearer_auth("sk-ant-sim-good");
    assert_eq!(status(request.try_clone().expect("a copy")).await, 200);
    assert_eq!(
        status(request.header("x-api-key", "sk-ant-sim-good")).await,
        400
    );
    let gemini = format!("{}/v1/models?key=AIza-sim-good", sim.url("GEMINI_BASE_URL"));
    assert_eq!(status(client().get(&gemini)).await, 200);
    assert_eq!(
        status(
            client()
                .get(&gemini)
                .header("x-goog-api-key", "AQ.sim-good")
        )
        .await,
        400
    );
    assert_eq!(
        status(client().get(format!("{}/v1beta/models", sim.url("GEMINI_BASE_URL")))).await,
        403
    );
    assert_eq!(
        status(client().get(format!("{}/models", sim.url("OPENAI_BASE_URL")))).await,
        401
    );
    let root = format!("http://{}/v1/models", sim.addr());
    assert_eq!(
        status(client().get(root).bearer_auth("sk-sim-good")).await,
        200
    );
}

#[tokio::test]
async fn wires_that_cut_or_reframe_carry_the_same_text() {
    let sim = simulator().await;
    for dialect in ALL {
        let mut texts = Vec::new();
        for model in ["sim-wide", "sim-crlf", "sim-split"] {
            let response = within(dialect.stream(&sim, model)).await;
            let body = within(response.text()).await.expect("body");
            assert_eq!(
                body.contains("\r\n"),
                model == "sim-crlf" || dialect == Gemini
            );
            let events = events(&body);
            assert!(dialect.finished(&events));
            texts.push(dialect.text(&events));
        }
        assert!(texts[0].ends_with("The end.") && texts[0].contains("👩‍👩‍👧‍👦"));
        assert!(texts.iter().all(|text| *text == texts[0]), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_split_wire_cuts_inside_characters() {
    let sim = simulator().await;
    let response = Chat.stream(&sim, "sim-split").await;
    let chunks: Vec<_> = response
        .bytes_stream()
        .map(|chunk| chunk.expect("chunk"))
        .collect()
        .await;
    assert!(
        chunks
            .iter()
            .any(|chunk| std::str::from_utf8(chunk).is_err())
    );
}

#[tokio::test]
async fn broken_streams_never_look_finished() {
    let sim = simulator().await;
    for dialect in ALL {
        for model in ["sim-half", "sim-noend", "sim-reset"] {
            let mut response = dialect.stream(&sim, model).await;
            let mut bytes = Vec::new();
            let error = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            assert_eq!(error.is_some(), model == "sim-reset", "{dialect:?} {model}");
            let body = String::from_utf8(bytes).expect("UTF-8");
            let events = events(&body);
            assert!(!dialect.finished(&events), "{dialect:?} {model}");
            let said = dialect.text(&events);
            assert!(
                said.starts_with("This is the first") || said == "Hello from the simulator.",
                "{said}"
            );
            assert_eq!(
                model == "sim-half",
                !body.replace('\r', "").ends_with("\n\n"),
                "{dialect:?} {model}"
            );
        }
    }
}

#[tokio::test]
async fn noise_leaves_the_text_alone() {
    let sim = simulator().await;
    for dialect in ALL {
        let body = dialect
            .stream(&sim, "sim-unknown")
            .await
            .text()
            .await
            .expect("body");
        let events: Vec<Event> = events(&body)
            .into_iter()
            .filter(|e| !e.data["dream"].is_object())
            .collect();
        assert_eq!(
            dialect.text(&events),
            "Hello from the simulator.",
            "{dialect:?}"
        );
        assert!(body.contains("execute"), "{dialect:?}");
    }
}

#[tokio::test]
async fn one_frame_has_invalid_bytes_and_the_next_ones_are_good() {
    let sim = simulator().await;
    for dialect in ALL {
        let body = dialect
            .stream(&sim, "sim-badutf")
            .await
            .bytes()
            .await
            .expect("body");
        assert!(std::str::from_utf8(&body).is_err());
        let events = events(&String::from_utf8_lossy(&body));
        let text = dialect.text(&events);
        assert!(
            text.contains("Before the bad byte.") && text.ends_with("After the bad byte."),
            "{text}"
        );
        assert!(dialect.finished(&events));
    }
}

#[rstest]
#[case("sim-filter-mid", ["content_filter", "\"content_filter\"", "\"refusal\"", "\"SAFETY\""])]
#[case("sim-refusal", ["\"refusal\":\"I'm sorry", "response.refusal.done", "\"refusal\"", "\"PROHIBITED_CONTENT\""])]
#[case("sim-length", ["\"length\"", "response.incomplete", "\"max_tokens\"", "\"MAX_TOKENS\""])]
#[case("sim-error-mid", ["server_overloaded", "response.failed", "overloaded_error", "UNAVAILABLE"])]
#[case("sim-quota-mid", ["insufficient_quota", "response.failed", "credit balance is too low", "RESOURCE_EXHAUSTED"])]
#[tokio::test]
async fn an_ending_is_spelled_by_each_dialect(#[case] model: &str, #[case] parts: [&str; 4]) {
    let sim = simulator().await;
    for (dialect, part) in ALL.into_iter().zip(parts) {
        let response = dialect.stream(&sim, model).await;
        assert_eq!(response.status(), 200);
        let body = response.text().await.expect("body");
        assert!(body.contains(part), "{dialect:?}: {body}");
    }
}

#[tokio::test]
async fn a_cap_on_the_output_is_obeyed() {
    let sim = simulator().await;
    let caps = [
        json!({"max_completion_tokens": 16}),
        json!({"max_output_tokens": 16}),
        json!({"max_tokens": 16}),
        json!({"generationConfig": {"maxOutputTokens": 16}}),
    ];
    let models = [
        "gpt-6-sol",
        "gpt-6-sol",
        "claude-opus-5-5",
        "gemini-2.5-pro",
    ];
    for ((dialect, extra), model) in ALL.into_iter().zip(caps).zip(models) {
        let response = dialect
            .ask(&sim, &dialect.key("good"), model, true, extra)
            .await;
        let events = events(&response.text().await.expect("body"));
        assert_eq!(dialect.text(&events).chars().count(), 64, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_silent_stream_sends_its_headers_first() {
    let sim = simulator().await;
    for dialect in ALL {
        let mut response = within(dialect.stream(&sim, "sim-nofirst")).await;
        assert_eq!(response.status(), 200);
        let silence = tokio::time::timeout(Duration::from_millis(50), response.chunk()).await;
        assert!(silence.is_err(), "{dialect:?}");
    }
}

#[tokio::test]
async fn the_bomb_says_that_it_is_compressed() {
    let sim = simulator().await;
    let response = Chat.stream(&sim, "sim-bomb").await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body = response.bytes().await.expect("body");
    assert!(body.starts_with(&[0x1f, 0x8b, 8]) && body.len() == 512 * 1051);
}

#[tokio::test]
async fn requests_are_recorded_with_headers_and_body() {
    let sim = simulator().await;
    let response = Gemini.stream(&sim, "sim-short").await;
    response.text().await.expect("body");
    let list = sim.recorded();
    let [one] = list.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(one.method, "POST");
    assert_eq!(
        one.path,
        "/gemini/v1beta/models/sim-short:streamGenerateContent"
    );
    assert_eq!(one.query, "alt=sse");
    assert_eq!(
        one.header("x-goog-api-key"),
        Some("AQ.sim-good-Canary0123456789")
    );
    assert!(one.body.contains("Be brief.") && one.is_generation() && !one.aborted);

    let url = format!("http://{}/__recorded", sim.addr());
    let shown = json_of(client().get(&url).send().await.expect("recorded")).await;
    assert_eq!(shown[0]["query"], "alt=sse");
    client().delete(&url).send().await.expect("forgotten");
    assert!(sim.recorded().is_empty() && sim.count_chat() == 0);
}

#[tokio::test]
async fn a_client_that_leaves_is_recorded_as_aborted() {
    let sim = simulator().await;
    for dialect in ALL {
        sim.clear();
        let mut response = dialect.stream(&sim, "sim-endless").await;
        response.chunk().await.expect("alive").expect("a chunk");
        assert!(!sim.recorded()[0].aborted, "{dialect:?}");
        drop(response);
        within(async {
            while !sim.recorded()[0].aborted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_that_gives_up_before_the_headers_is_recorded_as_aborted() {
    let sim = simulator().await;
    {
        let mut call = pin!(Chat.list(&sim, "sk-sim-slow"));
        within(async {
            while sim.recorded().is_empty() {
                let waited = tokio::time::timeout(Duration::from_millis(5), &mut call).await;
                assert!(waited.is_err(), "an answer");
            }
        })
        .await;
    }
    within(async {
        while !sim.recorded()[0].aborted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_dropped_simulator_cuts_its_streams() {
    let sim = simulator().await;
    let mut response = Chat.stream(&sim, "sim-endless").await;
    response.chunk().await.expect("alive").expect("a chunk");
    let addr = sim.addr();
    drop(sim);
    let end = within(async {
        loop {
            match response.chunk().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        }
    })
    .await;
    assert!(end.is_err());
    within(async { while tokio::net::TcpStream::connect(addr).await.is_ok() {} }).await;
}

#[test]
fn the_documentation_names_every_fault() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulator.md"))
        .expect("docs");
    for (id, _) in keylm::server::simulate::MENU {
        assert!(docs.contains(&format!("`{id}`")), "{id}");
    }
}
