//! HMAC-SHA256 over labelled, length-prefixed parts: no two inputs of this crate can be each other's.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use zeroize::Zeroizing;

/// The bytes of SHA-256's block, which is what HMAC pads keys to (RFC 2104 §2).
const BLOCK: usize = 64;

/// The MAC of `parts` for the purpose called `label`.
pub fn mac(key: &[u8], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    if key.len() > BLOCK {
        *block = [0; BLOCK];
        for (to, from) in block.iter_mut().zip(Sha256::digest(key)) {
            *to = from;
        }
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in [label.as_bytes()].iter().chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal.
pub fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(key: &[u8], message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    #[test]
    fn it_is_hmac_sha256_for_keys_of_every_length() {
        for length in [0, 1, 31, 32, 63, 64, 65, 200] {
            let key = vec![7; length];
            let message = [
                &5u64.to_be_bytes()[..],
                b"label",
                &2u64.to_be_bytes(),
                b"ab",
            ]
            .concat();
            assert_eq!(
                mac(&key, "label", &[b"ab"]),
                reference(&key, &message),
                "{length}"
            );
        }
    }

    #[test]
    fn parts_cannot_slide_into_each_other() {
        assert_ne!(
            mac(b"k", "l", &[b"ab", b"c"]),
            mac(b"k", "l", &[b"a", b"bc"])
        );
        assert_ne!(mac(b"k", "l", &[b"ab"]), mac(b"k", "la", &[b"b"]));
    }

    #[test]
    fn hex_is_lower_case_and_padded() {
        assert_eq!(hex(&[0, 0x0f, 0xab]), "000fab");
    }
}
