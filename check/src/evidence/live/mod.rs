//! A live media playlist over time: what it said before, and how long it took.
//!
//! A player asks again and again, so that the time of an update is known only as an interval: it
//! came after the last answer without it, and before the first answer with it. Whatever is judged
//! by time takes the side of the interval that is kind to the server.

mod compare;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hls::read::{MediaPlaylist, PlaylistType, Segment};

pub(crate) use compare::has_same_uri;
pub use compare::{Changed, Shift, Step};

/// Remembers what a live media playlist has said.
#[derive(Debug, Default)]
pub struct Watch {
    /// The newest version.
    newest: Option<Arc<MediaPlaylist>>,
    /// Segments that have left it, by number; at most [`LEFT_MAX`].
    left: BTreeMap<u64, Segment>,
    /// When it was asked for last and answered with the newest version, less the answer's age.
    polled_at: Duration,
    /// The first answer with the newest segment: it was there by then.
    grown_by: Duration,
    /// Whether the stall that goes on was said.
    is_stall_said: bool,
    /// Whether the answers are older than others before them, which was said.
    is_back: bool,
    /// Whether the edge was too far from now, which was said.
    is_far: bool,
}

/// One time that a live media playlist was asked for, against all that it said before. What can go
/// on for a while is in the first one only: a stall, an edge that lags.
#[derive(Clone, Debug)]
pub struct UpdateEvidence {
    /// The newest that it said before.
    pub before: Option<Arc<MediaPlaylist>>,
    /// What it says now.
    pub after: Arc<MediaPlaylist>,
    /// When it came, counted from the start of the exam.
    pub at: Duration,
    /// When it came: milliseconds since the Unix epoch.
    pub at_unix_ms: i64,
    /// How much older it may be.
    pub age: Duration,
    /// What became of the playlist.
    pub step: Step,
    /// How many segments are behind those that were known.
    pub added: Vec<Segment>,
    /// How many of those that were known have left at the front.
    pub removed: u64,
    /// Numbers that were never listed, though others behind them are.
    pub skipped: u64,
    /// Segments that are listed otherwise than before, at most 32.
    pub changed: Vec<Changed>,
    /// Where segments have other numbers than before.
    pub shift: Option<Shift>,
    /// How long it is at most since the playlist was asked for before.
    pub since_poll: Duration,
    /// When there are new segments: how long they took at least, counted from those before.
    pub waited: Option<Duration>,
    /// How long it is at least that nothing new came, if that is a stall; once for each.
    pub stalled: Option<Duration>,
    /// How far the end of the last segment is from now in milliseconds, negative if it is to come;
    /// once when it is out of bounds.
    pub lag_ms: Option<i64>,
}

/// Segments that left longer ago are forgotten: whoever still lists them is hours behind.
const LEFT_MAX: usize = 1_000;

/// Of one update; where more change, the pattern is clear.
const CHANGED_MAX: usize = 32;

/// A stall is no shorter: an encoder that connects anew takes that long.
const STALL_MIN: Duration = Duration::from_secs(8);

/// What an edge may lag behind the clock beyond two target durations.
const LAG_MS: u128 = 3_000;

impl Watch {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an answer, also one that says nothing new. What it says may be older than `at` by
    /// `age`: it was on its way for a while, and a cache may have had it before that.
    pub fn take(
        &mut self,
        playlist: Arc<MediaPlaylist>,
        at: Duration,
        at_unix_ms: i64,
        age: Duration,
    ) -> UpdateEvidence {
        let before = self.newest.clone();
        let step = compare::step(before.as_deref(), &playlist, &self.left);
        let mut evidence = UpdateEvidence {
            before,
            after: playlist,
            at,
            at_unix_ms,
            age,
            step,
            added: Vec::new(),
            removed: 0,
            skipped: 0,
            changed: Vec::new(),
            shift: None,
            since_poll: at.saturating_sub(self.polled_at),
            waited: None,
            stalled: None,
            lag_ms: None,
        };
        match step {
            Step::First => self.grown_by = at,
            Step::On => self.go_on(&mut evidence),
            // What is said once need not be said again while it goes on.
            Step::Back if self.is_back => evidence.step = Step::StillBack,
            Step::Back | Step::StillBack => {}
            Step::Renumbered | Step::NewBroadcast => {
                self.left.clear();
                self.note_growth(at);
            }
        }
        self.is_back = matches!(step, Step::Back);
        self.note_stall(&mut evidence);
        self.note_lag(&mut evidence);
        // An older version says nothing of what there was when it came.
        if !self.is_back {
            self.newest = Some(Arc::clone(&evidence.after));
            self.polled_at = at.saturating_sub(age);
        }
        evidence
    }

    /// The playlist goes on from what it was.
    fn go_on(&mut self, evidence: &mut UpdateEvidence) {
        let Some(before) = evidence.before.clone() else { return };
        let after = Arc::clone(&evidence.after);
        let next = next_of(&before);
        evidence.added = after.segments.iter().filter(|it| it.sequence >= next).cloned().collect();
        evidence.skipped = after.media_sequence.saturating_sub(next);
        evidence.removed = after.media_sequence.min(next).saturating_sub(before.media_sequence);
        evidence.shift = compare::shift(&before, &after);
        if evidence.shift.is_none() {
            evidence.changed = compare::changed(&before, &after, CHANGED_MAX);
        }
        for segment in before.segments.iter().take_while(|it| it.sequence < after.media_sequence) {
            self.left.insert(segment.sequence, segment.clone());
            if self.left.len() > LEFT_MAX {
                self.left.pop_first();
            }
        }
        if !evidence.added.is_empty() {
            evidence.waited = Some(self.polled_at.saturating_sub(self.grown_by));
            self.note_growth(evidence.at);
        }
    }

    const fn note_growth(&mut self, at: Duration) {
        self.grown_by = at;
        self.is_stall_said = false;
    }

    /// A playlist that has ended is complete, not stalled.
    fn note_stall(&mut self, evidence: &mut UpdateEvidence) {
        let quiet = evidence.at.saturating_sub(evidence.age).saturating_sub(self.grown_by);
        let newest = if self.is_back { self.newest.as_ref() } else { Some(&evidence.after) };
        let Some(newest) = newest.filter(|newest| is_live(newest)) else { return };
        if quiet > stall_after(newest) && !self.is_stall_said {
            self.is_stall_said = true;
            evidence.stalled = Some(quiet);
        }
    }

    /// Right after an update the edge is as near as it gets.
    fn note_lag(&mut self, evidence: &mut UpdateEvidence) {
        let is_new = evidence.step.is_new() || !evidence.added.is_empty();
        if !is_new || !is_live(&evidence.after) {
            return;
        }
        let Some(end_ns) = edge_ns(&evidence.after) else { return };
        let lag_ms = i128::from(evidence.at_unix_ms).saturating_sub(end_ns / 1_000_000);
        let limit_ms = (target_of(&evidence.after) * 2).as_millis().saturating_add(LAG_MS);
        // The first one may be anything between new and due to be replaced. What is to come has
        // a rule of its own.
        let age_ms = evidence.age.as_millis();
        let late_ms = match evidence.step {
            Step::First => lag_ms.saturating_sub_unsigned(target_of(&evidence.after).as_millis()),
            Step::On | Step::Back | Step::StillBack | Step::Renumbered | Step::NewBroadcast => {
                lag_ms.saturating_sub_unsigned(evidence.since_poll.as_millis())
            }
        };
        let late_ms = late_ms.saturating_sub_unsigned(age_ms);
        let is_far = u128::try_from(late_ms).is_ok_and(|late_ms| late_ms > limit_ms);
        if is_far && !self.is_far {
            evidence.lag_ms = i64::try_from(lag_ms).ok();
        }
        self.is_far = is_far;
    }
}

/// Whether something may follow.
fn is_live(playlist: &MediaPlaylist) -> bool {
    !playlist.has_ended && playlist.playlist_type != Some(PlaylistType::Vod)
}

/// `EXT-X-TARGETDURATION`, or what it should be.
#[must_use]
pub fn target_of(playlist: &MediaPlaylist) -> Duration {
    let longest = || playlist.segments.iter().map(|it| it.duration).max().unwrap_or_default();
    playlist.target_duration.unwrap_or_else(longest)
}

/// After how long without anything new a playlist has stalled.
#[must_use]
pub fn stall_after(playlist: &MediaPlaylist) -> Duration {
    target_of(playlist).saturating_mul(3).max(STALL_MIN)
}

/// The number behind the last one.
pub(crate) fn next_of(playlist: &MediaPlaylist) -> u64 {
    let last = playlist.segments.last();
    last.map_or(playlist.media_sequence, |last| last.sequence.saturating_add(1))
}

/// When the last segment ends, in nanoseconds since the Unix epoch: the last date that is there,
/// and all that follows it, parts too.
fn edge_ns(playlist: &MediaPlaylist) -> Option<i128> {
    let mut after = playlist.parts.iter().map(|part| part.duration).sum::<Duration>();
    for segment in playlist.segments.iter().rev() {
        after = after.saturating_add(segment.duration);
        if let Some((_, date)) = &segment.date {
            return (*date)?.checked_add(i128::try_from(after.as_nanos()).ok()?);
        }
        if segment.has_discontinuity {
            return None;
        }
    }
    None
}
