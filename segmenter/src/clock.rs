//! Puts the units of all tracks on one timeline.
//!
//! What arrives counts in milliseconds that wrap at 2^32, jitter by up to one (encoders round), and
//! sometimes jump. What leaves is exact: video in 90 kHz, audio in samples counted from the units
//! themselves, decode times that only grow, presentation never before decoding.

use std::collections::BTreeMap;

use media::{AccessUnit, Rounding, Timescale, Timestamp, Track, TrackId};

/// Where an epoch's timeline begins, so that whatever a container subtracts from a time (the lead
/// of a transport stream's clock) stays positive.
const ORIGIN_MS: i64 = 10_000;
/// A step forward that is a hole in the media rather than a jump of the encoder's clock. Screen
/// sharing sends as little as a picture every two seconds.
const FORWARD_MS_MAX: i64 = 3_000;
/// A step back that is repaired in place. A larger one is a jump.
const BACKWARD_MS_MAX: i64 = 100;
/// How far behind the timeline's latest unit a track may land and still belong there: what
/// encoders delay one track against another.
const BEHIND_MS_MAX: i64 = 1_000;
/// Distance between the sample count and the encoder's time at which audio is really missing.
/// Encoders round to milliseconds and batch by frames of 21 to 64 ms.
const AUDIO_GAP_MS: i64 = 100;
/// Distance from which the sample count is moved towards the encoder's time, a sample a unit.
const AUDIO_SLEW_MS: i64 = 20;

/// Furthest that decode times are moved back for pictures that are shown before them, in 90 kHz
/// ticks: sixteen frames, the most that H.264 reorders, are 533 ms at 30 a second; no
/// encoder uses more than five.
const REORDER_TICKS_MAX: i64 = 500 * 90;
/// Furthest that a picture may be shown after it is decoded, in 90 kHz ticks: sixteen frames at
/// eight a second. One that says more would leave a hole, or a segment that never ends.
const COMPOSITION_TICKS_MAX: i64 = 2 * 90_000;
/// How much less than what the encoder says the first picture's composition time may be, in 90 kHz
/// ticks: times are rounded to milliseconds.
const REORDER_SLACK_TICKS: i64 = 2 * 90;

/// Normalises the times of a publication.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    tracks: BTreeMap<TrackId, TrackClock>,
    /// Where the newest jump led, if the timeline has begun.
    newest: Option<Mapping>,
    /// The newest unwrapped time of any track, to unwrap the first of another by.
    latest_raw_ms: Option<i64>,
    /// How far the timeline has come.
    latest_media_ms: i64,
    repairs: Repairs,
}

/// A unit on the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The unit, with exact times.
    pub unit: AccessUnit,
    /// Whether the encoder's clock jumped right before the unit. One jump of several tracks is
    /// said once.
    pub jumped: bool,
}

/// What has been mended, counted by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Jumps of the encoder's clock that the timeline does not show.
    pub jumps: u64,
    /// Pictures whose decode time did not grow.
    pub decode_times: u64,
    /// Pictures that were to be shown before they are decoded.
    pub presentation_times: u64,
    /// Places where audio frames are missing.
    pub audio_gaps: u64,
    /// Segments that had to begin without a key frame.
    pub forced_cuts: u64,
    /// Units that were dropped: of a track that is not announced, or with a time out of range.
    pub dropped: u64,
}

/// From an encoder's unwrapped milliseconds to the timeline's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    serial: u64,
    offset_ms: i64,
}

#[derive(Clone, Debug)]
struct TrackClock {
    counter: Counter,
    mapping: Option<Mapping>,
    last_raw_ms: i64,
    /// The last step, which the next is expected to equal.
    step_ms: i64,
}

#[derive(Clone, Debug)]
enum Counter {
    Video {
        /// The last decode time, in 90 kHz ticks.
        last_dts: Option<i64>,
        /// How much earlier pictures are decoded than the encoder says, since it shows some before
        /// it decodes them.
        shift: i64,
        /// How far the encoder says that it reorders, in 90 kHz ticks.
        announced: i64,
    },
    Audio {
        timescale: Timescale,
        /// Where the next unit begins if none is missing, in samples.
        next: Option<i64>,
    },
}

impl Clock {
    /// A clock whose timeline begins at `begins_at_ms`, and not before its usual origin.
    #[must_use]
    pub fn beginning_at(begins_at_ms: i64) -> Self {
        Self { latest_media_ms: begins_at_ms, ..Self::default() }
    }

    /// Announces a track, or a change of it: its times go on.
    pub fn track(&mut self, track: &Track) {
        let counter = match track.codec.audio() {
            None => Counter::Video { last_dts: None, shift: 0, announced: announced(track) },
            Some(audio) => Counter::Audio {
                timescale: Timescale::new(audio.sample_rate).unwrap_or(Timescale::MPEG),
                next: None,
            },
        };
        match self.tracks.get_mut(&track.id) {
            Some(known) => known.counter.change(counter),
            None => {
                let clock = TrackClock { counter, mapping: None, last_raw_ms: 0, step_ms: 0 };
                self.tracks.insert(track.id, clock);
            }
        }
    }

    /// A track is over: its units are dropped.
    pub fn forget(&mut self, track: TrackId) {
        self.tracks.remove(&track);
    }

    /// Puts a unit on the timeline; `None` drops it.
    pub fn place(&mut self, unit: AccessUnit) -> Option<Placement> {
        let placement = self.try_place(unit);
        if placement.is_none() {
            self.repairs.dropped += 1;
        }
        placement
    }

    /// Where the publisher's `timestamp_ms` is on the timeline, in 90 kHz ticks; `None` before the
    /// first unit.
    #[must_use]
    pub fn locate(&self, timestamp_ms: u32) -> Option<i64> {
        let raw_ms = unwrap_ms(self.latest_raw_ms?, timestamp_ms.into());
        raw_ms.checked_add(self.newest?.offset_ms)?.checked_mul(90)
    }

    /// What has been mended so far.
    #[must_use]
    pub const fn repairs(&self) -> Repairs {
        self.repairs
    }

    fn try_place(&mut self, unit: AccessUnit) -> Option<Placement> {
        let composition = unit.composition_offset(Timescale::MPEG)?;
        let wrapped_ms = unit.dts.rescale(Timescale::MILLIS, Rounding::Down)?.ticks();
        // What a publisher says more exactly than in milliseconds.
        let exact = unit.dts.rescale(Timescale::MPEG, Rounding::Nearest)?.ticks();
        let beyond = exact.checked_sub(wrapped_ms.checked_mul(90)?)?;
        let track = self.tracks.get_mut(&unit.track)?;
        let reference_ms = track.mapping.map(|_| track.last_raw_ms).or(self.latest_raw_ms);
        let raw_ms = reference_ms.map_or(wrapped_ms, |last| unwrap_ms(last, wrapped_ms));
        let jumped = track.map(raw_ms, &mut self.newest, self.latest_media_ms);
        self.repairs.jumps += u64::from(jumped);
        self.latest_raw_ms = Some(raw_ms);
        let media_ms = raw_ms.checked_add(track.mapping?.offset_ms)?;
        self.latest_media_ms = self.latest_media_ms.max(media_ms);
        let (dts, pts) = track.counter.place(
            media_ms.checked_mul(90)?.checked_add(beyond)?,
            composition,
            unit.samples,
            &mut self.repairs,
        )?;
        Some(Placement { unit: AccessUnit { dts, pts, ..unit }, jumped })
    }
}

impl TrackClock {
    /// Moves to `raw_ms`, and decides which mapping holds from there. Says whether a new one began.
    fn map(&mut self, raw_ms: i64, newest: &mut Option<Mapping>, latest_media_ms: i64) -> bool {
        let step_ms = raw_ms.saturating_sub(self.last_raw_ms);
        let last_raw_ms = std::mem::replace(&mut self.last_raw_ms, raw_ms);
        let Some(mapping) = self.mapping else {
            let origin_ms = ORIGIN_MS.max(latest_media_ms);
            let first = Mapping { serial: 0, offset_ms: origin_ms.saturating_sub(raw_ms) };
            let begun = newest.is_some();
            let mut mapping = *newest.get_or_insert(first);
            let landed_ms =
                raw_ms.saturating_add(mapping.offset_ms).saturating_sub(latest_media_ms);
            if begun && landed_ms.abs() > FORWARD_MS_MAX {
                // It has a clock of its own, which begins when its first unit comes.
                mapping.offset_ms = latest_media_ms.saturating_sub(raw_ms);
            }
            self.mapping = Some(mapping);
            return false;
        };
        if (-BACKWARD_MS_MAX..=FORWARD_MS_MAX).contains(&step_ms) {
            self.step_ms = step_ms.max(0);
            return false;
        }
        let newest = newest.get_or_insert(mapping);
        // Where the other tracks are: this one was silent, or jumps after them.
        let landed_ms = raw_ms.saturating_add(newest.offset_ms).saturating_sub(latest_media_ms);
        let has_gone_back = newest.serial == mapping.serial && step_ms < 0;
        let jumps = has_gone_back || !(-BEHIND_MS_MAX..=FORWARD_MS_MAX).contains(&landed_ms);
        if jumps {
            // It goes on where it would be if the encoder's clock had not jumped.
            let expected_ms =
                last_raw_ms.saturating_add(mapping.offset_ms).saturating_add(self.step_ms);
            *newest = Mapping {
                serial: newest.serial.saturating_add(1),
                offset_ms: expected_ms.saturating_sub(raw_ms),
            };
        }
        self.mapping = Some(*newest);
        jumps
    }
}

impl Counter {
    /// Takes over what a changed track says of itself; its place on the timeline stays.
    fn change(&mut self, to: Self) {
        match (&mut *self, to) {
            (Self::Video { announced, .. }, Self::Video { announced: to, .. }) => *announced = to,
            (Self::Audio { timescale, next }, Self::Audio { timescale: to, .. }) => {
                *next = next.and_then(|next| {
                    let next = Timestamp::new(next, *timescale);
                    Some(next.rescale(to, Rounding::Nearest)?.ticks())
                });
                *timescale = to;
            }
            (Self::Video { .. }, to @ Self::Audio { .. })
            | (Self::Audio { .. }, to @ Self::Video { .. }) => *self = to,
        }
    }

    /// Decode and presentation time of the unit that the encoder puts at `encoded` (90 kHz ticks).
    fn place(
        &mut self,
        encoded: i64,
        composition: i64,
        samples: u32,
        repairs: &mut Repairs,
    ) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Video { last_dts, shift, announced } => {
                let mut composition = composition;
                if !(-REORDER_TICKS_MAX..=COMPOSITION_TICKS_MAX).contains(&composition) {
                    // No encoder reorders so far: it is one odd frame, and costs its place.
                    repairs.presentation_times += 1;
                    composition = *announced;
                }
                if last_dts.is_none() {
                    // A first picture that is shown as soon as it is decoded, of an encoder that
                    // reorders, is followed by some that are to be shown before they are decoded.
                    let missing = announced.saturating_sub(composition);
                    *shift = if missing > REORDER_SLACK_TICKS { missing } else { 0 };
                }
                if composition < -*shift {
                    repairs.presentation_times += 1;
                    *shift = composition.checked_neg()?;
                }
                let wanted = encoded.checked_sub(*shift)?;
                let dts = match *last_dts {
                    Some(last) if wanted <= last => {
                        repairs.decode_times += 1;
                        last.checked_add(1)?
                    }
                    Some(_) | None => wanted,
                };
                *last_dts = Some(dts);
                let pts = encoded.checked_add(composition)?.max(dts);
                Some((Timestamp::new(dts, Timescale::MPEG), Timestamp::new(pts, Timescale::MPEG)))
            }
            Self::Audio { timescale, next } => {
                let encoded = Timestamp::new(encoded, Timescale::MPEG);
                let encoded = encoded.rescale(*timescale, Rounding::Nearest)?.ticks();
                let counted = next.unwrap_or(encoded);
                let ahead = encoded.checked_sub(counted)?;
                let hz = i64::from(timescale.hz());
                let at = if ahead > AUDIO_GAP_MS * hz / 1_000 {
                    repairs.audio_gaps += 1;
                    encoded
                } else if ahead.abs() > AUDIO_SLEW_MS * hz / 1_000 {
                    counted.checked_add(ahead.signum())?
                } else {
                    counted
                };
                *next = Some(at.checked_add(samples.into())?);
                let at = Timestamp::new(at, *timescale);
                Some((at, at))
            }
        }
    }
}

/// How far the encoder says that it reorders, in 90 kHz ticks.
fn announced(track: &Track) -> i64 {
    let Some(video) = track.codec.video() else { return 0 };
    let frame_ticks = video.frame_rate.map(|(frames, seconds)| {
        i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(90_000) / i64::from(frames)
    });
    frame_ticks
        .zip(video.reorder_frames_max)
        .map_or(0, |(ticks, frames)| ticks.saturating_mul(i64::from(frames)).min(REORDER_TICKS_MAX))
}

/// The time nearest to `last_ms` that equals `wrapped_ms` in its low 32 bits (RTMP, 5.3.1.1).
fn unwrap_ms(last_ms: i64, wrapped_ms: i64) -> i64 {
    const WRAP: i64 = 1 << 32;
    let ahead = wrapped_ms.wrapping_sub(last_ms).rem_euclid(WRAP);
    last_ms.saturating_add(if ahead >= WRAP / 2 { ahead - WRAP } else { ahead })
}

#[cfg(test)]
mod tests;
