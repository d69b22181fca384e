//! The HTTP contract as OpenAPI 3.1. Each file of `openapi/` is a group of calls, written down short; they become the
//! document once a process.
//!
//! Short means: a type is a word (`time`, `Key`, `[Key]`, `{string}`, `'on'|'off'|null`), with what there is to say of it
//! behind a semicolon, or an object of fields, of which those with a `?` may be absent and `+` is what they are added to. An
//! error is its code; the status comes from [`ErrorCode`], and what every call can answer is in no list.

#![expect(
    clippy::indexing_slicing,
    reason = "what is not in a JSON value is null, not a panic"
)]

use crate::server::http::extract::{SECURE_SESSION, SESSION};
use crate::shared::error::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const GROUPS: [&str; 7] = [
    include_str!("openapi/accounts.json"),
    include_str!("openapi/keys.json"),
    include_str!("openapi/models.json"),
    include_str!("openapi/threads.json"),
    include_str!("openapi/messages.json"),
    include_str!("openapi/usage.json"),
    include_str!("openapi/process.json"),
];

const ABOUT: &str = "JSON is camelCase, times are RFC 3339 in UTC, ids are opaque, money is USD. Every error under `/api` is \
    an `ErrorBody`, and every response has an `x-request-id`; 429 and 503 carry `Retry-After`. What belongs to somebody else \
    does not exist. A state-changing request of a browser must come from the site itself.";

const SCHEMAS: &str = "#/components/schemas/";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What a name in a path stands for.
const PLACES: [(&str, &str); 4] = [
    ("provider", "A provider, as `GET /api/providers` names it"),
    ("key", "A key of the person's"),
    ("thread", "A thread of the person's"),
    ("message", "A message of that thread"),
];

/// What can go wrong where a provider is asked.
const PROVIDER: [ErrorCode; 15] = [
    ErrorCode::InvalidKey,
    ErrorCode::InsufficientPermission,
    ErrorCode::RateLimited,
    ErrorCode::QuotaExhausted,
    ErrorCode::Overloaded,
    ErrorCode::BadModel,
    ErrorCode::ContextLength,
    ErrorCode::ContentFiltered,
    ErrorCode::UnsupportedParam,
    ErrorCode::Timeout,
    ErrorCode::Network,
    ErrorCode::ProviderRedirected,
    ErrorCode::UpstreamError,
    ErrorCode::UpstreamTruncated,
    ErrorCode::SystemCredentials,
];

/// What can go wrong where something is sent to a model.
const SEND: [ErrorCode; 7] = [
    ErrorCode::NoKey,
    ErrorCode::KeyUnreadable,
    ErrorCode::ModelUnavailable,
    ErrorCode::GenerationInProgress,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::FreeQuotaExhausted,
    ErrorCode::RateLimited,
];

/// A call of the document.
pub struct Call {
    /// In capitals.
    pub method: String,
    /// With the names of what stands in it in braces.
    pub path: &'static str,
    /// Its `operationId`.
    pub id: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// All that the document says of it.
    pub operation: &'static Value,
}

/// The calls of a group, by path.
pub fn calls(tag: &str) -> Vec<Call> {
    let mut all = Vec::new();
    for (path, calls) in document()["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &calls[method];
            if operation["tags"][0] == tag {
                let text = |name: &str| operation[name].as_str().unwrap_or_default();
                all.push(Call {
                    method: method.to_uppercase(),
                    path,
                    id: text("operationId"),
                    summary: text("summary"),
                    operation,
                });
            }
        }
    }
    all
}

/// The name of the type that a `$ref` leads to.
#[must_use]
pub fn named(reference: &str) -> &str {
    reference.strip_prefix(SCHEMAS).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    about: String,
    calls: Vec<Written>,
    types: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    call: String,
    summary: String,
    about: Option<String>,
    /// Whether it takes no session.
    #[serde(default)]
    open: bool,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    example: Option<Value>,
    answers: BTreeMap<String, Answer>,
    #[serde(default)]
    errors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    about: String,
    r#type: Option<Value>,
    /// What it is when it is no JSON.
    media: Option<String>,
    /// Whether it is a stream of events, or can be one.
    #[serde(default)]
    stream: bool,
}

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let groups = GROUPS
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        assemble(groups.collect())
    });
    &DOCUMENT
}

fn assemble(groups: Vec<Group>) -> Value {
    let mut tags = Vec::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let mut schemas = Map::from_iter([(
        "ErrorCode".to_owned(),
        json!({ "type": "string", "enum": codes }),
    )]);
    for group in groups {
        tags.push(json!({ "name": group.name, "description": group.about }));
        for (name, kind) in &group.types {
            schemas.insert(name.clone(), schema(kind));
        }
        for call in group.calls {
            let (method, path) = call.call.split_once(' ').unwrap_or_default();
            let entry = paths.entry(path.to_owned()).or_default();
            let operation = operation(&group.name, method, path, &call);
            entry.insert(method.to_lowercase(), operation);
        }
    }
    let cookie = |name: &str| json!({ "type": "apiKey", "in": "cookie", "name": name });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "KeyLM", "version": "1", "summary": "Chat with your own model keys.", "description": ABOUT },
        "servers": [{ "url": "/" }],
        "security": [{ "session": [] }, { "secureSession": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "session": cookie(SESSION), "secureSession": cookie(SECURE_SESSION) },
        },
    })
}

fn operation(group: &str, method: &str, path: &str, call: &Written) -> Value {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut operation = json!({
        "operationId": format!("{}_{}", method.to_lowercase(), words.join("_")),
        "tags": [group],
        "summary": call.summary,
        "responses": responses(method, path, call),
    });
    let mut set = |name: &str, value: Value| {
        operation[name] = value;
    };
    if let Some(about) = &call.about {
        set("description", json!(about));
    }
    if call.open {
        set("security", json!([]));
    }
    let parameters = parameters(path, call);
    if !parameters.is_empty() {
        set("parameters", json!(parameters));
    }
    if let Some(body) = &call.body {
        let mut content = json!({ "schema": schema(body) });
        if let Some(example) = &call.example {
            content["example"] = example.clone();
        }
        set(
            "requestBody",
            json!({ "required": true, "content": { "application/json": content } }),
        );
    }
    operation
}

fn parameters(path: &str, call: &Written) -> Vec<Value> {
    let mut all = Vec::new();
    for part in path.split('/') {
        let Some(name) = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        else {
            continue;
        };
        let about = PLACES.iter().find(|(place, _)| *place == name);
        let about = about.map_or("", |(_, about)| about);
        all.push(json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": { "type": "string" },
        }));
    }
    for (place, given) in [("query", &call.query), ("header", &call.headers)] {
        for (name, kind) in given {
            let mut schema = schema(kind);
            let about = schema
                .as_object_mut()
                .and_then(|map| map.remove("description"));
            let mut parameter = json!({
                "name": name.trim_end_matches('?'), "in": place, "required": !name.ends_with('?'), "schema": schema,
            });
            if let Some(about) = about {
                parameter["description"] = about;
            }
            all.push(parameter);
        }
    }
    all
}

fn responses(method: &str, path: &str, call: &Written) -> Map<String, Value> {
    let mut all = Map::new();
    for (status, answer) in &call.answers {
        let mut content = Map::new();
        if let Some(kind) = &answer.r#type {
            content.insert(
                "application/json".to_owned(),
                json!({ "schema": schema(kind) }),
            );
        }
        if let Some(media) = &answer.media {
            content.insert(media.clone(), json!({ "schema": { "type": "string" } }));
        }
        if answer.stream {
            let about = "Server-sent events. `id` counts 1, 2, 3 …; `data` is an object: `start` an EventStart, `delta` an \
                EventDelta, `reasoning` an EventReasoning, `usage` an EventUsage; `done` (EventDone) or `error` (EventError) \
                is the last. A comment comes at least every 15 s.";
            let schema = json!({ "type": "string", "description": about });
            content.insert("text/event-stream".to_owned(), json!({ "schema": schema }));
        }
        let mut response = json!({ "description": answer.about });
        if !content.is_empty() {
            response["content"] = json!(content);
        }
        all.insert(status.clone(), response);
    }
    for (status, codes) in refusals(method, path, call) {
        let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let about = format!("`{}`", names.join("`, `"));
        let body = json!({ "application/json": { "schema": { "$ref": reference("ErrorBody") } } });
        all.insert(
            status.to_string(),
            json!({ "description": about, "content": body, "x-codes": names }),
        );
    }
    all
}

/// The errors of a call by their status: those that it names, and those that all of its kind have.
fn refusals(method: &str, path: &str, call: &Written) -> BTreeMap<u16, BTreeSet<ErrorCode>> {
    let mut codes = Vec::new();
    if path.starts_with("/api/") {
        codes.extend([ErrorCode::Storage, ErrorCode::Draining, ErrorCode::Internal]);
        if method != "GET" {
            codes.push(ErrorCode::CrossOrigin);
        }
    }
    if !call.open {
        codes.push(ErrorCode::Unauthenticated);
    }
    if path.contains('{') {
        codes.push(ErrorCode::NotFound);
    }
    if !call.query.is_empty() {
        codes.extend([ErrorCode::Validation, ErrorCode::NotFound]);
    }
    if call.body.is_some() {
        codes.extend([
            ErrorCode::Validation,
            ErrorCode::TooLarge,
            ErrorCode::UnsupportedMediaType,
        ]);
    }
    for name in &call.errors {
        match name.as_str() {
            "provider" => codes.extend(PROVIDER),
            "send" => codes.extend(SEND),
            code => codes.extend(ErrorCode::parse(code)),
        }
    }
    let mut all: BTreeMap<u16, BTreeSet<ErrorCode>> = BTreeMap::new();
    for code in codes {
        all.entry(code.status()).or_default().insert(code);
    }
    all
}

fn reference(name: &str) -> String {
    [SCHEMAS, name].concat()
}

/// The JSON schema of a type. A word that is none is a reference to nothing, which the tests find.
fn schema(kind: &Value) -> Value {
    match kind {
        Value::String(text) => {
            let (kind, about) = match text.split_once(';') {
                Some((kind, about)) => (kind, Some(about.trim())),
                None => (text.as_str(), None),
            };
            let mut schema = word(kind.trim());
            if let Some(about) = about {
                schema["description"] = json!(about);
            }
            schema
        }
        Value::Object(fields) => object(fields),
        _ => json!({ "$ref": reference("") }),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let own = fields.iter().filter(|(name, _)| *name != "+");
    let required: Vec<&String> = own
        .clone()
        .map(|(name, _)| name)
        .filter(|name| !name.ends_with('?'))
        .collect();
    let properties: Map<String, Value> = own
        .map(|(name, kind)| (name.trim_end_matches('?').to_owned(), schema(kind)))
        .collect();
    let own = json!({ "type": "object", "required": required, "properties": properties });
    match fields.get("+") {
        Some(base) => json!({ "allOf": [schema(base), own] }),
        None => own,
    }
}

fn word(kind: &str) -> Value {
    let mut values = Vec::new();
    let mut base = None;
    let mut nullable = false;
    for part in kind.split('|') {
        match part
            .strip_prefix('\'')
            .and_then(|part| part.strip_suffix('\''))
        {
            Some(value) => values.push(json!(value)),
            None if part == "null" => nullable = true,
            None => base = Some(single(part)),
        }
    }
    if !values.is_empty() {
        values.extend(nullable.then_some(Value::Null));
        let kind = if nullable {
            json!(["string", "null"])
        } else {
            json!("string")
        };
        return json!({ "type": kind, "enum": values });
    }
    let mut base = base.unwrap_or_else(|| single(""));
    if nullable {
        match base.get("type").cloned() {
            Some(kind) => base["type"] = json!([kind, "null"]),
            None => base = json!({ "anyOf": [base, { "type": "null" }] }),
        }
    }
    base
}

fn single(word: &str) -> Value {
    let inside = |open, close| {
        word.strip_prefix(open)
            .and_then(|word| word.strip_suffix(close))
    };
    if let Some(item) = inside('[', ']') {
        return json!({ "type": "array", "items": single(item) });
    }
    if let Some(value) = inside('{', '}') {
        return json!({ "type": "object", "additionalProperties": single(value) });
    }
    match word {
        "string" | "integer" | "number" | "boolean" | "object" => json!({ "type": word }),
        "id" => json!({ "type": "string", "maxLength": 64 }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "day" => json!({ "type": "string", "format": "date" }),
        name => json!({ "$ref": reference(name) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_read_and_every_error_is_one() {
        for text in GROUPS {
            let group: Group = serde_json::from_str(text).unwrap();
            for call in group.calls {
                for name in &call.errors {
                    let known = ["provider", "send"].contains(&name.as_str());
                    assert!(known || ErrorCode::parse(name).is_some(), "{name}");
                }
                assert_eq!(call.body.is_some(), call.example.is_some(), "{}", call.call);
            }
        }
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(to) => drop(found.insert(to.to_owned())),
                        None => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_type_that_is_named_exists_and_every_one_that_exists_is_named() {
        let document = document();
        let mut named = BTreeSet::new();
        references(document, &mut named);
        for event in ["Start", "Delta", "Reasoning", "Usage", "Done", "Error"] {
            named.insert(reference(&format!("Event{event}")));
        }
        let there = document["components"]["schemas"].as_object().unwrap();
        let there: BTreeSet<String> = there.keys().map(|name| reference(name)).collect();
        assert_eq!(named, there);
    }

    #[test]
    fn a_type_is_a_word() {
        let of = |text: &str| schema(&json!(text));
        assert_eq!(
            of("string; a word"),
            json!({ "type": "string", "description": "a word" })
        );
        assert_eq!(of("integer|null"), json!({ "type": ["integer", "null"] }));
        assert_eq!(
            of("'a'|'b'|null"),
            json!({ "type": ["string", "null"], "enum": ["a", "b", null] })
        );
        assert_eq!(
            of("Key|null"),
            json!({ "anyOf": [{ "$ref": "#/components/schemas/Key" }, { "type": "null" }] })
        );
        assert_eq!(
            of("[time]"),
            json!({ "type": "array", "items": { "type": "string", "format": "date-time" } })
        );
        assert_eq!(
            schema(&json!({ "a": "boolean", "b?": "{string}" })),
            json!({
                "type": "object",
                "required": ["a"],
                "properties": {
                    "a": { "type": "boolean" },
                    "b": { "type": "object", "additionalProperties": { "type": "string" } },
                },
            })
        );
    }

    #[test]
    fn a_call_names_its_errors_by_their_status() {
        let send = &document()["paths"]["/api/threads/{thread}/messages"]["post"];
        assert_eq!(
            send["responses"]["401"]["x-codes"],
            json!(["unauthenticated"])
        );
        let conflicts = send["responses"]["409"]["x-codes"].as_array().unwrap();
        assert!(conflicts.contains(&json!("thread_provider_mismatch")));
        assert!(conflicts.contains(&json!("no_key")));
        assert_eq!(
            document()["paths"]["/api/auth/login"]["post"]["security"],
            json!([])
        );
    }
}
