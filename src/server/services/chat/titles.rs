//! A name for a chat, asked of its own model once its first answer is complete.
//!
//! It is an extra: it runs behind the answer, in a task of its own, and whatever goes wrong leaves the chat with the name that
//! its first message gave it. The same key pays that paid for the answer, and no other.

use super::super::{Result, ServiceError, Services};
use super::{Ask, Begin};
use crate::server::engine::payers::Payer;
use crate::server::providers::{self, ChatRequest, Turn as Said};
use crate::server::render;
use crate::server::store::{messages, threads, users};
use crate::shared::chat::{
    ChatSettings, Message, MessageStatus, ReasoningEffort, Role, ThreadStatus,
};
use crate::shared::error::ErrorCode;
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::model::Capabilities;
use std::time::Duration;

/// How long the model may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of the question and of the answer that it is shown.
const SHOWN: usize = 1000;
/// Tokens that it may write.
const TOKENS: u32 = 24;
/// The same where some of them go into thoughts that can not be switched off.
const TOKENS_WITH_THOUGHTS: u32 = 1024;
/// Marks that models put around a title, and behind it.
const QUOTES: [char; 12] = [
    '"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»', '「', '」',
];

/// A chat whose name is not a person's choice, while its first answer is written.
pub(super) struct Unnamed {
    user: UserId,
    thread: ThreadId,
    answer: MessageId,
    /// The question, and the name that it gave.
    question: String,
    title: String,
}

impl Services {
    /// The chat that this answer may give a name, if it is a first answer, a person's key pays for it, and the name is the one
    /// that the question gave.
    pub(super) fn unnamed(
        &self,
        begin: &Begin,
        answer: &Message,
        said: &[Said],
        payer: &Payer,
    ) -> Option<Unnamed> {
        let Begin {
            user, thread, ask, ..
        } = begin;
        let [Said { text, .. }] = said else {
            return None;
        };
        let nameable = matches!(ask, Ask::Say { nameable: true, .. });
        if !nameable || !self.0.auto_titles || payer.key.is_none() {
            return None;
        }
        let title = render::plain_text_title(text);
        (thread.title.is_empty() || thread.title == title).then(|| Unnamed {
            user: user.clone(),
            thread: thread.id.clone(),
            answer: answer.id.clone(),
            question: text.clone(),
            title,
        })
    }

    /// Names the chat when its answer has ended, unless this process ends before.
    pub(super) fn name_later(&self, unnamed: Unnamed) {
        let services = self.clone();
        tokio::spawn(async move {
            let draining = services.0.engine.draining().clone();
            let named = tokio::select! {
                biased;
                () = draining.cancelled() => return,
                named = services.name(&unnamed) => named,
            };
            if let Err(error) = named {
                tracing::info!(thread.id = %unnamed.thread, %error, "a chat keeps the name of its first message");
            }
        });
    }

    async fn name(&self, unnamed: &Unnamed) -> Result<()> {
        let Unnamed {
            user,
            thread,
            answer,
            question,
            title,
        } = unnamed;
        let db = &self.0.db;
        self.0.engine.written(answer).await;
        let Some(placed) = messages::get(db, user, thread, answer).await? else {
            return Ok(());
        };
        let Message {
            status,
            content,
            model: Some(model),
            key_id: Some(key),
            ..
        } = placed.message
        else {
            return Ok(());
        };
        let complete = status == MessageStatus::Complete && !content.trim().is_empty();
        if !complete || !users::auto_titles(db, user).await? {
            return Ok(());
        }
        let thread = self.thread(user, thread).await?;
        // What was put away meanwhile, the sides of a comparison for one, needs no name.
        if thread.title != *title || thread.status != ThreadStatus::Active {
            return Ok(());
        }
        let provider = providers::find(&thread.provider).ok_or(ServiceError::NotFound)?;
        let (known, payers) = self.able_to_pay(user, provider, &model).await?;
        // Whoever removed or switched off the key that paid wants nothing more to be paid with it.
        let Some(payer) = payers.iter().find(|payer| payer.id() == Some(&key)) else {
            return Ok(());
        };
        let mut tx = db.begin().await?;
        if !payer.take(&mut tx, self.0.env.now()).await? {
            return Ok(());
        }
        tx.commit().await?;
        let facts = known.model.as_ref();
        let capabilities = facts.map_or_else(Capabilities::default, |model| model.capabilities);
        let request = ChatRequest {
            model: payer.model.clone(),
            capabilities,
            max_output_tokens: facts.and_then(|model| model.max_output_tokens),
            system: None,
            turns: vec![Said {
                role: Role::User,
                text: request(question, &content),
            }],
            settings: ChatSettings {
                max_tokens: Some(if capabilities.reasoning {
                    TOKENS_WITH_THOUGHTS
                } else {
                    TOKENS
                }),
                reasoning_effort: capabilities.reasoning.then_some(ReasoningEffort::None),
                ..ChatSettings::default()
            },
        };
        let asked = self.0.engine.ask_aside(provider, &payer.account, &request);
        let late = || providers::ProviderError::new(ErrorCode::Timeout);
        let reply = tokio::time::timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err(late()));
        let reply = reply.map_err(|error| ServiceError::Provider {
            error,
            name: provider.info().name,
        })?;
        if let Some(name) = name_in(&reply) {
            threads::retitle(db, user, &thread.id, title, &name).await?;
        }
        Ok(())
    }
}

/// What the model is asked.
fn request(question: &str, answer: &str) -> String {
    let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
    format!(
        "Name the conversation below in two to six words, in the language in which it is held. Reply with the name alone, \
         without quotes.\n\n<question>\n{}\n</question>\n\n<answer>\n{}\n</answer>",
        shown(question),
        shown(answer)
    )
}

/// The name in what a model replied: its first line, without marks, at most 60 characters; none when there is none.
fn name_in(reply: &str) -> Option<String> {
    let reply = match reply.rsplit_once("</think>") {
        Some((_, spoken)) => spoken,
        // It never came to speak.
        None if reply.contains("<think>") => return None,
        None => reply,
    };
    let visible = |c: &char| c.is_whitespace() || !is_invisible(*c);
    let line = render::plain_text_title(&reply.chars().filter(visible).collect::<String>());
    let line = match line.split_once(':') {
        Some((word, rest)) if word.trim().eq_ignore_ascii_case("title") => rest,
        _ => &line,
    };
    let name = line
        .trim()
        .trim_matches(QUOTES)
        .trim_end_matches(['.', '…'])
        .trim_matches(QUOTES)
        .trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// What would show nothing, or turn the direction of what stands behind it.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_short_line() {
        for (reply, name) in [
            ("Hash maps explained", Some("Hash maps explained")),
            (
                "\n\n  **\"Hash maps, explained.\"**\nMore",
                Some("Hash maps, explained"),
            ),
            ("Title: «Карты»", Some("Карты")),
            ("# `Plans`", Some("Plans")),
            ("Part one: the beginning", Some("Part one: the beginning")),
            ("<think>\nwhat could\n</think>\n\nA trip", Some("A trip")),
            ("<think>\nwhat could", None),
            ("a\u{202e}b\u{0}c", Some("abc")),
            ("\"\"", None),
            (" \n", None),
            ("", None),
        ] {
            assert_eq!(name_in(reply).as_deref(), name, "{reply:?}");
        }
        let long = name_in(&"wonderful ".repeat(30)).expect("a name");
        assert!(long.chars().count() <= 60, "{long}");
    }

    #[test]
    fn the_model_is_shown_a_bounded_part_of_what_was_said() {
        let text = request(&"é".repeat(50_000), &"x".repeat(50_000));
        assert!(text.chars().count() < 2 * SHOWN + 400);
    }
}
