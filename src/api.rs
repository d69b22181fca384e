//! Server functions: how the pages call the server. Each body is one call; forms post to the same paths without script.

#![expect(
    missing_docs,
    reason = "`#[server]` makes a struct of the arguments, which the function's own words explain"
)]

/// A server function. On the server it is leptos'; in the browser it is a post of the same form that a plain form
/// sends, because leptos' own way of calling weighs some 50 kB there.
macro_rules! server_function {
    ($(#[doc = $doc:literal])* $path:literal $struct:ident, input = Json,
        async fn $name:ident($($argument:ident: $kind:ty),* $(,)?) -> $out:ty $body:block) => {
        on_server! {
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// What the server said.
            #[leptos::prelude::server(prefix = "/fn", endpoint = $path, input = leptos::server_fn::codec::Json)]
            pub async fn $name($($argument: $kind),*) -> Result<$out, AppError> $body
        }
        in_browser! {
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// What the server said.
            pub fn $name($($argument: $kind),*) -> impl Future<Output = Result<$out, AppError>> {
                #[derive(serde::Serialize)]
                struct Arguments {
                    $($argument: $kind),*
                }
                let json = serde_json::to_string(&Arguments { $($argument),* }).unwrap_or_default();
                crate::client::server::call($struct::PATH, crate::client::server::Body::Json(json))
            }
            pub struct $struct;
        }
        path!($struct $path);
    };
    ($(#[doc = $doc:literal])* $path:literal $struct:ident,
        async fn $name:ident($($(#[$attribute:meta])* $argument:ident: $kind:ty),* $(,)?) -> $out:ty $body:block) => {
        on_server! {
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// What the server said.
            #[leptos::prelude::server(prefix = "/fn", endpoint = $path)]
            pub async fn $name($($(#[$attribute])* $argument: $kind),*) -> Result<$out, AppError> $body
        }
        in_browser! {
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// What the server said.
            pub fn $name($($argument: $kind),*) -> impl Future<Output = Result<$out, AppError>> {
                let form = crate::shared::form::Form::default()$(.with(stringify!($argument), &$argument))*;
                crate::client::server::call($struct::PATH, crate::client::server::Body::Form(form.into_text()))
            }
            pub struct $struct;
        }
        path!($struct $path);
    };
}

macro_rules! path {
    ($struct:ident $path:literal) => {
        impl $struct {
            /// Where forms post to.
            pub const PATH: &'static str = concat!("/fn/", $path);
        }
    };
}

pub mod account;
pub mod compare;
pub mod keys;
pub mod messages;
pub mod models;
pub mod threads;
