//! The way out of trouble.

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

/// A way out beside trying again. What it is called stands in the catalog of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// To repair the key.
    FixKey,
    /// To take another key.
    AnotherKey,
    /// To add a key.
    AddKey,
    /// To take another model.
    AnotherModel,
    /// To change the settings of the chat.
    Settings,
}

impl Remedy {
    /// Where it leads.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Self::FixKey | Self::AnotherKey | Self::AddKey => Way::Keys,
            Self::AnotherModel => Way::Models,
            Self::Settings => Way::Settings,
        }
    }
}

impl ErrorCode {
    /// The way out beside trying again.
    #[must_use]
    pub const fn remedy(self) -> Option<Remedy> {
        match self {
            Self::InvalidKey | Self::KeyUnreadable | Self::SystemCredentials => {
                Some(Remedy::FixKey)
            }
            Self::InsufficientPermission | Self::QuotaExhausted => Some(Remedy::AnotherKey),
            Self::NoKey | Self::FreeQuotaExhausted => Some(Remedy::AddKey),
            Self::BadModel
            | Self::ModelUnavailable
            | Self::ContextLength
            | Self::ContentFiltered
            | Self::Overloaded => Some(Remedy::AnotherModel),
            Self::UnsupportedParam => Some(Remedy::Settings),
            _ => None,
        }
    }
}
