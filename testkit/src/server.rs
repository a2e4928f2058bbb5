//! The program itself, in a folder of its own, on free ports.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde::Deserialize;
use tempfile::TempDir;

use crate::process::{Finished, Process, run};
use crate::{Http, Viewer, evidence, wait_for};

/// How long a server may take until it takes connections: the machine may be busy.
const START_WITHIN: Duration = Duration::from_secs(20);
/// How long a command of the program may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(20);
/// How long its last metrics may take: it need not be well any more.
const METRICS_WITHIN: Duration = Duration::from_secs(2);
/// What stands before a stream's key in what the first start prints.
const KEY_LABEL: &str = "Stream key";
/// What the link stands behind that makes somebody the owner.
const SETUP_LABEL: &str = "Own it";

/// What starts a server: a shell with as many descriptors as Debian gives one, whatever this
/// machine's has. The server takes the shell's place, and its number.
const SHELL: &str = "ulimit -Sn 1024; exec \"$0\" \"$@\"";

/// A server with its data. Dropping it kills it and removes the data.
#[derive(Debug)]
pub struct Server {
    /// Before the folder, so that it is gone before its data is, and its last words are not.
    process: Process,
    program: PathBuf,
    folder: TempDir,
    arguments: Vec<String>,
    ports: Ports,
    /// What processes before this one logged.
    earlier_log: String,
    starts: u32,
}

/// What `ports.json` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Ports {
    /// Where encoders push.
    pub rtmp: SocketAddr,
    /// Where they push through TLS.
    #[serde(default)]
    pub rtmps: Option<SocketAddr>,
    /// Where other nodes read.
    #[serde(default)]
    pub peers: Option<SocketAddr>,
    /// Where viewers watch.
    pub http: SocketAddr,
    /// Where operators look.
    pub admin: SocketAddr,
}

impl Server {
    /// Starts `program up` with more `arguments`, on free ports and new data, and waits until it
    /// takes connections.
    ///
    /// # Errors
    ///
    /// When it does not; the error shows what it said.
    pub fn start(program: impl AsRef<Path>, arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder")?;
        let program = program.as_ref().to_owned();
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let ports = Ports { rtmp: any, rtmps: None, peers: None, http: any, admin: any };
        let (process, ports) = launch(&program, folder.path(), &arguments, &ports, 1)?;
        let earlier_log = String::new();
        Ok(Self { program, folder, arguments, ports, process, earlier_log, starts: 1 })
    }

    /// The same without keys: any stream name under `live/` is taken.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn open(program: impl AsRef<Path>, arguments: &[&str]) -> Result<Self> {
        let arguments: Vec<_> = ["--open"].iter().chain(arguments).copied().collect();
        Self::start(program, &arguments)
    }

    /// Kills it as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill_9(&mut self) -> Result<()> {
        self.keep_metrics();
        self.process.kill()
    }

    /// Starts it again on the same data and the same ports.
    ///
    /// # Errors
    ///
    /// When it still runs, or does not start.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.ended()?.is_some(), "the server still runs");
        self.keep_words();
        self.earlier_log.push_str(&self.process.err());
        self.starts += 1;
        let (process, ports) =
            launch(&self.program, self.folder.path(), &self.arguments, &self.ports, self.starts)?;
        self.process = process;
        self.ports = ports;
        Ok(())
    }

    /// Asks it to stop (`SIGTERM`) and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not `within` that time.
    pub fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        self.begin_to_stop()?;
        self.process.wait(within)
    }

    /// Asks it to stop (`SIGTERM`).
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn begin_to_stop(&self) -> Result<()> {
        self.keep_metrics();
        self.process.signal(Signal::TERM)
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn has_stopped(&mut self) -> bool {
        matches!(self.process.ended(), Ok(Some(_)))
    }

    /// Its ports.
    #[must_use]
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data(self.folder.path())
    }

    /// A folder for a test's other files; it goes with the server.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client of the viewers' port.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(self.ports.http)
    }

    /// A client of the operators' port.
    #[must_use]
    pub fn admin(&self) -> Http {
        Http::new(self.ports.admin)
    }

    /// Where a stream of `live` is pushed to, by its name or key.
    #[must_use]
    pub fn push_url(&self, name: &str) -> String {
        format!("rtmp://{}/live/{name}", self.ports.rtmp)
    }

    /// A viewer of a stream of `live`.
    #[must_use]
    pub fn watch(&self, name: &str) -> Viewer {
        Viewer::start(self.ports.http, &format!("live/{name}"))
    }

    /// Everything that was logged since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.earlier_log.clone() + &self.process.err()
    }

    /// The lines of the log that contain `text`.
    #[must_use]
    pub fn log_lines(&self, text: &str) -> Vec<String> {
        self.log().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// What the latest start printed for people.
    #[must_use]
    pub fn welcome(&self) -> String {
        self.process.out()
    }

    /// The same, once `text` is in it.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn welcome_with(&self, text: &str) -> Result<String> {
        let what = format!("{text:?} in what the server prints");
        wait_for(&what, START_WITHIN, || Some(self.welcome()).filter(|said| said.contains(text)))
    }

    /// Runs a command of the program on the server's data.
    ///
    /// # Errors
    ///
    /// When it does not end in time.
    pub fn command(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = Command::new(&self.program);
        finished(command.args(arguments).arg("--data").arg(self.data()))
    }

    /// The key of a stream, as the program's command shows it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn stream_key(&self, name: &str) -> Result<String> {
        let finished = self.command(&["stream", "key", name])?;
        ensure!(finished.status.success(), "no key of {name}: {}", finished.err);
        let key = String::from_utf8(finished.out).context("read a key")?.trim().to_owned();
        evidence::secret(evidence::STREAM_KEY, &key);
        Ok(key)
    }

    /// How much memory the process has now, in KiB (`VmRSS`).
    ///
    /// # Errors
    ///
    /// When the process is not there.
    pub fn memory_kib(&self) -> Result<u64> {
        self.status_kib("VmRSS:")
    }

    /// How much memory the process had at most, in KiB (`VmHWM`).
    ///
    /// # Errors
    ///
    /// When the process is not there.
    pub fn memory_peak_kib(&self) -> Result<u64> {
        self.status_kib("VmHWM:")
    }

    /// Keeps its metrics as evidence, if it still answers.
    fn keep_metrics(&self) {
        if evidence::is_wanted()
            && let Ok(reply) = Http::within(self.ports.admin, METRICS_WITHIN).get("/metrics")
        {
            evidence::metrics(&reply.text());
        }
    }

    /// Keeps what the process said, which has ended, and notes the key that it showed.
    fn keep_words(&self) {
        for line in self.process.out().lines() {
            let key = line.trim().strip_prefix(KEY_LABEL).map(str::trim);
            // Other starts say in words how it is shown.
            if let Some(key) = key.filter(|key| !key.contains(' ')) {
                evidence::secret(evidence::STREAM_KEY, key);
            }
            let link = line.trim().strip_prefix(SETUP_LABEL).and_then(|it| it.rsplit_once('#'));
            if let Some((_, secret)) = link {
                evidence::secret(evidence::SETUP_LINK, secret);
            }
        }
        self.process.keep();
    }

    fn status_kib(&self, field: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.with_context(|| format!("{path} has no {field}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.has_stopped() {
            self.keep_metrics();
            // It has its last word before that is kept.
            let _ = self.process.kill();
        }
        self.keep_words();
    }
}

/// Runs the program to its end, without a server.
///
/// # Errors
///
/// When it cannot be started, or does not end in time.
pub fn weir(program: impl AsRef<Path>, arguments: &[&str]) -> Result<Finished> {
    finished(Command::new(program.as_ref()).args(arguments))
}

/// Runs a command of the program to its end. What it prints for its caller may be a secret that was
/// asked for; what it says otherwise may not.
fn finished(command: &mut Command) -> Result<Finished> {
    let finished = run(command, COMMAND_WITHIN)?;
    evidence::answer(&finished.err);
    Ok(finished)
}

fn launch(
    program: &Path,
    folder: &Path,
    arguments: &[String],
    ports: &Ports,
    number: u32,
) -> Result<(Process, Ports)> {
    let file = data(folder).join("ports.json");
    // A server that was killed has left its own.
    let _ = fs::remove_file(&file);
    let mut command = Command::new("sh");
    command.args(["-c", SHELL]).arg(program).arg("up").arg("--data").arg(data(folder));
    command.args(["--rtmp", &ports.rtmp.to_string(), "--http", &ports.http.to_string()]);
    command.args(["--admin", &ports.admin.to_string()]).args(arguments);
    let mut process = Process::start(&mut command, &format!("server-{number}"), folder)?;
    let ports = wait_for("ports.json", START_WITHIN, || match process.ended() {
        Ok(Some(status)) => Some(Err(status)),
        Ok(None) | Err(_) => Some(Ok(serde_json::from_slice(&fs::read(&file).ok()?).ok()?)),
    });
    match ports.with_context(|| format!("the server said: {}", process.err()))? {
        Ok(ports) => Ok((process, ports)),
        Err(status) => {
            process.keep();
            bail!("the server did not start ({status}): {}", process.err())
        }
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that says its ports and its arguments, as far as a server's life goes.
    fn program(script: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        (folder, path)
    }

    const UP: &str = r#"
        [ "$1" = up ] || { echo "$*"; exit; }
        mkdir -p "$3"; echo "$*" >&2
        echo '{"rtmp": "127.0.0.1:1", "http": "127.0.0.1:2", "admin": "127.0.0.1:3"}' >"$3/ports.json"
        exec sleep 60"#;

    #[test]
    fn a_server_keeps_its_data_and_ports_over_a_restart() {
        let (_folder, path) = program(UP);
        let mut server = Server::open(&path, &["--set", "a=b"]).unwrap();
        assert_eq!(server.ports().http.port(), 2);
        assert_eq!(server.push_url("x"), "rtmp://127.0.0.1:1/live/x");
        assert!(server.restart().is_err(), "it still runs");
        assert!(server.memory_kib().unwrap() > 0);
        server.kill_9().unwrap();
        server.restart().unwrap();
        let log = server.log();
        let (first, second) = log.trim_end().split_once('\n').unwrap();
        assert!(first.ends_with("--admin 127.0.0.1:0 --open --set a=b"), "{first}");
        assert!(second.contains("--rtmp 127.0.0.1:1 --http 127.0.0.1:2"), "{second}");
        assert!(!server.terminate(START_WITHIN).unwrap().success());
        assert_eq!(
            server.stream_key("x").unwrap(),
            format!("stream key x --data {}", server.data().display())
        );
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let (_folder, path) = program("echo no disk >&2; exit 64");
        let error = Server::start(&path, &[]).unwrap_err().to_string();
        assert!(error.contains("no disk") && error.contains("64"), "{error}");
    }
}
