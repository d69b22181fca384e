//! Providers that speak Chat Completions, as data: each says in its own file what it is and where it differs.

use super::account::{self, Access, Account, Overrides};
use super::classify;
use super::decode::count;
use super::openai::chat::{self, Quirks, USAGE};
use super::{
    ChatRequest, Connect, Credential, Decoder, FieldProblem, LiveModel, ModelPage, Provider,
    ProviderError, ProviderInfo, WireFailure, WireRequest, wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use crate::shared::ids::ModelId;
use crate::shared::tariff::Tariff;
use serde_json::Value;
use url::Url;

type Known<T> = Result<T, ProviderError>;
type SecretHeaders = Vec<(&'static str, Secret)>;

/// The addresses that a credential names.
type Origins = fn(&Credential) -> Known<Vec<Url>>;

/// Whose key pays for a model.
type Brings = fn(&Account, &ModelId) -> Result<Option<&'static str>, &'static str>;

/// One of them.
pub struct Compatible {
    pub(super) info: &'static ProviderInfo,
    pub(super) quirks: &'static Quirks,
    /// The headers that let a request in.
    pub(super) headers: fn(&Access<'_>) -> Known<SecretHeaders>,
    /// Where the list of models is.
    pub(super) list: fn(&Access<'_>) -> Known<Url>,
    /// The models of the rows that somebody can chat with.
    pub(super) models: fn(&[Value]) -> Vec<LiveModel>,
    /// What only a good key may read, where anybody may read the list.
    pub(super) check: Option<fn(&Access<'_>) -> Known<Url>>,
    /// Looks at fields that depend on each other.
    pub(super) complete: fn(Credential) -> Result<Credential, FieldProblem>,
    /// The model that a credential names itself.
    pub(super) named: fn(&Credential) -> Option<LiveModel>,
    /// How it gives out keys by itself.
    pub(super) connect: Option<&'static Connect>,
    /// Whose key pays beside its own.
    pub(super) brings: Brings,
    /// Where it is, if a person says so; only then may it be anywhere.
    pub(super) origins: Option<Origins>,
    /// Where an answer is asked for.
    pub(super) chat: fn(&Access<'_>, &ChatRequest) -> Known<Url>,
}

impl Compatible {
    /// What most of them have in common.
    pub(super) const fn new(info: &'static ProviderInfo, quirks: &'static Quirks) -> Self {
        Self {
            info,
            quirks,
            headers: |access| Ok(vec![wire::bearer(access.field("key")?)]),
            list: |access| wire::endpoint(access.origin(0)?, &["models"]),
            models: |rows| rows.iter().filter_map(plain).collect(),
            check: None,
            complete: Ok,
            named: |_| None,
            connect: None,
            brings: |_, _| Ok(None),
            origins: None,
            chat: |access, _| wire::endpoint(access.origin(0)?, &["chat", "completions"]),
        }
    }
}

/// A model of which the list says its id and its age.
pub(super) fn plain(row: &Value) -> Option<LiveModel> {
    Some(LiveModel {
        created: count(row, "/created").and_then(|seconds| i64::try_from(seconds).ok()),
        ..LiveModel::new(row.get("id")?.as_str()?.parse().ok()?)
    })
}

/// Prices in USD per token, written as texts. One that changes is written as -1.
pub(super) fn tariff(row: &Value, input: &str, output: &str) -> Option<Tariff> {
    let usd = |name: &str| {
        let text = row.pointer(&format!("/pricing/{name}"))?.as_str()?;
        let price = text.parse::<f64>().ok()?;
        (price.is_finite() && price >= 0.0).then_some((price * 1e12).round() / 1e6)
    };
    Some(Tariff {
        input: usd(input)?,
        output: usd(output)?,
        cached_input: usd("input_cache_read"),
        cache_write: usd("input_cache_write"),
        long: None,
    })
}

/// The rows of a list, which some servers give bare. Each is an object with an id, or this is no list.
fn rows(body: &Value) -> Option<&[Value]> {
    let rows = body.get("data").unwrap_or(body).as_array()?;
    let named = |row: &Value| row.get("id").is_some_and(Value::is_string);
    rows.iter().all(named).then_some(rows)
}

impl Provider for Compatible {
    fn info(&self) -> &'static ProviderInfo {
        self.info
    }

    fn complete(&self, credential: Credential) -> Result<Credential, FieldProblem> {
        (self.complete)(credential)
    }

    fn named_models(&self, account: &Account) -> Vec<LiveModel> {
        (self.named)(&account.credential).into_iter().collect()
    }

    fn connect(&self) -> Option<&'static Connect> {
        self.connect
    }

    fn brings(
        &self,
        account: &Account,
        model: &ModelId,
    ) -> Result<Option<&'static str>, &'static str> {
        (self.brings)(account, model)
    }

    fn origins(&self, overrides: &Overrides, credential: &Credential) -> Known<Vec<Url>> {
        match self.origins {
            Some(origins) => origins(credential),
            None => account::origins(self.info, overrides, credential),
        }
    }

    fn is_anywhere(&self) -> bool {
        self.origins.is_some()
    }

    fn check_request(&self, access: &Access<'_>) -> Known<Option<WireRequest>> {
        let Some(check) = self.check else {
            return Ok(None);
        };
        Ok(Some(wire::get(check(access)?, (self.headers)(access)?)))
    }

    fn parse_check(&self, body: &[u8]) -> Known<()> {
        self.read(body).map(drop)
    }

    fn models_request(&self, access: &Access<'_>, _page: Option<&str>) -> Known<WireRequest> {
        Ok(wire::get((self.list)(access)?, (self.headers)(access)?))
    }

    fn parse_models(&self, body: &[u8]) -> Known<ModelPage> {
        let body = self.read(body)?;
        let rows = rows(&body).ok_or(ProviderError::new(ErrorCode::UpstreamError))?;
        Ok(ModelPage {
            models: (self.models)(rows),
            next: None,
        })
    }

    fn encode(&self, access: &Access<'_>, request: &ChatRequest) -> Known<WireRequest> {
        let body = chat::body(self.quirks, access, request)?;
        let url = (self.chat)(access, request)?;
        Ok(wire::post(url, (self.headers)(access)?, &body))
    }

    /// Not every server that somebody runs knows how usage is asked for (providers.md §13).
    fn encode_less(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Known<Option<WireRequest>> {
        if !self.is_anywhere() {
            return Ok(None);
        }
        let mut body = chat::body(self.quirks, access, request)?;
        let asked = body.as_object_mut().and_then(|body| body.remove(USAGE));
        let url = (self.chat)(access, request)?;
        let headers = (self.headers)(access)?;
        Ok(asked.map(|_| wire::post(url, headers, &body)))
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        chat::decoder(self.quirks)
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, self.quirks.rule)
    }
}

impl Compatible {
    /// A JSON body that is no error, which some give with a good status.
    fn read(&self, body: &[u8]) -> Known<Value> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        match body.get("error") {
            None | Some(Value::Null) => Ok(body),
            Some(_) => Err(classify::in_stream(&body, self.quirks.rule)),
        }
    }
}
