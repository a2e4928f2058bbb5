//! A low-latency playlist, asked for as a low-latency player does: with requests that wait for the
//! next part, and for the part itself before it is there (draft-pantos-hls-rfc8216bis, 6.3.8).
//!
//! It runs beside the plain polling of the same rendition, and ends with it.

mod ask;
mod parts;
mod probes;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hls::read::MediaPlaylist;
use http::Version;
use http::header::CACHE_CONTROL;
use url::Url;

use self::ask::Asked;
use self::parts::Parts;
use self::probes::Probes;
use super::desk::Desk;
use super::segments::Newest;
use crate::evidence::{
    BlockingEvidence, Edge, LatencyEvidence, LowLatencyEvidence, LowLatencyWatch,
};
use crate::rule::Test;

/// Plays one rendition with low latency.
pub(super) struct Player {
    desk: Arc<Desk>,
    url: Url,
    /// What its URIs are relative to: where it came from, after redirects.
    base: Url,
    rendition: String,
    /// The playlists of the other renditions.
    others: Vec<Url>,
    watch: LowLatencyWatch,
    parts: Parts,
    probes: Probes,
}

/// Beyond three target durations, after which a server should give up (6.2.5.2): the way there and
/// back, and a machine that is busy.
const WAIT_BEYOND: Duration = Duration::from_secs(5);

/// A server that refuses or ignores so many blocking requests together gets no more of them: what
/// plain polling gets must do.
const FAILURES_MAX: u32 = 5;

/// A server that says more than this of itself is not waited for as long as it says.
const TARGET_DURATION_MAX: Duration = Duration::from_secs(20);

/// Where a playlist says neither: what is usual.
const TARGET_DURATION: Duration = Duration::from_secs(6);
const PART_TARGET: Duration = Duration::from_secs(1);

impl Player {
    /// Plays what is at `url`, which is called `rendition`, beside `others`.
    pub(super) fn new(desk: Arc<Desk>, url: Url, rendition: String, others: Vec<Url>) -> Self {
        let (parts, watch) = (Parts::new(Arc::clone(&desk)), LowLatencyWatch::default());
        let probes = Probes::new(Arc::clone(&desk), url.clone());
        let base = url.clone();
        Self { desk, url, base, rendition, others, watch, parts, probes }
    }

    /// Plays to the end of the stream or of the exam, when `newest` is `None` again. What is no
    /// live low-latency stream is left alone.
    pub(super) async fn run(mut self, mut newest: Newest) {
        // What is all there at once may have been followed to its end already.
        let first = newest.borrow_and_update().clone();
        let is_played =
            |first: &Arc<MediaPlaylist>| first.part_target.is_some() && !first.has_ended;
        let Some(first) = first.filter(is_played) else { return };
        let mut over = newest.clone();
        tokio::select! {
            () = self.play(first, newest) => {}
            _ = over.wait_for(Option::is_none) => {}
        }
    }

    async fn play(&mut self, mut playlist: Arc<MediaPlaylist>, mut newest: Newest) {
        let mut failures = 0;
        loop {
            self.take(&playlist).await;
            if playlist.has_ended || self.desk.is_over() {
                return;
            }
            let control = playlist.server_control.unwrap_or_default();
            if control.can_block_reload && failures < FAILURES_MAX {
                if let Some(newer) = self.reload(&playlist).await {
                    failures = 0;
                    playlist = Arc::new(newer);
                    continue;
                }
                failures += 1;
                self.desk.pause(playlist.part_target.unwrap_or(PART_TARGET)).await;
            } else if newest.changed().await.is_err() {
                return;
            }
            if let Some(polled) = newest.borrow_and_update().clone() {
                playlist = polled;
            }
        }
    }

    /// Takes in a version.
    async fn take(&mut self, playlist: &MediaPlaylist) {
        let before = self.watch.edge();
        let version = self.watch.version(playlist, &self.base, &self.others);
        self.judge(&LowLatencyEvidence::Version(version));
        let found = self.parts.take(&self.base, playlist, before, &mut self.watch).await;
        found.iter().for_each(|(url, evidence)| self.judge_at(url, evidence));
    }

    /// Asks for the next part and waits for it; now and then also for other things. `None` if what
    /// came is not newer.
    async fn reload(&mut self, playlist: &MediaPlaylist) -> Option<MediaPlaylist> {
        self.probes.begin(&self.base, playlist);
        let asked = Edge::of(playlist);
        let asked_unix_ms = self.desk.unix_ms();
        let (within, directives) = (wait_max(playlist), ask::next_part(asked));
        let reload = ask::playlist(&self.desk, &self.url, &directives, within).await;
        let evidence = blocking(playlist, asked, &reload, &self.url);
        self.judge(&LowLatencyEvidence::NextPart(evidence));
        self.probes.ended().iter().for_each(|evidence| self.judge(evidence));
        if let Some(reply) = &reload.reply {
            self.base = reply.url.clone();
        }
        let newer = reload.playlist.filter(|newer| newer.has_ended || Edge::of(newer) > asked)?;
        let took_ms = i64::try_from(reload.took.as_millis()).unwrap_or(i64::MAX);
        let now_unix_ms = asked_unix_ms.saturating_add(took_ms);
        if let Some(latency) = LatencyEvidence::of(&newer, now_unix_ms) {
            self.judge(&LowLatencyEvidence::Latency(latency));
        }
        Some(newer)
    }

    fn judge(&self, evidence: &LowLatencyEvidence) {
        self.judge_at(&self.url, evidence);
    }

    fn judge_at(&self, url: &Url, evidence: &LowLatencyEvidence) {
        self.desk.judge(&self.desk.place(&self.rendition, url), |test, faults| {
            if let Test::LowLatency(test) = test {
                test(evidence, faults);
            }
        });
    }
}

/// How long an answer that waits for something is waited for.
fn wait_max(playlist: &MediaPlaylist) -> Duration {
    let target = playlist.target_duration.unwrap_or(TARGET_DURATION).min(TARGET_DURATION_MAX);
    target * 3 + WAIT_BEYOND
}

/// What an answer to a request that waits says.
fn blocking(playlist: &MediaPlaylist, asked: Edge, reload: &Asked, url: &Url) -> BlockingEvidence {
    let control = reload.reply.as_ref().and_then(|reply| reply.headers.get(CACHE_CONTROL));
    let version = reload.reply.as_ref().map(|reply| reply.version);
    BlockingEvidence {
        asked,
        answer: reload.answer.clone(),
        took: reload.took,
        part_target: playlist.part_target.unwrap_or(PART_TARGET),
        target_duration: playlist.target_duration.unwrap_or(TARGET_DURATION),
        is_modern: version
            .filter(|_| url.scheme() == "https")
            .map(|version| version >= Version::HTTP_2),
        cache_control: control.and_then(|value| value.to_str().ok()).map(str::to_owned),
    }
}
