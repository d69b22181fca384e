//! Holds what the server answers against what its OpenAPI document says. The typed clients do so with every answer.

use keylm::server::openapi::document;
use keylm::shared::time::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, ResponseBuilderExt as _};
use serde_json::Value;
use std::collections::BTreeMap;

/// The schema of that name.
pub fn named(name: &str) -> &'static Value {
    let schema = &document()["components"]["schemas"][name];
    assert!(schema.is_object(), "{name} is no schema");
    schema
}

/// The template of a path that is in the document.
fn template(path: &str) -> Option<&'static str> {
    let paths = document()["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (given, wanted) = (path.split('/'), template.split('/'));
        given.clone().count() == wanted.clone().count()
            && given.zip(wanted).all(|(given, wanted)| {
                given == wanted || (wanted.starts_with('{') && !given.is_empty())
            })
    };
    paths.keys().map(String::as_str).find(|path| fits(path))
}

/// Fails when a JSON answer of the API is not what the document says; else gives it back as it was.
pub async fn held(method: &Method, response: Response) -> Response {
    let url = response.url().clone();
    let json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if !json || !url.path().starts_with("/api/") {
        return response;
    }
    let status = response.status();
    let mut copy = http::Response::builder().status(status).url(url.clone());
    for (name, value) in response.headers() {
        copy = copy.header(name, value);
    }
    let bytes = response.bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let problem = judge(method, url.path(), status.as_u16(), &body);
    assert_eq!(problem, Ok(()), "{method} {url}: {status} {body}");
    Response::from(copy.body(bytes).unwrap())
}

/// What is wrong with an answer.
pub fn judge(method: &Method, path: &str, status: u16, body: &Value) -> Result<(), String> {
    let call = template(path)
        .map(|path| &document()["paths"][path][method.as_str().to_lowercase()]["responses"]);
    let Some(responses) = call.filter(|responses| responses.is_object()) else {
        let nowhere = [404, 405].contains(&status);
        return check(named("ErrorBody"), body, "").and(if nowhere {
            Ok(())
        } else {
            Err(format!("{status} where the document has no call"))
        });
    };
    let known = &responses[status.to_string()];
    let codes = known["x-codes"].as_array();
    if codes.is_some_and(|codes| !codes.contains(&body["error"]["code"])) || known.is_null() {
        return Err(format!("{} is not among its errors", body["error"]["code"]));
    }
    check(&known["content"]["application/json"]["schema"], body, "")
}

/// Fails when the data of an event is not what the document says.
pub fn hold_event(name: &str, data: &Value) {
    let mut letters = name.chars();
    let first = letters.next().unwrap().to_uppercase();
    let schema = named(&format!("Event{first}{}", letters.as_str()));
    assert_eq!(check(schema, data, name), Ok(()), "{data}");
}

fn resolve(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(to) => named(to.strip_prefix("#/components/schemas/").unwrap()),
        None => schema,
    }
}

/// The fields of an object, and whether each has to be there.
fn fields(schema: &'static Value) -> BTreeMap<&'static str, (&'static Value, bool)> {
    let schema = resolve(schema);
    let mut all = BTreeMap::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        all.extend(fields(part));
    }
    for (name, kind) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().unwrap();
        all.insert(
            name.as_str(),
            (kind, required.iter().any(|one| one == name)),
        );
    }
    all
}

/// What a value breaks of a schema. Stricter than JSON Schema: a field that is not in the document is a breach.
pub fn check(schema: &'static Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolve(schema);
    let fail = |what: &str| Err(format!("{at}: {value} {what}"));
    if let Some(any) = schema["anyOf"].as_array() {
        let mut tried = any.iter().map(|one| check(one, value, at));
        return match tried.find(Result::is_ok) {
            Some(_) => Ok(()),
            None => check(&any[0], value, at),
        };
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|values| !values.contains(value))
    {
        return fail("is none of the values");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ if schema["allOf"].is_array() => vec!["object"],
        _ => return fail("has no type in the document"),
    };
    let fits = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !kinds.iter().any(fits) {
        return fail(&format!("is no {kinds:?}"));
    }
    if let Some(text) = value.as_str() {
        let moment = text.len() == 24 && Timestamp::parse(text).is_some();
        let day = Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
        return match schema["format"].as_str() {
            Some("date-time") if !moment => fail("is no time"),
            Some("date") if !day => fail("is no day"),
            _ => Ok(()),
        };
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{at}/{index}"))?;
    }
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    let known = fields(schema);
    for (name, (_, required)) in &known {
        if *required && !object.contains_key(*name) {
            return fail(&format!("has no {name}"));
        }
    }
    for (name, value) in object {
        let own = known.get(name.as_str()).map(|(kind, _)| *kind);
        match own.or_else(|| schema.get("additionalProperties")) {
            Some(kind) => check(kind, value, &format!("{at}/{name}"))?,
            // An object of which nothing is said.
            None if known.is_empty() => {}
            None => return fail(&format!("has a {name} that is not in the document")),
        }
    }
    Ok(())
}
