//! One answer from the provider's first byte to its stored end.

use super::accounting::Said;
use super::live::LiveAnswer;
use super::loan::Loan;
use super::payers::{Handed, Payer, after, another_may_help, another_model_may_help, of_the_pool};
use super::recovery::{broken, restarted};
use super::writer::{self, Op, Outcome};
use super::{Engine, Inner, Parts};
use crate::server::config::Limit;
use crate::server::providers::account::Access;
use crate::server::providers::answer::Answer;
use crate::server::providers::transport::ByteStream;
use crate::server::providers::{ChatRequest, Provider, ProviderError, ProviderEvent, TokenUsage};
use crate::server::store::StoreError;
use crate::server::store::events::{Event, Kind};
use crate::shared::chat::{Attempt, FinishReason, Message, MessageStatus, Timing};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{KeyId, MessageId};
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
/// A provider that asks for a longer wait than this is not asked again: the person decides.
const SHORT_WAIT: Duration = Duration::from_secs(3);
/// A second try comes at a random time up to this much later, so that many do not come at once. Milliseconds.
const JITTER_MS: u64 = 400;

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

    /// Asks with one key after the other while that helps and nothing has been said; with one of them once more; and then the
    /// pool, where that is allowed.
    async fn exchange(&mut self) -> Result<End, ProviderError> {
        let mut again = false;
        loop {
            self.asking = true;
            let asked = Box::pin(self.ask()).await;
            let heard = asked.is_ok();
            let said = match asked {
                Ok(bytes) => self.hear(bytes).await,
                Err(error) => Err(error),
            };
            let error = match said {
                Ok(end) => {
                    self.attempted(Some(200), None);
                    return Ok(end);
                }
                Err(error) => error,
            };
            self.attempted(error.status.or(heard.then_some(200)), Some(error.code));
            let nothing_said = self.first_at.is_none() && self.finish.is_none();
            let once_more = worth_another_try(&error).filter(|_| !heard && !again);
            let handed = if nothing_said && self.goes_on(error.code) {
                Box::pin(self.somebody_else(&error, once_more.is_none())).await
            } else {
                Ok(Handed::Gone)
            };
            match (handed, once_more) {
                // What was counted so far was another key's.
                (Ok(Handed::Over), _) => self.usage = None,
                (Ok(Handed::Gone), Some(wait)) => {
                    again = true;
                    tracing::info!(message.id = %self.turn.message.id, code = error.code.as_str(), "asking the provider again");
                    tokio::time::sleep(wait + self.jitter()).await;
                }
                (Ok(Handed::Gone), None) => return Err(error),
                (Ok(Handed::Lost), _) => return Ok(End::Lost),
                (Err(failure), _) => {
                    tracing::warn!(message.id = %self.turn.message.id, error = %failure, "no other key could be taken");
                    return Ok(End::Failed(storage()));
                }
            }
        }
    }

    /// Lets somebody else pay: the next key, or the pool when the `last` of them was asked.
    async fn somebody_else(
        &mut self,
        error: &ProviderError,
        last: bool,
    ) -> Result<Handed, StoreError> {
        match self.next_payer(error).await? {
            Handed::Gone if last => self.borrow(error).await,
            handed => Ok(handed),
        }
    }

    /// Lets the pool answer, where it may; `Gone` when it has nothing left.
    async fn borrow(&mut self, error: &ProviderError) -> Result<Handed, StoreError> {
        let (Some(loan), Some(failed)) = (&self.turn.loan, self.paying()) else {
            return Ok(Handed::Gone);
        };
        let (message, own) = (&self.turn.message, self.for_person(error));
        let lent = self
            .engine
            .lend(message, FIRST_EPOCH, failed, &own, loan)
            .await?;
        if matches!(lent, Handed::Over)
            && let Some(loan) = self.turn.loan.take()
        {
            tracing::info!(message.id = %self.turn.message.id, code = error.code.as_str(), "the free pool pays");
            loan.step_in(&mut self.turn);
            self.payer = 0;
            self.own_failure = Some(own);
        }
        Ok(lent)
    }

    /// Whether what failed like this is asked of the next payer.
    fn goes_on(&self, code: ErrorCode) -> bool {
        match self.paying() {
            Some(payer) if payer.key.is_none() => another_model_may_help(code),
            _ => another_may_help(code),
        }
    }

    /// What the person is told of a failure, which depends on whose key it was.
    fn told(&self, error: AppError) -> AppError {
        match self.paying() {
            Some(payer) if payer.key.is_none() => match &self.own_failure {
                Some(own) if self.first_at.is_none() => after(own, of_the_pool(error)),
                _ => of_the_pool(error),
            },
            _ => error,
        }
    }

    fn for_person(&self, error: &ProviderError) -> AppError {
        let name = self.turn.provider.info().name;
        let told = error.for_person(name);
        match self.paying() {
            Some(payer) => payer.told(told, name),
            None => told,
        }
    }

    fn paying(&self) -> Option<&Payer> {
        self.turn.payers.get(self.payer)
    }

    fn attempted(&mut self, status: Option<u16>, code: Option<ErrorCode>) {
        self.asking = false;
        let attempt = self.paying().map(|payer| Attempt {
            key_id: payer.id().cloned(),
            key_mask: payer.mask(),
            status,
            code,
        });
        self.attempts.extend(attempt);
    }

    /// Lets the next key pay that is still there; `Gone` when there is none.
    async fn next_payer(&mut self, error: &ProviderError) -> Result<Handed, StoreError> {
        let error = self.for_person(error);
        let message = &self.turn.message;
        let from = self.payer;
        for (place, next) in self.turn.payers.iter().enumerate().skip(from + 1) {
            let Some(failed) = self.turn.payers.get(from) else {
                break;
            };
            let handed = self
                .engine
                .hand_over(message, FIRST_EPOCH, failed, &error, next)
                .await?;
            if !matches!(handed, Handed::Gone) {
                tracing::info!(message.id = %message.id, code = error.code.as_str(), key.id = next.id().map(KeyId::as_str), "another key pays");
                let (key, model) = (next.id().cloned(), next.model.clone());
                self.payer = place;
                self.turn.message.key_id = key;
                self.turn.message.model = Some(model.clone());
                self.turn.request.model = model;
                return Ok(handed);
            }
        }
        Ok(Handed::Gone)
    }

    /// Sends the question with the key that pays. Who refuses how it is put is asked once more, with less in it.
    async fn ask(&mut self) -> Result<ByteStream, ProviderError> {
        let Parts { transport, env, .. } = &self.engine.parts;
        let provider = self.turn.provider;
        let payer = self.paying();
        let account = &payer
            .ok_or_else(|| ProviderError::new(ErrorCode::InvalidKey))?
            .account;
        let now = env.now();
        let token = transport.token(provider, account, now).await?;
        let access = Access {
            account,
            token: token.as_ref(),
            now,
        };
        let wire = provider.encode(&access, &self.turn.request)?;
        let less = provider.encode_less(&access, &self.turn.request)?;
        match (transport.stream(provider, wire).await, less) {
            (Err(error), Some(less)) if refuses_the_form(&error) => {
                self.attempted(error.status, Some(error.code));
                self.asking = true;
                transport.stream(provider, less).await
            }
            (asked, _) => asked,
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

    fn jitter(&self) -> Duration {
        let random = u64::from_be_bytes(self.engine.parts.env.random());
        Duration::from_millis(random % JITTER_MS)
    }

    fn broken(&self, code: ErrorCode) -> AppError {
        self.told(self.for_person(&ProviderError::new(code)))
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

    /// Whether a gateway may pay, which it may not where the person's key was there to pay.
    fn check_payer(&self) -> Result<(), ProviderError> {
        match self.paying().and_then(|payer| payer.brought.as_ref()) {
            Some(_) => Err(ProviderError::new(ErrorCode::SystemCredentials)),
            None => Ok(()),
        }
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

/// Whether a request was refused for what is in it, and not for what it is about.
const fn refuses_the_form(error: &ProviderError) -> bool {
    matches!(error.status, Some(400 | 422))
        && matches!(
            error.code,
            ErrorCode::UnsupportedParam | ErrorCode::UpstreamError
        )
}

/// How long to wait before the provider is asked once more; none when that is no use. Nothing of an answer has come, and
/// either the provider never got the question or it said itself when to come back.
fn worth_another_try(error: &ProviderError) -> Option<Duration> {
    match error.status {
        None if error.unsent => Some(Duration::ZERO),
        Some(429 | 500..) => error.retry_after.filter(|wait| *wait <= SHORT_WAIT),
        _ => None,
    }
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
