use super::*;
use crate::server::clock::{SeededEntropy, SystemClock};
use std::collections::HashSet;
use std::sync::Arc;

const BINDING: Binding<'_> = Binding {
    instance: "instance-1",
    row: "row-1",
    user: "user-1",
    provider: "openai",
    origin: "https://api.openai.com:443",
    version: 1,
};

fn env() -> Env {
    Env::new(Arc::new(SystemClock), Arc::new(SeededEntropy::new(7)))
}

fn ring(keys: &[(u32, u8)]) -> Keyring {
    Keyring::new(keys.iter().map(|(id, byte)| (*id, [*byte; KEY])).collect()).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn what_was_sealed_opens_again() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    for text in [
        "",
        "sk-live",
        "ключ\n{\"json\":true}",
        &"long".repeat(20_000),
    ] {
        let blob = ring.seal(&env, &BINDING, &secret(text)).unwrap();
        assert_eq!(ring.open(&BINDING, &blob).unwrap().expose(), text);
        let stored = encode(&blob).unwrap();
        assert!(stored.starts_with("v1.1."), "{stored}");
        assert_eq!(decode(&stored).unwrap(), blob);
    }
}

#[test]
fn a_blob_shows_neither_the_secret_nor_that_two_secrets_are_equal() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    let canary = secret("sk-canary-0123456789");
    let blobs: HashSet<Vec<u8>> = (0..100)
        .map(|_| ring.seal(&env, &BINDING, &canary).unwrap())
        .collect();
    assert_eq!(blobs.len(), 100);
    let bodies: HashSet<&[u8]> = blobs.iter().map(|blob| &blob[HEAD..HEAD + NONCE]).collect();
    assert_eq!(bodies.len(), 100, "a nonce came twice");
    for blob in &blobs {
        assert!(!blob.windows(8).any(|bytes| {
            canary
                .expose()
                .as_bytes()
                .windows(8)
                .any(|part| part == bytes)
        }));
    }
}

/// Threat T2: whoever writes the database cannot move a ciphertext to another row, user, provider or origin.
#[test]
fn a_blob_opens_for_its_own_record_only_in_all_64_combinations() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    let blob = ring.seal(&env, &BINDING, &secret("sk-live")).unwrap();
    for fields in 0u32..64 {
        let swapped = |bit: u32| fields & (1 << bit) != 0;
        let aad = Binding {
            instance: if swapped(0) {
                "instance-2"
            } else {
                BINDING.instance
            },
            row: if swapped(1) { "row-2" } else { BINDING.row },
            user: if swapped(2) { "user-2" } else { BINDING.user },
            provider: if swapped(3) { "groq" } else { BINDING.provider },
            origin: if swapped(4) {
                "https://evil.example:443"
            } else {
                BINDING.origin
            },
            version: if swapped(5) { 2 } else { BINDING.version },
        };
        match fields {
            0 => assert_eq!(ring.open(&aad, &blob).unwrap().expose(), "sk-live"),
            _ => assert_eq!(
                ring.open(&aad, &blob).unwrap_err(),
                CryptoError::Refused,
                "{fields:06b}"
            ),
        }
    }
}

#[test]
fn both_layers_are_bound_and_neither_passes_for_the_other() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    let other = Binding {
        row: "row-2",
        ..BINDING
    };
    let (a, b) = (
        ring.seal(&env, &BINDING, &secret("a")).unwrap(),
        ring.seal(&env, &other, &secret("b")).unwrap(),
    );
    let (head, tail) = (&a[..HEAD + WRAP], &b[HEAD + WRAP..]);
    let crossed = [head, tail].concat();
    assert_eq!(
        ring.open(&BINDING, &crossed).unwrap_err(),
        CryptoError::Refused
    );
    assert_eq!(
        ring.open(&other, &crossed).unwrap_err(),
        CryptoError::Refused
    );
    assert_ne!(BINDING.aad(Layer::Wrap(1)), BINDING.aad(Layer::Data));
    assert_ne!(BINDING.aad(Layer::Wrap(1)), BINDING.aad(Layer::Wrap(2)));
}

#[test]
fn the_fields_of_a_binding_cannot_slide_into_each_other() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    let blob = ring
        .seal(
            &env,
            &Binding {
                row: "ab",
                user: "c",
                ..BINDING
            },
            &secret("x"),
        )
        .unwrap();
    let slid = Binding {
        row: "a",
        user: "bc",
        ..BINDING
    };
    assert_eq!(ring.open(&slid, &blob).unwrap_err(), CryptoError::Refused);
}

/// Threat T3, first half.
#[test]
fn every_flipped_bit_is_noticed() {
    let (ring, env) = (ring(&[(1, 9), (2, 8), (3, 7)]), env());
    let blob = ring
        .seal(&env, &BINDING, &secret("sk-live-0123456789"))
        .unwrap();
    for byte in 0..blob.len() {
        for bit in 0..8 {
            let mut changed = blob.clone();
            changed[byte] ^= 1 << bit;
            let error = ring.open(&BINDING, &changed).unwrap_err();
            match byte {
                0 | 1 => assert_eq!(error, CryptoError::UnknownFormat),
                2..HEAD => assert!(matches!(
                    error,
                    CryptoError::UnknownMasterKey(_) | CryptoError::Refused
                )),
                _ => assert_eq!(error, CryptoError::Refused, "byte {byte} bit {bit}"),
            }
        }
    }
}

/// Threat T3, second half.
#[test]
fn every_truncation_and_every_extension_is_noticed() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    let blob = ring
        .seal(&env, &BINDING, &secret("sk-live-0123456789"))
        .unwrap();
    for length in 0..blob.len() {
        assert!(ring.open(&BINDING, &blob[..length]).is_err(), "{length}");
    }
    assert_eq!(
        ring.open(&BINDING, &[&blob[..], &[0]].concat())
            .unwrap_err(),
        CryptoError::Refused
    );
}

#[test]
fn random_bytes_never_open_and_never_panic() {
    let (ring, env) = (ring(&[(1, 9)]), env());
    for length in 0..300 {
        let mut bytes = env.random::<300>()[..length].to_vec();
        assert!(ring.open(&BINDING, &bytes).is_err());
        for (to, from) in bytes.iter_mut().zip([FORMAT, ALGORITHM, 0, 0, 0, 1]) {
            *to = from;
        }
        assert!(ring.open(&BINDING, &bytes).is_err());
        assert!(ring.rewrap(&env, &BINDING, &bytes).is_err());
        assert!(decode(&String::from_utf8_lossy(&bytes)).is_err());
    }
}

#[test]
fn another_master_key_does_not_open_and_says_which_is_missing() {
    let env = env();
    let blob = ring(&[(1, 9)]).seal(&env, &BINDING, &secret("x")).unwrap();
    assert_eq!(
        ring(&[(1, 8)]).open(&BINDING, &blob).unwrap_err(),
        CryptoError::Refused
    );
    assert_eq!(
        ring(&[(2, 9)]).open(&BINDING, &blob).unwrap_err(),
        CryptoError::UnknownMasterKey(1)
    );
    assert_eq!(master_key_id(&blob), Ok(1));
}

#[test]
fn after_a_rotation_old_blobs_open_and_a_rewrap_needs_the_old_key_no_more() {
    let env = env();
    let old = ring(&[(1, 9)])
        .seal(&env, &BINDING, &secret("sk-live"))
        .unwrap();
    let both = ring(&[(2, 8), (1, 9)]);
    assert_eq!((both.active_id(), both.ids()), (2, vec![2, 1]));
    assert_eq!(both.open(&BINDING, &old).unwrap().expose(), "sk-live");
    let new = both.rewrap(&env, &BINDING, &old).unwrap();
    assert_eq!(master_key_id(&new), Ok(2));
    assert_eq!(
        ring(&[(2, 8)]).open(&BINDING, &new).unwrap().expose(),
        "sk-live"
    );
    let other = Binding {
        user: "user-2",
        ..BINDING
    };
    assert_eq!(
        both.rewrap(&env, &other, &old).unwrap_err(),
        CryptoError::Refused
    );
}

#[test]
fn a_keyring_takes_no_two_keys_of_one_id_and_is_never_empty() {
    assert_eq!(Keyring::new(vec![]).unwrap_err(), CryptoError::NoMasterKey);
    assert_eq!(
        Keyring::new(vec![(3, [1; KEY]), (3, [2; KEY])]).unwrap_err(),
        CryptoError::DuplicateMasterKey(3)
    );
}

#[test]
fn a_keyring_prints_its_ids_and_nothing_else() {
    assert_eq!(
        format!("{:?}", ring(&[(2, 8), (1, 9)])),
        "Keyring { ids: [2, 1], .. }"
    );
}

#[test]
fn a_check_value_tells_keys_apart_and_not_their_ids() {
    let value = ring(&[(1, 9)]).check_value(1).unwrap();
    assert_eq!(value.len(), 32);
    assert_eq!(ring(&[(5, 9)]).check_value(5), Some(value.clone()));
    assert_ne!(ring(&[(1, 8)]).check_value(1), Some(value));
    assert_eq!(ring(&[(1, 9)]).check_value(2), None);
}

#[test]
fn a_fingerprint_is_equal_for_equal_keys_of_one_provider_under_one_master_key() {
    let ring1 = ring(&[(1, 9)]);
    let print = ring1.fingerprint("openai", &secret("sk-live"));
    assert_eq!(print.len(), 32);
    assert_eq!(print, ring1.fingerprint("openai", &secret("sk-live")));
    assert_ne!(print, ring1.fingerprint("groq", &secret("sk-live")));
    assert_ne!(print, ring1.fingerprint("openai", &secret("sk-live2")));
    let rotated = ring(&[(2, 8), (1, 9)]);
    assert_ne!(print, rotated.fingerprint("openai", &secret("sk-live")));
    assert!(
        rotated
            .fingerprints("openai", &secret("sk-live"))
            .contains(&print)
    );
}

#[test]
fn the_stored_form_has_one_spelling() {
    let blob = ring(&[(1, 9)])
        .seal(&env(), &BINDING, &secret("x"))
        .unwrap();
    let text = encode(&blob).unwrap();
    let body = text.strip_prefix("v1.1.").unwrap();
    for other in [
        body.to_owned(),
        format!("v2.1.{body}"),
        format!("v1.2.{body}"),
        format!("v1.01.{body}"),
        format!("v1.1.{body}\n"),
        format!(" v1.1.{body}"),
        format!("v1.1.{}", body.trim_end_matches('=')),
        format!("v1.1.{}", &body[4..]),
        format!("v1..{body}"),
        "v1.1.".to_owned(),
        String::new(),
    ] {
        assert!(decode(&other).is_err() || other == text, "{other}");
    }
    assert_eq!(encode(b"not a blob"), Err(CryptoError::UnknownFormat));
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Key, nonce, plaintext, associated data, ciphertext, tag. From NIST's CAVS file `gcmEncryptExtIV256.rsp`,
/// <https://csrc.nist.gov/Projects/cryptographic-algorithm-validation-program/CAVP-TESTING-BLOCK-CIPHER-MODES>.
const KNOWN: &[(&str, &str, &str, &str, &str, &str)] = &[
    (
        "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
        "516c33929df5a3284ff463d7",
        "",
        "",
        "",
        "bdc1ac884d332457a1d2664f168c76f0",
    ),
    (
        "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223",
        "d79cf22d504cc793c3fb6c8a",
        "",
        "b96baa8c1c75a671bfb2d08d06be5f36",
        "",
        "3e5d486aa2e30b22e040b85723a06e76",
    ),
    (
        "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
        "0d18e06c7c725ac9e362e1ce",
        "2db5168e932556f8089a0622981d017d",
        "",
        "fa4362189661d163fcd6a56d8bf0405a",
        "d636ac1bbedd5cc3ee727dc2ab4a9489",
    ),
    (
        "83688deb4af8007f9b713b47cfa6c73e35ea7a3aa4ecdb414dded03bf7a0fd3a",
        "0b459724904e010a46901cf3",
        "33d893a2114ce06fc15d55e454cf90c3",
        "794a14ccd178c8ebfd1379dc704c5e208f9d8424",
        "cc66bee423e3fcd4c0865715e9586696",
        "0fb291bd3dba94a1dfd8b286cfb97ac5",
    ),
    (
        "5f671466378f470ba5f5160e2209f3d95a48b7e560625d5a08654414de23aee2",
        "6b3c08a663d04132243dd96c",
        "c428592d9f8a7f107ec4d0df05",
        "12965559c31d538f937bda6eee9c93b0387318dc5d9496fb1c3a0b9b978dbfebff2a5823974ee9d679834dbe59f7ec51",
        "1d8d7fe4357080c817303ce19c",
        "e88d6b566fdc7b4fd62106bd2eb806ec",
    ),
    (
        "1fded32d5999de4a76e0f8082108823aef60417e1896cf4218a2fa90f632ec8a",
        "1f3afa4711e9474f32e70462",
        "06b2c75853df9aeb17befd33cea81c630b0fc53667ff45199c629c8e15dce41e530aa792f796b8138eeab2e86c7b7bee1d40b0",
        "",
        "91fbd061ddc5a7fcc9513fcdfdc9c3a7c5d4d64cedf6a9c24ab8a77c36eefbf1c5dc00bc50121b96456c8cd8b6ff1f8b3e480f",
        "30096d340f3d5c42d82a6f475def23eb",
    ),
    (
        "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
        "b08a5ea1927499c6ecbfd4e0",
        "9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638fb81ca52b49dc41",
        "e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d",
        "2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a5c198d7878fd3f",
        "adbecdb0d5c2224d804d2886ff9a5760",
    ),
    (
        "ff9506b4d46ba54128876fadfcc673a4c927c618ea7d95cfcaa508cbc8f7fc66",
        "3742ad2208a0484345eee1be",
        "7fd0d6cadc92cad27bb2d7d8c8",
        "f1360a27fdc244be8739d85af6491c762a693aafe668c449515fdeeedb6a90aeee3891bbc8b69adc6a6426cb12fcdebc32c9f58c5259d128b91efa28620a3a9a0168b0ff5e76951cb41647ba4aa1f87fac0d97ac580e42cffc7e",
        "bdb8346b28eb4d7226493611a6",
        "7484d827b767647f44c7f94a39f8175c",
    ),
];

#[test]
fn the_cipher_gives_the_answers_that_nist_knows() {
    for (key, nonce, plaintext, aad, ciphertext, tag) in KNOWN {
        let key: [u8; KEY] = bytes(key).try_into().unwrap();
        let (plaintext, aad) = (bytes(plaintext), bytes(aad));
        let sealed = [bytes(nonce), bytes(ciphertext), bytes(tag)].concat();
        assert_eq!(decrypt(&key, &aad, &sealed).unwrap(), plaintext);
        let mut forged = sealed.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(decrypt(&key, &aad, &forged), Err(CryptoError::Refused));
        let nonce: [u8; NONCE] = bytes(nonce).try_into().unwrap();
        let again = encrypt(
            &Env::new(Arc::new(SystemClock), Arc::new(Fixed(nonce))),
            &key,
            &aad,
            &plaintext,
        )
        .unwrap();
        assert_eq!(again, sealed);
    }
}

/// Gives these bytes and no others.
struct Fixed([u8; NONCE]);

impl crate::server::clock::Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }
}
