//! Chat Completions, as OpenAI and its imitators speak it.

use serde_json::{Map, Value, json};

use super::{
    openai::{self, CREATED},
    provider::Provider,
    script::{Asked, Finish},
    trouble::Trouble,
    wire::{Answer, Dialect, Tally, event},
};

/// Where one of them differs from the others.
pub(super) struct Manner {
    pub(super) provider: &'static Provider,
    /// The fields of a body, in groups.
    pub(super) fields: &'static [&'static [&'static str]],
    /// Whether a model is an ordinary one; the fault models never are.
    pub(super) known: fn(&str) -> Result<bool, Trouble>,
    /// Refuses what a model does not take.
    pub(super) check: fn(&Map<String, Value>, &str) -> Result<(), Trouble>,
    /// The roles of a system text.
    pub(super) system: &'static [&'static str],
    /// What the limit on tokens is called.
    pub(super) caps: &'static [&'static str],
    /// Where usage is told.
    pub(super) usage: Usage,
    /// A piece of reasoning.
    pub(super) reasoning: fn(&str) -> Value,
    /// What a chunk has beside the rest; the flag is set on the last one with text.
    pub(super) extra: fn(&mut Map<String, Value>, bool),
    /// What the last chunk says of how the request was routed.
    pub(super) routing: fn(&Map<String, Value>) -> Option<Routing>,
    /// What comes before the first chunk.
    pub(super) before: &'static str,
}

/// How a gateway routed a request.
pub(super) struct Routing {
    /// In the last piece of the answer.
    pub(super) metadata: Value,
    /// Whether a key that the request brought has paid.
    pub(super) own: bool,
}

/// Where usage is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// In a chunk of its own, when it was asked for.
    OnRequest,
    /// In the chunk with the finish reason.
    WithFinish,
    /// In a chunk of its own, always.
    Always,
}

/// What OpenAI and its imitators have in common.
pub(super) const COMMON_FIELDS: &[&str] = &[
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
    "user",
];

/// What only OpenAI and Azure take beside that.
pub(super) const OPENAI_FIELDS: &[&str] = &[
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
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
    "functions",
    "function_call",
];

const ROLES: [&str; 4] = ["assistant", "user", "function", "tool"];

/// Reads and checks a request.
pub(super) fn ask(
    manner: &'static Manner,
    body: &[u8],
    key: String,
    serial: u64,
) -> Result<(Asked, Chat), Trouble> {
    let body = openai::object(body)?;
    let model = openai::model(&body)?;
    if let Some(name) = body.keys().find(|name| {
        !manner
            .fields
            .iter()
            .any(|group| group.contains(&name.as_str()))
    }) {
        return Err(Trouble::bad(format!(
            "Unrecognized request argument supplied: {name}"
        )));
    }
    let known = (manner.known)(&model)?;
    let (system, turns) = messages(&body, manner)?;
    (manner.check)(&body, &model)?;
    openai::check_ranges(&body)?;
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
    let mut caps = manner.caps.iter();
    let cap = caps.find_map(|name| body.get(*name)?.as_u64());
    let asked_for = usage.and_then(Value::as_bool).unwrap_or_default();
    let chat = Chat {
        manner,
        id: format!("chatcmpl-Sim{serial:06}"),
        model: model.clone(),
        routing: (manner.routing)(&body),
        usage: match manner.usage {
            Usage::OnRequest if !asked_for => None,
            told => Some(told),
        },
    };
    let asked = Asked {
        provider: manner.provider,
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

/// What OpenAI itself refuses.
pub(super) fn check_openai(body: &Map<String, Value>, model: &str) -> Result<(), Trouble> {
    let effort = body.get("reasoning_effort").and_then(Value::as_str);
    openai::check_reasoning(body, model, effort, "reasoning_effort")?;
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
    Ok(())
}

type Turns = Vec<(String, String)>;

fn messages(body: &Map<String, Value>, manner: &Manner) -> Result<(String, Turns), Trouble> {
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
        let system_role = manner.system.contains(&role);
        if !ROLES.contains(&role) && !system_role {
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
        if system_role {
            system.push(text.clone());
        }
        turns.push((role.to_owned(), text));
    }
    Ok((system.join("\n"), turns))
}

/// Spells one answer.
pub(super) struct Chat {
    manner: &'static Manner,
    id: String,
    model: String,
    routing: Option<Routing>,
    /// Where usage is told, if it is.
    usage: Option<Usage>,
}

impl Chat {
    fn chunk(&self, choices: Value, usage: Value, last: bool) -> String {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.model,
            "choices": choices,
        });
        if let Some(object) = chunk.as_object_mut() {
            if self.usage == Some(Usage::OnRequest) || !usage.is_null() {
                object.insert("usage".into(), usage);
            }
            (self.manner.extra)(object, last);
        }
        event(None, &chunk)
    }

    fn delta(&self, mut delta: Value, finish: Option<&str>, mut usage: Value) -> String {
        if let Some(routing) = self.routing.as_ref().filter(|_| finish.is_some()) {
            if let Some(delta) = delta.as_object_mut() {
                delta.insert("provider_metadata".into(), routing.metadata.clone());
            }
            if let Some(usage) = usage.as_object_mut() {
                usage.insert("is_byok".into(), routing.own.into());
            }
        }
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.chunk(json!([choice]), usage, finish.is_some())
    }

    fn piece(&self, delta: Value) -> String {
        self.delta(delta, None, Value::Null)
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
        let first = self.piece(json!({"role": "assistant", "content": "", "refusal": null}));
        format!("{}{first}", self.manner.before)
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        self.piece(json!({"content": piece}))
    }

    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        self.piece((self.manner.reasoning)(piece))
    }

    fn noise(&mut self, _: &Tally) -> String {
        [
            ": OPENROUTER PROCESSING\n\n".to_owned(),
            self.chunk(json!([]), Value::Null, false),
            self.piece(json!({})),
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
            out += &self.piece(json!({"refusal": REFUSAL}));
        }
        let with = match self.usage {
            Some(Usage::WithFinish) => usage(tally),
            _ => Value::Null,
        };
        out += &self.delta(json!({}), Some(finish_reason(finish)), with);
        if matches!(self.usage, Some(Usage::OnRequest | Usage::Always)) && tally.told {
            out += &self.chunk(json!([]), usage(tally), false);
        }
        out + "data: [DONE]\n\n"
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        event(None, &(self.manner.provider.spell)(trouble).body)
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
