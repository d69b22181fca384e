//! Answers whose own task can not end them get their end all the same, their readers hear it, and their thread goes on.

use super::machine::placed;
use crate::faults::aftermath::{BROKEN, RESTARTED, STORAGE, Shown, aftermath};
use crate::support::Engine as Kind;
use crate::support::app::{Client, OPENAI_KEY, TestApp, read_events};
use crate::support::probe::Tail;
use keylm::server::clock::Env;
use keylm::server::config::Limits;
use keylm::server::crypto::secret::Secret;
use keylm::server::engine::follow::Address;
use keylm::server::engine::payers::Payer;
use keylm::server::engine::turn::Turn;
use keylm::server::engine::{Engine, EngineLimits, Parts};
use keylm::server::metrics::Metrics;
use keylm::server::providers::account::Account;
use keylm::server::providers::transport::{Transport, TransportLimits};
use keylm::server::providers::{self, ChatRequest, Credential, Turn as Said};
use keylm::server::store::events::{self, Event, Kind as Says};
use keylm::server::store::messages::{self, Spot};
use keylm::server::store::provider_keys;
use keylm::shared::chat::Role;
use keylm::shared::ids::{MessageId, ThreadId};
use keylm::shared::model::Capabilities;
use rstest::rstest;
use serde_json::json;
use std::sync::Arc;

/// A running answer, three events of it read.
async fn endless(ada: &Client) -> Tail {
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    tail.until(3).await;
    tail
}

/// The next send into the thread of this answer is answered.
async fn goes_on(ada: &Client, shown: &Shown) {
    let mut next = Tail::new(ada.ask(&shown.thread, "next", "And now?").await);
    next.until(2).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_an_answer_that_another_process_took_over_is_told_its_end(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let app = TestApp::start_with(kind, &[]).await;
    let ada = app.user_with_keys().await;
    let tail = endless(&ada).await;
    // Whoever did so died before it could end it.
    let taken = "UPDATE messages SET owner = 'another', epoch = epoch + 1, lease_until = 0 WHERE status = 'streaming'";
    assert_eq!(app.execute(taken).await, 1);
    let shown = Shown::new(tail.rest().await);
    assert_eq!(shown.events.last().unwrap().name, "error");
    aftermath(&ada, std::slice::from_ref(&shown), &[RESTARTED]).await;
    goes_on(&ada, &shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_the_database_refuses_for_good_is_replaced_by_one_that_it_takes() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    app.execute(
        "CREATE TRIGGER never BEFORE UPDATE ON messages WHEN NEW.status = 'complete'
        BEGIN INSERT INTO instance (name, value) VALUES ('never', NULL); END",
    )
    .await;
    let thread = ada.thread("openai", "sim-short").await;
    let shown = Shown::new(ada.say(&thread, "r1", "Hello?").await);
    assert_eq!(shown.events.last().unwrap().name, "error");
    app.execute("DROP TRIGGER never").await;
    aftermath(&ada, std::slice::from_ref(&shown), &[STORAGE]).await;
    goes_on(&ada, &shown).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_task_panics_ends_at_once_with_what_had_arrived(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let app = TestApp::start_with(kind, &[]).await;
    let ada = app.user_with_keys().await;
    let (db, metrics) = (app.services.db().clone(), Metrics::default());
    let env = Env::system();
    let engine = Engine::start(Parts {
        db: db.clone(),
        env: env.clone(),
        transport: Transport::new(TransportLimits::default(), metrics.clone()).unwrap(),
        price: |_, _, _, _| panic!("nobody knows what this costs"),
        limits: EngineLimits::from(&Limits::default()),
        metrics,
    });
    let thread: ThreadId = ada.thread("openai", "sim-short").await.parse().unwrap();
    let id = || -> MessageId { env.uuid().parse().unwrap() };
    let asked = placed(id(), &thread, None, Role::User, env.now());
    let mut answer = placed(
        id(),
        &thread,
        Some(&Spot::from(&asked)),
        Role::Assistant,
        env.now(),
    );
    answer.message.provider = Some("openai".parse().unwrap());
    answer.message.model = Some("sim-short".parse().unwrap());
    let start = Arc::new(Event {
        seq: 1,
        kind: Says::Start,
        data:
            json!({ "threadId": thread, "userMessage": asked.message, "message": answer.message })
                .to_string(),
    });
    let mut tx = db.begin().await.unwrap();
    messages::insert(&mut tx, &[(&asked, None)]).await.unwrap();
    let owner = (engine.owner(), engine.lease());
    messages::insert(&mut tx, &[(&answer, Some(owner))])
        .await
        .unwrap();
    events::append(&mut tx, &[(&answer.message.id, &*start)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let account = Account::new(
        vec![app.sim.url("OPENAI_BASE_URL").parse().unwrap()],
        Credential::key(Secret::new(OPENAI_KEY.to_owned())),
    );
    let owner = app
        .text("SELECT user_id FROM threads")
        .await
        .parse()
        .unwrap();
    let keys = provider_keys::list(&db, &owner, None).await.unwrap();
    let key = keys.into_iter().next().unwrap();
    let said = Said {
        role: Role::User,
        text: "Hello?".to_owned(),
    };
    engine.run(Turn {
        message: answer.message.clone(),
        start,
        provider: providers::find(&"openai".parse().unwrap()).unwrap(),
        payers: vec![Payer::new(key, account, "sim-short".parse().unwrap())],
        tariff: None,
        request: ChatRequest {
            model: "sim-short".parse().unwrap(),
            capabilities: Capabilities::default(),
            max_output_tokens: None,
            system: None,
            turns: vec![said],
            settings: serde_json::from_value(json!({})).unwrap(),
        },
        loan: None,
        sent_at: env.now(),
    });
    let user = app
        .text("SELECT user_id FROM threads")
        .await
        .parse()
        .unwrap();
    let address = Address {
        user,
        thread: thread.clone(),
        message: answer.message.id.clone(),
    };
    let mut reader = engine.follow(address, 0);
    let mut told = Vec::new();
    while let Some(batch) = reader.batch().await.unwrap() {
        told.extend(batch);
    }
    assert_eq!(told.last().unwrap().kind, Says::Error);
    assert!(told.iter().any(|event| event.kind == Says::Delta));
    let path = format!(
        "/api/threads/{thread}/messages/{}/stream",
        answer.message.id
    );
    let shown = Shown::new(read_events(ada.get(&path).await).await);
    assert_eq!(shown.events.len(), told.len());
    aftermath(&ada, std::slice::from_ref(&shown), &[BROKEN]).await;
    goes_on(&ada, &shown).await;
}
