//! Threads, messages and what streams between them.

use super::error::{AppError, ErrorCode};
use super::ids::{ClientRequestId, KeyId, MessageId, ModelId, ProviderId, ThreadId};
use super::model::ModelLine;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How hard a reasoning model should think; adapters leave out what the model does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the providers' own words")]
pub enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl ReasoningEffort {
    /// All of them, from none to the highest.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Xhigh,
        Self::Max,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// What a thread asks of its model. Absent means the provider's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ChatSettings {
    /// 0 to 2; 0 to 1 where the provider says so.
    pub temperature: Option<f64>,
    /// Tokens of output at the most.
    pub max_tokens: Option<u32>,
    /// Above 0, at most 1.
    pub top_p: Option<f64>,
    /// For models that reason.
    pub reasoning_effort: Option<ReasoningEffort>,
}

/// Where a thread stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreadStatus {
    /// In the sidebar.
    #[default]
    Active,
    /// Put away, still readable.
    Archived,
}

impl ThreadStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// A conversation, bound to one provider and model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    missing_docs,
    reason = "api.md section 7 names each field; what is pinned stands first in the sidebar"
)]
pub struct Thread {
    pub id: ThreadId,
    pub title: String,
    pub provider: ProviderId,
    pub model: ModelId,
    pub system_prompt: Option<String>,
    pub settings: ChatSettings,
    pub status: ThreadStatus,
    pub private: bool,
    /// Whether the operator's free pool may answer where none of the person's own keys can.
    pub pool_fallback: bool,
    pub pinned: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Thread {
    /// Its title, or what stands for one until the first message gives it one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name_or("New chat")
    }

    /// Its title, or `untitled` until the first message gives it one.
    #[must_use]
    pub fn name_or<'a>(&'a self, untitled: &'a str) -> &'a str {
        if self.title.is_empty() {
            untitled
        } else {
            &self.title
        }
    }
}

/// Where an answer stands. The last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Stored, nothing from the provider yet.
    Pending,
    /// The provider is answering.
    Streaming,
    /// Ended by itself. User messages are always complete.
    Complete,
    /// Ended by the person.
    Stopped,
    /// Ended by trouble; `error` says which.
    Failed,
}

impl MessageStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing about the message changes any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Stopped | Self::Failed)
    }
}

/// Why the model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached the output limit or the window.
    Length,
    /// It wants a tool.
    ToolCalls,
    /// The provider cut it off for its content.
    ContentFilter,
    /// The provider says that something broke.
    Error,
    /// A reason that has no name here.
    Other,
}

/// Tokens and money of one answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Everything that was read, cached or not.
    pub input_tokens: u64,
    /// Everything that was written, reasoning included.
    pub output_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
    /// Input and output.
    pub total_tokens: u64,
    /// USD; none when the price is unknown.
    pub cost: Option<f64>,
    /// Whether the tokens were counted here because the provider did not say.
    pub estimated: bool,
}

impl Usage {
    /// How much of the model's window the conversation took with this answer.
    #[must_use]
    pub const fn read_and_written(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// How fast an answer was. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// From send to the first text or reasoning; none when nothing came.
    pub ttft_ms: Option<u64>,
    /// From send to the end.
    pub duration_ms: u64,
    /// From the first reasoning to the first text after it, or the end; none when no reasoning was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought_ms: Option<u64>,
}

/// One request to a provider for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The key that it went out with; none is the operator's, of the free pool.
    pub key_id: Option<KeyId>,
    /// That key's mask.
    pub key_mask: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// Why it failed; none for the one that answered.
    pub code: Option<ErrorCode>,
}

/// One message of a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "api.md section 7 names each field")]
pub struct Message {
    pub id: MessageId,
    pub thread_id: ThreadId,
    pub parent_id: Option<MessageId>,
    pub role: Role,
    pub content: String,
    pub reasoning: Option<String>,
    pub status: MessageStatus,
    pub finish_reason: Option<FinishReason>,
    pub error: Option<AppError>,
    pub provider: Option<ProviderId>,
    pub model: Option<ModelId>,
    pub key_id: Option<KeyId>,
    pub client_request_id: Option<ClientRequestId>,
    pub usage: Option<Usage>,
    pub timing: Option<Timing>,
    /// Every request that was made for an answer, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    pub created_at: Timestamp,
}

/// Which of its siblings a message is, from 1, and how many there are.
pub type Sibling = (u32, u32);

/// A message that has ended, as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The message.
    pub id: MessageId,
    /// Its place among its siblings.
    pub sibling: Sibling,
    /// How it ended.
    pub status: MessageStatus,
    /// All of it, as safe HTML.
    pub html: String,
}

/// An answer as the page follows it: rendered on the server, the Markdown source left there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerView {
    /// The message.
    pub id: MessageId,
    /// Its place among its siblings.
    pub sibling: Sibling,
    /// Where it stands.
    pub status: MessageStatus,
    /// The model that answers.
    pub model: Option<ModelId>,
    /// What was said, as safe HTML, one string a top-level block.
    pub blocks: Vec<String>,
    /// The shown reasoning, as plain text.
    pub reasoning: Option<String>,
    /// What its fold is called.
    pub thought: String,
    /// What stands below it once it has ended, as safe HTML: what went wrong, the numbers, what can be done with it.
    pub foot: String,
}

/// A thread as the page opens it: some of the messages of the chosen branch, the newest if nothing else was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadView {
    /// The thread.
    pub thread: Thread,
    /// What is known of its model.
    pub model: ModelLine,
    /// Up to a hundred messages, oldest first, without the last one if that is still being written.
    pub messages: Vec<Finished>,
    /// The answer that was just asked for or is still being written.
    pub live: Option<AnswerView>,
    /// What to ask the messages before these with, if there are any.
    pub earlier: Option<i64>,
    /// What to ask the messages after these with, if there are any.
    pub later: Option<i64>,
    /// The message that they were asked for around, if it is among them.
    pub at: Option<MessageId>,
    /// Tokens that the newest answer with known ones took, if the newest messages are here.
    pub tokens: Option<u64>,
}

/// A page of the sidebar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadPage {
    /// The threads, newest activity first.
    pub threads: Vec<Thread>,
    /// What to ask the next page with.
    pub next_cursor: Option<String>,
    /// Those that stand first in the sidebar, however old they are; told with its first page only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Thread>,
}

/// A piece of the text that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnippetPart {
    /// The text, as it was said.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// A thread that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundThread {
    /// The thread.
    #[serde(flatten)]
    pub thread: Thread,
    /// The newest message that has all of the words; none when only the title has.
    pub message_id: Option<MessageId>,
    /// What that message, or the title, says around the words. Plain text.
    pub snippet: Vec<SnippetPart>,
}

/// A page of what a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundPage {
    /// The threads, newest activity first.
    pub threads: Vec<FoundThread>,
    /// What to ask the next page with.
    pub next_cursor: Option<String>,
}

/// What the page's own stream (`?view=html`) sends. Each is an SSE event of the variant's name in lower case.
///
/// A connection always starts with `Reset`: a page that reconnects draws the answer anew, and nothing has to be guessed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum ViewEvent {
    /// Forget what was drawn of this answer.
    Reset,
    /// Block `b` (from 0) now reads: its first `at` bytes as before, then `h`.
    Patch {
        /// The block's index.
        b: usize,
        /// Bytes of the block's HTML that stay; always at a character boundary.
        at: usize,
        /// The HTML from there on.
        h: String,
    },
    /// More reasoning, as plain text.
    Think {
        /// The text to append.
        t: String,
    },
    /// The reasoning is over.
    Thought {
        /// What its fold is called from now on.
        t: String,
    },
    /// The answer ended; this is how it is stored. Nothing follows.
    End {
        /// The whole answer.
        m: Box<AnswerView>,
    },
}

impl ViewEvent {
    /// An event as a stream tells it: its name, and its data. What the data says of its name is not looked at, because
    /// serde's code for that is as large as all other of it in the browser.
    #[must_use]
    pub fn read(name: &str, data: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Patch {
            b: usize,
            at: usize,
            h: String,
        }
        #[derive(Deserialize)]
        struct Think {
            t: String,
        }
        #[derive(Deserialize)]
        struct End {
            m: Box<AnswerView>,
        }
        Some(match name {
            "reset" => Self::Reset,
            "patch" => {
                let Patch { b, at, h } = serde_json::from_str(data).ok()?;
                Self::Patch { b, at, h }
            }
            "think" => {
                let Think { t } = serde_json::from_str(data).ok()?;
                Self::Think { t }
            }
            "thought" => {
                let Think { t } = serde_json::from_str(data).ok()?;
                Self::Thought { t }
            }
            "end" => {
                let End { m } = serde_json::from_str(data).ok()?;
                Self::End { m }
            }
            _ => return None,
        })
    }
}

/// What the page gets back at once when it sends: both messages are stored by then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// What the person wrote.
    pub question: Finished,
    /// The answer to follow under `/api/threads/:thread/messages/:id/stream?view=html`.
    pub answer: AnswerView,
}

/// What the page gets back when a first message starts a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The new thread.
    pub thread: Thread,
    /// What is known of its model.
    pub model: ModelLine,
    /// Its first two messages.
    pub sent: Sent,
}

/// What is to be different about a thread; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadChange {
    /// Its title.
    pub title: Option<String>,
    /// Whether it is put away.
    pub status: Option<ThreadStatus>,
    /// Whether it stands first in the sidebar.
    pub pinned: Option<bool>,
    /// Its system prompt; empty takes it away.
    pub system_prompt: Option<String>,
    /// All of its settings.
    pub settings: Option<ChatSettings>,
    /// Whether the free pool may stand in for the person's keys.
    pub pool_fallback: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_stream_is_read_by_its_name() {
        let patch = ViewEvent::Patch {
            b: 1,
            at: 2,
            h: "<p>".to_owned(),
        };
        let think = ViewEvent::Think { t: "so".to_owned() };
        let thought = ViewEvent::Thought {
            t: "Thought".to_owned(),
        };
        for (name, event) in [
            ("reset", ViewEvent::Reset),
            ("patch", patch),
            ("think", think),
            ("thought", thought),
        ] {
            let data = serde_json::to_string(&event).expect("JSON");
            assert_eq!(ViewEvent::read(name, &data), Some(event));
        }
        assert_eq!(ViewEvent::read("patch", "{}"), None);
        assert_eq!(ViewEvent::read("ping", "{}"), None);
    }
}
