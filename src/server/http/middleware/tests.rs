use super::client_ip::ClientIp;
use super::request_id::RequestId;
use super::security_headers::CspNonce;
use super::wrap;
use crate::server::clock::{Env, ManualClock, SeededEntropy};
use crate::server::config::Config;
use crate::server::metrics::Metrics;
use crate::shared::error::ErrorBody;
use crate::shared::time::Timestamp;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use http::{Method, Request, StatusCode, header};
use rstest::rstest;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt;

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// A small app of every class of route, inside all layers.
fn app(settings: &[(&str, &str)]) -> Router {
    let given = [
        ("APP_ENCRYPTION_KEY", KEY),
        ("APP_AUTH_SECRET", "sixteen letters!"),
    ];
    let find = |name: &str| {
        settings
            .iter()
            .chain(&given)
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let config = Config::load(find, None).unwrap();
    let env = Env::new(
        Arc::new(ManualClock::new(Timestamp(1_700_000_000_000))),
        Arc::new(SeededEntropy::new(1)),
    );
    let router = Router::new()
        .route(
            "/page",
            get(|Extension(CspNonce(nonce)): Extension<CspNonce>| async move { Html(nonce) }),
        )
        .route("/api/json", any(|| async { axum::Json(1) }))
        .route(
            "/api/sse",
            get(|| async { ([(header::CONTENT_TYPE, "text/event-stream")], "data: 1\n\n") }),
        )
        .route(
            "/pkg/app.wasm",
            get(|| async {
                (
                    [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")],
                    "",
                )
            }),
        )
        .route("/go", get(|| async { Redirect::to("/page") }))
        .route("/fail", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route(
            "/reset",
            get(|| async { ([(header::REFERRER_POLICY, "no-referrer")], Html("")) }),
        )
        .route("/v1/chat", any(|| async { "" }))
        .route("/v1x", any(|| async { "" }))
        .route(
            "/who",
            get(|Extension(ip): Extension<ClientIp>| async move { ip.key() }),
        )
        .route("/id", get(id));
    wrap(router, &config, &env, &Metrics::default())
}

async fn id(Extension(RequestId(id)): Extension<RequestId>) -> Response {
    assert_eq!(id, super::request_id::current());
    id.into_response()
}

async fn send(
    app: Router,
    request: http::request::Builder,
) -> (StatusCode, http::HeaderMap, String) {
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

/// Threat T13: who may change something, by the headers that a browser sends.
#[rstest]
#[case::same_origin(&[("sec-fetch-site", "same-origin")], true)]
#[case::same_origin_over_a_bad_origin(&[("sec-fetch-site", "same-origin"), ("origin", "null")], true)]
#[case::cross_site(&[("sec-fetch-site", "cross-site")], false)]
#[case::same_site(&[("sec-fetch-site", "same-site")], false)]
#[case::typed_by_the_user(&[("sec-fetch-site", "none")], false)]
#[case::unknown_site(&[("sec-fetch-site", "whatever")], false)]
#[case::twice(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false)]
#[case::cross_site_with_our_origin(&[("sec-fetch-site", "cross-site"), ("origin", "https://chat.example.org")], false)]
#[case::public_origin(&[("origin", "https://chat.example.org")], true)]
#[case::own_host(&[("origin", "http://127.0.0.1:3000")], true)]
#[case::own_host_with_a_scheme_we_do_not_serve(&[("origin", "https://127.0.0.1:3000")], false)]
#[case::another_port(&[("origin", "http://127.0.0.1:3001")], false)]
#[case::another_site(&[("origin", "https://evil.example")], false)]
#[case::longer_name(&[("origin", "https://chat.example.org.evil.example")], false)]
#[case::public_name_without_tls(&[("origin", "http://chat.example.org")], false)]
#[case::null(&[("origin", "null")], false)]
#[case::empty(&[("origin", "")], false)]
#[case::two_origins(&[("origin", "https://chat.example.org"), ("origin", "https://evil.example")], false)]
#[case::form_of_another_site(&[("origin", "https://evil.example"), ("content-type", "text/plain")], false)]
#[case::no_browser(&[], true)]
#[tokio::test]
async fn only_the_same_origin_changes_anything(
    #[case] headers: &[(&str, &str)],
    #[case] passes: bool,
    #[values("POST", "PUT", "PATCH", "DELETE")] method: &str,
) {
    let request = |path: &str, method: &str| {
        let start = Request::builder()
            .uri(path)
            .method(method)
            .header("host", "127.0.0.1:3000");
        headers.iter().fold(start, |request, (name, value)| {
            request.header(*name, *value)
        })
    };
    let app = app(&[("PUBLIC_ORIGIN", "https://chat.example.org")]);
    let (status, map, body) = send(app.clone(), request("/api/json", method)).await;
    if passes {
        assert_eq!(status, StatusCode::OK);
    } else {
        assert_eq!(status, StatusCode::FORBIDDEN);
        let error = serde_json::from_str::<ErrorBody>(&body).unwrap().error;
        assert_eq!(error.code.as_str(), "cross_origin");
        assert_eq!(map["x-request-id"], error.request_id);
        assert_eq!(map[header::CACHE_CONTROL], "no-store");
    }
    assert_eq!(
        send(app.clone(), request("/v1x", method)).await.0 == StatusCode::OK,
        passes
    );
    // The gateway takes no cookie, and reading changes nothing.
    assert_eq!(
        send(app.clone(), request("/v1/chat", method)).await.0,
        StatusCode::OK
    );
    assert_eq!(send(app, request("/page", "GET")).await.0, StatusCode::OK);
}

#[rstest]
#[case("http://keylm.local:3000", true)]
#[case("https://keylm.local:3000", true)]
#[case("https://KeyLM.local:3000", true)]
#[case("ftp://keylm.local:3000", false)]
#[case("https://evil.example", false)]
#[case("https://", false)]
#[tokio::test]
async fn without_a_public_origin_the_host_that_was_asked_for_counts(
    #[case] origin: &str,
    #[case] passes: bool,
) {
    let request = Request::builder()
        .uri("/api/json")
        .method(Method::POST)
        .header("host", "keylm.local:3000");
    let (status, ..) = send(app(&[]), request.header("origin", origin)).await;
    assert_eq!(status == StatusCode::OK, passes);
    let (status, ..) = send(
        app(&[]),
        Request::post("/api/json").header("origin", origin),
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

const REST: &str = "\
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()
";
const NO_DOCUMENT: &str = "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\n";

/// The headers but those of content and of the redirect's target, sorted, one a line.
fn snapshot(headers: &http::HeaderMap) -> String {
    let skipped = [
        "content-type",
        "content-length",
        "location",
        "x-request-id",
        "allow",
    ];
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !skipped.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.concat()
}

/// Threat T32.
#[rstest]
#[case("/api/json", "no-store", "same-origin")]
#[case("/api/sse", "no-store", "same-origin")]
#[case("/go", "no-store", "same-origin")]
#[case("/fail", "no-store", "same-origin")]
#[case("/nowhere", "no-store", "same-origin")]
#[case("/pkg/app.wasm", "public, max-age=31536000, immutable", "same-origin")]
#[tokio::test]
async fn every_class_of_response_has_its_headers(
    #[case] path: &str,
    #[case] cache: &str,
    #[case] referrer: &str,
) {
    let (_, headers, _) = send(app(&[]), Request::get(path)).await;
    let vary = if cache == "no-store" {
        "vary: Cookie, Sec-Fetch-Site\n"
    } else {
        ""
    };
    let expected = format!(
        "cache-control: {cache}\n{NO_DOCUMENT}{REST}referrer-policy: {referrer}\n{vary}\
         x-content-type-options: nosniff\nx-frame-options: DENY\n"
    );
    assert_eq!(snapshot(&headers), expected);
    assert_eq!(headers["x-request-id"].len(), 36);
}

#[tokio::test]
async fn a_page_runs_only_the_scripts_that_carry_its_own_nonce() {
    let app = app(&[]);
    let (_, headers, nonce) = send(app.clone(), Request::get("/page")).await;
    assert_eq!(nonce.len(), 22);
    assert_eq!(
        headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap(),
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
             style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
             manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
             frame-ancestors 'none'"
        )
    );
    let (_, _, next) = send(app, Request::get("/page")).await;
    assert_ne!(nonce, next);
}

#[tokio::test]
async fn a_handler_may_be_stricter() {
    let (_, headers, _) = send(app(&[]), Request::get("/reset")).await;
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(headers.get_all(header::REFERRER_POLICY).iter().count(), 1);
}

#[tokio::test]
async fn browsers_are_told_to_insist_on_tls_only_where_there_is_tls() {
    let hsts = |headers: http::HeaderMap| headers.get(header::STRICT_TRANSPORT_SECURITY).cloned();
    let (_, headers, _) = send(
        app(&[("PUBLIC_ORIGIN", "https://chat.example.org")]),
        Request::get("/page"),
    )
    .await;
    assert_eq!(
        hsts(headers).unwrap(),
        "max-age=63072000; includeSubDomains"
    );
    for settings in [&[][..], &[("PUBLIC_ORIGIN", "http://chat.example.org")]] {
        let (_, headers, _) = send(app(settings), Request::get("/page")).await;
        assert_eq!(hsts(headers), None);
    }
}

#[tokio::test]
async fn a_request_has_one_id_everywhere_and_never_the_clients() {
    let app = app(&[]);
    let (_, headers, body) = send(
        app.clone(),
        Request::get("/id").header("x-request-id", "mine"),
    )
    .await;
    assert_eq!(headers["x-request-id"], body.as_str());
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
    assert_eq!(body.chars().nth(14), Some('7'), "{body}");
    let (_, other, _) = send(app, Request::get("/id")).await;
    assert_ne!(headers["x-request-id"], other["x-request-id"]);
    assert_eq!(super::request_id::current(), "");
}

#[rstest]
#[case("198.51.100.4:1", None, "198.51.100.4")]
#[case("198.51.100.4:1", Some("203.0.113.7"), "198.51.100.4")]
#[case("10.0.0.1:1", Some("203.0.113.7"), "203.0.113.7")]
#[case("10.0.0.1:1", Some("2001:db8:1:2:3::4"), "2001:db8:1:2::/64")]
#[tokio::test]
async fn a_handler_learns_who_asks(
    #[case] peer: &str,
    #[case] forwarded: Option<&str>,
    #[case] expected: &str,
) {
    let mut request =
        Request::get("/who").extension(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let (_, _, body) = send(app(&[("TRUSTED_PROXIES", "10.0.0.0/8")]), request).await;
    assert_eq!(body, expected);
}
