//! The program's clock (2.4.2.2 and 2.7.2), and times that wrap at 33 bits.

use container::ts::{Adaptation, wrap33};

use super::Few;

/// What was seen of the program's clock.
#[derive(Clone, Debug, Default)]
pub struct ClockFacts {
    /// Clock references on the PID that the program map names for them.
    pub references: u64,
    /// Clock references on all PIDs together.
    pub references_anywhere: u64,
    /// Places where it goes back, or stands still, without saying that it breaks.
    pub backwards: Few<ClockStep>,
    /// References that are further apart than [`INTERVAL_MAX_NS`].
    pub gaps: Few<ClockGap>,
}

/// A clock reference that does not come after the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockStep {
    /// Its packet, counted from 0.
    pub packet: u64,
    /// How far it is behind the one before, in nanoseconds.
    pub back_ns: i64,
}

/// Clock references that are far apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockGap {
    /// The packet of the later one, counted from 0.
    pub packet: u64,
    /// How far they are apart, in nanoseconds.
    pub length_ns: i64,
}

/// The longest time between two references: 100 ms (2.7.2), and 1 ms for those who round.
pub const INTERVAL_MAX_NS: i64 = 101_000_000;

/// Reads the clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) facts: ClockFacts,
    /// The newest reference at 27 MHz, unwrapped.
    now: Option<i64>,
    /// The newest reference went back: how far the next is from it says nothing.
    is_wrong: bool,
    /// Breaks so far: what was before one does not compare with what is behind it.
    pub(super) breaks: u64,
}

/// Ticks of the clock in one of 90 kHz.
const FINE: i64 = 300;

impl Clock {
    /// Takes in a packet of the clock's PID. Times are near `reference`, in 90 kHz ticks.
    pub(super) fn take(&mut self, packet: u64, adaptation: Adaptation, reference: Option<i64>) {
        if adaptation.is_discontinuous && adaptation.pcr.is_some() {
            self.now = None;
            self.breaks += 1;
        }
        let Some(pcr) = adaptation.pcr else { return };
        self.facts.references += 1;
        let near = self.now.map(|now| now.div_euclid(FINE)).or(reference);
        let fine = i64::try_from(pcr.clock() % 300).unwrap_or(0);
        let clock = unwrap(pcr.base(), near) * FINE + fine;
        if let Some(before) = self.now {
            let step_ns = (clock - before).saturating_mul(1_000) / 27;
            let was_wrong = std::mem::take(&mut self.is_wrong);
            if clock <= before {
                self.facts.backwards.add(ClockStep { packet, back_ns: -step_ns });
                self.is_wrong = true;
            } else if step_ns > INTERVAL_MAX_NS && !was_wrong {
                self.facts.gaps.add(ClockGap { packet, length_ns: step_ns });
            }
        }
        self.now = Some(clock);
    }

    /// The newest reference, in unwrapped 90 kHz ticks.
    pub(super) fn now_ticks(&self) -> Option<i64> {
        self.now.map(|now| now.div_euclid(FINE))
    }
}

/// The time of these 33 bits that is nearest to `near`.
pub(super) fn unwrap(bits: u64, near: Option<i64>) -> i64 {
    let plain = i64::try_from(bits).unwrap_or(0);
    near.map_or(plain, |near| near + difference(plain, near))
}

/// How far `to` is ahead of `from`, where only 33 bits of each are known.
pub(super) fn difference(to: i64, from: i64) -> i64 {
    const TURN: i64 = 1 << 33;
    let ahead = i64::try_from(wrap33(to.wrapping_sub(from))).unwrap_or(0);
    if ahead >= TURN / 2 { ahead - TURN } else { ahead }
}

/// 90 kHz ticks in nanoseconds.
pub(super) const fn nanoseconds(ticks: i64) -> i64 {
    ticks.saturating_mul(100_000) / 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bits: u64, near: Option<i64>, expected: i64) {
        assert_eq!(unwrap(bits, near), expected, "{bits} near {near:?}");
    }

    #[test]
    fn times_go_on_over_the_wrap_and_back() {
        const TURN: i64 = 1 << 33;
        check(5, None, 5);
        check(5, Some(TURN - 5), TURN + 5);
        check(0x1_ffff_fffb, Some(5), -5);
        check(0x1_ffff_fffb, Some(TURN + 5), TURN - 5);
        check(5, Some(3 * TURN), 3 * TURN + 5);
        check(1 << 32, Some(0), -(1 << 32));
    }
}
