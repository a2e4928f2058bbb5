//! Requests that wait for what comes next (RFC 8216bis, 6.2.5.2).

#[cfg(test)]
mod tests;

use std::time::Duration;

use hls::{Edge, Reach};
use origin::{CacheControl, OriginError};
use timeline::{Awaited, Reload, RenditionId};
use tokio::time::{Instant, timeout_at};

use crate::follow::Follower;

/// Target durations without anything new after which who waits is sent away.
const STALLED_TARGETS: u32 = 3;
/// Segments beyond the newest that may be asked for.
const SEGMENTS_AHEAD_MAX: u64 = 2;
/// What the parts that may be asked for ahead last together at most, in milliseconds: the draft's
/// limit is three, divided by the part target in seconds, and three where that is a second or more.
const AHEAD_MS_MAX: u32 = 3_000;
const PARTS_AHEAD_MIN: u32 = 3;

/// How far a stream is, as far as who waits must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Progress {
    /// What is listed.
    pub(crate) reach: Reach,
    /// The parts of the newest whole segment.
    pub(crate) newest_parts: u32,
    /// `PART-TARGET` in milliseconds, where the rendition has parts.
    pub(crate) part_target_ms: Option<u32>,
    /// `EXT-X-TARGETDURATION`.
    pub(crate) target_duration: Duration,
    /// Whether the playlist says that it has ended.
    pub(crate) has_ended: bool,
    /// Whether somebody publishes.
    pub(crate) is_live: bool,
}

/// What becomes of a request that may have to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// What it waits for is there.
    There,
    /// There is nothing to wait for: the playlist has ended.
    Ended,
    /// It waits until it has been in vain for too long.
    Wait,
    /// What it waits for did not come, since nobody publishes: it gets the playlist as it is.
    AsItIs,
    /// What it waits for did not come in time, though somebody publishes.
    Stalled,
    /// It asks for what is too far ahead.
    TooFarAhead,
}

/// Target durations for which caches keep what somebody waited for (RFC 8216bis, B.1): the next
/// one who asks for the same is in no hurry, and nobody asks for it later.
const WAITED_TARGETS: u32 = 6;

/// How long caches may keep an answer to `reload`, once it can be given.
///
/// # Errors
///
/// When what it waits for is too far ahead, or does not come in time.
pub(crate) async fn wait(
    follower: &Follower,
    rendition: &RenditionId,
    reload: Reload,
) -> Result<CacheControl, OriginError> {
    let mut version = follower.watch();
    let asked_at = Instant::now();
    loop {
        let progress = follower.progress(rendition);
        let target_duration_s = u32::try_from(progress.target_duration.as_secs()).unwrap_or(1);
        let unhurried = CacheControl::Seconds((target_duration_s / 2).max(1));
        let Some(awaited) = reload.after else { return Ok(unhurried) };
        let limit = progress.target_duration.saturating_mul(STALLED_TARGETS);
        // While nobody publishes each one who asks waits in turn: nothing else comes of asking.
        let since = if progress.is_live { follower.live.news_at() } else { asked_at };
        match progress.decide(awaited, since.elapsed()) {
            Answer::There => {
                return Ok(CacheControl::Seconds(target_duration_s.saturating_mul(WAITED_TARGETS)));
            }
            Answer::Ended => return Ok(unhurried),
            // Others who ask for the same must get it as soon as it is there.
            Answer::AsItIs => return Ok(CacheControl::Seconds(1)),
            Answer::TooFarAhead => {
                let newest = progress.reach.sequence.saturating_sub(1);
                return Err(OriginError::TooFarAhead { sequence: awaited.sequence, newest });
            }
            Answer::Stalled => {
                let (stream, retry_after) = (follower.name.clone(), progress.target_duration);
                return Err(OriginError::Stalled { stream, retry_after });
            }
            Answer::Wait => {
                // Either the stream went on, or it is time to say that it does not.
                let _ = timeout_at(since + limit, version.changed()).await;
            }
        }
    }
}

impl Follower {
    /// How far the stream is, for who waits for `rendition`.
    fn progress(&self, rendition: &RenditionId) -> Progress {
        let window = self.read_window();
        let open = self.live.listed();
        let edge = Edge::new(&window, open.as_deref());
        let control = edge.control(rendition);
        let newest = window.segments().next_back();
        let target_duration_s = window.target_duration_s().unwrap_or(1);
        Progress {
            reach: edge.reach(),
            newest_parts: newest.map_or(0, |it| u32::try_from(it.parts.len()).unwrap_or(u32::MAX)),
            part_target_ms: control.and_then(|control| control.part_target_ms),
            target_duration: Duration::from_secs(target_duration_s.into()),
            has_ended: window.has_ended(),
            is_live: window.is_live(),
        }
    }
}

impl Progress {
    /// Decides on a request for `awaited`, which has waited in vain for `quiet`, or would have if
    /// it had been there.
    pub(crate) fn decide(self, awaited: Awaited, quiet: Duration) -> Answer {
        if self.has_ended {
            return Answer::Ended;
        }
        if self.is_there(awaited) {
            return Answer::There;
        }
        if self.is_too_far(awaited) {
            return Answer::TooFarAhead;
        }
        let limit = self.target_duration.saturating_mul(STALLED_TARGETS);
        match () {
            () if quiet < limit => Answer::Wait,
            () if self.is_live => Answer::Stalled,
            () => Answer::AsItIs,
        }
    }

    fn is_there(self, Awaited { sequence, part }: Awaited) -> bool {
        let Reach { sequence: next, parts } = self.reach;
        let Some(part) = part.filter(|_| self.part_target_ms.is_some()) else {
            return sequence < next;
        };
        // A part that a segment does not have is the first of the next one.
        let is_beyond = sequence.checked_add(1) == Some(next) && part >= self.newest_parts;
        match () {
            () if is_beyond => parts > 0,
            () if sequence == next => part < parts,
            () => sequence < next,
        }
    }

    fn is_too_far(self, Awaited { sequence, part }: Awaited) -> bool {
        let Reach { sequence: next, parts } = self.reach;
        // The newest segment is the one before the next.
        if sequence >= next.saturating_add(SEGMENTS_AHEAD_MAX) {
            return true;
        }
        let (Some(part), Some(part_target_ms)) = (part, self.part_target_ms) else { return false };
        let limit = AHEAD_MS_MAX.div_ceil(part_target_ms.max(1)).max(PARTS_AHEAD_MIN);
        let listed = match () {
            () if sequence == next => parts,
            () if sequence.checked_add(1) == Some(next) => self.newest_parts,
            () => 0,
        };
        // Parts are counted from 0: the last listed one is `listed - 1`.
        part >= listed.saturating_add(limit)
    }
}
