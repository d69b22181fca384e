//! What the adapters read out of the lists that providers give.

use super::{access, account, provider};
use keylm::server::providers::{LiveModel, ModelPage, REGISTRY};
use keylm::shared::error::ErrorCode;
use keylm::shared::model::Pricing;
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
        pricing: Some(Pricing {
            input_per_mtok: 2.0,
            output_per_mtok: 6.0,
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
