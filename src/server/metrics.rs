//! What an operator counts: a value that is handed on, never a global. No label holds anything of a person's.

use crate::server::config::Limit;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use std::sync::Arc;
use std::time::Duration;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a tenth of a millisecond, which is one row on a fast disk, to what nobody waits for.
const COMMIT_SECONDS: [f64; 12] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
];
const COMMIT_ANSWERS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

type ByStatus = (Labels<1>, [(&'static str, u16); 1]);
type Labels<const N: usize> = [(&'static str, &'static str); N];

/// All metrics of one process. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    limit_hits: Family<Labels<1>, Counter>,
    answers_running: Gauge,
    answers_ended: Family<Labels<1>, Counter>,
    events: Counter,
    commit_answers: Histogram,
    commit_seconds: Histogram,
    readers: Gauge,
    connections: Gauge,
    requests: Family<ByStatus, Counter>,
    provider_calls: Family<Labels<2>, Counter>,
    database: Family<Labels<2>, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("keylm");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What is running", build);
        let limit_hits = add::<Family<_, Counter>>(
            &mut registry,
            "limit_hits",
            "How often something was refused, cut or ended by a limit",
        );
        for limit in Limit::ALL {
            let _ = limit_hits.get_or_create_owned(&[("limit", limit.as_str())]);
        }
        let commit_answers = Histogram::new(COMMIT_ANSWERS);
        registry.register(
            "commit_answers",
            "Answers that share a commit of the writer",
            commit_answers.clone(),
        );
        let commit_seconds = Histogram::new(COMMIT_SECONDS);
        registry.register(
            "commit_seconds",
            "How long commits of the writer take",
            commit_seconds.clone(),
        );
        let r = &mut registry;
        Self(Arc::new(Inner {
            limit_hits,
            answers_running: add(r, "answers_running", "Answers that this process writes"),
            answers_ended: add(r, "answers_ended", "Answers that ended, by how"),
            events: add(r, "events_committed", "Events of answers that were stored"),
            commit_answers,
            commit_seconds,
            readers: add(r, "readers", "Open streams of answers to clients"),
            connections: add(r, "connections", "Open connections of clients"),
            requests: add(r, "requests", "Requests, by class of route and status"),
            provider_calls: add(r, "provider_calls", "Requests to providers, by outcome"),
            database: add(r, "database_connections", "Connections to the database"),
            registry,
        }))
    }
}

fn add<T: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> T {
    let metric = T::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// A limit bit.
    pub fn limit_hit(&self, limit: Limit) {
        self.0
            .limit_hits
            .get_or_create(&[("limit", limit.as_str())])
            .inc();
    }

    /// How often a limit bit.
    #[must_use]
    pub fn limit_hits(&self, limit: Limit) -> u64 {
        self.0
            .limit_hits
            .get_or_create(&[("limit", limit.as_str())])
            .get()
    }

    /// Answers that this process is writing.
    pub fn answers_running(&self, count: usize) {
        self.0.answers_running.set(signed(count));
    }

    /// An answer's end was stored.
    pub fn answer_ended(&self, status: &'static str) {
        self.0
            .answers_ended
            .get_or_create(&[("status", status)])
            .inc();
    }

    /// The writer stored so many events of so many answers.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
    pub fn committed(&self, answers: usize, events: usize, took: Duration) {
        self.0.commit_answers.observe(answers as f64);
        self.0.commit_seconds.observe(took.as_secs_f64());
        self.0.events.inc_by(events as u64);
    }

    /// Someone begins to read an answer; they read until the value is dropped.
    #[must_use]
    pub fn reader(&self) -> Open {
        Open::new(&self.0.readers)
    }

    /// A client's connection; it is open until the value is dropped.
    #[must_use]
    pub fn connection(&self) -> Open {
        Open::new(&self.0.connections)
    }

    /// A response begins.
    pub fn request(&self, class: &'static str, status: u16) {
        self.0
            .requests
            .get_or_create(&([("class", class)], [("status", status)]))
            .inc();
    }

    /// A request to a provider came to its end.
    pub fn provider_call(&self, provider: &'static str, outcome: &'static str) {
        self.0
            .provider_calls
            .get_or_create(&[("provider", provider), ("outcome", outcome)])
            .inc();
    }

    /// How many connections a pool of the database has in a state.
    pub fn database(&self, pool: &'static str, state: &'static str, count: usize) {
        self.0
            .database
            .get_or_create(&[("pool", pool), ("state", state)])
            .set(signed(count));
    }

    /// All of them as text, of the type [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Something that is counted as long as it lives.
pub struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::default();
        metrics.limit_hit(Limit::RequestBytes);
        metrics.clone().limit_hit(Limit::RequestBytes);
        metrics.answers_running(3);
        metrics.answer_ended("complete");
        metrics.committed(2, 5, Duration::from_micros(300));
        metrics.request("api", 200);
        metrics.provider_call("openai", "ok");
        metrics.database("read", "idle", 4);
        let connection = metrics.connection();
        drop(metrics.reader());
        let text = metrics.render();
        for line in [
            "keylm_limit_hits_total{limit=\"request_bytes\"} 2",
            "keylm_answers_running 3",
            "keylm_answers_ended_total{status=\"complete\"} 1",
            "keylm_events_committed_total 5",
            "keylm_commit_answers_bucket{le=\"2.0\"} 1",
            "keylm_commit_answers_bucket{le=\"1.0\"} 0",
            "keylm_commit_seconds_count 1",
            "keylm_requests_total{class=\"api\",status=\"200\"} 1",
            "keylm_provider_calls_total{provider=\"openai\",outcome=\"ok\"} 1",
            "keylm_database_connections{pool=\"read\",state=\"idle\"} 4",
            "keylm_connections 1",
            "keylm_readers 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(connection);
        assert!(metrics.render().contains("keylm_connections 0"));
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn every_limit_has_its_series_from_the_start() {
        let text = Metrics::default().render();
        for limit in Limit::ALL {
            let line = format!("keylm_limit_hits_total{{limit=\"{}\"}} 0", limit.as_str());
            assert!(text.contains(&line), "{line}");
        }
    }

    #[test]
    fn processes_count_for_themselves() {
        let (one, other) = (Metrics::default(), Metrics::default());
        one.limit_hit(Limit::Answers);
        assert_eq!(
            (
                one.limit_hits(Limit::Answers),
                other.limit_hits(Limit::Answers)
            ),
            (1, 0)
        );
    }
}
