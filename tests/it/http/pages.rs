//! Whole pages, and what is kept of them.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, http_client, parts, read_events};
use crate::support::probe::Tail;
use futures::future::join_all;
use keylm::server::clock::Clock;
use keylm::shared::ids::UserId;
use rstest::rstest;
use serde_json::json;

/// A page is rendered by whichever thread is free, and dropped by another: nothing in it may mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn pages_are_rendered_whole_however_many_are_asked_for() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    ada.say(&thread, "r1", "Hello?").await;
    let chat = format!("/chat/{thread}");
    for _ in 0..4 {
        let paths = [chat.as_str(), "/chat", "/providers", "/models", "/settings"]
            .into_iter()
            .cycle();
        let pages = paths.take(24).map(|path| {
            let ada = ada.clone();
            async move {
                let response = ada.get(path).await;
                assert_eq!(response.status(), 200, "{path}");
                let page = response.text().await.unwrap();
                // The data for hydration stands behind the document.
                let whole = page.contains("</html>") && page.ends_with("</script>");
                assert!(whole, "{path}: {} bytes", page.len());
            }
        });
        join_all(pages).await;
    }
}

/// A page without what is different in every response.
async fn page(client: &Client, path: &str) -> (u16, String) {
    let response = client.get(path).await;
    let status = response.status().as_u16();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .map(|rest| rest[..22].to_owned());
    let mut page = response.text().await.unwrap();
    if let Some(nonce) = nonce {
        assert!(
            page.contains(&nonce),
            "the scripts have this response's nonce"
        );
        page = page.replace(&nonce, "NONCE");
    }
    let seed = page.split(r#"name="client_request_id" value=""#).nth(1);
    if let Some(seed) = seed.map(|rest| rest[..36].to_owned()) {
        page = page.replace(&seed, "SEED");
    }
    (status, page)
}

fn field<'a>(page: &'a str, before: &str) -> &'a str {
    let rest = page.split(before).last().unwrap();
    rest.split('"').next().unwrap()
}

/// The clock tells a page that was made before: it says when it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_kept_is_the_same_page_for_the_same_person_only() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let thread = ada.thread("openai", "sim-echo").await;
    ada.say(&thread, "r1", "Where do walruses sleep?").await;
    let path = format!("/chat/{thread}");
    let first = page(&ada, &path).await;
    assert_eq!(first.0, 200);
    app.clock.advance(1000);
    assert_eq!(page(&ada, &path).await, first, "nothing has changed");
    let dark = Client {
        cookie: ada
            .cookie
            .as_ref()
            .map(|cookie| format!("{cookie}; theme=dark")),
        ..ada.clone()
    };
    assert!(page(&dark, &path).await.1.contains(r#"data-theme="dark""#));
    let (status, theirs) = page(&bob, &path).await;
    assert_eq!(status, 404);
    assert!(!theirs.contains("walruses"));
    let (_, anonymous) = page(&app.anonymous(), &path).await;
    assert!(!anonymous.contains("walruses"));
    let raw = async |client: &Client| client.get(&path).await.text().await.unwrap();
    assert_ne!(
        raw(&ada).await,
        raw(&ada).await,
        "nonces and seeds are new each time"
    );
    app.clock.advance(24 * 3_600_000);
    assert!(page(&ada, &path).await.1.contains("Yesterday"));
    ada.post("/api/auth/logout", &json!({})).await;
    let (_, signed_out) = page(&ada, &path).await;
    assert!(!signed_out.contains("walruses"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_was_done_since_it_was_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    ada.say(&thread, "r1", "The first thing").await;
    let path = format!("/chat/{thread}");
    let now = async || {
        let kept = page(&ada, &path).await;
        assert_eq!(page(&ada, &path).await, kept);
        // What comes next is younger than what is there.
        app.clock.advance(1000);
        kept.1
    };
    let before = now().await;
    let said = |page: &str, words: &str| page.contains(&format!(r#"<p class="plain">{words}</p>"#));
    assert!(said(&before, "The first thing"));

    ada.say(&thread, "r2", "The second thing").await;
    let after = now().await;
    assert!(said(&after, "The first thing") && said(&after, "The second thing"));

    let question = field(&after, r#"<article class="message user" id="m-"#);
    let messages = format!("/api/threads/{thread}/messages");
    let edit = json!({ "content": "Another second thing", "clientRequestId": "r3" });
    read_events(ada.patch(&format!("{messages}/{question}"), &edit).await).await;
    let after = now().await;
    assert!(said(&after, "Another second thing") && !said(&after, "The second thing"));
    assert!(after.contains(r#"title="Branches">2/2<"#));

    let answer = field(&after, r#"<article class="message answer" id="m-"#).to_owned();
    let again = json!({ "clientRequestId": "r4" });
    read_events(
        ada.post(&format!("{messages}/{answer}/retry"), &again)
            .await,
    )
    .await;
    let retried = now().await;
    assert!(retried.contains(r#"title="Answers to this message">2/2<"#));

    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user: UserId = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let second = field(&retried, r#"<article class="message answer" id="m-"#);
    let turn = async |message: &str, step| {
        let (thread, message) = (thread.parse().unwrap(), message.parse().unwrap());
        app.services
            .show_sibling(&user, &thread, &message, step)
            .await
            .unwrap();
    };
    turn(second, -1).await;
    let first = now().await;
    assert!(
        first.contains(r#"title="Answers to this message">1/2<"#),
        "not as it was before there were two"
    );
    turn(&answer, 1).await;
    assert_eq!(now().await, retried);

    ada.patch(
        &format!("/api/threads/{thread}"),
        &json!({ "title": "Other words" }),
    )
    .await;
    assert!(now().await.contains("<title>Other words"));

    let other = ada.thread("openai", "sim-short").await;
    assert!(
        now().await.contains(&format!("/chat/{other}")),
        "the list is a part of the page"
    );

    ada.delete(&format!("/api/threads/{thread}")).await;
    let (status, gone) = page(&ada, &path).await;
    assert_eq!(status, 404);
    assert!(!said(&gone, "The first thing"));
}

/// With a clock that stands, neither the last message nor a time tells the pages apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_counts_an_answer_that_came_and_was_left_again() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    ada.say(&thread, "r1", "Hello").await;
    let path = format!("/chat/{thread}");
    let (_, alone) = page(&ada, &path).await;
    assert!(!alone.contains("Answers to this message"));
    let first = field(&alone, r#"<article class="message answer" id="m-"#);
    let again = json!({ "clientRequestId": "r2" });
    let retry = format!("/api/threads/{thread}/messages/{first}/retry");
    read_events(ada.post(&retry, &again).await).await;
    let (_, retried) = page(&ada, &path).await;
    let second = field(&retried, r#"<article class="message answer" id="m-"#);
    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user: UserId = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let (thread, second) = (thread.parse().unwrap(), second.parse().unwrap());
    let step = if retried.contains("2/2<") { -1 } else { 1 };
    let services = &app.services;
    services
        .show_sibling(&user, &thread, &second, step)
        .await
        .unwrap();
    let (_, back) = page(&ada, &path).await;
    assert!(back.contains(&format!(r#"id="m-{first}""#)));
    assert!(back.contains("Answers to this message"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_goes_on_is_never_kept() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Talk for ever").await);
    let answer = tail.answer().await;
    let path = format!("/chat/{thread}");
    let mut sizes = Vec::new();
    while sizes.len() < 3 {
        let (_, page) = page(&ada, &path).await;
        assert!(page.contains(r#"aria-busy="true""#) && page.contains("Reload to read on"));
        if sizes.last() != Some(&page.len()) {
            sizes.push(page.len());
        }
    }
    ada.post(
        &format!("/api/threads/{thread}/messages/{answer}/stop"),
        &json!({}),
    )
    .await;
    tail.rest().await;
    let (_, page) = page(&ada, &path).await;
    assert!(
        page.contains("Stopped by you. The text so far is kept.")
            && !page.contains("Reload to read on")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_holds_each_message_once() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    // The first message names the chat, so it is in the title and the list as well.
    for (request, text) in [("r1", "First"), ("r2", "quokka"), ("r3", "numbat")] {
        ada.say(&thread, request, text).await;
    }
    let (_, body) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    let (_, page) = page(&ada, &format!("/chat/{thread}")).await;
    for word in ["quokka", "numbat"] {
        let told = body["messages"].to_string().matches(word).count();
        assert!(told >= 2, "the question and its echo");
        assert_eq!(page.matches(word).count(), told, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_and_models_say_is_text_on_the_page() {
    const ATTACK: &str = "</p></article><script>alert(1)</script><img src=x onerror=\"alert(1)\">'";
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    ada.say(&thread, "r1", "Hello").await;
    ada.say(&thread, "r2", ATTACK).await;
    let (_, page) = page(&ada, &format!("/chat/{thread}")).await;
    assert!(page.contains("&lt;/p&gt;&lt;/article&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;"));
    for sign in ["<script>alert", "<img"] {
        assert!(!page.contains(sign), "{sign}");
    }
}

/// A page as a browser gets it that has this cookie and asks for these languages.
async fn written_in(app: &TestApp, path: &str, cookie: &str, asked: &str) -> String {
    let url = format!("{}{path}", app.url);
    let request = http_client().get(url);
    let request = request
        .header("cookie", cookie)
        .header("accept-language", asked);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_the_sidebar_begin_at_the_midnight_of_its_reader() {
    const HOUR: i64 = 3_600_000;
    let app = TestApp::start().await;
    let now = app.clock.now().0;
    // A quarter past twelve in London is a quarter to midnight where it is eleven hours and a half later.
    app.clock
        .advance(24 * HOUR - now.rem_euclid(24 * HOUR) + 12 * HOUR + HOUR / 4);
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let session = ada.cookie.clone().unwrap();
    app.clock.advance(HOUR);
    for (zone, day) in [
        ("", "Today"),
        ("zone=0", "Today"),
        ("zone=690", "Yesterday"),
        ("zone=-690", "Today"),
        ("zone=nowhere", "Today"),
    ] {
        // Twice: the page of a thread is kept, for readers who are where this one is.
        for path in [
            "/settings",
            &format!("/chat/{thread}"),
            &format!("/chat/{thread}"),
        ] {
            let page = written_in(&app, path, &format!("{session}; {zone}"), "en").await;
            let list = page.split(r#"id="side-list""#).nth(1).unwrap();
            let first = list.split_once("<h2>").unwrap().1;
            assert!(first.starts_with(day), "{zone} {path}: {}", &first[..60]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_written_in_the_language_that_was_chosen_or_that_the_browser_asks_for() {
    let app = TestApp::start().await;
    let english = r#"<html lang="en" dir="ltr">"#;
    let arabic = r#"<html lang="ar" dir="rtl">"#;
    for (cookie, asked, begins) in [
        ("", "", english),
        ("", "ar-EG, en;q=0.5", arabic),
        ("lang=en", "ar", english),
        ("lang=ar", "en", arabic),
        ("lang=tlh", "ar", arabic),
        ("theme=none; lang=ar", "", arabic),
    ] {
        let page = written_in(&app, "/sign-in", cookie, asked).await;
        assert!(page.contains(begins), "{cookie}, {asked}");
        assert_eq!(page.contains("انتقل إلى المحتوى"), begins == arabic);
    }
}

/// One page is kept for each language, and the form chooses without script.
#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_language_is_kept_and_no_page_is_given_out_in_another() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    ada.say(&thread, "r1", "Where do walruses sleep?").await;
    let session = ada.cookie.clone().unwrap();
    let path = format!("/chat/{thread}");
    for _ in 0..2 {
        for (cookie, asked, begins) in [
            (session.clone(), "en", r#"lang="en" dir="ltr""#),
            (session.clone(), "ar", r#"lang="ar" dir="rtl""#),
            (
                format!("{session}; lang=ar"),
                "en",
                r#"lang="ar" dir="rtl""#,
            ),
        ] {
            let page = written_in(&app, &path, &cookie, asked).await;
            assert!(page.contains(begins), "{asked}");
        }
    }
    for (chosen, kept) in [("ar", "lang=ar;"), ("", "lang=;"), ("tlh", "lang=;")] {
        let form = format!("theme=system&enter=send&lang={chosen}");
        let answer = http_client()
            .post(format!("{}/fn/account/preferences", app.url))
            .header("cookie", &session)
            .header("origin", &app.url)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 302);
        let cookies = answer.headers().get_all("set-cookie").iter();
        let told = cookies.filter(|value| value.to_str().unwrap().starts_with(kept));
        assert_eq!(told.count(), 1, "{chosen}");
    }
}

/// What the server prints, and what it answers to the page, is in the language of the page; the API keeps to its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_prints_is_in_the_language_of_the_page_and_the_api_is_not() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let session = ada.cookie.clone().unwrap();
    let thread = ada.thread("openai", "sim-401").await;
    ada.say(&thread, "r1", "Hello?").await;
    let path = format!("/chat/{thread}");
    let english = written_in(&app, &path, &session, "en").await;
    let arabic = written_in(&app, &path, &session, "ar").await;
    for (en, ar) in [
        ("The key was refused", "رُفض المفتاح"),
        (
            "OpenAI does not accept this key.",
            "لا يقبل المزوّد هذا المفتاح.",
        ),
        ("Try again", "حاول مجددًا"),
        (r#"aria-label="You""#, r#"aria-label="أنت""#),
        ("Write a message", "اكتب رسالة"),
    ] {
        assert!(english.contains(en) && !english.contains(ar), "{en}");
        assert!(arabic.contains(ar) && !arabic.contains(en), "{ar}");
    }
    let models = written_in(&app, "/models", &session, "ar").await;
    assert!(models.contains("ما يمكنني استخدامه فقط") && !models.contains("Only what I can use"));
    let asked = |path: &str| {
        let request = http_client().post(format!("{}{path}", app.url));
        let request = request.header("origin", &app.url);
        request.header("accept-language", "ar")
    };
    let form = asked("/fn/account/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json");
    let form = form.body("email=nobody@example.org&password=not+the+password&next=");
    let told = form.send().await.unwrap().text().await.unwrap();
    assert!(told.contains("البريد وكلمة المرور لا يتوافقان."), "{told}");
    let json = asked("/api/auth/login").header("content-type", "application/json");
    let json = json.body(r#"{"email":"nobody@example.org","password":"not the password"}"#);
    let told = json.send().await.unwrap().text().await.unwrap();
    assert!(told.contains("do not fit together"), "{told}");
}

/// The switch of a new chat is a field of its form, so it works without script.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_begun_as_private_by_a_plain_form_and_looks_like_it() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let (_, empty) = page(&ada, "/chat").await;
    let form = empty.split(r#"<form id="compose""#).nth(1).unwrap();
    assert!(form.contains(r#"action="/fn/threads/start""#));
    let switch = empty.split(r#"<input id="private""#).nth(1).unwrap();
    let switch = switch.split('>').next().unwrap();
    for field in [r#"name="private""#, r#"value="true""#, r#"form="compose""#] {
        assert!(switch.contains(field), "{field}: {switch}");
    }
    assert!(!switch.contains("checked"), "nothing is private unasked");
    for (request, private) in [("r1", ""), ("r2", "&private=true")] {
        let sent = ada
            .request(reqwest::Method::POST, "/fn/threads/start")
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded");
        let fields = format!(
            "choice=openai/sim-short&content=Zeppelin&client_request_id={request}{private}"
        );
        let to = sent.body(fields).send().await.unwrap();
        let to = to.headers()["location"].to_str().unwrap().to_owned();
        let id = to.rsplit('/').next().unwrap();
        let (_, body) = parts(ada.get(&format!("/api/threads/{id}")).await).await;
        let private = !private.is_empty();
        assert_eq!(body["thread"]["private"], private);
        let (_, shown) = page(&ada, &to).await;
        let (side, chat) = shown.split_once("</aside>").unwrap();
        let marks = [side, chat].map(|part| part.matches(r#"class="private-mark""#).count());
        assert_eq!(marks, [usize::from(private); 2], "in the list and above");
        assert_eq!(chat.contains("Found by no search"), private);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_begun_several_times_at_once_under_one_name_is_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let begin = async || {
        let sent = ada
            .request(reqwest::Method::POST, "/fn/threads/start")
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("choice=openai/sim-short&content=Zeppelin&client_request_id=once");
        let to = sent.send().await.unwrap();
        to.headers()["location"].to_str().unwrap().to_owned()
    };
    let (one, two, three) = tokio::join!(begin(), begin(), begin());
    assert!(one.starts_with("/chat/"), "{one}");
    assert_eq!([&two, &three, &begin().await], [&one; 3]);
    let (_, body) = parts(ada.get("/api/threads").await).await;
    assert_eq!(body["threads"].as_array().unwrap().len(), 1);
    let (_, shown) = page(&ada, &one).await;
    assert_eq!(shown.matches(r#"data-request="once""#).count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_on_a_page_of_its_own_and_comes_back_from_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user().await, app.user().await);
    let made = json!({ "provider": "openai", "model": "sim-short", "title": "Put <away>" });
    let (_, body) = parts(ada.post("/api/threads", &made).await).await;
    let id = body["thread"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/threads/{id}");
    let archive = async |client: &Client| page(client, "/archive").await.1;
    let leads_back = |response: &reqwest::Response| {
        let location = response.headers()["location"].to_str().unwrap();
        assert!(
            location.trim_end_matches('?').ends_with("/archive"),
            "{location}"
        );
    };
    let restore = "/fn/threads/restore";
    assert!(
        !archive(&ada).await.contains(restore),
        "nothing is archived"
    );
    ada.patch(&path, &json!({ "status": "archived" })).await;
    let shown = archive(&ada).await;
    assert!(shown.contains(restore) && shown.contains("Put &lt;away&gt;"));
    assert!(!archive(&bob).await.contains(restore));

    let form = async |client: &Client, action: &str, body: String| {
        let request = client.request(reqwest::Method::POST, action);
        let request = request
            .header("accept", "text/html")
            .header("referer", format!("{}/archive", app.url))
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    };
    form(&bob, restore, format!("id={id}")).await;
    assert!(archive(&ada).await.contains(restore), "it is not theirs");
    let back = form(&ada, restore, format!("id={id}")).await;
    leads_back(&back);
    let (_, body) = parts(ada.get(&path).await).await;
    assert_eq!(body["thread"]["status"], "active");

    ada.patch(&path, &json!({ "status": "archived" })).await;
    let fields = format!("id={id}&archived=true");
    let gone = form(&ada, "/fn/threads/delete", fields).await;
    leads_back(&gone);
    assert_eq!(ada.get(&path).await.status(), 404);
}
