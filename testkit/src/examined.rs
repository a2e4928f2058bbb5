//! Streams put to `weir check`, by every test that leaves one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use check::exam::Stop;
use check::exam::progress::Silent;
use check::transport::{Http, HttpSetup};
use check::{Exam, Finding, Options, Report, Severity};
use url::Url;

/// What a test tolerates of its stream: a rule, and why it cannot be kept there.
pub type Tolerated<'a> = &'a [(&'a str, &'a str)];

/// What no test holds a stream to: the machine that runs the tests may be busy with others, and
/// these rules say how fast it is.
pub const SPEED: [&str; 10] = [
    "HTT-SPEED",
    "HTT-TTFB",
    "LL-BLOCKT",
    "LL-LAT",
    "LIV-BURST",
    "LIV-EDGE",
    "LIV-STALL",
    "LIV-UPDATE",
    "MV-LIVE",
    // An encoder that was kept waiting catches up: what it sends then is ahead of the clock.
    "PDT-NOW",
];

/// An exam in a thread of its own.
#[derive(Debug)]
pub struct Examined {
    stop: Stop,
    thread: Option<JoinHandle<Report>>,
}

impl Examined {
    /// Starts to examine what the server at `server` has at `path`, until it is stopped.
    ///
    /// # Errors
    ///
    /// When no exam can be begun.
    pub fn start(server: SocketAddr, path: &str) -> Result<Self> {
        Self::start_with(server, path, Options::default())
    }

    /// Starts to examine the same as a low-latency stream: it must be one.
    ///
    /// # Errors
    ///
    /// When no exam can be begun.
    pub fn start_low_latency(server: SocketAddr, path: &str) -> Result<Self> {
        Self::start_with(server, path, Options { low_latency: true, ..Options::default() })
    }

    fn start_with(server: SocketAddr, path: &str, options: Options) -> Result<Self> {
        // Nobody watches a test's stream for so long.
        let duration = Duration::from_secs(24 * 3_600);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began_unix_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let options = Options { duration, began_unix_ms, ..options };
        let url = Url::parse(&format!("http://{server}{path}")).context("make a URL")?;
        let http = Http::new(HttpSetup::default()).context("make a client")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("start a runtime")?;
        let entered = runtime.enter();
        let exam = Exam::new(Arc::new(http), options, Arc::new(Silent));
        drop(entered);
        let stop = exam.stop();
        let thread = Some(thread::spawn(move || runtime.block_on(exam.run(url))));
        Ok(Self { stop, thread })
    }

    /// Ends it, with what was found until then.
    ///
    /// # Errors
    ///
    /// When the exam itself failed.
    pub fn stop(mut self) -> Result<Report> {
        self.stop.stop();
        self.wait()
    }

    /// Waits until it ends by itself, as that of a stream that has ended does.
    ///
    /// # Errors
    ///
    /// When the exam itself failed.
    pub fn wait(&mut self) -> Result<Report> {
        let ended = self.thread.take().context("it was waited for before")?.join();
        ended.map_err(|_| anyhow::anyhow!("the exam itself failed"))
    }
}

impl Drop for Examined {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Examines a stream that has ended, from its first segment to its last.
///
/// # Errors
///
/// When nothing of it can be examined.
pub fn examine(server: SocketAddr, path: &str) -> Result<Report> {
    let report = Examined::start(server, path)?.wait()?;
    ensure!(report.summary.state.segments > 0, "nothing of {path} was examined:\n{report}");
    Ok(report)
}

/// Whether a report has only what is tolerated.
///
/// # Errors
///
/// When it has something else.
pub fn check(report: &Report, tolerated: Tolerated<'_>) -> Result<()> {
    let counts = |finding: &&Finding| {
        finding.rule.severity != Severity::Info && !SPEED.contains(&finding.rule.id)
    };
    let is_tolerated = |finding: &Finding| tolerated.iter().any(|(id, _)| *id == finding.rule.id);
    let found: Vec<_> = report.findings().iter().filter(counts).collect();
    let others = found.iter().filter(|finding| !is_tolerated(finding)).count();
    ensure!(others == 0, "the stream breaks rules:\n{report}");
    Ok(())
}
