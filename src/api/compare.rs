//! One question to several models.

use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, ThreadId};
use leptos::prelude::*;

/// Where a question is written and its models are chosen, as safe HTML.
#[server(prefix = "/fn", endpoint = "compare/form")]
pub async fn comparison_form() -> Result<String, AppError> {
    crate::server::page::comparison_form().await
}

/// Asks two to four models, each in a thread of its own, and goes to their answers.
#[server(prefix = "/fn", endpoint = "compare/start")]
pub async fn start_comparison(
    content: String,
    #[server(default)] models: Vec<String>,
    client_request_id: ClientRequestId,
) -> Result<(), AppError> {
    crate::server::page::start_comparison(content, models, client_request_id).await
}

/// Goes on with one of the answers: its thread is in the sidebar from then on.
#[server(prefix = "/fn", endpoint = "compare/choose")]
pub async fn choose_answer(id: ThreadId) -> Result<(), AppError> {
    crate::server::page::choose_answer(id).await
}
