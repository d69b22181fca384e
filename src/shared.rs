//! Plain data and pure functions that both sides agree on. Depends on nothing else in the crate.

pub mod account;
pub mod activity;
pub mod chat;
pub mod commands;
pub mod csv;
pub mod error;
pub mod form;
pub mod format;
pub mod free_pool;
pub mod ids;
pub mod model;
pub mod prose;
pub mod provider;
pub mod remedy;
pub mod tariff;
pub mod time;
pub mod validate;
pub mod words;
