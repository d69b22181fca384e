//! Small parts. Whom they ask, they are told.

pub mod field;
pub mod health;
pub mod icon;
pub mod notice;
pub mod outside;
pub mod post_form;
pub mod private;
pub mod served;
pub mod toast;
