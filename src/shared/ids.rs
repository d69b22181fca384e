//! Ids as types, so that a thread's id cannot stand where a message's belongs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A string that is no id: empty, too long, or with characters that an id never has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct BadId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let allowed: fn(char) -> bool = $ok;
                if text.is_empty() || text.len() > $max || !text.chars().all(allowed) {
                    return Err(BadId);
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

const fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

id!(/// A person with an account. UUIDv7.
    UserId, 64, plain);
id!(/// A conversation. UUIDv7.
    ThreadId, 64, plain);
id!(/// One message of a conversation. UUIDv7.
    MessageId, 64, plain);
id!(/// A stored provider credential. UUIDv7.
    KeyId, 64, plain);
id!(/// What a client made up to name one send, so that a repeated send is the same send.
    ClientRequestId, 128, |c| c.is_ascii_graphic());
id!(/// A provider's id as in `docs` and URLs: `openai`, `anthropic`, `gemini`, …
    ProviderId, 32, plain);
id!(/// A model's id as its provider spells it; slashes, dots and colons occur.
    ModelId, 256, |c| !c.is_control());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_when_empty_long_or_odd() {
        assert!("".parse::<ThreadId>().is_err());
        assert!("a b".parse::<ThreadId>().is_err());
        assert!("x".repeat(65).parse::<ThreadId>().is_err());
        assert!("0192-abc".parse::<ThreadId>().is_ok());
        assert!("models/x:y@z".parse::<ModelId>().is_ok());
        assert!("two\nlines".parse::<ModelId>().is_err());
    }
}
