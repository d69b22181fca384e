//! Downloads: a thread, and all of an account.

use super::extract::{CurrentUser, Id, Query};
use crate::server::error::ApiError;
use crate::server::services::exports::{Format, Pieces};
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::ids::ThreadId;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::TryStreamExt;
use http::header;
use serde::Deserialize;
use std::fmt::Write;

/// Characters of a file's name.
const NAME_CHARS: usize = 60;

#[derive(Deserialize)]
struct Wanted {
    format: Option<String>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/threads/{thread}/export", get(thread))
        .route("/account/export", get(account))
}

async fn thread(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(id): Id<ThreadId>,
    Query(Wanted { format }): Query<Wanted>,
) -> Result<Response, ApiError> {
    // Somebody else's thread is not there, whatever is asked of it.
    let thread = services.thread(&user.id, &id).await?;
    let (format, kind, ending) = match format.as_deref() {
        None | Some("json") => (Format::Json, "application/json", "json"),
        Some("markdown") => (Format::Markdown, "text/markdown; charset=utf-8", "md"),
        Some(_) => return Err(ServiceError::field("format", "Use json or markdown.").into()),
    };
    let name = format!("{}.{ending}", stem(thread.name()));
    Ok(download(
        kind,
        &name,
        services.export_thread(thread, format),
    ))
}

async fn account(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
) -> Result<Response, ApiError> {
    let name = format!("keylm {}.zip", services.env().now().day());
    Ok(download(
        "application/zip",
        &name,
        services.export_account(user)?,
    ))
}

/// A title as the name of a file: letters, digits and blanks, in any script.
fn stem(title: &str) -> String {
    let plain = title.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
    let plain: String = plain.take(NAME_CHARS).collect();
    match plain.trim() {
        "" => "chat".to_owned(),
        plain => plain.to_owned(),
    }
}

/// The name for clients that know ASCII only, and as it is for all others (RFC 6266).
fn disposition(name: &str) -> String {
    let ascii: String = name.chars().filter(char::is_ascii).collect();
    let ascii = match ascii.trim().split_once('.') {
        Some((stem, ending)) if stem.trim().is_empty() => format!("chat.{ending}"),
        _ => ascii,
    };
    let mut out = format!("attachment; filename=\"{ascii}\"");
    if ascii != name {
        out.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            let _ = match byte {
                b'.' => out.write_char('.'),
                byte if byte.is_ascii_alphanumeric() => out.write_char(char::from(byte)),
                byte => write!(out, "%{byte:02X}"),
            };
        }
    }
    out
}

/// What breaks midway breaks the connection, so that half a file is not taken for a whole one.
fn download(kind: &'static str, name: &str, pieces: Pieces) -> Response {
    let pieces = pieces.inspect_err(|error| tracing::error!(%error, "an export broke off"));
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_thread_and_by_nothing_else() {
        for (title, expected) in [
            ("Rust futures", "attachment; filename=\"Rust futures.md\""),
            ("../../etc/passwd", "attachment; filename=\"etcpasswd.md\""),
            (
                "a\"; x=\"b\r\nset-cookie: c",
                "attachment; filename=\"a xbsetcookie c.md\"",
            ),
            ("CON.", "attachment; filename=\"CON.md\""),
            ("\u{202e}…🦀", "attachment; filename=\"chat.md\""),
            (
                "Über",
                "attachment; filename=\"ber.md\"; filename*=UTF-8''%C3%9Cber.md",
            ),
            (
                "你好",
                "attachment; filename=\"chat.md\"; filename*=UTF-8''%E4%BD%A0%E5%A5%BD.md",
            ),
        ] {
            assert_eq!(
                disposition(&format!("{}.md", stem(title))),
                expected,
                "{title}"
            );
        }
        assert_eq!(stem(&"x".repeat(500)).len(), NAME_CHARS);
    }
}
