use super::people::person;
use super::threads::thread;
use crate::support::{Engine, TestDb};
use keylm::server::store::answers;
use keylm::server::store::events::{self, Event, Kind};
use keylm::server::store::messages::{self, Placed, Spot};
use keylm::server::store::{Db, Tx};
use keylm::shared::chat::{FinishReason, Message, MessageStatus, Role, Thread, Timing, Usage};
use keylm::shared::ids::MessageId;
use keylm::shared::time::Timestamp;
use rstest::rstest;

const ME: &str = "process-1";
const ENDED: Timestamp = Timestamp(1_000);

fn message(thread: &Thread, id: &str, above: Option<&Placed>, role: Role) -> Placed {
    let message = Message {
        id: id.parse().unwrap(),
        thread_id: thread.id.clone(),
        parent_id: above.map(|above| above.message.id.clone()),
        role,
        content: if role == Role::User {
            format!("question {id}")
        } else {
            String::new()
        },
        reasoning: None,
        status: if role == Role::User {
            MessageStatus::Complete
        } else {
            MessageStatus::Pending
        },
        finish_reason: None,
        error: None,
        provider: None,
        model: None,
        key_id: None,
        client_request_id: None,
        usage: None,
        timing: None,
        attempts: Vec::new(),
        created_at: Timestamp(1),
    };
    Placed {
        message,
        depth: above.map_or(1, |above| above.depth + 1),
        key_mask: None,
        key_label: None,
        sibling: (1, 1),
    }
}

async fn insert(tx: &mut Tx, placed: &Placed) {
    let owner = (placed.message.role == Role::Assistant).then_some((ME, Timestamp(100)));
    messages::insert(tx, &[(placed, owner)]).await.unwrap();
}

fn event(seq: i64) -> Event {
    Event {
        seq,
        kind: Kind::Delta,
        data: format!("{{\"text\":\"{seq}\"}}"),
    }
}

/// A question and its running answer.
async fn running(db: &Db) -> (Thread, Placed, Placed) {
    let ada = person(db, "ada").await;
    let thread = thread(db, &ada, "t1", 1).await;
    let question = message(&thread, "q1", None, Role::User);
    let answer = message(&thread, "a1", Some(&question), Role::Assistant);
    let mut tx = db.begin().await.unwrap();
    insert(&mut tx, &question).await;
    insert(&mut tx, &answer).await;
    tx.commit().await.unwrap();
    (thread, question, answer)
}

async fn end(db: &Db, answer: &Placed, text: &str) -> bool {
    let ended = Message {
        status: MessageStatus::Complete,
        content: text.to_owned(),
        ..answer.message.clone()
    };
    let mut tx = db.begin().await.unwrap();
    let done = answers::finish(&mut tx, &ended, ME, 1, ENDED)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    done
}

async fn shown(db: &Db, thread: &Thread) -> Vec<String> {
    messages::branch(db, &thread.id, 0, 99)
        .await
        .unwrap()
        .iter()
        .map(|placed| placed.message.id.to_string())
        .collect()
}

#[rstest]
#[tokio::test]
async fn a_thread_has_one_running_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (thread, question, answer) = running(&test.db).await;
    let second = message(&thread, "a2", Some(&question), Role::Assistant);
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(
        messages::running(&mut tx, &thread.id).await.unwrap(),
        Some(answer.message.id.clone())
    );
    assert!(
        messages::insert(&mut tx, &[(&second, Some((ME, Timestamp(9))))])
            .await
            .unwrap_err()
            .is_conflict()
    );
    drop(tx);
    assert!(end(&test.db, &answer, "done").await);
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(messages::running(&mut tx, &thread.id).await.unwrap(), None);
    messages::insert(&mut tx, &[(&second, Some((ME, Timestamp(9))))])
        .await
        .unwrap();
}

/// The short way of a busy writer.
#[rstest]
#[tokio::test]
async fn a_log_is_extended_only_by_the_owner_of_a_streaming_answer_and_by_as_much_as_fits_into_a_statement(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    let (db, id) = (&test.db, &answer.message.id);
    let missing: MessageId = "a9".parse().unwrap();
    let all: Vec<Event> = (1..).map(event).take(events::MOST_AT_ONCE + 3).collect();
    let extend = async |owner: &str, of: &MessageId, epoch: i64, some: &[Event]| {
        let rows: Vec<_> = some.iter().map(|event| (of, epoch, event)).collect();
        events::extend(db, owner, &rows).await
    };
    assert_eq!(
        extend(ME, id, 1, &all[..2]).await.unwrap(),
        0,
        "it is pending"
    );
    let mut tx = db.begin().await.unwrap();
    assert!(answers::begin_streaming(&mut tx, id, ME, 1).await.unwrap());
    tx.commit().await.unwrap();
    for (owner, of, epoch) in [("process-2", id, 1), (ME, id, 2), (ME, &missing, 1)] {
        let taken = extend(owner, of, epoch, &all[..2]).await.unwrap();
        assert_eq!(taken, 0, "{owner} {of} {epoch}");
    }
    let mixed = [(id, 1, &all[0]), (&missing, 1, &all[0]), (id, 1, &all[1])];
    assert_eq!(events::extend(db, ME, &mixed).await.unwrap(), 2);
    assert_eq!(extend(ME, id, 1, &all[2..3]).await.unwrap(), 1);
    let conflict = extend(ME, id, 1, &all[2..5]).await.unwrap_err();
    assert!(
        conflict.is_conflict(),
        "nothing is written twice: {conflict}"
    );
    let most = i64::try_from(events::MOST_AT_ONCE).unwrap();
    assert_eq!(
        extend(ME, id, 1, &all[3..]).await.unwrap(),
        u64::try_from(most).unwrap()
    );
    assert_eq!(events::after(db, id, 0, 2 * most).await.unwrap(), all);
    assert!(end(db, &answer, "1").await);
    let late = [event(most + 4)];
    assert_eq!(extend(ME, id, 1, &late).await.unwrap(), 0, "it has ended");
}

#[rstest]
#[tokio::test]
async fn only_the_owner_of_a_running_answer_appends_to_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    let id = &answer.message.id;
    let mut tx = test.db.begin().await.unwrap();
    let missing: MessageId = "a9".parse().unwrap();
    let asked = [(&missing, 1), (id, 1), (id, 2)];
    let ours = answers::still_ours(&mut tx, ME, &asked).await.unwrap();
    assert_eq!(ours, [false, true, false], "the epoch counts too");
    let theirs = answers::still_ours(&mut tx, "process-2", &asked).await;
    assert_eq!(theirs.unwrap(), [false; 3]);
    events::append(&mut tx, &[(id, &event(1))]).await.unwrap();
    for (owner, epoch, begins) in [
        ("process-2", 1, false),
        (ME, 2, false),
        (ME, 1, true),
        (ME, 1, false),
    ] {
        assert_eq!(
            answers::begin_streaming(&mut tx, id, owner, epoch)
                .await
                .unwrap(),
            begins,
            "{owner} {epoch}"
        );
    }
    tx.commit().await.unwrap();
    assert!(end(&test.db, &answer, "1").await);
    let mut tx = test.db.begin().await.unwrap();
    let ours = answers::still_ours(&mut tx, ME, &[(id, 1)]).await.unwrap();
    assert_eq!(ours, [false], "it has ended");
    drop(tx);
    assert_eq!(
        events::after(&test.db, id, 0, 99).await.unwrap(),
        [event(1)]
    );
    assert_eq!(events::after(&test.db, id, 1, 99).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn many_events_go_in_at_once_and_come_out_in_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    let id = &answer.message.id;
    let log: Vec<Event> = (1..=181).map(event).collect();
    let rows: Vec<_> = log.iter().map(|event| (id, event)).collect();
    let mut tx = test.db.begin().await.unwrap();
    events::append(&mut tx, &rows).await.unwrap();
    assert!(
        events::append(&mut tx, &rows[180..])
            .await
            .unwrap_err()
            .is_conflict(),
        "a number is given once"
    );
    drop(tx);
    let mut tx = test.db.begin().await.unwrap();
    events::append(&mut tx, &rows).await.unwrap();
    assert_eq!(events::all(&mut tx, id).await.unwrap(), log);
    tx.commit().await.unwrap();
    assert_eq!(
        events::after(&test.db, id, 100, 81).await.unwrap(),
        log[100..]
    );
    let mut tx = test.db.begin().await.unwrap();
    let gone: MessageId = "a9".parse().unwrap();
    let orphan = events::append(&mut tx, &[(&gone, &event(1))]).await;
    assert!(orphan.unwrap_err().is_orphan());
}

#[rstest]
#[tokio::test]
async fn a_log_goes_an_hour_after_the_end_and_the_text_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (thread, _, answer) = running(&test.db).await;
    let id = &answer.message.id;
    let mut tx = test.db.begin().await.unwrap();
    events::append(&mut tx, &[(id, &event(1))]).await.unwrap();
    tx.commit().await.unwrap();
    let much_later = Timestamp(i64::MAX);
    assert!(
        !events::collect(&test.db, much_later).await.unwrap(),
        "not while it runs"
    );
    assert!(end(&test.db, &answer, "1").await);
    let due = ENDED.plus_ms(answers::LOG_MS);
    assert!(!events::collect(&test.db, due.plus_ms(-1)).await.unwrap());
    assert_eq!(events::after(&test.db, id, 0, 9).await.unwrap().len(), 1);
    assert!(events::collect(&test.db, due).await.unwrap());
    assert!(!events::collect(&test.db, due).await.unwrap(), "once");
    assert_eq!(events::after(&test.db, id, 0, 9).await.unwrap(), []);
    let ada = "ada".parse().unwrap();
    let stored = messages::get(&test.db, &ada, &thread.id, id).await.unwrap();
    assert_eq!(stored.unwrap().message.content, "1");
}

#[rstest]
#[tokio::test]
async fn an_answer_that_ended_never_changes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    assert!(end(&test.db, &answer, "first").await);
    assert!(!end(&test.db, &answer, "second").await);
    let forced = "UPDATE messages SET content = 'forged' WHERE id = 'a1'";
    let refused = match &test.db {
        Db::Sqlite { write, .. } => sqlx::query(forced).execute(write).await.is_err(),
        Db::Postgres(pool) => sqlx::query(forced).execute(pool).await.is_err(),
    };
    assert!(refused, "the schema itself refuses");
}

#[rstest]
#[tokio::test]
async fn outcome_and_cost_come_back_as_they_were_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (thread, _, answer) = running(&test.db).await;
    let ended = Message {
        status: MessageStatus::Stopped,
        content: "text \u{1f468}\u{200d}\u{1f469}".to_owned(),
        reasoning: Some("hm".to_owned()),
        finish_reason: Some(FinishReason::ContentFilter),
        usage: Some(Usage {
            input_tokens: 12,
            output_tokens: 30,
            reasoning_tokens: 9,
            total_tokens: 42,
            cost: Some(0.000_123_456),
            estimated: true,
        }),
        timing: Some(Timing {
            ttft_ms: Some(7),
            thought_ms: Some(5),
            duration_ms: 99,
        }),
        ..answer.message.clone()
    };
    let mut tx = test.db.begin().await.unwrap();
    assert!(
        answers::finish(&mut tx, &ended, ME, 1, ENDED)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let ada = "ada".parse().unwrap();
    let stored = messages::get(&test.db, &ada, &thread.id, &ended.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.message, ended);
    assert!(
        messages::get(&test.db, &"bob".parse().unwrap(), &thread.id, &ended.id)
            .await
            .unwrap()
            .is_none()
    );
}

#[rstest]
#[tokio::test]
async fn one_branch_is_shown_and_another_can_be_chosen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (thread, q1, a1) = running(&test.db).await;
    end(&test.db, &a1, "one").await;
    let q2 = message(&thread, "q2", Some(&a1), Role::User);
    let mut tx = test.db.begin().await.unwrap();
    insert(&mut tx, &q2).await;
    // Another answer to the first question.
    let mut b1 = message(&thread, "b1", Some(&q1), Role::Assistant);
    b1.message.created_at = Timestamp(2);
    messages::show_up_to(&mut tx, &thread.id, Some(&q1.message.id))
        .await
        .unwrap();
    insert(&mut tx, &b1).await;
    assert_eq!(
        messages::count_running(&mut tx, &"ada".parse().unwrap(), &thread.id)
            .await
            .unwrap()
            .tip,
        Some(Spot::from(&b1))
    );
    let ids: Vec<MessageId> = messages::siblings(&mut tx, &b1).await.unwrap();
    assert_eq!(ids, [a1.message.id.clone(), b1.message.id.clone()]);
    tx.commit().await.unwrap();
    assert_eq!(shown(&test.db, &thread).await, ["q1", "b1"]);
    let newest = messages::newest(&test.db, &thread.id, i64::MAX, 1)
        .await
        .unwrap();
    assert_eq!(newest[0].sibling, (2, 2));
    let mut tx = test.db.begin().await.unwrap();
    messages::show_through(&mut tx, &a1.message.id)
        .await
        .unwrap();
    let said = messages::said(&mut tx, &thread.id, 3).await.unwrap();
    assert_eq!(
        said.iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>(),
        ["question q1", "one", "question q2"]
    );
    tx.commit().await.unwrap();
    assert_eq!(shown(&test.db, &thread).await, ["q1", "a1", "q2"]);
}

#[rstest]
#[tokio::test]
async fn an_orphan_is_adopted_once_and_only_after_its_lease(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    let id = &answer.message.id;
    assert!(
        answers::orphans(&test.db, Timestamp(100))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        answers::orphans(&test.db, Timestamp(101)).await.unwrap(),
        std::slice::from_ref(id)
    );
    for (owner, answers, until) in [
        (ME, vec![id.clone()], 200),
        (ME, Vec::new(), 300),
        ("process-2", vec![id.clone()], 300),
    ] {
        answers::renew_leases(&test.db, owner, &answers, Timestamp(until))
            .await
            .unwrap();
    }
    let mut tx = test.db.begin().await.unwrap();
    assert!(
        answers::adopt(&mut tx, id, "process-2", Timestamp(150))
            .await
            .unwrap()
            .is_none()
    );
    let (adopted, epoch) = answers::adopt(&mut tx, id, ME, Timestamp(201))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&adopted.id, epoch), (id, 2));
    for (epoch, ends) in [(1, false), (2, true)] {
        assert_eq!(
            answers::finish(&mut tx, &answer.message, ME, epoch, ENDED)
                .await
                .unwrap(),
            ends,
            "even the same process is another owner in a later epoch"
        );
    }
}

#[rstest]
#[tokio::test]
async fn a_stop_is_seen_by_the_owner_and_refused_after_the_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (_, _, answer) = running(&test.db).await;
    let id = &answer.message.id;
    assert!(answers::stops_for(&test.db, ME).await.unwrap().is_empty());
    assert!(
        answers::request_stop(&test.db, id, Timestamp(5))
            .await
            .unwrap()
    );
    assert_eq!(
        answers::stops_for(&test.db, ME).await.unwrap(),
        std::slice::from_ref(id)
    );
    end(&test.db, &answer, "").await;
    assert!(
        !answers::request_stop(&test.db, id, Timestamp(6))
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn a_claim_is_made_once_a_person(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let test = TestDb::new(engine).await;
    let (thread, _, answer) = running(&test.db).await;
    let bob = person(&test.db, "bob").await;
    let (ada, name) = ("ada".parse().unwrap(), "r1".parse().unwrap());
    let id = &answer.message.id;
    let mut tx = test.db.begin().await.unwrap();
    assert!(
        events::claim(&mut tx, &ada, &name, "hash", &thread.id, id, Timestamp(1))
            .await
            .unwrap()
    );
    assert!(
        !events::claim(&mut tx, &ada, &name, "other", &thread.id, id, Timestamp(2))
            .await
            .unwrap()
    );
    assert!(
        events::claim(
            &mut tx,
            &bob.id,
            &name,
            "hash",
            &thread.id,
            id,
            Timestamp(3)
        )
        .await
        .unwrap()
    );
    tx.commit().await.unwrap();
    assert_eq!(
        events::claimed(&test.db, &ada, &name)
            .await
            .unwrap()
            .unwrap()
            .payload_hash,
        "hash"
    );
    assert!(
        events::claimed(&test.db, &ada, &"r2".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
}
