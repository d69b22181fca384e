//! What can go wrong before the first byte of an answer, in neutral terms. Each dialect spells it in its own file.

use serde_json::Value;

/// A refusal that the provider would send as an error body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// No key at all.
    MissingKey,
    /// A key that is not accepted; holds the key, which the provider may echo masked.
    InvalidKey(String),
    /// A key that is not accepted, and a message that repeats all of it.
    Echo(String),
    /// The key lacks the scope to call anything.
    Unscoped,
    /// The key may chat, but not list the models.
    NoList,
    /// Too many requests; the hint in seconds, where one is given.
    RateLimited(Option<u32>),
    /// The account has no credit left.
    Quota,
    /// Temporarily out of capacity.
    Overloaded,
    /// A fault of the provider.
    Server,
    /// No such model.
    BadModel(String),
    /// The prompt does not fit.
    ContextLength,
    /// The prompt was refused by a filter, as an HTTP error.
    Filtered,
    /// A parameter that this model does not take.
    Unsupported {
        /// The parameter as the caller wrote it.
        param: String,
        /// The whole message.
        message: String,
        /// Whether the error carries its code; OpenAI leaves it out for the sampling parameters.
        coded: bool,
    },
    /// Any other invalid request.
    Bad {
        /// HTTP status.
        status: u16,
        /// The whole message.
        message: String,
        /// The parameter at fault, where the dialect names it.
        param: Option<String>,
        /// The name of the error, where the dialect has one: OpenAI's `code`.
        code: Option<&'static str>,
    },
}

impl Trouble {
    /// An invalid request with nothing but a message.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::Bad {
            status: 400,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// An invalid request that names its parameter and code.
    pub(super) fn param(
        param: impl Into<String>,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self::Bad {
            status: 400,
            message: message.into(),
            param: Some(param.into()),
            code,
        }
    }

    /// The same trouble with status 404.
    pub(super) fn not_found(message: impl Into<String>, code: Option<&'static str>) -> Self {
        Self::Bad {
            status: 404,
            message: message.into(),
            param: None,
            code,
        }
    }
}

/// A trouble in the words of one provider.
pub(super) struct Spelled {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
}

/// Everything that may be answered instead of a script.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deny {
    /// An error body of the provider.
    Trouble(Trouble),
    /// 200 with a web page.
    Html,
    /// 307 to the trap.
    Redirect,
    /// 200 with a small body that unpacks to a large one.
    Bomb,
    /// No answer, ever.
    Hang,
}

impl From<Trouble> for Deny {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}
