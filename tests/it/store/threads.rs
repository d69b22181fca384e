use super::people::person;
use crate::support::{Engine, TestDb};
use keylm::server::store::{Db, threads};
use keylm::shared::account::User;
use keylm::shared::chat::{ChatSettings, Thread, ThreadStatus};
use keylm::shared::time::Timestamp;
use rstest::rstest;

/// A thread that is not stored yet.
pub fn unsaved(id: &str, at: i64) -> Thread {
    Thread {
        id: id.parse().unwrap(),
        title: format!("About {id}"),
        provider: "openai".parse().unwrap(),
        model: "gpt-6-sol".parse().unwrap(),
        system_prompt: None,
        settings: ChatSettings {
            temperature: Some(0.5),
            ..ChatSettings::default()
        },
        status: ThreadStatus::Active,
        private: false,
        pool_fallback: true,
        pinned: false,
        created_at: Timestamp(at),
        updated_at: Timestamp(at),
    }
}

pub async fn thread(db: &Db, user: &User, id: &str, at: i64) -> Thread {
    let thread = unsaved(id, at);
    let mut tx = db.begin().await.unwrap();
    threads::insert(&mut tx, &user.id, &thread).await.unwrap();
    tx.commit().await.unwrap();
    thread
}

async fn page(db: &Db, user: &User, cursor: Option<(i64, &str)>, limit: i64) -> Vec<String> {
    let found = threads::list(db, &user.id, ThreadStatus::Active, cursor, limit)
        .await
        .unwrap();
    found.iter().map(|thread| thread.id.to_string()).collect()
}

#[rstest]
#[tokio::test]
async fn threads_are_listed_newest_first_and_paged_without_gaps(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    for (id, at) in [("t1", 1), ("t2", 5), ("t3", 5), ("t4", 9)] {
        thread(&test.db, &ada, id, at).await;
    }
    thread(&test.db, &bob, "theirs", 7).await;
    assert_eq!(page(&test.db, &ada, None, 2).await, ["t4", "t3"]);
    assert_eq!(page(&test.db, &ada, Some((5, "t3")), 2).await, ["t2", "t1"]);
    assert!(page(&test.db, &ada, Some((1, "t1")), 2).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_thread_comes_back_as_it_was_stored_and_to_its_owner_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    let mut stored = thread(&test.db, &ada, "t1", 1).await;
    assert_eq!(
        threads::get(&test.db, &ada.id, &stored.id).await.unwrap(),
        Some(stored.clone())
    );
    assert_eq!(
        threads::get(&test.db, &bob.id, &stored.id).await.unwrap(),
        None
    );
    stored.status = ThreadStatus::Archived;
    stored.system_prompt = Some("Be brief.".to_owned());
    threads::update(&test.db, &bob.id, &stored).await.unwrap();
    assert_ne!(
        threads::get(&test.db, &ada.id, &stored.id).await.unwrap(),
        Some(stored.clone())
    );
    threads::update(&test.db, &ada.id, &stored).await.unwrap();
    assert_eq!(
        threads::get(&test.db, &ada.id, &stored.id).await.unwrap(),
        Some(stored.clone())
    );
    assert!(
        page(&test.db, &ada, None, 9).await.is_empty(),
        "archived threads are elsewhere"
    );
    assert!(
        !threads::delete(&test.db, &bob.id, &stored.id)
            .await
            .unwrap()
    );
    assert!(
        threads::delete(&test.db, &ada.id, &stored.id)
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn a_title_that_was_changed_meanwhile_is_not_replaced(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    let stored = thread(&test.db, &ada, "t1", 1).await;
    let retitle = async |user: &User, from, to| {
        threads::retitle(&test.db, &user.id, &stored.id, from, to)
            .await
            .unwrap()
    };
    assert!(!retitle(&bob, "About t1", "Theirs").await);
    assert!(!retitle(&ada, "Another", "New").await);
    assert!(retitle(&ada, "About t1", "New").await);
    let now = threads::get(&test.db, &ada.id, &stored.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((now.title.as_str(), now.updated_at), ("New", Timestamp(1)));
}
