//! Vercel AI Gateway (providers.md §10): one door to many providers, paid by the person's keys there or by the credits of
//! a gateway account of their own (docs/decisions/0003-gateway-byok.md).

use super::account::Account;
use super::classify::Said;
use super::compatible::{self, Compatible, tariff};
use super::decode::{count, text};
use super::openai::chat::{More, Quirks};
use super::{
    Credential, FieldInfo, FieldKind, FieldProblem, LiveModel, OriginInfo, ProviderEvent,
    ProviderInfo, openrouter, wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use crate::shared::ids::ModelId;
use serde_json::{Value, json};

static INFO: ProviderInfo = ProviderInfo {
    id: "ai-gateway",
    name: "Vercel AI Gateway",
    key_hint: "vck_…",
    docs_url: "https://vercel.com/docs/ai-gateway/authentication-and-byok/api-keys",
    fields: &[
        FieldInfo {
            name: "key",
            label: "API key",
            kind: FieldKind::LentSecret("AI_GATEWAY_API_KEY"),
            required: true,
        },
        FieldInfo {
            name: "pays",
            label: "Who pays",
            kind: FieldKind::Choice(&[
                (
                    KEYS,
                    "My keys that are stored here. Each goes to the gateway with the messages for its provider.",
                ),
                (CREDITS, "The credits of my own gateway account"),
            ]),
            required: false,
        },
    ],
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://ai-gateway.vercel.sh/v1",
        var: "AI_GATEWAY_BASE_URL",
    }],
};

const KEYS: &str = "keys";
const CREDITS: &str = "credits";

static QUIRKS: Quirks = Quirks {
    cap: "max_tokens",
    more: MORE,
    rule,
    watch,
    ..Quirks::NONE
};

/// The provider. Anybody may read its list, so the key is asked about by itself.
pub static AI_GATEWAY: Compatible = Compatible {
    models: |rows| rows.iter().filter_map(model).collect(),
    check: Some(|access| wire::endpoint(access.origin(0)?, &["credits"])),
    complete,
    brings,
    ..Compatible::new(&INFO, &QUIRKS)
};

/// Makers of models as the gateway names them, and whose keys these are here. What signs its requests is missing: a
/// private key never leaves this server.
const MAKERS: [(&str, &str); 6] = [
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("google", "gemini"),
    ("xai", "xai"),
    ("mistral", "mistral"),
    ("cohere", "cohere"),
];

fn maker(model: &ModelId) -> Option<(&'static str, &'static str)> {
    let (maker, _) = model.as_str().split_once('/')?;
    MAKERS.into_iter().find(|(known, _)| *known == maker)
}

fn pays(credential: &Credential) -> Option<&str> {
    credential.field("pays").ok().map(Secret::expose)
}

fn complete(credential: Credential) -> Result<Credential, FieldProblem> {
    if pays(&credential) == Some(CREDITS) && credential.field("key").is_err() {
        return Err((
            "pays",
            "The credits of this server’s gateway account are not yours to spend. Choose your own keys, or give a gateway key of yours.",
        ));
    }
    Ok(credential)
}

fn brings(account: &Account, model: &ModelId) -> Result<Option<&'static str>, &'static str> {
    match pays(&account.credential) {
        Some(CREDITS) => Ok(None),
        Some(KEYS) => maker(model).map(|(_, provider)| Some(provider)).ok_or(
            "The gateway takes no key of yours for this maker’s models. Pick a model of OpenAI, Anthropic, Google, xAI, \
             Mistral or Cohere, or let the credits of a gateway account of yours pay.",
        ),
        _ => Err(
            "Nobody has said who pays at Vercel AI Gateway. Replace its key under Providers and choose: your stored keys, or \
             the credits of your gateway account.",
        ),
    }
}

/// OpenRouter's way to ask for thoughts, and the key that pays. Nobody else's provider may be tried with it.
const MORE: More = |access, request, body| {
    openrouter::reasoning(request, body);
    let brought = access.account.brought.as_ref();
    let Some((credential, (slug, _))) = brought.zip(maker(&request.model)) else {
        return Ok(());
    };
    let key = credential.field("key")?.expose();
    let gateway = json!({"byok": {slug: [{"apiKey": key}]}, "only": [slug]});
    body.insert("providerOptions".to_owned(), json!({"gateway": gateway}));
    Ok(())
};

/// The routing of an answer tells whose credentials served each attempt: in the last chunk, among what its provider says
/// of itself.
fn watch(chunk: &Value) -> Option<ProviderEvent> {
    let places = ["/choices/0/delta", ""];
    let said = places
        .iter()
        .find_map(|place| chunk.pointer(&format!("{place}/provider_metadata/gateway/routing")));
    let attempts = said.into_iter().flat_map(attempts);
    let served: Vec<_> = attempts
        .filter(|attempt| attempt.get("success") != Some(&false.into()))
        .collect();
    let by_gateway = if served.is_empty() {
        // No attempt is told; the bill says it, too.
        chunk.pointer("/usage/is_byok") == Some(&false.into())
    } else {
        let mut served = served.iter();
        served.any(|attempt| text(attempt, "/credentialType") == Some("system"))
    };
    by_gateway.then_some(ProviderEvent::PaidByGateway)
}

/// Every attempt that a routing tells of, of all models.
fn attempts(routing: &Value) -> impl Iterator<Item = &Value> {
    let models = routing.get("modelAttempts").and_then(Value::as_array);
    let of_models = models
        .into_iter()
        .flatten()
        .filter_map(|model| model.get("providerAttempts")?.as_array());
    let plain = routing.get("attempts").and_then(Value::as_array);
    of_models.chain(plain).flatten()
}

fn model(row: &Value) -> Option<LiveModel> {
    let tagged = |tag: &str| {
        let tags = row.get("tags")?.as_array()?;
        Some(tags.iter().any(|known| known.as_str() == Some(tag)))
    };
    let known = |name: &str| count(row, name).filter(|number| *number > 0);
    let model = LiveModel {
        display_name: text(row, "/name").map(str::to_owned),
        context_window: known("/context_window"),
        max_output_tokens: known("/max_tokens"),
        vision: tagged("vision"),
        tools: tagged("tool-use"),
        reasoning: tagged("reasoning"),
        tariff: tariff(row, "input", "output"),
        ..compatible::plain(row)?
    };
    let writes = text(row, "/type").is_none_or(|kind| kind == "language");
    writes.then_some(model)
}

fn rule(said: &Said) -> Option<ErrorCode> {
    match said.status {
        // The provider behind it failed.
        Some(424 | 500 | 502 | 503) => Some(ErrorCode::Overloaded),
        _ if said.has("failed_dependency") => Some(ErrorCode::Overloaded),
        _ if said.has("insufficient_funds") => Some(ErrorCode::QuotaExhausted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::Access;
    use super::super::{ChatRequest, Provider, Turn, WireRequest};
    use super::*;
    use crate::shared::chat::{ChatSettings, Role};
    use crate::shared::model::Capabilities;
    use crate::shared::time::Timestamp;
    use std::collections::BTreeMap;

    fn account(fields: &[(&str, &str)]) -> Account {
        let secret =
            |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new((*value).to_owned()));
        let credential = Credential(fields.iter().map(secret).collect());
        let origins = AI_GATEWAY.origins(&BTreeMap::new(), &credential);
        Account::new(origins.expect("an origin"), credential)
    }

    fn encode(account: &Account, model: &str) -> WireRequest {
        let request = ChatRequest {
            model: model.parse().expect("an id"),
            capabilities: Capabilities::default(),
            max_output_tokens: None,
            system: None,
            turns: vec![Turn {
                role: Role::User,
                text: "Hi".to_owned(),
            }],
            settings: ChatSettings::default(),
        };
        let access = Access {
            account,
            token: None,
            now: Timestamp(0),
        };
        AI_GATEWAY.encode(&access, &request).expect("a request")
    }

    fn brings(pays: &str, model: &str) -> Result<Option<&'static str>, ()> {
        let model = model.parse().expect("an id");
        super::brings(&account(&[("pays", pays)]), &model).map_err(|_| ())
    }

    #[test]
    fn a_key_is_brought_for_the_maker_of_the_model_only_and_never_unasked() {
        for (model, provider) in [
            ("openai/gpt-6.1-sol", "openai"),
            ("google/gemini-3.8-flash", "gemini"),
            ("mistral/mistral-large-4/latest", "mistral"),
        ] {
            assert_eq!(brings("keys", model), Ok(Some(provider)), "{model}");
            assert_eq!(brings("credits", model), Ok(None), "{model}");
            assert_eq!(brings("", model), Err(()), "{model}");
        }
        for model in ["deepseek/x", "openai", "gpt-6.1-sol", "OpenAI/x", "/openai"] {
            assert_eq!(brings("keys", model), Err(()), "{model}");
        }
    }

    #[test]
    fn a_request_that_carries_a_key_in_its_body_never_prints_it() {
        let mut account = account(&[("key", "vck_door"), ("pays", "keys")]);
        account.brought = Some(Credential::key(Secret::new("sk-canary".to_owned())));
        let request = encode(&account, "openai/gpt-6.1-sol");
        assert!(
            request
                .body
                .as_ref()
                .is_some_and(|body| body.contains("sk-canary"))
        );
        let printed = format!("{request:?} {account:?}");
        assert!(
            !printed.contains("canary") && !printed.contains("vck_door"),
            "{printed}"
        );
    }

    #[test]
    fn what_the_operator_lends_opens_the_door_where_the_person_gave_nothing() {
        let mut account = account(&[("pays", "keys")]);
        account.lent = Credential::key(Secret::new("vck_operator".to_owned()));
        let bearer = |account: &Account| {
            let request = encode(account, "openai/x");
            let (_, secret) = request.secret_headers.into_iter().next().expect("a header");
            secret.expose().to_owned()
        };
        assert_eq!(bearer(&account), "Bearer vck_operator");
        let own = Secret::new("vck_own".to_owned());
        account.credential.0.insert("key".to_owned(), own);
        assert_eq!(bearer(&account), "Bearer vck_own");
    }
}
