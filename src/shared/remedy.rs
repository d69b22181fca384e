//! What trouble is called, and the way out of it.

use super::error::ErrorCode;

/// Where a way out leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the provider's keys.
    Keys,
    /// To the picker of models.
    Models,
    /// To the settings of the chat.
    Settings,
}

impl ErrorCode {
    /// The class of trouble in a few words.
    #[must_use]
    pub const fn headline(self) -> &'static str {
        match self {
            Self::InvalidKey => "The key was refused",
            Self::InsufficientPermission => "The key may not do this",
            Self::NoKey => "No key to answer with",
            Self::KeyUnreadable => "The key cannot be read",
            Self::QuotaExhausted => "Out of credit",
            Self::RateLimited => "Too many requests",
            Self::FreeQuotaExhausted => "The free answers are used up",
            Self::Overloaded => "The provider is overloaded",
            Self::BadModel | Self::ModelUnavailable => "The model is not on offer",
            Self::ContextLength => "The conversation is too long",
            Self::ContentFiltered => "The provider refused to answer",
            Self::UnsupportedParam => "A setting does not fit the model",
            Self::Timeout => "No answer in time",
            Self::Network => "No connection",
            Self::UpstreamTruncated => "The answer broke off",
            Self::SystemCredentials => "Your key did not pay",
            Self::ServerRestart | Self::Draining => "KeyLM was restarted",
            Self::GenerationInProgress => "Still answering",
            _ => "Something went wrong",
        }
    }

    /// The way out beside trying again, and what to call it.
    #[must_use]
    pub const fn remedy(self) -> Option<(Way, &'static str)> {
        match self {
            Self::InvalidKey | Self::KeyUnreadable | Self::SystemCredentials => {
                Some((Way::Keys, "Fix the key"))
            }
            Self::InsufficientPermission | Self::QuotaExhausted => {
                Some((Way::Keys, "Use another key"))
            }
            Self::NoKey | Self::FreeQuotaExhausted => Some((Way::Keys, "Add a key")),
            Self::BadModel
            | Self::ModelUnavailable
            | Self::ContextLength
            | Self::ContentFiltered
            | Self::Overloaded => Some((Way::Models, "Pick another model")),
            Self::UnsupportedParam => Some((Way::Settings, "Open the settings")),
            _ => None,
        }
    }
}
