//! `weir recording …`, `weir clip …` and `weir janitor`: they ask the server that runs.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::announce::print;
use crate::cli::{Clip, Janitor, Recording, RunningServer};
use crate::config::load;
use crate::data_dir::Ports;

/// How long the server may take to answer; a file is laid out before its first byte, and all of its
/// segments are looked at for that.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);
/// How often the progress of a download is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// Bytes that are copied at a time.
const COPIED_BYTES: usize = 256 * 1_024;

/// A recording, as the server lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    kind: String,
    start: String,
    length_ms: i64,
}

/// What the janitor would delete.
#[derive(Debug, Deserialize)]
struct Planned {
    stream: String,
    objects: u64,
    bytes: u64,
}

/// Runs a `weir recording` command.
pub(crate) fn recording(command: Recording) -> anyhow::Result<()> {
    match command {
        Recording::List { stream, server } => {
            let query = stream.map(|name| format!("?stream={name}")).unwrap_or_default();
            let answer =
                Asked::new(&server)?.send("GET", &format!("/v1/recordings{query}"), None)?;
            show(&server, &answer, |answer| {
                let listed: Vec<Listed> = serde_json::from_value(answer.clone())?;
                Ok(listed.iter().map(line).collect())
            })
        }
        Recording::Delete { id, server } => {
            let path = format!("/v1/recordings/{id}");
            let answer = Asked::new(&server)?.send("DELETE", &path, Some(&json!({})))?;
            show(&server, &answer, |answer| {
                let was_there = answer.get("deleted").and_then(Value::as_bool).unwrap_or(false);
                let words = if was_there { "deleted" } else { "was deleted before" };
                Ok(format!("{id} {words}\n"))
            })
        }
        Recording::Export { id, file, quiet, server } => {
            let ports = ports(&server)?;
            export(&id, &file, reachable(ports.http), quiet)
        }
    }
}

/// Runs a `weir clip` command.
pub(crate) fn clip(command: Clip) -> anyhow::Result<()> {
    let Clip::Make { source, from, to, name, server } = command;
    let kind = if source.contains('~') { "recording" } else { "stream" };
    let asked = json!({ kind: source, "start": from, "end": to, "name": name });
    let answer = Asked::new(&server)?.send("POST", "/v1/clips", Some(&asked))?;
    show(&server, &answer, |answer| {
        let text = |key: &str| words(answer, key).unwrap_or_default().to_owned();
        let ms = |key: &str| answer.get(key).and_then(Value::as_i64).unwrap_or(0);
        Ok(format!(
            "Clip      {}\nFrom      {}, {} ms after the first segment begins\n\
             To        {}, {} ms before the last one ends\nPlaylist  {}\nFile      {}\n",
            text("id"),
            text("start"),
            ms("before_start_ms"),
            text("end"),
            ms("behind_end_ms"),
            text("playlist"),
            text("export"),
        ))
    })
}

/// Runs `weir janitor`.
pub(crate) fn janitor(command: &Janitor) -> anyhow::Result<()> {
    let of = command.stream.as_ref().map(|name| format!("&stream={name}")).unwrap_or_default();
    let path = format!("/v1/janitor?dry_run={}{of}", command.dry_run);
    let answer = Asked::new(&command.server)?.send("POST", &path, Some(&json!({})))?;
    show(&command.server, &answer, |answer| {
        let planned: Vec<Planned> = serde_json::from_value(answer.clone())?;
        let line = |it: &Planned| {
            format!("{}  {} objects, {}\n", it.stream, it.objects, megabytes(it.bytes))
        };
        Ok(planned.iter().map(line).collect())
    })
}

/// Prints an answer as it is, or in words.
fn show(
    server: &RunningServer,
    answer: &Value,
    in_words: impl FnOnce(&Value) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    if server.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(answer)?));
    }
    print(&in_words(answer)?)
}

fn line(listed: &Listed) -> String {
    let seconds = listed.length_ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let Listed { id, kind, start, .. } = listed;
    format!("{start}  {hours}:{minutes:02}:{seconds:02}  {kind:9}  {id}\n")
}

/// The server's admin port.
struct Asked {
    agent: ureq::Agent,
    admin: SocketAddr,
}

impl Asked {
    fn new(server: &RunningServer) -> anyhow::Result<Self> {
        Ok(Self { agent: agent(), admin: reachable(ports(server)?.admin) })
    }

    /// The server's answer, or the sentence with which it refused.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.admin))
            .header("content-type", "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(body).context("ask the server")?;
        let mut response = self.agent.run(request).with_context(|| self.nobody())?;
        let text = response.body_mut().read_to_string().context("read the server's answer")?;
        let answer: Value = serde_json::from_str(&text)
            .with_context(|| format!("the server does not answer as expected: {text}"))?;
        if response.status().is_success() {
            return Ok(answer);
        }
        Err(anyhow!("{}", words(&answer, "error").unwrap_or("the server refused")))
    }

    fn nobody(&self) -> String {
        format!("no server answers at {}", self.admin)
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_recv_response(Some(ANSWER_WITHIN))
        .build();
    config.into()
}

fn ports(server: &RunningServer) -> anyhow::Result<Ports> {
    Ports::of_server(&load(&server.common, Vec::new(), false)?.data)
}

/// Where this machine reaches what listens on all of its addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Downloads a recording's file. Under its name it is whole.
fn export(id: &str, file: &Path, http: SocketAddr, quiet: bool) -> anyhow::Result<()> {
    let url = format!("http://{http}/vod/{id}/export.mp4");
    let mut response = agent().get(&url).call().with_context(|| format!("no server at {http}"))?;
    if !response.status().is_success() {
        let sentence = response.body_mut().read_to_string().unwrap_or_default();
        bail!("{}", sentence.trim());
    }
    let length = response.body().content_length().context("the server does not say how long")?;
    let partial = file.with_added_extension("part");
    let written = File::create(&partial)
        .and_then(|out| copy(&mut response.body_mut().as_reader(), out, length, quiet));
    let done = written.and_then(|bytes| {
        if bytes < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        fs::rename(&partial, file)
    });
    if done.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    done.with_context(|| format!("write {}", file.display()))?;
    print(&format!("{} written, {}\n", file.display(), megabytes(length)))
}

fn copy(from: &mut dyn Read, mut to: File, length: u64, quiet: bool) -> io::Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; COPIED_BYTES], 0_u64);
    let is_shown = !quiet && io::stderr().is_terminal();
    let mut shown = Instant::now();
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if is_shown && shown.elapsed() >= PROGRESS_EVERY {
            shown = Instant::now();
            let percent = bytes.saturating_mul(100) / length.max(1);
            write!(io::stderr(), "\r{percent:3} % of {}", megabytes(length))?;
        }
    }
    if is_shown {
        writeln!(io::stderr())?;
    }
    to.sync_all()?;
    Ok(bytes)
}

fn words<'a>(answer: &'a Value, key: &str) -> Option<&'a str> {
    answer.get(key).and_then(Value::as_str)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
