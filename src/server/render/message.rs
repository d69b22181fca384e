//! A finished message as HTML, the same for a page that is opened and one that was there while it was written.
//!
//! What comes from outside (what people and models say, names of models, messages of errors) gets in by [`Html::text`]
//! alone, which escapes; everything else is a literal of this file or the blocks of the Markdown renderer. Buttons say in
//! `data-do` what they do: the page has one listener for all of them. A button that answers again
//! belongs to the form `retry` of the page, for where there is no script; one that goes on with another model, to `replace`.

use super::markup::Html;
use crate::shared::chat::{FinishReason, Message, MessageStatus, Role, Sibling};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::format::{count, money, span};
use crate::shared::remedy::Way;

impl Html {
    /// Adds one of the drawings that the page has for all of its messages.
    fn icon(&mut self, name: &'static str) -> &mut Self {
        self.raw(r##"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="#i-"##)
            .raw(name)
            .raw(r#""></use></svg>"#)
    }

    /// Adds a round button that needs script.
    fn button(&mut self, what: &'static str, icon: &'static str, name: &'static str) -> &mut Self {
        self.raw(r#"<button type="button" class="icon-button js-only" data-do=""#)
            .raw(what)
            .raw(r#"" aria-label=""#)
            .raw(name)
            .raw(r#"" title=""#)
            .raw(name)
            .raw(r#"">"#)
            .icon(icon)
            .raw("</button>")
    }

    /// Adds the start of a button that has the answer given again.
    fn again(&mut self, id: &str) -> &mut Self {
        self.raw(r#"<button type="submit" form="retry" name="message" value=""#)
            .text(id)
            .raw(r#"" data-do="retry""#)
    }

    fn sibling(&mut self, (which, of): Sibling, title: &'static str) -> &mut Self {
        if of > 1 {
            self.raw(r#"<span class="sibling" title=""#)
                .raw(title)
                .raw(r#"">"#)
                .raw(&format!("{which}/{of}</span>"));
        }
        self
    }

    fn open(&mut self, class: &'static str, id: &str, (which, of): Sibling) -> &mut Self {
        self.raw(r#"<article class="message "#)
            .raw(class)
            .raw(r#"" id="m-"#)
            .text(id)
            .raw(&format!(r#"" data-sibling="{which}/{of}" aria-label=""#))
    }
}

/// A message that has ended. `blocks` is what an answer says, as safe HTML.
#[must_use]
pub fn message(message: &Message, blocks: &[String], key: Option<&str>, at: Sibling) -> String {
    let mut html = Html::default();
    match message.role {
        Role::User => question(&mut html, message, at),
        Role::Assistant => answer(&mut html, message, blocks, key, at),
    }
    html.0
}

/// What stands below an answer that has ended.
#[must_use]
pub fn foot(message: &Message, key: Option<&str>, at: Sibling) -> String {
    let mut html = Html::default();
    below(&mut html, message, key, at);
    html.0
}

fn question(html: &mut Html, message: &Message, at: Sibling) {
    html.open("user", message.id.as_str(), at)
        .raw(r#"You"><div class="bubble"><p class="plain">"#)
        .text(&message.content)
        .raw(r#"</p></div><div class="actions">"#)
        .sibling(at, "Branches")
        .button("copy", "copy", "Copy the message")
        .button("edit", "edit", "Edit the message")
        .raw("</div></article>");
}

fn answer(html: &mut Html, message: &Message, blocks: &[String], key: Option<&str>, at: Sibling) {
    let model = message
        .model
        .as_ref()
        .map_or("Answer", |model| model.as_str());
    html.open("answer", message.id.as_str(), at)
        .text(model)
        .raw(r#"">"#);
    if let Some(thought) = &message.reasoning {
        html.raw(r#"<details class="thought"><summary>Thought</summary><p class="plain">"#)
            .text(thought)
            .raw("</p></details>");
    }
    html.raw(r#"<div class="prose">"#);
    for block in blocks {
        html.raw(r#"<div class="block">"#).raw(block).raw("</div>");
    }
    html.raw(r#"</div><div class="below">"#);
    below(html, message, key, at);
    html.raw("</div></article>");
}

fn below(html: &mut Html, message: &Message, key: Option<&str>, at: Sibling) {
    let ended = match (message.status, message.finish_reason) {
        (MessageStatus::Stopped, _) => "Stopped by you. The text so far is kept.",
        (MessageStatus::Complete, Some(FinishReason::Length)) => "Cut off at the length limit.",
        (MessageStatus::Complete, Some(FinishReason::ContentFilter)) => {
            "Cut off by the provider’s content filter."
        }
        _ => "",
    };
    if !ended.is_empty() {
        html.raw(r#"<p class="ended">"#).raw(ended).raw("</p>");
    }
    if let Some(error) = &message.error {
        trouble(html, message, error);
    }
    html.raw(r#"<footer class="foot"><div class="actions">"#)
        .sibling(at, "Answers to this message")
        .button("copy", "copy", "Copy as Markdown");
    if message.error.is_none() {
        html.again(message.id.as_str())
            .raw(r#" class="icon-button" aria-label="Answer again" title="Answer again">"#)
            .icon("retry")
            .raw("</button>");
    }
    html.raw(r#"</div><p class="usage">"#)
        .text(&usage_line(message, key))
        .raw("</p></footer>");
}

/// What went wrong, and the ways on.
fn trouble(html: &mut Html, message: &Message, error: &AppError) {
    html.raw(r#"<div class="error-card" role="group" aria-label="What went wrong"><p class="error-title">"#)
        .icon("warn")
        .raw("<strong>")
        .raw(error.code.headline())
        .raw("</strong></p><p>")
        .text(&error.message)
        .raw(r#"</p><div class="error-actions">"#)
        .again(message.id.as_str())
        .raw(r#" class="button primary""#);
    if let Some(wait) = error.retry_after_ms {
        let ended = message.timing.map_or(0, |timing| timing.duration_ms);
        let wait = i64::try_from(ended.saturating_add(wait)).unwrap_or(i64::MAX);
        html.raw(&format!(
            r#" data-due="{}""#,
            message.created_at.plus_ms(wait).0
        ));
    }
    html.raw(">")
        .icon("retry")
        .raw("<span>Try again</span></button>");
    match error.code.remedy() {
        Some((Way::Keys, name)) => {
            let provider = message.provider.as_ref().map_or("", |id| id.as_str());
            html.raw(r#"<a class="button" href="/providers#"#)
                .text(provider)
                .raw(r#"">"#)
                .icon("key")
                .raw(name)
                .raw("</a>");
        }
        Some((Way::Models, name)) => {
            html.raw(r#"<button type="button" class="button js-only" data-do="models">"#)
                .raw(name)
                .raw("</button>");
        }
        Some((Way::Settings, name)) => {
            html.raw(r#"<button type="button" class="button js-only" data-do="settings">"#)
                .icon("gear")
                .raw(name)
                .raw("</button>");
        }
        None => {}
    }
    if matches!(
        error.code,
        ErrorCode::BadModel | ErrorCode::ModelUnavailable
    ) {
        html.raw(r#"<button type="submit" form="replace" class="button">Continue with the nearest model</button>"#);
    }
    if !error.request_id.is_empty() {
        html.raw(r#"<button type="button" class="button quiet small js-only" data-do="copy-id" data-id=""#)
            .text(&error.request_id)
            .raw(r#"" title="For the operator’s log">Copy request id</button>"#);
    }
    html.raw("</div></div>");
}

/// `model · 412 in · 96 out · $0.0027 · first word 0.4 s · 2.1 s in all · key …x7Qa · not …b3Fz: rate limited`
fn usage_line(message: &Message, key: Option<&str>) -> String {
    let mut parts: Vec<String> = message.model.iter().map(ToString::to_string).collect();
    if let Some(usage) = &message.usage {
        let about = if usage.estimated { "≈" } else { "" };
        parts.push(format!("{about}{} in", count(usage.input_tokens)));
        parts.push(format!("{about}{} out", count(usage.output_tokens)));
        if usage.reasoning_tokens > 0 {
            parts.push(format!("{about}{} thinking", count(usage.reasoning_tokens)));
        }
        parts.push(usage.cost.map_or_else(
            || "cost unknown".to_owned(),
            |cost| format!("{about}{}", money(cost)),
        ));
    }
    if let Some(timing) = message.timing {
        parts.extend(timing.ttft_ms.map(|ms| format!("first word {}", span(ms))));
        parts.push(format!("{} in all", span(timing.duration_ms)));
    }
    // A mask ends a key; where there is none, the words say who paid.
    parts.extend(key.map(|mask| {
        let of_a_key = mask.starts_with('…');
        if of_a_key {
            format!("key {mask}")
        } else {
            mask.to_owned()
        }
    }));
    // What did not answer, when something else did.
    let failed = message.attempts.iter().filter(|_| message.error.is_none());
    parts.extend(failed.filter_map(|attempt| {
        let why = attempt.code?.as_str().replace('_', " ");
        Some(format!("not {}: {why}", attempt.key_mask))
    }));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::{Attempt, Timing, Usage};
    use crate::shared::time::Timestamp;

    fn said(role: Role) -> Message {
        Message {
            id: "m".parse().expect("an id"),
            thread_id: "t".parse().expect("an id"),
            parent_id: None,
            role,
            content: String::new(),
            reasoning: None,
            status: MessageStatus::Complete,
            finish_reason: None,
            error: None,
            provider: None,
            model: None,
            key_id: None,
            client_request_id: None,
            usage: None,
            timing: None,
            attempts: Vec::new(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn an_unknown_price_is_called_unknown() {
        let mut message = said(Role::Assistant);
        message.model = Some("gpt-x".parse().expect("an id"));
        message.usage = Some(Usage {
            input_tokens: 412,
            output_tokens: 96,
            total_tokens: 508,
            ..Usage::default()
        });
        message.timing = Some(Timing {
            ttft_ms: Some(400),
            duration_ms: 2_100,
        });
        assert_eq!(
            usage_line(&message, Some("…x7Qa")),
            "gpt-x · 412 in · 96 out · cost unknown · first word 400 ms · 2.1 s in all · key …x7Qa"
        );
        message.usage = Some(Usage {
            cost: Some(0.0027),
            estimated: true,
            ..Usage::default()
        });
        assert!(usage_line(&message, None).contains("≈$0.0027"));
        message.attempts = [Some(ErrorCode::RateLimited), None]
            .map(|code| Attempt {
                key_id: "k".parse().ok(),
                key_mask: "…b3Fz".to_owned(),
                status: None,
                code,
            })
            .into();
        let line = usage_line(&message, Some("…x7Qa"));
        assert!(
            line.ends_with("key …x7Qa · not …b3Fz: rate limited"),
            "{line}"
        );
    }

    /// Every place that a text from outside gets to.
    #[test]
    fn nothing_from_outside_becomes_markup() {
        const ATTACK: &str = r#"</p><img src=x onerror=alert(1)>"' onmouseover='x"><script>"#;
        let mut question = said(Role::User);
        question.content = ATTACK.to_owned();
        let mut answer = said(Role::Assistant);
        answer.reasoning = Some(ATTACK.to_owned());
        answer.model = ATTACK.parse().ok();
        answer.provider = ATTACK.parse().ok();
        answer.status = MessageStatus::Failed;
        let mut error = AppError::new(ErrorCode::InvalidKey, ATTACK);
        error.request_id = ATTACK.to_owned();
        answer.error = Some(error);
        for said in [question, answer] {
            let html = message(&said, &[], Some(ATTACK), (1, 2));
            for sign in ["<img", "<script", "\"' on", "' onm", "onerror=alert(1)>"] {
                assert!(!html.contains(sign), "{sign} in {html}");
            }
            assert!(html.contains("&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"));
        }
    }
}
