//! One question to several models.

use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, ThreadId};

server_function! {
    /// Where a question is written and its models are chosen, as safe HTML.
    "compare/form" ComparisonForm,
    async fn comparison_form() -> String {
        crate::server::page::comparison_form().await
    }
}

server_function! {
    /// Asks two to four models, each in a thread of its own, and goes to their answers.
    "compare/start" StartComparison,
    async fn start_comparison(
        content: String,
        #[server(default)] models: Vec<String>,
        client_request_id: ClientRequestId,
    ) -> () {
        crate::server::page::start_comparison(content, models, client_request_id).await
    }
}

server_function! {
    /// Goes on with one of the answers: its thread is in the sidebar from then on.
    "compare/choose" ChooseAnswer,
    async fn choose_answer(id: ThreadId) -> () {
        crate::server::page::choose_answer(id).await
    }
}
