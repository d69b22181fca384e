//! What people take with them: a thread as JSON or Markdown, all of an account as a zip. It is read and sent piece by piece,
//! so memory does not grow with what there is.

use super::{Result, Services};
use crate::server::store::messages::Placed;
use crate::server::store::{messages, threads};
use crate::shared::account::User;
use crate::shared::chat::{Message, Role, Thread};
use crate::shared::ids::ThreadId;
use crate::shared::time::Timestamp;
use async_stream::try_stream;
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// Messages that are in memory at once.
const MESSAGES: i64 = 20;
/// Threads that are in memory at once.
const THREADS: i64 = 100;
/// Exports of whole accounts that a person may begin in a minute.
pub const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

const README: &str = "This is what your KeyLM account holds.

account.json     the account itself
chats/           each chat twice: as JSON with everything that was said, branches that are
                 not shown included, and as Markdown with the branch that is shown

Not in it: your provider keys, your password and your sessions. Keys never leave the
server that they were given to; an answer names the key that paid by its id and by the
last four characters at the most. Get keys from your providers, never from an export.
";

/// How a thread is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For programs.
    Json,
    /// For people.
    Markdown,
}

/// Which messages of a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The branch that is shown.
    Shown,
    /// All of them.
    All,
}

/// A file as it is written.
pub type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl Services {
    /// The shown branch of a thread, whole.
    #[must_use]
    pub fn export_thread(&self, thread: Thread, format: Format) -> Pieces {
        let services = self.clone();
        Box::pin(try_stream! {
            let mut pen = Pen::new(thread.id.clone(), format, Extent::Shown);
            yield Bytes::from(pen.begin(&thread));
            while let Some(text) = pen.next(&services).await.map_err(io::Error::other)? {
                yield Bytes::from(text);
            }
            yield Bytes::from(pen.end());
        })
    }

    /// All of an account, but for its keys.
    ///
    /// # Errors
    /// `RateLimited`.
    pub fn export_account(&self, user: User) -> Result<Pieces> {
        self.limited(&self.0.exports, user.id.as_str())?;
        let services = self.clone();
        Ok(Box::pin(try_stream! {
            let now = services.0.env.now();
            let mut zip = Archive::new();
            zip.file("README.txt", now)?;
            zip.write(README)?;
            zip.file("account.json", now)?;
            zip.write(&json(&Account { user: &user, exported_at: now }))?;
            let mut after = String::new();
            loop {
                let page = threads::by_id(&services.0.db, &user.id, &after, THREADS).await.map_err(io::Error::other)?;
                let Some(last) = page.last() else { break };
                last.id.as_str().clone_into(&mut after);
                for thread in page {
                    for (format, extent) in [(Format::Json, Extent::All), (Format::Markdown, Extent::Shown)] {
                        zip.file(&path(&thread, format), thread.updated_at)?;
                        let mut pen = Pen::new(thread.id.clone(), format, extent);
                        zip.write(&pen.begin(&thread))?;
                        while let Some(text) = pen.next(&services).await.map_err(io::Error::other)? {
                            zip.write(&text)?;
                            yield zip.written();
                        }
                        zip.write(pen.end())?;
                    }
                    yield zip.written();
                }
            }
            yield zip.end()?;
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    user: &'a User,
    exported_at: Timestamp,
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Where a thread is in the archive. Its id keeps names apart.
fn path(thread: &Thread, format: Format) -> String {
    let plain = thread.name().chars();
    let plain: String = plain
        .filter(|c| c.is_alphanumeric() || *c == ' ')
        .take(40)
        .collect();
    let ending = match format {
        Format::Json => "json",
        Format::Markdown => "md",
    };
    let (day, id) = (thread.created_at.day(), &thread.id);
    format!("chats/{day} {} {id}.{ending}", plain.trim())
}

/// Writes one thread.
struct Pen {
    thread: ThreadId,
    format: Format,
    extent: Extent,
    /// Depth and id of the last message that was written.
    last: Option<(i64, String)>,
}

impl Pen {
    const fn new(thread: ThreadId, format: Format, extent: Extent) -> Self {
        Self {
            thread,
            format,
            extent,
            last: None,
        }
    }

    fn begin(&self, thread: &Thread) -> String {
        match self.format {
            Format::Json => format!("{{\"thread\":{},\"messages\":[", json(thread)),
            Format::Markdown => title(thread),
        }
    }

    const fn end(&self) -> &'static str {
        match self.format {
            Format::Json => "]}",
            Format::Markdown => "",
        }
    }

    /// The next messages; none when there are no more.
    async fn next(&mut self, services: &Services) -> Result<Option<String>> {
        let db = &services.0.db;
        let (depth, id) = self
            .last
            .as_ref()
            .map_or((0, ""), |(depth, id)| (*depth, id));
        let page = match self.extent {
            Extent::Shown => messages::branch(db, &self.thread, depth, MESSAGES).await?,
            Extent::All => messages::every(db, &self.thread, (depth, id), MESSAGES).await?,
        };
        if page.is_empty() {
            return Ok(None);
        }
        let mut out = String::new();
        for placed in page {
            let first = self.last.is_none();
            self.last = Some((placed.depth, placed.message.id.to_string()));
            let Placed { message, .. } = services.so_far(placed).await?;
            match self.format {
                Format::Json => {
                    out.push_str(if first { "" } else { "," });
                    out.push_str(&json(&message));
                }
                Format::Markdown => said(&mut out, &message),
            }
        }
        Ok(Some(out))
    }
}

/// What a thread begins with in Markdown.
fn title(thread: &Thread) -> String {
    let Thread {
        provider, model, ..
    } = thread;
    let mut out = format!(
        "# {}\n\n{provider} · {model} · {}\n",
        thread.name(),
        thread.created_at
    );
    if let Some(prompt) = &thread.system_prompt {
        let _ = write!(out, "\n## System\n\n{prompt}\n");
    }
    out
}

fn said(out: &mut String, message: &Message) {
    let who = match (message.role, &message.model) {
        (Role::User, _) => "You",
        (Role::Assistant, Some(model)) => model.as_str(),
        (Role::Assistant, None) => "Answer",
    };
    let _ = write!(out, "\n## {who}\n\n{}\n", message.content);
    if let Some(error) = &message.error {
        let _ = write!(out, "\n> {}\n", error.message);
    }
}

/// What of a zip is written and not sent yet.
#[derive(Clone, Default)]
struct Unsent(Arc<Mutex<Vec<u8>>>);

impl Write for Unsent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut unsent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unsent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A zip that is sent while it is written.
struct Archive {
    zip: ZipWriter<StreamWriter<Unsent>>,
    unsent: Unsent,
}

impl Archive {
    fn new() -> Self {
        let unsent = Unsent::default();
        Self {
            zip: ZipWriter::new_stream(unsent.clone()),
            unsent,
        }
    }

    /// Begins a file.
    fn file(&mut self, name: &str, at: Timestamp) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(moment(at));
        Ok(self.zip.start_file(name, options)?)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.zip.write_all(text.as_bytes())
    }

    /// What was written since this was last asked.
    fn written(&self) -> Bytes {
        let mut unsent = self.unsent.0.lock().unwrap_or_else(PoisonError::into_inner);
        Bytes::from(std::mem::take(&mut *unsent))
    }

    fn end(self) -> io::Result<Bytes> {
        let unsent = self.unsent.clone();
        self.zip.finish()?;
        let mut unsent = unsent.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Bytes::from(std::mem::take(&mut *unsent)))
    }
}

/// UTC, because a zip has no time zones.
fn moment(at: Timestamp) -> DateTime {
    let text = at.to_string();
    let part = |from: usize| text.get(from..from + 2).and_then(|part| part.parse().ok());
    let year = text.get(..4).and_then(|year| year.parse().ok());
    let (Some(year), Some(month), Some(day)) = (year, part(5), part(8)) else {
        return DateTime::default();
    };
    let (Some(hour), Some(minute), Some(second)) = (part(11), part(14), part(17)) else {
        return DateTime::default();
    };
    DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}
