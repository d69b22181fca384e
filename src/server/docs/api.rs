//! `/docs/api`: the contract for people, made of the same document that programs read.

#![expect(
    clippy::indexing_slicing,
    reason = "what is not in a JSON value is null, not a panic"
)]

use super::markdown::slug;
use super::{Content, prose};
use crate::server::openapi::{Call, calls, document, named};
use crate::server::render::markup::Html;
use crate::shared::error::ErrorCode;
use serde_json::Value;

const SIGN_IN: &str = "KEYLM=http://127.0.0.1:3000
curl -c jar \"$KEYLM/api/auth/login\" -H 'content-type: application/json' \\
  -d '{\"email\":\"ada@example.org\",\"password\":\"correct horse battery\"}'
curl -b jar \"$KEYLM/api/threads\"";

pub(super) fn page() -> Content {
    let mut html = Html::default();
    let mut headings = Vec::new();
    let document = document();
    html.raw("<h1>API</h1><p>");
    prose(&mut html, text(&document["info"]["description"]));
    html.raw(r#"</p><p>For programs: <a href="/api/openapi.json"><code>/api/openapi.json</code></a>, OpenAPI 3.1. "#)
        .raw("A session is a cookie; from a shell:</p><pre tabindex=\"0\"><code>")
        .text(SIGN_IN)
        .raw("</code></pre>");
    let mut heading = |html: &mut Html, words: &str| {
        html.raw(r#"<h2 id=""#)
            .text(&slug(words))
            .raw(r#"">"#)
            .text(words)
            .raw("</h2>");
        headings.push((slug(words), words.to_owned()));
    };
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        heading(&mut html, name);
        html.raw("<p>");
        prose(&mut html, text(&tag["description"]));
        html.raw("</p>");
        for call in calls(name) {
            one(&mut html, &call);
        }
    }
    heading(&mut html, "Types");
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if name != "ErrorCode" {
            html.raw(r#"<h3 id="type-"#)
                .text(name)
                .raw(r#"">"#)
                .text(name)
                .raw("</h3>");
            fields(&mut html, schema);
        }
    }
    heading(&mut html, "Errors");
    errors(&mut html);
    Content {
        html: html.0,
        headings,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn one(html: &mut Html, call: &Call) {
    let operation = call.operation;
    html.raw(r#"<article class="call"><h3 id=""#)
        .text(&slug(call.id))
        .raw(r#""><span class="method">"#)
        .text(&call.method)
        .raw("</span> <code>")
        .text(call.path)
        .raw(r#"</code></h3><p class="strong">"#)
        .text(call.summary)
        .raw("</p>");
    if let Some(about) = operation["description"].as_str() {
        html.raw("<p>");
        prose(html, about);
        html.raw("</p>");
    }
    let given = operation["parameters"].as_array().into_iter().flatten();
    if given.clone().next().is_some() {
        html.raw("<h4>Parameters</h4>");
        let row = |given: &'static Value| Row {
            name: text(&given["name"]),
            place: text(&given["in"]),
            optional: given["required"] == false,
            schema: &given["schema"],
            about: text(&given["description"]),
        };
        table(html, given.map(row));
    }
    if let Some(body) =
        operation["requestBody"]["content"]["application/json"]["schema"].as_object()
    {
        html.raw("<h4>Body</h4>");
        named_or_fields(html, body);
    }
    html.raw("<h4>Answers</h4><dl>");
    let responses = operation["responses"].as_object().into_iter().flatten();
    for (status, response) in responses
        .clone()
        .filter(|(_, response)| response["x-codes"].is_null())
    {
        html.raw("<div><dt>").text(status).raw("</dt><dd>");
        prose(html, text(&response["description"]));
        if let Some(schema) = response["content"]["application/json"]["schema"].as_object() {
            html.raw(" ");
            named_or_fields(html, schema);
        }
        html.raw("</dd></div>");
    }
    for (status, response) in responses.filter(|(_, response)| response["x-codes"].is_array()) {
        html.raw("<div><dt>").text(status).raw("</dt><dd>");
        for (at, code) in response["x-codes"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            html.raw(if at == 0 { "" } else { ", " });
            html.raw(r##"<a href="#code-"##)
                .text(text(code))
                .raw(r#""><code>"#)
                .text(text(code))
                .raw("</code></a>");
        }
        html.raw("</dd></div>");
    }
    html.raw("</dl><pre tabindex=\"0\"><code>")
        .text(&curl(call))
        .raw("</code></pre></article>");
}

fn named_or_fields(html: &mut Html, schema: &'static serde_json::Map<String, Value>) {
    if schema.contains_key("properties") {
        properties(html, schema.get("properties"), schema.get("required"));
    } else if let Some(to) = schema.get("$ref") {
        link(html, text(to));
    } else {
        html.raw("an object");
    }
}

/// What a type has, fields that it adds to another included.
fn fields(html: &mut Html, schema: &'static Value) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Some(to) = part["$ref"].as_str() {
            html.raw("<p>As ");
            link(html, to);
            html.raw(".</p>");
        } else {
            fields(html, part);
        }
    }
    properties(html, schema.get("properties"), schema.get("required"));
}

fn properties(html: &mut Html, all: Option<&'static Value>, required: Option<&'static Value>) {
    let all = all.and_then(Value::as_object).into_iter().flatten();
    if all.clone().next().is_none() {
        return;
    }
    let required = required.and_then(Value::as_array);
    let row = |(name, schema): (&'static String, &'static Value)| Row {
        name,
        place: "",
        optional: !required.is_some_and(|required| required.iter().any(|one| one == name)),
        schema,
        about: text(&schema["description"]),
    };
    table(html, all.map(row));
}

struct Row {
    name: &'static str,
    place: &'static str,
    optional: bool,
    schema: &'static Value,
    about: &'static str,
}

fn table(html: &mut Html, rows: impl Iterator<Item = Row>) {
    html.raw(r#"<div class="scroll" tabindex="0"><table><tbody>"#);
    for row in rows {
        html.raw(r#"<tr><th scope="row"><code>"#)
            .text(row.name)
            .raw("</code>")
            .raw(if row.optional {
                r#" <span class="muted small">optional</span>"#
            } else {
                ""
            })
            .raw("</th><td>");
        kind(html, row.schema);
        if !row.place.is_empty() {
            html.raw(r#" <span class="muted small">in the "#)
                .text(row.place)
                .raw("</span>");
        }
        html.raw("</td><td>");
        prose(html, row.about);
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

fn link(html: &mut Html, reference: &str) {
    let name = named(reference);
    let place = if name == "ErrorCode" {
        "errors".to_owned()
    } else {
        format!("type-{name}")
    };
    html.raw(r##"<a href="#"##)
        .text(&place)
        .raw(r#"">"#)
        .text(name)
        .raw("</a>");
}

/// A type in words.
fn kind(html: &mut Html, schema: &'static Value) {
    if let Some(to) = schema["$ref"].as_str() {
        return link(html, to);
    }
    let several = [&schema["enum"], &schema["anyOf"], &schema["type"]];
    let several = several.into_iter().find_map(Value::as_array);
    if let Some(several) = several {
        for (at, part) in several.iter().enumerate() {
            html.raw(if at == 0 { "" } else { " or " });
            match part {
                Value::String(word) if schema["enum"].is_array() => {
                    html.raw("<code>").text(word).raw("</code>");
                }
                Value::String(word) => plain(html, word, schema),
                Value::Null => {
                    html.raw("null");
                }
                other => kind(html, other),
            }
        }
        return;
    }
    plain(html, text(&schema["type"]), schema);
}

/// A type that has one word.
fn plain(html: &mut Html, word: &str, schema: &'static Value) {
    match (word, schema["format"].as_str()) {
        ("string", Some("date-time")) => {
            html.raw("time");
        }
        ("string", Some("date")) => {
            html.raw("day");
        }
        ("array", _) => {
            html.raw("list of ");
            kind(html, &schema["items"]);
        }
        ("object", _) if schema["additionalProperties"].is_object() => {
            html.raw("object of ");
            kind(html, &schema["additionalProperties"]);
        }
        _ => {
            html.text(word);
        }
    }
}

/// The call as a line of a shell.
fn curl(call: &Call) -> String {
    let operation = call.operation;
    let open = operation["security"] == serde_json::json!([]);
    let mut line = String::from("curl ");
    if !open {
        line.push_str("-b jar ");
    } else if call.path.starts_with("/api/auth/") {
        line.push_str("-c jar ");
    }
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    let usual = if body.is_null() { "GET" } else { "POST" };
    if call.method != usual {
        line.extend(["-X ", &call.method, " "]);
    }
    let streams = operation["responses"]["200"]["content"]["text/event-stream"].is_object();
    if streams {
        line.push_str("-N ");
    }
    // What stands in braces is a variable of the shell, too.
    let path = call.path.replace('{', "$").replace('}', "");
    line.extend(["\"$KEYLM", &path, "\""]);
    if !body.is_null() {
        line.push_str(" -H 'content-type: application/json' \\\n  -d '");
        line.push_str(&body.to_string());
        line.push('\'');
    }
    line
}

fn errors(html: &mut Html) {
    html.raw("<p>");
    prose(
        html,
        "In an `ErrorBody` as `code`, and in the `error` of an answer that failed.",
    );
    html.raw(r#"</p><div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th><th scope="col">Try again</th></tr></thead><tbody>"#);
    for code in ErrorCode::ALL {
        html.raw(r#"<tr><th scope="row"><code id="code-"#)
            .text(code.as_str())
            .raw(r#"">"#)
            .text(code.as_str())
            .raw("</code></th><td>")
            .text(&code.status().to_string())
            .raw("</td><td>");
        prose(html, code.about());
        html.raw("</td><td>")
            .raw(if code.retryable() { "may help" } else { "" })
            .raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_call_type_and_error_is_there_once_and_every_link_leads_somewhere() {
        let page = page();
        let after = |before: &str| -> Vec<String> {
            let parts = page.html.split(before).skip(1);
            parts
                .map(|part| part.split('"').next().unwrap().to_owned())
                .collect()
        };
        let places = after(" id=\"");
        let unique: BTreeSet<&String> = places.iter().collect();
        assert_eq!(unique.len(), places.len(), "a place is there twice");
        for to in after("href=\"#") {
            assert!(unique.contains(&to), "#{to} leads nowhere");
        }
        for code in ErrorCode::ALL {
            assert!(unique.contains(&format!("code-{}", code.as_str())));
        }
        assert!(page.html.contains("get-api-threads-thread-export"));
        assert!(!page.html.contains("\"#type-\""));
    }

    #[test]
    fn a_call_can_be_pasted_into_a_shell() {
        let line =
            |tag: &str, id: &str| curl(calls(tag).iter().find(|call| call.id == id).unwrap());
        assert_eq!(line("Server", "get_healthz"), "curl \"$KEYLM/healthz\"");
        assert_eq!(
            line("Threads", "delete_api_threads_thread"),
            "curl -b jar -X DELETE \"$KEYLM/api/threads/$thread\""
        );
        assert_eq!(
            line("Messages", "post_api_threads_thread_messages"),
            "curl -b jar -N \"$KEYLM/api/threads/$thread/messages\" -H 'content-type: application/json' \\\n  \
             -d '{\"clientRequestId\":\"7c0f\",\"content\":\"Why does my future not move?\"}'"
        );
    }
}
