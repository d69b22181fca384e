use super::people::person;
use super::threads::unsaved;
use crate::support::{Engine, TestDb};
use keylm::server::store::{Db, favourites, threads, users};
use keylm::shared::account::User;
use keylm::shared::chat::{Thread, ThreadStatus};
use keylm::shared::model::Choice;
use keylm::shared::time::Timestamp;
use rstest::rstest;

fn choice(name: &str) -> Choice {
    name.parse().unwrap()
}

async fn mark(db: &Db, user: &User, name: &str, at: i64) {
    favourites::add(db, &user.id, &choice(name), Timestamp(at))
        .await
        .unwrap();
}

async fn marked(db: &Db, user: &User) -> Vec<String> {
    let found = favourites::list(db, &user.id).await.unwrap();
    found.iter().map(Choice::to_string).collect()
}

#[rstest]
#[tokio::test]
async fn favourites_are_a_persons_own_and_the_last_one_comes_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    mark(&test.db, &ada, "openai/gpt", 1).await;
    mark(&test.db, &ada, "openrouter/meta/llama:free", 2).await;
    mark(&test.db, &ada, "openai/gpt", 3).await;
    mark(&test.db, &bob, "openai/gpt", 4).await;
    let both = ["openrouter/meta/llama:free", "openai/gpt"];
    assert_eq!(marked(&test.db, &ada).await, both, "twice is once");
    favourites::remove(&test.db, &ada.id, &choice("openai/gpt"))
        .await
        .unwrap();
    assert_eq!(marked(&test.db, &ada).await, both[..1]);
    assert_eq!(marked(&test.db, &bob).await, ["openai/gpt"]);
    users::delete(&test.db, &bob.id).await.unwrap();
    assert!(marked(&test.db, &bob).await.is_empty(), "gone with them");
    assert_eq!(marked(&test.db, &ada).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn of_one_favourite_too_many_the_oldest_goes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    mark(&test.db, &bob, "openai/m0", 0).await;
    for at in 0..=favourites::MOST {
        mark(&test.db, &ada, &format!("openai/m{at}"), at).await;
    }
    let left = marked(&test.db, &ada).await;
    assert_eq!(left.len(), usize::try_from(favourites::MOST).unwrap());
    assert_eq!(left[0], format!("openai/m{}", favourites::MOST));
    assert_eq!(left.last().unwrap(), "openai/m1");
    // It did not merely stay out of sight.
    favourites::remove(&test.db, &ada.id, &choice("openai/m1"))
        .await
        .unwrap();
    assert_eq!(marked(&test.db, &ada).await.last().unwrap(), "openai/m2");
    assert_eq!(marked(&test.db, &bob).await, ["openai/m0"]);
}

#[rstest]
#[tokio::test]
async fn the_models_of_the_last_chats_come_by_activity_without_those_that_are_put_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    let store = async |user: &User, id: &str, model: &str, at: i64, status: ThreadStatus| {
        let thread = Thread {
            model: model.parse().unwrap(),
            status,
            ..unsaved(id, at)
        };
        let mut tx = test.db.begin().await.unwrap();
        threads::insert(&mut tx, &user.id, &thread).await.unwrap();
        tx.commit().await.unwrap();
    };
    let (active, archived) = (ThreadStatus::Active, ThreadStatus::Archived);
    store(&ada, "t1", "old", 1, active).await;
    store(&ada, "t2", "new", 5, active).await;
    store(&ada, "t3", "new", 3, active).await;
    store(&ada, "t4", "away", 7, archived).await;
    store(&bob, "t5", "theirs", 9, active).await;
    let models = async |limit| {
        let found = threads::models(&test.db, &ada.id, limit).await.unwrap();
        let models: Vec<String> = found
            .iter()
            .map(|choice| choice.model.to_string())
            .collect();
        models
    };
    assert_eq!(models(50).await, ["new", "new", "old"]);
    assert_eq!(models(2).await, ["new", "new"]);
}
