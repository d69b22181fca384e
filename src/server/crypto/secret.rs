//! Text that must not be seen.

use std::fmt;
use zeroize::Zeroizing;

/// A secret in memory: prints as `[secret]`, cannot be serialised, and is wiped when dropped.
///
/// ```compile_fail
/// let secret = keylm::server::crypto::secret::Secret::new("sk-1".to_owned());
/// println!("{secret}");
/// ```
///
/// ```compile_fail
/// let secret = keylm::server::crypto::secret::Secret::new("sk-1".to_owned());
/// serde_json::to_string(&secret);
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one line that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
