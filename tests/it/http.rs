//! The contract of api.md through the real router, over real sockets.

mod activity;
mod auth;
mod bad_input;
mod catalog;
mod chat;
mod compare;
mod connect;
mod contract;
mod docs;
mod errors;
mod exports;
mod failover;
mod favourites;
mod free_pool;
mod gateway;
mod history;
mod keys;
mod limits;
mod models;
mod pages;
mod pool_fallback;
mod retries;
mod stream;
mod threads;
mod titles;
