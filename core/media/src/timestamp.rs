//! Points in media time, each with the scale that it is counted in.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU32;

/// A point in media time: `ticks` of `1 / timescale` seconds since an origin that the owner of the
/// value knows. Order and equality are by time, so `1000/1000 == 90000/90000`.
#[derive(Clone, Copy)]
pub struct Timestamp {
    ticks: i64,
    timescale: Timescale,
}

/// Ticks per second of a [`Timestamp`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timescale(NonZeroU32);

/// What to do with the part of a tick that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// To the nearest tick; a half goes up.
    Nearest,
    /// Towards the past.
    Down,
    /// Towards the future.
    Up,
}

impl Timestamp {
    /// The point `ticks` after the origin.
    #[must_use]
    pub const fn new(ticks: i64, timescale: Timescale) -> Self {
        Self { ticks, timescale }
    }

    /// The point `milliseconds` after the origin, counted in milliseconds.
    #[must_use]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self::new(milliseconds, Timescale::MILLIS)
    }

    /// Ticks since the origin.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// Ticks per second.
    #[must_use]
    pub const fn timescale(self) -> Timescale {
        self.timescale
    }

    /// The same point counted in another timescale, or `None` if it does not fit an `i64`.
    #[must_use]
    pub fn rescale(self, to: Timescale, rounding: Rounding) -> Option<Self> {
        if to == self.timescale {
            return Some(self);
        }
        // Nearly all times come in milliseconds and go to a multiple of that: no division.
        if to.hz().is_multiple_of(self.timescale.hz()) {
            let ticks = self.ticks.checked_mul(i64::from(to.hz() / self.timescale.hz()))?;
            return Some(Self::new(ticks, to));
        }
        // |ticks| < 2^63 and a timescale < 2^32, so the product fits an i128 with room to spare.
        let scaled = i128::from(self.ticks) * i128::from(to.hz());
        let from = i128::from(self.timescale.hz());
        let ticks = match rounding {
            Rounding::Down => scaled.div_euclid(from),
            Rounding::Up => -(-scaled).div_euclid(from),
            Rounding::Nearest => (scaled * 2 + from).div_euclid(from * 2),
        };
        Some(Self::new(i64::try_from(ticks).ok()?, to))
    }

    /// This point moved by `ticks` of its own timescale, or `None` if that does not fit.
    #[must_use]
    pub fn checked_add(self, ticks: i64) -> Option<Self> {
        Some(Self::new(self.ticks.checked_add(ticks)?, self.timescale))
    }
}

impl Timescale {
    /// Milliseconds: what RTMP and FLV count in.
    pub const MILLIS: Self = Self(NonZeroU32::new(1_000).expect("1000 is not zero"));
    /// 90 kHz: what MPEG-TS counts in (ISO/IEC 13818-1, 2.4.3.6).
    pub const MPEG: Self = Self(NonZeroU32::new(90_000).expect("90000 is not zero"));

    /// Nanoseconds: what Enhanced RTMP adds to a millisecond. 2^32 ms are under 2^53 of them.
    pub const NANOS: Self = Self(NonZeroU32::new(1_000_000_000).expect("10^9 is not zero"));

    /// A timescale of `hz` ticks per second, or `None` for 0.
    #[must_use]
    pub fn new(hz: u32) -> Option<Self> {
        NonZeroU32::new(hz).map(Self)
    }

    /// Ticks per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0.get()
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.ticks) * i128::from(other.timescale.hz());
        let right = i128::from(other.ticks) * i128::from(self.timescale.hz());
        left.cmp(&right)
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timestamp {}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ticks, self.timescale.hz())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ticks: i64, from: u32, to: u32, rounding: Rounding, expected: i64) {
        let stamp = Timestamp::new(ticks, Timescale::new(from).unwrap());
        let rescaled = stamp.rescale(Timescale::new(to).unwrap(), rounding).unwrap();
        assert_eq!(rescaled.ticks(), expected, "{stamp:?} in {to} Hz, {rounding:?}");
    }

    #[test]
    fn the_same_point_is_equal_in_every_timescale() {
        let second = Timestamp::new(90_000, Timescale::MPEG);
        assert_eq!(second, Timestamp::from_millis(1_000));
        assert!(Timestamp::from_millis(999) < second);
    }

    #[test]
    fn rounding_is_named_at_the_call() {
        check(1, 1_000, 90_000, Rounding::Nearest, 90);
        check(1_024, 44_100, 90_000, Rounding::Nearest, 2_090);
        check(1_024, 44_100, 90_000, Rounding::Down, 2_089);
        check(1_024, 44_100, 90_000, Rounding::Up, 2_090);
        check(-1, 90_000, 1_000, Rounding::Down, -1);
        check(-1, 90_000, 1_000, Rounding::Up, 0);
        check(-1, 90_000, 1_000, Rounding::Nearest, 0);
        check(45, 90_000, 1_000, Rounding::Nearest, 1);
    }

    #[test]
    fn a_point_too_far_away_does_not_wrap() {
        let far = Timestamp::from_millis(i64::MAX);
        assert_eq!(far.rescale(Timescale::MPEG, Rounding::Nearest), None);
        assert_eq!(far.checked_add(1), None);
    }
}
