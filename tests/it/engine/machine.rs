//! The state machine of answers against a model: random sequences of sends, words, ends, stops, deletions, leases that run
//! out, and processes that die at any point, on a database of the product's own making (security.md §4.3).
//!
//! Two processes write to one database through the store's functions, the engine's writer, its reaper and its readers.
//! Only the provider is left out: what a turn would hand to the writer, the sequence decides. A sequence is made of its
//! number, so a failure is replayed by it (docs/testing.md).

use crate::store::{person, thread};
use crate::support::{Engine as Kind, TestDb, number};
use keylm::server::clock::{Env, ManualClock, SeededEntropy};
use keylm::server::config::Limits;
use keylm::server::engine::follow::Address;
use keylm::server::engine::lease::LEASE_MS;
use keylm::server::engine::live::{LiveAnswer, LiveAnswers, Progress};
use keylm::server::engine::recovery::{restarted, told};
use keylm::server::engine::writer::{self, Outcome, Writer};
use keylm::server::engine::{Engine, EngineLimits, Parts};
use keylm::server::metrics::Metrics;
use keylm::server::providers::transport::{Transport, TransportLimits};
use keylm::server::store::answers::{self, LOG_MS};
use keylm::server::store::events::{self, Event, Kind as Says};
use keylm::server::store::messages::{self, Placed, Spot};
use keylm::server::store::{Db, Target, threads};
use keylm::shared::chat::{Message, MessageStatus, Role};
use keylm::shared::ids::{ClientRequestId, MessageId, ThreadId, UserId};
use keylm::shared::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Sequences of a plain `cargo test`.
const SEQUENCES: u64 = 200;
/// Steps of a sequence at the most.
const STEPS: usize = 40;
/// Threads of a sequence.
const THREADS: usize = 3;

/// When a process dies while it does something.
#[derive(Clone, Copy, Debug)]
enum Crash {
    Never,
    /// With everything said and nothing done.
    Before,
    /// After this many turns of its scheduler: in the midst of a transaction, or shortly before or behind it.
    During(u16),
    /// With everything stored, and nobody told.
    After,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
enum How {
    Complete,
    Stopped,
    Failed,
}

/// One step. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Send {
        by: usize,
        thread: usize,
        request: usize,
        content: usize,
        crash: Crash,
    },
    /// The provider says something for one answer of a process, or for all at once.
    Say {
        by: usize,
        which: Option<usize>,
        words: Vec<(bool, u8)>,
        crash: Crash,
    },
    End {
        by: usize,
        which: usize,
        how: How,
        crash: Crash,
    },
    Stop {
        answer: usize,
    },
    Delete {
        thread: usize,
    },
    Wait {
        ms: i64,
    },
    Renew {
        by: usize,
    },
    Reap {
        by: usize,
    },
    /// A process is suspended for so long that the other one has ended what it wrote and forgotten the logs; it wakes up
    /// and goes on.
    Sleep {
        by: usize,
    },
    Restart {
        by: usize,
        recover: bool,
    },
    Collect {
        by: usize,
    },
    Read {
        by: usize,
        answer: usize,
        after: usize,
    },
    /// A reader goes on from what it saw last.
    Resume {
        by: usize,
        answer: usize,
    },
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        8 => Just(Crash::Never),
        1 => Just(Crash::Before),
        2 => (0..3000_u16).prop_map(Crash::During),
        1 => Just(Crash::After),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let by = || 0..2_usize;
    let some = || 0..64_usize;
    let how = prop_oneof![Just(How::Complete), Just(How::Stopped), Just(How::Failed)];
    let words = prop::collection::vec((any::<bool>(), any::<u8>()), 1..4);
    prop_oneof![
        6 => (by(), 0..THREADS, 0..8_usize, 0..5_usize, crash())
            .prop_map(|(by, thread, request, content, crash)| Step::Send { by, thread, request, content: content / 4, crash }),
        10 => (by(), prop::option::weighted(0.7, some()), words, crash())
            .prop_map(|(by, which, words, crash)| Step::Say { by, which, words, crash }),
        4 => (by(), some(), how, crash()).prop_map(|(by, which, how, crash)| Step::End { by, which, how, crash }),
        2 => some().prop_map(|answer| Step::Stop { answer }),
        1 => (0..THREADS).prop_map(|thread| Step::Delete { thread }),
        2 => prop_oneof![Just(1), Just(LEASE_MS / 2), Just(LEASE_MS), Just(LEASE_MS + 1), Just(LOG_MS)].prop_map(|ms| Step::Wait { ms }),
        2 => by().prop_map(|by| Step::Renew { by }),
        3 => by().prop_map(|by| Step::Reap { by }),
        1 => by().prop_map(|by| Step::Sleep { by }),
        1 => (by(), any::<bool>()).prop_map(|(by, recover)| Step::Restart { by, recover }),
        1 => by().prop_map(|by| Step::Collect { by }),
        3 => (by(), some(), 0..12_usize).prop_map(|(by, answer, after)| Step::Read { by, answer, after }),
        3 => (by(), some()).prop_map(|(by, answer)| Step::Resume { by, answer }),
    ]
}

/// What a process knows of an answer that it writes.
struct Turn {
    message: Message,
    seq: i64,
    log: Vec<Event>,
    live: Arc<LiveAnswer>,
}

/// A process: its own connections, its own scheduler, its own memory. Dropping it kills it.
struct Process {
    turns: BTreeMap<usize, Turn>,
    writer: Writer,
    live: LiveAnswers,
    engine: Engine,
    db: Db,
    // Last, so that what stands above is dropped while it is still there.
    runtime: Runtime,
}

impl Process {
    fn start(path: &Path, env: &Env) -> Self {
        static TRANSPORT: OnceLock<Transport> = OnceLock::new();
        let metrics = Metrics::default();
        let transport = TRANSPORT
            .get_or_init(|| Transport::new(TransportLimits::default(), metrics.clone()).unwrap());
        let runtime = runtime();
        let (db, engine, live, writer) = runtime.block_on(async {
            let db = Db::open(&Target::Sqlite(path.to_owned())).await.unwrap();
            let engine = Engine::start(Parts {
                db: db.clone(),
                env: env.clone(),
                transport: transport.clone(),
                price: |_, _, _, _| None,
                limits: EngineLimits::from(&Limits::default()),
                metrics: metrics.clone(),
            });
            let live = LiveAnswers::default();
            let writer = Writer::start(
                db.clone(),
                env.clone(),
                engine.owner().to_owned(),
                live.clone(),
                metrics,
            );
            (db, engine, live, writer)
        });
        Self {
            turns: BTreeMap::new(),
            writer,
            live,
            engine,
            db,
            runtime,
        }
    }

    /// Runs something, to its end unless the process dies meanwhile.
    fn run<T>(&self, crash: Crash, work: impl Future<Output = T>) -> Option<T> {
        let spins = match crash {
            Crash::Never | Crash::After => return Some(self.runtime.block_on(work)),
            Crash::Before => 0,
            Crash::During(spins) => spins,
        };
        self.runtime.block_on(async {
            let death = async {
                for _ in 0..spins {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = death => None,
                done = work => Some(done),
            }
        })
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// What must be so, as far as it is known from outside: after a crash in the midst of a write, both outcomes are right.
struct Answer {
    id: MessageId,
    thread: usize,
    request: usize,
    /// The process that may write it, and until when.
    owner: Option<usize>,
    lease: i64,
    /// Everything that readers were shown, by the writer or from the log.
    shown: Vec<Event>,
    /// Everything that was handed to a writer which still had the right to write.
    offered: Vec<Event>,
    /// What a reader holds that comes back.
    seen: Vec<Event>,
    rank: u8,
    /// The row as it was when it ended.
    ended: Option<Row>,
    collected: bool,
}

/// A row as the database has it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
struct Row {
    id: String,
    thread_id: String,
    status: String,
    content: String,
    reasoning: String,
    error: String,
    log_until: i64,
}

struct World {
    processes: [Option<Process>; 2],
    threads: [Option<ThreadId>; THREADS],
    requests: HashMap<usize, (usize, usize, usize)>,
    answers: Vec<Answer>,
    /// Times that a provider would have been asked.
    calls: usize,
    clock: Arc<ManualClock>,
    env: Env,
    db: Db,
    runtime: Runtime,
    path: PathBuf,
    _folder: TempDir,
}

/// The file of a database with a person and threads, made once.
fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        runtime().block_on(async {
            let test = TestDb::new(Kind::Sqlite).await;
            let ada = person(&test.db, "ada").await;
            for n in 0..THREADS {
                thread(&test.db, &ada, &format!("t{n}"), 1).await;
            }
            test.db.close().await;
            std::fs::read(test.path()).unwrap()
        })
    })
}

fn ada() -> UserId {
    "ada".parse().unwrap()
}

fn request_id(n: usize) -> ClientRequestId {
    format!("request-{n}").parse().unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        // In memory where there is such a folder: a crash of a process is not one of the machine.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        }
        .unwrap();
        let path = folder.path().join("keylm.db");
        std::fs::write(&path, template()).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_795_000_000_000)));
        let env = Env::new(clock.clone(), Arc::new(SeededEntropy::new(seed)));
        let runtime = runtime();
        let db = runtime
            .block_on(Db::open(&Target::Sqlite(path.clone())))
            .unwrap();
        Self {
            processes: [None, None],
            threads: std::array::from_fn(|n| Some(format!("t{n}").parse().unwrap())),
            requests: HashMap::new(),
            answers: Vec::new(),
            calls: 0,
            clock,
            env,
            db,
            runtime,
            path,
            _folder: folder,
        }
    }

    /// The process, started if it is not alive.
    fn process(&mut self, by: usize) -> &mut Process {
        self.processes[by].get_or_insert_with(|| Process::start(&self.path, &self.env))
    }

    fn kill(&mut self, by: usize) {
        self.processes[by] = None;
        // What it told the database last may still be under way; who gets to write comes after it.
        self.runtime
            .block_on(async { drop(self.db.begin().await.unwrap()) });
        for answer in &mut self.answers {
            if answer.owner == Some(by) {
                answer.owner = None;
            }
        }
    }

    fn now(&self) -> i64 {
        self.env.now().0
    }

    /// An answer that this process writes, as far as the process knows.
    fn turn(&mut self, by: usize, which: usize) -> Option<usize> {
        let turns: Vec<usize> = self.process(by).turns.keys().copied().collect();
        (!turns.is_empty()).then(|| turns[which % turns.len()])
    }

    fn running(&self, thread: usize) -> bool {
        self.answers
            .iter()
            .any(|answer| answer.thread == thread && answer.ended.is_none())
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send {
                by,
                thread,
                request,
                content,
                crash,
            } => self.send(*by, *thread, *request, *content, *crash),
            Step::Say {
                by,
                which,
                words,
                crash,
            } => self.say(*by, *which, words, *crash),
            Step::End {
                by,
                which,
                how,
                crash,
            } => {
                if let Some(answer) = self.turn(*by, *which) {
                    self.end(*by, answer, *how, *crash);
                }
            }
            Step::Stop { answer } => self.stop(*answer),
            Step::Delete { thread } => self.delete(*thread),
            Step::Wait { ms } => self.clock.advance(*ms),
            Step::Renew { by } => self.renew(*by),
            Step::Reap { by } => {
                let before = Timestamp(self.now());
                let process = self.process(*by);
                process
                    .runtime
                    .block_on(process.engine.reap(before))
                    .unwrap();
                self.orphaned(before.0);
            }
            Step::Sleep { by } => {
                let other = 1 - by;
                self.clock.advance(LEASE_MS + 1);
                self.take(&Step::Reap { by: other });
                self.clock.advance(LOG_MS);
                self.take(&Step::Collect { by: other });
                self.say(*by, None, &[(true, 0)], Crash::Never);
            }
            Step::Restart { by, recover } => {
                self.kill(*by);
                if *recover {
                    self.recover(*by);
                }
            }
            Step::Collect { by } => {
                let process = self.process(*by);
                process
                    .runtime
                    .block_on(process.engine.collect_logs())
                    .unwrap();
                let now = self.now();
                for answer in &mut self.answers {
                    answer.collected |= answer
                        .ended
                        .as_ref()
                        .is_some_and(|row| row.log_until <= now);
                }
            }
            Step::Read { by, answer, after } => {
                if let Some(answer) = self.known(*answer) {
                    self.read(*by, answer, *after);
                }
            }
            Step::Resume { by, answer } => {
                if let Some(answer) = self.known(*answer) {
                    self.resume(*by, answer);
                }
            }
        }
        self.check();
    }

    /// An answer whose thread is still there.
    fn known(&self, which: usize) -> Option<usize> {
        let there = |n: &usize| self.threads[self.answers[*n].thread].is_some();
        let known: Vec<usize> = (0..self.answers.len()).filter(there).collect();
        (!known.is_empty()).then(|| known[which % known.len()])
    }

    fn recover(&mut self, by: usize) {
        let process = self.process(by);
        process.runtime.block_on(process.engine.recover()).unwrap();
        self.orphaned(i64::MAX);
    }

    /// What the reaper must have ended.
    fn orphaned(&mut self, before: i64) {
        for answer in &mut self.answers {
            if answer.ended.is_none() && answer.lease < before {
                answer.owner = None;
                answer.lease = i64::MIN;
            }
        }
        let rows = self.rows();
        for answer in self
            .answers
            .iter()
            .filter(|answer| answer.lease == i64::MIN && answer.ended.is_none())
        {
            let row = rows
                .iter()
                .find(|row| row.id == answer.id.as_str())
                .expect("its row");
            assert_eq!(row.status, "failed", "an orphan ends");
            assert!(row.error.contains(&restarted().message), "{}", row.error);
        }
    }

    /// As `services::chat` sends: the claim, the question, the pending answer and event 1 in one transaction.
    fn send(&mut self, by: usize, thread: usize, request: usize, content: usize, crash: Crash) {
        let Some(thread_id) = self.threads[thread].clone() else {
            return;
        };
        let (now, env) = (self.env.now(), self.env.clone());
        let lease = now.plus_ms(LEASE_MS);
        let hash = format!("{thread} {content}");
        let id: MessageId = env.uuid().parse().unwrap();
        let process = self.process(by);
        let owner = process.engine.owner().to_owned();
        let db = process.db.clone();
        let work = async {
            let mut tx = db.begin().await.unwrap();
            let name = request_id(request);
            if !events::claim(&mut tx, &ada(), &name, &hash, &thread_id, &id, now)
                .await
                .unwrap()
            {
                drop(tx);
                return Err(events::claimed(&db, &ada(), &name).await.unwrap());
            }
            if messages::running(&mut tx, &thread_id)
                .await
                .unwrap()
                .is_some()
            {
                return Err(None);
            }
            let above = messages::count_running(&mut tx, &ada(), &thread_id)
                .await
                .unwrap()
                .tip;
            let asked = placed(
                env.uuid().parse().unwrap(),
                &thread_id,
                above.as_ref(),
                Role::User,
                now,
            );
            messages::insert(&mut tx, &[(&asked, None)]).await.unwrap();
            let answer = placed(
                id.clone(),
                &thread_id,
                Some(&Spot::from(&asked)),
                Role::Assistant,
                now,
            );
            messages::insert(&mut tx, &[(&answer, Some((&owner, lease)))])
                .await
                .unwrap();
            let start = Event {
                seq: 1,
                kind: Says::Start,
                data: json!({ "message": answer.message }).to_string(),
            };
            events::append(&mut tx, &[(&id, &start)]).await.unwrap();
            if matches!(crash, Crash::Before) {
                return std::future::pending().await;
            }
            tx.commit().await.unwrap();
            Ok((answer.message, start))
        };
        // Before its commit a process dies with all of it written.
        let crash = if matches!(crash, Crash::Before) {
            Crash::During(5000)
        } else {
            crash
        };
        let done = process.run(crash, work);
        let died = !matches!(crash, Crash::Never);
        let expected = self.requests.get(&request).copied();
        match (&done, expected) {
            (Some(Err(Some(claim))), Some((before_thread, before_content, answer))) => {
                assert_eq!(
                    claim.payload_hash,
                    format!("{before_thread} {before_content}")
                );
                assert_eq!(
                    claim.message_id,
                    self.answers[answer].id.as_str(),
                    "attached to the first answer"
                );
            }
            (Some(Err(None)), None) => {
                assert!(self.running(thread), "refused although nothing runs");
            }
            (Some(Ok(_)), None) => assert!(!self.running(thread), "two answers at once"),
            (None, _) => {}
            (found, expected) => panic!("{found:?} where the model has {expected:?}"),
        }
        if died {
            self.kill(by);
        }
        // What died on the way has happened, or has not.
        let stored = self.rows().iter().any(|row| row.id == id.as_str());
        assert!(
            stored || !matches!(done, Some(Ok(_))),
            "a send that was answered is stored"
        );
        if stored {
            let n = self.answers.len();
            self.requests.insert(request, (thread, content, n));
            let start = self.log(&id).remove(0);
            self.answers.push(Answer {
                id: id.clone(),
                thread,
                request,
                owner: (!died).then_some(by),
                lease: lease.0,
                shown: done
                    .iter()
                    .flatten()
                    .map(|(_, start)| start.clone())
                    .collect(),
                offered: vec![start],
                seen: Vec::new(),
                rank: 0,
                ended: None,
                collected: false,
            });
            if let (Some(Ok((message, start))), false) = (done, died) {
                self.calls += 1;
                let live = Arc::new(LiveAnswer::new(Arc::new(start.clone())));
                let process = self.process(by);
                process.live.insert(id, live.clone());
                process.turns.insert(
                    n,
                    Turn {
                        message,
                        seq: 1,
                        log: vec![start],
                        live,
                    },
                );
            }
        }
    }

    fn say(&mut self, by: usize, which: Option<usize>, words: &[(bool, u8)], crash: Crash) {
        let all: Vec<usize> = self.process(by).turns.keys().copied().collect();
        let chosen = match which {
            Some(_) if all.is_empty() => return,
            Some(which) => vec![all[which % all.len()]],
            None => all,
        };
        let mut ops = Vec::new();
        for n in chosen {
            let turn = self.process(by).turns.get_mut(&n).expect("a turn");
            let events: Vec<Event> = (turn.seq + 1..)
                .zip(words)
                .map(|(seq, (aloud, word))| Event {
                    seq,
                    kind: if *aloud { Says::Delta } else { Says::Reasoning },
                    data: json!({ "text": format!("{word}\u{1f388} ") }).to_string(),
                })
                .collect();
            ops.push((n, events, None));
        }
        self.write(by, ops, crash);
    }

    fn end(&mut self, by: usize, n: usize, how: How, crash: Crash) {
        let turn = &self.process(by).turns[&n];
        let (status, error) = match how {
            How::Complete => (MessageStatus::Complete, None),
            How::Stopped => (MessageStatus::Stopped, None),
            How::Failed => (MessageStatus::Failed, Some(restarted())),
        };
        let reasoning = told(&turn.log, Says::Reasoning);
        let message = Message {
            status,
            error,
            content: told(&turn.log, Says::Delta),
            reasoning: Some(reasoning).filter(|text| !text.is_empty()),
            ..turn.message.clone()
        };
        let event = Event {
            seq: turn.seq + 1,
            kind: if message.error.is_some() {
                Says::Error
            } else {
                Says::Done
            },
            data: json!({ "message": message }).to_string(),
        };
        self.write(by, vec![(n, vec![event], Some(message))], crash);
    }

    /// Hands operations to the writer of a process, all at once.
    fn write(&mut self, by: usize, ops: Vec<(usize, Vec<Event>, Option<Message>)>, crash: Crash) {
        let (mut receipts, mut shown) = (Vec::new(), Vec::new());
        for (n, events, end) in &ops {
            let ours = self.answers[*n].owner == Some(by);
            if ours {
                self.answers[*n].offered.extend(events.clone());
            }
            let process = self.process(by);
            let turn = &process.turns[n];
            shown.push((turn.message.id.clone(), turn.live.progress()));
            let op = writer::Op {
                message: turn.message.id.clone(),
                epoch: 1,
                events: events.iter().cloned().map(Arc::new).collect(),
                first: turn.seq == 1 && end.is_none(),
                end: end.clone().map(|message| {
                    Arc::new(writer::End {
                        alone: true,
                        message,
                        key_version: 1,
                    })
                }),
            };
            receipts.push((*n, ours, process.writer.submit(op)));
        }
        let (numbers, receipts): (Vec<_>, Vec<_>) = receipts
            .into_iter()
            .map(|(n, ours, receipt)| ((n, ours), receipt))
            .unzip();
        let process = self.process(by);
        let work = async {
            tokio::select! {
                biased;
                never = only_what_is_stored(&process.db, shown) => never,
                outcomes = futures::future::join_all(receipts) => outcomes,
            }
        };
        let outcomes = process.run(crash, work);
        let died = !matches!(crash, Crash::Never);
        for ((n, ours), outcome) in numbers.into_iter().zip(outcomes.into_iter().flatten()) {
            let outcome = outcome.expect("the writer answers");
            let expected = if ours { Outcome::Stored } else { Outcome::Lost };
            assert_eq!(
                outcome, expected,
                "answer {n}, which process {by} owns: {ours}"
            );
            let (_, events, end) = ops.iter().find(|(op, ..)| *op == n).expect("its operation");
            let process = self.processes[by].as_mut().expect("alive");
            if outcome == Outcome::Lost {
                process.turns.remove(&n);
                continue;
            }
            let turn = process.turns.get_mut(&n).expect("a turn");
            turn.seq += i64::try_from(events.len()).unwrap();
            turn.log.extend(events.clone());
            let progress = *turn.live.progress().borrow();
            assert_eq!(
                i64::try_from(progress.last).unwrap(),
                turn.seq,
                "what is stored is shown"
            );
            assert_eq!(progress.ended, end.is_some());
            self.answers[n].shown.extend(events.clone());
            if end.is_some() {
                let id = turn.message.id.clone();
                process.live.remove(&id);
                process.turns.remove(&n);
                self.answers[n].owner = None;
            }
        }
        if died {
            // What the writer showed before it died was shown, whether or not it could say so.
            let process = self.processes[by].as_ref().expect("alive");
            for (n, turn) in &process.turns {
                let all = turn.live.after(0).expect("a short answer");
                self.answers[*n].shown = all.iter().map(|event| Event::clone(event)).collect();
            }
            self.kill(by);
        }
    }

    fn stop(&mut self, which: usize) {
        let Some(n) = self.known(which) else { return };
        let id = self.answers[n].id.clone();
        let asked = self
            .runtime
            .block_on(answers::request_stop(&self.db, &id, self.env.now()))
            .unwrap();
        assert_eq!(
            asked,
            self.answers[n].ended.is_none(),
            "only what runs can be stopped"
        );
        if let Some(owner) = self.answers[n].owner {
            let process = self.process(owner);
            let stops = process
                .runtime
                .block_on(answers::stops_for(&process.db, process.engine.owner()))
                .unwrap();
            assert!(stops.contains(&id));
            self.end(owner, n, How::Stopped, Crash::Never);
        }
    }

    fn delete(&mut self, thread: usize) {
        let Some(id) = self.threads[thread].take() else {
            return;
        };
        assert!(
            self.runtime
                .block_on(threads::delete(&self.db, &ada(), &id))
                .unwrap()
        );
        for answer in self
            .answers
            .iter_mut()
            .filter(|answer| answer.thread == thread)
        {
            answer.owner = None;
            self.requests.remove(&answer.request);
        }
    }

    fn renew(&mut self, by: usize) {
        let until = self.now() + LEASE_MS;
        let answers = self.answers.iter();
        let written = answers.filter(|answer| answer.owner == Some(by));
        let written: Vec<_> = written.map(|answer| answer.id.clone()).collect();
        let process = self.process(by);
        let owner = process.engine.owner();
        let renewed = answers::renew_leases(&process.db, owner, &written, Timestamp(until));
        process.runtime.block_on(renewed).unwrap();
        for answer in self
            .answers
            .iter_mut()
            .filter(|answer| answer.owner == Some(by))
        {
            answer.lease = until;
        }
    }

    /// What a reader gets from after number `after` on: as many as there must be, or all until the end.
    fn follow(&mut self, by: usize, n: usize, after: usize, expected: usize) -> Vec<Event> {
        let answer = &self.answers[n];
        let address = Address {
            user: ada(),
            thread: self.threads[answer.thread].clone().expect("its thread"),
            message: answer.id.clone(),
        };
        let ended = answer.ended.is_some();
        let process = self.process(by);
        process.runtime.block_on(async {
            let mut follower = process.engine.follow(address, after);
            let mut events = Vec::new();
            while ended || events.len() < expected {
                let Some(batch) = follower.batch().await.unwrap() else {
                    break;
                };
                events.extend(batch.iter().map(|event| Event::clone(event)));
            }
            events
        })
    }

    fn read(&mut self, by: usize, n: usize, after: usize) {
        if self.answers[n].collected {
            return;
        }
        let log = self.log(&self.answers[n].id.clone());
        let start = if after > log.len() { 0 } else { after };
        let events = self.follow(by, n, after, log.len() - start);
        assert_eq!(events, log[start..], "from {after} on");
        if after <= self.answers[n].seen.len() {
            self.answers[n].seen.truncate(after);
            self.answers[n].seen.extend(events);
        }
    }

    /// Nothing twice, nothing left out, also behind the end of the log.
    fn resume(&mut self, by: usize, n: usize) {
        let answer = &self.answers[n];
        let after = answer.seen.len();
        if !answer.collected {
            return self.read(by, n, after);
        }
        let row = answer
            .ended
            .clone()
            .expect("only an answer that ended is collected");
        let knew_the_end = answer.seen.last().is_some_and(|event| is_end(event.kind));
        if knew_the_end {
            return;
        }
        let events = self.follow(by, n, after, usize::MAX);
        let mut seen = self.answers[n].seen.clone();
        seen.extend(events);
        assert_numbered(&seen);
        let end = seen.last().expect("the outcome");
        assert!(is_end(end.kind));
        let message: Value = serde_json::from_str(&end.data).unwrap();
        assert_eq!(message["message"]["content"], row.content);
        let read = told(&seen, Says::Delta);
        assert!(
            row.content.starts_with(&read),
            "{read:?} is no beginning of {:?}",
            row.content
        );
        assert!(
            after > 0 || read == row.content,
            "who comes late gets all of it"
        );
    }

    fn rows(&self) -> Vec<Row> {
        const SQL: &str = "SELECT id, thread_id, status, content, coalesce(reasoning, '') AS reasoning, coalesce(error, '') AS error,
            coalesce(log_until, 0) AS log_until FROM messages WHERE role = 'assistant'";
        let Db::Sqlite { read, .. } = &self.db else {
            panic!("SQLite")
        };
        self.runtime
            .block_on(sqlx::query_as(SQL).fetch_all(read))
            .unwrap()
    }

    fn log(&self, id: &MessageId) -> Vec<Event> {
        self.runtime
            .block_on(events::after(&self.db, id, 0, 10_000))
            .unwrap()
    }

    /// The invariants, on what the database holds.
    fn check(&mut self) {
        let rows = self.rows();
        let Db::Sqlite { read, .. } = &self.db else {
            panic!("SQLite")
        };
        let claims: Vec<(String, String)> = self
            .runtime
            .block_on(
                sqlx::query_as("SELECT client_request_id, message_id FROM request_claims")
                    .fetch_all(read),
            )
            .unwrap();
        let mut claimed: Vec<&str> = claims.iter().map(|(_, answer)| answer.as_str()).collect();
        let mut stored: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        claimed.sort_unstable();
        stored.sort_unstable();
        assert_eq!(claimed, stored, "one answer a claim");
        assert!(
            self.calls <= self.answers.len(),
            "a provider is asked once a claim"
        );
        for thread in 0..THREADS {
            let id = format!("t{thread}");
            let running = rows
                .iter()
                .filter(|row| row.thread_id == id && rank(&row.status) < 2);
            assert!(running.count() <= 1, "one running answer a thread");
        }
        for n in 0..self.answers.len() {
            let log = self.log(&self.answers[n].id);
            let answer = &mut self.answers[n];
            let Some(row) = rows.iter().find(|row| row.id == answer.id.as_str()) else {
                assert!(
                    self.threads[answer.thread].is_none(),
                    "only a deletion removes an answer"
                );
                assert!(log.is_empty(), "and its log with it");
                answer.ended.get_or_insert_with(|| gone(answer.id.as_str()));
                continue;
            };
            assert!(
                self.threads[answer.thread].is_some(),
                "a deleted thread leaves nothing"
            );
            assert!(rank(&row.status) >= answer.rank, "{} again", row.status);
            answer.rank = rank(&row.status);
            if let Some(ended) = &answer.ended {
                let same = Row {
                    log_until: ended.log_until,
                    ..row.clone()
                };
                assert_eq!(&same, ended, "what ended does not change");
            }
            if answer.collected {
                assert!(log.is_empty() && row.log_until == 0);
                continue;
            }
            assert_numbered(&log);
            assert!(
                log.starts_with(&answer.shown),
                "what was shown is there: {:?} of {log:?}",
                answer.shown
            );
            let by_reaper = row.error.contains(&restarted().message);
            let kept = if by_reaper && !answer.offered.starts_with(&log) {
                &log[..log.len() - 1]
            } else {
                &log[..]
            };
            assert!(
                answer.offered.starts_with(kept),
                "{log:?} is more than {:?}",
                answer.offered
            );
            let ends: Vec<usize> = (0..log.len()).filter(|at| is_end(log[*at].kind)).collect();
            if rank(&row.status) < 2 {
                assert!(ends.is_empty(), "an end that is none");
                continue;
            }
            assert_eq!(ends, [log.len() - 1], "one end, and it is the last event");
            assert_eq!(
                row.content,
                told(&log, Says::Delta),
                "the text is the sum of the log"
            );
            assert_eq!(row.reasoning, told(&log, Says::Reasoning));
            answer.ended.get_or_insert_with(|| row.clone());
            answer.owner = None;
        }
    }

    /// Both processes die; one comes back. Everything is final then, nothing that was shown is missing, and whoever sends
    /// again is attached to what there is.
    fn close(&mut self) {
        self.kill(0);
        self.kill(1);
        self.recover(0);
        self.check();
        assert!(
            self.answers.iter().all(|answer| answer.ended.is_some()),
            "something still runs"
        );
        let requests: Vec<_> = self
            .requests
            .iter()
            .map(|(request, first)| (*request, *first))
            .collect();
        let before = self.answers.len();
        for (request, (thread, content, _)) in requests {
            self.send(1, thread, request, content, Crash::Never);
        }
        assert_eq!(self.answers.len(), before, "a second answer to one request");
        for n in 0..self.answers.len() {
            if self.threads[self.answers[n].thread].is_some() {
                self.resume(1, n);
            }
        }
    }
}

/// Looks at everything that is shown, when it is shown, and fails if the database does not have it.
async fn only_what_is_stored<T>(db: &Db, shown: Vec<(MessageId, watch::Receiver<Progress>)>) -> T {
    let looks = shown.into_iter().map(async |(id, mut progress)| {
        while progress.changed().await.is_ok() {
            let last = progress.borrow_and_update().last;
            let stored = events::after(db, &id, 0, 10_000).await.unwrap();
            assert!(stored.len() >= last, "shown before it was stored");
        }
    });
    futures::future::join_all(looks).await;
    std::future::pending().await
}

pub(super) fn placed(
    id: MessageId,
    thread: &ThreadId,
    above: Option<&Spot>,
    role: Role,
    now: Timestamp,
) -> Placed {
    let asked = role == Role::User;
    let message = Message {
        id,
        thread_id: thread.clone(),
        parent_id: above.map(|above| above.id.clone()),
        role,
        content: if asked {
            "a question".to_owned()
        } else {
            String::new()
        },
        reasoning: None,
        status: if asked {
            MessageStatus::Complete
        } else {
            MessageStatus::Pending
        },
        finish_reason: None,
        error: None,
        provider: None,
        model: None,
        key_id: None,
        client_request_id: None,
        usage: None,
        timing: None,
        attempts: Vec::new(),
        created_at: now,
    };
    Placed {
        message,
        depth: above.map_or(1, |above| above.depth + 1),
        key_mask: None,
        key_label: None,
        sibling: (1, 1),
    }
}

fn gone(id: &str) -> Row {
    let none = String::new;
    Row {
        id: id.to_owned(),
        thread_id: none(),
        status: none(),
        content: none(),
        reasoning: none(),
        error: none(),
        log_until: i64::MAX,
    }
}

fn rank(status: &str) -> u8 {
    match status {
        "pending" => 0,
        "streaming" => 1,
        _ => 2,
    }
}

fn is_end(kind: Says) -> bool {
    matches!(kind, Says::Done | Says::Error)
}

fn assert_numbered(log: &[Event]) {
    let numbers: Vec<i64> = log.iter().map(|event| event.seq).collect();
    let expected: Vec<i64> = (1..).take(log.len()).collect();
    assert_eq!(numbers, expected, "numbered from 1 without gaps");
}

/// Runs the sequence of this number, and shrinks it if it fails.
fn sequence(seed: u64) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let steps = prop::collection::vec(step(), 1..STEPS);
    let ran = TestRunner::new_with_rng(config, rng).run(&steps, |steps| {
        let mut world = World::new(seed);
        for step in &steps {
            world.take(step);
        }
        world.close();
        Ok(())
    });
    ran.map_err(|error| match error {
        TestError::Fail(reason, steps) => {
            let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
            format!(
                "{reason}\nafter\n{}\nagain with KEYLM_SEQUENCE={seed}",
                steps.join("\n")
            )
        }
        TestError::Abort(reason) => reason.to_string(),
    })
}

#[test]
fn no_sequence_of_steps_and_crashes_breaks_an_answer() {
    let (first, count) = match number("KEYLM_SEQUENCE") {
        Some(one) => (one, 1),
        None => (0, number("KEYLM_SEQUENCES").unwrap_or(SEQUENCES)),
    };
    let next = AtomicU64::new(first);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let enough = failures
                        .lock()
                        .is_ok_and(|found: std::sync::MutexGuard<Vec<String>>| found.len() >= 3);
                    if seed >= first + count || enough {
                        return;
                    }
                    if let Err(failure) = sequence(seed) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    println!("{count} sequences from {first} on");
}
