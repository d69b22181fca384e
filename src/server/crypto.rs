//! Secrets, sealing and hashing. Knows no database and no HTTP.

pub mod digest;
pub mod envelope;
pub mod password;
pub mod secret;

pub mod mac;
