//! The power goes: what the program did not ask to be kept is lost, all of it or some of it.

use super::aftermath::{COMPLETE, RESTARTED, Shown, aftermath, alive, intact};
use super::crash::{consistent, running};
use super::{Dice, GENEROUS, until};
use crate::support::app::{Client, OPENAI_KEY, PASSWORD, cookie_of, parse_events};
use crate::support::number;
use crate::support::probe::Tail;
use crate::support::process::{Server, command};
use futures::future::join_all;
use keylm::server::simulate::Simulator;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tempfile::TempDir;

/// The power goes so long after the log was folded at the latest.
const SOON: Duration = Duration::from_millis(400);
/// Cuts of one run of the program: its notes tell what a disk held at any moment.
const CUTS: u64 = 10;
/// What a system writes to a disk in one piece.
const PAGE: usize = 4096;

/// `power.c`, compiled.
static LIBRARY: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (
        folder.path().join("power.c"),
        folder.path().join("power.so"),
    );
    fs::write(&source, include_str!("power.c")).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-pthread", "-o"]);
    let made = compiler.arg(&library).arg(&source).status();
    assert!(made.expect("a C compiler").success());
    (folder, library)
});

/// One thing that the program did to a file.
struct Note {
    /// Where it ends in the notes: a moment.
    end: u64,
    file: u64,
    act: Act,
}

enum Act {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate(usize),
    /// All that was done to the file before is on the disk now.
    Sync,
    /// What is in the folder that has this number.
    Names(Names),
    /// The same, on the disk now.
    NamesSync(Names),
}

/// The numbers of the files and folders in a folder.
type Names = BTreeMap<String, u64>;
/// What is in the folders that have these numbers.
type Folders = BTreeMap<u64, Names>;

fn apply(content: &mut Vec<u8>, act: &Act) {
    match act {
        Act::Write { at, bytes } => {
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(bytes);
        }
        Act::Truncate(length) => content.resize(*length, 0),
        Act::Sync | Act::Names(_) | Act::NamesSync(_) => {}
    }
}

/// Everything that was done until now, the last note perhaps not to its end.
fn read(path: &Path) -> Vec<Note> {
    let notes = fs::read(path).unwrap();
    let number = |at: usize| {
        let bytes = notes[at..at + 8].try_into().unwrap();
        u64::from_ne_bytes(bytes)
    };
    let size = |number: u64| usize::try_from(number).unwrap();
    let (mut all, mut at) = (Vec::new(), 0);
    while at + 32 <= notes.len() {
        let end = at + 32 + size(number(at + 24));
        let Some(bytes) = notes.get(at + 32..end) else {
            break;
        };
        let names = || {
            let lines = std::str::from_utf8(bytes).unwrap().lines();
            let pairs = lines.map(|line| line.split_once(' ').unwrap());
            pairs
                .map(|(file, name)| (name.to_owned(), file.parse().unwrap()))
                .collect()
        };
        let act = match number(at) {
            0 => Act::Write {
                at: size(number(at + 16)),
                bytes: bytes.to_vec(),
            },
            1 => Act::Truncate(size(number(at + 16))),
            2 => Act::Sync,
            3 => Act::Names(names()),
            4 => Act::NamesSync(names()),
            other => panic!("a note of kind {other}"),
        };
        let file = number(at + 8);
        all.push(Note {
            end: end as u64,
            file,
            act,
        });
        at = end;
    }
    all
}

/// What is lost of that which nobody asked to be kept.
#[derive(Clone, Copy)]
enum Loss<'a> {
    All,
    /// Each page is on the disk as it was at some moment since it was last asked for.
    Some(&'a Dice),
    None,
}

/// A folder whose changes are noted, as it was before.
struct Watched {
    notes: tempfile::NamedTempFile,
    root: u64,
    folders: Folders,
    contents: BTreeMap<u64, Vec<u8>>,
    /// As long as a file is open, no other one gets its number.
    held: Vec<File>,
}

impl Watched {
    fn new(folder: &Path) -> Self {
        let mut watched = Self {
            notes: tempfile::NamedTempFile::new().unwrap(),
            root: folder.metadata().unwrap().ino(),
            folders: Folders::new(),
            contents: BTreeMap::new(),
            held: Vec::new(),
        };
        watched.look(folder);
        watched
    }

    fn look(&mut self, folder: &Path) {
        let mut names = Names::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, number) = (entry.path(), entry.metadata().unwrap().ino());
            names.insert(entry.file_name().into_string().unwrap(), number);
            if path.is_dir() {
                self.look(&path);
            } else {
                self.contents.insert(number, fs::read(&path).unwrap());
                self.held.push(File::open(&path).unwrap());
            }
        }
        let number = folder.metadata().unwrap().ino();
        self.folders.insert(number, names);
    }

    /// The program on this folder.
    fn command(&self, folder: &Path) -> Command {
        let mut command = command(folder, &[GENEROUS]);
        command
            .env("LD_PRELOAD", &LIBRARY.1)
            .env("POWER_FOLDER", folder)
            .env("POWER_NOTES", self.notes.path());
        command
    }

    fn read(&self) -> Vec<Note> {
        read(self.notes.path())
    }

    /// What the disk holds when the power goes at a moment.
    fn disk(&self, notes: &[Note], moment: u64, loss: Loss) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = self.contents.clone();
        let mut pending = BTreeMap::<u64, Vec<&Act>>::new();
        let (mut folders, mut kept) = (self.folders.clone(), self.folders.clone());
        for note in notes.iter().take_while(|note| note.end <= moment) {
            match &note.act {
                Act::Write { .. } | Act::Truncate(_) => {
                    pending.entry(note.file).or_default().push(&note.act);
                }
                Act::Sync => {
                    let content = contents.entry(note.file).or_default();
                    for act in pending.remove(&note.file).unwrap_or_default() {
                        apply(content, act);
                    }
                }
                Act::Names(names) => drop(folders.insert(note.file, names.clone())),
                Act::NamesSync(names) => {
                    folders.insert(note.file, names.clone());
                    kept.insert(note.file, names.clone());
                }
            }
        }
        for (file, acts) in pending {
            let content = contents.entry(file).or_default();
            match loss {
                Loss::All => {}
                Loss::Some(dice) => scatter(content, &acts, dice),
                Loss::None => acts.iter().for_each(|act| apply(content, act)),
            }
        }
        let folders = match loss {
            Loss::All => kept,
            Loss::Some(dice) if dice.number(2) == 0 => kept,
            Loss::Some(_) | Loss::None => folders,
        };
        let (mut disk, mut open) = (BTreeMap::new(), vec![(PathBuf::new(), self.root)]);
        while let Some((path, number)) = open.pop() {
            // A folder that was made and never synced is empty, and so is a file.
            if let Some(names) = folders.get(&number) {
                open.extend(
                    names
                        .iter()
                        .map(|(name, number)| (path.join(name), *number)),
                );
            } else if lasts(&path) {
                disk.insert(path, contents.remove(&number).unwrap_or_default());
            }
        }
        disk
    }

    /// The same as a folder.
    fn cut(&self, notes: &[Note], moment: u64, loss: Loss) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in self.disk(notes, moment, loss) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            // Secrets are for nobody else.
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        folder
    }

    /// Nothing happened to the folder that is not in the notes.
    fn complete(&self, notes: &[Note], folder: &Path) {
        let told = self.disk(notes, u64::MAX, Loss::None);
        let now = Self::new(folder).disk(&[], 0, Loss::None);
        assert_eq!(
            now.keys().collect::<Vec<_>>(),
            told.keys().collect::<Vec<_>>()
        );
        for (path, content) in now {
            assert!(
                told[&path] == content,
                "{} changed in a way that power.c does not see",
                path.display()
            );
        }
    }
}

/// Whether a file is of any use after a cut. SQLite's index of its log is a mapping that it makes anew.
fn lasts(path: &Path) -> bool {
    !path.to_string_lossy().ends_with("-shm")
}

/// Brings some of what is pending onto a disk: of each page what was written up to some moment, of the file's length, too.
fn scatter(content: &mut Vec<u8>, acts: &[&Act], dice: &Dice) {
    let pieces = |at: usize, length: usize| {
        let end = at + length;
        let pages = at / PAGE..end.div_ceil(PAGE);
        pages.map(move |page| (page, at.max(page * PAGE)..end.min((page + 1) * PAGE)))
    };
    let mut left = BTreeMap::<Option<usize>, u64>::new();
    for act in acts {
        match act {
            Act::Write { at, bytes } => pieces(*at, bytes.len())
                .for_each(|(page, _)| *left.entry(Some(page)).or_default() += 1),
            _ => *left.entry(None).or_default() += 1,
        }
    }
    for count in left.values_mut() {
        *count = dice.number(*count + 1);
    }
    let mut arrives = |what| {
        let left = left.get_mut(&what).unwrap();
        let any = *left > 0;
        *left = left.saturating_sub(1);
        any
    };
    for act in acts {
        if let Act::Write { at, bytes } = act {
            for (page, Range { start, end }) in pieces(*at, bytes.len()) {
                if arrives(Some(page)) {
                    let bytes = bytes[start - at..end - at].to_vec();
                    apply(content, &Act::Write { at: start, bytes });
                }
            }
        } else if arrives(None) {
            apply(content, act);
        }
    }
}

/// What the notes say about SQLite's log.
struct Log {
    /// From the first page that is written to the file until all of them are kept.
    folds: Vec<Range<usize>>,
    /// Where the log begins anew.
    restarts: Vec<usize>,
    /// Whether the file has all that was logged.
    folded: bool,
}

impl Log {
    fn new(watched: &Watched, notes: &[Note]) -> Self {
        let last = notes.iter().rev().find_map(|note| match &note.act {
            Act::Names(names) | Act::NamesSync(names) if note.file == watched.root => Some(names),
            _ => None,
        });
        let names = last.unwrap_or(&watched.folders[&watched.root]);
        let [file, log] = ["keylm.db", "keylm.db-wal"].map(|name| names.get(name).copied());
        let mut this = Self {
            folds: Vec::new(),
            restarts: Vec::new(),
            folded: false,
        };
        let mut begun = None;
        for (n, note) in notes.iter().enumerate() {
            let of = |other: Option<u64>| other == Some(note.file);
            match note.act {
                Act::Write { .. } if of(file) => {
                    begun.get_or_insert(n);
                }
                Act::Sync if of(file) => {
                    this.folds.extend(begun.take().map(|begun| begun..n));
                    this.folded = true;
                }
                Act::Write { at, .. } if of(log) => {
                    this.folded = false;
                    if at == 0 && !this.folds.is_empty() {
                        this.restarts.push(n);
                    }
                }
                _ => {}
            }
        }
        this
    }
}

/// What came of an answer, and when.
struct Seen {
    bytes: Vec<u8>,
    /// How much of it had come at which moment.
    marks: Vec<(u64, usize)>,
}

impl Seen {
    /// What had been shown before a moment.
    fn before(&self, moment: u64) -> Option<Shown> {
        let before = self.marks.iter().take_while(|(at, _)| *at <= moment);
        let text = std::str::from_utf8(&self.bytes[..before.last()?.1]).unwrap();
        let events = parse_events(&text[..text.rfind("\n\n")? + 2]);
        Some(Shown::new(events))
    }
}

/// Asks, and reads what comes until it ends or breaks.
async fn witness(client: Client, model: &'static str, notes: Arc<Path>) -> Seen {
    let mut seen = Seen {
        bytes: Vec::new(),
        marks: Vec::new(),
    };
    let thread = client.thread("openai", model).await;
    let mut response = client.ask(&thread, &thread, "Go on").await;
    while let Ok(Some(chunk)) = response.chunk().await {
        seen.bytes.extend(chunk);
        // A whole event, so that no character is cut.
        if seen.bytes.ends_with(b"\n\n") {
            let moment = fs::metadata(&notes).unwrap().len();
            seen.marks.push((moment, seen.bytes.len()));
        }
    }
    seen
}

/// Which moment a cut looks for.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Just after somebody was shown something.
    Shown,
    /// While the log is folded into the file.
    Folding,
    /// While the log begins anew.
    Restarting,
    Any,
    /// The last one.
    End,
}

/// Every kind with either loss.
const MOMENTS: [Moment; 5] = [
    Moment::Shown,
    Moment::Folding,
    Moment::Restarting,
    Moment::Any,
    Moment::End,
];

impl Moment {
    /// One of its kind after the first event was seen.
    fn pick(self, dice: &Dice, notes: &[Note], log: &Log, seen: &[Seen]) -> u64 {
        let mut shown: Vec<u64> = seen
            .iter()
            .flat_map(|seen| &seen.marks)
            .map(|mark| mark.0)
            .collect();
        shown.sort_unstable();
        let last = notes.last().unwrap().end;
        let first = *shown.first().expect("an event before the power goes");
        let late = |ranges: Vec<Range<usize>>| {
            let ranges = ranges
                .into_iter()
                .filter(|range| notes[range.start].end > first);
            let ranges: Vec<_> = ranges.collect();
            let range = dice.one(&ranges).clone();
            dice.one(&notes[range]).end
        };
        match self {
            Self::Shown => *dice.one(&shown),
            Self::Folding => late(log.folds.clone()),
            Self::Restarting => {
                let soon = |at: &usize| *at..(at + 8).min(notes.len());
                late(log.restarts.iter().map(soon).collect())
            }
            Self::Any => first + dice.number(last - first),
            Self::End => last,
        }
    }
}

/// A program under load until its log was folded and begun anew, and folded again meanwhile; then it dies.
async fn run(
    sim: &Simulator,
    folder: TempDir,
    ada: &mut Option<Client>,
    dice: &Dice,
) -> (Watched, Vec<Note>, Vec<Seen>) {
    let watched = Watched::new(folder.path());
    let command = watched.command(folder.path());
    let server = Server::launch(sim, folder, command).await;
    let person = match ada.take() {
        Some(client) => Client {
            url: server.url.clone(),
            ..client
        },
        None => server.person().await,
    };
    let notes: Arc<Path> = watched.notes.path().into();
    let ask = |model| tokio::spawn(witness(person.clone(), model, Arc::clone(&notes)));
    let alone = ask("sim-short").await.unwrap();
    until("the log is folded", async || {
        Log::new(&watched, &watched.read()).folded
    })
    .await;
    let folds = Log::new(&watched, &watched.read()).folds.len();
    let others = ["sim-endless", "gpt-5.4", "sim-fast", "sim-think"].map(ask);
    until("the log is folded again", async || {
        Log::new(&watched, &watched.read()).folds.len() > folds
    })
    .await;
    tokio::time::sleep(dice.below(SOON)).await;
    let folder = server.kill();
    let mut seen = vec![alone];
    seen.extend(join_all(others).await.into_iter().map(Result::unwrap));
    let notes = watched.read();
    watched.complete(&notes, folder.path());
    *ada = Some(person);
    (watched, notes, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_at_any_moment_loses_nothing_that_was_shown() {
    let cuts = number("KEYLM_FAULT_CUTS").unwrap_or(CUTS);
    let dice = Dice::new("cuts");
    let sim = Simulator::start(0).await.unwrap();
    let (mut folder, mut ada) = (tempfile::tempdir().unwrap(), None);
    let (mut events, mut answers, mut folded, mut within, mut restarted) = (0, 0, 0, 0, 0);
    let (mut watched, mut notes, mut seen) = run(&sim, folder, &mut ada, &dice).await;
    for cut in 0..cuts {
        let log = Log::new(&watched, &notes);
        let kind = MOMENTS[usize::try_from(cut % 5).unwrap()];
        let torn = cut % CUTS >= CUTS / 2;
        let loss = if torn { Loss::Some(&dice) } else { Loss::All };
        let moment = kind.pick(&dice, &notes, &log, &seen);
        let shown: Vec<_> = seen.iter().filter_map(|seen| seen.before(moment)).collect();
        println!(
            "cut {cut}: {kind:?} at {moment}, {} answers shown",
            shown.len()
        );
        assert!(!shown.is_empty(), "nothing was seen before the cut");
        let done = |at: &usize| notes[*at].end <= moment;
        folded += usize::from(log.folds.iter().any(|fold| done(&fold.end)));
        let inside = |fold: &Range<usize>| done(&fold.start) && !done(&fold.end);
        within += usize::from(log.folds.iter().any(inside));
        restarted += usize::from(log.restarts.iter().any(done));
        answers += shown.len();
        events += shown.iter().map(|one| one.events.len()).sum::<usize>();

        let disk = watched.cut(&notes, moment, loss);
        let server = Server::start(&sim, disk, &[GENEROUS]).await;
        let ada_now = Client {
            url: server.url.clone(),
            ..ada.clone().unwrap()
        };
        assert_eq!(running(server.folder.path()).await, 0);
        aftermath(&ada_now, &shown, &[RESTARTED, COMPLETE]).await;
        again(&ada_now, &shown).await;
        consistent(server.folder.path()).await;
        folder = server.kill();
        if (cut + 1) % CUTS == 0 && cut + 1 < cuts {
            (watched, notes, seen) = run(&sim, folder, &mut ada, &dice).await;
        }
    }
    assert!(folded > 0 && restarted > 0, "no fold of the log was tested");
    println!(
        "{cuts} cuts, {folded} after a fold of the log, {within} inside one, {restarted} after it began anew; {answers} \
        answers, {events} events shown: none missing"
    );
}

/// An answer that the cut ended can be asked for again.
async fn again(client: &Client, shown: &[Shown]) {
    for one in shown {
        let message = intact(client, one, &[RESTARTED, COMPLETE]).await;
        if message["status"] == "failed" {
            let path = format!("/api/threads/{}/messages/{}/retry", one.thread, one.id);
            let request = json!({ "clientRequestId": format!("again-{}", one.id) });
            let mut tail = Tail::new(client.post(&path, &request).await);
            tail.until(2).await;
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_at_the_first_start_leaves_what_the_next_one_completes() {
    let cuts = number("KEYLM_FAULT_CUTS").unwrap_or(CUTS);
    let dice = Dice::new("first start");
    let sim = Simulator::start(0).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let watched = Watched::new(folder.path());
    let command = watched.command(folder.path());
    let server = Server::launch(&sim, folder, command).await;
    let form = json!({ "email": "ada@example.org", "password": PASSWORD });
    let made = server.client().post("/api/auth/register", &form).await;
    assert_eq!(made.status(), 201);
    let told = watched.notes.as_file().metadata().unwrap().len();
    let folder = server.kill();
    let notes = watched.read();
    watched.complete(&notes, folder.path());
    let mut early = 0;
    for cut in 0..cuts {
        let moment = dice.one(&notes).end;
        // One of them for sure after the account was made.
        let moment = if cut == 0 { told } else { moment };
        let loss = if cut % 2 == 0 {
            Loss::All
        } else {
            Loss::Some(&dice)
        };
        let disk = watched.cut(&notes, moment, loss);
        let server = Server::start(&sim, disk, &[GENEROUS]).await;
        let mut ada = server.client();
        if moment < told {
            early += 1;
            let made = ada.post("/api/auth/register", &form).await;
            assert!([201, 400].contains(&made.status().as_u16()));
        }
        let entered = ada.post("/api/auth/login", &form).await;
        assert_eq!(entered.status(), 200);
        ada.cookie = Some(cookie_of(&entered));
        ada.add_key("openai", OPENAI_KEY).await;
        alive(&ada).await;
        consistent(server.folder.path()).await;
    }
    println!("{cuts} cuts at the first start, {early} before it had made an account");
}
