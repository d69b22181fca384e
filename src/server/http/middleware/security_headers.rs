//! The headers that keep a browser from being turned against its user, on every response.

use crate::server::clock::Env;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The nonce of this response's inline scripts and styles, in the request's extensions. The page is rendered with it.
#[derive(Clone, Debug)]
pub struct CspNonce(pub String);

/// What the headers depend on.
#[derive(Clone)]
pub struct Headers {
    env: Env,
    https: bool,
}

impl Headers {
    /// `https`: users reach the server over TLS only.
    #[must_use]
    pub const fn new(env: Env, https: bool) -> Self {
        Self { env, https }
    }
}

/// What goes onto each response that did not say otherwise.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
         midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// What no document may do that is not a page of ours.
const NO_DOCUMENT: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The policy of a page: its own origin only, and only scripts that the server itself put there.
fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
         worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

/// See the module.
pub async fn layer(State(headers): State<Headers>, mut request: Request, next: Next) -> Response {
    let nonce = URL_SAFE_NO_PAD.encode(headers.env.random::<16>());
    request.extensions_mut().insert(CspNonce(nonce.clone()));
    let mut response = next.run(request).await;
    let map = response.headers_mut();
    let shared = map
        .get(header::CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes().starts_with(b"public"));
    if !shared {
        map.append(
            header::VARY,
            HeaderValue::from_static("Cookie, Sec-Fetch-Site"),
        );
    }
    let html = map
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let policy = if html {
        HeaderValue::from_str(&page_policy(&nonce)).ok()
    } else {
        None
    };
    set(
        map,
        header::CONTENT_SECURITY_POLICY,
        policy.unwrap_or(HeaderValue::from_static(NO_DOCUMENT)),
    );
    for (name, value) in ALWAYS {
        set(map, name, HeaderValue::from_static(value));
    }
    if headers.https {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        set(map, header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// A handler's own value stays.
fn set(map: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    map.entry(name).or_insert(value);
}
