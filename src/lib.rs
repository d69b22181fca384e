//! KeyLM in five zones. `shared`, `api` and `client` compile for the server and for the browser; `ui`, which prints the
//! pages, and `server` exist only with the `ssr` feature. See `docs/ARCHITECTURE.md`.

// The type of a page is the nest of everything on it.
#![recursion_limit = "512"]
// Data from outside never ends the process. Tests may: that is how they fail.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

// `api` is the one zone that says something else to each side; these two keep `cfg` out of it.
#[cfg(feature = "ssr")]
macro_rules! on_server { ($($code:tt)*) => { $($code)* }; }
#[cfg(not(feature = "ssr"))]
macro_rules! on_server {
    ($($code:tt)*) => {};
}
#[cfg(feature = "ssr")]
macro_rules! in_browser {
    ($($code:tt)*) => {};
}
#[cfg(not(feature = "ssr"))]
macro_rules! in_browser { ($($code:tt)*) => { $($code)* }; }

pub mod api;
pub mod client;
#[cfg(feature = "ssr")]
pub mod server;
pub mod shared;
#[cfg(feature = "ssr")]
pub mod ui;

/// Takes over the page that the server printed.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    client::page::start();
}
