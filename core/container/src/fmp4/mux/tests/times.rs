//! When samples are decoded, and how long they last.

use bytes::BytesMut;
use media::{Timestamp, TrackId};

use super::{IDR, SLICE};
use crate::fmp4::{Muxer, Reader};
use crate::testing::{audio, frame, picture, video};

/// What a muxer does with some units, told by words: `v40` is a picture at 40 ms, `v40+80` one
/// that is shown 80 ms later, `a1024` sound at 1,024 samples; `|` ends a fragment behind which
/// nothing is known, `|40` one behind which the next is decoded at 40 (ms or samples), `/` and
/// `/40` end one that is a part, `x` marks a discontinuity. The samples are shown as
/// `start+duration`, with `>` and the composition offset if there is one; pictures in ms.
fn run(words: &str) -> String {
    run_in(words, 90)
}

/// The same, with pictures shown in units of so many ticks.
fn run_in(words: &str, video_ticks: i64) -> String {
    let is_video = words.contains('v');
    let track = if is_video { video() } else { audio() };
    let mut muxer = Muxer::new(&[track]).unwrap();
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let mut shown = Vec::new();
    for word in words.split_whitespace() {
        let (kind, rest) = word.split_at(1);
        let mut numbers = rest.split('+').map(|number| number.parse::<i64>().unwrap_or(0));
        let (time, offset) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match kind {
            "v" => {
                let nal = if time == 0 { IDR } else { SLICE };
                muxer.write(&picture(time, time + offset, &[nal])).unwrap();
            }
            "a" => muxer.write(&frame(time, &[1])).unwrap(),
            "x" => muxer.mark_discontinuity(),
            _ => {
                let at = if is_video { Timestamp::from_millis(time) } else { frame(time, &[]).dts };
                let mut out = BytesMut::new();
                muxer.begin_segment(&mut out);
                let next = |id: TrackId| {
                    assert_eq!(id.kind == media::TrackKind::Video, is_video);
                    (!rest.is_empty()).then_some(at)
                };
                if kind == "/" {
                    muxer.finish_part(next, &mut out);
                } else {
                    muxer.finish_fragment(next, &mut out);
                }
                let segment = reader.read_segment(&out.freeze()).unwrap();
                assert_eq!(segment.faults, &[], "{words}");
                let ticks = if is_video { video_ticks } else { 1 };
                for sample in segment.fragments.iter().flat_map(|it| &it.samples) {
                    let offset = (sample.pts - sample.dts) / ticks;
                    let offset = if offset == 0 { String::new() } else { format!(">{offset}") };
                    let (dts, lasts) = (sample.dts / ticks, i64::from(sample.duration) / ticks);
                    shown.push(format!("{dts}+{lasts}{offset}"));
                }
                shown.push("|".to_owned());
            }
        }
    }
    shown.join(" ")
}

#[track_caller]
fn check(words: &str, expected: &str) {
    assert_eq!(run(words), expected, "{words}");
}

#[test]
fn a_sample_lasts_until_the_next_one() {
    check("v0 v40 v70 |110", "0+40 40+30 70+40 |");
    check("v0 |40 v40 |90", "0+40 | 40+50 |");
    check("a0 a1024 a2049 |3072", "0+1024 1024+1025 2049+1023 |");
}

#[test]
fn a_picture_before_an_unknown_one_lasts_as_long_as_the_one_before() {
    check("v0 v50 |", "0+50 50+50 |");
    check("v0 |50 v50 |", "0+50 | 50+50 |");
    // Nothing was seen yet: what the encoder says, 30 a second.
    check("v0 |", "0+33 |");
    // A pause is no rate.
    check("v0 v40 v5000 |", "0+40 40+4960 5000+40 |");
}

#[test]
fn the_next_picture_makes_up_for_a_wrong_guess() {
    check("v0 v40 | v90 v120 |", "0+40 40+40 | 80+40>10 120+40 |");
    check("v0 v40 | v70 v120 |", "0+40 40+40 | 80+40>-10 120+40 |");
    // That far away it is a hole.
    check("v0 v40 | v121 v160 |", "0+40 40+40 | 121+39 160+39 |");
}

#[test]
fn sound_has_an_end_of_its_own() {
    check("a0 a1024 | a2048 |", "0+1024 1024+1024 | 2048+1024 |");
    check("a0 |9000 a9000 |", "0+1024 | 9000+1024 |");
    check("a0 |1120 a1120 |", "0+1120 | 1120+1024 |");
    check("a0 |1121 a1121 |", "0+1024 | 1121+1024 |");
    check("a0 |1020 a1020 |", "0+1020 | 1020+1024 |");
}

#[test]
fn sound_that_is_a_little_off_does_not_break() {
    check("a0 | a1025 a2049 |", "0+1024 | 1024+1025 2049+1024 |");
    check("a0 | a1023 a2047 |", "0+1024 | 1024+1023 2047+1024 |");
    check("a0 | a1120 |", "0+1024 | 1024+1024 |");
    check("a0 | a1121 |", "0+1024 | 1121+1024 |");
    // Inside a fragment there is no hole, only a long sound.
    check("a0 a9000 |", "0+9000 9000+1024 |");
}

#[test]
fn what_is_wrong_does_not_add_up() {
    // Every frame in a fragment of its own, always one sample late.
    let frames: String = (0..200).map(|number| format!("a{} | ", number * 1_025)).collect();
    let shown = run(&frames);
    let starts = shown.split(" |").filter_map(|it| it.trim().split('+').next()?.parse().ok());
    for (number, start) in starts.enumerate() {
        let expected = i64::try_from(number).unwrap() * 1_025;
        let start: i64 = start;
        assert!((expected - start).abs() <= 96, "frame {number} at {start} is not near {expected}");
    }
}

#[test]
fn times_never_stand_still() {
    check("v0 v0 v0 v90 |", "0+0 0+0 0+89 90+89 |");
    // In ticks: one is less than a millisecond.
    assert_eq!(run_in("v0 v0 v0 v90 |", 1), "0+1 1+1>-1 2+8098>-2 8100+8098 |");
    assert_eq!(run_in("v0 v0 v0 |0 v0 |", 1), "0+1 1+1>-1 2+1>-2 | 3+1>-3 |");
    check("v100 v60 v140 |", "100+0 100+39>-40 140+39 |");
    check("a100 a100 a90 |", "100+1 101+1 102+1024 |");
    check("a5000 |10 a10 |", "5000+1 | 5001+1024 |");
}

#[test]
fn times_may_go_back_where_the_timeline_breaks() {
    check("v5000 | x v0 |40", "5000+33 | 0+40 |");
    check("a5000 | x a0 |", "5000+1024 | 0+1024 |");
    check("v5000 | v0 |", "5000+33 | 5033+33>-5033 |");
}

#[test]
fn no_hole_follows_a_part() {
    check("v0 v40 / v90 v120 |", "0+40 40+40 | 80+40>10 120+40 |");
    check("v0 v40 / v1121 v1160 |", "0+40 40+40 | 80+1080>1041 1160+40 |");
    check("v0 v40 /1121 v1121 v1160 |", "0+40 40+1081 | 1121+39 1160+40 |");
    // Also where nothing more comes in the segment, but not over a discontinuity.
    check("v0 v40 / | v200 v240 |", "0+40 40+40 | | 80+160>120 240+40 |");
    check("v0 v40 / x v200 v240 |", "0+40 40+40 | 200+40 240+40 |");
    // Only the first picture is moved, and sound begins where it is.
    check("v0 v40 / v200 | v1000 |", "0+40 40+40 | 80+40>120 | 1000+40 |");
    check("a0 a1024 / a9000 |", "0+1024 1024+1024 | 9000+1024 |");
}
