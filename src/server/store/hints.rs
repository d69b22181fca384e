//! What processes on one PostgreSQL tell each other. A hint may get lost: whoever waits for one looks for itself as well.
//! On SQLite there is nobody to tell.

use super::{Db, Result, Tx, by, deadline};
use crate::shared::ids::MessageId;
use sqlx::postgres::PgListener;
use std::time::Duration;

const CHANNEL: &str = "keylm";
/// PostgreSQL refuses payloads of 8000 bytes.
const MAX_PAYLOAD: usize = 7900;
/// After so long without a hint the connection is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(10);

/// News about answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The logs of these have grown.
    Grown(Vec<MessageId>),
    /// Any log may have grown.
    Unknown,
    /// This one should end.
    Stop(MessageId),
}

impl Hint {
    fn payload(&self) -> String {
        match self {
            Self::Grown(ids) => {
                let ids: Vec<&str> = ids.iter().map(MessageId::as_str).collect();
                let payload = format!("grown {}", ids.join(" "));
                if payload.len() > MAX_PAYLOAD {
                    Self::Unknown.payload()
                } else {
                    payload
                }
            }
            Self::Unknown => "unknown".to_owned(),
            Self::Stop(id) => format!("stop {id}"),
        }
    }

    /// What cannot be read, from a newer version say, is taken for the most general hint.
    fn parse(payload: &str) -> Self {
        let mut words = payload.split(' ');
        let kind = words.next();
        let ids: Option<Vec<MessageId>> = words.map(|id| id.parse().ok()).collect();
        match (kind, ids) {
            (Some("grown"), Some(ids)) => Self::Grown(ids),
            (Some("stop"), Some(ids)) if ids.len() == 1 => {
                ids.into_iter().next().map_or(Self::Unknown, Self::Stop)
            }
            _ => Self::Unknown,
        }
    }
}

/// Tells all processes, once the transaction is committed.
///
/// # Errors
/// When the database fails.
pub async fn send(tx: &mut Tx, hint: &Hint) -> Result<()> {
    if let Tx::Postgres { tx, until } = tx {
        let notify = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(hint.payload())
            .execute(&mut **tx);
        by(*until, notify).await?;
    }
    Ok(())
}

/// The hints of all processes, this one's own among them.
pub struct Hints(PgListener);

/// Starts listening; none where there is only one process.
///
/// # Errors
/// When the database fails.
pub async fn listen(db: &Db) -> Result<Option<Hints>> {
    let Db::Postgres(pool) = db else {
        return Ok(None);
    };
    let mut listener = PgListener::connect_with(pool).await?;
    by(deadline(), listener.listen(CHANNEL)).await?;
    Ok(Some(Hints(listener)))
}

impl Hints {
    /// The next hint; [`Hint::Unknown`] when the connection was lost and some may have been missed.
    ///
    /// # Errors
    /// When the database does not come back.
    pub async fn next(&mut self) -> Result<Hint> {
        loop {
            match tokio::time::timeout(QUIET, self.0.try_recv()).await {
                Ok(heard) => {
                    return Ok(heard?.map_or(Hint::Unknown, |heard| Hint::parse(heard.payload())));
                }
                // Nobody has anything to say, or nobody is there any more.
                Err(_) => by(deadline(), self.0.listen(CHANNEL)).await?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MessageId {
        format!("018f6f65-0000-7000-8000-{n:012}").parse().unwrap()
    }

    #[test]
    fn a_hint_arrives_as_it_was_sent() {
        for hint in [
            Hint::Grown(vec![id(1)]),
            Hint::Grown((0..200).map(id).collect()),
            Hint::Stop(id(7)),
            Hint::Unknown,
        ] {
            assert_eq!(Hint::parse(&hint.payload()), hint);
        }
    }

    #[test]
    fn more_than_a_payload_holds_means_look_at_everything() {
        let many = Hint::Grown((0..300).map(id).collect());
        assert_eq!(Hint::parse(&many.payload()), Hint::Unknown);
        assert_eq!(Hint::parse("from the future"), Hint::Unknown);
    }
}
