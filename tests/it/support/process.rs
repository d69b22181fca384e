//! The real program in a process of its own.

use super::app::{Client, OPENAI_KEY, PASSWORD, cookie_of, http_client};
use keylm::server::simulate::Simulator;
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// How long a start may take before it counts as failed.
const START: Duration = Duration::from_secs(30);
const PROGRAM: &str = env!("CARGO_BIN_EXE_keylm");

/// A running program. It is killed when it is dropped.
pub struct Server {
    pub url: String,
    pub folder: TempDir,
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    listeners: Vec<JoinHandle<()>>,
}

/// The program with nothing of this process's environment but what is named here.
pub fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    prepared(Command::new(PROGRAM), folder, settings)
}

/// The same, started by a shell that has said this first: a limit, a signal to ignore.
pub fn command_after(words: &str, folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{words}; exec \"$0\" \"$@\""), PROGRAM]);
    prepared(shell, folder, settings)
}

/// Where this simulator is, as settings.
pub fn behind(command: &mut Command, sim: &Simulator) {
    command.envs(sim.urls());
}

fn prepared(mut command: Command, folder: &Path, settings: &[(&str, &str)]) -> Command {
    command
        .env_clear()
        .current_dir(folder)
        .env("KEYLM_ADDR", "127.0.0.1:0")
        .env("KEYLM_DATA_DIR", folder)
        .env("RATE_LIMIT_PER_MINUTE", "100000")
        .env("AUTO_TITLES", "off")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Server {
    /// Starts it on this folder, with the simulator behind it, and waits until it listens.
    pub async fn start(sim: &Simulator, folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let command = command(folder.path(), settings);
        Self::launch(sim, folder, command).await
    }

    /// The same with a command of the caller's.
    pub async fn launch(sim: &Simulator, folder: TempDir, mut command: Command) -> Self {
        behind(&mut command, sim);
        let mut child = command.spawn().unwrap();
        let output = Arc::<Mutex<Vec<String>>>::default();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        let (listening, mut url) = tokio::sync::mpsc::unbounded_channel();
        let listeners = streams
            .into_iter()
            .map(|stream| {
                let (output, listening) = (Arc::clone(&output), listening.clone());
                std::thread::spawn(move || {
                    for line in BufReader::new(stream).lines().map_while(Result::ok) {
                        if let Some(url) = line.strip_prefix("listening on ") {
                            let _ = listening.send(url.to_owned());
                        }
                        output.lock().unwrap().push(line);
                    }
                })
            })
            .collect();
        drop(listening);
        let url = tokio::time::timeout(START, url.recv()).await;
        let url = url
            .ok()
            .flatten()
            .unwrap_or_else(|| panic!("it does not listen: {:?}", output.lock().unwrap()));
        Self {
            url,
            folder,
            child,
            output,
            listeners,
        }
    }

    /// The same, and what it says goes into this file only.
    pub async fn launch_into(
        sim: &Simulator,
        folder: TempDir,
        mut command: Command,
        log: &Path,
    ) -> Self {
        behind(&mut command, sim);
        let file = std::fs::File::create(log).unwrap();
        let child = command.stdout(file.try_clone().unwrap()).stderr(file);
        let child = child.spawn().unwrap();
        let listening = async {
            loop {
                let said = std::fs::read_to_string(log).unwrap();
                let mut lines = said.split_inclusive('\n');
                let url =
                    lines.find_map(|line| line.strip_prefix("listening on ")?.strip_suffix('\n'));
                if let Some(url) = url {
                    return url.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let url = tokio::time::timeout(START, listening).await;
        Self {
            url: url.expect("it listens"),
            folder,
            child,
            output: Arc::default(),
            listeners: Vec::new(),
        }
    }

    /// Somebody who is not signed in.
    pub fn client(&self) -> Client {
        Client {
            url: self.url.clone(),
            cookie: None,
            http: http_client(),
            email: String::new(),
        }
    }

    /// Ada, signed in, with a key.
    pub async fn person(&self) -> Client {
        let mut client = self.client();
        let form = json!({ "email": "ada@example.org", "password": PASSWORD });
        let made = client.post("/api/auth/register", &form).await;
        assert_eq!(made.status(), 201);
        client.cookie = Some(cookie_of(&made));
        client.add_key("openai", OPENAI_KEY).await;
        client
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many files and sockets it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id()))
            .unwrap()
            .count()
    }

    /// Kilobytes of memory that it has.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let words = line.unwrap().split_whitespace().nth(1);
        words.unwrap().parse().unwrap()
    }

    /// The lines of its log, so far, that have all of these words.
    pub fn logged(&self, words: &[&str]) -> usize {
        let lines = self.output.lock().unwrap();
        let hit = |line: &&String| words.iter().all(|word| line.contains(word));
        lines.iter().filter(hit).count()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// How many files it has open.
    pub fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Allows it this many open files from now on.
    pub fn allow_files(&self, most: usize) {
        let id = self.child.id().to_string();
        let limit = format!("--nofile={most}:4096");
        let done = Command::new("prlimit")
            .args(["--pid", &id, &limit])
            .status();
        assert!(done.unwrap().success());
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Ends it as a power cut would, and answers its folder.
    pub fn kill(mut self) -> TempDir {
        self.signal("-KILL");
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let wait = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait)
            .await
            .expect("it ends")
    }

    /// All that it wrote, once it has ended.
    pub async fn logs(&mut self) -> String {
        self.ended().await;
        for listener in self.listeners.drain(..) {
            listener.join().unwrap();
        }
        self.output.lock().unwrap().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
