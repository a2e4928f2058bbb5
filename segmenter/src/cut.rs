//! Where segments begin.

/// Longest segment that is ever waited for, in milliseconds: an encoder that sends a key frame
/// every 250 pictures at 25 a second stays just within.
pub const LONGEST_SEGMENT_MS: i64 = 10_000;

/// How much before the target a key frame still ends a segment: encoders round times down, and a
/// key frame every two seconds must not become a segment every four.
const EARLY_MS: i64 = 100;
/// Segments that end for another reason than their length are not shorter than this, in
/// milliseconds.
pub(crate) const SHORTEST_MS: i64 = 400;
/// How much two key frames may be further apart than the two before: encoders round to
/// milliseconds.
const ROUNDING_MS: i64 = 2;
/// How much a segment may be longer than the target duration and still be rounded down to it
/// (RFC 8216, 4.3.3.1), less two pictures at 20 a second.
const LATE_MS: i64 = 400;
/// What is rounded away when the target duration is chosen: 2.002 s is 2, 2.3 s is 3.
const ROUNDED_MS: i64 = 100;

/// Decides where segments begin. The target duration is fixed when the first segment is complete
/// and never changes.
#[derive(Clone, Debug)]
pub struct Cutter {
    segment_ms: i64,
    target_duration_s: Option<u32>,
    /// The longest interval between key frames that the encoder says it makes.
    declared_gop_ms: i64,
    /// Where in the segment the last key frame was, and how long after the one before.
    last_key_ms: i64,
    key_interval_ms: Option<i64>,
    /// Decoding of the pictures cannot start with the segment.
    is_dependent: bool,
}

/// What to do before a unit is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Goes on with the segment.
    Continue,
    /// Begins a segment with the unit, from which decoding can start.
    Segment,
    /// Begins a segment with the unit although decoding cannot start from it: the segment would
    /// be longer than players were told.
    Forced,
}

impl Cutter {
    /// Cuts at the first key frame at or after `segment_ms`, within the target duration if one was
    /// fixed earlier.
    #[must_use]
    pub const fn new(segment_ms: i64, target_duration_s: Option<u32>) -> Self {
        Self {
            segment_ms,
            target_duration_s,
            declared_gop_ms: 0,
            last_key_ms: 0,
            key_interval_ms: None,
            is_dependent: false,
        }
    }

    /// Takes in how far apart the encoder says its key frames can be, in milliseconds.
    pub fn declare_gop(&mut self, gop_ms: i64) {
        self.declared_gop_ms = gop_ms.clamp(0, LONGEST_SEGMENT_MS);
    }

    /// The length that no segment goes beyond, in milliseconds.
    #[must_use]
    pub fn limit_ms(&self) -> i64 {
        match self.target_duration_s {
            Some(seconds) => i64::from(seconds) * 1_000 + LATE_MS,
            None => self.segment_ms.max(LONGEST_SEGMENT_MS),
        }
    }

    /// What to do with a unit `elapsed_ms` after the segment's start. Each is asked about once.
    pub fn decide(&mut self, elapsed_ms: i64, random_access: bool) -> Cut {
        // The first picture of a segment is asked about as the end of the one before as well.
        if random_access {
            if elapsed_ms > self.last_key_ms {
                self.key_interval_ms = Some(elapsed_ms.saturating_sub(self.last_key_ms));
            }
            self.last_key_ms = elapsed_ms;
        }
        let cut = if random_access && self.is_due(elapsed_ms) {
            Cut::Segment
        } else if elapsed_ms >= self.limit_ms() {
            if random_access { Cut::Segment } else { Cut::Forced }
        } else {
            Cut::Continue
        };
        if cut != Cut::Continue {
            self.last_key_ms = 0;
            self.is_dependent = cut == Cut::Forced;
        }
        cut
    }

    /// Ends the segment before a unit from which decoding can start, for another reason than its
    /// length.
    pub const fn cut_early(&mut self) -> Cut {
        self.last_key_ms = 0;
        self.is_dependent = false;
        Cut::Segment
    }

    /// Where in the segment, in milliseconds, the next key frame is and where the segment ends, if
    /// key frames go on as they came; before there were two, as often as they are wanted.
    pub(crate) fn expected(&self) -> Option<(i64, i64)> {
        let interval_ms = self.key_interval_ms.unwrap_or(self.segment_ms);
        if self.is_dependent || interval_ms <= 0 {
            return None;
        }
        let key_ms = self.last_key_ms.saturating_add(interval_ms);
        let left_ms = self.segment_ms.saturating_sub(EARLY_MS).saturating_sub(key_ms).max(0);
        let skipped_ms = left_ms.saturating_add(interval_ms - 1) / interval_ms * interval_ms;
        let mut end_ms = key_ms.saturating_add(skipped_ms);
        while !self.is_due(end_ms) {
            end_ms = end_ms.saturating_add(interval_ms);
        }
        (end_ms < self.limit_ms()).then_some((key_ms, end_ms))
    }

    /// Whether a key frame ends the segment: at the target, or a little before if the next one is
    /// expected after it. A segment that decoding cannot start with ends at the first one, so that
    /// one lost key frame is not followed by segments that are all cut beside theirs.
    fn is_due(&self, elapsed_ms: i64) -> bool {
        if self.is_dependent && elapsed_ms >= SHORTEST_MS {
            return true;
        }
        let next_ms = elapsed_ms.saturating_add(self.key_interval_ms.unwrap_or(self.segment_ms));
        elapsed_ms >= self.segment_ms
            || elapsed_ms >= self.segment_ms - EARLY_MS
                && next_ms > self.segment_ms.saturating_add(ROUNDING_MS)
    }

    /// The target duration, in seconds, that a segment of `length_ms` is listed under: fixed by
    /// the first one.
    pub fn fix_target_duration(&mut self, length_ms: i64) -> u32 {
        *self.target_duration_s.get_or_insert_with(|| {
            let longest_ms =
                self.segment_ms.max(length_ms - ROUNDED_MS).max(self.declared_gop_ms - ROUNDED_MS);
            // At most LONGEST_SEGMENT_MS or the configured length, so it fits.
            u32::try_from(longest_ms.max(1_000).saturating_add(999) / 1_000).unwrap_or(u32::MAX)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key frames are `!`; every number is the time of a unit in milliseconds.
    #[track_caller]
    fn check(target_duration_s: Option<u32>, units: &str, expected: &str) {
        let mut cutter = Cutter::new(2_000, target_duration_s);
        let mut start = 0;
        let cuts: Vec<_> = units
            .split_whitespace()
            .map(|unit| {
                let random_access = unit.starts_with('!');
                let at: i64 = unit.trim_start_matches('!').parse().unwrap();
                let cut = cutter.decide(at - start, random_access);
                if cut != Cut::Continue {
                    start = at;
                }
                match cut {
                    Cut::Continue => "-",
                    Cut::Segment => "cut",
                    Cut::Forced => "forced",
                }
            })
            .collect();
        assert_eq!(cuts.join(" "), expected, "{units}");
    }

    #[test]
    fn a_segment_ends_at_the_first_key_frame_at_or_after_the_target() {
        check(None, "!0 40 !1000 !2000 !3000 !4000", "- - - cut - cut");
        check(None, "!0 !1999 !3998", "- cut cut");
        check(None, "!0 !40 !80 !1880 !1920 !3700", "- - - - - cut");
        check(None, "!0 !1900 !1933 !1966 !1999 !2033", "- cut - - - -");
        check(None, "!0 !1867 !1900 !1933 !1967 !2000 !2033", "- - - - - cut -");
    }

    #[test]
    fn a_long_segment_waits_for_a_key_frame() {
        check(None, "!0 2000 8000 !8333", "- - - cut");
        check(Some(9), "!0 8333 9380 !9420", "- - - cut");
    }

    #[test]
    fn a_segment_never_gets_longer_than_players_were_told() {
        check(Some(2), "!0 2000 2360 2400 !2700 !4000", "- - - forced - cut");
        check(None, "!0 9960 10000 12000 20000", "- - forced - forced");
        check(Some(2), "!0 2000 2400 !2700 !4000 !6000", "- - forced - cut cut");
    }

    #[track_caller]
    fn check_target(declared_ms: i64, first_ms: i64, expected_s: u32) {
        let mut cutter = Cutter::new(2_000, None);
        cutter.declare_gop(declared_ms);
        let fixed = cutter.fix_target_duration(first_ms);
        assert_eq!(fixed, expected_s, "declared {declared_ms} ms, seen {first_ms} ms");
        assert_eq!(cutter.fix_target_duration(60_000), expected_s, "it never changes");
    }

    #[test]
    fn the_target_duration_is_fixed_by_the_first_segment() {
        check_target(0, 2_002, 2);
        check_target(0, 2_300, 3);
        check_target(0, 8_333, 9);
        check_target(0, 10_000, 10);
        check_target(0, 700, 2);
    }

    #[test]
    fn an_encoder_that_says_its_interval_is_believed_before_it_shows() {
        check_target(8_333, 2_100, 9);
        check_target(86_400_000, 2_000, 10);
    }
}
