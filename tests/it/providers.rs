//! The providers' dialects: what they recorded, what each of them must survive, and the one transport.

mod conformance;
mod errors;
mod frames;
mod lists;
mod simulator;
mod transcripts;
mod transport;

use keylm::server::crypto::secret::Secret;
use keylm::server::providers::account::{Access, Account, Overrides};
use keylm::server::providers::answer::Answer;
use keylm::server::providers::{
    ChatRequest, Credential, FieldKind, Provider, ProviderEvent, REGISTRY, Turn,
};
use keylm::shared::chat::{ChatSettings, Role};
use keylm::shared::model::Capabilities;
use keylm::shared::time::Timestamp;

use std::sync::LazyLock;

const KEY: &str = "canary-key";
/// When requests are built.
const NOW: Timestamp = Timestamp(1_795_176_000_000);

fn provider(id: &str) -> &'static dyn Provider {
    let found = REGISTRY.iter().find(|provider| provider.info().id == id);
    *found.unwrap_or_else(|| panic!("no provider {id}"))
}

/// Anybody at `provider`, where it is by default.
fn account(provider: &dyn Provider) -> Account {
    // What may stay empty, and is needed in the simplest of its provider's ways to be let in.
    let simplest = ["apiKey", "project"];
    let fields = provider.info().fields.iter();
    let required = fields.filter(|field| field.required || simplest.contains(&field.name));
    let value = |kind| match kind {
        FieldKind::Secret | FieldKind::LentSecret(_) => KEY,
        FieldKind::Address => "https://llm.example/v1",
        FieldKind::SecretDocument
        | FieldKind::Text
        | FieldKind::HostLabel
        | FieldKind::Choice(_) => "acme",
    };
    let fields = required.map(|field| {
        let value = Secret::new(value(field.kind).to_owned());
        (field.name.to_owned(), value)
    });
    // Where only the operator knows the place, it is here.
    let origins = provider.info().origins.iter();
    let placed = origins.filter(|origin| origin.default.is_empty());
    let place = || "http://ollama.example:11434".parse().expect("a URL");
    let overrides: Overrides = placed.map(|origin| (origin.var, place())).collect();
    at(provider, &overrides, Credential(fields.collect()))
}

fn at(provider: &dyn Provider, overrides: &Overrides, credential: Credential) -> Account {
    let origins = provider.origins(overrides, &credential).expect("origins");
    Account::new(origins, credential)
}

/// What requests of `account` are built from, at a fixed time.
fn access(account: &Account) -> Access<'_> {
    static TOKEN: LazyLock<Secret> = LazyLock::new(|| Secret::new(KEY.to_owned()));
    Access {
        account,
        token: Some(&TOKEN),
        now: NOW,
    }
}

fn ask(model: &str) -> ChatRequest {
    ChatRequest {
        model: model.parse().expect("a model id"),
        capabilities: Capabilities::default(),
        max_output_tokens: None,
        system: None,
        turns: vec![Turn {
            role: Role::User,
            text: "Hi".to_owned(),
        }],
        settings: ChatSettings::default(),
    }
}

/// What `provider` makes of the bytes, handed over in these cuts.
fn decode(provider: &dyn Provider, request: &ChatRequest, cuts: &[&[u8]]) -> Vec<ProviderEvent> {
    let mut answer = Answer::new(provider.decoder(request));
    let mut events = Vec::new();
    for cut in cuts {
        answer.push(cut, &mut events);
    }
    answer.finish(&mut events);
    events
}

fn text(events: &[ProviderEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ProviderEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
