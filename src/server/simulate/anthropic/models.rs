//! The models of Anthropic, with the full capabilities object.

use serde_json::{Value, json};

use super::{
    super::{
        script::{MENU, on_menu},
        trouble::Trouble,
    },
    OLD, THINKERS,
};

/// Id, name, line, context and output limit; newest first.
const MODELS: [(&str, &str, &str, u64, u64); 9] = [
    (
        "claude-opus-5-5",
        "Claude Opus 5.5",
        "opus",
        1_000_000,
        128_000,
    ),
    (
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "sonnet",
        1_000_000,
        128_000,
    ),
    (
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "haiku",
        1_000_000,
        128_000,
    ),
    (
        "claude-fable-5-1",
        "Claude Fable 5.1",
        "fable",
        1_000_000,
        128_000,
    ),
    ("claude-opus-5", "Claude Opus 5", "opus", 1_000_000, 128_000),
    (
        "claude-sonnet-5",
        "Claude Sonnet 5",
        "sonnet",
        1_000_000,
        128_000,
    ),
    (
        "claude-opus-4-8",
        "Claude Opus 4.8",
        "opus",
        1_000_000,
        128_000,
    ),
    (
        "claude-sonnet-4-6",
        "Claude Sonnet 4.6",
        "sonnet",
        1_000_000,
        128_000,
    ),
    (
        "claude-haiku-4-5",
        "Claude Haiku 4.5",
        "haiku",
        200_000,
        64_000,
    ),
];

fn capabilities(id: &str) -> Value {
    let yes = json!({"supported": true});
    let flag = |supported: bool| json!({"supported": supported});
    let old = OLD.contains(&id);
    json!({
        "image_input": yes,
        "pdf_input": yes,
        "structured_outputs": yes,
        "citations": yes,
        "batch": yes,
        "code_execution": yes,
        "server_tools": yes,
        "context_management": {"supported": true, "clear_tool_uses_20250919": yes, "compact_20260112": flag(!old)},
        "effort": {
            "supported": id != "claude-haiku-4-5",
            "low": flag(id != "claude-haiku-4-5"),
            "medium": flag(id != "claude-haiku-4-5"),
            "high": flag(id != "claude-haiku-4-5"),
            "xhigh": flag(!old),
            "max": flag(id != "claude-haiku-4-5"),
        },
        "thinking": {
            "supported": true,
            "types": {
                "adaptive": flag(id != "claude-haiku-4-5"),
                "enabled": flag(old),
                "disabled": flag(!THINKERS.contains(&id)),
                "between_tools": flag(!old),
            },
        },
    })
}

fn models() -> Vec<Value> {
    let model = |id: &str, name: &str, line: Value, context: u64, output: u64| {
        json!({
            "type": "model",
            "id": id,
            "display_name": name,
            "created_at": "2026-10-01T00:00:00Z",
            "max_input_tokens": context,
            "max_tokens": output,
            "lifecycle": "active",
            "line": line,
            "deprecated_at": null,
            "retires_at": null,
            "capabilities": capabilities(id),
        })
    };
    let real = MODELS
        .iter()
        .map(|(id, name, line, context, output)| model(id, name, json!(line), *context, *output));
    let faults = MENU.iter().map(|(id, _)| {
        let name = format!("Simulator: {}", id.trim_start_matches("sim-"));
        model(id, &name, Value::Null, 200_000, 64_000)
    });
    real.chain(faults).collect()
}

fn id(model: &Value) -> &str {
    model.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// `GET /v1/models` with `limit`, `after_id` and `before_id`.
pub(in super::super) fn list(query: impl Fn(&str) -> Option<String>) -> Result<Value, Trouble> {
    let limit = match query("limit").map(|limit| limit.parse::<usize>()) {
        None => 20,
        Some(Ok(limit)) if (1..=1000).contains(&limit) => limit,
        Some(_) => {
            return Err(Trouble::bad(
                "limit: Input should be greater than or equal to 1 and less than or equal to 1000",
            ));
        }
    };
    let all = models();
    let place = |name: &str| -> Result<Option<usize>, Trouble> {
        let Some(wanted) = query(name) else {
            return Ok(None);
        };
        let at = all.iter().position(|model| id(model) == wanted);
        at.map(Some)
            .ok_or_else(|| Trouble::bad(format!("{name}: no such model: {wanted}")))
    };
    let (page, more): (&[Value], bool) = match (place("after_id")?, place("before_id")?) {
        (None, Some(before)) => {
            let from = before.saturating_sub(limit);
            (all.get(from..before).unwrap_or_default(), from > 0)
        }
        (after, _) => {
            let from = after.map_or(0, |after| after + 1);
            let to = (from + limit).min(all.len());
            (all.get(from..to).unwrap_or_default(), to < all.len())
        }
    };
    Ok(json!({
        "data": page,
        "has_more": more,
        "first_id": page.first().map(id),
        "last_id": page.last().map(id),
    }))
}

/// `GET /v1/models/{id}`.
pub(in super::super) fn one(wanted: &str) -> Result<Value, Trouble> {
    let found = models().into_iter().find(|model| id(model) == wanted);
    found.ok_or_else(|| Trouble::BadModel(wanted.to_owned()))
}

/// Whether this is an ordinary model, and its output limit.
pub(super) fn known(model: &str) -> Result<(bool, u64), Trouble> {
    match MODELS.iter().find(|(id, ..)| *id == model) {
        Some((.., output)) => Ok((true, *output)),
        None if on_menu(model) => Ok((false, 64_000)),
        None => Err(Trouble::BadModel(model.to_owned())),
    }
}
