//! What this browser remembers. Every call may fail (private windows, full disks) and then remembers nothing.

use web_sys::Storage;

fn storage() -> Option<Storage> {
    super::dom::window()?.local_storage().ok()?
}

/// What was kept under `key`.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Keeps `value` under `key`; an empty one is forgotten.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = storage() {
        _ = if value.is_empty() {
            storage.remove_item(key)
        } else {
            storage.set_item(key, value)
        };
    }
}
