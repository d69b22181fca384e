//! Fuzz targets for everything that strangers write: the providers' streams, their bodies, and the headers of requests.
//!
//! Every target first replays the recordings or its corpus (`__fuzz__/<target>/corpus`), then tries random inputs: a
//! fixed number under `cargo test`, as many as the time allows under `make fuzz` (docs/testing.md).

mod bodies;
mod headers;
mod mutation;
mod sealed;
mod streams;
