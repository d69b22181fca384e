//! The process that is measured: started, pinned, looked at, ended.

use crate::wire::Wire;
use crate::{Result, machine, wire};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::sleep;

/// How long anything may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running process with a folder for what it keeps.
pub struct Process {
    /// Where it listens.
    pub addr: SocketAddr,
    /// From the start to the first 200.
    pub started_in: Duration,
    child: Child,
    folder: PathBuf,
}

impl Process {
    /// Starts `command`, told its address by `listen`, and waits until it is ready. With `cores` it runs on those only.
    pub async fn start(
        program: &Path,
        folder: &Path,
        cores: Option<&str>,
        tell: impl FnOnce(&mut Command, SocketAddr),
    ) -> Result<Self> {
        let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = match cores {
            Some(cores) => {
                let mut command = Command::new("taskset");
                command.args(["-c", cores]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        tell(&mut command, addr);
        let log = File::create(folder.join("log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let begun = Instant::now();
        let mut process = Self {
            addr,
            child: command.spawn()?,
            started_in: Duration::ZERO,
            folder: folder.to_owned(),
        };
        while !process.ready().await {
            if begun.elapsed() > PATIENCE || process.child.try_wait()?.is_some() {
                return Err(format!("it does not start: {}", process.log()).into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        process.started_in = begun.elapsed();
        Ok(process)
    }

    async fn ready(&self) -> bool {
        let Ok(mut wire) = Wire::connect(self.addr).await else {
            return false;
        };
        let reply = wire
            .ask("GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n")
            .await;
        reply.is_ok_and(|reply| reply.status == 200)
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Processor time so far, in seconds, of the program and the kernel for it.
    pub fn cpu_seconds(&self) -> Result<f64> {
        machine::seconds(&format!("/proc/{}/stat", self.child.id()), 2)
    }

    /// Memory that it holds, in kilobytes.
    pub fn memory_kb(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let size = wire::header(&status, "vmrss").ok_or("no VmRSS in /proc/PID/status")?;
        Ok(size.trim_end_matches(" kB").parse()?)
    }

    /// Asks it to end, and says how long that took.
    pub async fn terminate(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                return Err("it does not end".into());
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(begun.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Moves this process, with the load and the provider in it, to some cores.
pub fn move_to(cores: &str) -> Result<()> {
    let pid = std::process::id().to_string();
    let mut command = Command::new("taskset");
    let moved = command.args(["-acp", cores, &pid]).stdout(Stdio::null());
    if moved.status()?.success() {
        Ok(())
    } else {
        Err("taskset does not work here".into())
    }
}

/// A new folder for what a process keeps.
pub fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("keylm-bench-").tempdir()?)
}
