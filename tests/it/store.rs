//! The database's rules, each on both engines.

mod answers;
mod favourites;
mod keys;
mod people;
mod search;
mod threads;

pub use people::person;
pub use threads::thread;
