//! Transport and dialects together against the simulator: its whole menu of faults, as the adapters report it.

use super::{NOW, ask, at, provider, text};
use futures::future::join_all;
use keylm::server::crypto::secret::Secret;
use keylm::server::metrics::Metrics;
use keylm::server::providers::account::{Access, Account};
use keylm::server::providers::answer::Answer;
use keylm::server::providers::egress::Reach;
use keylm::server::providers::transport::{Transport, TransportLimits, system_lookup};
use keylm::server::providers::{
    ChatRequest, Credential, LiveModel, ProviderError, ProviderEvent, REGISTRY,
};
use keylm::server::simulate::{Recorded, Simulator, SimulatorOptions};
use keylm::shared::chat::{FinishReason, ReasoningEffort};
use keylm::shared::error::ErrorCode;
use rstest::rstest;
use std::time::Duration;

/// How a provider is let in by the simulator.
struct Guest {
    id: &'static str,
    /// Its credential with a key of this kind (`good`, `broke` and so on).
    credential: fn(&str) -> Vec<(&'static str, String)>,
    /// The header that carries the key.
    header: &'static str,
}

/// One for each provider.
static GUESTS: &[Guest] = &[
    Guest {
        id: "openai",
        credential: |kind| vec![("key", format!("sk-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "anthropic",
        credential: |kind| vec![("key", format!("sk-ant-sim-{kind}-Canary"))],
        header: "x-api-key",
    },
    Guest {
        id: "gemini",
        credential: |kind| vec![("key", format!("AQ.sim-{kind}-Canary"))],
        header: "x-goog-api-key",
    },
    Guest {
        id: "xai",
        credential: |kind| vec![("key", format!("xai-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "cohere",
        credential: |kind| vec![("key", format!("co-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "groq",
        credential: |kind| vec![("key", format!("gsk_sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "mistral",
        credential: |kind| vec![("key", format!("mist-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "openrouter",
        credential: |kind| vec![("key", format!("sk-or-v1-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "ai-gateway",
        credential: |kind| vec![("key", format!("vck_sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "azure-openai",
        credential: |kind| {
            vec![
                ("resourceName", "acme".to_owned()),
                ("key", format!("azure-sim-{kind}-Canary")),
            ]
        },
        header: "api-key",
    },
    Guest {
        id: "ollama",
        credential: |kind| vec![("key", format!("ollama-sim-{kind}-Canary"))],
        header: "authorization",
    },
    Guest {
        id: "vertex",
        credential: |kind| {
            let account = Simulator::service_account(&format!("sim-{kind}-Canary"));
            vec![
                ("location", "europe-west4".to_owned()),
                ("serviceAccount", account),
            ]
        },
        header: "authorization",
    },
    Guest {
        id: "bedrock",
        credential: |kind| {
            vec![
                ("region", "eu-central-1".to_owned()),
                ("apiKey", format!("ABSK-sim-{kind}-Canary")),
            ]
        },
        header: "authorization",
    },
    // Anything that imitates OpenAI will do; here it is the simulated Ollama.
    Guest {
        id: "custom",
        credential: |kind| vec![("key", format!("ollama-sim-{kind}-Canary"))],
        header: "authorization",
    },
];

/// The ids of all providers.
fn all() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|provider| provider.info().id)
}

fn guest(id: &str) -> &'static Guest {
    let found = GUESTS.iter().find(|guest| guest.id == id);
    found.unwrap_or_else(|| panic!("{id} is not in GUESTS"))
}

async fn simulator() -> Simulator {
    let options = SimulatorOptions {
        delta_delay: Duration::ZERO,
    };
    Simulator::start_with(0, options)
        .await
        .expect("a simulator")
}

/// The account of a simulated key at the simulator.
fn account(sim: &Simulator, id: &str, kind: &str) -> Account {
    account_of(sim, id, (guest(id).credential)(kind))
}

fn account_of(sim: &Simulator, id: &str, fields: Vec<(&'static str, String)>) -> Account {
    let urls = sim.urls().into_iter();
    let overrides = urls.map(|(name, url)| (name, url.parse().expect("a URL")));
    let anywhere = provider(id).is_anywhere();
    let place = anywhere.then(|| ("baseUrl", format!("{}/v1", sim.url("OLLAMA_BASE_URL"))));
    let fields = fields
        .into_iter()
        .chain(place)
        .map(|(name, value)| (name.to_owned(), Secret::new(value)));
    let credential = provider(id).complete(Credential(fields.collect()));
    let credential = credential.expect("a whole credential");
    at(provider(id), &overrides.collect(), credential)
}

/// Whether a request changes a credential for a token; the credential is in its signature.
fn for_a_token(request: &Recorded) -> bool {
    request.path.ends_with("/token")
}

/// What a test can wait for; only for faults that end in a time-out, since a busy machine is slow too.
const IMPATIENT: TransportLimits = TransportLimits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(2),
    idle: Duration::from_millis(1400),
    total: Duration::from_millis(2600),
    list_total: Duration::from_secs(1),
    error_body: 64 << 10,
    list_body: 4 << 20,
    stream_bytes: 32 << 20,
};

fn transport(limits: TransportLimits) -> Transport {
    let policy = "list:127.0.0.1".parse().expect("a policy");
    let reach = Reach::new(policy, Vec::new(), None);
    let transport = Transport::new(limits, Metrics::default())
        .and_then(|one| one.reaching(reach, system_lookup()));
    transport.expect("a transport")
}

/// A transport with the limits of the product. One a test: it reads the machine's certificates.
fn patient() -> Transport {
    transport(TransportLimits::default())
}

fn impatient() -> Transport {
    transport(IMPATIENT)
}

async fn answer(
    transport: &Transport,
    sim: &Simulator,
    id: &str,
    request: &ChatRequest,
) -> Vec<ProviderEvent> {
    let provider = provider(id);
    let account = account(sim, id, "good");
    let token = transport.token(provider, &account, NOW);
    let token = token.await.expect("a token");
    let access = Access {
        account: &account,
        token: token.as_ref(),
        now: NOW,
    };
    let wire = provider.encode(&access, request).expect("a request");
    let mut events = Vec::new();
    match transport.stream(provider, wire).await {
        Err(error) => events.push(ProviderEvent::Failed(error)),
        Ok(mut stream) => {
            let mut answer = Answer::new(provider.decoder(request));
            while let Some(bytes) = stream.next().await {
                match bytes {
                    Ok(bytes) => answer.push(&bytes, &mut events),
                    Err(error) => {
                        events.push(ProviderEvent::Failed(error));
                        return events;
                    }
                }
                if matches!(events.last(), Some(ProviderEvent::Failed(_))) {
                    return events;
                }
            }
            answer.finish(&mut events);
        }
    }
    events
}

/// How an answer ended.
fn outcome(events: &[ProviderEvent]) -> Result<FinishReason, ErrorCode> {
    if let Some(ProviderEvent::Failed(error)) = events.last() {
        return Err(error.code);
    }
    let finish = events.iter().find_map(|event| match event {
        ProviderEvent::Finish(reason) => Some(*reason),
        _ => None,
    });
    Ok(finish.expect("an answer ends"))
}

#[rstest]
#[case("sim-short", Ok(FinishReason::Stop))]
#[case("sim-think", Ok(FinishReason::Stop))]
#[case("sim-stall", Err(ErrorCode::Timeout))]
#[case("sim-nofirst", Err(ErrorCode::Timeout))]
#[case("sim-drip", Err(ErrorCode::Timeout))]
#[case("sim-endless", Err(ErrorCode::Timeout))]
#[case("sim-reset", Err(ErrorCode::UpstreamTruncated))]
#[case("sim-half", Err(ErrorCode::UpstreamTruncated))]
#[case("sim-noend", Err(ErrorCode::UpstreamTruncated))]
#[case("sim-badutf", Ok(FinishReason::Stop))]
#[case("sim-garbage", Err(ErrorCode::UpstreamError))]
#[case("sim-html", Err(ErrorCode::UpstreamError))]
#[case("sim-huge", Err(ErrorCode::UpstreamError))]
#[case("sim-bomb", Err(ErrorCode::UpstreamError))]
#[case("sim-redirect", Err(ErrorCode::ProviderRedirected))]
#[case("sim-401", Err(ErrorCode::InvalidKey))]
#[case("sim-403", Err(ErrorCode::InsufficientPermission))]
#[case("sim-404", Err(ErrorCode::BadModel))]
#[case("sim-429", Err(ErrorCode::RateLimited))]
#[case("sim-429-nohint", Err(ErrorCode::RateLimited))]
#[case("sim-500", Err(ErrorCode::Overloaded))]
#[case("sim-503", Err(ErrorCode::Overloaded))]
#[case("sim-quota", Err(ErrorCode::QuotaExhausted))]
#[case("sim-context", Err(ErrorCode::ContextLength))]
#[case("sim-filter-mid", Ok(FinishReason::ContentFilter))]
#[case("sim-refusal", Ok(FinishReason::ContentFilter))]
#[case("sim-length", Ok(FinishReason::Length))]
#[case("sim-error-mid", Err(ErrorCode::Overloaded))]
#[case("sim-quota-mid", Err(ErrorCode::QuotaExhausted))]
#[case("sim-unknown", Ok(FinishReason::Stop))]
#[case("sim-crlf", Ok(FinishReason::Stop))]
#[case("sim-split", Ok(FinishReason::Stop))]
#[case("sim-nousage", Ok(FinishReason::Stop))]
#[case("sim-ctrl", Err(ErrorCode::UpstreamError))]
#[case("sim-xss", Ok(FinishReason::Stop))]
#[case("sim-empty", Ok(FinishReason::Stop))]
#[case("sim-wide", Ok(FinishReason::Stop))]
#[tokio::test]
async fn every_fault_has_its_outcome(
    #[case] model: &str,
    #[case] expected: Result<FinishReason, ErrorCode>,
) {
    let sim = simulator().await;
    let request = ask(model);
    let slow = expected == Err(ErrorCode::Timeout);
    let transport = if slow { impatient() } else { patient() };
    let answers = join_all(all().map(|id| answer(&transport, &sim, id, &request))).await;
    for (id, events) in all().zip(answers) {
        assert_eq!(outcome(&events), expected, "{id}: {events:?}");
    }
}

#[tokio::test]
async fn a_refused_prompt_is_a_filter_in_either_spelling() {
    let sim = simulator().await;
    let transport = patient();
    for id in all() {
        let events = answer(&transport, &sim, id, &ask("sim-filter")).await;
        let filtered = [
            Ok(FinishReason::ContentFilter),
            Err(ErrorCode::ContentFiltered),
        ];
        assert!(filtered.contains(&outcome(&events)), "{id}: {events:?}");
    }
}

#[tokio::test]
async fn a_flood_is_stopped_at_the_limit() {
    let sim = simulator().await;
    let limits = TransportLimits {
        stream_bytes: 1 << 20,
        ..TransportLimits::default()
    };
    let transport = transport(limits);
    for id in all() {
        let events = answer(&transport, &sim, id, &ask("sim-flood")).await;
        assert_eq!(outcome(&events), Err(ErrorCode::UpstreamError), "{id}");
        assert!(text(&events).len() < 1 << 20, "{id}");
    }
}

#[tokio::test]
async fn what_came_before_a_fault_is_kept() {
    let sim = simulator().await;
    let transport = patient();
    for id in all() {
        let whole = text(&answer(&transport, &sim, id, &ask("sim-reset")).await);
        assert!(!whole.is_empty(), "{id}");
        for model in ["sim-half", "sim-error-mid"] {
            assert_eq!(
                text(&answer(&transport, &sim, id, &ask(model)).await),
                whole,
                "{id} {model}"
            );
        }
    }
}

#[tokio::test]
async fn text_is_the_same_however_it_travels() {
    let sim = simulator().await;
    let transport = patient();
    for id in all() {
        let wide = text(&answer(&transport, &sim, id, &ask("sim-wide")).await);
        assert!(wide.chars().any(|c| c.len_utf8() == 4), "{id}: {wide}");
        for model in ["sim-crlf", "sim-split"] {
            assert_eq!(
                text(&answer(&transport, &sim, id, &ask(model)).await),
                wide,
                "{id} {model}"
            );
        }
        let bad = text(&answer(&transport, &sim, id, &ask("sim-badutf")).await);
        assert!(
            bad.contains('\u{fffd}') && bad.ends_with("After the bad byte."),
            "{id}: {bad}"
        );
    }
}

#[tokio::test]
async fn a_redirect_reaches_nobody() {
    let (sim, trap) = (simulator().await, simulator().await);
    let transport = patient();
    sim.set_redirect(format!("{}/models", trap.url("OPENAI_BASE_URL")));
    for id in all() {
        answer(&transport, &sim, id, &ask("sim-redirect")).await;
        let listed = list(&transport, &sim, id, "redirect").await;
        assert_eq!(
            listed.expect_err("a redirect").code,
            ErrorCode::ProviderRedirected,
            "{id}"
        );
    }
    assert!(trap.recorded().is_empty());
    let recorded = sim.recorded().into_iter();
    let redirected = recorded.filter(|request| !for_a_token(request));
    assert_eq!(redirected.count(), 2 * all().count());
}

#[tokio::test]
async fn the_wait_that_a_provider_asks_for_is_told() {
    let sim = simulator().await;
    let transport = patient();
    for id in all() {
        let events = answer(&transport, &sim, id, &ask("sim-429")).await;
        let Some(ProviderEvent::Failed(error)) = events.last() else {
            panic!("{id}: {events:?}")
        };
        let ProviderError {
            status,
            retry_after,
            ..
        } = error;
        assert_eq!(
            (*status, *retry_after),
            (Some(429), Some(Duration::from_secs(7))),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_model_that_takes_no_sampling_is_told_apart() {
    let sim = simulator().await;
    let transport = patient();
    let mut request = ask("sim-strict");
    request.settings.temperature = Some(0.5);
    for id in all() {
        let events = answer(&transport, &sim, id, &request).await;
        assert_eq!(outcome(&events), Err(ErrorCode::UnsupportedParam), "{id}");
        let events = answer(&transport, &sim, id, &ask("sim-strict")).await;
        assert_eq!(outcome(&events), Ok(FinishReason::Stop), "{id}");
    }
}

/// All settings at once: whatever a model rejects must have been left out, or the simulator refuses.
#[tokio::test]
async fn every_listed_model_answers_whatever_the_settings() {
    use ReasoningEffort::{High, Low, Max, Medium, Minimal, None as No, Xhigh};
    let sim = simulator().await;
    let transport = patient();
    for id in all() {
        let models = list(&transport, &sim, id, "good").await.expect("a list");
        let models: Vec<_> = models
            .into_iter()
            .filter(|model| !model.id.as_str().starts_with("sim-"))
            .collect();
        assert!(models.len() >= 2, "{id}: {models:?}");
        for model in models {
            for effort in [
                None,
                Some(No),
                Some(Minimal),
                Some(Low),
                Some(Medium),
                Some(High),
                Some(Xhigh),
                Some(Max),
            ] {
                let mut request = ask(model.id.as_str());
                request.capabilities.reasoning = model.reasoning.unwrap_or_default();
                request.system = Some("Be brief.".to_owned());
                request.settings.temperature = Some(0.7);
                request.settings.top_p = Some(0.9);
                request.settings.max_tokens = Some(4000);
                request.settings.reasoning_effort = effort;
                let events = answer(&transport, &sim, id, &request).await;
                let outcome = outcome(&events);
                let whole = matches!(outcome, Ok(FinishReason::Stop | FinishReason::Length));
                let model = &model.id;
                assert!(whole, "{id} {model} {effort:?}: {outcome:?}");
                assert!(!text(&events).is_empty(), "{id} {model}");
                assert!(events.iter().any(|event| matches!(event, ProviderEvent::Usage(usage) if usage.input > 0 && usage.output > 0)), "{id} {model}");
            }
        }
    }
}

/// What happens when a key is added: the token, the check, all pages of the list.
async fn list(
    transport: &Transport,
    sim: &Simulator,
    id: &str,
    kind: &str,
) -> Result<Vec<LiveModel>, ProviderError> {
    list_of(transport, id, account(sim, id, kind)).await
}

async fn list_of(
    transport: &Transport,
    id: &str,
    account: Account,
) -> Result<Vec<LiveModel>, ProviderError> {
    let provider = provider(id);
    let token = transport.token(provider, &account, NOW).await?;
    let access = Access {
        account: &account,
        token: token.as_ref(),
        now: NOW,
    };
    if let Some(check) = provider.check_request(&access)? {
        provider.parse_check(&transport.fetch(provider, check).await?)?;
    }
    let mut models = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let request = provider.models_request(&access, page.as_deref())?;
        let next = provider.parse_models(&transport.fetch(provider, request).await?)?;
        models.extend(next.models);
        page = next.next;
        if page.is_none() {
            return Ok(models);
        }
    }
}

#[rstest]
#[case("unscoped", ErrorCode::InsufficientPermission)]
#[case("limited", ErrorCode::RateLimited)]
#[case("down", ErrorCode::Overloaded)]
#[case("html", ErrorCode::UpstreamError)]
#[case("slow", ErrorCode::Timeout)]
#[case("echo", ErrorCode::InvalidKey)]
#[case("wrong", ErrorCode::InvalidKey)]
#[tokio::test]
async fn a_key_is_checked_by_listing(#[case] kind: &str, #[case] code: ErrorCode) {
    let sim = simulator().await;
    let transport = if kind == "slow" {
        impatient()
    } else {
        patient()
    };
    for id in all() {
        let error = list(&transport, &sim, id, kind)
            .await
            .expect_err("a failure");
        assert_eq!((error.code, error.list_only), (code, false), "{id}");
        assert!(!format!("{error} {error:?}").contains("Canary"), "{id}");
    }
}

#[tokio::test]
async fn a_key_that_is_blocked_with_a_good_status_is_refused() {
    let sim = simulator().await;
    let error = list(&patient(), &sim, "xai", "blocked").await;
    assert_eq!(error.expect_err("blocked").code, ErrorCode::InvalidKey);
}

#[tokio::test]
async fn a_key_that_may_chat_but_not_list_is_told_apart() {
    let sim = simulator().await;
    let transport = patient();
    for id in ["openai", "bedrock"] {
        let error = list(&transport, &sim, id, "nolist").await;
        let error = error.expect_err("a failure");
        let found = (error.code, error.list_only);
        assert_eq!(found, (ErrorCode::InsufficientPermission, true), "{id}");
    }
}

#[tokio::test]
async fn keys_travel_in_their_header_and_nowhere_else() {
    let sim = simulator().await;
    let transport = patient();
    for Guest { id, header, .. } in GUESTS {
        sim.clear();
        list(&transport, &sim, id, "good").await.expect("a list");
        answer(&transport, &sim, id, &ask("sim-short")).await;
        for request in sim.recorded() {
            let secret = |text: &str| text.contains("Canary");
            let with = request.headers.iter().filter(|(_, value)| secret(value));
            let with: Vec<_> = with.map(|(name, _)| name.as_str()).collect();
            let expected: &[_] = if for_a_token(&request) {
                &[]
            } else {
                &[*header]
            };
            assert_eq!(with, expected, "{request:?}");
            assert!(!secret(&request.path) && !secret(&request.query) && !secret(&request.body));
        }
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_was_refused() {
    let sim = simulator().await;
    let transport = patient();
    let tokens = || {
        let recorded = sim.recorded().into_iter();
        recorded.filter(for_a_token).count()
    };
    for _ in 0..2 {
        answer(&transport, &sim, "vertex", &ask("sim-short")).await;
    }
    assert_eq!(tokens(), 1);
    let refused = answer(&transport, &sim, "vertex", &ask("sim-401")).await;
    let Some(ProviderEvent::Failed(error)) = refused.last() else {
        panic!("{refused:?}")
    };
    // Nothing was done for the refused token, so that the same may be asked with a new one.
    assert_eq!((error.code, error.unsent), (ErrorCode::InvalidKey, true));
    answer(&transport, &sim, "vertex", &ask("sim-short")).await;
    assert_eq!(tokens(), 2);
    let refused = answer(&transport, &sim, "openai", &ask("sim-401")).await;
    assert!(matches!(refused.last(), Some(ProviderEvent::Failed(error)) if !error.unsent));
}

#[rstest]
#[case("AKIA-sim-good", "simulated-secret", None, Ok(()))]
#[case("ASIA-sim-good", "simulated-secret", Some("simulated-token"), Ok(()))]
#[case("AKIA-sim-good", "another-secret", None, Err(ErrorCode::InvalidKey))]
#[case("AKIA-sim-wrong", "simulated-secret", None, Err(ErrorCode::InvalidKey))]
#[tokio::test]
async fn a_signature_is_as_good_as_the_secret_behind_it(
    #[case] id: &str,
    #[case] secret: &str,
    #[case] token: Option<&str>,
    #[case] expected: Result<(), ErrorCode>,
) {
    let sim = simulator().await;
    let mut fields = vec![
        ("region", "eu-central-1".to_owned()),
        ("accessKeyId", id.to_owned()),
        ("secretAccessKey", secret.to_owned()),
    ];
    fields.extend(token.map(|token| ("sessionToken", token.to_owned())));
    let account = account_of(&sim, "bedrock", fields);
    let transport = patient();
    let listed = list_of(&transport, "bedrock", account.clone()).await;
    assert_eq!(listed.map(drop).map_err(|error| error.code), expected);
    let provider = provider("bedrock");
    let access = Access {
        account: &account,
        token: None,
        now: NOW,
    };
    let model = ask("us.anthropic.claude-haiku-4-5-20251001-v1:0");
    let wire = provider.encode(&access, &model).expect("a request");
    let answered = transport.stream(provider, wire).await;
    assert_eq!(answered.map(drop).map_err(|error| error.code), expected);
}
