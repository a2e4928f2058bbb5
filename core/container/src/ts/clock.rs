//! The program clock, and decode times that fit it.

use media::VideoFormat;

/// How far the program clock stays behind the decode times of the track that carries it, in 90 kHz
/// ticks: 700 ms. It is the time that a decoder's buffer has to fill, and it leaves room for
/// tracks that come late and for [`REORDER_TICKS_MAX`].
pub const PCR_LEAD_TICKS: i64 = 700 * 90;

/// Longest distance between clock references of media time without a break, in 90 kHz ticks:
/// 40 ms. The standard asks for 100 (2.7.2), DVB for 40 (ETSI TS 101 154, 4.1.5).
pub const PCR_INTERVAL_TICKS: i64 = 40 * 90;

/// Furthest that decode times are moved back for pictures that are to be shown before they are
/// decoded, in 90 kHz ticks: 500 ms. Sixteen frames, the most that H.264 reorders, are 533 ms at
/// 30 frames per second; no encoder uses more than five.
pub const REORDER_TICKS_MAX: i64 = 500 * 90;

/// How much later than another track the one that carries the clock may come before the other
/// moves the clock: 300 ms.
const PATIENCE_TICKS: i64 = 300 * 90;

/// Longest hole that is filled with clock references: 10 s. A longer one is a break of the
/// timeline.
const FILL_TICKS_MAX: i64 = 10 * 90_000;

/// The program clock as far as it was written, in 90 kHz ticks that do not wrap.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Option<i64>,
    /// Whether the next reference is the first of a segment.
    is_due: bool,
    /// Whether the next reference is the first after a break.
    is_broken: bool,
}

/// Who asks for the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Drives {
    /// A unit of the track whose packets carry the clock.
    Always,
    /// A unit of another track: it only keeps the clock from standing still.
    WhenLate,
}

/// References to write before a unit, evenly spread; none is closer than the one before.
#[derive(Debug)]
pub(super) struct Fill {
    from: i64,
    gap: i64,
    steps: i64,
    step: i64,
}

impl Clock {
    /// A segment starts: its first reference is needed before anything else.
    pub(super) const fn begin_segment(&mut self) {
        self.is_due = true;
    }

    /// The timeline breaks: what comes next is not after what came before.
    pub(super) const fn break_timeline(&mut self) {
        self.is_broken |= self.last.is_some();
        self.last = None;
    }

    /// The references that are missing before a unit that is decoded at `dts`, so that none is
    /// further than [`PCR_INTERVAL_TICKS`] from the next.
    pub(super) fn fill(&mut self, dts: i64, drives: Drives) -> Fill {
        let Some(from) = self.last else { return Fill::NONE };
        let gap = dts.saturating_sub(drives.lead()).saturating_sub(from);
        if gap > FILL_TICKS_MAX {
            self.break_timeline();
            return Fill::NONE;
        }
        if gap <= PCR_INTERVAL_TICKS {
            return Fill::NONE;
        }
        let fill = Fill { from, gap, steps: (gap - 1) / PCR_INTERVAL_TICKS + 1, step: 0 };
        self.last = Some(fill.at(fill.steps - 1));
        fill
    }

    /// The reference for a packet that comes right before a unit decoded at `dts`: later than
    /// every one before.
    pub(super) fn stamp(&mut self, dts: i64, drives: Drives) -> Stamp {
        let ticks = match self.last {
            Some(last) => dts.saturating_sub(drives.lead()).max(last.saturating_add(1)),
            None => dts.saturating_sub(PCR_LEAD_TICKS),
        };
        self.last = Some(ticks);
        self.is_due = false;
        Stamp { ticks, is_broken: std::mem::take(&mut self.is_broken) }
    }

    /// Whether the segment has no reference yet, or the timeline just broke.
    pub(super) const fn is_due(&self) -> bool {
        self.is_due || self.last.is_none()
    }
}

impl Drives {
    const fn lead(self) -> i64 {
        match self {
            Self::Always => PCR_LEAD_TICKS,
            Self::WhenLate => PCR_LEAD_TICKS + PATIENCE_TICKS,
        }
    }
}

/// One reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    pub(super) ticks: i64,
    pub(super) is_broken: bool,
}

impl Fill {
    const NONE: Self = Self { from: 0, gap: 0, steps: 0, step: 0 };

    const fn at(&self, step: i64) -> i64 {
        self.from + self.gap * step / self.steps
    }
}

impl Iterator for Fill {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.step += 1;
        (self.step < self.steps).then(|| self.at(self.step))
    }
}

/// Moves the decode times of a video track back where its encoder gives pictures that are shown
/// before they are decoded (a negative composition time): a transport stream cannot say that, and
/// the time of showing is the one that must stay.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// How far the encoder says that it reorders.
    announced: i64,
    /// Ticks that decode times are moved back by; `0 <= lag <= REORDER_TICKS_MAX`.
    lag: i64,
    last_dts: Option<i64>,
}

/// How far apart the announced reordering and the first picture's composition time may be because
/// times were rounded to milliseconds: 2 ms, in 90 kHz ticks.
const ANNOUNCED_SLACK_TICKS: i64 = 2 * 90;

impl Reorder {
    /// For pictures of an encoder that says this: a first picture that is shown as soon as it is
    /// decoded, of an encoder that reorders, is followed by pictures that are to be shown before
    /// they are decoded. So the lag can be right from the start.
    pub(super) fn new(format: &VideoFormat) -> Self {
        let frame_ticks = format.frame_rate.map(|(over, under)| {
            i64::try_from(under).unwrap_or(i64::MAX).saturating_mul(90_000) / i64::from(over.max(1))
        });
        let announced = frame_ticks.zip(format.reorder_frames_max).map_or(0, |(ticks, frames)| {
            ticks.saturating_mul(i64::from(frames)).min(REORDER_TICKS_MAX)
        });
        Self { announced, ..Self::default() }
    }

    /// Times with `pts >= dts`. The lag grows to what the encoder needs and stays, so after the
    /// first pictures decode times are as far apart as the encoder's. Until then they are squeezed
    /// to go forward, and a picture for which there is no room is shown later. So is one that
    /// would have to be shown more than [`REORDER_TICKS_MAX`] before its decode time.
    pub(super) fn fit(&mut self, pts: i64, dts: i64) -> (i64, i64) {
        let pts = pts.max(dts.saturating_sub(REORDER_TICKS_MAX));
        self.lag = self.lag.max(dts.saturating_sub(pts));
        if self.last_dts.is_none() {
            let missing = self.announced.saturating_sub(pts.saturating_sub(dts));
            if missing > ANNOUNCED_SLACK_TICKS {
                self.lag = self.lag.max(missing.min(REORDER_TICKS_MAX));
            }
        }
        let wanted = dts.saturating_sub(self.lag);
        let after_last = self.last_dts.map_or(wanted, |last| last.saturating_add(1));
        // Where the encoder's own decode times go back there is nothing to keep in order.
        let fitted = if after_last <= dts { wanted.max(after_last) } else { wanted };
        self.last_dts = Some(fitted);
        (pts.max(fitted), fitted)
    }

    /// The timeline breaks.
    pub(super) const fn restart(&mut self) {
        self.last_dts = None;
        self.lag = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays units at times in milliseconds: `v40` of the track that carries the clock, `a40` of
    /// another; `|` starts a segment, `/` breaks the timeline. Shows the references in
    /// milliseconds, those of the units' own packets in brackets, `!` after a break.
    #[track_caller]
    fn check(script: &str, expected: &str) {
        let mut clock = Clock::default();
        let mut shown = Vec::new();
        let show = |ticks: i64| match (ticks.div_euclid(90), ticks.rem_euclid(90)) {
            (millis, 0) => millis.to_string(),
            (millis, rest) => format!("{millis}+{rest}"),
        };
        for word in script.split_whitespace() {
            let dts = || word[1..].parse::<i64>().unwrap() * 90;
            match &word[..1] {
                "|" => clock.begin_segment(),
                "/" => clock.break_timeline(),
                "v" => {
                    shown.extend(clock.fill(dts(), Drives::Always).map(show));
                    let Stamp { ticks, is_broken } = clock.stamp(dts(), Drives::Always);
                    shown.push(format!("({}){}", show(ticks), if is_broken { "!" } else { "" }));
                }
                _ => {
                    shown.extend(clock.fill(dts(), Drives::WhenLate).map(show));
                    if clock.is_due() {
                        let Stamp { ticks, is_broken } = clock.stamp(dts(), Drives::WhenLate);
                        shown.push(show(ticks) + if is_broken { "!" } else { "" });
                    }
                }
            }
        }
        assert_eq!(shown.join(" "), expected, "{script}");
    }

    #[test]
    fn the_clock_is_behind_the_decode_times() {
        check("| v0 v40 v80", "(-700) (-660) (-620)");
        check("| v1000 v1016 v1033", "(300) (316) (333)");
    }

    #[test]
    fn holes_are_filled_evenly() {
        check("| v0 v41", "(-700) -680+45 (-659)");
        check("| v0 v80", "(-700) -660 (-620)");
        check("| v0 v200", "(-700) -660 -620 -580 -540 (-500)");
        check("| v0 v90", "(-700) -670 -640 (-610)");
    }

    #[test]
    fn a_hole_beyond_the_limit_is_a_break() {
        let filled = |until: i64| {
            let fill = (1..250).map(|step| format!("{}", -700 + step * 40));
            format!("(-700) {} ({until})", fill.collect::<Vec<_>>().join(" "))
        };
        check("| v0 v10000", &filled(9_300));
        check("| v0 v10001", "(-700) (9301)!");
        check("| v0 a10301", "(-700) 9601!");
    }

    #[test]
    fn the_clock_never_goes_back() {
        check("| v100 v50 v100 v150", "(-600) (-600+1) (-600+2) -575+1 (-550)");
        check("| v100 a50 v140", "(-600) (-560)");
    }

    #[test]
    fn other_tracks_move_the_clock_only_when_its_own_is_late() {
        check("| v0 a20 a40 v40 a60 a80 v80", "(-700) (-660) (-620)");
        check("| v0 a100 a200 a300 a340 a341 a400", "(-700) -680+45 -640+22");
        check("| v0 a400 v100", "(-700) -667+30 -634+60 (-600)");
    }

    #[test]
    fn a_segment_starts_with_a_reference_whoever_comes_first() {
        check("| v0 | v40", "(-700) (-660)");
        check("| v0 | a40 v40", "(-700) -700+1 (-660)");
        check("| a0 a20 v20", "-700 (-680)");
    }

    #[test]
    fn after_a_break_the_clock_starts_anew() {
        check("/ | v0 / | v5000 v5040", "(-700) (4300)! (4340)");
        check("| v5000 / | a0 v0", "(4300) -700! (-700+1)");
        check("| v5000 / / v0", "(4300) (-700)!");
    }

    /// Plays times in milliseconds, `pts/dts`; shows them as they are written.
    #[track_caller]
    fn check_reorder(announced: i64, script: &str, expected: &str) {
        let mut reorder = Reorder { announced: announced * 90, ..Reorder::default() };
        let shown = script.split_whitespace().map(|word| {
            let (pts, dts) = word.split_once('/').unwrap();
            let ticks = |text: &str| text.parse::<i64>().unwrap() * 90;
            let (pts, dts) = reorder.fit(ticks(pts), ticks(dts));
            let show = |ticks: i64| match ticks.rem_euclid(90) {
                0 => (ticks / 90).to_string(),
                rest => format!("{}+{rest}", ticks.div_euclid(90)),
            };
            format!("{}/{}", show(pts), show(dts))
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{script}");
    }

    #[test]
    fn times_in_order_stay() {
        check_reorder(0, "80/0 240/40 160/80 120/120", "80/0 240/40 160/80 120/120");
        check_reorder(0, "8388607/0 240/40 120/80", "8388607/0 240/40 120/80");
        check_reorder(0, "0/0 0/0 40/40", "0/0 0/0 40/40");
        check_reorder(0, "9000/9000 0/0 40/40", "9000/9000 0/0 40/40");
    }

    #[test]
    fn decode_times_move_back_for_pictures_shown_before_them() {
        check_reorder(0, "-40/0 80/40 0/80 40/120", "-40/-40 80/0 0+1/0+1 40/40");
        check_reorder(
            0,
            "0/0 120/40 40/80 80/120 240/160 160/200 200/240",
            "0/0 120/40 40+1/40+1 80/80 240/120 160/160 200/200",
        );
        check_reorder(0, "0/0 400/40 20/80 100/120 200/160", "0/0 400/40 40+1/40+1 100/60 200/100");
    }

    #[test]
    fn what_the_encoder_announces_is_known_from_the_start() {
        let negative = "0/0 120/40 40/80 80/120 240/160";
        check_reorder(80, negative, "0/-80 120/-40 40/0 80/40 240/80");
        check_reorder(80, "80/0 200/40 120/80", "80/0 200/40 120/80");
        check_reorder(80, "78/0 200/40 120/80", "78/0 200/40 120/80");
        check_reorder(80, "77/0 200/40 120/80", "77/-3 200/37 120/77");
        check_reorder(500, "-100/0 0/40", "-100/-500 0/-460");
    }

    #[test]
    fn decode_times_move_back_only_so_far() {
        check_reorder(0, "-500/0 -460/40", "-500/-500 -460/-460");
        check_reorder(0, "-501/0 -461/40 540/80", "-500/-500 -460/-460 540/-420");
        check_reorder(0, "-8388608/0 40/40 80/80", "-500/-500 40/-460 80/-420");
    }
}
