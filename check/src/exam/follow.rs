//! A media playlist, asked for as a player does: once, or again and again while it is live.

use std::sync::Arc;
use std::time::Duration;

use hls::read::{Document, MediaPlaylist, Playlist};
use tokio::sync::{mpsc, watch};
use url::Url;

use super::desk::Desk;
use super::edges::OtherEdge;
use super::fetch::{Failure, Got, Known};
use super::low_latency::Player;
use super::retention::{Missed, Retention};
use super::segments::{Examiner, Newest, Order, Seen};
use super::window;
use crate::evidence::{PlaylistEvidence, Watch};
use crate::rule::Test;
use crate::transport::Purpose;

/// A rendition, when the exam is over.
pub(super) struct Followed {
    pub(super) url: Url,
    pub(super) rendition: String,
    /// What it said last.
    pub(super) playlist: Arc<MediaPlaylist>,
    pub(super) seen: Seen,
}

/// A rendition that is being followed.
pub(super) struct Follower {
    desk: Arc<Desk>,
    url: Url,
    rendition: String,
    is_entry: bool,
    /// The playlists of the other renditions.
    others: Vec<Url>,
    /// Where it is at a second edge.
    also: Option<Url>,
    missed: Missed,
    /// The newest version, for those who examine something else of the same rendition.
    newest: watch::Sender<Option<Arc<MediaPlaylist>>>,
}

/// A version of a playlist that came.
struct Version {
    playlist: Arc<MediaPlaylist>,
    text: bytes::Bytes,
}

/// Of a live stream, what is examined of what was there before the exam: as much as a player loads
/// at its start, and a neighbour for each. What is older is for `--dvr`.
const BACKLOG_MAX: usize = 6;

/// Versions that wait to be examined. When more come they are examined together.
const ORDERS_MAX: usize = 4;

/// How long players wait before they ask again for what does not come: RFC 8216, 6.3.4 says half a
/// target duration, and a playlist that has none must not be asked for without a pause.
const POLL_EVERY_MAX: Duration = Duration::from_secs(5);
const POLL_EVERY_MIN: Duration = Duration::from_millis(250);

/// A live playlist that cannot be fetched so many times together is not asked for again.
const FAILURES_MAX: u32 = 10;

impl Follower {
    pub(super) fn new(desk: Arc<Desk>, url: Url, rendition: String, is_entry: bool) -> Self {
        let newest = watch::Sender::new(None);
        let missed = Missed::default();
        Self { desk, url, rendition, is_entry, others: Vec::new(), also: None, missed, newest }
    }

    /// It must be the same at a second edge.
    pub(super) fn also(self, also: Option<Url>) -> Self {
        Self { also, ..self }
    }

    /// There are other renditions.
    pub(super) fn beside(self, others: Vec<Url>) -> Self {
        Self { others, ..self }
    }

    /// The newest version, as it comes; `None` again when it is over.
    fn newest(&self) -> Newest {
        self.newest.subscribe()
    }

    /// Follows it to its end, or to the end of the exam. `first` is its text, if it was fetched
    /// before. `None` if it is no media playlist.
    pub(super) async fn run(self, first: Option<Got>) -> Option<Followed> {
        let first = match first {
            Some(got) => got,
            None => self.fetch().await?,
        };
        let version = self.read(&first)?;
        let (orders, waiting) = mpsc::channel(ORDERS_MAX);
        let (desk, missed) = (Arc::clone(&self.desk), self.missed.clone());
        let examiner = Examiner::new(desk, self.rendition.clone(), missed);
        let examiner = examiner.beside(self.newest());
        self.newest.send_replace(Some(Arc::clone(&version.playlist)));
        let (desk, others) = (Arc::clone(&self.desk), self.others.clone());
        let player = Player::new(desk, self.url.clone(), self.rendition.clone(), others);
        // What ends before the player looks at it for the first time, as VOD does, shows it
        // nothing.
        let (ending, mut ended) = watch::channel(false);
        let follow = async {
            let playlist = self.follow(first, version, orders).await;
            self.newest.send_replace(None);
            ending.send_replace(true);
            playlist
        };
        let play = async {
            tokio::select! {
                () = player.run(self.newest()) => {}
                _ = ended.wait_for(|ended| *ended) => {}
            }
        };
        let (playlist, seen, ()) = tokio::join!(follow, examiner.run(waiting), play);
        let Self { url, rendition, .. } = self;
        Some(Followed { url, rendition, playlist, seen })
    }

    async fn follow(
        &self,
        first: Got,
        mut version: Version,
        orders: mpsc::Sender<Order>,
    ) -> Arc<MediaPlaylist> {
        let desk = &self.desk;
        let is_live = !version.playlist.has_ended;
        let edge = |url| OtherEdge::new(Arc::clone(desk), url, self.rendition.clone());
        let mut other_edge = self.also.clone().map(edge);
        if desk.options.dvr.is_some() {
            window::sample(desk, &self.rendition, &first.url, &version.playlist).await;
        }
        let count = version.playlist.segments.len();
        let from = if is_live { count.saturating_sub(BACKLOG_MAX) } else { 0 };
        let left = u64::try_from(count - from).unwrap_or(u64::MAX);
        desk.progress(|state| {
            state.is_live |= is_live;
            state.segments_left += if is_live { 0 } else { left };
        });
        let mut next = version.playlist.segments.get(from).map_or(0, |first| first.sequence);
        let mut watched = Watch::new();
        let missed = self.missed.clone();
        let mut retention = Retention::new(Arc::clone(desk), self.rendition.clone(), missed);
        let (mut failures, mut had_ended) = (0, false);
        let mut age = first.age();
        let mut got = first;
        loop {
            let playlist = Arc::clone(&version.playlist);
            self.newest.send_replace(Some(Arc::clone(&playlist)));
            let order = |from| Order { url: got.url.clone(), playlist: playlist.clone(), from };
            if !is_live {
                if let Some(other) = &mut other_edge {
                    other.compare(&got.url, &playlist).await;
                }
                // Whoever examines them ends only when this is dropped.
                let _ = orders.send(order(from)).await;
                return playlist;
            }
            // A playlist that did not come says nothing of whether it has grown.
            if failures == 0 {
                self.judge_update(&mut watched, &playlist, age);
            }
            if let Some(other) = &mut other_edge {
                other.compare(&got.url, &playlist).await;
            }
            retention.take(&got.url, &playlist);
            // It is asked for once more behind its end: nothing may come then.
            let is_over = playlist.has_ended && had_ended || desk.is_over();
            let is_last = is_over || failures > FAILURES_MAX;
            had_ended = playlist.has_ended;
            let behind =
                playlist.segments.last().map_or(next, |last| last.sequence.saturating_add(1));
            // A playlist that went back is examined again from where it grows.
            next = next.min(behind);
            if let Some(from) = playlist.segments.iter().position(|one| one.sequence >= next) {
                let sent = match is_last {
                    true => orders.send(order(from)).await.is_ok(),
                    false => orders.try_send(order(from)).is_ok(),
                };
                next = if sent { behind } else { next };
            }
            if is_last {
                retention.finish().await;
                return playlist;
            }
            let target = playlist.target_duration.unwrap_or(POLL_EVERY_MAX);
            let pause = (target / 2).clamp(POLL_EVERY_MIN, POLL_EVERY_MAX);
            tokio::join!(desk.pause(pause), retention.check());
            match self.fetch().await {
                Some(now) => {
                    (failures, age) = (0, now.age());
                    if now.bytes != version.text
                        && let Some(read) = self.read(&now)
                    {
                        (version, got) = (read, now);
                    }
                }
                None => failures += 1,
            }
        }
    }

    async fn fetch(&self) -> Option<Got> {
        match self.desk.fetch(&self.url, None).await {
            Ok(got) => Some(got),
            Err(failure) => {
                let id = if self.is_entry { "REACH" } else { "MV-REACH" };
                self.fail(id, &failure);
                None
            }
        }
    }

    fn fail(&self, id: &str, failure: &Failure) {
        self.desk.judge_failure(id, &self.rendition, &self.url, failure);
    }

    /// Reads a version that was not seen before.
    fn read(&self, got: &Got) -> Option<Version> {
        let document = self.desk.read(&got.bytes, &got.url);
        judge_playlist(&self.desk, &self.rendition, got, &document, self.is_entry);
        match document.playlist {
            Playlist::Media(playlist) => {
                let known = Known {
                    purpose: Purpose::Media,
                    target_duration: playlist.target_duration,
                    plays: None,
                    is_live: !playlist.has_ended,
                };
                self.desk.judge_exchange(got, known, &self.rendition);
                Some(Version { playlist: Arc::new(playlist), text: got.bytes.clone() })
            }
            Playlist::Multivariant(_) => {
                let place = self.desk.place(&self.rendition, &self.url);
                let id = if self.is_entry { "REACH" } else { "MV-REACH" };
                self.desk.fault(id, &place, "it lists other playlists, not segments");
                None
            }
            Playlist::None => None,
        }
    }

    fn judge_update(&self, watched: &mut Watch, playlist: &Arc<MediaPlaylist>, age: Duration) {
        let update = watched.take(Arc::clone(playlist), self.desk.at(), self.desk.unix_ms(), age);
        let place = self.desk.place(&self.rendition, &self.url);
        self.desk.judge(&place, |test, faults| {
            if let Test::Update(test) = test {
                test(&update, faults);
            }
        });
    }
}

/// Puts a version of a playlist to the rules.
pub(super) fn judge_playlist(
    desk: &Desk,
    rendition: &str,
    got: &Got,
    document: &Document,
    is_entry: bool,
) {
    let evidence = PlaylistEvidence {
        url: &got.url,
        text: &got.bytes,
        document,
        is_entry,
        at_unix_ms: desk.unix_ms(),
        options: &desk.options,
    };
    let place = desk.place(rendition, &got.url);
    desk.judge(&place, |test, faults| {
        if let Test::Playlist(test) = test {
            test(&evidence, faults);
        }
    });
}
