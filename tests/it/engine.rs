//! The engine's promises, against a model and against chance.

mod ends;
mod machine;
