//! What the adapters read out of the lists that providers give.

use super::{access, account, ask, provider};
use keylm::server::crypto::secret::Secret;
use keylm::server::providers::account::Overrides;
use keylm::server::providers::{LiveModel, ModelPage, REGISTRY, offered};
use keylm::shared::error::ErrorCode;
use keylm::shared::tariff::{LongContext, Tariff};
use rstest::rstest;

fn parse(id: &str, body: &str) -> ModelPage {
    provider(id).parse_models(body.as_bytes()).expect("a list")
}

fn url(id: &str, page: Option<&str>) -> String {
    let provider = provider(id);
    let request = provider
        .models_request(&access(&account(provider)), page)
        .expect("a request");
    assert_eq!((request.method.as_str(), &request.body), ("GET", &None));
    request.url.into()
}

fn live(id: &str) -> LiveModel {
    LiveModel::new(id.parse().expect("a model id"))
}

#[test]
fn openai_gives_ids_and_dates_only() {
    assert_eq!(url("openai", None), "https://api.openai.com/v1/models");
    let page = parse(
        "openai",
        r#"{"object":"list","data":[
            {"id":"gpt-5.4-mini","object":"model","created":1773705600,"owned_by":"openai","shutdown_date":null},
            {"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system","shutdown_date":"2027-01-14"},
            {"id":"text-embedding-3-small","object":"model","created":1705948997,"owned_by":"system"},
            {"id":"ft:gpt-4.1:acme::1","object":"model","created":1,"owned_by":"acme"},
            {"id":"gpt-bad\nid","object":"model"}]}"#,
    );
    let mini = LiveModel {
        reasoning: Some(true),
        created: Some(1_773_705_600),
        ..live("gpt-5.4-mini")
    };
    let four = LiveModel {
        reasoning: Some(false),
        created: Some(1_715_367_049),
        deprecated_at: Some("2027-01-14".to_owned()),
        ..live("gpt-4o")
    };
    let tuned = LiveModel {
        reasoning: Some(false),
        created: Some(1),
        ..live("ft:gpt-4.1:acme::1")
    };
    assert_eq!(
        page,
        ModelPage {
            models: vec![mini, four, tuned],
            next: None
        }
    );
}

#[test]
fn anthropic_gives_limits_and_capabilities_by_the_page() {
    assert_eq!(
        url("anthropic", None),
        "https://api.anthropic.com/v1/models?limit=1000"
    );
    assert_eq!(
        url("anthropic", Some("a&b")),
        "https://api.anthropic.com/v1/models?limit=1000&after_id=a%26b"
    );
    let page = parse(
        "anthropic",
        r#"{"data":[
            {"type":"model","id":"claude-sonnet-5-5","display_name":"Claude Sonnet 5.5","created_at":"2026-10-01T00:00:00Z",
             "max_input_tokens":1000000,"max_tokens":128000,"lifecycle":"active","line":"sonnet","deprecated_at":null,"retires_at":"2027-11-30T00:00:00Z",
             "capabilities":{"image_input":{"supported":true},"structured_outputs":{"supported":true},"thinking":{"supported":true,"types":{}}}},
            {"type":"model","id":"claude-gone","display_name":"Gone","lifecycle":"retired"},
            {"type":"model","id":"claude-old","display_name":"Claude Old","created_at":"2024-01-01T00:00:00Z"}],
            "has_more":true,"first_id":"claude-sonnet-5-5","last_id":"claude-old"}"#,
    );
    let sonnet = LiveModel {
        display_name: Some("Claude Sonnet 5.5".to_owned()),
        context_window: Some(1_000_000),
        max_output_tokens: Some(128_000),
        vision: Some(true),
        tools: Some(true),
        json_mode: Some(true),
        reasoning: Some(true),
        deprecated_at: Some("2027-11-30".to_owned()),
        created: Some(1_790_812_800),
        ..live("claude-sonnet-5-5")
    };
    let old = LiveModel {
        display_name: Some("Claude Old".to_owned()),
        tools: Some(true),
        created: Some(1_704_067_200),
        ..live("claude-old")
    };
    assert_eq!(
        page,
        ModelPage {
            models: vec![sonnet, old],
            next: Some("claude-old".to_owned())
        }
    );
    assert_eq!(
        parse("anthropic", r#"{"data":[],"has_more":false,"last_id":"x"}"#).next,
        None
    );
}

#[test]
fn gemini_gives_names_and_limits_by_the_page() {
    let base = "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000";
    assert_eq!(url("gemini", None), base);
    assert_eq!(
        url("gemini", Some("t=1")),
        format!("{base}&pageToken=t%3D1")
    );
    let page = parse(
        "gemini",
        r#"{"models":[
            {"name":"models/gemini-3.8-flash","displayName":"Gemini 3.8 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,
             "supportedGenerationMethods":["generateContent","countTokens"],"thinking":true},
            {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},
            {"name":"models/gemini-2.5-flash-preview-tts","supportedGenerationMethods":["generateContent"]}],
            "nextPageToken":"more"}"#,
    );
    let flash = LiveModel {
        display_name: Some("Gemini 3.8 Flash".to_owned()),
        context_window: Some(1_048_576),
        max_output_tokens: Some(65_536),
        reasoning: Some(true),
        ..live("gemini-3.8-flash")
    };
    assert_eq!(
        page,
        ModelPage {
            models: vec![flash],
            next: Some("more".to_owned())
        }
    );
    assert_eq!(parse("gemini", "{}"), ModelPage::default());
}

#[test]
fn xai_gives_prices_and_what_a_model_sees() {
    assert_eq!(url("xai", None), "https://api.x.ai/v1/language-models");
    let page = parse(
        "xai",
        r#"{"models":[
            {"id":"grok-4.7","object":"model","owned_by":"xai","created":1790812800,"version":"1.0","fingerprint":"fp_1",
             "input_modalities":["text","image"],"output_modalities":["text"],"aliases":["grok-latest"],
             "prompt_text_token_price":20000,"cached_prompt_text_token_price":5000,"completion_text_token_price":60000,
             "prompt_text_token_price_long_context":40000,"long_context_threshold":200000,"max_prompt_length":500000},
            {"id":"grok-next","created":1,"input_modalities":["text"],"output_modalities":["text"],"prompt_text_token_price":1},
            {"id":"grok-imagine","created":1,"input_modalities":["text"],"output_modalities":["image"]}]}"#,
    );
    let grok = LiveModel {
        context_window: Some(500_000),
        vision: Some(true),
        reasoning: Some(true),
        tariff: Some(Tariff {
            input: 2.0,
            output: 6.0,
            cached_input: Some(0.5),
            cache_write: None,
            long: Some(LongContext {
                above: 200_000,
                input: 4.0,
                output: 6.0,
            }),
        }),
        created: Some(1_790_812_800),
        ..live("grok-4.7")
    };
    let next = LiveModel {
        vision: Some(false),
        created: Some(1),
        ..live("grok-next")
    };
    assert_eq!(
        page,
        ModelPage {
            models: vec![grok, next],
            next: None
        }
    );
}

#[test]
fn cohere_gives_limits_and_features_by_the_page() {
    let base = "https://api.cohere.com/v1/models?endpoint=chat&page_size=1000";
    assert_eq!(url("cohere", None), base);
    assert_eq!(
        url("cohere", Some("t=1")),
        format!("{base}&page_token=t%3D1")
    );
    let page = parse(
        "cohere",
        r#"{"models":[
            {"name":"command-a-plus-05-2026","is_deprecated":false,"endpoints":["chat"],"finetuned":false,"context_length":436000.0,
             "tokenizer_url":"x","default_endpoints":[],"features":["tools","vision","json_mode","json_schema","reasoning"]},
            {"name":"command-new","is_deprecated":false,"endpoints":["chat","generate"],"context_length":0,"features":null},
            {"name":"command-light","is_deprecated":true,"endpoints":["chat"],"context_length":4096,"features":null},
            {"name":"embed-v4.0","is_deprecated":false,"endpoints":["embed"],"context_length":128000,"features":null}],
            "next_page_token":"more"}"#,
    );
    let plus = LiveModel {
        context_window: Some(436_000),
        vision: Some(true),
        tools: Some(true),
        json_mode: Some(true),
        reasoning: Some(true),
        ..live("command-a-plus-05-2026")
    };
    assert_eq!(
        page,
        ModelPage {
            models: vec![plus, live("command-new")],
            next: Some("more".to_owned())
        }
    );
    assert_eq!(
        parse("cohere", r#"{"models":[],"next_page_token":""}"#),
        ModelPage::default()
    );
}

#[test]
fn groq_gives_limits_and_leaves_out_what_cannot_chat() {
    assert_eq!(url("groq", None), "https://api.groq.com/openai/v1/models");
    let page = parse(
        "groq",
        r#"{"object":"list","data":[
            {"id":"openai/gpt-oss-120b","object":"model","created":1754408224,"owned_by":"OpenAI","active":true,"context_window":131072,"public_apps":null,"max_completion_tokens":65536},
            {"id":"gone","object":"model","created":1,"owned_by":"x","active":false,"context_window":1,"max_completion_tokens":1},
            {"id":"whisper-large-v3","object":"model","created":1,"owned_by":"OpenAI","active":true,"context_window":448,"max_completion_tokens":448},
            {"id":"openai/gpt-oss-safeguard-20b","object":"model","created":1,"owned_by":"OpenAI","active":true,"context_window":1,"max_completion_tokens":1}]}"#,
    );
    let oss = LiveModel {
        context_window: Some(131_072),
        max_output_tokens: Some(65_536),
        created: Some(1_754_408_224),
        ..live("openai/gpt-oss-120b")
    };
    assert_eq!(page.models, [oss]);
}

#[test]
fn mistral_gives_a_model_under_all_its_names_and_one_is_kept() {
    assert_eq!(url("mistral", None), "https://api.mistral.ai/v1/models");
    let row = |id: &str, alias: &str, more: &str| {
        format!(
            r#"{{"id":"{id}","object":"model","created":1795000000,"owned_by":"mistralai","name":"mistral-medium-2508","max_context_length":131072,
                "aliases":["{alias}"],"deprecation":{more},"type":"base",
                "capabilities":{{"completion_chat":true,"function_calling":true,"reasoning":true,"vision":false}}}}"#
        )
    };
    let dated = row("mistral-medium-2508", "mistral-medium-latest", "null");
    let latest = row(
        "mistral-medium-latest",
        "mistral-medium-2508",
        "\"2027-05-01T12:00:00Z\"",
    );
    let embed = r#"{"id":"mistral-embed","capabilities":{"completion_chat":false}}"#;
    let list = format!("[{dated},{latest},{embed}]");
    let medium = LiveModel {
        display_name: Some("mistral-medium-2508".to_owned()),
        context_window: Some(131_072),
        vision: Some(false),
        tools: Some(true),
        reasoning: Some(true),
        deprecated_at: Some("2027-05-01".to_owned()),
        created: Some(1_795_000_000),
        ..live("mistral-medium-latest")
    };
    for list in [
        list.clone(),
        format!(r#"{{"object":"list","data":{list}}}"#),
    ] {
        let found = parse("mistral", &list).models;
        assert_eq!(found, std::slice::from_ref(&medium));
    }
}

#[test]
fn openrouter_gives_everything_and_prices_too() {
    assert_eq!(
        url("openrouter", None),
        "https://openrouter.ai/api/v1/models/user"
    );
    let page = parse(
        "openrouter",
        r#"{"data":[
            {"id":"anthropic/claude-sonnet-5.5","canonical_slug":"x","name":"Anthropic: Claude Sonnet 5.5","created":1790812800,"context_length":1000000,
             "architecture":{"input_modalities":["text","image"],"output_modalities":["text"]},
             "pricing":{"prompt":"0.000002","completion":"0.00001","input_cache_read":"0.0000002","input_cache_write":"0.0000025"},
             "top_provider":{"context_length":1000000,"max_completion_tokens":128000,"is_moderated":true},
             "supported_parameters":["tools","reasoning"],"expiration_date":"2027-11-30"},
            {"id":"openrouter/auto","name":"Auto","pricing":{"prompt":"-1","completion":"-1"}},
            {"id":"x/image","architecture":{"output_modalities":["image"]}}]}"#,
    );
    let sonnet = LiveModel {
        display_name: Some("Anthropic: Claude Sonnet 5.5".to_owned()),
        context_window: Some(1_000_000),
        max_output_tokens: Some(128_000),
        vision: Some(true),
        tools: Some(true),
        json_mode: Some(false),
        reasoning: Some(true),
        deprecated_at: Some("2027-11-30".to_owned()),
        tariff: Some(Tariff {
            input: 2.0,
            output: 10.0,
            cached_input: Some(0.2),
            cache_write: Some(2.5),
            long: None,
        }),
        created: Some(1_790_812_800),
        ..live("anthropic/claude-sonnet-5.5")
    };
    let auto = LiveModel {
        display_name: Some("Auto".to_owned()),
        ..live("openrouter/auto")
    };
    assert_eq!(page.models, [sonnet, auto]);
}

#[test]
fn the_gateway_gives_limits_tags_and_prices() {
    assert_eq!(
        url("ai-gateway", None),
        "https://ai-gateway.vercel.sh/v1/models"
    );
    let page = parse(
        "ai-gateway",
        r#"{"object":"list","data":[
            {"id":"anthropic/claude-sonnet-5.5","object":"model","created":1790812800,"owned_by":"anthropic","name":"Claude Sonnet 5.5",
             "context_window":1000000,"max_tokens":128000,"type":"language","tags":["reasoning","tool-use","vision"],
             "pricing":{"input":"0.000002","output":"0.00001","input_cache_read":"0.0000002"}},
            {"id":"acme/plain","object":"model","created":1,"context_window":0,"max_tokens":0,"type":"language","tags":[]},
            {"id":"openai/text-embedding-3-small","type":"embedding"},
            {"id":"bfl/flux","type":"image"}]}"#,
    );
    let sonnet = LiveModel {
        display_name: Some("Claude Sonnet 5.5".to_owned()),
        context_window: Some(1_000_000),
        max_output_tokens: Some(128_000),
        vision: Some(true),
        tools: Some(true),
        reasoning: Some(true),
        tariff: Some(Tariff {
            input: 2.0,
            output: 10.0,
            cached_input: Some(0.2),
            ..Tariff::default()
        }),
        created: Some(1_790_812_800),
        ..live("anthropic/claude-sonnet-5.5")
    };
    let plain = LiveModel {
        vision: Some(false),
        tools: Some(false),
        reasoning: Some(false),
        created: Some(1),
        ..live("acme/plain")
    };
    assert_eq!(page.models, [sonnet, plain]);
}

#[test]
fn azure_gives_deployments_and_the_models_behind_them() {
    assert_eq!(
        url("azure-openai", None),
        "https://acme.openai.azure.com/openai/deployments?api-version=2023-03-15-preview"
    );
    let page = parse(
        "azure-openai",
        r#"{"data":[
            {"object":"deployment","id":"team","model":"gpt-5.4","owner":"x","status":"succeeded","created_at":1795000000,"updated_at":1},
            {"object":"deployment","id":"gpt-4o","model":"gpt-4o","owner":"x","status":"succeeded"},
            {"object":"deployment","id":"new","model":"gpt-5.4","owner":"x","status":"running"},
            {"object":"deployment","id":"vectors","model":"text-embedding-3-small","status":"succeeded"}]}"#,
    );
    let team = LiveModel {
        display_name: Some("team (gpt-5.4)".to_owned()),
        reasoning: Some(true),
        created: Some(1_795_000_000),
        ..live("team")
    };
    let four = LiveModel {
        reasoning: Some(false),
        ..live("gpt-4o")
    };
    assert_eq!(page.models, [team, four]);
}

#[test]
fn an_old_azure_resource_is_asked_by_version() {
    let provider = provider("azure-openai");
    let mut account = account(provider);
    let version = Secret::new("2024-10-21".to_owned());
    account
        .credential
        .0
        .insert("apiVersion".to_owned(), version);
    let request = provider.encode(&access(&account), &ask("my team"));
    assert_eq!(
        request.expect("a request").url.as_str(),
        "https://acme.openai.azure.com/openai/deployments/my%20team/chat/completions?api-version=2024-10-21"
    );
}

#[test]
fn ollama_gives_ids_only_and_is_where_the_operator_has_it() {
    assert_eq!(url("ollama", None), "http://ollama.example:11434/v1/models");
    let page = parse(
        "ollama",
        r#"{"object":"list","data":[{"id":"llama4:8b","object":"model","created":1795000000,"owned_by":"library"}]}"#,
    );
    let llama = LiveModel {
        created: Some(1_795_000_000),
        ..live("llama4:8b")
    };
    assert_eq!(page.models, [llama]);
    let info = provider("ollama").info();
    assert!(!offered(info, &Overrides::new()));
}

#[test]
fn vertex_gives_names_and_the_claudes_follow_the_last_page() {
    let base =
        "https://acme-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000";
    assert_eq!(url("vertex", None), base);
    assert_eq!(
        url("vertex", Some("t=1")),
        format!("{base}&pageToken=t%3D1")
    );
    let rows = r#"{"publisherModels":[
        {"name":"publishers/google/models/gemini-3.8-flash","versionId":"default","launchStage":"GA","supportedActions":{}},
        {"name":"publishers/google/models/gemini-embedding-001"},
        {"name":"publishers/google/models/imagen-4.0-generate-001"},
        {"name":"publishers/google/models/bert-base"}]"#;
    let page = parse("vertex", &format!(r#"{rows},"nextPageToken":"more"}}"#));
    assert_eq!(
        page,
        ModelPage {
            models: vec![live("gemini-3.8-flash")],
            next: Some("more".to_owned())
        }
    );
    let last = parse("vertex", &format!("{rows}}}"));
    assert_eq!(last.models.first(), Some(&live("gemini-3.8-flash")));
    assert!(last.models.contains(&live("claude-sonnet-5-5")));
    assert_eq!(last.next, None);
}

#[test]
fn bedrock_gives_what_is_called_directly_and_then_the_profiles() {
    let base = "https://bedrock.acme.amazonaws.com";
    let profiles = format!("{base}/inference-profiles?maxResults=1000&type=SYSTEM_DEFINED");
    assert_eq!(
        url("bedrock", None),
        format!("{base}/foundation-models?byOutputModality=TEXT")
    );
    let page = parse(
        "bedrock",
        r#"{"modelSummaries":[
            {"modelArn":"arn:x","modelId":"amazon.nova-pro-v1:0","modelName":"Nova Pro","providerName":"Amazon","inputModalities":["TEXT","IMAGE"],
             "outputModalities":["TEXT"],"responseStreamingSupported":true,"customizationsSupported":[],"inferenceTypesSupported":["ON_DEMAND"],
             "modelLifecycle":{"status":"ACTIVE"},"converse":{"maxTokensMaximum":10000,"systemRoleSupported":true,"reasoningSupported":false}},
            {"modelId":"anthropic.claude-sonnet-5-5","inputModalities":["TEXT"],"outputModalities":["TEXT"],"inferenceTypesSupported":["INFERENCE_PROFILE"]},
            {"modelId":"old.model-v1","inputModalities":["TEXT"],"outputModalities":["TEXT"],"responseStreamingSupported":false,"inferenceTypesSupported":["ON_DEMAND"]},
            {"modelId":"cohere.rerank-v3-5:0","inputModalities":["TEXT"],"outputModalities":["TEXT"],"inferenceTypesSupported":["ON_DEMAND"]}]}"#,
    );
    let nova = LiveModel {
        display_name: Some("Nova Pro".to_owned()),
        max_output_tokens: Some(10_000),
        vision: Some(true),
        reasoning: Some(false),
        ..live("amazon.nova-pro-v1:0")
    };
    assert_eq!(page.models, [nova]);
    assert_eq!(url("bedrock", page.next.as_deref()), profiles);
    let rows = r#"{"inferenceProfileSummaries":[
        {"inferenceProfileId":"us.anthropic.claude-sonnet-5-5","inferenceProfileName":"US Claude Sonnet 5.5","inferenceProfileArn":"arn:y","models":[],
         "status":"ACTIVE","type":"SYSTEM_DEFINED"},
        {"inferenceProfileId":"us.cohere.embed-v4:0","inferenceProfileName":"Embed","status":"ACTIVE"},
        {"inferenceProfileId":"us.gone","inferenceProfileName":"Gone","status":"INACTIVE"}]"#;
    let page = parse("bedrock", &format!(r#"{rows},"nextToken":"a&b"}}"#));
    let claude = LiveModel {
        display_name: Some("US Claude Sonnet 5.5".to_owned()),
        ..live("us.anthropic.claude-sonnet-5-5")
    };
    assert_eq!(page.models, [claude]);
    assert_eq!(
        url("bedrock", page.next.as_deref()),
        format!("{profiles}&nextToken=a%26b")
    );
    assert_eq!(parse("bedrock", &format!("{rows}}}")).next, None);
}

#[rstest]
fn a_list_that_is_none_is_an_error(
    #[values(
        "",
        "[7]",
        "null",
        "{\"data\":7,\"models\":7}",
        "<html>",
        "{\"data\":[{}],\"models\":[{}]}"
    )]
    body: &str,
) {
    for provider in REGISTRY {
        let error = provider.parse_models(body.as_bytes()).expect_err("no list");
        let id = provider.info().id;
        assert_eq!(error.code, ErrorCode::UpstreamError, "{id}");
    }
}
