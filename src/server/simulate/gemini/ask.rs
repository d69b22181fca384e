//! Reads and checks a request of the Gemini API.

use serde_json::{Map, Value};

use super::{
    super::{openai, script::Asked, trouble::Trouble},
    Gemini, PROVIDER,
    models::known,
};

/// Each field in the spelling of the documentation; the API also takes them in `snake_case`.
const FIELDS: [&str; 12] = [
    "contents",
    "systemInstruction",
    "generationConfig",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "continuationToken",
    "serviceTier",
    "labels",
    "store",
    "model",
];

const CONFIG: [&str; 21] = [
    "temperature",
    "topP",
    "topK",
    "maxOutputTokens",
    "stopSequences",
    "candidateCount",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "responseLogprobs",
    "logprobs",
    "presencePenalty",
    "frequencyPenalty",
    "thinkingConfig",
    "speechConfig",
    "mediaResolution",
    "imageConfig",
    "enableEnhancedCivicAnswers",
    "routingConfig",
];

/// How a request asks for its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Manner {
    Whole,
    Events,
    Array,
}

/// Reads and checks a request for this model.
pub(in super::super) fn ask(
    body: &[u8],
    model: &str,
    manner: Manner,
    key: String,
    serial: u64,
) -> Result<(Asked, Gemini), Trouble> {
    let known = known(model)?;
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Trouble::bad(
            "Invalid JSON payload received. Unexpected token.",
        ));
    };
    fields(&body, &FIELDS, "")?;
    let empty = Map::new();
    let config = field(&body, "generationConfig")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    fields(config, &CONFIG, " at 'generation_config'")?;
    let turns = contents(&body)?;
    let number = |name: &str| field(config, name).and_then(Value::as_f64);
    if number("temperature").is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return Err(Trouble::bad(
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].",
        ));
    }
    let thinking = field(config, "thinkingConfig")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if field(thinking, "thinkingLevel").is_some() && field(thinking, "thinkingBudget").is_some() {
        return Err(Trouble::bad(
            "You can only set only one of thinking budget and thinking level.",
        ));
    }
    let system = field(&body, "systemInstruction").and_then(|content| content.get("parts"));
    let sampling = ["temperature", "topP", "topK"]
        .iter()
        .filter(|name| field(config, name).is_some());
    let asked = Asked {
        provider: &PROVIDER,
        model: model.to_owned(),
        known,
        key,
        stream: manner != Manner::Whole,
        system: openai::text(system),
        reasoning: field(thinking, "includeThoughts").is_some_and(|value| value == true),
        cap: field(config, "maxOutputTokens").and_then(Value::as_u64),
        sampling: sampling.map(|name| (*name).to_owned()).collect(),
        turns,
    };
    let dialect = Gemini {
        serial,
        model: model.to_owned(),
        sse: manner == Manner::Events,
        ..Gemini::default()
    };
    Ok((asked, dialect))
}

fn contents(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Trouble> {
    let list = match field(body, "contents") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => {
            return Err(Trouble::bad(
                "* GenerateContentRequest.contents: contents is not specified\n",
            ));
        }
    };
    let mut turns = Vec::new();
    for (n, content) in list.iter().enumerate() {
        let role = content
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or("user");
        if !matches!(role, "user" | "model" | "function") {
            return Err(Trouble::bad("Please use a valid role: user, model."));
        }
        let parts = content.get("parts").and_then(Value::as_array);
        if parts.is_none_or(Vec::is_empty) {
            return Err(Trouble::bad(format!(
                "* GenerateContentRequest.contents[{n}].parts: contents.parts must not be empty.\n"
            )));
        }
        turns.push((role.to_owned(), openai::text(content.get("parts"))));
    }
    Ok(turns)
}

/// A field in `camelCase` or `snake_case`.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.get(&snake(name)))
        .filter(|value| !value.is_null())
}

fn fields(object: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), Trouble> {
    let fits = |name: &String| known.iter().any(|one| one == name || snake(one) == *name);
    match object.keys().find(|name| !fits(name)) {
        None => Ok(()),
        Some(name) => Err(Trouble::param(
            name,
            None,
            format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
            ),
        )),
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
