//! A chat's page where there is no script: the windows on a long history, the branches, the ways on from a message.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts, read_events};
use crate::support::probe::Tail;
use keylm::server::simulate::Recorded;
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

async fn page(client: &Client, path: &str) -> String {
    let response = client.get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

/// What a browser without script sends when the button of a form is pressed.
async fn press(client: &Client, form: &str, fields: &str) -> Response {
    let back = format!("{}/chat", client.url);
    let request = client
        .request(Method::POST, form)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", back);
    request.body(fields.to_owned()).send().await.unwrap()
}

fn goes_to(response: &Response) -> String {
    let status = response.status().as_u16();
    assert!(matches!(status, 302 | 303), "{status}");
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// The questions on a page, in their order.
fn questions(page: &str) -> Vec<&str> {
    // The browser makes a new one of this; it is none.
    let (before, rest) = page.split_once(r#"<template id="question">"#).unwrap();
    assert!(!before.contains("bubble"));
    let page = rest.split_once("</template>").unwrap().1;
    let asked = page.split(r#"<div class="bubble"><p class="plain">"#);
    let asked = asked.skip(1);
    asked.map(|rest| rest.split('<').next().unwrap()).collect()
}

async fn messages(client: &Client, thread: &str) -> Vec<Value> {
    let path = format!("/api/threads/{thread}?limit=200");
    let (_, body) = parts(client.get(&path).await).await;
    body["messages"].as_array().unwrap().clone()
}

fn id_of(message: &Value) -> &str {
    message["id"].as_str().unwrap()
}

/// Where the link of a page that begins with `start` leads.
fn link<'a>(page: &'a str, start: &str) -> Option<&'a str> {
    let rest = page.split(&format!(r#"href="{start}"#)).nth(1)?;
    rest.split('"').next()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_chat_opens_at_its_end_and_links_lead_through_the_rest() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    for number in 0..56 {
        ada.say(
            &thread,
            &format!("r{number}"),
            &format!("Question {number}"),
        )
        .await;
    }
    let path = format!("/chat/{thread}");
    let newest = page(&ada, &path).await;
    let asked = questions(&newest);
    assert_eq!((asked.len(), asked[0]), (50, "Question 6"));
    assert_eq!(link(&newest, "?after="), None);
    let before = link(&newest, "?before=").unwrap();
    assert_eq!(
        before, "13",
        "the first question on the page is the 13th message"
    );

    let first = page(&ada, &format!("{path}?before={before}")).await;
    let asked = questions(&first);
    assert_eq!((asked.len(), asked[0]), (6, "Question 0"));
    assert_eq!(link(&first, "?before="), None);
    assert_eq!(link(&first, "?after="), Some("12"));

    let rest = page(&ada, &format!("{path}?after=12")).await;
    assert_eq!(questions(&rest), questions(&newest));
    assert_eq!(link(&rest, "?after="), None);

    let all = messages(&ada, &thread).await;
    let around = |at: &Value| format!("{path}?at={}", id_of(at));
    let early = page(&ada, &around(&all[0])).await;
    assert_eq!(questions(&early)[0], "Question 0");
    assert!(link(&early, "?after=").is_some() && link(&early, "?before=").is_none());
    let middle = page(&ada, &around(&all[60])).await;
    assert!(questions(&middle).contains(&"Question 30"));
    assert!(middle.contains(&format!(r#"id="m-{}""#, id_of(&all[60]))));
    assert!(link(&middle, "?after=").is_some() && link(&middle, "?before=").is_some());
    for nonsense in ["?at=nobody", "?before=x", "?after=", "?at=%00"] {
        let page = page(&ada, &format!("{path}{nonsense}")).await;
        assert_eq!(questions(&page).len(), 50, "{nonsense}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_are_turned_by_forms_and_the_one_that_was_chosen_stays() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    for (request, text) in [("r1", "First"), ("r2", "Second")] {
        ada.say(&thread, request, text).await;
    }
    let path = format!("/chat/{thread}");
    assert!(!page(&ada, &path).await.contains(r#"data-do="previous""#));
    let asked = messages(&ada, &thread).await[0].clone();
    let other = json!({ "content": "In other words", "clientRequestId": "r3" });
    app.clock.advance(1000);
    let edit = format!("/api/threads/{thread}/messages/{}", id_of(&asked));
    read_events(ada.patch(&edit, &other).await).await;
    assert_eq!(questions(&page(&ada, &path).await), ["In other words"]);

    let shown = messages(&ada, &thread).await[0].clone();
    let turn = |message: &Value, step: i64| {
        format!("thread={thread}&message={}&step={step}", id_of(message))
    };
    let branch = "/fn/threads/branch";
    let back = goes_to(&press(&ada, branch, &turn(&shown, -1)).await);
    assert_eq!(back, format!("{path}?at={0}#m-{0}", id_of(&asked)));
    for path in [back.split('#').next().unwrap(), &path] {
        let page = page(&ada, path).await;
        assert_eq!(questions(&page), ["First", "Second"]);
        assert!(page.contains(r#"title="Branches">1/2<"#));
    }

    // There is none before the first, and nothing has changed.
    let refused = press(&ada, branch, &turn(&asked, -1)).await;
    assert!(goes_to(&refused).contains("__err"));
    assert_eq!(questions(&page(&ada, &path).await), ["First", "Second"]);
    goes_to(&press(&ada, branch, &turn(&asked, 1)).await);
    assert_eq!(questions(&page(&ada, &path).await), ["In other words"]);
    // A message of a branch that is not shown is shown with its branch.
    goes_to(&press(&ada, branch, &turn(&asked, 0)).await);
    assert_eq!(questions(&page(&ada, &path).await), ["First", "Second"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_said_otherwise_and_keeps_its_answers_while_nobody_is_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user().await);
    let thread = ada.thread("openai", "sim-echo").await;
    for (request, text) in [("r1", "First"), ("r2", "Secnd"), ("r3", "Third")] {
        ada.say(&thread, request, text).await;
    }
    app.clock.advance(1000);
    let (before, calls) = (messages(&ada, &thread).await, app.sim.count_chat());
    let reword = "/fn/messages/reword";
    let fields = |message: &Value, text: &str| {
        format!("thread={thread}&message={}&content={text}", id_of(message))
    };
    for (who, message, text) in [
        (&bob, 2, "Mine"),
        (&ada, 3, "Not an answer"),
        (&ada, 2, " "),
    ] {
        let refused = press(who, reword, &fields(&before[message], text)).await;
        assert!(goes_to(&refused).contains("__err"), "{text}");
    }
    assert_eq!(messages(&ada, &thread).await, before);

    let to = goes_to(&press(&ada, reword, &fields(&before[2], "Second")).await);
    let after = messages(&ada, &thread).await;
    assert_eq!(app.sim.count_chat(), calls, "nobody was asked");
    assert_eq!(to, format!("/chat/{thread}?at={0}#m-{0}", id_of(&after[2])));
    let shown = page(&ada, &format!("/chat/{thread}")).await;
    assert_eq!(questions(&shown), ["First", "Second", "Third"]);
    assert!(shown.contains(r#"title="Branches">2/2<"#));
    assert_eq!(after[..2], before[..2], "what stands above is the same");
    for (old, new) in before.iter().zip(&after).skip(3) {
        assert_ne!(old["id"], new["id"]);
        assert_eq!(old["content"], new["content"]);
        assert_eq!(new["usage"], Value::Null, "it is paid once");
    }
    for pair in after.windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
    }
    let back = format!("thread={thread}&message={}&step=-1", id_of(&after[2]));
    goes_to(&press(&ada, "/fn/threads/branch", &back).await);
    assert_eq!(messages(&ada, &thread).await, before, "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_a_question_is_edited_and_another_model_is_picked_on_a_page_of_its_own() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user_with_keys().await, app.user().await);
    let thread = ada.thread("openai", "sim-echo").await;
    ada.say(&thread, "r1", "First & <last>").await;
    let (asked, answer) = match messages(&ada, &thread).await.as_slice() {
        [asked, answer] => (asked.clone(), answer.clone()),
        other => panic!("{other:?}"),
    };
    let chat = format!("/chat/{thread}");
    let shown = page(&ada, &chat).await;
    let otherwise =
        |message: &Value| format!("/otherwise?thread={thread}&message={}", id_of(message));
    for (name, message) in [("edit", &asked), ("swap", &answer)] {
        let form = format!(r#"<form id="{name}-{thread}" action="/otherwise">"#);
        assert!(shown.contains(&form), "{name}");
        let button = format!(
            r#"form="{name}-{thread}" name="message" value="{}""#,
            id_of(message)
        );
        assert!(shown.contains(&button), "{name}");
        assert_eq!(goes_to(&bob.get(&otherwise(message)).await), chat);
    }

    let edit = page(&ada, &otherwise(&asked)).await;
    assert!(edit.contains("\nFirst &amp; &lt;last&gt;</textarea>"));
    assert!(edit.contains(r#"action="/fn/messages/edit""#));
    assert!(edit.contains(r#"formaction="/fn/messages/reword""#));
    let fields = |request: &str, message: &Value, more: &str| {
        format!(
            "thread={thread}&client_request_id={request}&message={}&{more}",
            id_of(message)
        )
    };
    let empty = ada
        .request(Method::POST, "/fn/messages/edit")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", format!("{}{}", app.url, otherwise(&asked)));
    let empty = empty.body(fields("r2", &asked, "content=+"));
    let back = goes_to(&empty.send().await.unwrap());
    let back = back.trim_start_matches(&app.url);
    assert!(back.starts_with("/otherwise?"), "{back}");
    assert!(page(&ada, back).await.contains("Write something first."));
    let sent = press(
        &ada,
        "/fn/messages/edit",
        &fields("r3", &asked, "content=Second"),
    )
    .await;
    assert_eq!(goes_to(&sent), chat);
    // The next one is asked once this one has ended.
    let running = messages(&ada, &thread).await[1].clone();
    let stream = format!("/api/threads/{thread}/messages/{}/stream", id_of(&running));
    read_events(ada.get(&stream).await).await;

    let swap = page(&ada, &otherwise(&answer)).await;
    let model = swap.split(r#"<option value=""#).nth(1).unwrap();
    let model = model.split('"').next().unwrap();
    let retry = fields("r4", &answer, &format!("model={model}"));
    assert_eq!(
        goes_to(&press(&ada, "/fn/messages/retry", &retry).await),
        chat
    );
    let last = messages(&ada, &thread).await[1].clone();
    assert_eq!(
        (&last["model"], &last["parentId"]),
        (&json!(model), &asked["id"])
    );
    let choice = swap.split(r#"name="choice""#).nth(1).unwrap();
    let choice = choice.split(r#"<option value=""#).nth(1).unwrap();
    let choice = choice.split('"').next().unwrap();
    let fork = format!("id={thread}&message={}&choice={choice}", id_of(&answer));
    let new = goes_to(&press(&ada, "/fn/threads/fork", &fork).await);
    let (_, new) = parts(ada.get(&new.replace("/chat", "/api/threads")).await).await;
    let new = &new["thread"];
    let (provider, model) = choice.split_once('/').unwrap();
    assert_eq!(
        (&new["provider"], &new["model"]),
        (&json!(provider), &json!(model))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_on_from_a_message_in_a_new_one_by_a_form() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    for (request, text) in [("r1", "First"), ("r2", "Second")] {
        ada.say(&thread, request, text).await;
    }
    let first = page(&ada, &format!("/chat/{thread}")).await;
    let form = format!(r#"<form id="fork-{thread}" method="post" action="/fn/threads/fork">"#);
    assert!(first.contains(&form));
    let answer = messages(&ada, &thread).await[1].clone();
    let fields = format!("id={thread}&message={}", id_of(&answer));
    let to = goes_to(&press(&ada, "/fn/threads/fork", &fields).await);
    assert_eq!(questions(&page(&ada, &to).await), ["First"]);
    let kept = page(&ada, &format!("/chat/{thread}")).await;
    assert_eq!(questions(&kept), ["First", "Second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_stopped_is_asked_to_go_on_in_words_that_everybody_sees() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Talk for ever").await);
    let answer = tail.answer().await;
    tail.until(3).await;
    let stop = format!("/api/threads/{thread}/messages/{answer}/stop");
    ada.post(&stop, &json!({})).await;
    tail.rest().await;
    let path = format!("/chat/{thread}");
    let stopped = page(&ada, &path).await;
    let go_on = format!(r#"form="go-on-{thread}" data-do="go-on""#);
    assert!(stopped.contains(&go_on));
    let form = format!(r#"<form id="go-on-{thread}""#);
    let form = stopped.split(&form).nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    let words = r#"name="content" value=""#;
    let words = form.split(words).nth(1).unwrap().split('"').next().unwrap();
    let fields = format!("thread={thread}&client_request_id=r2&content={words}");
    let to = goes_to(&press(&ada, "/fn/messages/send", &fields).await);
    assert_eq!(to, path);
    let asked = messages(&ada, &thread).await;
    assert_eq!(asked[2]["content"], words);
    assert_eq!(asked[2]["parentId"], asked[1]["id"]);
}

/// The effort of each request for an answer that went out, in order.
fn efforts(app: &TestApp) -> Vec<Value> {
    let asked = app.sim.recorded().into_iter();
    let asked = asked.filter(Recorded::is_generation).map(|one| {
        let body: Value = serde_json::from_str(&one.body).unwrap();
        let effort = body.pointer("/reasoning/effort");
        effort
            .or_else(|| body.get("reasoning_effort"))
            .cloned()
            .unwrap_or_default()
    });
    asked.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_asked_for_again_with_more_reasoning_which_holds_for_it_alone() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "gpt-5.4-nano").await;
    let low = json!({ "settings": { "reasoningEffort": "low" } });
    let path = format!("/api/threads/{thread}");
    assert_eq!(parts(ada.patch(&path, &low).await).await.0, 200);
    ada.say(&thread, "r1", "First").await;
    let answer = messages(&ada, &thread).await[1].clone();

    let again = |effort: &str| {
        let answer = id_of(&answer);
        format!("thread={thread}&message={answer}&client_request_id=r2&effort={effort}")
    };
    let pressed = press(&ada, "/fn/messages/retry", &again("high")).await;
    assert_eq!(goes_to(&pressed), format!("/chat/{thread}"));
    let running = messages(&ada, &thread).await[1].clone();
    let stream = format!("{path}/messages/{}/stream", id_of(&running));
    read_events(ada.get(&stream).await).await;
    press(&ada, "/fn/messages/retry", &again("high")).await;
    press(&ada, "/fn/messages/retry", &again("medium")).await;
    ada.say(&thread, "r3", "Second").await;
    assert_eq!(
        efforts(&app),
        ["low", "high", "low"],
        "one request, one answer"
    );

    let (_, body) = parts(ada.get(&path).await).await;
    assert_eq!(body["thread"]["settings"]["reasoningEffort"], "low");
}

/// How full the page of a thread says that its model is; nothing where that is not shown.
async fn filled(client: &Client, thread: &str) -> Option<u64> {
    let page = page(client, &format!("/chat/{thread}")).await;
    let note = page.split(r#"<details id="filled""#).nth(1)?;
    let (tag, rest) = note.split_once('>')?;
    let number = rest.split(r#"data-number="full">"#).nth(1)?;
    let shown = (!tag.contains("hidden")).then_some(number)?;
    shown.split('<').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_nearly_fills_what_its_model_reads_says_so() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    ada.add_key("cohere", "co-sim-good-of-ada").await;
    let small = ada.thread("cohere", "command-a-translate-08-2025").await;
    ada.say(&small, "r1", "Hello").await;
    assert_eq!(filled(&ada, &small).await, None, "there is room");
    ada.say(&small, "r2", &"word ".repeat(5_200)).await;
    let full = filled(&ada, &small).await.unwrap();
    let usage = &messages(&ada, &small).await[3]["usage"];
    let tokens = usage["inputTokens"].as_u64().unwrap() + usage["outputTokens"].as_u64().unwrap();
    assert_eq!(full, (tokens * 100 / 8_000).min(100));
    let unknown = ada.thread("openai", "sim-short").await;
    ada.say(&unknown, "r3", &"word ".repeat(5_200)).await;
    assert_eq!(filled(&ada, &unknown).await, None, "nobody knows");
}
