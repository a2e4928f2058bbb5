//! Delta updates (RFC 8216bis, 4.4.5.2 and 6.2.5.1): what a player has already is left out.

use timeline::Skip;

use crate::Control;

/// What one update of a playlist leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Delta {
    /// Segments, from the first listed one on.
    pub segments: u64,
    /// Date ranges of which nothing was said since then, in milliseconds since the Unix epoch;
    /// where it does, it tells which ones are gone.
    pub date_ranges_since_ms: Option<i64>,
}

impl Delta {
    /// The update that a player gets who asks for `skip`, where the listed segments have these
    /// lengths in milliseconds, the newest first, and the newest entry of the journal was made at
    /// `now_ms`. Where no segment is old enough there is none, and the player gets all.
    #[must_use]
    pub fn new(
        skip: Skip,
        control: Control,
        lengths_ms: impl IntoIterator<Item = i64>,
        now_ms: i64,
    ) -> Option<Self> {
        let boundary_ms = control.skip_until_ms();
        let mut behind_ms = 0_i64;
        let mut segments = 0_u64;
        for length_ms in lengths_ms {
            // One that lies across the boundary is told.
            segments += u64::from(behind_ms >= boundary_ms);
            behind_ms = behind_ms.saturating_add(length_ms);
        }
        let date_ranges_since_ms = match skip {
            Skip::Segments => None,
            Skip::DateRanges => Some(now_ms.saturating_sub(boundary_ms)),
        };
        (segments > 0).then_some(Self { segments, date_ranges_since_ms })
    }

    /// `EXT-X-VERSION` that a playlist with the update needs (RFC 8216bis, 8).
    #[must_use]
    pub const fn version(self) -> u32 {
        if self.date_ranges_since_ms.is_some() { 10 } else { 9 }
    }

    /// `EXT-X-SKIP`, which stands where the first segment would: a whole line. `gone` are the names
    /// of the date ranges that are not told of any more.
    #[must_use]
    pub fn text<'a>(self, gone: impl IntoIterator<Item = &'a str>) -> String {
        let mut text = format!("#EXT-X-SKIP:SKIPPED-SEGMENTS={}", self.segments);
        if self.date_ranges_since_ms.is_some() {
            // Names are separated by tabs, and quoted together.
            let is_plain = |c: &char| *c != '"' && !c.is_control();
            let plain = |id: &str| id.chars().filter(is_plain).collect::<String>();
            let gone: Vec<_> = gone.into_iter().map(plain).collect();
            if !gone.is_empty() {
                text.push_str(",RECENTLY-REMOVED-DATERANGES=\"");
                text.push_str(&gone.join("\t"));
                text.push('"');
            }
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lengths_ms: &[i64], expected: u64) {
        let control = Control { target_duration_s: 2, part_target_ms: None };
        let newest_first = || lengths_ms.iter().rev().copied();
        let delta = Delta::new(Skip::Segments, control, newest_first(), 50_000);
        assert_eq!(delta.map_or(0, |delta| delta.segments), expected, "{lengths_ms:?}");
        let both = Delta::new(Skip::DateRanges, control, newest_first(), 50_000);
        assert_eq!(both.map(|delta| delta.segments), delta.map(|delta| delta.segments));
        let since_ms = both.and_then(|delta| delta.date_ranges_since_ms);
        assert_eq!(since_ms, both.map(|_| 38_000));
    }

    #[test]
    fn what_ends_more_than_six_target_durations_before_the_end_is_left_out() {
        check(&[2_000; 6], 0);
        check(&[2_000; 7], 1);
        check(&[2_000; 20], 14);
        check(&[2_000, 2_001, 2_000, 2_000, 2_000, 2_000, 2_000], 1);
        check(&[2_000, 1_999, 2_000, 2_000, 2_000, 2_000, 2_000], 0);
        check(&[9_000, 100, 11_899], 0);
        check(&[9_000, 100, 11_900], 1);
        check(&[], 0);
    }
}
