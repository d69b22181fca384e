//! Colours, what Enter does, the language, and whether the sidebar is open.

use crate::shared::account::Preferences;
use leptos::prelude::use_context;

/// As the request's cookies have them.
#[must_use]
pub fn chosen() -> Preferences {
    use_context::<Preferences>().unwrap_or_default()
}
