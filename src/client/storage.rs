//! What this browser remembers. Every call may fail (private windows, full disks) and then remembers nothing.

use super::dom;
use web_sys::Storage;

/// The key of what belongs to the account that is signed in, for others may use this browser, too.
#[must_use]
pub fn of_account(name: &str) -> String {
    let user = dom::one("#side-list").map(|list| dom::attr(&list, "data-user"));
    [name, "-", user.as_deref().unwrap_or_default()].concat()
}

fn storage() -> Option<Storage> {
    dom::window()?.local_storage().ok()?
}

/// What was kept under `key`.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Keeps `value` under `key`; an empty one is forgotten.
pub fn set(key: &str, value: &str) {
    keep(storage(), key, value);
}

/// The keys under which something is kept that begin like this, in their order.
#[must_use]
pub fn names(start: &str) -> Vec<String> {
    let Some(storage) = storage() else {
        return Vec::new();
    };
    let names = js_sys::Object::keys(&storage).sort();
    let names = names.iter().filter_map(|name| name.as_string());
    names.filter(|name| name.starts_with(start)).collect()
}

fn keep(storage: Option<Storage>, key: &str, value: &str) {
    if let Some(storage) = storage {
        _ = if value.is_empty() {
            storage.remove_item(key)
        } else {
            storage.set_item(key, value)
        };
    }
}

/// What one tab remembers, until it is closed.
pub mod tab {
    use web_sys::Storage;

    fn storage() -> Option<Storage> {
        crate::client::dom::window()?.session_storage().ok()?
    }

    /// What was kept under `key`.
    #[must_use]
    pub fn get(key: &str) -> Option<String> {
        storage()?.get_item(key).ok()?
    }

    /// Keeps `value` under `key`; an empty one is forgotten.
    pub fn set(key: &str, value: &str) {
        super::keep(storage(), key, value);
    }
}
