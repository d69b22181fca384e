//! Reads and checks a request of the Messages API.

use serde_json::{Map, Value};

use super::{
    super::{openai, script::Asked, trouble::Trouble},
    Messages, OLD, PROVIDER, THINKERS,
    models::known,
};

const FIELDS: [&str; 19] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "stream",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "thinking",
    "output_config",
    "tools",
    "tool_choice",
    "metadata",
    "service_tier",
    "cache_control",
    "container",
    "context_management",
    "mcp_servers",
];

/// The version without sampling parameters.
const STRICT: &str = "2026-10-21";

/// Reads and checks a request that came with this `anthropic-version`.
pub(in super::super) fn ask(
    body: &[u8],
    version: &str,
    key: String,
    serial: u64,
) -> Result<(Asked, Messages), Trouble> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Trouble::bad("The request body is not valid JSON"));
    };
    let required = |name: &str| Trouble::bad(format!("{name}: Field required"));
    let model = body
        .get("model")
        .and_then(Value::as_str)
        .ok_or_else(|| required("model"))?;
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Trouble::bad(format!(
            "{name}: Extra inputs are not permitted"
        )));
    }
    let (ordinary, limit) = known(model)?;
    let Some(max) = body.get("max_tokens") else {
        return Err(required("max_tokens"));
    };
    let max = match max.as_u64() {
        Some(max) if max > 0 => max,
        _ => {
            return Err(Trouble::bad(
                "max_tokens: Input should be greater than or equal to 1",
            ));
        }
    };
    if max > limit {
        return Err(Trouble::bad(format!(
            "max_tokens: {max} > {limit}, which is the maximum allowed number of output tokens for {model}"
        )));
    }
    let turns = messages(&body)?;
    let new = ordinary && !OLD.contains(&model);
    if new && turns.last().is_some_and(|(role, _)| role == "assistant") {
        return Err(Trouble::bad(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    sampling(&body, version, new)?;
    let thinking = thinking(&body, model, new, max)?;
    let asked = Asked {
        provider: &PROVIDER,
        model: model.to_owned(),
        known: ordinary,
        key,
        stream: body
            .get("stream")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        system: openai::text(body.get("system")),
        reasoning: thinking,
        cap: Some(max),
        sampling: openai::present(&body, &["temperature", "top_p", "top_k"]),
        turns,
    };
    let dialect = Messages {
        serial,
        model: model.to_owned(),
        ..Messages::default()
    };
    Ok((asked, dialect))
}

fn messages(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Trouble> {
    let list = match body.get("messages") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(Value::Array(_)) => {
            return Err(Trouble::bad("messages: at least one message is required"));
        }
        Some(_) => return Err(Trouble::bad("messages: Input should be a valid list")),
        None => return Err(Trouble::bad("messages: Field required")),
    };
    let mut turns: Vec<(String, String)> = Vec::new();
    for (n, message) in list.iter().enumerate() {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if role != "user" && role != "assistant" {
            return Err(Trouble::bad(format!(
                "messages: Unexpected role \"{role}\". The Messages API accepts a top-level `system` parameter, not \
                 \"system\" as an input message role."
            )));
        }
        let content = message.get("content");
        let blocks = content.and_then(Value::as_array);
        let empty = |block: &Value| {
            block.get("type").is_some_and(|kind| kind == "text")
                && block.get("text").is_none_or(|text| text == "")
        };
        if blocks.is_some_and(|blocks| blocks.iter().any(empty)) {
            return Err(Trouble::bad(
                "messages: text content blocks must be non-empty",
            ));
        }
        let text = openai::text(content);
        if text.is_empty() && blocks.is_none_or(Vec::is_empty) {
            return Err(Trouble::bad(format!(
                "messages.{n}: all messages must have non-empty content except for the optional final assistant message"
            )));
        }
        match turns.last_mut() {
            Some((before, have)) if before == role => {
                have.push_str("\n\n");
                have.push_str(&text);
            }
            _ => turns.push((role.to_owned(), text)),
        }
    }
    match turns.first() {
        Some((role, _)) if role == "user" => Ok(turns),
        _ => Err(Trouble::bad(
            "messages: first message must use the \"user\" role",
        )),
    }
}

/// New models take the defaults only; the new version takes nothing.
fn sampling(body: &Map<String, Value>, version: &str, new: bool) -> Result<(), Trouble> {
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else {
            continue;
        };
        if version == STRICT {
            return Err(Trouble::bad(format!(
                "{name}: Extra inputs are not permitted"
            )));
        }
        let number = value.as_f64().unwrap_or(-1.0);
        let allowed = match name {
            "temperature" if new => (number - 1.0).abs() < f64::EPSILON,
            "top_p" if new => (0.99..=1.0).contains(&number),
            "top_k" => !new && number >= 0.0,
            _ => (0.0..=1.0).contains(&number),
        };
        if !allowed {
            return Err(Trouble::bad(if new {
                format!("`{name}` is not supported for this model.")
            } else {
                format!("{name}: {value} is out of range")
            }));
        }
    }
    Ok(())
}

/// Whether thinking will be shown.
fn thinking(body: &Map<String, Value>, model: &str, new: bool, max: u64) -> Result<bool, Trouble> {
    let Some(thinking) = body.get("thinking").filter(|value| !value.is_null()) else {
        return Ok(false);
    };
    let shown = thinking
        .get("display")
        .is_none_or(|display| display != "omitted");
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64);
    match thinking.get("type").and_then(Value::as_str) {
        Some("disabled") if THINKERS.contains(&model) => Err(Trouble::bad(
            "thinking.type: \"disabled\" is not supported for this model",
        )),
        Some("disabled") => Ok(false),
        Some("adaptive") if model == "claude-haiku-4-5" => Err(Trouble::bad(
            "thinking.type: adaptive thinking is not supported for this model",
        )),
        Some("adaptive") => Ok(shown),
        Some("enabled") if new => Err(Trouble::bad(
            "thinking.type: \"enabled\" is not supported for this model. Use \"adaptive\" and output_config.effort.",
        )),
        Some("enabled") => match budget {
            Some(budget) if budget < 1024 => Err(Trouble::bad(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            )),
            Some(budget) if budget >= max => Err(Trouble::bad(
                "`max_tokens` must be greater than `thinking.budget_tokens`.",
            )),
            Some(_) => Ok(shown),
            None => Err(Trouble::bad(
                "thinking.enabled.budget_tokens: Field required",
            )),
        },
        _ => Err(Trouble::bad(
            "thinking.type: Input should be 'adaptive', 'enabled' or 'disabled'",
        )),
    }
}
