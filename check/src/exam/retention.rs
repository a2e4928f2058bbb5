//! Whether segments that left a live playlist can still be had, for as long as a player that read
//! it before may ask (RFC 8216, 6.2.2).

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hls::read::{ByteRange, MediaPlaylist};
use http::StatusCode;
use tokio::time::timeout;
use url::Url;

use super::desk::Desk;

/// The segments of a rendition that left its playlist.
pub(super) struct Retention {
    desk: Arc<Desk>,
    rendition: String,
    latest: Option<Listing>,
    gone: VecDeque<Gone>,
    missed: Missed,
}

/// Segments that could not be fetched while they were listed, by their sequence numbers. That is
/// said already, and what was never there need not stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed(Arc<Mutex<BTreeSet<u64>>>);

/// More are not kept in mind: a server that has so many of them has no segments.
const MISSED_MAX: usize = 256;

impl Missed {
    /// A segment could not be fetched.
    pub(super) fn note(&self, sequence: u64) {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.insert(sequence);
        if missed.len() > MISSED_MAX {
            missed.pop_first();
        }
    }

    fn has(&self, sequence: u64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&sequence)
    }
}

/// A version of the playlist.
struct Listing {
    url: Url,
    playlist: Arc<MediaPlaylist>,
    at: Duration,
}

/// A segment that left.
struct Gone {
    url: Url,
    sequence: u64,
    /// Until when it must be there.
    until: Duration,
}

/// More are not asked for: those that leave while so many wait are passed over.
const GONE_MAX: usize = 64;

/// What is not answered by then is not said: it may be about this machine as well.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// It is asked for so long before its time is up, so that the answer is in time.
const AHEAD: Duration = Duration::from_millis(500);

impl Retention {
    pub(super) const fn new(desk: Arc<Desk>, rendition: String, missed: Missed) -> Self {
        Self { desk, rendition, latest: None, gone: VecDeque::new(), missed }
    }

    /// Takes in what the playlist says now.
    pub(super) fn take(&mut self, url: &Url, playlist: &Arc<MediaPlaylist>) {
        let at = self.desk.at();
        let now = Listing { url: url.clone(), playlist: Arc::clone(playlist), at };
        let Some(before) = self.latest.replace(now) else { return };
        let length: Duration = before.playlist.segments.iter().map(|one| one.duration).sum();
        for segment in &before.playlist.segments {
            let has_left = segment.sequence < playlist.media_sequence && !segment.is_gap;
            if !has_left || self.gone.len() >= GONE_MAX {
                continue;
            }
            // It left at some time after the last version that had it.
            let until = before.at + segment.duration + length;
            if let Ok(url) = before.url.join(&segment.uri) {
                self.gone.push_back(Gone { url, sequence: segment.sequence, until });
            }
        }
    }

    /// Asks for those whose time is nearly up.
    pub(super) async fn check(&mut self) {
        let now = self.desk.at();
        while let Some(gone) = self.gone.pop_front_if(|gone| gone.until <= now + AHEAD * 4) {
            self.desk.pause(gone.until.saturating_sub(self.desk.at() + AHEAD)).await;
            self.ask(&gone).await;
        }
    }

    /// Asks for all that must be there at the end of the exam.
    pub(super) async fn finish(&mut self) {
        for gone in std::mem::take(&mut self.gone) {
            if self.desk.is_stopped() {
                return;
            }
            self.ask(&gone).await;
        }
    }

    async fn ask(&self, gone: &Gone) {
        let Gone { url, sequence, until } = gone;
        if self.missed.has(*sequence) {
            return;
        }
        let ask = self.desk.send(url, Some(ByteRange { length: 1, start: 0 }));
        // An answer that comes after its time says nothing, and the playlist must be asked for
        // again.
        let Some(left) = until.checked_sub(self.desk.at()) else { return };
        let Ok(sent) = timeout(left.min(ANSWER_WITHIN), ask).await else { return };
        let Some(left) = until.checked_sub(self.desk.at()) else { return };
        let why = match sent.reply {
            Ok(reply) if reply.status == StatusCode::OK => return,
            Ok(reply) if reply.status == StatusCode::PARTIAL_CONTENT => return,
            Ok(reply) => format!("the answer is {}", reply.status),
            Err(error) => error.to_string(),
        };
        let (place, left) = (self.desk.place(&self.rendition, url), left.as_secs_f64());
        let why = format!(
            "segment {sequence} has left the playlist and must be there for another {left:.1} s: \
             {why}"
        );
        self.desk.fault("LIV-RETAIN", &place, why);
    }
}
