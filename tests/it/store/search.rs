use super::people::person;
use super::threads::{thread, unsaved};
use crate::support::{Engine, TestDb};
use keylm::server::store::answers;
use keylm::server::store::messages::{self, Placed};
use keylm::server::store::words::Words;
use keylm::server::store::{Db, search, threads, users};
use keylm::shared::account::User;
use keylm::shared::chat::{Message, MessageStatus, Role, Thread, ThreadStatus};
use keylm::shared::time::Timestamp;
use rstest::rstest;
use sqlx::migrate::Migrator;

static SHARED: Migrator = sqlx::migrate!("./migrations");

fn question(thread: &Thread, id: &str, depth: i64, content: &str) -> Placed {
    let message = Message {
        id: id.parse().unwrap(),
        thread_id: thread.id.clone(),
        parent_id: None,
        role: Role::User,
        content: content.to_owned(),
        reasoning: None,
        status: MessageStatus::Complete,
        finish_reason: None,
        error: None,
        provider: None,
        model: None,
        key_id: None,
        client_request_id: None,
        usage: None,
        timing: None,
        attempts: Vec::new(),
        created_at: Timestamp(depth),
    };
    Placed {
        message,
        depth,
        key_mask: None,
        key_label: None,
        sibling: (1, 1),
    }
}

async fn say(db: &Db, thread: &Thread, id: &str, content: &str) {
    let mut tx = db.begin().await.unwrap();
    let said = question(thread, id, 1, content);
    messages::insert(&mut tx, &[(&said, None)]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Each thread that was found, with the message.
async fn find(db: &Db, user: &User, typed: &str) -> Vec<String> {
    page(db, user, typed, None, 100).await
}

async fn page(
    db: &Db,
    user: &User,
    typed: &str,
    cursor: Option<(i64, &str)>,
    limit: i64,
) -> Vec<String> {
    let words = Words::of(typed).unwrap();
    search::index_unspaced(db).await.unwrap();
    let found = search::find(db, &user.id, ThreadStatus::Active, &words, cursor, limit)
        .await
        .unwrap();
    let name = |found: search::Found| match found.message {
        Some((id, _)) => format!("{}/{id}", found.thread.id),
        None => found.thread.id.to_string(),
    };
    found.into_iter().map(name).collect()
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    match db {
        Db::Sqlite { read, .. } => sqlx::query_scalar(sql).fetch_one(read).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
    }
}

#[rstest]
#[tokio::test]
async fn a_search_finds_words_in_any_order_case_and_script(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (db, ada) = (&test.db, person(&test.db, "ada").await);
    let t1 = thread(db, &ada, "t1", 1).await;
    let t2 = thread(db, &ada, "t2", 2).await;
    let t3 = thread(db, &ada, "t3", 3).await;
    say(
        db,
        &t1,
        "m1",
        "A Naïve Bayes CLASSIFIER, <b>bold</b>: see https://example.org/locks",
    )
    .await;
    say(db, &t1, "m2", "no words of that").await;
    say(db, &t2, "m3", "東京タワーはiPhoneで撮る。ЙОД Straße ÉTÉ").await;
    say(db, &t3, "m4", "naive only; Vec<String> x86_64 don't 1.5e3").await;
    for (typed, found) in [
        ("bayes naive", vec!["t1/m1"]),
        ("NAÏVE", vec!["t3/m4", "t1/m1"]),
        ("naive", vec!["t3/m4", "t1/m1"]),
        ("bayes only", vec![]),
        ("class", vec!["t1/m1"]),
        ("lassifier", vec![]),
        ("class bayes", vec![]),
        ("bayes class", vec!["t1/m1"]),
        ("bold example locks", vec!["t1/m1"]),
        ("example.org/locks", vec!["t1/m1"]),
        ("example.org/bold", vec![]),
        ("string vec 64", vec!["t3/m4"]),
        ("don't", vec!["t3/m4"]),
        ("1.5e3", vec!["t3/m4"]),
        ("京タ", vec!["t2/m3"]),
        ("タワー 東京", vec!["t2/m3"]),
        ("京ワ", vec![]),
        ("はiphone", vec!["t2/m3"]),
        ("йод straße ete", vec!["t2/m3"]),
        ("about", vec!["t3", "t2", "t1"]),
        ("about t2", vec!["t2"]),
    ] {
        assert_eq!(find(db, &ada, typed).await, found, "{typed}");
    }
}

#[rstest]
#[tokio::test]
async fn only_ones_own_is_found_and_nothing_private_archived_or_deleted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let db = &test.db;
    let (ada, bob) = (person(db, "ada").await, person(db, "bob").await);
    let mut kept = thread(db, &ada, "t1", 1).await;
    let gone = thread(db, &ada, "t2", 2).await;
    let theirs = thread(db, &bob, "t3", 3).await;
    for (thread, id) in [(&kept, "m1"), (&gone, "m2"), (&theirs, "m3")] {
        say(db, thread, id, "a zeppelin").await;
    }
    let private = Thread {
        id: "t4".parse().unwrap(),
        private: true,
        ..kept.clone()
    };
    let mut tx = db.begin().await.unwrap();
    threads::insert(&mut tx, &ada.id, &private).await.unwrap();
    tx.commit().await.unwrap();
    say(db, &private, "m4", "a zeppelin").await;
    assert_eq!(find(db, &ada, "zeppelin").await, ["t2/m2", "t1/m1"]);
    assert_eq!(find(db, &ada, "about t4").await, [""; 0]);
    assert_eq!(find(db, &bob, "zeppelin").await, ["t3/m3"]);
    threads::delete(db, &ada.id, &gone.id).await.unwrap();
    assert_eq!(find(db, &ada, "zeppelin").await, ["t1/m1"]);
    kept.title = "Renamed".to_owned();
    threads::update(db, &ada.id, &kept).await.unwrap();
    assert_eq!(find(db, &ada, "about").await, [""; 0]);
    assert_eq!(find(db, &ada, "renamed").await, ["t1"]);
    kept.status = ThreadStatus::Archived;
    threads::update(db, &ada.id, &kept).await.unwrap();
    assert_eq!(find(db, &ada, "zeppelin").await, [""; 0]);
    users::delete(db, &ada.id).await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM search_entries").await, 2);
    if let Db::Sqlite { .. } = db {
        let words = "SELECT count(*) FROM search_words WHERE search_words MATCH 'owner : \"ada\"'";
        assert_eq!(number(db, words).await, 0);
    }
}

#[rstest]
#[tokio::test]
async fn an_answer_is_found_when_it_has_ended_and_costs_nothing_before(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (db, ada) = (&test.db, person(&test.db, "ada").await);
    let thread = thread(db, &ada, "t1", 1).await;
    let mut answer = question(&thread, "a1", 1, "");
    answer.message.role = Role::Assistant;
    answer.message.status = MessageStatus::Pending;
    let mut tx = db.begin().await.unwrap();
    messages::insert(&mut tx, &[(&answer, Some(("me", Timestamp(9))))])
        .await
        .unwrap();
    answers::begin_streaming(&mut tx, &answer.message.id, "me", 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let entries = "SELECT count(*) FROM search_entries";
    assert_eq!(number(db, entries).await, 1, "the title only");
    answer.message.status = MessageStatus::Stopped;
    answer.message.content = "the end".to_owned();
    let mut tx = db.begin().await.unwrap();
    answers::finish(&mut tx, &answer.message, "me", 1, Timestamp(9))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(number(db, entries).await, 2);
    assert_eq!(find(db, &ada, "end").await, ["t1/a1"]);
}

#[rstest]
#[tokio::test]
async fn what_was_asked_and_the_title_it_gave_are_found_when_the_answer_has_ended_even_without_a_word(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (db, ada) = (&test.db, person(&test.db, "ada").await);
    let mut untitled = thread(db, &ada, "t1", 1).await;
    untitled.id = "t2".parse().unwrap();
    untitled.title = String::new();
    let mut asked = question(&untitled, "q1", 1, "a zeppelin");
    asked.message.client_request_id = Some("r1".parse().unwrap());
    let mut answer = question(&untitled, "a1", 2, "");
    answer.message.role = Role::Assistant;
    answer.message.status = MessageStatus::Pending;
    answer.message.parent_id = Some(asked.message.id.clone());
    let mut tx = db.begin().await.unwrap();
    threads::insert(&mut tx, &ada.id, &untitled).await.unwrap();
    let both = [(&asked, None), (&answer, Some(("me", Timestamp(9))))];
    messages::insert(&mut tx, &both).await.unwrap();
    threads::touch(&mut tx, &untitled.id, Timestamp(9), "An airship")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    if let Db::Sqlite { .. } = db {
        let entries = number(db, "SELECT count(*) FROM search_entries").await;
        assert_eq!(
            entries, 1,
            "nobody waits for the index: the other thread's title"
        );
    }
    answer.message.status = MessageStatus::Failed;
    let mut tx = db.begin().await.unwrap();
    answers::finish(&mut tx, &answer.message, "me", 1, Timestamp(9))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find(db, &ada, "zeppelin").await, ["t2/q1"]);
    assert_eq!(find(db, &ada, "airship").await, ["t2"]);
    let entries = number(db, "SELECT count(*) FROM search_entries").await;
    assert_eq!(entries, 3, "nothing is there twice");
    untitled.title = "Renamed".to_owned();
    threads::update(db, &ada.id, &untitled).await.unwrap();
    assert_eq!(find(db, &ada, "airship").await, [""; 0]);
    assert_eq!(find(db, &ada, "renamed").await, ["t2"]);
}

#[rstest]
#[tokio::test]
async fn what_was_said_before_there_was_a_search_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // As that version wrote it: today's columns are not there yet.
    const OLD: &str = "INSERT INTO threads (id, user_id, title, provider, model, settings, status, private, created_at, updated_at)
        VALUES ('t1', (SELECT id FROM users), 'About t1', 'openai', 'gpt-6-sol', '{}', 'active', FALSE, 1, 1)";
    let test = TestDb::empty(engine).await;
    match &test.db {
        Db::Sqlite { write, .. } => SHARED.run_to(5, write).await.unwrap(),
        Db::Postgres(pool) => SHARED.run_to(5, pool).await.unwrap(),
    }
    let (db, ada) = (&test.db, person(&test.db, "ada").await);
    match db {
        Db::Sqlite { write, .. } => drop(sqlx::raw_sql(OLD).execute(write).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::raw_sql(OLD).execute(pool).await.unwrap()),
    }
    let old = unsaved("t1", 1);
    say(db, &old, "m1", "an old zeppelin").await;
    say(db, &old, "m2", "東京タワー").await;
    db.migrate().await.unwrap();
    assert_eq!(find(db, &ada, "zeppelin").await, ["t1/m1"]);
    assert_eq!(find(db, &ada, "about").await, ["t1"]);
    assert_eq!(find(db, &ada, "京タ").await, ["t1/m2"]);
}

#[tokio::test]
async fn texts_in_scripts_without_blanks_wait_for_the_index_and_the_newest_comes_first() {
    let test = TestDb::new(Engine::Sqlite).await;
    let (db, ada) = (&test.db, person(&test.db, "ada").await);
    let thread = thread(db, &ada, "t1", 1).await;
    for n in 0..40 {
        say(db, &thread, &format!("m{n}"), &format!("第{n}座塔")).await;
    }
    say(db, &thread, "m40", "said in words").await;
    let waiting = "SELECT count(*) FROM search_unspaced";
    assert_eq!(number(db, waiting).await, 40);
    assert_eq!(find(db, &ada, "第39座").await, ["t1/m39"]);
    assert_eq!(number(db, waiting).await, 8);
    assert!(!search::index_unspaced(db).await.unwrap());
    assert_eq!(number(db, waiting).await, 0);
    assert_eq!(find(db, &ada, "第0座").await, ["t1/m0"]);
    say(db, &thread, "m41", "第41座塔").await;
    threads::delete(db, &ada.id, &thread.id).await.unwrap();
    assert_eq!(number(db, waiting).await, 0, "a deleted text does not wait");
}

#[rstest]
#[tokio::test]
async fn a_word_that_is_everywhere_and_its_beginning_are_found_page_by_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let db = &test.db;
    let (ada, bob) = (person(db, "ada").await, person(db, "bob").await);
    let mut said = Vec::new();
    for n in 0..30 {
        let thread = thread(db, &ada, &format!("t{n:02}"), n).await;
        // The newest hit is in the thread whose activity is the oldest.
        let words = if n % 3 == 1 { "nothing" } else { "an engine" };
        said.extend((1..=120).map(|at| question(&thread, &format!("m{n}-{at}"), at, words)));
    }
    said.reverse();
    let theirs = thread(db, &bob, "theirs", 99).await;
    said.push(question(&theirs, "theirs1", 1, "an engine and a rarity"));
    let mut tx = db.begin().await.unwrap();
    messages::copy(&mut tx, &said).await.unwrap();
    tx.commit().await.unwrap();
    let wanted: Vec<String> = (0..30)
        .rev()
        .filter(|n| n % 3 != 1)
        .map(|n| format!("t{n:02}/m{n}-1"))
        .collect();
    for typed in ["ENGINE", "engin", "an eng"] {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let from = cursor
                .as_ref()
                .map(|(at, id): &(i64, String)| (*at, id.as_str()));
            let next = page(db, &ada, typed, from, 7).await;
            let Some(last) = next.last() else { break };
            let id = last.split('/').next().unwrap().to_owned();
            cursor = Some((id[1..].parse().unwrap(), id));
            all.extend(next);
        }
        assert_eq!(all, wanted, "{typed}");
    }
    assert_eq!(find(db, &ada, "engine rarity").await, [""; 0]);
    assert_eq!(find(db, &bob, "engine").await, ["theirs/theirs1"]);
    assert_eq!(
        find(db, &ada, "nothing").await.len(),
        10,
        "a thousand hits are collected"
    );
}

#[rstest]
#[tokio::test]
async fn a_search_reads_indexes_only(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let test = TestDb::new(engine).await;
    for (statement, query) in search::statements(&test.db) {
        let sql: &'static str = Box::leak(
            match engine {
                Engine::Sqlite => format!("EXPLAIN QUERY PLAN {statement}"),
                Engine::Postgres => format!("EXPLAIN {statement}"),
            }
            .into_boxed_str(),
        );
        let binds = |many: bool| {
            if many {
                vec!["u1", "active", "9", "x", "5", query]
            } else {
                vec![query, "5"]
            }
        };
        let plan: Vec<String> = match &test.db {
            Db::Sqlite { read, .. } => {
                let mut ask = sqlx::query_as::<_, (i64, i64, i64, String)>(sql);
                for bind in binds(statement.contains("$6")) {
                    ask = ask.bind(bind);
                }
                let rows = ask.fetch_all(read).await.unwrap();
                rows.into_iter().map(|row| row.3).collect()
            }
            Db::Postgres(pool) => {
                let mut tx = pool.begin().await.unwrap();
                // Empty tables are read faster without an index.
                sqlx::raw_sql("SET LOCAL enable_seqscan = off")
                    .execute(&mut *tx)
                    .await
                    .unwrap();
                let mut ask = sqlx::query_scalar::<_, String>(sql);
                if statement.contains("$6") {
                    ask = ask
                        .bind("u1")
                        .bind("active")
                        .bind(9i64)
                        .bind("x")
                        .bind(5i64)
                        .bind(query);
                } else {
                    ask = ask.bind(query).bind(5i64);
                }
                ask.fetch_all(&mut *tx).await.unwrap()
            }
        };
        let plan = plan.join("\n");
        println!("{plan}\n");
        let whole = ["SCAN t", "SCAN e", "SCAN m", "SCAN threads", "Seq Scan"];
        assert!(
            !plan.lines().any(|line| whole
                .iter()
                .any(|scan| line.trim() == *scan || line.contains("Seq Scan"))),
            "{plan}"
        );
        let index = if statement.contains("looked") {
            "threads_by_activity"
        } else if let Engine::Sqlite = engine {
            "VIRTUAL TABLE INDEX"
        } else {
            "search_entries_by_word"
        };
        assert!(plan.contains(index), "{plan}");
        // What FTS5 calls from the last to the first.
        assert!(!plan.contains("VIRTUAL TABLE INDEX 192:"), "{plan}");
    }
}

#[tokio::test]
async fn postgres_plans_each_search_for_its_own_words() {
    let test = TestDb::new(Engine::Postgres).await;
    let Db::Postgres(pool) = &test.db else {
        unreachable!()
    };
    let user = person(&test.db, "ada").await;
    for _ in 0..3 {
        find(&test.db, &user, "word").await;
    }
    // Whichever connections answered: each of the pool is looked at.
    let mut looked = Vec::new();
    for _ in 0..pool.size() {
        looked.push(pool.acquire().await.unwrap());
    }
    for connection in &mut looked {
        let kept: Vec<String> = sqlx::query_scalar("SELECT statement FROM pg_prepared_statements")
            .fetch_all(&mut **connection)
            .await
            .unwrap();
        assert!(
            !kept.iter().any(|statement| statement.contains("tsquery")),
            "{kept:?}"
        );
    }
}
