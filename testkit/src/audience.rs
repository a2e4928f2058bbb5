//! Many low-latency players on one stream: they ask as players do (RFC 8216bis, 6.3.8), and decode
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use check::transport::{Http, HttpSetup, Reply, Request, Transport};
use hls::read::{HintKind, MediaPlaylist, Playlist, apply_delta, read};
use http::{HeaderMap, Method};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use url::Url;

/// No answer that is waited for takes this long.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// How long a player waits that got nothing new.
const PAUSE: Duration = Duration::from_millis(300);

/// What an audience has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// How often each URL was asked for, by its path and query.
    pub asked: BTreeMap<String, u64>,
    /// The reloads that waited: how long from the request to the answer.
    pub waited: Vec<Duration>,
    /// Parts whose bytes came.
    pub parts: u64,
    /// What should not have been, in sentences.
    pub faults: BTreeSet<String>,
}

/// A player.
struct Player {
    http: Arc<Http>,
    url: Url,
    /// Whether it asks for updates rather than for whole playlists.
    takes_updates: bool,
    seen: Arc<Mutex<Seen>>,
    known: Option<MediaPlaylist>,
}

/// Lets `players` watch the media playlist at `path` of the server for `time`. Every other one asks
/// for updates.
///
/// # Errors
///
/// When nobody can ask for anything.
pub fn watch(server: SocketAddr, path: &str, players: usize, time: Duration) -> Result<Seen> {
    let url = Url::parse(&format!("http://{server}{path}")).context("make a URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("start a runtime")?;
    runtime.block_on(async {
        let http = Arc::new(Http::new(HttpSetup::default()).context("make a client")?);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut playing = JoinSet::new();
        for number in 0..players {
            let player = Player {
                http: Arc::clone(&http),
                url: url.clone(),
                takes_updates: number % 2 == 1,
                seen: Arc::clone(&seen),
                known: None,
            };
            playing.spawn(player.play(Instant::now() + time));
        }
        playing.join_all().await;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(seen)
    })
}

impl Player {
    async fn play(mut self, until: Instant) {
        while Instant::now() < until {
            let query = self.next();
            let began = Instant::now();
            let Some(reply) = self.ask(&format!("{}{query}", self.url.path())).await else {
                sleep(PAUSE).await;
                continue;
            };
            let waited = began.elapsed();
            let is_new = self.take(&reply, &query);
            if !query.is_empty() && is_new {
                self.note(|seen| seen.waited.push(waited));
            }
            if self.known.as_ref().is_some_and(|known| known.has_ended) {
                return;
            }
            if !is_new {
                sleep(PAUSE).await;
            }
        }
    }

    /// The query of the next reload: what is behind the end of the playlist.
    fn next(&self) -> String {
        let Some(known) = &self.known else { return String::new() };
        let (sequence, part) = end(known);
        let skip = if self.takes_updates { "&_HLS_skip=YES" } else { "" };
        format!("?_HLS_msn={sequence}&_HLS_part={part}{skip}")
    }

    /// Takes in an answer, and begins to fetch what is new. Whether anything is.
    fn take(&mut self, reply: &Reply, query: &str) -> bool {
        let Some(playlist) = self.read(reply, query) else { return false };
        let before = self.known.as_ref().map(end);
        let now = end(&playlist);
        if before.is_some_and(|before| now < before) {
            self.fault(format!("{query}: goes to {now:?}, after {before:?}"));
            return false;
        }
        let mut wanted: Vec<String> = Vec::new();
        if let Some((sequence, part)) = before {
            let making = (now.0, &playlist.parts);
            let whole = playlist.segments.iter().map(|segment| (segment.sequence, &segment.parts));
            for (of, parts) in whole.chain([making]) {
                let numbered = (0_u64..).zip(parts);
                let new = numbered.filter(|(number, _)| (of, *number) >= (sequence, part));
                wanted.extend(new.map(|(_, part)| part.uri.clone()));
            }
        }
        let hints = playlist.hints.iter().filter(|hint| hint.kind == HintKind::Part);
        wanted.extend(hints.map(|hint| hint.uri.clone()));
        for uri in wanted {
            self.fetch(&uri);
        }
        self.known = Some(playlist);
        before.is_none_or(|before| now > before)
    }

    fn read(&self, reply: &Reply, query: &str) -> Option<MediaPlaylist> {
        let Playlist::Media(playlist) = read(&reply.body).playlist else {
            self.fault(format!("{query}: {} is no media playlist", reply.status));
            return None;
        };
        match (&playlist.skip, &self.known) {
            (Some(_), Some(known)) => match apply_delta(known, &playlist) {
                Ok(whole) => Some(whole),
                Err(error) => {
                    self.fault(format!("{query}: {error}"));
                    None
                }
            },
            (Some(_), None) => None,
            (None, _) => Some(playlist),
        }
    }

    /// Fetches a part that nobody has fetched for this player before.
    fn fetch(&self, uri: &str) {
        let Ok(url) = self.url.join(uri) else { return };
        let (http, seen) = (Arc::clone(&self.http), Arc::clone(&self.seen));
        tokio::spawn(async move {
            let reply = send(&http, &seen, &url).await;
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match reply {
                Ok(reply) if reply.status.is_success() && !reply.body.is_empty() => seen.parts += 1,
                // A hinted part is not made where its segment ends before it.
                Ok(reply) if reply.status == http::StatusCode::NOT_FOUND => {}
                Ok(reply) => _ = seen.faults.insert(format!("{url}: {}", reply.status)),
                Err(error) => _ = seen.faults.insert(format!("{url}: {error:#}")),
            }
        });
    }

    async fn ask(&self, path: &str) -> Option<Reply> {
        let url = self.url.join(path).ok()?;
        match send(&self.http, &self.seen, &url).await {
            Ok(reply) if reply.status.is_success() => Some(reply),
            Ok(reply) => {
                self.fault(format!("{path}: {}", reply.status));
                None
            }
            Err(error) => {
                self.fault(format!("{path}: {error:#}"));
                None
            }
        }
    }

    fn fault(&self, fault: String) {
        self.note(|seen| _ = seen.faults.insert(fault));
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn send(http: &Http, seen: &Mutex<Seen>, url: &Url) -> Result<Reply> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let asked = format!("{}{query}", url.path());
    *seen.lock().unwrap_or_else(PoisonError::into_inner).asked.entry(asked).or_default() += 1;
    let (method, headers) = (Method::GET, HeaderMap::new());
    let request = Request { method, url: url.clone(), headers, within: ANSWER_WITHIN };
    http.send(&request).await.context("ask")
}

/// The segment that is being made, and how many of its parts are listed.
fn end(playlist: &MediaPlaylist) -> (u64, u64) {
    let last = playlist.segments.last();
    let next = last.map_or(playlist.media_sequence, |last| last.sequence + 1);
    (next, u64::try_from(playlist.parts.len()).unwrap_or(u64::MAX))
}
