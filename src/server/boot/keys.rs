//! `keylm keys …`: the master keys of the vault, looked after while the server runs.

use super::BootError;
use crate::server::clock::Env;
use crate::server::config::Config;
use crate::server::crypto::envelope::{self, Binding, CryptoError, Keyring};
use crate::server::store::instance::{self, MAX_WRAPS};
use crate::server::store::provider_keys::{self, Wrapped};
use crate::server::store::{Db, StoreError};
use crate::shared::time::Timestamp;
use clap::Subcommand;
use serde::Serialize;
use std::io::Write as _;
use std::process::ExitCode;

/// It was refused, because credentials would be lost. Nothing was changed.
const REFUSED: u8 = 3;
/// What could be done is done, and something is left.
const UNFINISHED: u8 = 4;
/// From here on `status` says that it is time for another one.
const WORN: i64 = MAX_WRAPS / 4;

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Show the master keys and how many stored credentials each of them seals.
    Status {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Make a new master key that seals from now on. Servers take it up by themselves.
    Rotate,
    /// Put every stored credential under the active master key. May be interrupted and run again at any time.
    Rewrap {
        /// Credentials in one transaction.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
        batch: u16,
    },
    /// Take a master key that seals nothing any more out of use, for good.
    Retire {
        /// Its number.
        id: u32,
    },
}

pub(super) async fn run(
    command: KeysCommand,
    config: &Config,
    db: &Db,
    env: &Env,
) -> Result<ExitCode, BootError> {
    match command {
        KeysCommand::Status { json } => status(config, db, json).await,
        KeysCommand::Rotate => rotate(config, db, env).await,
        KeysCommand::Rewrap { batch } => rewrap(config, db, env, batch).await,
        KeysCommand::Retire { id } => retire(config, db, env, id).await,
    }
}

/// A master key as `keys status --json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    id: i64,
    /// `active` seals, `open` only opens, `retired` is out of use, `missing` is known to the database and not here.
    state: &'static str,
    credentials: i64,
    wraps: i64,
    created_at: Timestamp,
}

async fn status(config: &Config, db: &Db, json: bool) -> Result<ExitCode, BootError> {
    let ring = config.keyring.current();
    let row = |known: instance::MasterKey| {
        let here = u32::try_from(known.id)
            .ok()
            .filter(|id| ring.ids().contains(id));
        Status {
            id: known.id,
            state: match here {
                _ if known.retired_at.is_some() => "retired",
                Some(id) if id == ring.active_id() => "active",
                Some(_) => "open",
                None => "missing",
            },
            credentials: known.sealed,
            wraps: known.wraps,
            created_at: Timestamp(known.created_at),
        }
    };
    let rows: Vec<Status> = instance::master_keys(db)
        .await?
        .into_iter()
        .map(row)
        .collect();
    if json {
        say(&serde_json::to_string_pretty(&rows).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    say("number  state    credentials  wraps       since");
    for row in &rows {
        let Status {
            id,
            state,
            credentials,
            wraps,
            created_at,
        } = row;
        say(&format!(
            "{id:<6}  {state:<7}  {credentials:<11}  {wraps:<10}  {created_at}"
        ));
        if *wraps >= WORN && *state == "active" {
            say(&format!(
                "Key {id} has wrapped many data keys. Run keylm keys rotate before it reaches {MAX_WRAPS}."
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn rotate(config: &Config, db: &Db, env: &Env) -> Result<ExitCode, BootError> {
    let known = instance::master_keys(db).await?;
    let ring = config.keyring.current();
    // A number is never used twice: what was sealed under it once must not meet another key.
    let numbers = known.iter().filter_map(|key| u32::try_from(key.id).ok());
    let last = numbers.chain(ring.ids()).max().unwrap_or(0);
    let Some(id) = last.checked_add(1) else {
        return Ok(refuse("There are no numbers left."));
    };
    let Some(file) = config.keyring.file() else {
        return Ok(refuse(&format!(
            "APP_ENCRYPTION_KEY is given by you, so this command can not change it. Put a new key in front of it, as in \
             {id}:NEW,{}:PRESENT with NEW from `openssl rand -base64 32`, restart every server, and then run keylm keys rewrap.",
            ring.active_id()
        )));
    };
    config.keyring.add(file, id, env)?;
    if let Some(check) = config.keyring.current().check_value(id) {
        let mut tx = db.begin().await?;
        instance::add_master_key(&mut tx, i64::from(id), &check, env.now()).await?;
        tx.commit().await?;
    }
    say(&format!(
        "Master key {id} is active; it is in {}. Back that file up, then run keylm keys rewrap.",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// What became of one credential.
enum Rewrapped {
    Yes,
    /// It was replaced, removed or rewrapped by somebody else meanwhile.
    Gone,
    Unreadable(CryptoError),
}

async fn rewrap(config: &Config, db: &Db, env: &Env, batch: u16) -> Result<ExitCode, BootError> {
    let ring = config.keyring.current();
    let instance = instance::value_or_insert(db, "id", &env.uuid()).await?;
    let active = i64::from(ring.active_id());
    let (mut done, mut unreadable) = (0_u64, 0_u64);
    let mut after = String::new();
    loop {
        let rows = provider_keys::wrapped_elsewhere(db, active, &after, batch.into()).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        let mut tx = db.begin().await?;
        let times = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let check = ring.check_value(ring.active_id()).unwrap_or_default();
        if !instance::count_wraps(&mut tx, active, &check, times).await? {
            return Ok(refuse(&format!(
                "Master key {active} is retired or worn out. Run keylm keys rotate first."
            )));
        }
        for row in &rows {
            match rewrap_one(&ring, env, &instance, &mut tx, row).await? {
                Rewrapped::Yes => done += 1,
                Rewrapped::Gone => {}
                Rewrapped::Unreadable(error) => {
                    unreadable += 1;
                    say(&format!(
                        "The credential {} of the person {} does not open: {error}.",
                        row.id, row.user_id
                    ));
                }
            }
        }
        tx.commit().await?;
    }
    say(&format!(
        "{done} credentials are under master key {active} now."
    ));
    if unreadable == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "{unreadable} do not open. Bring their master keys back and run this again; or have their owners give them anew."
    ));
    Ok(ExitCode::from(UNFINISHED))
}

async fn rewrap_one(
    ring: &Keyring,
    env: &Env,
    instance: &str,
    tx: &mut crate::server::store::Tx,
    row: &Wrapped,
) -> Result<Rewrapped, StoreError> {
    let binding = Binding {
        instance,
        row: &row.id,
        user: &row.user_id,
        provider: &row.provider,
        origin: &row.origin,
        version: row.version,
    };
    let blob = envelope::decode(&row.blob)
        .and_then(|blob| ring.rewrap(env, &binding, &blob))
        .and_then(|blob| envelope::encode(&blob));
    match blob {
        Ok(blob) => {
            let there = provider_keys::rewrap(tx, row, i64::from(ring.active_id()), &blob).await?;
            Ok(if there {
                Rewrapped::Yes
            } else {
                Rewrapped::Gone
            })
        }
        Err(error) => Ok(Rewrapped::Unreadable(error)),
    }
}

async fn retire(config: &Config, db: &Db, env: &Env, id: u32) -> Result<ExitCode, BootError> {
    let ring = config.keyring.current();
    if id == ring.active_id() {
        return Ok(refuse(&format!(
            "Master key {id} is the active one. Run keylm keys rotate and keylm keys rewrap first."
        )));
    }
    let known = instance::master_keys(db).await?;
    if !known.iter().any(|key| key.id == i64::from(id)) {
        return Ok(refuse(&format!(
            "There is no master key {id}. Run keylm keys status to see the numbers."
        )));
    }
    let sealed = instance::retire_master_key(db, i64::from(id), env.now()).await?;
    if sealed > 0 {
        return Ok(refuse(&format!(
            "Master key {id} still seals {sealed} credentials. Run keylm keys rewrap first."
        )));
    }
    match config.keyring.file() {
        Some(file) => {
            config.keyring.remove(file, id, env)?;
            say(&format!(
                "Master key {id} is retired and taken out of {}. Older backups of the database open only with a copy of that file from before.",
                file.display()
            ));
        }
        None => say(&format!(
            "Master key {id} is retired. Take it out of APP_ENCRYPTION_KEY, and keep it with older backups of the database, which need it."
        )),
    }
    Ok(ExitCode::SUCCESS)
}

fn refuse(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "keylm: {why}");
    ExitCode::from(REFUSED)
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
