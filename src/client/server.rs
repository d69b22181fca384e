//! Calls of the server: a post, and what came back as text.

use super::clock;
use super::dom::{self, go, window};
use crate::shared::error::{AppError, ErrorBody, ErrorCode};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Event, FormData, HtmlFormElement, RequestInit, Response, UrlSearchParams,
};

/// Milliseconds until an answer that did not come whole is given up: a network that is silent would let everybody wait. What
/// the server allows itself for any answer is less.
const PATIENCE: u32 = 60_000;
/// What is asked for unless it is a page.
pub(super) const JSON: &str = "application/json";

#[wasm_bindgen]
extern "C" {
    /// A signal after so many milliseconds. Browsers of 2021 have none.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn signal_after(ms: u32) -> Result<AbortSignal, JsValue>;
}

/// What a call takes along.
pub enum Body {
    /// The fields of a form.
    Form(String),
    /// JSON.
    Json(String),
}

impl Body {
    /// The fields of the form that an event was sent to.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
        let fields = FormData::new_with_form(&form).ok()?;
        let fields = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
        Some(Self::Form(String::from(fields.to_string())))
    }
}

/// Calls a server function. A redirect loads the page that it names: signing in and out leave everything in memory behind.
///
/// # Errors
/// What the server said, or that it could not be asked.
pub async fn call<T: DeserializeOwned>(path: &'static str, body: Body) -> Result<T, AppError> {
    let text = post(path, body).await?;
    serde_json::from_str(&text).map_err(|_| unreadable())
}

async fn post(path: &'static str, body: Body) -> Result<String, AppError> {
    let answer = fetch(path, Some(body), JSON).await;
    let (response, text) = answer.ok_or_else(unreachable)?;
    let headers = response.headers();
    if headers.has("serverfnredirect").unwrap_or(false)
        && let Ok(Some(to)) = headers.get("location")
    {
        go(&to);
    }
    if response.ok() {
        Ok(text)
    } else {
        Err(error(&text))
    }
}

/// Asks, or posts; the answer with its whole text, if there is one.
pub(super) async fn fetch(
    path: &str,
    body: Option<Body>,
    accept: &str,
) -> Option<(Response, String)> {
    let headers = web_sys::Headers::new().ok()?;
    headers.set("accept", accept).ok()?;
    let request = RequestInit::new();
    if let Some(body) = body {
        let (kind, text) = match body {
            Body::Form(text) => ("application/x-www-form-urlencoded", text),
            Body::Json(text) => (JSON, text),
        };
        request.set_method("POST");
        request.set_body(&JsValue::from_str(&text));
        headers.set("content-type", kind).ok()?;
    }
    request.set_headers(&headers);
    request.set_signal(signal_after(PATIENCE).ok().as_ref());
    let response = JsFuture::from(window()?.fetch_with_str_and_init(path, &request));
    let response: Response = response.await.ok()?.dyn_into().ok()?;
    // A page may be one that was kept for when there is no network.
    if accept == JSON
        && let Ok(Some(date)) = response.headers().get("date")
    {
        clock::heard(&date);
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    Some((response, text.as_string()?))
}

/// An error's text: as a server function tells it, or in the envelope of all of `/api`, which the layers before it use.
pub(super) fn error(text: &str) -> AppError {
    serde_json::from_str::<ErrorBody>(text)
        .map(|body| body.error)
        .or_else(|_| serde_json::from_str(text))
        .unwrap_or_else(|_| unreadable())
}

/// The server gave no answer.
pub(super) fn unreachable() -> AppError {
    AppError::new(
        ErrorCode::Network,
        "KeyLM could not be reached. Check your connection and try again.",
    )
}

/// The server gave an answer that says nothing.
pub(super) fn unreadable() -> AppError {
    AppError::new(
        ErrorCode::Internal,
        "The server's answer could not be read. Reload the page and try again.",
    )
}

/// Leaves for the sign-in page, which leads back here, when an error says that the session is over; else gives the error
/// back.
#[must_use]
pub fn unless_signed_out(error: AppError) -> AppError {
    if error.code == ErrorCode::Unauthenticated {
        go(&["/sign-in?next=", &dom::encode(&dom::here())].concat());
    }
    error
}
