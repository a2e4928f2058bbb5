//! How long after its last unit a part comes out, for pushes as encoders send them.

use super::*;

/// A push of pictures in GOPs, and of sounds.
#[derive(Clone, Copy, Debug)]
struct Push {
    /// Pictures a second.
    fps: i64,
    /// Pictures in each GOP; the last goes on.
    gops: &'static [i64],
    /// How much later than pictures of their time sounds arrive, in milliseconds.
    sound_late_ms: Option<i64>,
    /// B pictures between two others.
    reordered: i64,
}

impl Push {
    /// The units, and when each arrives.
    fn units(self) -> Vec<(i64, AccessUnit)> {
        let mut units = Vec::new();
        let last = self.gops.last().into_iter().cycle();
        let mut first = 0;
        for gop in self.gops.iter().chain(last) {
            units.extend((0..*gop).map(|n| self.picture(first, n, *gop)));
            first += gop;
            if first >= 10 * self.fps {
                break;
            }
        }
        if let Some(late_ms) = self.sound_late_ms {
            let sounds = series(&format!("a0-{}", first * 1_000 / self.fps));
            units.extend(sounds.into_iter().map(|it| (it.dts.ticks() + late_ms, it)));
        }
        units.sort_by_key(|(arrives, unit)| (*arrives, unit.track.kind == TrackKind::Video));
        units
    }

    /// The picture number `n` of a GOP of `gop` that begins with number `first`.
    fn picture(self, first: i64, n: i64, gop: i64) -> (i64, AccessUnit) {
        let unit = series(if n == 0 { "v0-1" } else { "w0-1" }).remove(0);
        // The picture behind some B pictures is decoded before them, and shown behind them.
        let shown = match (n, self.reordered) {
            (0, _) | (_, 0) => n,
            (_, between) if (n - 1) % (between + 1) == 0 => (n + between).min(gop - 1),
            _ => n - 1,
        };
        let delay = i64::from(self.reordered > 0);
        let at = |n: i64| Timestamp::from_millis((first + n) * 1_000 / self.fps);
        let (dts, pts) = (at(n), at(shown + delay));
        (dts.ticks(), AccessUnit { dts, pts, ..unit })
    }
}

/// The lengths of the parts in milliseconds, `+3` behind those that came out 3 ms after their last
/// unit had come, and `|` behind each segment.
fn play(push: Push) -> String {
    let mut segmenter = Segmenter::new(Settings { low_latency: LowLatency::On, ..SETTINGS });
    segmenter.track(track("V")).unwrap();
    if push.sound_late_ms.is_some() {
        segmenter.track(track("A")).unwrap();
    }
    let (mut shown, mut start) = (Vec::new(), None);
    for (arrives, unit) in push.units() {
        segmenter.push(unit, arrives);
        while let Some(output) = segmenter.pull() {
            match output {
                Output::Part(part) => {
                    let from = start.replace(part.record.end).unwrap_or(part.segment_start);
                    let length_ms = boundary_ms(part.record.end) - boundary_ms(from);
                    shown.push(match arrives - part.arrived_ms {
                        0 => length_ms.to_string(),
                        waited_ms => format!("{length_ms}+{waited_ms}"),
                    });
                }
                Output::Segment(segment) => {
                    start = Some(segment.new.end);
                    shown.push("|".to_owned());
                }
                Output::Init(_) | Output::PartBytes(_) | Output::DateRange(_) => {}
            }
        }
    }
    shown.join(" ")
}

#[test]
fn parts_come_out_with_their_last_unit_whatever_encoders_do() {
    for fps in [15, 24, 25, 30, 50, 60] {
        for gop in [fps, 2 * fps] {
            for sound_late_ms in [None, Some(-30), Some(0), Some(20), Some(60)] {
                for reordered in [0, 2] {
                    let gops: &'static [i64] = Box::leak(Box::new([gop]));
                    let push = Push { fps, gops, sound_late_ms, reordered };
                    let shown = play(push);
                    // Sound is waited for at the very start.
                    let (_, later) = shown.split_once('|').unwrap();
                    assert!(!later.contains('+'), "{push:?}: {shown}");
                }
            }
        }
    }
}

#[track_caller]
fn check(push: Push, expected: &str) {
    let shown = play(push);
    let (_, later) = shown.split_once("| ").unwrap();
    assert!(!expected.is_empty() && later.starts_with(expected), "{push:?}: {later}");
}

const PUSH: Push = Push { fps: 30, gops: &[60], sound_late_ms: Some(0), reordered: 0 };

#[test]
fn parts_are_about_equal_where_that_fills_the_segment() {
    check(PUSH, "334 333 333 334 333 333 |");
    check(Push { fps: 25, gops: &[50], ..PUSH }, "320 280 280 280 280 280 280 |");
    check(Push { fps: 50, gops: &[100], ..PUSH }, "300 300 280 280 280 280 280 |");
    check(Push { fps: 60, gops: &[120], ..PUSH }, "333 334 333 333 334 333 |");
}

#[test]
fn a_rest_that_is_too_short_waits_for_the_end_of_its_segment() {
    check(Push { fps: 10, gops: &[20], ..PUSH }, "300 300 300 300 300 300 200+32 |");
}

#[test]
fn a_segment_that_does_not_end_as_expected_goes_on() {
    // The part is on its way when the key frame does not come, and then the next one is short.
    let longer = "334 333 333 334 333 333 | 334 333 333 334 333 333 201+14 |";
    check(Push { gops: &[60, 60, 66, 60], ..PUSH }, longer);
}
