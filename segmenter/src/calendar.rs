//! Where media time stands on the calendar (`EXT-X-PROGRAM-DATE-TIME`).

use timeline::boundary_ms;

/// Difference to the server's clock that is left alone: arrival jitters by about this much.
const DRIFT_MS_TOLERATED: u64 = 100;

/// Says when a segment begins. Anchored to the server's clock at the start and at discontinuities,
/// advanced by media time in between, and slewed by at most a millisecond a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    anchor: Option<Anchor>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    boundary_ms: i64,
    calendar_ms: i64,
}

impl Calendar {
    /// The next segment begins where the timeline breaks: it is dated by the server's clock.
    pub(crate) const fn reset(&mut self) {
        self.anchor = None;
    }

    /// The date of a moment of the timeline; `None` before the first segment and at a break.
    pub(crate) fn date_of(&self, at: i64) -> Option<i64> {
        let anchor = self.anchor?;
        let advanced_ms = boundary_ms(at).saturating_sub(anchor.boundary_ms);
        Some(anchor.calendar_ms.saturating_add(advanced_ms))
    }

    /// When a segment begins that starts at `start` (90 kHz ticks) and whose first unit arrived at
    /// `now_ms`, in milliseconds since the Unix epoch.
    pub(crate) fn date(&mut self, start: i64, now_ms: i64) -> i64 {
        let boundary_ms = boundary_ms(start);
        let calendar_ms = self.anchor.map_or(now_ms, |anchor| {
            let advanced_ms = boundary_ms.saturating_sub(anchor.boundary_ms);
            let expected_ms = anchor.calendar_ms.saturating_add(advanced_ms);
            let drift_ms = now_ms.saturating_sub(expected_ms);
            let slew_ms =
                if drift_ms.unsigned_abs() > DRIFT_MS_TOLERATED { drift_ms.signum() } else { 0 };
            expected_ms.saturating_add(slew_ms)
        });
        self.anchor = Some(Anchor { boundary_ms, calendar_ms });
        calendar_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(segments: &[(i64, i64)], expected: &[i64]) {
        let mut calendar = Calendar::default();
        let dates: Vec<_> =
            segments.iter().map(|(start_ms, now)| calendar.date(start_ms * 90, *now)).collect();
        assert_eq!(dates, expected);
    }

    #[test]
    fn dates_follow_media_time_and_not_the_jitter_of_arrival() {
        check(&[(0, 5_000), (2_000, 7_080), (4_000, 8_920)], &[5_000, 7_000, 9_000]);
    }

    #[test]
    fn a_clock_that_drifts_is_followed_by_a_millisecond_a_segment() {
        check(&[(0, 0), (2_000, 2_500), (4_000, 4_500)], &[0, 2_001, 4_002]);
        check(&[(0, 1_000), (2_000, 2_500), (4_000, 4_500)], &[1_000, 2_999, 4_998]);
    }

    #[test]
    fn a_break_is_dated_anew() {
        let mut calendar = Calendar::default();
        assert_eq!(calendar.date(0, 100), 100);
        calendar.reset();
        assert_eq!(calendar.date(180_000, 9_000), 9_000);
    }
}
