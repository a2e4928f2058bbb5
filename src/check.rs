//! `weir check …`: holds a stream to the rules, and says what is wrong with it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use check::transport::{Entry, Folder, Http, HttpSetup, Transport};
use check::{Exam, Options, Report, Severity};
use url::Url;

use self::progress::Shown;
use crate::announce::print;
use crate::cli::Check;

mod progress;

/// The exit codes by the worst that was found. 1 is for an exam that could not be made, 2 for a
/// wrong command line.
const WORST: [(Severity, u8); 5] = [
    (Severity::Fatal, 5),
    (Severity::Must, 4),
    (Severity::Should, 3),
    (Severity::Quality, 3),
    (Severity::Info, 0),
];

/// What shells show of a program that was interrupted.
const INTERRUPTED: u8 = 130;

/// Examines what the command line names. The exit code says how bad it is.
pub(crate) fn run(check: &Check) -> anyhow::Result<ExitCode> {
    if check.rules {
        print(&table())?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(target) = &check.target else { bail!("name a URL, a folder or a file to examine") };
    let options = options(check)?;
    let (transport, url) = open(target, &options)?;
    // Nobody watches a stream for an hour to be told then that the report cannot be written.
    for path in [&check.junit, &check.json].into_iter().flatten().filter(|path| !is_stdout(path)) {
        let file = fs::File::options().append(true).create(true).open(path);
        file.with_context(|| format!("write {}", path.display()))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shown = Arc::new(Shown::new(check.quiet));
    let report = runtime.block_on(async {
        let exam = Exam::new(transport, options, Arc::clone(&shown) as _);
        let stop = exam.stop();
        let mut running = std::pin::pin!(exam.run(url));
        tokio::select! {
            report = &mut running => return Some(report),
            _ = tokio::signal::ctrl_c() => stop.stop(),
        }
        // What was found so far is worth a report, but nobody has to wait for it.
        tokio::select! {
            report = &mut running => Some(report),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    shown.end();
    let Some(report) = report else { return Ok(ExitCode::from(INTERRUPTED)) };
    write(check, &report)?;
    let worst = report.worst().and_then(|worst| WORST.iter().find(|(of, _)| *of == worst));
    Ok(ExitCode::from(worst.map_or(0, |(_, code)| *code)))
}

/// Every rule, for people.
fn table() -> String {
    let lines = check::rules().map(|rule| {
        let check::Rule { id, severity, reference, requirement, remedy, .. } = rule;
        format!("{severity:<6} {id}: {requirement} ({reference})\n       = {remedy}\n")
    });
    lines.collect()
}

fn options(check: &Check) -> anyhow::Result<Options> {
    let mut headers = Vec::new();
    for header in &check.header {
        let (name, value) = header
            .split_once(':')
            .with_context(|| "a --header is written as \"Name: value\"; this one has no colon")?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let also = check.also.as_ref().map(|url| server(url)).transpose().context("--also")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Options {
        duration: check.duration,
        low_latency: check.ll,
        dvr: check.dvr,
        expects_end: check.expect_end,
        also,
        token: check.token.clone(),
        headers,
        began_unix_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        decoder: check.decode.clone(),
    })
}

/// What fetches, and what the target's URL is.
fn open(target: &str, options: &Options) -> anyhow::Result<(Arc<dyn Transport>, Url)> {
    if target.contains("://") {
        let url = server(target)?;
        let mut home = vec![url.clone()];
        home.extend(options.also.clone());
        let setup = HttpSetup { headers: &options.headers, home: &home, roots: None };
        let http = Http::new(setup)?;
        return Ok((Arc::new(http), url));
    }
    if options.also.is_some() {
        bail!("--also compares two servers, and the target is none");
    }
    // What looks like a URL may have a token in it.
    let shown = target.split('?').next().unwrap_or_default();
    if !Path::new(target).try_exists().unwrap_or(true) {
        bail!("there is no file or folder {shown}; a URL begins with http:// or https://");
    }
    let (folder, entry) = Folder::open(Path::new(target))?;
    let url = match entry {
        Entry::Playlist(url) | Entry::Segment(url) => url,
    };
    Ok((Arc::new(folder), url))
}

/// The URL of a server. What is wrong with it is said without it: it may have a token in it.
fn server(text: &str) -> anyhow::Result<Url> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Url::parse(text).context("this is not a URL"),
        Some(other) => bail!("{other}:// is not fetched: name an http:// or https:// URL"),
        None => bail!("a URL begins with http:// or https://"),
    }
}

/// On standard output first: what cannot be written is not lost then.
fn write(check: &Check, report: &Report) -> anyhow::Result<()> {
    let json = check.json.as_ref().map(|_| report.json()).transpose();
    let json = json.context("write the report as JSON")?.unwrap_or_default();
    let is_json = check.json.as_deref().is_some_and(is_stdout);
    print(&if is_json { format!("{json}\n") } else { report.to_string() })?;
    if let Some(path) = check.json.as_ref().filter(|path| !is_stdout(path)) {
        fs::write(path, json).with_context(|| format!("write {}", path.display()))?;
    }
    if let Some(path) = &check.junit {
        let text = report.junit(Severity::Must).context("write the report as JUnit")?;
        fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a length of time from the command line.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map(Duration::from_secs);
    seconds.or_else(|_| {
        let span = text.parse::<jiff::Span>().map_err(|error| error.to_string())?;
        // Nobody who asks for a key of 30 days minds a change to summer time.
        let days = jiff::SpanRelativeTo::days_are_24_hours();
        let duration = span.to_duration(days).map_err(|error| error.to_string())?;
        Duration::try_from(duration).map_err(|error| error.to_string())
    })
}
