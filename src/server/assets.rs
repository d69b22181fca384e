//! The built site inside the binary: `target/site` as cargo-leptos left it, precompressed variants included. A debug
//! build reads the folder on every request instead, so that `make dev` shows what was built last.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Site;

/// The stem of the files in `/pkg`. Read from the build's environment on purpose: cargo then notices when a build
/// without a site (`cargo build`) is followed by one with a site (`cargo leptos build`) and embeds anew.
const NAME: &str = match option_env!("LEPTOS_OUTPUT_NAME") {
    Some(name) => name,
    None => "keylm",
};

/// The length of the digest that cargo-leptos puts into file names: MD5 in base64 without padding.
const DIGEST_LENGTH: usize = 22;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The URL paths of what a page loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFiles {
    /// The module that starts the wasm.
    pub js: String,
    /// The wasm itself.
    pub wasm: String,
    /// The one style sheet.
    pub css: String,
}

/// The files that belong to this build. Their names carry digests in a release build and none under `make dev`.
#[must_use]
pub fn site_files() -> SiteFiles {
    let names: Vec<Cow<'static, str>> = Site::iter().collect();
    let path = |kind| page_file(names.iter().map(AsRef::as_ref), kind);
    SiteFiles {
        js: path("js"),
        wasm: path("wasm"),
        css: path("css"),
    }
}

/// Answers a `GET` for a file of the site, or `None` when there is no such file.
///
/// `path` is the URL's path. The smallest of the encodings that `headers` accept is sent; a matching `If-None-Match`
/// is answered with 304.
#[must_use]
pub fn serve(path: &str, headers: &HeaderMap) -> Option<Response> {
    respond(path, headers, |name| {
        Site::get(name).map(|file| File {
            digest: file.metadata.sha256_hash(),
            data: file.data,
        })
    })
}

/// A file as it is stored.
struct File {
    data: Cow<'static, [u8]>,
    /// SHA-256.
    digest: [u8; 32],
}

/// The path of the page's file of this kind. A name without digest wins: watch mode rewrites only that one.
fn page_file<'a>(names: impl Iterator<Item = &'a str>, kind: &str) -> String {
    let plain = format!("{NAME}.{kind}");
    let mut found = plain.clone();
    for name in names.filter_map(|name| name.strip_prefix("pkg/")) {
        if name == plain {
            return format!("/pkg/{plain}");
        }
        let middle = name
            .strip_prefix(NAME)
            .and_then(|rest| rest.strip_suffix(kind))
            .and_then(|rest| rest.strip_prefix('.')?.strip_suffix('.'));
        if middle.is_some_and(is_digest) {
            name.clone_into(&mut found);
        }
    }
    format!("/pkg/{found}")
}

fn is_digest(text: &str) -> bool {
    let base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    text.len() == DIGEST_LENGTH && text.bytes().all(base64url)
}

fn respond(
    path: &str,
    headers: &HeaderMap,
    get: impl Fn(&str) -> Option<File>,
) -> Option<Response> {
    let name = path.trim_start_matches('/');
    let kind = content_type(name)?;
    let plain = get(name)?;
    let encoded = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| accepts(headers, coding))
        .find_map(|(coding, suffix)| {
            // What was compressed already (images, fonts) only grows.
            let file = get(&format!("{name}.{suffix}"))?;
            (file.data.len() < plain.data.len()).then_some((coding, file))
        });
    let (coding, file) = encoded.map_or((None, plain), |(coding, file)| (Some(coding), file));

    let etag = etag(&file.digest);
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag);

    let mut response = if known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(file.data))
    };
    let out = response.headers_mut();
    if !known {
        out.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(coding) = coding {
            out.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        out.insert(ETAG, etag);
    }
    out.insert(CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if name == WORKER {
        out.insert(CONTENT_SECURITY_POLICY, WORKER_POLICY);
    }
    Some(response)
}

/// A strong tag, different for every encoding because it is made of the bytes that are sent.
fn etag(digest: &[u8; 32]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest))
}

/// The worker of the site: what it may do is asked of it itself. It fetches from the site, and nothing else.
const WORKER: &str = "sw.js";
const WORKER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

fn caching(name: &str) -> &'static str {
    // An old worker serves old pages.
    if name == WORKER {
        return "no-cache";
    }
    let Some(file) = name.strip_prefix("pkg/") else {
        return "public, max-age=3600";
    };
    if file.split('.').any(is_digest) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// The media type by file extension. `None` for what is not served by its own name, above all the `.br` and `.gz`
/// variants.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

/// Whether the client takes `coding` (RFC 9110, 12.5.3): named, or covered by `*`, with a weight above zero.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let items = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut any = false;
    for item in items {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        if name.eq_ignore_ascii_case(coding) {
            return weight > 0.0;
        }
        any |= name == "*" && weight > 0.0;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const HASHED: &str = "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js";

    /// A site of one script in three encodings, one image that does not compress, and one text without variants.
    fn get(name: &str) -> Option<File> {
        let (digest, data): (u8, &'static [u8]) = match name {
            "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js" | "pkg/keylm.js" => (1, b"the whole script"),
            "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js.br" => (2, b"br"),
            "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js.gz" => (3, b"gzip"),
            "icon.png" => (4, b"image"),
            "icon.png.br" => (5, b"larger image"),
            "robots.txt" => (6, b"robots"),
            "sw.js" => (7, b"worker"),
            _ => return None,
        };
        Some(File {
            data: Cow::Borrowed(data),
            digest: [digest; 32],
        })
    }

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn header(response: &Response, name: &str) -> String {
        let value = response.headers().get(name);
        value.map_or_else(String::new, |v| v.to_str().unwrap().to_owned())
    }

    #[rstest]
    #[case("br, gzip", "br")]
    #[case("gzip, deflate, br;q=0.1", "br")]
    #[case("gzip", "gzip")]
    #[case("br;q=0, gzip", "gzip")]
    #[case("br; q=0.000, gzip;q=0", "")]
    #[case("*", "br")]
    #[case("*;q=0.5, br;q=0", "gzip")]
    #[case("*;q=0", "")]
    #[case("GZIP", "gzip")]
    #[case("br;q=x", "")]
    #[case("deflate, zstd", "")]
    #[case("", "")]
    fn the_best_accepted_encoding_is_sent(#[case] accept: &str, #[case] coding: &str) {
        let response = respond(HASHED, &headers(ACCEPT_ENCODING, accept), get).unwrap();
        assert_eq!(header(&response, "content-encoding"), coding);
        assert_eq!(header(&response, "vary"), "accept-encoding");
        assert_eq!(
            header(&response, "content-type"),
            "text/javascript; charset=utf-8"
        );
    }

    #[test]
    fn the_worker_is_never_an_old_one_and_may_fetch_from_the_site_only() {
        let response = respond("/sw.js", &HeaderMap::new(), get).unwrap();
        assert_eq!(header(&response, "cache-control"), "no-cache");
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; connect-src 'self';"),
            "{policy}"
        );
        let response = respond("/robots.txt", &HeaderMap::new(), get).unwrap();
        assert_eq!(header(&response, "content-security-policy"), "");
    }

    #[test]
    fn an_encoding_that_does_not_help_is_not_used() {
        let response = respond("/icon.png", &headers(ACCEPT_ENCODING, "br"), get).unwrap();
        assert_eq!(header(&response, "content-encoding"), "");
    }

    #[rstest]
    #[case(HASHED, "public, max-age=31536000, immutable")]
    #[case("/pkg/keylm.js", "no-cache")]
    #[case("/robots.txt", "public, max-age=3600")]
    fn only_a_name_with_a_digest_is_kept_for_ever(#[case] path: &str, #[case] expected: &str) {
        let response = respond(path, &HeaderMap::new(), get).unwrap();
        assert_eq!(header(&response, "cache-control"), expected);
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(
            header(&response, "cross-origin-resource-policy"),
            "same-origin"
        );
    }

    #[test]
    fn a_client_that_has_the_bytes_is_told_so_and_only_for_its_encoding() {
        let first = respond(HASHED, &headers(ACCEPT_ENCODING, "br"), get).unwrap();
        let etag = header(&first, "etag");

        let mut again = headers(ACCEPT_ENCODING, "br");
        again.insert(IF_NONE_MATCH, format!("\"x\", W/{etag}").parse().unwrap());
        let second = respond(HASHED, &again, get).unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&second, "etag"), etag);

        again.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let other = respond(HASHED, &again, get).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[rstest]
    #[case("/pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js.br")]
    #[case("/pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js.gz")]
    #[case("/../Cargo.toml")]
    #[case("/")]
    #[case("/chat")]
    fn what_is_no_file_of_the_site_is_not_answered(#[case] path: &str) {
        assert!(respond(path, &HeaderMap::new(), get).is_none());
    }

    #[test]
    fn the_page_loads_the_file_with_the_digest_unless_watch_mode_wrote_one_without() {
        let built = [
            "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js",
            "pkg/keylm.AAAAAAAAAAAAAAAAAAAAAA.js.br",
            "pkg/keylm.BBBBBBBBBBBBBBBBBBBBBB.wasm",
            "pkg/keylm.short.css",
        ];
        let file = |names: &[&'static str], kind| page_file(names.iter().copied(), kind);
        assert_eq!(file(&built, "js"), format!("/{HASHED}"));
        assert_eq!(
            file(&built, "wasm"),
            "/pkg/keylm.BBBBBBBBBBBBBBBBBBBBBB.wasm"
        );
        assert_eq!(file(&built, "css"), "/pkg/keylm.css");
        assert_eq!(file(&["pkg/keylm.js", built[0]], "js"), "/pkg/keylm.js");
        assert_eq!(file(&[built[0], "pkg/keylm.js"], "js"), "/pkg/keylm.js");
    }
}
