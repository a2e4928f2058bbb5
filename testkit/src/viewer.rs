//! A strict player without a picture: it asks for the playlist again and again, and fetches what is
//! new in it at once.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use check::Report;

use crate::examined::{self, Examined, Tolerated};
use crate::history::History;
use crate::playlist::{self, Listed, MediaPlaylist};
use crate::{Http, wait_until};

/// How often the playlist is asked for: much more often than it changes.
const POLL_EVERY: Duration = Duration::from_millis(150);

/// What an exam finds while the server goes away and comes back.
const OUTAGES: Tolerated<'static> = &[
    ("REACH", "the server goes away on purpose"),
    ("MV-REACH", "the server goes away on purpose"),
    ("LIV-AVAIL", "the server goes away on purpose"),
    ("LIV-RETAIN", "the server goes away on purpose"),
    ("MP4-MAP", "the server goes away on purpose"),
    ("HTT-HEAD", "the server goes away on purpose"),
];

/// A viewer in a thread of its own. It does not mind that a stream is not live yet; everything
/// else that is not as it should be is a fault, which [`Viewer::stop`] tells.
#[derive(Debug)]
pub struct Viewer {
    stop: Arc<AtomicBool>,
    watched: Arc<Mutex<Watched>>,
    thread: Option<JoinHandle<()>>,
    tolerated: Tolerated<'static>,
}

/// What a viewer has seen.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The path of the media playlist, once the multivariant playlist has said it.
    pub path: Option<String>,
    /// The newest media playlist.
    pub latest: Option<MediaPlaylist>,
    /// Every segment that was listed and fetched, by its number.
    pub segments: BTreeMap<u64, Segment>,
    /// How many segments were listed.
    pub listed: usize,
    /// How many different versions of the playlist there were.
    pub versions: usize,
    /// How often the server did not answer at all.
    pub outages: usize,
    /// How often an ended broadcast (`EXT-X-ENDLIST`) was seen for the first time.
    pub ends: usize,
    /// What should not have been.
    pub faults: Vec<String>,
    /// What `weir check` says of each broadcast, which it watched meanwhile.
    pub reports: Vec<Report>,
}

/// A segment with its bytes.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What the playlist says of it.
    pub listed: Listed,
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Viewer {
    /// Starts to watch a stream as `live/cam`, for which the server has to answer always.
    #[must_use]
    pub fn start(server: SocketAddr, stream: &str) -> Self {
        Self::spawn(server, stream, false, true)
    }

    /// The same for what is no whole server, and is not put to `weir check`.
    #[cfg(test)]
    fn unexamined(server: SocketAddr, stream: &str) -> Self {
        Self::spawn(server, stream, false, false)
    }

    /// The same for a server that may go away for a while. What it listed it has to have after
    /// that.
    #[must_use]
    pub fn through_outages(server: SocketAddr, stream: &str) -> Self {
        Self::spawn(server, stream, true, true)
    }

    /// What the stream may not keep, and why not.
    #[must_use]
    pub const fn tolerating(mut self, tolerated: Tolerated<'static>) -> Self {
        self.tolerated = tolerated;
        self
    }

    /// Waits until the viewer has seen enough.
    ///
    /// # Errors
    ///
    /// When it has not `within` that time; the error tells what it has seen.
    pub fn wait_until(
        &self,
        what: &str,
        within: Duration,
        mut enough: impl FnMut(&Watched) -> bool,
    ) -> Result<()> {
        wait_until(what, within, || enough(&lock(&self.watched)))
            .with_context(|| format!("the viewer has seen {}", lock(&self.watched).summary()))
    }

    /// Waits until so many segments have been fetched.
    ///
    /// # Errors
    ///
    /// When they have not `within` that time.
    pub fn wait_for_segments(&self, count: usize, within: Duration) -> Result<()> {
        self.wait_until(&format!("{count} segments"), within, |watched| {
            watched.segments.len() >= count
        })
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Watched {
        lock(&self.watched).clone()
    }

    /// Looks once more, and stops.
    ///
    /// # Errors
    ///
    /// When anything was not as it should be.
    pub fn stop(mut self) -> Result<Watched> {
        self.end();
        let watched = self.seen();
        let faults = watched.faults.join("\n  ");
        ensure!(faults.is_empty(), "a strict viewer would not accept this:\n  {faults}");
        let missing = watched.listed - watched.segments.len();
        ensure!(missing == 0, "{missing} listed segments could not be fetched");
        for report in &watched.reports {
            examined::check(report, self.tolerated)?;
        }
        Ok(watched)
    }

    fn spawn(server: SocketAddr, stream: &str, through_outages: bool, is_examined: bool) -> Self {
        let (stop, watched) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Watched>>::default());
        let mut watching = Watching {
            http: Http::new(server),
            multivariant: format!("/{stream}/index.m3u8"),
            through_outages,
            is_examined,
            history: History::default(),
            text: String::new(),
            missing: Vec::new(),
            examined: None,
            watched: Arc::clone(&watched),
        };
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            loop {
                let is_last = stopped.load(Ordering::Acquire);
                watching.look();
                if is_last {
                    watching.end_exam();
                    break;
                }
                sleep(POLL_EVERY);
            }
        });
        let tolerated = if through_outages { OUTAGES } else { &[] };
        Self { stop, watched, thread: Some(thread), tolerated }
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            lock(&self.watched).faults.push("the viewer itself failed".into());
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Watched {
    /// The segments in their order, in runs without a break of the timeline.
    #[must_use]
    pub fn runs(&self) -> Vec<Vec<Segment>> {
        let mut runs: Vec<Vec<Segment>> = Vec::new();
        for segment in self.segments.values() {
            let number = segment.listed.discontinuity_sequence;
            let goes_on = |run: &Vec<Segment>| {
                run.last().is_some_and(|last| last.listed.discontinuity_sequence == number)
            };
            match runs.last_mut().filter(|run| goes_on(run)) {
                Some(run) => run.push(segment.clone()),
                None => runs.push(vec![segment.clone()]),
            }
        }
        runs
    }

    /// Fetches every segment again.
    ///
    /// # Errors
    ///
    /// When one is not there any more, or is another.
    pub fn fetch_again(&self, http: &Http) -> Result<()> {
        for segment in self.segments.values() {
            let reply = http.get(&segment.path)?;
            ensure!(reply.status == 200, "{} is {} now", segment.path, reply.status);
            ensure!(reply.body == *segment.bytes, "{} has other bytes now", segment.path);
        }
        Ok(())
    }

    /// The numbers of the segments, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for Segment { listed, .. } in self.segments.values() {
            let tag = if listed.discontinuity { "|" } else { "" };
            words.push(format!("{tag}{}({} ms)", listed.sequence, listed.length_ms));
        }
        let ended = self.latest.as_ref().is_some_and(|latest| latest.has_ended);
        words.extend(ended.then(|| "end".to_owned()));
        words.extend(self.faults.iter().cloned());
        words.join(" ")
    }
}

/// The thread's own things.
#[derive(Debug)]
struct Watching {
    http: Http,
    multivariant: String,
    through_outages: bool,
    is_examined: bool,
    history: History,
    /// The newest playlist as it came.
    text: String,
    /// The exam of the broadcast that is on.
    examined: Option<Examined>,
    /// Listed while the server went away.
    missing: Vec<Listed>,
    watched: Arc<Mutex<Watched>>,
}

impl Watching {
    /// One look at the playlist, and at what is new in it.
    fn look(&mut self) {
        let path = lock(&self.watched).path.clone();
        let result = match path {
            None => self.begin(),
            Some(path) => self.go_on(&path),
        };
        if let Err(error) = result {
            self.fault(format!("{error:#}"));
        }
    }

    /// Asks where the media playlist is.
    fn begin(&mut self) -> Result<()> {
        let Some(reply) = self.get(&self.multivariant) else { return Ok(()) };
        if reply.status == 404 {
            return Ok(());
        }
        ensure!(reply.status == 200, "{} is {}", self.multivariant, reply.status);
        let variants = playlist::multivariant(&reply.text())?.variants;
        let variant = variants.first().context("a multivariant playlist without variants")?;
        let path = playlist::resolve(&self.multivariant, &variant.uri)?;
        lock(&self.watched).path = Some(path.clone());
        self.go_on(&path)
    }

    fn go_on(&mut self, path: &str) -> Result<()> {
        let Some(reply) = self.get(path) else { return Ok(()) };
        ensure!(reply.status == 200, "{path} is {}: {}", reply.status, reply.text().trim());
        let text = reply.text();
        if text != self.text {
            let playlist = playlist::media(&text).with_context(|| format!("read {text}"))?;
            self.text = text;
            let new = self.history.take(&playlist);
            let mut watched = lock(&self.watched);
            let had_ended = watched.latest.as_ref().is_some_and(|latest| latest.has_ended);
            watched.ends += usize::from(playlist.has_ended && !had_ended);
            watched.versions += 1;
            watched.listed += new.iter().filter(|segment| !segment.is_gap).count();
            let is_on = !playlist.has_ended;
            watched.latest = Some(playlist);
            self.missing.extend(new.into_iter().filter(|segment| !segment.is_gap));
            drop(watched);
            self.check_faults();
            match is_on {
                true if self.is_examined && self.examined.is_none() => self.begin_exam()?,
                false if !had_ended => self.end_exam(),
                true | false => {}
            }
        }
        for listed in std::mem::take(&mut self.missing) {
            self.fetch(path, listed)?;
        }
        Ok(())
    }

    /// `weir check` watches the broadcast as well.
    fn begin_exam(&mut self) -> Result<()> {
        self.examined = Some(Examined::start(self.http.address(), &self.multivariant)?);
        Ok(())
    }

    fn end_exam(&mut self) {
        match self.examined.take().map(Examined::stop) {
            Some(Ok(report)) => lock(&self.watched).reports.push(report),
            Some(Err(error)) => self.fault(format!("{error:#}")),
            None => {}
        }
    }

    fn fetch(&mut self, base: &str, listed: Listed) -> Result<()> {
        let path = playlist::resolve(base, &listed.uri)?;
        let Some(reply) = self.get(&path) else {
            self.missing.push(listed);
            return Ok(());
        };
        ensure!(reply.status == 200, "{path} is listed and {}", reply.status);
        let kind = reply.header("content-type");
        ensure!(kind == "video/mp2t", "{path} is {kind}");
        let length = reply.body.len();
        ensure!(length > 0 && length % 188 == 0, "{path} has {length} bytes");
        let segment = Segment { path, bytes: reply.body.into(), listed };
        lock(&self.watched).segments.insert(segment.listed.sequence, segment);
        Ok(())
    }

    /// `None` when the server is away, which may be.
    fn get(&self, path: &str) -> Option<crate::Reply> {
        match self.http.get(path) {
            Ok(reply) => Some(reply),
            Err(_) if self.through_outages => {
                lock(&self.watched).outages += 1;
                None
            }
            Err(error) => {
                self.fault(format!("{error:#}"));
                None
            }
        }
    }

    fn check_faults(&self) {
        let mut watched = lock(&self.watched);
        for fault in self.history.faults() {
            if !watched.faults.contains(fault) {
                watched.faults.push(fault.clone());
            }
        }
    }

    fn fault(&self, sentence: String) {
        let mut watched = lock(&self.watched);
        if !watched.faults.contains(&sentence) {
            watched.faults.push(sentence);
        }
    }
}

fn lock(watched: &Mutex<Watched>) -> std::sync::MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
