//! Answers as events: what a reader may rely on, and what a provider is asked.

use crate::support::Engine;
use crate::support::app::{
    ANTHROPIC_KEY, Client, GEMINI_KEY, OPENAI_KEY, SseEvent, TestApp, parts, read_events, text_of,
};
use crate::support::probe::{Moody, Tail, has_exactly, refusal, refused, soon, wrong_fields};
use keylm::server::providers::TokenUsage;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

async fn stored(client: &Client, thread: &str) -> Vec<Value> {
    let (status, body) = parts(client.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(status, 200, "{body}");
    body["messages"].as_array().unwrap().clone()
}

async fn thread_with(client: &Client, body: &Value) -> String {
    let (status, body) = parts(client.post("/api/threads", body).await).await;
    assert_eq!(status, 201, "{body}");
    body["thread"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_the_headers_that_keep_proxies_from_holding_it_back() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let sent = ada.ask(&thread, "r1", "Hello?").await;
    let headers = sent.headers().clone();
    let events = read_events(sent).await;
    let id = events[0].data["message"]["id"].as_str().unwrap();
    let path = format!("/api/threads/{thread}/messages/{id}/stream");
    let resumed = ada.get(&path).await;
    let viewed = ada.get(&format!("{path}?view=html")).await;
    for headers in [&headers, resumed.headers(), viewed.headers()] {
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(headers[name], value);
        }
        assert!(headers.get("content-encoding").is_none());
        assert!(headers.contains_key("x-request-id"));
    }
    has_exactly(&events[0].data, &["threadId", "userMessage", "message"]);
    assert_eq!(events[0].data["message"]["status"], "pending");
    for event in &events {
        match event.name.as_str() {
            "delta" => has_exactly(&event.data, &["text"]),
            "done" => has_exactly(&event.data, &["message"]),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_wins_over_the_query() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let id = events[0].data["message"]["id"].as_str().unwrap();
    let path = format!("/api/threads/{thread}/messages/{id}/stream");
    let read = async |after: &str, header: Option<&str>| {
        let mut request = ada.request(Method::GET, &format!("{path}{after}"));
        if let Some(header) = header {
            request = request.header("last-event-id", header);
        }
        read_events(request.send().await.unwrap()).await
    };
    assert_eq!(read("?after=1", Some("3")).await, events[3..]);
    assert_eq!(read("?after=3", Some("0")).await, events);
    assert_eq!(read("?after=2", None).await, events[2..]);
    assert_eq!(read("", Some(" 2 ")).await, events[2..]);
    for odd in ["x", "-1", "1e3", "18446744073709551616", "", "999"] {
        assert_eq!(read(&format!("?after={odd}"), None).await, events, "{odd}");
    }
    let last = events.len().to_string();
    assert_eq!(read("", Some(&last)).await, [], "nothing is missing");
    let asked = events[0].data["userMessage"]["id"].as_str().unwrap();
    let own = ada.get(&path.replace(id, asked)).await;
    assert_eq!(
        refused(own).await,
        (404, "not_found".to_owned()),
        "what a person wrote is no stream"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_come_and_go_while_it_runs_see_the_same_answer() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let mut first = Tail::new(ada.ask(&thread, "r1", "Tell me").await);
    let id = first.answer().await;
    let path = format!("/api/threads/{thread}/messages/{id}/stream");
    let (mut seen, mut turns) = (Vec::<SseEvent>::new(), 0);
    while seen.last().is_none_or(|event| event.name != "done") {
        let request = ada
            .request(Method::GET, &path)
            .header("last-event-id", seen.len().to_string());
        let mut tail = Tail::new(request.send().await.unwrap());
        seen.extend(tail.until(1).await);
        turns += 1;
    }
    let whole = first.rest().await;
    assert_eq!(seen, whole, "after {turns} connections");
    assert!(turns > 2, "{turns}");
    assert_eq!(stored(&ada, &thread).await[1]["content"], text_of(&whole));
}

/// What a page shows that applies the events of `?view=html`: the blocks, the thoughts and what their fold is called, the
/// end, and of how many patches.
fn applied(text: &str) -> (Vec<String>, String, Option<Value>, Option<Value>, usize) {
    let (mut blocks, mut thoughts, mut patches) = (Vec::<String>::new(), String::new(), 0);
    let (mut fold, mut end) = (None, None);
    let events = text
        .split("\n\n")
        .filter(|event| !event.is_empty() && !event.starts_with(':'));
    for (at, event) in events.enumerate() {
        let (name, data) = event.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!((name == "reset", end.is_none()), (at == 0, true), "{event}");
        assert_eq!(data["type"], name);
        match name {
            "reset" => {}
            "patch" => {
                let block = usize::try_from(data["b"].as_u64().unwrap()).unwrap();
                let keep = usize::try_from(data["at"].as_u64().unwrap()).unwrap();
                assert!(block <= blocks.len(), "no block is skipped");
                blocks.truncate(block + 1);
                blocks.resize(block + 1, String::new());
                assert!(blocks[block].is_char_boundary(keep));
                blocks[block].truncate(keep);
                blocks[block].push_str(data["h"].as_str().unwrap());
                patches += 1;
            }
            "think" => thoughts.push_str(data["t"].as_str().unwrap()),
            "thought" => fold = Some(data["t"].clone()),
            "end" => end = Some(data["m"].clone()),
            other => panic!("{other}"),
        }
    }
    (blocks, thoughts, fold, end, patches)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_stream_draws_exactly_what_is_stored() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for (provider, model) in [
        ("openai", "gpt-5.4"),
        ("anthropic", "sim-think"),
        ("openai", "sim-wide"),
        ("openai", "sim-xss"),
        ("openai", "sim-half"),
        ("openai", "sim-empty"),
        ("openai", "sim-401"),
    ] {
        let thread = ada.thread(provider, model).await;
        let mut sent = Tail::new(ada.ask(&thread, &format!("r-{model}"), "Tell me").await);
        let id = sent.answer().await;
        let path = format!("/api/threads/{thread}/messages/{id}/stream?view=html");
        let live = ada.get(&path).await.text().await.unwrap();
        let events = sent.rest().await;
        let last = &events.last().unwrap().data["message"];
        for text in [live, ada.get(&path).await.text().await.unwrap()] {
            let (blocks, thoughts, fold, end, patches) = applied(&text);
            let end = end.expect("an end");
            assert_eq!(json!(blocks), end["blocks"], "{model}");
            assert_eq!(
                thoughts,
                last["reasoning"].as_str().unwrap_or_default(),
                "{model}"
            );
            let thinks = model == "sim-think";
            assert_eq!(fold, thinks.then(|| end["thought"].clone()), "{model}");
            assert_eq!(
                fold.is_some(),
                end["thought"].as_str().unwrap().starts_with("Thought for"),
                "{model}"
            );
            assert_eq!((&end["id"], &end["status"]), (&json!(id), &last["status"]));
            let foot = end["foot"].as_str().unwrap();
            match last["error"]["message"].as_str() {
                Some(error) => assert!(foot.contains(error), "{model}: {foot}"),
                None => assert!(foot.contains("Answer again"), "{model}: {foot}"),
            }
            assert!(patches > 0 || last["content"] == "", "{model}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_is_checked_before_anything_is_stored_or_asked() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let path = format!("/api/threads/{thread}/messages");
    let with = |field: &str, value: Value| {
        let mut body = json!({ "content": "Hi", "clientRequestId": "r1" });
        body[field] = value;
        body
    };
    let (lists, before) = (app.sim.recorded().len(), app.dump().await);
    for (body, field) in [
        (json!({}), "content"),
        (json!({ "content": "Hi" }), "clientRequestId"),
        (with("content", json!("")), "content"),
        (with("content", json!(" \n\t ")), "content"),
        (with("content", json!(["Hi"])), "body"),
        (with("content", json!("x".repeat(200_001))), "content"),
        (with("clientRequestId", json!("")), "body"),
        (with("clientRequestId", json!("a b")), "body"),
        (with("clientRequestId", json!("é")), "body"),
        (with("clientRequestId", json!("x".repeat(129))), "body"),
        (with("clientRequestId", json!(7)), "body"),
        (with("parentId", json!("a b")), "body"),
        (with("stream", json!("no")), "body"),
    ] {
        assert_eq!(
            wrong_fields(ada.post(&path, &body).await).await,
            [field],
            "{body}"
        );
    }
    for body in [
        with("provider", json!("gemini")),
        with("model", json!("sim-echo")),
    ] {
        assert_eq!(
            refused(ada.post(&path, &body).await).await,
            (409, "thread_provider_mismatch".to_owned())
        );
    }
    let unknown = with("parentId", json!("01900000-0000-7000-8000-000000000000"));
    assert_eq!(
        refused(ada.post(&path, &unknown).await).await,
        (404, "not_found".to_owned())
    );
    assert_eq!(app.dump().await, before);
    assert_eq!(app.sim.recorded().len(), lists);

    let mut same = with("provider", json!("openai"));
    same["model"] = json!("sim-short");
    assert_eq!(
        read_events(ada.post(&path, &same).await)
            .await
            .last()
            .unwrap()
            .name,
        "done"
    );
    let messages = stored(&ada, &thread).await;
    let mut behind = with("parentId", messages[1]["id"].clone());
    behind["clientRequestId"] = json!("r2");
    assert_eq!(
        read_events(ada.post(&path, &behind).await)
            .await
            .last()
            .unwrap()
            .name,
        "done"
    );
    let mut wrong = with("parentId", messages[0]["id"].clone());
    wrong["clientRequestId"] = json!("r3");
    assert_eq!(
        wrong_fields(ada.post(&path, &wrong).await).await,
        ["parentId"]
    );
    let longest = json!({ "content": "é".repeat(200_000), "clientRequestId": "r4" });
    assert_eq!(
        ada.post(&path, &longest).await.status(),
        200,
        "characters count, not bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_means_one_request_whatever_it_was() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let (one, two) = (
        ada.thread("openai", "sim-short").await,
        ada.thread("openai", "sim-short").await,
    );
    let first = ada.say(&one, "r1", "Hello?").await;
    let answer = first[0].data["message"]["id"].as_str().unwrap().to_owned();
    let asked = first[0].data["userMessage"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let base = format!("/api/threads/{one}/messages");
    let mismatch = (409, "idempotency_mismatch".to_owned());
    for response in [
        ada.ask(&two, "r1", "Hello?").await,
        ada.ask(&one, "r1", "Hello!").await,
        ada.post(
            &base,
            &json!({ "content": "Hello?", "clientRequestId": "r1", "parentId": answer }),
        )
        .await,
        ada.post(
            &format!("{base}/{answer}/retry"),
            &json!({ "clientRequestId": "r1" }),
        )
        .await,
        ada.patch(
            &format!("{base}/{asked}"),
            &json!({ "content": "Hello?", "clientRequestId": "r1" }),
        )
        .await,
    ] {
        assert_eq!(refused(response).await, mismatch);
    }
    let retry = async || {
        let body = json!({ "clientRequestId": "r2" });
        read_events(ada.post(&format!("{base}/{answer}/retry"), &body).await).await
    };
    let again = retry().await;
    assert_eq!(retry().await, again);
    let edit = async || {
        let body = json!({ "content": "Other", "clientRequestId": "r3" });
        read_events(ada.patch(&format!("{base}/{asked}"), &body).await).await
    };
    let edited = edit().await;
    assert_eq!(edit().await, edited);
    assert_eq!(app.sim.count_chat(), 3);
    let bob = app.user_with_keys().await;
    let his = bob.thread("openai", "sim-short").await;
    assert_eq!(
        bob.say(&his, "r1", "Hello?").await.last().unwrap().name,
        "done",
        "ids are a person's own"
    );
    // A failed answer is told again, not tried again.
    let broken = ada.thread("openai", "sim-503").await;
    let failed = ada.say(&broken, "r4", "Hello?").await;
    assert_eq!(failed.last().unwrap().name, "error");
    let calls = app.sim.count_chat();
    assert_eq!(ada.say(&broken, "r4", "Hello?").await, failed);
    assert_eq!(app.sim.count_chat(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tabs_one_is_answered_and_the_other_is_told_where() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-long").await;
    let (a, b) = tokio::join!(
        ada.ask(&thread, "tab-1", "One"),
        ada.ask(&thread, "tab-2", "Two")
    );
    let (winner, loser) = if a.status() == 200 { (a, b) } else { (b, a) };
    let mut winner = Tail::new(winner);
    let id = winner.answer().await;
    let (status, error) = refusal(loser).await;
    assert_eq!(
        (status, &error["code"]),
        (409, &json!("generation_in_progress")),
        "{error}"
    );
    let path = format!("/api/threads/{thread}/messages/{id}");
    assert!(error["details"].is_null() || error["details"]["messageId"] == id);
    let mut other = Tail::new(ada.get(&format!("{path}/stream")).await);
    other.until(3).await;
    for response in [
        ada.post(
            &format!("{path}/retry"),
            &json!({ "clientRequestId": "r3" }),
        )
        .await,
        ada.ask(&thread, "r4", "Three").await,
    ] {
        assert_eq!(refused(response).await.1, "generation_in_progress");
    }
    assert_eq!(
        ada.post(&format!("{path}/stop"), &Value::Null)
            .await
            .status(),
        202
    );
    assert_eq!(winner.rest().await, other.rest().await);
    assert_eq!(app.sim.count_chat(), 1);
    assert_eq!(
        stored(&ada, &thread).await.len(),
        2,
        "the loser left nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_rejects_is_left_out_and_the_system_prompt_stands_where_the_dialect_has_it() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let asked = async |provider: &str, model: &str, settings: Value| {
        let thread = thread_with(
            &ada,
            &json!({ "provider": provider, "model": model, "systemPrompt": "Be brief.", "settings": settings }),
        )
        .await;
        let events = ada.say(&thread, &format!("r-{thread}"), "Hello?").await;
        assert_eq!(
            events.last().unwrap().name,
            "done",
            "{provider} {model}: {:?}",
            events.last()
        );
        serde_json::from_str::<Value>(&app.sim.recorded().pop().unwrap().body).unwrap()
    };
    let all =
        json!({ "temperature": 0.5, "topP": 0.9, "maxTokens": 500, "reasoningEffort": "low" });
    let sampled = json!({ "temperature": 0.5, "topP": 0.9, "maxTokens": 500 });

    let body = asked("openai", "gpt-6-sol", all.clone()).await;
    assert_eq!(
        (&body["temperature"], &body["top_p"], &body["max_tokens"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&body["reasoning_effort"], &body["max_completion_tokens"]),
        (&json!("low"), &json!(500))
    );
    assert_eq!(
        body["messages"][0],
        json!({ "role": "developer", "content": "Be brief." })
    );
    assert_eq!(
        body["messages"][1],
        json!({ "role": "user", "content": "Hello?" })
    );
    assert_eq!(body["stream"], true);

    let none = json!({ "temperature": 0.5, "topP": 0.9, "reasoningEffort": "none" });
    let body = asked("openai", "gpt-5.4-mini", none).await;
    assert_eq!(
        (&body["reasoning_effort"], &body["temperature"]),
        (&json!("none"), &json!(0.5))
    );

    let body = asked("openai", "gpt-4.1", all.clone()).await;
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&json!(0.5), &json!(0.9))
    );
    assert_eq!(body.get("reasoning_effort"), None);
    assert_eq!(body["messages"][0]["role"], "system");

    let body = asked("anthropic", "claude-haiku-4-5", sampled.clone()).await;
    assert_eq!(
        (&body["system"], &body["max_tokens"]),
        (&json!("Be brief."), &json!(500))
    );
    assert_eq!(
        (&body["temperature"], body.get("top_p")),
        (&json!(0.5), None),
        "one of the two"
    );
    assert_eq!(
        body["messages"],
        json!([{ "role": "user", "content": "Hello?" }])
    );

    let body = asked("gemini", "gemini-2.5-flash", sampled).await;
    assert_eq!(body["systemInstruction"]["parts"][0]["text"], "Be brief.");
    let config = &body["generationConfig"];
    assert_eq!(
        (
            &config["temperature"],
            &config["topP"],
            &config["maxOutputTokens"]
        ),
        (&json!(0.5), &json!(0.9), &json!(500))
    );
    assert_eq!(body["contents"][0]["role"], "user");

    for (provider, name) in [
        ("openai", "temperature"),
        ("anthropic", "temperature"),
        ("gemini", "temperature"),
    ] {
        let body = asked(provider, "sim-short", json!({})).await;
        assert!(
            !body.to_string().contains(name),
            "{provider}: defaults are the provider's own"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_come_as_events_of_their_own() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for provider in ["openai", "anthropic", "gemini"] {
        let thread = ada.thread(provider, "sim-think").await;
        let events = ada.say(&thread, &format!("r-{provider}"), "Think").await;
        let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        names.dedup();
        assert_eq!(
            names,
            ["start", "reasoning", "delta", "usage", "done"],
            "{provider}"
        );
        let thoughts: String = events
            .iter()
            .filter(|event| event.name == "reasoning")
            .map(|event| event.data["text"].as_str().unwrap())
            .collect();
        let message = &events.last().unwrap().data["message"];
        assert_eq!(message["reasoning"], thoughts);
        let took = &message["timing"]["thoughtMs"];
        assert!(took.is_u64(), "{provider}: {message}");
        let mut told = events.iter().filter(|event| event.name == "delta");
        assert_eq!(&told.next().unwrap().data["thoughtMs"], took);
        assert!(
            told.all(|event| event.data.get("thoughtMs").is_none()),
            "{provider}: it is told once"
        );
        assert!(message["content"].as_str().unwrap().contains("42") && !thoughts.contains("42"));
        let usage = &message["usage"];
        assert!(
            usage["reasoningTokens"].as_u64().unwrap() > 0,
            "{provider}: {usage}"
        );
        assert!(
            usage["outputTokens"].as_u64() > usage["reasoningTokens"].as_u64(),
            "{provider}: {usage}"
        );
        // Thoughts are shown, never sent back.
        ada.say(&thread, &format!("s-{provider}"), "Again").await;
        assert!(
            !app.sim
                .recorded()
                .pop()
                .unwrap()
                .body
                .contains("Reading the question"),
            "{provider}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_the_providers_and_money_is_tokens_times_price() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for (provider, model) in [
        ("openai", "gpt-5.4"),
        ("anthropic", "claude-haiku-4-5"),
        ("gemini", "gemini-2.5-flash"),
    ] {
        let thread = ada.thread(provider, model).await;
        let events = ada.say(&thread, &format!("r-{provider}"), "Hello?").await;
        let told = events
            .iter()
            .find(|event| event.name == "usage")
            .unwrap()
            .data
            .clone();
        let message = &events.last().unwrap().data["message"];
        let usage = &message["usage"];
        assert_eq!(&told, usage);
        let tokens = |name: &str| usage[name].as_u64().unwrap();
        assert!(
            tokens("inputTokens") > 0 && tokens("outputTokens") > 100,
            "{usage}"
        );
        assert_eq!(
            tokens("totalTokens"),
            tokens("inputTokens") + tokens("outputTokens")
        );
        assert_eq!(usage["estimated"], false);
        let counted = TokenUsage {
            input: tokens("inputTokens"),
            output: tokens("outputTokens"),
            ..TokenUsage::default()
        };
        let cost = keylm::server::catalog::cost_usd(
            &provider.parse().unwrap(),
            &model.parse().unwrap(),
            None,
            &counted,
        )
        .unwrap();
        assert!(
            (usage["cost"].as_f64().unwrap() - cost).abs() < 2e-9,
            "{usage} {cost}"
        );
        assert_eq!(stored(&ada, &thread).await[1], *message);
    }
    let thread = ada.thread("openai", "sim-nousage").await;
    let events = ada.say(&thread, "r-none", "Hello?").await;
    let usage = &events.last().unwrap().data["message"]["usage"];
    assert_eq!(usage["estimated"], true, "{usage}");
    assert_eq!(
        usage["outputTokens"],
        "Hello from the simulator.".len().div_ceil(4)
    );
    assert_eq!(
        usage["cost"],
        Value::Null,
        "nobody knows what this model costs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_answer_is_counted_as_well_as_can_be() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for provider in ["openai", "anthropic", "gemini"] {
        let thread = ada.thread(provider, "sim-endless").await;
        let mut tail = Tail::new(ada.ask(&thread, &format!("r-{provider}"), "Go on").await);
        let id = tail.answer().await;
        tail.until(5).await;
        ada.post(
            &format!("/api/threads/{thread}/messages/{id}/stop"),
            &Value::Null,
        )
        .await;
        let events = tail.rest().await;
        let message = &events.last().unwrap().data["message"];
        assert_eq!(
            (&message["status"], &message["finishReason"]),
            (&json!("stopped"), &Value::Null)
        );
        let usage = &message["usage"];
        assert_eq!(usage["estimated"], true, "{provider}: {usage}");
        let least = message["content"]
            .as_str()
            .unwrap()
            .chars()
            .count()
            .div_ceil(4);
        assert!(
            usage["outputTokens"].as_u64().unwrap() >= least as u64,
            "{provider}: {usage}"
        );
        assert!(
            usage["inputTokens"].as_u64().unwrap() > 0,
            "{provider}: {usage}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_removed_while_it_is_answered_takes_the_answer_along() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    let id = tail.answer().await;
    tail.until(4).await;
    assert_eq!(
        ada.delete(&format!("/api/threads/{thread}")).await.status(),
        204
    );
    soon("the provider's connection closes", || {
        app.sim.recorded().last().unwrap().aborted
    })
    .await;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(3), tail.torn()).await;
    ended.expect("the reader is let go");
    let follow = ada
        .get(&format!("/api/threads/{thread}/messages/{id}/stream"))
        .await;
    assert_eq!(refused(follow).await, (404, "not_found".to_owned()));
    assert_eq!(app.number("SELECT count(*) FROM message_events").await, 0);
    let fine = ada.thread("openai", "sim-short").await;
    assert_eq!(
        ada.say(&fine, "r2", "Hello?").await.last().unwrap().name,
        "done"
    );
    soon("nothing runs any more", || {
        app.services.engine().running() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_removed_while_it_answers_ends_that_answer() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    for (provider, key) in [
        ("openai", OPENAI_KEY),
        ("anthropic", ANTHROPIC_KEY),
        ("gemini", GEMINI_KEY),
    ] {
        let id = ada.add_key(provider, key).await;
        let thread = ada.thread(provider, "sim-endless").await;
        let mut tail = Tail::new(ada.ask(&thread, &format!("r-{provider}"), "Go on").await);
        tail.until(4).await;
        assert_eq!(
            ada.delete(&format!("/api/providers/{provider}/keys/{id}"))
                .await
                .status(),
            204
        );
        soon("the provider's connection closes", || {
            app.sim.recorded().last().unwrap().aborted
        })
        .await;
        let events = tail.rest().await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["message"]["status"]),
            ("done", &json!("stopped"))
        );
        assert_eq!(
            last.data["message"]["content"],
            text_of(&events),
            "the text so far stays"
        );
        assert_eq!(
            refused(ada.ask(&thread, &format!("s-{provider}"), "And?").await).await,
            (409, "no_key".to_owned())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_while_chatting_marks_the_key_and_nothing_else_does() {
    let app = TestApp::start().await;
    for (model, status) in [
        ("sim-401", "invalid"),
        ("sim-403", "valid"),
        ("sim-429", "valid"),
        ("sim-quota", "valid"),
        ("sim-503", "valid"),
    ] {
        let ada = app.user_with_keys().await;
        for provider in ["openai", "anthropic", "gemini"] {
            let thread = ada.thread(provider, model).await;
            let events = ada.say(&thread, &format!("r-{provider}"), "Hello?").await;
            let last = events.last().unwrap();
            assert_eq!(last.name, "error");
            has_exactly(
                &last.data["error"],
                &[
                    "code",
                    "message",
                    "requestId",
                    "retryable",
                    "retryAfterMs",
                    "details",
                ],
            );
            assert_eq!(last.data["error"], last.data["message"]["error"]);
            let (_, body) = parts(ada.get(&format!("/api/providers/{provider}/keys")).await).await;
            let blamed = model != "sim-503";
            assert_eq!(body["keys"][0]["status"], status, "{provider} {model}");
            let noted = if blamed {
                &last.data["error"]["code"]
            } else {
                &Value::Null
            };
            assert_eq!(
                &body["keys"][0]["lastError"]["code"], noted,
                "{provider} {model}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_zero_character_of_a_model_holds_no_answer_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let upstream = Moody::start().await;
    let app = TestApp::start_with(engine, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let message = &events.last().unwrap().data["message"];
    assert_eq!(
        (&message["status"], &message["content"]),
        (&json!("complete"), &json!("a\u{fffd}b"))
    );
    assert_eq!(
        (text_of(&events), &stored(&ada, &thread).await[1]),
        ("a\u{fffd}b".to_owned(), message)
    );
}
