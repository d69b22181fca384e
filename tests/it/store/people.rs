use crate::support::{Engine, TestDb};
use keylm::server::store::{Db, sessions, users};
use keylm::shared::account::User;
use keylm::shared::time::Timestamp;
use rstest::rstest;

pub async fn person(db: &Db, name: &str) -> User {
    let user = User {
        id: name.parse().unwrap(),
        email: format!("{name}@example.org"),
        created_at: Timestamp(1),
    };
    let mut tx = db.begin().await.unwrap();
    users::insert(&mut tx, &user, &user.email, "hash")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    user
}

#[rstest]
#[tokio::test]
async fn an_address_has_one_account(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let twin = User {
        id: "twin".parse().unwrap(),
        ..ada.clone()
    };
    let mut tx = test.db.begin().await.unwrap();
    let error = users::insert(&mut tx, &twin, &twin.email, "hash")
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    drop(tx);
    let (found, hash) = users::by_email(&test.db, &ada.email)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found, hash.as_str()), (ada, "hash"));
    assert!(
        users::by_email(&test.db, "nobody@example.org")
            .await
            .unwrap()
            .is_none()
    );
}

#[rstest]
#[tokio::test]
async fn a_session_lives_until_its_end_or_its_last_use_is_too_long_ago(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let mut tx = test.db.begin().await.unwrap();
    for digest in ["one", "two", "three"] {
        sessions::insert(&mut tx, digest, &ada.id, Timestamp(1000), Timestamp(9000))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let live = async |digest, now, idle_since| {
        sessions::find(&test.db, digest, Timestamp(now), Timestamp(idle_since))
            .await
            .unwrap()
            .is_some()
    };
    assert!(live("one", 2000, 500).await);
    sessions::touch(&test.db, "one", Timestamp(3000))
        .await
        .unwrap();
    assert!(live("one", 4000, 1000).await);
    sessions::delete(&test.db, "one").await.unwrap();
    assert!(!live("one", 4000, 1000).await);
    assert!(!live("two", 9000, 500).await, "ended absolutely");
    assert!(!live("three", 2000, 1000).await, "idle for too long");
    for ended in ["two", "three"] {
        assert!(!live(ended, 2000, 500).await, "whatever the clock says now");
    }
}

#[rstest]
#[tokio::test]
async fn ended_sessions_are_swept_and_live_ones_stay(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let mut tx = test.db.begin().await.unwrap();
    sessions::insert(&mut tx, "old", &ada.id, Timestamp(1), Timestamp(10))
        .await
        .unwrap();
    sessions::insert(&mut tx, "new", &ada.id, Timestamp(1), Timestamp(100))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    sessions::sweep(&test.db, Timestamp(10)).await.unwrap();
    assert!(
        sessions::find(&test.db, "old", Timestamp(2), Timestamp(0))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        sessions::find(&test.db, "new", Timestamp(2), Timestamp(0))
            .await
            .unwrap()
            .is_some()
    );
}

#[rstest]
#[tokio::test]
async fn a_person_goes_with_everything_that_is_theirs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let bob = person(&test.db, "bob").await;
    let thread = super::threads::thread(&test.db, &ada, "t1", 1).await;
    super::keys::key(&test.db, &ada, "k1").await;
    super::keys::key(&test.db, &bob, "k2").await;
    users::delete(&test.db, &ada.id).await.unwrap();
    assert!(
        users::by_email(&test.db, &ada.email)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        keylm::server::store::threads::get(&test.db, &ada.id, &thread.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        keylm::server::store::provider_keys::list(&test.db, &ada.id, None)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        keylm::server::store::provider_keys::list(&test.db, &bob.id, None)
            .await
            .unwrap()
            .len(),
        1
    );
}
