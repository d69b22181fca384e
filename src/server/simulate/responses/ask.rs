//! Reads and checks a request of the Responses API.

use serde_json::{Map, Value};

use super::{
    super::{
        openai::{self, Api},
        provider::Provider,
        script::Asked,
        trouble::Trouble,
    },
    Responses,
};

const FIELDS: [&str; 30] = [
    "model",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "max_output_tokens",
    "max_tool_calls",
    "temperature",
    "top_p",
    "top_logprobs",
    "reasoning",
    "text",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "store",
    "previous_response_id",
    "conversation",
    "include",
    "truncation",
    "metadata",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "background",
    "safety_identifier",
    "service_tier",
    "user",
    "context_management",
];

const ROLES: [&str; 4] = ["user", "assistant", "system", "developer"];

/// Whether a model is an ordinary one; refuses what it does not take.
pub(in super::super) type Check = fn(&Map<String, Value>, &str) -> Result<bool, Trouble>;

/// OpenAI's own rules.
pub(in super::super) fn check(body: &Map<String, Value>, model: &str) -> Result<bool, Trouble> {
    let known = openai::known(model, Api::Responses)?;
    let effort = body.get("reasoning").and_then(|it| it.get("effort"));
    openai::check_reasoning(
        body,
        model,
        effort.and_then(Value::as_str),
        "reasoning.effort",
    )?;
    Ok(known)
}

/// Reads and checks a request to this provider.
pub(in super::super) fn ask(
    provider: &'static Provider,
    check: Check,
    body: &[u8],
    key: String,
    serial: u64,
) -> Result<(Asked, Responses), Trouble> {
    let body = openai::object(body)?;
    let model = openai::model(&body)?;
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Trouble::param(
            name,
            Some("unknown_parameter"),
            format!("Unknown parameter: '{name}'."),
        ));
    }
    let known = check(&body, &model)?;
    let turns = input(&body)?;
    let reasoning = body.get("reasoning").unwrap_or(&Value::Null);
    openai::check_ranges(&body)?;
    let cap = body.get("max_output_tokens").and_then(Value::as_u64);
    if let Some(cap) = cap.filter(|cap| *cap < 16) {
        return Err(Trouble::param(
            "max_output_tokens",
            Some("integer_below_min_value"),
            format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {cap} instead."
            ),
        ));
    }
    let instructions = body.get("instructions").and_then(Value::as_str);
    let mut system: Vec<&str> = instructions.into_iter().collect();
    for (role, text) in &turns {
        if role == "system" || role == "developer" {
            system.push(text);
        }
    }
    let includes = body.get("include").and_then(Value::as_array);
    let dialect = Responses {
        serial,
        model: model.clone(),
        request: body.clone(),
        encrypted: includes
            .is_some_and(|list| list.iter().any(|one| one == "reasoning.encrypted_content")),
        ..Responses::default()
    };
    let asked = Asked {
        provider,
        known,
        key,
        stream: body
            .get("stream")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        system: system.join("\n"),
        reasoning: reasoning.get("summary").is_some_and(Value::is_string),
        cap,
        sampling: openai::present(&body, &["temperature", "top_p"]),
        turns,
        model,
    };
    Ok((asked, dialect))
}

fn input(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Trouble> {
    let items = match body.get("input") {
        Some(Value::String(text)) => return Ok(vec![("user".to_owned(), text.clone())]),
        Some(Value::Array(items)) if !items.is_empty() => items,
        _ => {
            return Err(Trouble::param(
                "input",
                Some("missing_required_parameter"),
                "Missing required parameter: 'input'.",
            ));
        }
    };
    let mut turns = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let kind = item
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or("message");
        if kind != "message" {
            turns.push((kind.to_owned(), openai::text(item.get("output"))));
            continue;
        }
        let role = item.get("role").and_then(Value::as_str).unwrap_or_default();
        if !ROLES.contains(&role) {
            return Err(invalid(
                format!("input[{n}].role"),
                role,
                "'assistant', 'system', 'developer', and 'user'",
            ));
        }
        let assistant = role == "assistant";
        let parts = item.get("content").and_then(Value::as_array);
        for (m, part) in parts.into_iter().flatten().enumerate() {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
            let allowed = if assistant {
                matches!(kind, "output_text" | "refusal")
            } else {
                matches!(
                    kind,
                    "input_text" | "input_image" | "input_file" | "input_audio"
                )
            };
            if !allowed {
                let supported = if assistant {
                    "'output_text' and 'refusal'"
                } else {
                    "'input_text', 'input_image', 'input_file', and 'input_audio'"
                };
                return Err(invalid(format!("input[{n}].content[{m}]"), kind, supported));
            }
        }
        turns.push((role.to_owned(), openai::text(item.get("content"))));
    }
    Ok(turns)
}

fn invalid(param: String, got: &str, supported: &str) -> Trouble {
    let message = format!("Invalid value: '{got}'. Supported values are: {supported}.");
    Trouble::param(param, Some("invalid_value"), message)
}
