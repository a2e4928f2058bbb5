//! `weir doctor rtmp://…`: a rehearsal. One push is listened to for a while, nothing of it is kept,
//! and what is wrong with it is printed.

mod report;
mod target;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use ingest::{Disconnect, Rehearsal, Stage};
use runtime::{Signals, bind_tcp, unix_ms};
use segmenter::{Diagnosis, Grade};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::report::Report;
use self::target::Url;
use crate::announce;
use crate::config::Span;

pub(crate) const EXAMPLES: &str = "\
Examples:
  weir doctor rtmp://127.0.0.1:1935/live/test
                                then push there from OBS (Server rtmp://127.0.0.1:1935/live,
                                Stream Key test) or ffmpeg
  weir doctor rtmp://0.0.0.0/live --duration 3m --json

Exit codes: 0 good, 3 fair, 4 poor; 1 nothing could be judged, 2 and 64 wrong usage";

/// What `weir doctor` is told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the push is taken: as `rtmp://0.0.0.0:1935/live/test`; 0.0.0.0 is every address of
    /// this machine
    url: String,
    /// How long it is watched; bit rates and frame rates need half a minute, a clock two and a half
    #[arg(long, value_name = "TIME", default_value = "30s")]
    duration: Span,
    /// How long a push is waited for
    #[arg(long, value_name = "TIME", default_value = "10m")]
    wait: Span,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The exit code when there was nothing to judge. Those of `weir check` mean the same.
const NOTHING: u8 = 1;
const FAIR: u8 = 3;
const POOR: u8 = 4;
/// Connections that may be open before one pushes; more wait.
const CANDIDATES_MAX: usize = 16;
/// The shortest time that anything can be said of.
const SHORTEST: Duration = Duration::from_secs(5);
/// How often progress is shown.
const EVERY: Duration = Duration::from_secs(1);
/// How often where nobody looks: in a log.
const SELDOM: u32 = 5;

/// Rehearses a push, and says by the exit code how good it is.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let url = match Url::parse(&arguments.url) {
        Ok(url) if arguments.duration.0 >= SHORTEST => url,
        Ok(_) => {
            announce::error(&anyhow::anyhow!("--duration must be 5s or more"));
            return ExitCode::from(crate::USAGE);
        }
        Err(error) => {
            announce::error(&error.into());
            return ExitCode::from(crate::USAGE);
        }
    };
    match listen(arguments, &url) {
        Ok(report) => match report.grade() {
            Some(Grade::Good) => ExitCode::SUCCESS,
            Some(Grade::Fair) => ExitCode::from(FAIR),
            Some(Grade::Poor) => ExitCode::from(POOR),
            None => ExitCode::from(NOTHING),
        },
        Err(error) => {
            announce::error(&error);
            ExitCode::from(NOTHING)
        }
    }
}

fn listen(arguments: &Arguments, url: &Url) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(rehearse(arguments, url))?;
    let text = if arguments.json { report.json() } else { report.text() };
    announce::print(&text)?;
    Ok(report)
}

async fn rehearse(arguments: &Arguments, url: &Url) -> anyhow::Result<Report> {
    let mut signals = Signals::listen().context("listen for signals")?;
    let (listener, address) = bind_tcp("The rehearsal", url.resolve()?)?;
    let progress = Progress::new();
    progress.say(&format!("Waiting for a push to {}", url.at(address)));
    let patience = Instant::now() + arguments.wait.0;
    let rehearsal = tokio::select! {
        rehearsal = first_push(&listener, url, &progress) => rehearsal?,
        () = sleep_until(patience) => {
            bail!("nobody has pushed to {} within {}", url.at(address), arguments.wait)
        }
        _signal = signals.next() => bail!("stopped before anybody pushed to {}", url.at(address)),
    };
    // Exactly one push is taken: whoever comes now is refused.
    drop(listener);
    watch(rehearsal, arguments.duration.0, url, &mut signals, &progress).await
}

/// Waits for the first connection that pushes. Others may be open meanwhile: somebody looks whether
/// the port is.
async fn first_push(
    listener: &TcpListener,
    url: &Url,
    progress: &Progress,
) -> anyhow::Result<Rehearsal<TcpStream>> {
    let mut candidates: JoinSet<Result<Rehearsal<TcpStream>, String>> = JoinSet::new();
    loop {
        tokio::select! {
            Some(candidate) = candidates.join_next() => match candidate? {
                Ok(rehearsal) => return Ok(rehearsal),
                Err(sentence) => progress.say(&sentence),
            },
            accepted = listener.accept(), if candidates.len() < CANDIDATES_MAX => {
                let (socket, peer) = accepted.context("take a connection")?;
                // Without it, answers to an encoder are late and nothing else.
                let _ = socket.set_nodelay(true);
                candidates.spawn(candidate(Rehearsal::new(socket, url.target()), peer));
            }
        }
    }
}

/// A connection that pushes, or a sentence about one that does not.
async fn candidate(
    mut rehearsal: Rehearsal<TcpStream>,
    peer: SocketAddr,
) -> Result<Rehearsal<TcpStream>, String> {
    loop {
        match rehearsal.watch(EVERY / 4).await {
            Ok(Stage::Before) => {}
            Ok(Stage::Pushing | Stage::Ended) => return Ok(rehearsal),
            Err(reason) => {
                let sentence = format!("{peer} has connected and pushed nothing: {reason}");
                rehearsal.fail(&reason).await;
                return Err(sentence);
            }
        }
    }
}

async fn watch(
    mut rehearsal: Rehearsal<TcpStream>,
    duration: Duration,
    url: &Url,
    signals: &mut Signals,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let (began, began_ms) = (Instant::now(), unix_ms());
    let by = rehearsal.encoder().map_or_else(String::new, |encoder| format!(" by {encoder}"));
    progress.say(&format!("A push{by} has begun, and is watched for {} s", duration.as_secs()));
    let mut failed = None;
    for turn in 1_u32.. {
        let left = duration.saturating_sub(began.elapsed());
        let watched = tokio::select! {
            watched = rehearsal.watch(left.min(EVERY)) => watched,
            _signal = signals.next() => break,
        };
        match watched {
            Ok(Stage::Ended) => break,
            Ok(Stage::Before | Stage::Pushing) => {}
            Err(reason) => {
                failed = Some(reason);
                break;
            }
        }
        if began.elapsed() >= duration {
            break;
        }
        progress.show(turn, began.elapsed(), duration, rehearsal.diagnosis());
    }
    progress.end();
    let report = Report {
        url: url.to_string(),
        encoder: rehearsal.encoder().map(str::to_owned),
        began_ms,
        took: began.elapsed(),
        is_whole: began.elapsed() >= duration,
        diagnosis: rehearsal.diagnosis().cloned().unwrap_or_default(),
        left_out: rehearsal.left_out().map(str::to_owned),
        is_playable: !matches!(failed, Some(Disconnect::Unsupported(_))),
        failed: failed.as_ref().map(ToString::to_string),
    };
    match failed {
        Some(reason) => rehearsal.fail(&reason).await,
        None => rehearsal.finish().await,
    }
    Ok(report)
}

/// What is said while it runs, on standard error.
struct Progress {
    is_terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal() }
    }

    /// Without a standard error there is nobody to tell.
    fn say(&self, line: &str) {
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// One line that is written over on a terminal, and seldom anywhere else.
    fn show(&self, turn: u32, at: Duration, all: Duration, diagnosis: Option<&Diagnosis>) {
        let Some(diagnosis) = diagnosis else { return };
        let line = report::progress(at, all, diagnosis);
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
            let _ = io::stderr().flush();
        } else if turn.is_multiple_of(SELDOM) {
            self.say(&line);
        }
    }

    fn end(&self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
