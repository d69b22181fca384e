//! Providers are translators, never clients: a request is built without I/O, frames are decoded synchronously, failures
//! are classified, and [`transport`] alone talks to the network.

pub mod account;
pub mod ai_gateway;
pub mod answer;
pub mod anthropic;
pub mod azure_openai;
pub mod bedrock;
mod classify;
pub mod cohere;
pub mod compatible;
pub mod custom;
mod decode;
pub mod egress;
pub mod event_stream;
pub mod free;
pub mod gemini;
pub mod groq;
mod halves;
pub mod mistral;
pub mod ollama;
pub mod openai;
pub mod openrouter;
pub mod sse;
pub mod tokens;
pub mod transport;
pub mod vertex;
mod wire;
pub mod xai;

use crate::server::crypto::secret::Secret;
use crate::shared::chat::{ChatSettings, FinishReason, Role};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{ModelId, ProviderId};
use crate::shared::model::Capabilities;
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;
use account::{Access, Account, Overrides};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use tokens::Token;
use url::Url;

/// What is fixed about a provider and shown to people.
pub struct ProviderInfo {
    /// The id in URLs and in the database.
    pub id: &'static str,
    /// The name that people know.
    pub name: &'static str,
    /// What a key looks like. A hint, never a check.
    pub key_hint: &'static str,
    /// Where keys are made.
    pub docs_url: &'static str,
    /// The fields of its credential form.
    pub fields: &'static [FieldInfo],
    /// The fields whose end may be shown to tell keys apart; the first that was given is.
    pub shown: &'static [&'static str],
    /// Where it is reached, in the order in which its adapter counts. Credentials are sealed for the first.
    pub origins: &'static [OriginInfo],
}

/// One address of a provider.
pub struct OriginInfo {
    /// Where it is unless the operator says otherwise; `{field}` stands for a field of the credential, which has to be
    /// one label of a host name. Empty where only the operator knows.
    pub default: &'static str,
    /// The environment variable that overrides it.
    pub var: &'static str,
}

/// One field of a credential form.
pub struct FieldInfo {
    /// The name in `credentials`.
    pub name: &'static str,
    /// What the form calls it.
    pub label: &'static str,
    /// What is written into it.
    pub kind: FieldKind,
    /// May not stay empty.
    pub required: bool,
}

/// What a field of a credential form holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A secret in one line, as it travels in headers. Typed blind, never shown again.
    Secret,
    /// A secret like that, which may stay empty where the operator lends one under this name in the environment.
    LentSecret(&'static str),
    /// A secret of many lines.
    SecretDocument,
    /// A name or a number, in one line.
    Text,
    /// One label of a host name.
    HostLabel,
    /// Where a server is. Nothing about it is said before it is asked, so that nobody learns what is there.
    Address,
    /// One of these values, each with the words that say what it means.
    Choice(&'static [(&'static str, &'static str)]),
}

impl FieldKind {
    /// Whether it is typed blind.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Secret | Self::LentSecret(_) | Self::SecretDocument
        )
    }

    /// Whether it has lines.
    #[must_use]
    pub const fn is_multiline(self) -> bool {
        matches!(self, Self::SecretDocument)
    }
}

/// The one field of a provider that takes a plain API key.
pub const API_KEY: &[FieldInfo] = &[FieldInfo {
    name: "key",
    label: "API key",
    kind: FieldKind::Secret,
    required: true,
}];

/// What is wrong with a credential before anybody is asked: the field, and what to do.
pub type FieldProblem = (&'static str, &'static str);

/// What a person gave to be let in: the values of the provider's fields.
#[derive(Clone, Debug)]
pub struct Credential(pub BTreeMap<String, Secret>);

impl Credential {
    /// A credential of one API key.
    #[must_use]
    pub fn key(key: Secret) -> Self {
        Self(BTreeMap::from([("key".to_owned(), key)]))
    }

    /// The value of a field.
    ///
    /// # Errors
    /// `invalid_key` when the field was never given.
    pub fn field(&self, name: &str) -> Result<&Secret, ProviderError> {
        self.0
            .get(name)
            .ok_or_else(|| ProviderError::new(ErrorCode::InvalidKey))
    }
}

/// An HTTP request that has not been sent. Neither header values of `secret_headers` nor the body are ever printed.
#[derive(Clone)]
pub struct WireRequest {
    /// `GET` or `POST`.
    pub method: http::Method,
    /// Where to; never carries a key.
    pub url: Url,
    /// Ordinary headers, lower-case names. A stream has to be of the type that `accept` names.
    pub headers: Vec<(&'static str, String)>,
    /// Headers that carry a credential.
    pub secret_headers: Vec<(&'static str, Secret)>,
    /// The JSON body, empty for `GET`. It holds what people write, and at a gateway the key that pays.
    pub body: Option<String>,
}

impl fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireRequest")
            .field("method", &self.method)
            .field("url", &self.url.as_str())
            .field("headers", &self.headers)
            .field("secret_headers", &self.secret_headers)
            .finish_non_exhaustive()
    }
}

/// A non-2xx answer, or a 2xx that turned out to be an error.
pub struct WireFailure<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: &'a http::HeaderMap,
    /// The body's first 64 KiB.
    pub body: &'a [u8],
}

/// What is known of a failure. Carries nothing that the provider wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("provider: {}", code.as_str())]
pub struct ProviderError {
    /// The class.
    pub code: ErrorCode,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the provider never got the request, or refused a token that was kept too long and is forgotten now:
    /// asking again asks once.
    pub unsent: bool,
    /// Whether the failure is only a missing right to list models: the key may chat all the same.
    pub list_only: bool,
}

impl ProviderError {
    /// An error of this class and nothing more.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            status: None,
            retry_after: None,
            unsent: false,
            list_only: false,
        }
    }

    /// The error as a person reads it, for the provider called `name`.
    #[must_use]
    pub fn for_person(&self, name: &str) -> AppError {
        let mut error = AppError::new(self.code, self.code.provider_sentence(name));
        error.retry_after_ms = self
            .retry_after
            .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        error
    }
}

/// A model as the provider's own list has it; what the list does not say is `None`.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the fields of shared::model::Model, each optional; of the prices all that there are"
)]
pub struct LiveModel {
    pub id: ModelId,
    pub display_name: Option<String>,
    pub context_window: Option<u64>,
    pub max_output_tokens: Option<u64>,
    pub vision: Option<bool>,
    pub tools: Option<bool>,
    pub json_mode: Option<bool>,
    pub reasoning: Option<bool>,
    /// `YYYY-MM-DD`.
    pub deprecated_at: Option<String>,
    pub tariff: Option<Tariff>,
    /// Unix seconds, for "newest first".
    pub created: Option<i64>,
}

impl LiveModel {
    /// A model of which the list says nothing but its id.
    #[must_use]
    pub const fn new(id: ModelId) -> Self {
        Self {
            id,
            display_name: None,
            context_window: None,
            max_output_tokens: None,
            vision: None,
            tools: None,
            json_mode: None,
            reasoning: None,
            deprecated_at: None,
            tariff: None,
            created: None,
        }
    }
}

/// One page of a provider's list, already filtered to models that chat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelPage {
    /// The models.
    pub models: Vec<LiveModel>,
    /// What to ask the next page with, if there is one.
    pub next: Option<String>,
}

/// One turn of the history as it goes to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said. Never empty.
    pub text: String,
}

/// A chat request before it is anybody's dialect.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    /// The model to ask.
    pub model: ModelId,
    /// What the snapshot or the live list knows of it.
    pub capabilities: Capabilities,
    /// Tokens the model can write at the most, where known.
    pub max_output_tokens: Option<u64>,
    /// The system prompt, if any.
    pub system: Option<String>,
    /// The conversation, the last turn being the person's.
    pub turns: Vec<Turn>,
    /// What the thread asks for.
    pub settings: ChatSettings,
}

/// Tokens of one answer after the provider's own arithmetic (providers.md §0.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Everything read, cached tokens included.
    pub input: u64,
    /// The part of it that came from the provider's cache.
    pub input_cached: u64,
    /// The part of it that was put into the provider's cache.
    pub input_cache_write: u64,
    /// Everything written, reasoning included.
    pub output: u64,
    /// The part of it that was reasoning.
    pub reasoning: u64,
}

/// One thing that a decoder saw.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderEvent {
    /// A piece of the answer.
    Text(String),
    /// A piece of the reasoning that is shown.
    Reasoning(String),
    /// Tokens so far; a later one replaces an earlier one.
    Usage(TokenUsage),
    /// The model's reason to end. The stream may go on (usage), but brings no more text.
    Finish(FinishReason),
    /// A gateway says that its own credentials paid.
    PaidByGateway,
    /// The answer broke. Nothing follows.
    Failed(ProviderError),
}

/// One server-sent event, joined and decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The `event:` field, if there was one.
    pub event: Option<String>,
    /// The `data:` lines, joined by line feeds.
    pub data: String,
}

/// How the bytes of an answer become frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// Amazon's binary event stream.
    EventStream,
}

impl Framing {
    /// The type of such an answer.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::EventStream => "application/vnd.amazon.eventstream",
        }
    }
}

/// Turns a provider's frames into events. Synchronous, one per answer.
pub trait Decoder: Send {
    /// What its frames are cut from.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Reads one frame and appends what it means.
    fn push(&mut self, frame: &Frame, out: &mut Vec<ProviderEvent>);

    /// The connection ended. Appends `Failed(upstream_truncated)` unless the dialect's terminator was seen.
    fn finish(&mut self, out: &mut Vec<ProviderEvent>);
}

/// How a provider gives out a key by itself to somebody who is signed in there.
pub struct Connect {
    /// The page that asks them, for an API at this address; it sends them on to the second one with a code that fits the
    /// challenge. None where the address does not tell.
    pub page: fn(&Url, &Url, &str) -> Option<Url>,
    /// The request that changes a code for a key, with what the challenge was made of.
    pub exchange: fn(&Url, &str, &Secret) -> Result<WireRequest, ProviderError>,
    /// The key in its answer.
    pub key: fn(&[u8]) -> Result<Secret, ProviderError>,
}

/// A provider's dialect. Builds, reads and classifies; never does I/O.
pub trait Provider: Send + Sync {
    /// What is fixed about it.
    fn info(&self) -> &'static ProviderInfo;

    /// Looks at a credential whose fields are each well-formed, and puts it into its stored form.
    ///
    /// # Errors
    /// Names the field that does not fit the others, and says what to do.
    fn complete(&self, credential: Credential) -> Result<Credential, FieldProblem> {
        Ok(credential)
    }

    /// Where the requests of this credential go.
    ///
    /// # Errors
    /// `invalid_key` when a field that belongs to a host name is missing or none.
    fn origins(
        &self,
        overrides: &Overrides,
        credential: &Credential,
    ) -> Result<Vec<Url>, ProviderError> {
        account::origins(self.info(), overrides, credential)
    }

    /// Whether its address is a person's, and requests go only where the operator lets them.
    fn is_anywhere(&self) -> bool {
        false
    }

    /// The models that a credential names itself, where a server may have no list.
    fn named_models(&self, _account: &Account) -> Vec<LiveModel> {
        Vec::new()
    }

    /// How it gives out keys by itself, if it does.
    fn connect(&self) -> Option<&'static Connect> {
        None
    }

    /// Whose key pays for this model: the provider that the person's key is kept for, where a request carries one beside
    /// the account's own credential. Nothing of another provider is ever sent.
    ///
    /// # Errors
    /// What the person has to do before anything can pay.
    fn brings(
        &self,
        _account: &Account,
        _model: &ModelId,
    ) -> Result<Option<&'static str>, &'static str> {
        Ok(None)
    }

    /// The request that changes the credential for a token, where the provider wants one.
    ///
    /// # Errors
    /// `invalid_key` when a field is missing or unusable.
    fn token_request(
        &self,
        _account: &Account,
        _now: Timestamp,
    ) -> Result<Option<WireRequest>, ProviderError> {
        Ok(None)
    }

    /// Reads what the token service gave.
    ///
    /// # Errors
    /// `upstream_error` when the body is something else.
    fn parse_token(&self, _body: &[u8]) -> Result<Token, ProviderError> {
        Err(ProviderError::new(ErrorCode::UpstreamError))
    }

    /// The request that checks a key, where listing models does not.
    ///
    /// # Errors
    /// `invalid_key` when a field is missing.
    fn check_request(&self, _access: &Access<'_>) -> Result<Option<WireRequest>, ProviderError> {
        Ok(None)
    }

    /// Reads the answer to [`Provider::check_request`], which came with a good status.
    ///
    /// # Errors
    /// What the answer says is wrong with the key.
    fn parse_check(&self, _body: &[u8]) -> Result<(), ProviderError> {
        Ok(())
    }

    /// The request that lists models, which is also how a key is checked. `page` is an earlier [`ModelPage::next`].
    ///
    /// # Errors
    /// `invalid_key` when a field is missing.
    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError>;

    /// Reads one page of the list.
    ///
    /// # Errors
    /// `upstream_error` when the body is something else.
    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError>;

    /// The streaming chat request, with parameters that the model rejects left out.
    ///
    /// # Errors
    /// `invalid_key` when a field is missing.
    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError>;

    /// The same request with nothing in it that a server of this kind may not know. None where that is no less.
    ///
    /// # Errors
    /// As [`Provider::encode`].
    fn encode_less(
        &self,
        _access: &Access<'_>,
        _request: &ChatRequest,
    ) -> Result<Option<WireRequest>, ProviderError> {
        Ok(None)
    }

    /// A decoder for the answer to what [`Provider::encode`] built for the same request.
    fn decoder(&self, request: &ChatRequest) -> Box<dyn Decoder>;

    /// What a failure means.
    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError;
}

/// All providers that this build speaks, in the order of the dashboard.
pub static REGISTRY: &[&dyn Provider] = &[
    &openai::OPENAI,
    &anthropic::ANTHROPIC,
    &gemini::GEMINI,
    &xai::XAI,
    &cohere::COHERE,
    &groq::GROQ,
    &mistral::MISTRAL,
    &openrouter::OPENROUTER,
    &ai_gateway::AI_GATEWAY,
    &azure_openai::AZURE_OPENAI,
    &ollama::OLLAMA,
    &vertex::VERTEX,
    &bedrock::BEDROCK,
    &custom::CUSTOM,
];

/// Whether this installation offers a provider: one that only the operator can place is there once they did.
#[must_use]
pub fn offered(info: &ProviderInfo, overrides: &Overrides) -> bool {
    let placed =
        |origin: &OriginInfo| !origin.default.is_empty() || overrides.contains_key(origin.var);
    info.origins.iter().all(placed)
}

/// The provider with this id; the free pool is one, though nobody has a key for it.
#[must_use]
pub fn find(id: &ProviderId) -> Option<&'static dyn Provider> {
    let pool: &'static dyn Provider = &free::FREE;
    REGISTRY
        .iter()
        .copied()
        .chain([pool])
        .find(|provider| provider.info().id == id.as_str())
}
