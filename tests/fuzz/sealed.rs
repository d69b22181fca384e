//! The sealed form of a credential: what was not sealed for this record, byte for byte, does not open.

use keylm::server::clock::{Env, ManualClock, SeededEntropy};
use keylm::server::crypto::envelope::{Binding, Keyring, decode, encode};
use keylm::server::crypto::secret::Secret;
use keylm::shared::time::Timestamp;
use std::sync::Arc;

const BINDING: Binding<'static> = Binding {
    instance: "instance",
    row: "row",
    user: "user",
    provider: "openai",
    origin: "https://api.openai.com:443",
    version: 3,
};

fn keyring() -> Keyring {
    Keyring::new(vec![(7, [1; 32]), (6, [2; 32])]).expect("a keyring")
}

fn env(seed: u64) -> Env {
    Env::new(
        Arc::new(ManualClock::new(Timestamp(0))),
        Arc::new(SeededEntropy::new(seed)),
    )
}

#[test]
fn any_bytes_are_no_blob_and_a_text_has_one_spelling() {
    let keyring = keyring();
    bolero::check!(name = "envelope")
        .with_iterations(3_000)
        .for_each(|bytes: &[u8]| {
            let framed = [&[1, 1, 0, 0, 0, 7], bytes].concat();
            for blob in [bytes, &framed] {
                assert!(keyring.open(&BINDING, blob).is_err());
                if let Ok(text) = encode(blob) {
                    assert_eq!(decode(&text).as_deref(), Ok(blob));
                }
            }
            let text = String::from_utf8_lossy(bytes);
            if let Ok(blob) = decode(&text) {
                assert_eq!(encode(&blob).as_deref(), Ok(&*text));
            }
        });
}

#[test]
fn a_blob_with_any_change_does_not_open() {
    let keyring = keyring();
    bolero::check!(name = "envelope_changed")
        .with_iterations(2_000)
        .with_type::<(String, u64, u8, u16, u8)>()
        .for_each(|(secret, seed, what, place, with)| {
            let env = env(*seed);
            let blob = keyring
                .seal(&env, &BINDING, &Secret::new(secret.clone()))
                .expect("a blob");
            let opened = keyring
                .open(&BINDING, &blob)
                .expect("the blob as it was sealed");
            assert_eq!(opened.expose(), secret);

            let mut changed = blob.clone();
            let at = usize::from(*place) % blob.len();
            match what % 6 {
                0 => changed[at] ^= 1 << (with % 8),
                1 => changed.truncate(at),
                2 => changed.push(*with),
                3 => changed.insert(at, *with),
                4 => drop(changed.remove(at)),
                _ => changed.rotate_left(at.max(1)),
            }
            // Beside a twin of the byte that was put in or moved, nothing was changed.
            if changed != blob {
                assert!(keyring.open(&BINDING, &changed).is_err());
                assert!(
                    keyring.rewrap(&env, &BINDING, &changed).is_err()
                        || changed[66..] != blob[66..]
                );
            }
            let other = [
                Binding {
                    instance: secret,
                    ..BINDING
                },
                Binding {
                    row: secret,
                    ..BINDING
                },
                Binding {
                    user: secret,
                    ..BINDING
                },
                Binding {
                    provider: secret,
                    ..BINDING
                },
                Binding {
                    origin: secret,
                    ..BINDING
                },
                Binding {
                    version: i64::from(*place) + 4,
                    ..BINDING
                },
                Binding {
                    row: "rowuser",
                    user: "",
                    ..BINDING
                },
            ];
            for binding in other {
                assert!(keyring.open(&binding, &blob).is_err(), "{binding:?}");
            }

            let text = encode(&blob).expect("text");
            let mut spelled = text.clone().into_bytes();
            let at = usize::from(*place) % spelled.len();
            spelled[at] = *with % 0x80;
            let spelled = String::from_utf8(spelled).expect("ASCII");
            if spelled != text {
                assert!(
                    decode(&spelled)
                        .and_then(|blob| keyring.open(&BINDING, &blob))
                        .is_err(),
                    "{spelled}"
                );
            }
        });
}
