//! The pages, except for the chat and the providers, which have folders of their own.

pub mod account;
pub mod archive;
pub mod landing;
pub mod models;
pub mod not_found;
pub mod palette;
pub mod settings;
pub mod sidebar;
pub mod workspace;
