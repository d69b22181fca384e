//! Everything that runs only on the server.

pub mod assets;
pub mod boot;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod docs;
pub mod engine;
pub mod error;
pub mod http;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod providers;
pub mod render;
pub mod router;
pub mod services;
pub mod simulate;
pub mod state;
pub mod store;
pub mod telemetry;
