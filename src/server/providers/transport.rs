//! The one place that talks to providers: their time-outs, their limits and where keys may travel.
//!
//! No redirects, no referer, no proxy from the environment, no cookies, no compression; keys in headers that never
//! print; errors that carry neither URL nor body (security.md §4.7, T6, T7, T9, T26).

use super::account::Account;
use super::egress::Reach;
use super::tokens::Tokens;
use super::{Provider, ProviderError, WireFailure, WireRequest};
use crate::server::config::{Limit, Limits};
use crate::server::crypto::secret::Secret;
use crate::server::metrics::Metrics;
use crate::shared::error::ErrorCode;
use crate::shared::time::Timestamp;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Response, redirect};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{Span, field};

/// What a provider may take of time and memory.
#[derive(Clone, Copy, Debug)]
pub struct TransportLimits {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the request to the first byte of a stream.
    pub first_byte: Duration,
    /// Between two bytes of a stream.
    pub idle: Duration,
    /// A whole stream.
    pub total: Duration,
    /// A whole answer that is no stream. No setting: lists are short, or something is wrong.
    pub list_total: Duration,
    /// Bytes that are read of an error; the rest is dropped.
    pub error_body: usize,
    /// Bytes of an answer that is no stream.
    pub list_body: usize,
    /// Bytes of a stream.
    pub stream_bytes: usize,
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

impl From<&Limits> for TransportLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            connect: limits.provider_connect,
            first_byte: limits.provider_first_byte,
            idle: limits.provider_idle,
            total: limits.provider_total,
            list_total: Duration::from_secs(15),
            error_body: limits.error_body_bytes,
            list_body: limits.model_list_bytes,
            stream_bytes: limits.stream_bytes,
        }
    }
}

/// The machine cannot make TLS connections: no certificates to trust were found.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct TransportError(String);

/// Sends requests to providers. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    /// For addresses that people give: connections of its own, names that are checked when they are resolved.
    custom: Option<Client>,
    reach: Arc<Reach>,
    limits: TransportLimits,
    metrics: Metrics,
    tokens: Arc<Tokens>,
}

/// What is refused takes no less than this, so that the time says nothing of why.
const REFUSAL: Duration = Duration::from_millis(300);

/// Finds the addresses behind a name.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Asks the machine's own resolver.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Resolves names to the addresses that may be reached, and to no other.
struct Filter {
    reach: Arc<Reach>,
    lookup: Lookup,
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.reach);
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?.into_iter();
            let permitted: Vec<_> = found
                .filter(|ip| reach.permits(*ip))
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if permitted.is_empty() {
                return Err("no address".into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// A client without redirects, referer, proxy, cookies and repetitions.
fn client(limits: &TransportLimits) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("keylm/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
}

fn built(builder: ClientBuilder) -> Result<Client, TransportError> {
    let built = builder.build();
    built.map_err(|error| TransportError(error.without_url().to_string()))
}

impl Transport {
    /// A transport with these limits, which counts what it does.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(limits: TransportLimits, metrics: Metrics) -> Result<Self, TransportError> {
        // An error means that the process has its TLS provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: built(client(&limits))?,
            custom: None,
            reach: Arc::default(),
            limits,
            metrics,
            tokens: Arc::default(),
        })
    }

    /// The same, which also goes where people say, as far as `reach` lets it.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn reaching(mut self, reach: Reach, lookup: Lookup) -> Result<Self, TransportError> {
        self.reach = Arc::new(reach);
        if self.goes_anywhere() {
            let reach = Arc::clone(&self.reach);
            let custom = client(&self.limits)
                .https_only(reach.only_tls())
                .dns_resolver(Arc::new(Filter { reach, lookup }));
            self.custom = Some(built(custom)?);
        }
        Ok(self)
    }

    /// Whether it goes anywhere that a person says.
    #[must_use]
    pub fn goes_anywhere(&self) -> bool {
        !self.reach.is_off()
    }

    /// The client for a request, or none when the request must not leave.
    fn client(&self, provider: &dyn Provider, request: &WireRequest) -> Option<&Client> {
        if provider.is_anywhere() {
            let custom = self.custom.as_ref();
            custom.filter(|_| self.reach.allows(&request.url))
        } else {
            Some(&self.client)
        }
    }

    /// The token that an account's requests carry, where the provider wants one: kept from an earlier request, or
    /// asked for.
    ///
    /// # Errors
    /// As [`Transport::fetch`].
    pub async fn token(
        &self,
        provider: &dyn Provider,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<Secret>, ProviderError> {
        if let Some(token) = self.tokens.get(account, now) {
            return Ok(Some(token));
        }
        let Some(request) = provider.token_request(account, now)? else {
            return Ok(None);
        };
        let token = provider.parse_token(&self.fetch(provider, request).await?)?;
        self.tokens.put(account, &token, now);
        Ok(Some(token.secret))
    }

    /// Sends a request and reads the whole answer, which must be JSON.
    ///
    /// # Errors
    /// What `provider` makes of a failure, or the transport's own classes.
    pub async fn fetch(
        &self,
        provider: &dyn Provider,
        request: WireRequest,
    ) -> Result<Vec<u8>, ProviderError> {
        let deadline = Instant::now() + self.limits.list_total;
        let mut call = Call::new(provider, &self.metrics);
        let response = self.send(provider, request, deadline, &mut call).await?;
        if !is_type(response.headers(), "json") {
            return Err(call.error(ErrorCode::UpstreamError));
        }
        let (body, whole) = read(response, self.limits.list_body, deadline)
            .await
            .map_err(|code| call.error(code))?;
        if whole {
            Ok(body)
        } else {
            Err(call.at_limit(Limit::ModelListBytes, ErrorCode::UpstreamError))
        }
    }

    /// Sends a request whose answer is a stream of events. Nothing of the answer has been read when this returns.
    ///
    /// # Errors
    /// What `provider` makes of a failure, or the transport's own classes.
    pub async fn stream(
        &self,
        provider: &dyn Provider,
        request: WireRequest,
    ) -> Result<ByteStream, ProviderError> {
        let start = Instant::now();
        let first_byte = start + self.limits.first_byte;
        let mut call = Call::new(provider, &self.metrics);
        let mut headers = request.headers.iter();
        let accept = headers.find(|(name, _)| *name == "accept");
        let accept = accept.map_or_else(String::new, |(_, mime)| mime.clone());
        let response = self.send(provider, request, first_byte, &mut call).await?;
        if is_type(response.headers(), &accept) {
            return Ok(ByteStream {
                response: Some(response),
                begun: false,
                next_by: first_byte,
                end_by: start + self.limits.total,
                idle: self.limits.idle,
                left: self.limits.stream_bytes,
                call,
            });
        }
        if is_type(response.headers(), "json") {
            return Err(self
                .failure(provider, response, first_byte, &mut call)
                .await);
        }
        Err(call.error(ErrorCode::UpstreamError))
    }

    /// Sends a request and sees to everything that is no success.
    async fn send(
        &self,
        provider: &dyn Provider,
        request: WireRequest,
        deadline: Instant,
        call: &mut Call,
    ) -> Result<Response, ProviderError> {
        let headers = headers(&request).map_err(|code| call.error(code))?;
        let anywhere = provider.is_anywhere();
        let soonest = Instant::now() + REFUSAL;
        let Some(client) = self.client(provider, &request) else {
            sleep_until(soonest).await;
            return Err(ProviderError {
                unsent: true,
                ..call.error(ErrorCode::Network)
            });
        };
        let mut builder = client.request(request.method, request.url).headers(headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = match timeout_at(deadline, builder.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_timeout() => {
                return Err(call.at_limit(Limit::ProviderConnect, ErrorCode::Timeout));
            }
            Ok(Err(error)) => {
                let unsent = error.is_connect();
                if anywhere {
                    sleep_until(soonest).await;
                }
                return Err(ProviderError {
                    unsent,
                    ..call.error(ErrorCode::Network)
                });
            }
            Err(_) => return Err(call.at_limit(Limit::ProviderFirstByte, ErrorCode::Timeout)),
        };
        call.status(response.status().as_u16());
        if response.status().is_redirection() {
            return Err(call.error(ErrorCode::ProviderRedirected));
        }
        if !response.status().is_success() {
            let error = self.failure(provider, response, deadline, call).await;
            let unsent = error.status == Some(401) && self.tokens.refused(&request.secret_headers);
            return Err(ProviderError { unsent, ..error });
        }
        let encoded = response
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|value| value != "identity");
        if encoded {
            Err(call.error(ErrorCode::UpstreamError))
        } else {
            Ok(response)
        }
    }

    /// Reads what a failure says, as far as it says it in time.
    async fn failure(
        &self,
        provider: &dyn Provider,
        response: Response,
        deadline: Instant,
        call: &mut Call,
    ) -> ProviderError {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let deadline = deadline.min(Instant::now() + self.limits.list_total);
        let body = match read(response, self.limits.error_body, deadline).await {
            Ok((body, whole)) => {
                if !whole {
                    self.metrics.limit_hit(Limit::ErrorBodyBytes);
                }
                body
            }
            // The status has come; it says enough.
            Err(_) => Vec::new(),
        };
        let error = provider.classify(&WireFailure {
            status,
            headers: &headers,
            body: &body,
        });
        call.failed(error.code);
        error
    }
}

/// The bytes of a stream as they come. Dropping it closes the connection.
pub struct ByteStream {
    response: Option<Response>,
    begun: bool,
    next_by: Instant,
    end_by: Instant,
    idle: Duration,
    left: usize,
    call: Call,
}

impl ByteStream {
    /// The next bytes, or `None` at the end of the body. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Bytes, ProviderError>> {
        let response = self.response.as_mut()?;
        let error = match timeout_at(self.next_by.min(self.end_by), response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                self.next_by = Instant::now() + self.idle;
                self.begun = true;
                if let Some(left) = self.left.checked_sub(bytes.len()) {
                    self.left = left;
                    return Some(Ok(bytes));
                }
                self.call
                    .at_limit(Limit::StreamBytes, ErrorCode::UpstreamError)
            }
            Ok(Ok(None)) => {
                self.response = None;
                return None;
            }
            Ok(Err(_)) => self.call.error(ErrorCode::UpstreamTruncated),
            Err(_) => {
                let limit = match self.begun {
                    _ if self.end_by <= self.next_by => Limit::ProviderTotal,
                    true => Limit::ProviderIdle,
                    false => Limit::ProviderFirstByte,
                };
                self.call.at_limit(limit, ErrorCode::Timeout)
            }
        };
        self.response = None;
        Some(Err(error))
    }
}

/// One request in the logs and in the metrics: who, what came back, how long it took. Never what was said.
struct Call {
    span: Span,
    start: Instant,
    status: Option<u16>,
    provider: &'static str,
    outcome: &'static str,
    metrics: Metrics,
}

impl Call {
    fn new(provider: &dyn Provider, metrics: &Metrics) -> Self {
        let span = tracing::info_span!(
            "provider.request",
            provider = provider.info().id,
            status = field::Empty,
            error = field::Empty,
            duration_ms = field::Empty,
        );
        Self {
            span,
            start: Instant::now(),
            status: None,
            provider: provider.info().id,
            outcome: "ok",
            metrics: metrics.clone(),
        }
    }

    fn status(&mut self, status: u16) {
        self.status = Some(status);
        self.span.record("status", status);
    }

    fn failed(&mut self, code: ErrorCode) {
        self.outcome = code.as_str();
        self.span.record("error", code.as_str());
    }

    fn at_limit(&mut self, limit: Limit, code: ErrorCode) -> ProviderError {
        self.metrics.limit_hit(limit);
        self.error(code)
    }

    fn error(&mut self, code: ErrorCode) -> ProviderError {
        self.failed(code);
        ProviderError {
            status: self.status,
            ..ProviderError::new(code)
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let took = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.span.record("duration_ms", took);
        self.span.in_scope(|| tracing::debug!("provider answered"));
        self.metrics.provider_call(self.provider, self.outcome);
    }
}

/// Up to `limit` bytes of a body, and whether that was all of it.
async fn read(
    mut response: Response,
    limit: usize,
    deadline: Instant,
) -> Result<(Vec<u8>, bool), ErrorCode> {
    let mut body = Vec::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                let room = limit - body.len();
                body.extend(bytes.iter().take(room));
                if bytes.len() > room {
                    return Ok((body, false));
                }
            }
            Ok(Ok(None)) => return Ok((body, true)),
            Ok(Err(_)) => return Err(ErrorCode::Network),
            Err(_) => return Err(ErrorCode::Timeout),
        }
    }
}

fn is_type(headers: &HeaderMap, kind: &str) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == kind
        || essence
            .strip_prefix("application/")
            .is_some_and(|sub| sub == kind || sub.ends_with("+json"))
}

/// The headers to send. A credential that no header can carry is one that no provider gave out.
fn headers(request: &WireRequest) -> Result<HeaderMap, ErrorCode> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value).map_err(|_| ErrorCode::Internal)?;
        headers.insert(HeaderName::from_static(name), value);
    }
    for (name, secret) in &request.secret_headers {
        let text = secret.expose();
        let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let value = HeaderValue::from_str(text).ok().filter(|_| plain);
        let mut value = value.ok_or(ErrorCode::InvalidKey)?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
