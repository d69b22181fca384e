//! Logs: one line an event on stdout, with nothing in it that looks like a secret or that moves a terminal's cursor.
//!
//! Code never logs keys, prompts, answers, e-mail addresses, bodies or cookies. [`redact::clean`] is the net below that
//! rule, and catches what a dependency might write at `trace`.

pub mod redact;

use crate::server::config::{Config, LogFormat};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging for the whole process and makes panics part of it. Only the first call has an effect.
pub fn init(config: &Config) {
    // The level was checked with the rest of the configuration.
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    if tracing::subscriber::set_global_default(subscriber(config.log_format, filter, io::stdout))
        .is_ok()
    {
        std::panic::set_hook(Box::new(log_panic));
    }
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        // A log that can not be written, on a full disk say, must not end the process: the complaint about it would panic.
        .log_internal_errors(false)
        .with_writer(Clean(writer));
    match format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().finish()),
    }
}

/// Says where, and what only if the text stood in the source: a formatted message may hold anything.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let what = panic
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("(formatted message withheld)");
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(place, what, "panic");
}

/// Writers whose every record goes through [`redact::clean`].
struct Clean<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Clean<W> {
    type Writer = CleanWriter<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        CleanWriter(self.0.make_writer())
    }
}

/// The formatter hands over each record with one `write_all`, so one call sees one record.
struct CleanWriter<W>(W);

impl<W: Write> Write for CleanWriter<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(redact::clean(&String::from_utf8_lossy(record)).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
