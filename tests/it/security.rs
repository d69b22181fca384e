//! The threats of the design, each tried against a whole server.

mod accounts;
mod authority;
mod egress;
mod leaks;
mod rendering;
mod vault;
