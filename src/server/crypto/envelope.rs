//! The sealed form of a stored credential.
//!
//! `0x01 format | 0x01 AES-256-GCM | master key id, u32 | nonce 12 | wrapped data key 32+16 | nonce 12 | ciphertext, tag 16`
//!
//! Every record has its own random data key, so each data key encrypts once. Both layers authenticate the record that
//! the blob belongs to ([`Binding`]): a blob that was moved to another row, user, provider or origin does not open.

use super::mac::{hex, mac};
use super::secret::Secret;
use crate::server::clock::Env;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The version of the layout above.
const FORMAT: u8 = 1;
/// AES-256-GCM, 96-bit nonce, 128-bit tag, both layers.
const ALGORITHM: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY: usize = 32;
/// What comes before the data layer.
const HEAD: usize = 6;
const WRAP: usize = NONCE + KEY + TAG;

/// Why a value was not sealed or does not open. Says nothing about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A keyring of nothing.
    #[error("there is no master key")]
    NoMasterKey,
    /// Two master keys with one id.
    #[error("two master keys have the id {0}")]
    DuplicateMasterKey(u32),
    /// The bytes are no blob of ours.
    #[error("the sealed value is malformed")]
    Malformed,
    /// A layout or an algorithm that this version does not know.
    #[error("the sealed value has an unknown format")]
    UnknownFormat,
    /// Sealed under a master key that is not in the keyring.
    #[error("master key {0} is missing")]
    UnknownMasterKey(u32),
    /// Nothing may be sealed under the active master key any more.
    #[error("master key {0} is retired or worn out, and it is the active one")]
    RetiredMasterKey(u32),
    /// Changed, moved to another record, or sealed under another key of the same id.
    #[error("the sealed value does not authenticate")]
    Refused,
}

/// The record that a blob belongs to. Any other record refuses it.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The installation.
    pub instance: &'a str,
    /// The record's id.
    pub row: &'a str,
    /// Its owner's id.
    pub user: &'a str,
    /// The provider's id.
    pub provider: &'a str,
    /// Where the credential may be sent: `scheme://host:port`.
    pub origin: &'a str,
    /// Counts the replacements of the credential.
    pub version: i64,
}

/// The two uses of a binding; neither can stand for the other.
#[derive(Clone, Copy)]
enum Layer {
    /// A data key under the master key with this id.
    Wrap(u32),
    /// The credential under the data key. The master key is left out, so that a rewrap does not touch it: the wrap
    /// layer vouches for the data key.
    Data,
}

impl Binding<'_> {
    fn aad(&self, layer: Layer) -> Vec<u8> {
        let (layer, master) = match layer {
            Layer::Wrap(id) => ([1], id.to_be_bytes().to_vec()),
            Layer::Data => ([2], Vec::new()),
        };
        let version = self.version.to_be_bytes();
        let texts = [
            self.instance,
            self.row,
            self.user,
            self.provider,
            self.origin,
        ]
        .map(str::as_bytes);
        let parts = [b"pk/v1", &layer[..]]
            .into_iter()
            .chain(texts)
            .chain([&version[..], &master]);
        parts.fold(Vec::new(), |mut aad, part| {
            aad.extend((part.len() as u64).to_be_bytes());
            aad.extend(part);
            aad
        })
    }
}

/// One master key, as the sub-keys that are made of it.
struct MasterKey {
    id: u32,
    wrap: Zeroizing<[u8; KEY]>,
    fingerprint: Zeroizing<[u8; KEY]>,
    check: String,
}

impl MasterKey {
    fn new(id: u32, bytes: &[u8; KEY]) -> Result<Self, CryptoError> {
        let hkdf = Hkdf::<Sha256>::new(None, bytes);
        let derive = |label: &str| {
            let mut key = Zeroizing::new([0; KEY]);
            // Fails only for more than 255 blocks.
            hkdf.expand(label.as_bytes(), &mut *key)
                .map_err(|_| CryptoError::Malformed)?;
            Ok(key)
        };
        let check = hex(derive("keylm/v1/check")?.iter().take(16));
        Ok(Self {
            id,
            wrap: derive("keylm/v1/wrap")?,
            fingerprint: derive("keylm/v1/fingerprint")?,
            check,
        })
    }
}

/// The master keys. The first one seals, every one opens.
pub struct Keyring {
    active: MasterKey,
    older: Vec<MasterKey>,
}

impl Keyring {
    /// A keyring of `(id, key)` pairs, the active one first.
    ///
    /// # Errors
    /// `NoMasterKey` when empty, `DuplicateMasterKey`.
    pub fn new(keys: Vec<(u32, [u8; KEY])>) -> Result<Self, CryptoError> {
        let keys = Zeroizing::new(keys);
        let mut masters: Vec<MasterKey> = Vec::with_capacity(keys.len());
        for (id, bytes) in keys.iter() {
            if masters.iter().any(|known| known.id == *id) {
                return Err(CryptoError::DuplicateMasterKey(*id));
            }
            masters.push(MasterKey::new(*id, bytes)?);
        }
        let mut masters = masters.into_iter();
        let active = masters.next().ok_or(CryptoError::NoMasterKey)?;
        Ok(Self {
            active,
            older: masters.collect(),
        })
    }

    /// The id of the key that seals.
    #[must_use]
    pub const fn active_id(&self) -> u32 {
        self.active.id
    }

    /// The ids of all keys, the active one first.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.masters().map(|master| master.id).collect()
    }

    /// 32 hexadecimal digits that show, without a blob, whether a key is the one of the last start. `None` for an id
    /// that is not here.
    #[must_use]
    pub fn check_value(&self, id: u32) -> Option<String> {
        self.master(id).map(|master| master.check.clone()).ok()
    }

    /// Seals `plaintext` for the record `aad`, under a data key of its own and the active master key.
    ///
    /// # Errors
    /// `Refused` when the plaintext is larger than AES-GCM takes (64 GiB).
    pub fn seal(
        &self,
        env: &Env,
        aad: &Binding<'_>,
        plaintext: &Secret,
    ) -> Result<Vec<u8>, CryptoError> {
        let key = Zeroizing::new(env.random::<KEY>());
        let mut blob = self.wrap(env, aad, &key)?;
        blob.extend(encrypt(
            env,
            &key,
            &aad.aad(Layer::Data),
            plaintext.expose().as_bytes(),
        )?);
        Ok(blob)
    }

    /// Opens a blob of the record `aad`.
    ///
    /// # Errors
    /// A [`CryptoError`] for everything but the very blob that was sealed for this record.
    pub fn open(&self, aad: &Binding<'_>, blob: &[u8]) -> Result<Secret, CryptoError> {
        let parts = Parts::read(blob)?;
        let key = self.unwrap(aad, &parts)?;
        let plaintext = decrypt(&key, &aad.aad(Layer::Data), parts.data)?;
        let text = String::from_utf8(plaintext).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            CryptoError::Malformed
        })?;
        Ok(Secret::new(text))
    }

    /// The same blob with its data key under the active master key. The credential stays sealed.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn rewrap(
        &self,
        env: &Env,
        aad: &Binding<'_>,
        blob: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let parts = Parts::read(blob)?;
        let key = self.unwrap(aad, &parts)?;
        let mut blob = self.wrap(env, aad, &key)?;
        blob.extend(parts.data);
        Ok(blob)
    }

    /// 32 hexadecimal digits that are equal for equal credentials of one provider: how a duplicate is noticed without
    /// opening anything. Made with the active master key.
    #[must_use]
    pub fn fingerprint(&self, provider: &str, plaintext: &Secret) -> String {
        self.active.print(provider, plaintext)
    }

    /// The fingerprints under every key of the ring, for finding a record that was made before a rotation.
    #[must_use]
    pub fn fingerprints(&self, provider: &str, plaintext: &Secret) -> Vec<String> {
        self.masters()
            .map(|master| master.print(provider, plaintext))
            .collect()
    }

    fn masters(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.active).chain(&self.older)
    }

    fn master(&self, id: u32) -> Result<&MasterKey, CryptoError> {
        self.masters()
            .find(|master| master.id == id)
            .ok_or(CryptoError::UnknownMasterKey(id))
    }

    /// Everything before the data layer.
    fn wrap(&self, env: &Env, aad: &Binding<'_>, key: &[u8; KEY]) -> Result<Vec<u8>, CryptoError> {
        let id = self.active.id;
        let mut blob = vec![FORMAT, ALGORITHM];
        blob.extend(id.to_be_bytes());
        blob.extend(encrypt(
            env,
            &self.active.wrap,
            &aad.aad(Layer::Wrap(id)),
            key,
        )?);
        Ok(blob)
    }

    fn unwrap(
        &self,
        aad: &Binding<'_>,
        parts: &Parts<'_>,
    ) -> Result<Zeroizing<[u8; KEY]>, CryptoError> {
        let master = self.master(parts.master)?;
        let bytes = Zeroizing::new(decrypt(
            &master.wrap,
            &aad.aad(Layer::Wrap(parts.master)),
            parts.wrapped,
        )?);
        <[u8; KEY]>::try_from(bytes.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| CryptoError::Malformed)
    }
}

impl MasterKey {
    fn print(&self, provider: &str, plaintext: &Secret) -> String {
        let mac = mac(
            &*self.fingerprint,
            "fingerprint/v1",
            &[provider.as_bytes(), plaintext.expose().as_bytes()],
        );
        hex(mac.iter().take(16))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("ids", &self.ids())
            .finish_non_exhaustive()
    }
}

/// The id of the master key that a blob was sealed under.
///
/// # Errors
/// `Malformed` or `UnknownFormat`.
pub fn master_key_id(blob: &[u8]) -> Result<u32, CryptoError> {
    Parts::read(blob).map(|parts| parts.master)
}

/// The blob as the database has it: `v1.<master key id>.<base64>`.
///
/// # Errors
/// `Malformed` or `UnknownFormat` when it is no blob.
pub fn encode(blob: &[u8]) -> Result<String, CryptoError> {
    Ok(format!(
        "v{FORMAT}.{}.{}",
        master_key_id(blob)?,
        STANDARD.encode(blob)
    ))
}

/// The blob of what [`encode`] made. Takes no other spelling of it.
///
/// # Errors
/// `Malformed` or `UnknownFormat`.
pub fn decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    let (_, body) = text.rsplit_once('.').ok_or(CryptoError::Malformed)?;
    let blob = STANDARD.decode(body).map_err(|_| CryptoError::Malformed)?;
    if encode(&blob)? == text {
        Ok(blob)
    } else {
        Err(CryptoError::Malformed)
    }
}

/// A blob taken apart, nothing verified yet.
struct Parts<'a> {
    master: u32,
    /// Nonce, wrapped data key, tag.
    wrapped: &'a [u8],
    /// Nonce, ciphertext, tag.
    data: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(blob: &'a [u8]) -> Result<Self, CryptoError> {
        let (head, rest) = blob
            .split_first_chunk::<HEAD>()
            .ok_or(CryptoError::Malformed)?;
        let [format, algorithm, master @ ..] = *head;
        if (format, algorithm) != (FORMAT, ALGORITHM) {
            return Err(CryptoError::UnknownFormat);
        }
        let (wrapped, data) = rest.split_at_checked(WRAP).ok_or(CryptoError::Malformed)?;
        if data.len() < NONCE + TAG {
            return Err(CryptoError::Malformed);
        }
        Ok(Self {
            master: u32::from_be_bytes(master),
            wrapped,
            data,
        })
    }
}

/// Nonce, ciphertext, tag.
fn encrypt(env: &Env, key: &[u8; KEY], aad: &[u8], msg: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let nonce: [u8; NONCE] = env.random();
    let cipher = Aes256Gcm::new(key.into());
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), Payload { msg, aad })
        .map_err(|_| CryptoError::Refused)?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &[u8; KEY], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (nonce, msg) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(CryptoError::Malformed)?;
    let cipher = Aes256Gcm::new(key.into());
    cipher
        .decrypt(&Nonce::from(*nonce), Payload { msg, aad })
        .map_err(|_| CryptoError::Refused)
}

#[cfg(test)]
mod tests;
