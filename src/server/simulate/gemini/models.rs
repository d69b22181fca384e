//! The models of Gemini, those that cannot chat included.

use serde_json::{Value, json};

use super::super::{
    script::{MENU, on_menu},
    trouble::Trouble,
};

/// Id and name of the models that generate.
const MODELS: [(&str, &str); 8] = [
    ("gemini-4-argon", "Gemini 4 Argon"),
    ("gemini-3.8-flash", "Gemini 3.8 Flash"),
    ("gemini-3.5-flash", "Gemini 3.5 Flash"),
    ("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite"),
    ("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview"),
    ("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite"),
    ("gemini-2.5-pro", "Gemini 2.5 Pro"),
    ("gemini-2.5-flash", "Gemini 2.5 Flash"),
];

/// Id, name and method of the models that do not.
const NOISE: [(&str, &str, &str); 4] = [
    (
        "gemini-embedding-001",
        "Gemini Embedding 001",
        "embedContent",
    ),
    ("text-embedding-004", "Text Embedding 004", "embedContent"),
    ("imagen-4.0-generate-001", "Imagen 4", "predict"),
    ("veo-3.0-generate-001", "Veo 3", "predictLongRunning"),
];

fn models() -> Vec<Value> {
    let chat = |id: &str, name: &str, description: &str| {
        json!({
            "name": format!("models/{id}"),
            "baseModelId": id,
            "version": "001",
            "displayName": name,
            "description": description,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": if id == "gemini-4-argon" { 1_048_576 } else { 65_536 },
            "supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"],
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 2,
            "thinking": true,
        })
    };
    let real = MODELS
        .iter()
        .map(|(id, name)| chat(id, name, "A model of the simulator."));
    let noise = NOISE.iter().map(|(id, name, method)| {
        json!({
            "name": format!("models/{id}"),
            "version": "001",
            "displayName": name,
            "inputTokenLimit": 2048,
            "outputTokenLimit": 1,
            "supportedGenerationMethods": [method],
        })
    });
    let faults = MENU.iter().map(|(id, what)| {
        let name = format!("Simulator: {}", id.trim_start_matches("sim-"));
        chat(id, &name, what)
    });
    real.chain(noise).chain(faults).collect()
}

/// `GET /models` with `pageSize` and `pageToken`.
pub(in super::super) fn list(query: impl Fn(&str) -> Option<String>) -> Result<Value, Trouble> {
    let size = match query("pageSize").map(|size| size.parse::<usize>()) {
        None | Some(Ok(0)) => 50,
        Some(Ok(size)) => size.min(1000),
        Some(Err(_)) => return Err(Trouble::bad("Invalid value at 'page_size' (TYPE_INT32)")),
    };
    let from = match query("pageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => token
            .strip_prefix("sim-page-")
            .and_then(|token| token.parse::<usize>().ok())
            .ok_or_else(|| Trouble::bad("page_token: invalid page token"))?,
    };
    let all = models();
    let to = from.saturating_add(size).min(all.len());
    let mut page = json!({"models": all.get(from..to).unwrap_or_default()});
    if let Some(object) = page.as_object_mut().filter(|_| to < all.len()) {
        object.insert("nextPageToken".into(), format!("sim-page-{to}").into());
    }
    Ok(page)
}

/// `GET /models/{id}`.
pub(in super::super) fn one(id: &str) -> Result<Value, Trouble> {
    let name = format!("models/{id}");
    let found = models()
        .into_iter()
        .find(|model| model.get("name") == Some(&json!(name)));
    found.ok_or_else(|| Trouble::BadModel(id.to_owned()))
}

/// Whether this is an ordinary model.
pub(super) fn known(model: &str) -> Result<bool, Trouble> {
    if MODELS.iter().any(|(id, _)| *id == model) {
        Ok(true)
    } else if on_menu(model) {
        Ok(false)
    } else {
        Err(Trouble::BadModel(model.to_owned()))
    }
}
