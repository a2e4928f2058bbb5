//! Child processes: what they say is kept in files, and they end with whoever started them.

use std::fs::{self, File};
use std::io::{Read, Seek, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::{evidence, wait_for};

/// How many lines of a process's last words are shown when a test fails.
const TAIL_LINES: usize = 60;

/// A running process of ours. Dropping it kills it, and nothing else.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// What a process that has ended said.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub out: Vec<u8>,
    /// Its standard error.
    pub err: String,
}

impl Process {
    /// Starts `command` under a name, which is also that of its files in `folder`. What an earlier
    /// process of the name said is gone.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command, name: &str, folder: &Path) -> Result<Self> {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        let create =
            |path: &Path| File::create(path).with_context(|| format!("create {}", path.display()));
        let child = command
            .stdin(Stdio::piped())
            .stdout(create(&out)?)
            .stderr(create(&err)?)
            .spawn()
            .with_context(|| format!("start {}", command.get_program().display()))?;
        Ok(Self { name: name.to_owned(), child, out, err })
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its standard output so far.
    #[must_use]
    pub fn out(&self) -> String {
        text(&self.out)
    }

    /// What it has written to its standard error so far.
    #[must_use]
    pub fn err(&self) -> String {
        text(&self.err)
    }

    /// Keeps what it has said as evidence, once it says no more.
    pub(crate) fn keep(&self) {
        evidence::output(&self.out);
        evidence::log(&self.err);
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    ///
    /// When it does not take it.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().context("its standard input is closed")?;
        writeln!(input, "{line}").and_then(|()| input.flush()).context("write to a process")
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("ask for a process")
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it does not end `within` that time.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        wait_for(&what, within, || self.child.try_wait().transpose())?.context("wait for a process")
    }

    /// Kills it, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("kill a process")?;
        self.child.wait().context("wait for a killed process")?;
        Ok(())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// When it is not there any more.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).context("no process")?;
        kill_process(id, signal).with_context(|| format!("send {} a {signal:?}", self.name))
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "a failing test shows what its processes said")]
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.err();
            let lines: Vec<_> = said.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
            eprintln!("--- {} said at last:\n{}\n---", self.name, tail.join("\n"));
        }
    }
}

/// Runs `command` to its end.
///
/// # Errors
///
/// When it cannot be started, or does not end `within` that time; then it is killed.
pub fn run(command: &mut Command, within: Duration) -> Result<Finished> {
    let name = command.get_program().display().to_string();
    let files = || tempfile::tempfile().context("make a temporary file");
    let (mut out, mut err) = (files()?, files()?);
    let clone = |file: &File| file.try_clone().context("clone a file");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(clone(&out)?)
        .stderr(clone(&err)?)
        .spawn()
        .with_context(|| format!("start {name}"))?;
    let waited = wait_for(&format!("{name} to end"), within, || child.try_wait().transpose());
    if waited.is_err() {
        // It may end between the last look and this.
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = waited?.context("wait for a process")?;
    let (mut bytes, mut said) = (Vec::new(), Vec::new());
    for (file, into) in [(&mut out, &mut bytes), (&mut err, &mut said)] {
        file.rewind().context("rewind a file")?;
        file.read_to_end(into).context("read what a process said")?;
    }
    Ok(Finished { status, out: bytes, err: String::from_utf8_lossy(&said).into_owned() })
}

/// Lets this process have as many files and connections open as the system allows it.
///
/// # Errors
///
/// When the system does not.
pub fn open_many() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = Rlimit { current: maximum, maximum };
    setrlimit(Resource::Nofile, most).context("ask for more descriptors")
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_process_says_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo out; echo err >&2; read line; echo \"$line\"";
        let mut process = Process::start(&mut shell(script), "sh", folder.path()).unwrap();
        process.tell("told").unwrap();
        assert!(process.wait(SOON).unwrap().success());
        assert_eq!((process.out().as_str(), process.err().as_str()), ("out\ntold\n", "err\n"));
        assert!(process.tell("more").is_err());
    }

    #[test]
    fn a_signal_reaches_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done";
        let mut process = Process::start(&mut shell(script), "sh", folder.path()).unwrap();
        wait_for("the trap", SOON, || process.out().contains("ready").then_some(())).unwrap();
        assert!(process.ended().unwrap().is_none());
        process.signal(Signal::TERM).unwrap();
        assert_eq!(process.wait(SOON).unwrap().code(), Some(7));
    }

    #[test]
    fn a_process_that_does_not_end_is_killed() {
        let error = run(&mut shell("exec sleep 60"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.to_string(), "waited 50ms for sh to end");
        let finished = run(&mut shell("echo a; echo b >&2; exit 3"), SOON).unwrap();
        assert_eq!((finished.status.code(), finished.out.as_slice()), (Some(3), &b"a\n"[..]));
        assert_eq!(finished.err, "b\n");
    }
}
