//! A finished message as HTML, the same for a page that is opened and one that was there while it was written.
//!
//! What comes from outside (what people and models say, names of models, messages of errors) gets in by [`Html::text`]
//! alone, which escapes; everything else is a literal of this file or the blocks of the Markdown renderer. Buttons say in
//! `data-do` what they do: the page has one listener for all of them. For where there is no script, a button belongs to a
//! form of the page that is called after what it does and its thread (`ui/chat/forms.rs`), and says of which message.

use super::facts::{Fact, facts};
use super::markup::Html;
use crate::shared::chat::{FinishReason, Message, MessageStatus, Role, Sibling};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::format::{count, money};
use crate::shared::prose::runs;
use crate::shared::remedy::{Remedy, Way};
use crate::shared::time::Timestamp;
use crate::shared::words::Language;

impl Html {
    /// Adds one of the drawings that the page has for all of its messages.
    fn icon(&mut self, name: &'static str) -> &mut Self {
        self.raw(r##"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="#i-"##)
            .raw(name)
            .raw(r#""></use></svg>"#)
    }

    /// Adds a round button that needs script.
    fn button(&mut self, what: &'static str, icon: &'static str, name: &str) -> &mut Self {
        self.raw(r#"<button type="button" class="icon-button js-only" data-do=""#)
            .raw(what)
            .raw(r#"" aria-label=""#)
            .text(name)
            .raw(r#"" title=""#)
            .text(name)
            .raw(r#"">"#)
            .icon(icon)
            .raw("</button>")
    }

    /// Adds the start of a button that belongs to the form of that name.
    fn submit(&mut self, what: &'static str, message: &Message) -> &mut Self {
        self.raw(r#"<button type="submit" form=""#)
            .raw(what)
            .raw("-")
            .text(message.thread_id.as_str())
            .raw("\"")
    }

    /// Adds the start of a button that does something with a message, by the form of that name where there is no script.
    fn act(&mut self, what: &'static str, message: &Message) -> &mut Self {
        self.submit(what, message)
            .raw(r#" name="message" value=""#)
            .text(message.id.as_str())
            .raw(r#"" data-do=""#)
            .raw(what)
            .raw("\"")
    }

    /// Adds a round button that does something with a message.
    fn round(
        &mut self,
        what: &'static str,
        message: &Message,
        icon: &'static str,
        name: &str,
    ) -> &mut Self {
        self.act(what, message)
            .raw(r#" class="icon-button" aria-label=""#)
            .text(name)
            .raw(r#"" title=""#)
            .text(name)
            .raw(r#"">"#)
            .icon(icon)
            .raw("</button>")
    }

    /// Adds a moment, which the browser says as its reader's clocks do (`client/clock.rs`).
    fn moment(&mut self, at: Timestamp) -> &mut Self {
        self.raw(r#"<time datetime=""#)
            .raw(&at.to_string())
            .raw("\">")
            .raw(&format!("{} {}Z", at.day(), at.clock()))
            .raw("</time>")
    }

    /// Adds the way to the branches beside a message, if there are any.
    fn siblings(&mut self, told: Told<'_>, title: &str) -> &mut Self {
        let ((which, of), message) = (told.at, told.message);
        if of < 2 {
            return self;
        }
        let said = &told.language.printed().message;
        self.turn("previous", message, which > 1, said.previous, "‹")
            .raw(r#"<span class="sibling" title=""#)
            .text(title)
            .raw(&format!(r#"">{which}/{of}</span>"#))
            .turn("next", message, which < of, said.next, "›")
    }

    /// Adds a button that shows the branch on one side.
    fn turn(
        &mut self,
        what: &'static str,
        message: &Message,
        possible: bool,
        name: &str,
        sign: &str,
    ) -> &mut Self {
        self.act(what, message)
            .raw(r#" class="turn" aria-label=""#)
            .text(name)
            .raw(if possible { r#"">"# } else { r#"" disabled>"# })
            .raw(sign)
            .raw("</button>")
    }

    fn open(&mut self, class: &'static str, id: &str, (which, of): Sibling) -> &mut Self {
        self.raw(r#"<article class="message "#)
            .raw(class)
            .raw(r#"" id="m-"#)
            .text(id)
            .raw(&format!(r#"" data-sibling="{which}/{of}" aria-label=""#))
    }
}

/// A message with what is known of it.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The message.
    pub message: &'a Message,
    /// The name of who answered.
    pub provider: Option<&'a str>,
    /// The mask of the key that paid, or who did.
    pub key: Option<&'a str>,
    /// What its owner calls that key.
    pub label: Option<&'a str>,
    /// Its place among its siblings.
    pub at: Sibling,
    /// The language of what stands around it.
    pub language: Language,
}

/// Who paid for an answer.
pub(super) enum Payer {
    /// A key, by its name and mask.
    Key(String),
    /// Somebody else.
    Other(String),
}

impl Told<'_> {
    /// All of it, once it has ended. `blocks` is what an answer says, as safe HTML.
    #[must_use]
    pub fn whole(self, blocks: &[String]) -> String {
        let mut html = Html::default();
        match self.message.role {
            Role::User => question(&mut html, self),
            Role::Assistant => answer(&mut html, self, blocks),
        }
        html.0
    }

    /// What the fold with its reasoning is called: that it thinks, or how long it did.
    #[must_use]
    pub fn thoughts(self) -> String {
        let (message, said) = (self.message, &self.language.printed().message);
        match message.timing.and_then(|timing| timing.thought_ms) {
            Some(ms) => (said.thought_for)(ms),
            None if message.status.is_final() || !message.content.is_empty() => {
                said.mused.to_owned()
            }
            None => said.thinking.to_owned(),
        }
    }

    /// Who paid: a mask ends a key, and where there is none, the words say who.
    pub(super) fn payer(self) -> Option<Payer> {
        let paid = self.key?;
        Some(if paid.starts_with('…') {
            let label = self.label.into_iter();
            Payer::Key(label.chain([paid]).collect::<Vec<_>>().join(" "))
        } else {
            let sentences = &self.language.printed().sentences;
            Payer::Other(sentences.text(paid.to_owned()))
        })
    }

    /// What stands below an answer that has ended.
    #[must_use]
    pub fn foot(self) -> String {
        let mut html = Html::default();
        below(&mut html, self);
        html.0
    }
}

fn question(html: &mut Html, told: Told<'_>) {
    let (chat, printed) = (&told.language.words().chat, told.language.printed());
    html.open("user", told.message.id.as_str(), told.at)
        .text(chat.you);
    if let Some(request) = &told.message.client_request_id {
        // What is sent again after its answer was lost finds that it was taken.
        html.raw(r#"" data-request=""#).text(request.as_str());
    }
    html.raw(r#""><div class="bubble"><p class="plain">"#)
        .text(&told.message.content)
        .raw(r#"</p></div><div class="actions">"#)
        .siblings(told, printed.message.branches)
        .button("copy", "copy", printed.message.copy)
        .round("edit", told.message, "edit", chat.edit)
        .round("fork", told.message, "fork", printed.message.fork)
        .raw("</div></article>");
}

fn answer(html: &mut Html, told: Told<'_>, blocks: &[String]) {
    let chat = &told.language.words().chat;
    let model = told.message.model.as_ref();
    html.open("answer", told.message.id.as_str(), told.at)
        .text(model.map_or(chat.answer, |model| model.as_str()))
        .raw(r#"">"#);
    if let Some(thought) = &told.message.reasoning {
        html.raw(r#"<details class="thought"><summary>"#)
            .text(&told.thoughts())
            .raw(r#"</summary><p class="plain">"#)
            .text(thought)
            .raw("</p></details>");
    }
    html.raw(r#"<div class="prose">"#)
        .raw(&runs(blocks))
        .raw(r#"</div><div class="below">"#);
    below(html, told);
    html.raw("</div></article>");
}

fn below(html: &mut Html, told: Told<'_>) {
    let (message, said) = (told.message, &told.language.printed().message);
    let ended = match (message.status, message.finish_reason) {
        (MessageStatus::Stopped, _) => said.stopped,
        (MessageStatus::Complete, Some(FinishReason::Length)) => said.cut_at_length,
        (MessageStatus::Complete, Some(FinishReason::ContentFilter)) => said.cut_by_filter,
        _ => "",
    };
    if !ended.is_empty() {
        html.raw(r#"<p class="ended">"#).text(ended).raw("</p>");
    }
    if let Some(error) = &message.error {
        trouble(html, told, error);
    }
    html.raw(r#"<footer class="foot"><div class="actions">"#)
        .siblings(told, said.answers)
        .button("copy", "copy", said.copy_markdown);
    if message.error.is_none() {
        html.round("retry", message, "retry", said.again);
    }
    // Which models reason is the page's to know: its style shows it there.
    let rethink = told.language.words().options.rethink;
    html.button("rethink", "think", rethink)
        .round("swap", message, "swap", said.swap)
        .round("fork", message, "fork", said.fork);
    if goes_on(message) {
        html.submit("go-on", message)
            .raw(r#" data-do="go-on" class="button small go-on">"#)
            .text(said.go_on)
            .raw("</button>");
    }
    html.raw(r#"</div><details class="facts""#);
    if let Some(usage) = &message.usage {
        html.raw(&format!(r#" data-tokens="{}""#, usage.read_and_written()));
    }
    html.raw(r#"><summary class="usage" title=""#)
        .text(said.details)
        .raw(r#"">"#)
        .text(&usage_line(told))
        .raw("</summary><dl>");
    for (name, value) in facts(told) {
        html.raw("<dt>").text(name).raw("</dt><dd>");
        match value {
            Fact::Said(text) => html.text(&text),
            Fact::At(moment) => html.moment(moment),
        };
        html.raw("</dd>");
    }
    html.raw("</dl></details></footer>");
}

/// Whether an answer has begun and can be asked to go on.
fn goes_on(message: &Message) -> bool {
    let cut = message.finish_reason == Some(FinishReason::Length);
    (cut || message.status != MessageStatus::Complete) && !message.content.is_empty()
}

/// What went wrong, and the ways on.
fn trouble(html: &mut Html, told: Told<'_>, error: &AppError) {
    let Told {
        message, language, ..
    } = told;
    let (words, printed) = (language.words(), language.printed());
    html.raw(r#"<div class="error-card" role="group" aria-label=""#)
        .text(printed.message.wrong)
        .raw(r#""><p class="error-title">"#)
        .icon("warn")
        .raw("<strong>")
        .text((words.errors.headline)(error.code))
        .raw("</strong></p><p>")
        .text(&printed.sentences.said(error))
        .raw(r#"</p><div class="error-actions">"#)
        .act("retry", message)
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
        .raw("<span>")
        .text(words.chat.try_again)
        .raw("</span></button>");
    let remedy = error.code.remedy();
    let name = remedy.map_or("", |remedy| words.errors.remedy(remedy));
    match remedy.map(Remedy::way) {
        Some(Way::Keys) => {
            let provider = message.provider.as_ref().map_or("", |id| id.as_str());
            html.raw(r#"<a class="button" href="/providers#"#)
                .text(provider)
                .raw(r#"">"#)
                .icon("key")
                .text(name)
                .raw("</a>");
        }
        Some(Way::Models) => {
            html.act("swap", message)
                .raw(r#" class="button">"#)
                .text(name)
                .raw("</button>");
        }
        Some(Way::Settings) => {
            html.raw(r#"<a class="button js-only" data-do="settings" href="/chat/"#)
                .text(message.thread_id.as_str())
                .raw("#options\">")
                .icon("gear")
                .text(name)
                .raw("</a>");
        }
        None => {}
    }
    if matches!(
        error.code,
        ErrorCode::BadModel | ErrorCode::ModelUnavailable
    ) {
        html.submit("replace", message)
            .raw(r#" class="button">"#)
            .text(printed.message.nearest)
            .raw("</button>");
    }
    if !error.request_id.is_empty() {
        html.raw(r#"<button type="button" class="button quiet small js-only" data-do="copy-id" data-id=""#)
            .text(&error.request_id)
            .raw(r#"" title=""#)
            .text(printed.message.copy_id_note)
            .raw(r#"">"#)
            .text(printed.message.copy_id)
            .raw("</button>");
    }
    html.raw("</div></div>");
}

/// `model · 412 in · 96 out · $0.0027 · first word 0.4 s · 2.1 s in all · key …x7Qa · not …b3Fz: rate limited`
fn usage_line(told: Told<'_>) -> String {
    let (message, printed) = (told.message, told.language.printed());
    let said = &printed.message;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        message
            .model
            .iter()
            .map(|model| (said.model)(model.as_str())),
    );
    let provider = told.provider.map(str::to_owned);
    parts.extend(provider.map(|name| printed.sentences.text(name)));
    if let Some(usage) = &message.usage {
        let about = if usage.estimated { "≈" } else { "" };
        let tokens = |n| [about, &count(n)].concat();
        parts.push((said.read)(&tokens(usage.input_tokens)));
        parts.push((said.written)(&tokens(usage.output_tokens)));
        if usage.reasoning_tokens > 0 {
            parts.push((said.thought)(&tokens(usage.reasoning_tokens)));
        }
        parts.push(usage.cost.map_or_else(
            || said.cost_unknown.to_owned(),
            |cost| (said.cost)(&[about, &money(cost)].concat()),
        ));
    }
    if let Some(timing) = message.timing {
        let first = timing.ttft_ms;
        parts.extend(first.map(|ms| (said.first_word)(&(said.span)(ms))));
        parts.push((said.in_all)(&(said.span)(timing.duration_ms)));
    }
    parts.extend(told.payer().map(|payer| match payer {
        Payer::Key(key) => (said.key)(&key),
        Payer::Other(other) => other,
    }));
    // What did not answer, when something else did.
    let failed = message.attempts.iter().filter(|_| message.error.is_none());
    parts.extend(failed.filter_map(|attempt| Some((said.not)(&attempt.key_mask, attempt.code?))));
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

    fn told<'a>(message: &'a Message, key: Option<&'a str>, language: Language) -> Told<'a> {
        Told {
            message,
            provider: None,
            key,
            label: None,
            at: (1, 2),
            language,
        }
    }

    fn line(message: &Message, key: Option<&str>) -> String {
        usage_line(told(message, key, Language::English))
    }

    /// What a person who reads no English is left with: names and numbers.
    #[test]
    fn nothing_around_an_arabic_message_is_english() {
        let mut failed = said(Role::Assistant);
        failed.status = MessageStatus::Failed;
        failed.reasoning = Some("…".to_owned());
        let refused = ErrorCode::InvalidKey;
        let mut error = AppError::new(refused, refused.provider_sentence("OpenAI"));
        error.request_id = "7".to_owned();
        failed.error = Some(error);
        for message in [said(Role::User), failed] {
            let html = told(&message, Some("…x7"), Language::Arabic).whole(&[]);
            for piece in html.split(['<', '>']).skip(2).step_by(2) {
                let english = piece.chars().filter(char::is_ascii_alphabetic).count();
                assert!(english < 3 || piece.contains('ا'), "{piece} in {html}");
            }
            for label in html.split("aria-label=\"").skip(1) {
                assert!(
                    !label.starts_with(|c: char| c.is_ascii_alphabetic()),
                    "{label}"
                );
            }
        }
    }

    #[test]
    fn the_fold_of_an_answer_says_how_long_it_thought() {
        let mut answer = said(Role::Assistant);
        let fold = |answer: &Message, language| told(answer, None, language).thoughts();
        assert_eq!(fold(&answer, Language::English), "Thought", "nobody knows");
        answer.status = MessageStatus::Streaming;
        assert_eq!(fold(&answer, Language::English), "Thinking…");
        answer.status = MessageStatus::Complete;
        for (ms, english, arabic) in [
            (120, "Thought for a moment", "فكّر للحظة"),
            (12_400, "Thought for 12 s", "فكّر لمدة 12 ثانية"),
            (60_000, "Thought for 1 min", "فكّر لمدة دقيقة واحدة"),
            (123_000, "Thought for 2 min 3 s", "فكّر لمدة دقيقتين و3 ثوانٍ"),
        ] {
            answer.timing = Some(Timing {
                ttft_ms: Some(0),
                duration_ms: ms,
                thought_ms: Some(ms),
            });
            assert_eq!(fold(&answer, Language::English), english);
            assert_eq!(fold(&answer, Language::Arabic), arabic);
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
            thought_ms: None,
            duration_ms: 2_100,
        });
        assert_eq!(
            line(&message, Some("…x7Qa")),
            "gpt-x · 412 in · 96 out · cost unknown · first word 400 ms · 2.1 s in all · key …x7Qa"
        );
        message.usage = Some(Usage {
            cost: Some(0.0027),
            estimated: true,
            ..Usage::default()
        });
        assert!(line(&message, None).contains("≈$0.0027"));
        message.attempts = [Some(ErrorCode::RateLimited), None]
            .map(|code| Attempt {
                key_id: "k".parse().ok(),
                key_mask: "…b3Fz".to_owned(),
                status: None,
                code,
            })
            .into();
        let line = line(&message, Some("…x7Qa"));
        assert!(
            line.ends_with("key …x7Qa · not …b3Fz: rate limited"),
            "{line}"
        );
    }

    #[test]
    fn an_answer_tells_the_page_how_much_of_a_window_it_took() {
        let mut message = said(Role::Assistant);
        let foot = |message: &Message| told(message, None, Language::English).foot();
        assert!(!foot(&message).contains("data-tokens"), "nobody knows");
        message.usage = Some(Usage {
            input_tokens: 412,
            output_tokens: 96,
            ..Usage::default()
        });
        assert!(foot(&message).contains(r#" data-tokens="508">"#));
    }

    #[test]
    fn an_answer_can_be_asked_for_with_another_effort_also_when_it_failed() {
        let mut message = said(Role::Assistant);
        let offered = |message: &Message| {
            let told = told(message, None, Language::English);
            told.foot().contains(r#"data-do="rethink""#)
        };
        assert!(offered(&message));
        message.error = Some(AppError::new(ErrorCode::Overloaded, ""));
        assert!(offered(&message), "its card asks as the chat does");
    }

    #[test]
    fn what_was_cut_off_can_be_asked_to_go_on() {
        let mut message = said(Role::Assistant);
        message.content = "Half a".to_owned();
        let offered = |message: &Message| {
            let told = told(message, None, Language::English);
            told.foot().contains("go-on")
        };
        assert!(!offered(&message));
        message.finish_reason = Some(FinishReason::Length);
        assert!(offered(&message));
        message.finish_reason = None;
        for status in [MessageStatus::Stopped, MessageStatus::Failed] {
            message.status = status;
            assert!(offered(&message));
        }
        message.content.clear();
        assert!(!offered(&message), "there is nothing to go on from");
    }

    #[test]
    fn a_branch_leads_to_those_beside_it_only() {
        let message = said(Role::User);
        let html = |at| {
            let told = told(&message, None, Language::English);
            Told { at, ..told }.whole(&[])
        };
        assert!(!html((1, 1)).contains("data-do=\"next\""));
        let ends = |html: &str| html.matches("disabled").count();
        let all = [(1, 3), (2, 3), (3, 3)].map(|at| ends(&html(at)));
        assert_eq!(all, [1, 0, 1]);
        assert!(html((2, 3)).contains(">2/3<"));
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
            let html = told(&said, Some(ATTACK), Language::English).whole(&[]);
            for sign in ["<img", "<script", "\"' on", "' onm", "onerror=alert(1)>"] {
                assert!(!html.contains(sign), "{sign} in {html}");
            }
            assert!(html.contains("&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"));
        }
    }
}
