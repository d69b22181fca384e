//! One answer from the provider's first byte to its stored end.

mod exchange;

use super::accounting::Said;
use super::live::LiveAnswer;
use super::loan::Loan;
use super::payers::Payer;
use super::recovery::{broken, restarted};
use super::writer::{self, Op, Outcome};
use super::{Engine, Inner};
use crate::server::config::Limit;
use crate::server::providers::answer::Answer;
use crate::server::providers::transport::ByteStream;
use crate::server::providers::{ChatRequest, Provider, ProviderError, ProviderEvent, TokenUsage};
use crate::server::store::events::{Event, Kind};
use crate::shared::chat::{Attempt, FinishReason, Message, MessageStatus, Timing};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::MessageId;
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Bytes that may wait for the database before the provider is not read any further.
const MAX_WAITING: usize = 64 * 1024;
/// How long the connection may stay open after the model said that it is done.
const AFTERGLOW: Duration = Duration::from_secs(2);
/// Pause between tries to store an end that the database does not take.
const INSIST: Duration = Duration::from_secs(1);

/// Who starts an answer is its first owner.
const FIRST_EPOCH: i64 = 1;

/// Everything that an answer needs. The send that asked for it is committed.
pub struct Turn {
    /// The answer as it was stored: pending.
    pub message: Message,
    /// Event number 1.
    pub start: Arc<Event>,
    /// Who answers.
    pub provider: &'static dyn Provider,
    /// The keys that may pay, in the order in which they are tried. The first one is the stored answer's.
    pub payers: Vec<Payer>,
    /// What is asked.
    pub request: ChatRequest,
    /// What the provider itself says that the model costs.
    pub tariff: Option<Tariff>,
    /// What the operator's pool may answer where none of the keys can.
    pub loan: Option<Loan>,
    /// When the person sent.
    pub sent_at: Timestamp,
}

/// How an answer ended.
enum End {
    Complete(FinishReason),
    Stopped,
    Failed(AppError),
    Lost,
}

/// The database will never take this end of an answer.
struct Refused;

impl Engine {
    /// Runs a turn in the background, whoever listens.
    pub fn run(&self, turn: Turn) {
        let answer = Arc::new(LiveAnswer::new(Arc::clone(&turn.start)));
        self.0
            .live
            .insert(turn.message.id.clone(), Arc::clone(&answer));
        let inner = Arc::clone(&self.0);
        self.0.turns.spawn(async move {
            let leaving = Leaving {
                engine: Engine(Arc::clone(&inner)),
                id: turn.message.id.clone(),
                answer: Arc::clone(&answer),
            };
            let mut running = Running::new(&inner, turn, answer);
            if running.run().await.is_err() {
                // Apart from the task, which is as large as the largest of what it waits for.
                Box::pin(leaving.engine.give_up(&leaving.id, storage())).await;
            }
        });
    }
}

/// Takes an answer out of this process when its task ends. Nothing follows here then; a reader that was not told the end
/// looks into the log, where a task of its own writes it if this one panicked.
struct Leaving {
    engine: Engine,
    id: MessageId,
    answer: Arc<LiveAnswer>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let Inner { live, turns, .. } = &*self.engine.0;
        live.remove(&self.id);
        self.answer.publish(Vec::new(), true);
        if std::thread::panicking() {
            let (engine, id) = (self.engine.clone(), self.id.clone());
            turns.spawn(async move { engine.give_up(&id, broken()).await });
        }
    }
}

struct Running<'a> {
    engine: &'a Inner,
    turn: Turn,
    answer: Arc<LiveAnswer>,
    /// What the provider said and the database does not have yet.
    waiting: Vec<Piece>,
    waiting_bytes: usize,
    seq: i64,
    content: String,
    reasoning: String,
    usage: Option<TokenUsage>,
    finish: Option<FinishReason>,
    first_at: Option<Timestamp>,
    /// Since when it thinks.
    thinks_since: Option<Timestamp>,
    /// How long it thought, once it says something.
    thought_ms: Option<u64>,
    /// The same, until the log has it.
    untold_thought: Option<u64>,
    streaming: bool,
    inflight: Option<oneshot::Receiver<Outcome>>,
    /// What the writer has of us, until it is stored.
    unstored: Vec<Arc<Event>>,
    /// The place of the key that pays, among the turn's.
    payer: usize,
    attempts: Vec<Attempt>,
    /// What the person's last key failed with before the pool was asked.
    own_failure: Option<AppError>,
    /// Whether a request is out that is not among the attempts yet.
    asking: bool,
}

/// The data of a `delta` or `reasoning` event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_ms: Option<u64>,
}

enum Piece {
    Text(String),
    Reasoning(String),
}

impl<'a> Running<'a> {
    fn new(engine: &'a Inner, turn: Turn, answer: Arc<LiveAnswer>) -> Self {
        Self {
            engine,
            turn,
            answer,
            waiting: Vec::new(),
            waiting_bytes: 0,
            seq: 1,
            content: String::new(),
            reasoning: String::new(),
            usage: None,
            finish: None,
            first_at: None,
            thinks_since: None,
            thought_ms: None,
            untold_thought: None,
            streaming: false,
            inflight: None,
            unstored: Vec::new(),
            payer: 0,
            attempts: Vec::new(),
            own_failure: None,
            asking: false,
        }
    }

    async fn run(&mut self) -> Result<(), Refused> {
        let stop = self.answer.stop.clone();
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => End::Stopped,
            () = self.engine.drain.cancelled() => End::Failed(restarted()),
            end = self.listen() => end,
        };
        // `listen` is dropped by now, and with it the provider's connection.
        if let Some(inflight) = self.inflight.take() {
            match inflight.await {
                Ok(Outcome::Stored) => self.unstored.clear(),
                Ok(Outcome::Lost) => return Ok(()),
                Ok(Outcome::Failed | Outcome::Refused) | Err(_) => {}
            }
        }
        self.end(end).await
    }

    async fn listen(&mut self) -> End {
        match self.exchange().await {
            Ok(end) => end,
            Err(error) => End::Failed(self.told(self.for_person(&error))),
        }
    }

    /// Takes in what the provider says, to its end.
    async fn hear(&mut self, mut bytes: ByteStream) -> Result<End, ProviderError> {
        let frames = self.engine.parts.limits.frames;
        let decoder = self.turn.provider.decoder(&self.turn.request);
        let mut answer = Answer::within(frames, decoder);
        let mut events = Vec::new();
        loop {
            let finished = self.finish.is_some();
            let ended = tokio::select! {
                biased;
                // While nothing waits for it, nobody needs to be woken for it.
                outcome = stored(&mut self.inflight), if !self.waiting.is_empty() => {
                    self.inflight = None;
                    match outcome {
                        Outcome::Stored => {
                            self.unstored.clear();
                            self.submit();
                        }
                        Outcome::Lost => return Ok(End::Lost),
                        Outcome::Failed | Outcome::Refused => {
                            return Ok(End::Failed(storage()));
                        }
                    }
                    continue;
                }
                chunk = bytes.next(), if self.waiting_bytes < MAX_WAITING => match chunk {
                    Some(Ok(chunk)) => {
                        answer.push(&chunk, &mut events);
                        false
                    }
                    // A model that said that it is done was heard, however its connection ended.
                    Some(Err(error)) if !finished => return Err(error),
                    Some(Err(_)) | None => true,
                },
                () = tokio::time::sleep(AFTERGLOW), if finished => true,
            };
            if ended {
                answer.finish(&mut events);
            }
            if let Some(limit) = answer.limit() {
                self.engine.parts.metrics.limit_hit(limit.into());
            }
            if let Some(end) = self.take(&mut events)? {
                return Ok(end);
            }
            if ended {
                return Ok(self.finish.map_or(
                    End::Failed(self.broken(ErrorCode::UpstreamTruncated)),
                    End::Complete,
                ));
            }
            self.submit();
        }
    }

    /// Takes in what the decoder saw.
    fn take(&mut self, events: &mut Vec<ProviderEvent>) -> Result<Option<End>, ProviderError> {
        for event in events.drain(..) {
            match event {
                ProviderEvent::Text(text) => self.say(Piece::Text(text)),
                ProviderEvent::Reasoning(text) => self.say(Piece::Reasoning(text)),
                ProviderEvent::Usage(usage) => self.usage = Some(usage),
                ProviderEvent::Finish(reason) => self.finish = Some(reason),
                ProviderEvent::PaidByGateway => self.check_payer()?,
                ProviderEvent::Failed(error) => return Err(error),
            }
            let limit = self.engine.parts.limits.output;
            if self.content.len() + self.reasoning.len() > limit {
                self.engine.parts.metrics.limit_hit(Limit::OutputBytes);
                return Ok(Some(End::Failed(AppError::new(
                    ErrorCode::UpstreamError,
                    format!(
                        "The answer grew beyond {} KiB and was ended there. Ask for a shorter one.",
                        limit >> 10
                    ),
                ))));
            }
        }
        Ok(None)
    }

    fn say(&mut self, mut piece: Piece) {
        let (Piece::Text(text) | Piece::Reasoning(text)) = &mut piece;
        // PostgreSQL has no zero character, and an answer that cannot be stored would never end.
        if text.contains('\0') {
            *text = text.replace('\0', "\u{fffd}");
        }
        if text.is_empty() {
            return;
        }
        self.waiting_bytes += text.len();
        let now = || self.engine.parts.env.now();
        self.first_at.get_or_insert_with(now);
        match piece {
            Piece::Text(text) => {
                if let (Some(since), None) = (self.thinks_since, self.thought_ms) {
                    self.thought_ms = Some(between(since, now()));
                    self.untold_thought = self.thought_ms;
                }
                self.content.push_str(&text);
                match self.waiting.last_mut() {
                    Some(Piece::Text(last)) => last.push_str(&text),
                    _ => self.waiting.push(Piece::Text(text)),
                }
            }
            Piece::Reasoning(text) => {
                self.thinks_since.get_or_insert_with(now);
                self.reasoning.push_str(&text);
                match self.waiting.last_mut() {
                    Some(Piece::Reasoning(last)) => last.push_str(&text),
                    _ => self.waiting.push(Piece::Reasoning(text)),
                }
            }
        }
    }

    fn event(&mut self, kind: Kind, data: &impl Serialize) -> Arc<Event> {
        self.seq += 1;
        Arc::new(Event {
            seq: self.seq,
            kind,
            data: serde_json::to_string(data).unwrap_or_default(),
        })
    }

    fn drain_waiting(&mut self) -> Vec<Arc<Event>> {
        self.waiting_bytes = 0;
        let pieces = std::mem::take(&mut self.waiting);
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => {
                    let thought_ms = self.untold_thought.take();
                    let said = Text {
                        text: &text,
                        thought_ms,
                    };
                    self.event(Kind::Delta, &said)
                }
                Piece::Reasoning(text) => {
                    let said = Text {
                        text: &text,
                        thought_ms: None,
                    };
                    self.event(Kind::Reasoning, &said)
                }
            })
            .collect()
    }

    /// Hands what is waiting to the writer, unless it still has our last.
    fn submit(&mut self) {
        if self.inflight.is_some() || self.waiting.is_empty() {
            return;
        }
        let events = self.drain_waiting();
        let first = !std::mem::replace(&mut self.streaming, true);
        self.unstored.clone_from(&events);
        let op = Op {
            message: self.turn.message.id.clone(),
            epoch: FIRST_EPOCH,
            events,
            first,
            end: None,
        };
        self.inflight = Some(self.engine.writer.submit(op));
    }

    /// Stores the end, however long the database takes to come back.
    async fn end(&mut self, end: End) -> Result<(), Refused> {
        let mut events = std::mem::take(&mut self.unstored);
        events.extend(self.drain_waiting());
        let mut message = self.turn.message.clone();
        (message.status, message.finish_reason, message.error) = match end {
            End::Lost => return Ok(()),
            End::Stopped => (MessageStatus::Stopped, None, None),
            End::Failed(error) => (MessageStatus::Failed, None, Some(error)),
            End::Complete(FinishReason::Error) => (
                MessageStatus::Failed,
                Some(FinishReason::Error),
                Some(self.broken(ErrorCode::UpstreamError)),
            ),
            End::Complete(FinishReason::ContentFilter) if self.content.is_empty() => (
                MessageStatus::Failed,
                Some(FinishReason::ContentFilter),
                Some(self.broken(ErrorCode::ContentFiltered)),
            ),
            End::Complete(reason) => (MessageStatus::Complete, Some(reason), None),
        };
        if let Some(error) = &mut message.error {
            // What a person reports of a failed answer is what stands in the log.
            message.id.as_str().clone_into(&mut error.request_id);
            tracing::warn!(message.id = %message.id, code = error.code.as_str(), "an answer failed");
        }
        let now = self.engine.parts.env.now();
        let since = |at| between(self.turn.sent_at, at);
        message.timing = Some(Timing {
            ttft_ms: self.first_at.map(since),
            duration_ms: since(now),
            thought_ms: self
                .thought_ms
                .or_else(|| self.thinks_since.map(|since| between(since, now))),
        });
        let said = Said {
            request: &self.turn.request,
            content: &self.content,
            reasoning: &self.reasoning,
            began: self.first_at.is_some(),
            whole: message.status == MessageStatus::Complete,
        };
        let code = message.error.as_ref().map(|error| error.code);
        message.usage = said.usage(self.usage, |tokens| {
            // Somebody else was billed, and nobody says how much.
            if code == Some(ErrorCode::SystemCredentials) {
                return None;
            }
            let (provider, model) = (message.provider.as_ref()?, message.model.as_ref()?);
            let listed = self.turn.tariff.as_ref();
            (self.engine.parts.price)(provider, model, listed, tokens)
        });
        if self.asking {
            // It was stopped midway.
            self.attempted(self.first_at.map(|_| 200), None);
        }
        message.attempts = std::mem::take(&mut self.attempts);
        message.content = std::mem::take(&mut self.content);
        message.reasoning =
            Some(std::mem::take(&mut self.reasoning)).filter(|text| !text.is_empty());
        if let Some(usage) = &message.usage {
            events.push(self.event(Kind::Usage, usage));
        }
        events.push(match &message.error {
            Some(error) => self.event(Kind::Error, &json!({ "error": error, "message": message })),
            None => self.event(Kind::Done, &json!({ "message": message })),
        });
        let end = Arc::new(writer::End {
            message,
            alone: self.paying().is_none_or(Payer::is_alone),
            key_version: self
                .paying()
                .and_then(|payer| payer.key.as_ref())
                .map_or(0, |key| key.version),
        });
        loop {
            let op = Op {
                message: end.message.id.clone(),
                epoch: FIRST_EPOCH,
                events: events.clone(),
                first: false,
                end: Some(Arc::clone(&end)),
            };
            match self
                .engine
                .writer
                .submit(op)
                .await
                .unwrap_or(Outcome::Failed)
            {
                Outcome::Stored | Outcome::Lost => return Ok(()),
                Outcome::Refused => return Err(Refused),
                Outcome::Failed => tokio::time::sleep(INSIST).await,
            }
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.0 - from.0).unwrap_or(0)
}

/// The fate of what the writer has; never resolves while it has nothing.
async fn stored(inflight: &mut Option<oneshot::Receiver<Outcome>>) -> Outcome {
    match inflight {
        Some(inflight) => inflight.await.unwrap_or(Outcome::Failed),
        None => std::future::pending().await,
    }
}

fn storage() -> AppError {
    AppError::new(
        ErrorCode::Storage,
        "The database did not take the answer. What was shown is kept; retry in a moment.",
    )
}
