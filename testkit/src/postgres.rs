//! A real PostgreSQL, as Debian packages it.

mod programs;
#[cfg(test)]
mod tests;

use std::fmt::{self, Debug, Formatter};
use std::fs::{self, File};
use std::io::Read;
use std::iter;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::run;
use crate::{Process, evidence, wait_for, wait_until};
use programs::Programs;

/// How long the server may take until it answers: the machine may be busy.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take to end, and its processes to be gone.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How long a program beside it may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(60);
/// How often another port is tried when somebody else has taken the first.
const PORTS_TRIED: usize = 5;

/// The superuser of the cluster of databases.
const USER: &str = "weir";
/// Nothing is synced to the disk: a test outlives no loss of power. What is committed outlives
/// `kill -9` all the same, since the log of writes is in the system's cache by then.
const SETTINGS: [&str; 9] = [
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "shared_buffers=32MB",
    // In the data folder, so that a killed server leaves none of it behind.
    "dynamic_shared_memory_type=mmap",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "log_line_prefix=%m [%p] %d ",
];

/// A running PostgreSQL with a data folder of its own, on a free port of this machine, for which
/// everybody needs a password. Dropping it ends it.
pub struct Postgres {
    process: Process,
    programs: Programs,
    folder: TempDir,
    port: u16,
    password: String,
    databases: AtomicU32,
    starts: u32,
}

impl Postgres {
    /// Makes a data folder and starts a server with it; as nobody where the test is root, which
    /// PostgreSQL refuses to be.
    ///
    /// # Errors
    ///
    /// When there is no PostgreSQL, or it does not start; the error shows what it said.
    pub fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::tempdir().context("make a folder for PostgreSQL")?;
        let password = random_text()?;
        evidence::secret("password of a database", &password);
        let file = folder.path().join("password");
        fs::write(&file, &password).context("write a password")?;
        for path in [folder.path(), &file] {
            programs::give(path)?;
        }
        let mut initdb = programs.command("initdb");
        initdb.arg("--pgdata").arg(data(folder.path())).arg("--pwfile").arg(&file);
        initdb.args(["--username", USER, "--auth", "scram-sha-256", "--locale", "C"]);
        initdb.args(["--encoding", "UTF8", "--no-sync", "--no-instructions"]);
        let made = run(&mut initdb, COMMAND_WITHIN)?;
        ensure!(made.status.success(), "initdb: {}", made.err);
        fs::remove_file(&file).context("remove a password")?;
        let (process, port) = launch(&programs, folder.path(), None, 1)?;
        let databases = AtomicU32::new(0);
        Ok(Self { process, programs, folder, port, password, databases, starts: 1 })
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn url(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let database = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(self.url_of(&database))
    }

    /// The URL of a database, whether it is there or not.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// What PostgreSQL's own client prints for a text of SQL: a line for each row, columns between
    /// bars. `at` is a database, or its URL.
    ///
    /// # Errors
    ///
    /// When a statement fails; the error is what the client says.
    pub fn sql(&self, at: &str, text: &str) -> Result<String> {
        let url = if at.contains("://") { at.to_owned() } else { self.url_of(at) };
        let mut psql = self.programs.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--command", text]).arg(url);
        let finished = run(&mut psql, COMMAND_WITHIN)?;
        ensure!(finished.status.success(), "psql: {}", finished.err.trim());
        Ok(String::from_utf8_lossy(&finished.out).trim_end().to_owned())
    }

    /// Ends every connection to a database, as an operator or a fail-over does, and returns how
    /// many there were.
    ///
    /// # Errors
    ///
    /// When the server does not do it.
    pub fn disconnect(&self, url: &str) -> Result<usize> {
        let database = url.rsplit('/').next().unwrap_or_default();
        let ended = self.sql(
            "postgres",
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = '{database}'"
            ),
        )?;
        Ok(ended.lines().count())
    }

    /// Kills all its processes as `kill -9` does, and waits until they are gone.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill_9(&mut self) -> Result<()> {
        // Stopped first, so that it starts no other one.
        let processes = self.stopped()?;
        for process in &processes {
            // It may be gone already.
            let _ = kill_process(*process, Signal::KILL);
        }
        self.process.kill()?;
        let gone = || processes.iter().all(|process| !is_there(*process));
        wait_until("PostgreSQL's processes to be gone", ENDS_WITHIN, gone)
    }

    /// Ends it as an operator's `stop -m fast` does: connections are closed.
    ///
    /// # Errors
    ///
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<()> {
        self.process.signal(Signal::INT)?;
        self.process.wait(ENDS_WITHIN).map(drop)
    }

    /// Starts it again on the same data and the same port.
    ///
    /// # Errors
    ///
    /// When it still runs, or does not start.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.ended()?.is_some(), "PostgreSQL still runs");
        self.keep_log();
        self.starts += 1;
        let (folder, port) = (self.folder.path(), Some(self.port));
        (self.process, self.port) = launch(&self.programs, folder, port, self.starts)?;
        Ok(())
    }

    /// Stops all its processes where they are (`SIGSTOP`): connections stay open, new ones are
    /// taken by the system, and nobody answers.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn freeze(&self) -> Result<()> {
        self.stopped().map(drop)
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn thaw(&self) -> Result<()> {
        for process in self.children()? {
            // It may have been killed meanwhile.
            let _ = kill_process(process, Signal::CONT);
        }
        self.process.signal(Signal::CONT)
    }

    /// What it logged since its latest start.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.err()
    }

    /// Stops all its processes, and returns those which it started.
    fn stopped(&self) -> Result<Vec<Pid>> {
        self.process.signal(Signal::STOP)?;
        let children = self.children()?;
        for process in &children {
            // It may have ended by itself.
            let _ = kill_process(*process, Signal::STOP);
        }
        Ok(children)
    }

    /// The processes that it started: one for each connection, and its helpers.
    fn children(&self) -> Result<Vec<Pid>> {
        let parent = self.process.id().to_string();
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc").context("list the processes")? {
            let entry = entry.context("list the processes")?;
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            // Most are other people's, and any may have ended.
            let Some(number) = number.and_then(Pid::from_raw) else { continue };
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            children.extend((parent_in(&stat) == Some(&parent)).then_some(number));
        }
        Ok(children)
    }

    fn keep_log(&self) {
        self.process.keep();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may be stopped, or gone.
        let _ = self.thaw();
        let _ = self.process.signal(Signal::QUIT);
        if self.process.wait(ENDS_WITHIN).is_err() {
            let _ = self.kill_9();
        }
        self.keep_log();
    }
}

impl Debug for Postgres {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Starts a server on `port`, or on a free one, and waits until it takes connections.
fn launch(
    programs: &Programs,
    folder: &Path,
    port: Option<u16>,
    number: u32,
) -> Result<(Process, u16)> {
    let ports = port.map_or_else(
        || iter::repeat_with(free_port).take(PORTS_TRIED).collect(),
        |port| vec![Ok(port)],
    );
    let mut said = String::new();
    for port in ports {
        let port = port?;
        let mut postgres = programs.command("postgres");
        postgres.arg("-D").arg(data(folder)).args(["-p", &port.to_string()]);
        postgres.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        let mut process = Process::start(&mut postgres, &format!("postgres-{number}"), folder)?;
        let answers = || match process.ended() {
            Ok(Some(status)) => Some(Err(status)),
            Ok(None) | Err(_) => {
                let mut ready = programs.command("pg_isready");
                let address = ["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()];
                let ready = run(ready.args(address), COMMAND_WITHIN);
                ready.is_ok_and(|ready| ready.status.success()).then_some(Ok(()))
            }
        };
        match wait_for("PostgreSQL", STARTS_WITHIN, answers)
            .with_context(|| format!("PostgreSQL says: {}", process.err()))?
        {
            Ok(()) => return Ok((process, port)),
            Err(_) => said = process.err(),
        }
        if !said.contains("Address already in use") {
            break;
        }
    }
    bail!("PostgreSQL does not start: {said}")
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.context("look for a free port")?.port())
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The number of the parent in what `/proc/PID/stat` says. The name before it may have spaces and
/// parentheses in it.
fn parent_in(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)
}

/// Whether a process is there, and not only waits to be asked how it ended.
fn is_there(process: Pid) -> bool {
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = fs::read_to_string(path).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z")
}

/// Thirty-two characters that nobody guesses.
fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    let mut source = File::open("/dev/urandom").context("open the system's randomness")?;
    source.read_exact(&mut bytes).context("read the system's randomness")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
