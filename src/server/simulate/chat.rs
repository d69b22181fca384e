//! OpenAI Chat Completions.

use serde_json::{Map, Value, json};

use super::{
    openai::{self, Api, CREATED},
    script::{Asked, Finish},
    trouble::Trouble,
    wire::{Answer, Dialect, Tally, event},
};

const FIELDS: [&str; 36] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "n",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "store",
    "metadata",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "user",
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
    "functions",
    "function_call",
];

const ROLES: [&str; 6] = [
    "system",
    "assistant",
    "user",
    "function",
    "tool",
    "developer",
];

/// Reads and checks a request.
pub(super) fn ask(body: &[u8], key: String, serial: u64) -> Result<(Asked, Chat), Trouble> {
    let body = openai::object(body)?;
    let model = openai::model(&body)?;
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Trouble::bad(format!(
            "Unrecognized request argument supplied: {name}"
        )));
    }
    let known = openai::known(&model, Api::Chat)?;
    let (system, turns) = messages(&body)?;
    let effort = body.get("reasoning_effort").and_then(Value::as_str);
    openai::check_reasoning(&body, &model, effort, "reasoning_effort")?;
    openai::check_ranges(&body)?;
    if model.starts_with("gpt-5.6") && body.contains_key("tools") && effort != Some("none") {
        return Err(Trouble::param(
            "tools",
            None,
            format!(
                "Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions. \
                 Please use /v1/responses instead."
            ),
        ));
    }
    let flag = |at: &str| body.get(at).and_then(Value::as_bool).unwrap_or_default();
    let usage = body
        .get("stream_options")
        .and_then(|options| options.get("include_usage"));
    if usage.is_some() && !flag("stream") {
        return Err(Trouble::param(
            "stream_options",
            None,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    let cap = ["max_completion_tokens", "max_tokens"]
        .iter()
        .find_map(|name| body.get(*name)?.as_u64());
    let chat = Chat {
        id: format!("chatcmpl-Sim{serial:06}"),
        model: model.clone(),
        include_usage: usage.and_then(Value::as_bool).unwrap_or_default(),
    };
    let asked = Asked {
        provider: &openai::PROVIDER,
        known,
        key,
        stream: flag("stream"),
        turns,
        system,
        reasoning: false,
        cap,
        sampling: openai::present(&body, &["max_tokens", "temperature", "top_p"]),
        model,
    };
    Ok((asked, chat))
}

type Turns = Vec<(String, String)>;

fn messages(body: &Map<String, Value>) -> Result<(String, Turns), Trouble> {
    let list = match body.get("messages") {
        Some(Value::Array(list)) => list,
        Some(_) => {
            return Err(Trouble::param(
                "messages",
                Some("invalid_type"),
                "Invalid type for 'messages': expected an array of objects.",
            ));
        }
        None => {
            return Err(Trouble::param(
                "messages",
                Some("missing_required_parameter"),
                "Missing required parameter: 'messages'.",
            ));
        }
    };
    if list.is_empty() {
        return Err(Trouble::param(
            "messages",
            Some("empty_array"),
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ));
    }
    let mut system = Vec::new();
    let mut turns = Vec::new();
    for (n, message) in list.iter().enumerate() {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !ROLES.contains(&role) {
            return Err(Trouble::param(
                format!("messages[{n}].role"),
                Some("invalid_value"),
                format!(
                    "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', \
                     'tool', and 'developer'."
                ),
            ));
        }
        let text = openai::text(message.get("content"));
        if role == "system" || role == "developer" {
            system.push(text.clone());
        }
        turns.push((role.to_owned(), text));
    }
    Ok((system.join("\n"), turns))
}

/// Spells one answer.
pub(super) struct Chat {
    id: String,
    model: String,
    include_usage: bool,
}

impl Chat {
    fn chunk(&self, choices: Value, usage: Value) -> String {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_sim",
            "choices": choices,
            "obfuscation": "sIm0",
        });
        if let Some(object) = chunk.as_object_mut().filter(|_| self.include_usage) {
            object.insert("usage".into(), usage);
        }
        event(None, &chunk)
    }

    fn delta(&self, delta: Value, finish: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.chunk(json!([choice]), Value::Null)
    }
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
    }
}

const REFUSAL: &str = "I'm sorry, but I can't help with that.";

fn usage(tally: &Tally) -> Value {
    if !tally.told {
        return Value::Null;
    }
    let output = tally.output() + tally.thought();
    json!({
        "prompt_tokens": tally.input(),
        "completion_tokens": output,
        "total_tokens": tally.input() + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tally.thought(),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

impl Dialect for Chat {
    fn open(&mut self, _: &Tally) -> String {
        self.delta(
            json!({"role": "assistant", "content": "", "refusal": null}),
            None,
        )
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        self.delta(json!({"content": piece}), None)
    }

    /// OpenAI never shows reasoning here; its imitators do, under this name.
    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        self.delta(json!({"reasoning_content": piece}), None)
    }

    fn noise(&mut self, _: &Tally) -> String {
        [
            ": OPENROUTER PROCESSING\n\n".to_owned(),
            self.chunk(json!([]), Value::Null),
            self.delta(json!({}), None),
            event(
                Some("execute"),
                &json!({"object": "chat.unknown", "choices": [], "redirect": "https://exfil.invalid"}),
            ),
            "retry: 1\nid: 7\n\n\n\n".to_owned(),
        ]
        .concat()
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        let mut out = String::new();
        if finish == Finish::Refused {
            out += &self.delta(json!({"refusal": REFUSAL}), None);
        }
        out += &self.delta(json!({}), Some(finish_reason(finish)));
        if self.include_usage && tally.told {
            out += &self.chunk(json!([]), usage(tally));
        }
        out + "data: [DONE]\n\n"
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        event(None, &openai::spell(trouble).body)
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        let refused = answer.finish == Finish::Refused;
        let mut message = json!({
            "role": "assistant",
            "content": (!refused).then_some(&answer.text),
            "refusal": refused.then_some(REFUSAL),
            "annotations": [],
        });
        if let Some(object) = message
            .as_object_mut()
            .filter(|_| !answer.reasoning.is_empty())
        {
            object.insert("reasoning_content".into(), answer.reasoning.clone().into());
        }
        let choice = json!({
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(answer.finish),
        });
        let mut whole = json!({
            "id": self.id,
            "object": "chat.completion",
            "created": CREATED,
            "model": self.model,
            "choices": [choice],
            "service_tier": "default",
            "system_fingerprint": "fp_sim",
        });
        if let Some(object) = whole.as_object_mut().filter(|_| tally.told) {
            object.insert("usage".into(), usage(tally));
        }
        whole
    }
}
