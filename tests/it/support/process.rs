//! The real program in a process of its own.

use super::app::{Client, OPENAI_KEY, PASSWORD, cookie_of, http_client};
use keylm::server::simulate::Simulator;
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// A running program. It is killed when it is dropped.
pub struct Server {
    pub url: String,
    pub folder: TempDir,
    child: Child,
    output: Receiver<String>,
}

/// The program with nothing of this process's environment but what is named here.
pub fn command(folder: &std::path::Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keylm"));
    command
        .env_clear()
        .current_dir(folder)
        .env("KEYLM_ADDR", "127.0.0.1:0")
        .env("KEYLM_DATA_DIR", folder)
        .env("RATE_LIMIT_PER_MINUTE", "100000")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Server {
    /// Starts it on this folder, with the simulator behind it, and waits until it listens.
    pub async fn start(sim: &Simulator, folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let bases = [
            ("OPENAI_BASE_URL", sim.openai_url()),
            ("ANTHROPIC_BASE_URL", sim.anthropic_url()),
            ("GEMINI_BASE_URL", sim.gemini_url()),
        ];
        let mut command = command(folder.path(), settings);
        let mut child = command.envs(bases).spawn().unwrap();
        let (sender, output) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        let (listening, mut url) = tokio::sync::mpsc::unbounded_channel();
        for stream in streams {
            let (sender, listening) = (sender.clone(), listening.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some(url) = line.strip_prefix("listening on ") {
                        let _ = listening.send(url.to_owned());
                    }
                    let _ = sender.send(line);
                }
            });
        }
        drop(listening);
        let url = tokio::time::timeout(Duration::from_secs(20), url.recv()).await;
        let url = url.ok().flatten().unwrap_or_else(|| {
            panic!(
                "it does not listen: {:?}",
                output.try_iter().collect::<Vec<_>>()
            )
        });
        Self {
            url,
            folder,
            child,
            output,
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
        self.output.iter().collect::<Vec<String>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
