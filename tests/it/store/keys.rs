use super::people::person;
use crate::support::{Engine, TestDb};
use keylm::server::store::provider_keys::{self, Sealed};
use keylm::server::store::{Db, instance, model_cache};
use keylm::shared::account::User;
use keylm::shared::ids::{KeyId, ProviderId};
use keylm::shared::model::ModelList;
use keylm::shared::provider::KeyStatus;
use keylm::shared::tariff::{Tariff, Tariffs};
use keylm::shared::time::Timestamp;
use rstest::rstest;

fn openai() -> ProviderId {
    "openai".parse().unwrap()
}

fn sealed(version: i64, blob: &str) -> Sealed<'_> {
    Sealed {
        origin: "https://api.openai.com",
        mask: "…abcd",
        version,
        kek_id: 1,
        blob,
        status: KeyStatus::Valid,
    }
}

pub async fn key(db: &Db, user: &User, id: &str) -> KeyId {
    let id: KeyId = id.parse().unwrap();
    let mut tx = db.begin().await.unwrap();
    provider_keys::insert(
        &mut tx,
        &user.id,
        &openai(),
        &id,
        "work",
        &sealed(1, "v1.1.blob"),
        Timestamp(5),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn order(db: &Db, user: &User) -> Vec<String> {
    let keys = provider_keys::list(db, &user.id, Some(&openai()))
        .await
        .unwrap();
    keys.iter().map(|key| key.view.id.to_string()).collect()
}

#[rstest]
#[tokio::test]
async fn keys_are_tried_in_the_order_in_which_they_were_added_until_one_is_moved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    for id in ["b", "a", "c"] {
        key(&test.db, &ada, id).await;
    }
    assert_eq!(order(&test.db, &ada).await, ["b", "a", "c"]);
    let mut tx = test.db.begin().await.unwrap();
    provider_keys::reorder(&mut tx, &ada.id, &openai(), &"c".parse().unwrap(), 0)
        .await
        .unwrap();
    provider_keys::reorder(&mut tx, &ada.id, &openai(), &"b".parse().unwrap(), 99)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(order(&test.db, &ada).await, ["c", "a", "b"]);
    let places: Vec<u32> = provider_keys::list(&test.db, &ada.id, None)
        .await
        .unwrap()
        .iter()
        .map(|key| key.view.position)
        .collect();
    assert_eq!(places, [0, 1, 2]);
}

#[rstest]
#[tokio::test]
async fn a_key_is_nobody_elses(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let test = TestDb::new(engine).await;
    let (ada, bob) = (person(&test.db, "ada").await, person(&test.db, "bob").await);
    let id = key(&test.db, &ada, "k").await;
    assert!(
        provider_keys::get(&test.db, &bob.id, &openai(), &id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        !provider_keys::delete(&test.db, &bob.id, &openai(), &id)
            .await
            .unwrap()
    );
    let mut tx = test.db.begin().await.unwrap();
    assert!(
        !provider_keys::replace(
            &mut tx,
            &bob.id,
            &id,
            1,
            "x",
            &sealed(2, "v1.1.theirs"),
            Timestamp(9)
        )
        .await
        .unwrap()
    );
    provider_keys::update(&mut tx, &bob.id, &id, Some("theirs"), Some(false))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let kept = provider_keys::get(&test.db, &ada.id, &openai(), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            kept.view.label.as_str(),
            kept.view.active,
            kept.blob.as_str()
        ),
        ("work", true, "v1.1.blob")
    );
}

#[rstest]
#[tokio::test]
async fn a_replaced_key_keeps_nothing_of_the_old_secret(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let id = key(&test.db, &ada, "k").await;
    let mut tx = test.db.begin().await.unwrap();
    assert!(
        provider_keys::replace(
            &mut tx,
            &ada.id,
            &id,
            1,
            "home",
            &sealed(2, "v1.1.new"),
            Timestamp(9)
        )
        .await
        .unwrap()
    );
    assert!(
        !provider_keys::replace(
            &mut tx,
            &ada.id,
            &id,
            1,
            "late",
            &sealed(2, "v1.1.late"),
            Timestamp(9)
        )
        .await
        .unwrap()
    );
    tx.commit().await.unwrap();
    let kept = provider_keys::get(&test.db, &ada.id, &openai(), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            kept.version,
            kept.blob.as_str(),
            kept.view.last_validated_at
        ),
        (2, "v1.1.new", Some(Timestamp(9)))
    );
    // A late word about the old version does not touch the new one.
    provider_keys::note(&test.db, &id, 1, KeyStatus::Invalid, None, None)
        .await
        .unwrap();
    assert_eq!(
        provider_keys::get(&test.db, &ada.id, &openai(), &id)
            .await
            .unwrap()
            .unwrap()
            .view
            .status,
        KeyStatus::Valid
    );
}

#[rstest]
#[tokio::test]
async fn a_model_list_goes_with_its_key(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let id = key(&test.db, &ada, "k").await;
    let list = ModelList {
        models: Vec::new(),
        key_id: Some(id.clone()),
        fetched_at: Timestamp(1),
        expires_at: Timestamp(2),
        stale: false,
        warning: None,
    };
    let tariffs = Tariffs::from([("m".parse().unwrap(), Tariff::default())]);
    model_cache::put(&test.db, &ada.id, &openai(), &id, &list, &tariffs, &[])
        .await
        .unwrap();
    model_cache::put(&test.db, &ada.id, &openai(), &id, &list, &tariffs, &[])
        .await
        .unwrap();
    assert_eq!(
        model_cache::get(&test.db, &ada.id, &id).await.unwrap(),
        Some(list.clone())
    );
    let offer = model_cache::offer(&test.db, &ada.id, &id).await.unwrap();
    assert_eq!(offer.unwrap().1.tariffs, tariffs);
    model_cache::warn(&test.db, &id, "down", Timestamp(7))
        .await
        .unwrap();
    let stale = model_cache::get(&test.db, &ada.id, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stale.stale, stale.warning.as_deref(), stale.expires_at),
        (true, Some("down"), Timestamp(7))
    );
    assert!(
        provider_keys::delete(&test.db, &ada.id, &openai(), &id)
            .await
            .unwrap()
    );
    assert_eq!(
        model_cache::get(&test.db, &ada.id, &id).await.unwrap(),
        None
    );
    assert!(
        model_cache::put(&test.db, &ada.id, &openai(), &id, &list, &tariffs, &[])
            .await
            .unwrap_err()
            .is_orphan()
    );
}

#[rstest]
#[tokio::test]
async fn a_master_key_is_retired_when_it_seals_nothing_and_wraps_nothing_afterwards(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestDb::new(engine).await;
    let ada = person(&test.db, "ada").await;
    let mut tx = test.db.begin().await.unwrap();
    instance::add_master_key(&mut tx, 1, "check", Timestamp(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let wraps = async |check: &str, times: i64| {
        let mut tx = test.db.begin().await.unwrap();
        let may = instance::count_wraps(&mut tx, 1, check, times)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        may
    };
    assert!(wraps("check", 2).await);
    assert!(!wraps("another key of that number", 1).await);
    assert!(
        !wraps("check", instance::MAX_WRAPS - 1).await,
        "it would be worn out"
    );
    assert!(wraps("check", instance::MAX_WRAPS - 2).await);
    let id = key(&test.db, &ada, "a").await;
    let now = Timestamp(9);
    assert_eq!(
        instance::retire_master_key(&test.db, 1, now).await.unwrap(),
        1
    );
    let known = instance::master_keys(&test.db).await.unwrap();
    assert_eq!((known[0].retired_at, known[0].sealed), (None, 1));

    let rows = provider_keys::wrapped_elsewhere(&test.db, 2, "", 9)
        .await
        .unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    let again = async || {
        let mut tx = test.db.begin().await.unwrap();
        let there = provider_keys::rewrap(&mut tx, row, 2, "v1.2.blob")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        there
    };
    assert!(again().await);
    assert!(!again().await, "it was rewrapped already");
    let stored = provider_keys::get(&test.db, &ada.id, &openai(), &id)
        .await
        .unwrap();
    assert_eq!(stored.unwrap().blob, "v1.2.blob");
    assert_eq!(
        instance::retire_master_key(&test.db, 1, now).await.unwrap(),
        0
    );
    assert!(!wraps("check", 0).await);
}
