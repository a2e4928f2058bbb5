//! Running programs: found on `PATH`, timed, and read line by line.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::places::Places;

/// How long output may still come after the program that we started has ended. What it leaves
/// behind may hold its output open for ever.
const LINGER_MAX: Duration = Duration::from_secs(1);

/// What `cargo run` tells a program about itself. Handed on to another cargo, it would make build
/// scripts that look at it run again.
const OF_CARGO_RUN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A cargo that builds into the shared target folder, run from the checkout.
pub(crate) fn cargo(places: &Places) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OF_CARGO_RUN.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_TARGET_DIR", &places.target).current_dir(&places.root);
    cargo
}

/// Runs `command` with its output shown, and says what it was and how long it took.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    println!("== {what}: {}", shown(command));
    let begun = Instant::now();
    let status = command.status().with_context(|| format!("start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    println!("== {what}: {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Runs `command` and hands over each line that it writes, of both outputs, as it comes.
pub(crate) fn run_lines(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start `{}`", shown(command)))?;
    let (sender, lines) = mpsc::channel();
    if let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) {
        send_lines(output, sender.clone());
        send_lines(errors, sender);
    }
    let mut ended_at = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(text) => line(&text),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended_at.is_none() && child.try_wait()?.is_some() {
            ended_at = Some(Instant::now());
        }
        if ended_at.is_some_and(|at| at.elapsed() > LINGER_MAX) {
            break;
        }
    }
    Ok(child.wait()?)
}

/// Whether `command` runs and ends well; nothing of it is shown.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The first line that `command` writes, if it ends well.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Where `program` is on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?, program)
}

/// Where `program` is in the folders that `path` lists.
fn find_in(path: &OsStr, program: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// `command` as a person types it, without the path of its program.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn send_lines(output: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut bytes = Vec::new();
        while output.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
            if lines.send(text).is_err() {
                return;
            }
            bytes.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn lines_of_both_outputs_are_read() {
        let mut lines = Vec::new();
        let script = "echo one; echo two >&2; printf three; exit 3";
        let status = run_lines(&mut shell(script), |line| lines.push(line.to_owned())).unwrap();
        lines.sort();
        assert_eq!(
            (lines, status.code()),
            (vec!["one".into(), "three".into(), "two".into()], Some(3))
        );
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let begun = Instant::now();
        let status = run_lines(&mut shell("sleep 30 & echo done"), |_| {}).unwrap();
        assert!(status.success() && begun.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn a_program_is_found_only_where_it_may_be_run() {
        assert_eq!(find_in(OsStr::new("/nowhere:/bin"), "sh"), Some("/bin/sh".into()));
        assert_eq!(find_in(OsStr::new("/nowhere:/etc"), "passwd"), None);
        assert_eq!(find_in(OsStr::new("/"), "bin"), None);
    }

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        assert_eq!(shown(Command::new("/usr/bin/npm").args(["run", "build"])), "npm run build");
    }
}
