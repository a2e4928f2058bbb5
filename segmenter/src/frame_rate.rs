//! How many pictures a second an encoder makes, as it is measured.

use media::AccessUnit;

use crate::latest::ticks;

/// The pictures of a rendition. What the first segment with enough of them shows is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameRate {
    /// In the segment.
    pictures: u32,
    /// The decode times of the segment's first and last picture, in 90 kHz ticks.
    span: Option<(i64, i64)>,
    /// Pictures at the beginning of the publication that are not counted yet.
    passed_over: u32,
    kept_milli: u32,
}

/// Frame rates that encoders mean when they come within half a percent, in pictures in 1,000
/// seconds.
pub(crate) const COMMON_MILLI: [u32; 15] = [
    10_000, 12_000, 12_500, 14_985, 15_000, 20_000, 23_976, 24_000, 25_000, 29_970, 30_000, 48_000,
    50_000, 59_940, 60_000,
];
/// An encoder with B-frames that does not count below 0 squeezes so many decode times at its start:
/// as many pictures as it may hold back.
const SQUEEZED_MAX: u32 = 4;

/// Distances between pictures from which on a rate is kept.
const DISTANCES_MIN: u32 = 10;

impl FrameRate {
    /// A segment begins.
    pub(crate) fn begin(&mut self) {
        let measured_milli = self.measured_milli();
        if self.kept_milli == 0 && self.pictures > DISTANCES_MIN {
            self.kept_milli = measured_milli;
        }
        (self.pictures, self.span) = (0, None);
    }

    pub(crate) fn add(&mut self, picture: &AccessUnit) {
        if self.passed_over < SQUEEZED_MAX {
            self.passed_over += 1;
            return;
        }
        let dts = ticks(picture.dts);
        self.pictures = self.pictures.saturating_add(1);
        let (first, _) = self.span.unwrap_or((dts, dts));
        self.span = Some((first, dts));
    }

    /// Pictures in 1,000 seconds: what the encoder says (frames over seconds) where that is about
    /// what is seen, or what is seen, rounded to what encoders mean. 0 where nothing can be said.
    pub(crate) fn milli(&self, declared: Option<(u32, u64)>) -> u32 {
        let seen = if self.kept_milli > 0 { self.kept_milli } else { self.measured_milli() };
        let declared = declared.and_then(|(frames, seconds)| {
            u32::try_from((u64::from(frames) * 1_000).checked_div(seconds)?).ok()
        });
        declared.filter(|declared| declared.abs_diff(seen) <= seen / 100).unwrap_or(seen)
    }

    fn measured_milli(&self) -> u32 {
        let span = self.span.map_or(0, |(first, last)| last.saturating_sub(first));
        let Ok(ticks @ 1..) = u64::try_from(span) else { return 0 };
        let distances = u64::from(self.pictures.saturating_sub(1));
        let Ok(measured) = u32::try_from(distances.saturating_mul(90_000_000) / ticks) else {
            return 0;
        };
        let nearest = COMMON_MILLI.into_iter().min_by_key(|rate| rate.abs_diff(measured));
        nearest.filter(|rate| rate.abs_diff(measured) <= rate / 200).unwrap_or(measured)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media::{AccessUnit, Timestamp, TrackId};

    use super::FrameRate;

    #[track_caller]
    fn check(pictures: u32, ticks: i64, declared: Option<(u32, u64)>, expected: u32) {
        let span = (pictures > 0).then_some((0, ticks));
        let rate = FrameRate { pictures, span, ..FrameRate::default() };
        assert_eq!(rate.milli(declared), expected, "{pictures} pictures in {ticks}");
    }

    #[test]
    fn a_frame_rate_is_what_the_encoder_means() {
        check(61, 180_180, None, 29_970);
        check(61, 180_090, None, 29_970);
        check(51, 180_000, None, 25_000);
        check(251, 749_970, None, 30_000);
        check(8, 90_000, None, 7_000);
        check(0, 180_000, None, 0);
        check(1, 0, None, 0);
    }

    #[test]
    fn what_an_encoder_says_is_believed_where_it_shows() {
        check(61, 180_090, Some((30_000, 1_001)), 29_970);
        check(61, 180_090, Some((60, 1)), 29_970);
        check(76, 90_000, Some((75, 1)), 75_000);
    }

    /// As GStreamer's x264 does with two B-frames in a pyramid.
    #[test]
    fn decode_times_that_are_squeezed_at_the_start_do_not_count() {
        let mut rate = FrameRate::default();
        for number in 0..30_i64 {
            let dts = Timestamp::from_millis(if number < 3 { number } else { (number - 2) * 40 });
            let (track, payload) = (TrackId::VIDEO, Bytes::new());
            let unit =
                AccessUnit { track, dts, pts: dts, random_access: false, samples: 0, payload };
            rate.add(&unit);
        }
        assert_eq!(rate.milli(None), 25_000);
    }
}
