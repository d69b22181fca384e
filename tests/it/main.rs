//! The tests that need the server: one binary, one module a subject.

#![expect(
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::cast_precision_loss,
    clippy::comparison_chain,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a test is read from top to bottom, and its speed and precision are nobody's"
)]

mod engine;
mod faults;
mod http;
mod master_keys;
mod process;
mod providers;
mod replicas;
mod security;
mod simulate;
mod store;
mod support;
