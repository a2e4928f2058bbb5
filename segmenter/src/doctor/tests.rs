use std::collections::BTreeSet;

use bytes::Bytes;
use media::{AccessUnit, Codec, CodecConfig, Timescale, Timestamp, Track, TrackId};
use proptest::prelude::*;

use super::*;
use crate::doctor::rules::grade;
use crate::testing;

const BEGIN_MS: i64 = 1_800_000_000_000;

/// A doctor who has been shown tracks of usual pictures and sound.
fn doctor() -> Doctor {
    let mut doctor = Doctor::new();
    doctor.track(&pictures(testing::avc()));
    let aac = CodecConfig::parse(Codec::Aac, testing::aac()).unwrap();
    doctor.track(&Track::new(TrackId::AUDIO, aac));
    doctor
}

fn pictures(record: Bytes) -> Track {
    Track::new(TrackId::VIDEO, CodecConfig::parse(Codec::Avc, record).unwrap())
}

/// H.264 with 4:4:4, as x264 writes it for 320x180.
fn pictures_444() -> Track {
    let record = "01f4000dffe1001a67f4000d919681419f8dc044000003000400000300f03c50aa8001000568ce0f1\
                  920fff8f800";
    pictures(samples::hex(record).into())
}

fn unit(track: TrackId, ms: i64, is_key: bool) -> AccessUnit {
    let at = Timestamp::new(ms * 90, Timescale::MPEG);
    let (samples, payload) = (0, Bytes::from_static(&[0; 1_000]));
    AccessUnit { track, dts: at, pts: at, random_access: is_key, samples, payload }
}

/// Shows seconds of a good push, each unit as late as `delay` says, and collects what changes.
fn show(
    doctor: &mut Doctor,
    seconds: std::ops::Range<i64>,
    delay: impl Fn(i64) -> i64,
) -> Vec<(&'static str, Grade, Grade)> {
    let mut changes = Vec::new();
    for ms in (seconds.start * 1_000..seconds.end * 1_000).step_by(40) {
        let now_ms = BEGIN_MS + ms + delay(ms);
        doctor.unit(&unit(TrackId::VIDEO, ms, ms % 2_000 == 0), false, now_ms);
        doctor.unit(&unit(TrackId::AUDIO, ms, true), false, now_ms);
        let changed = doctor.examine(Repairs::default(), 0, now_ms);
        changes.extend(changed.into_iter().map(|it| (it.finding.id, it.before, it.finding.grade)));
    }
    changes
}

#[test]
fn a_good_push_is_good() {
    let mut doctor = doctor();
    assert_eq!(show(&mut doctor, 0..600, |_| 20), []);
    assert_eq!(doctor.diagnosis().grade, Grade::Good);
    assert_eq!(doctor.diagnosis().figures.frame_rate_milli, Some(25_000));
}

#[test]
fn a_change_is_told_once() {
    let mut doctor = doctor();
    assert_eq!(show(&mut doctor, 0..5, |_| 0), []);
    doctor.track(&pictures_444());
    assert_eq!(show(&mut doctor, 5..60, |_| 0), [("chroma", Grade::Good, Grade::Poor)]);
    let finding = &doctor.diagnosis().findings[0];
    assert_eq!((finding.since_ms - BEGIN_MS) / 1_000, 5);
    assert_eq!(doctor.diagnosis().grade, Grade::Poor);
    doctor.track(&pictures(testing::avc()));
    assert_eq!(show(&mut doctor, 60..120, |_| 0), [("chroma", Grade::Poor, Grade::Good)]);
    assert_eq!(doctor.diagnosis().findings, []);
}

#[test]
fn who_waited_for_us_is_not_blamed() {
    // Nothing is taken for five seconds, then all at once.
    let delay = |ms: i64| (35_000 - ms).clamp(0, 5_000) * i64::from(ms >= 30_000);
    let mut blamed = doctor();
    let found = show(&mut blamed, 0..60, delay);
    assert_eq!(found, [("stalls", Grade::Good, Grade::Fair)]);
    let mut excused = doctor();
    assert_eq!(show(&mut excused, 0..30, delay), []);
    excused.waited(BEGIN_MS + 35_000);
    assert_eq!(show(&mut excused, 30..60, delay), []);
}

#[test]
fn an_encoder_that_drops_pictures_while_we_wait_is_not_blamed() {
    // Nothing is read for five seconds. The encoder drops every fourth picture for as long.
    let found = |is_excused: bool| {
        let mut doctor = doctor();
        assert_eq!(show(&mut doctor, 0..30, |_| 20), []);
        let mut changes = Vec::new();
        for ms in (30_000..60_000).step_by(40) {
            let now_ms = BEGIN_MS + ms + (35_000 - ms).max(20);
            if ms == 30_000 && is_excused {
                doctor.waited(now_ms);
            }
            if ms > 35_000 || ms % 160 != 0 {
                doctor.unit(&unit(TrackId::VIDEO, ms, ms % 2_000 == 0), false, now_ms);
            }
            doctor.unit(&unit(TrackId::AUDIO, ms, true), false, now_ms);
            let repairs = Repairs { audio_gaps: 3, ..Repairs::default() };
            changes.extend(doctor.examine(repairs, 0, now_ms));
        }
        changes.into_iter().map(|change| change.finding.id).collect::<BTreeSet<_>>()
    };
    let blamed = ["frames_missing", "key_frames_uneven", "sound_gaps", "stalls"];
    assert_eq!(found(false), BTreeSet::from(blamed));
    assert_eq!(found(true), BTreeSet::new());
}

#[test]
fn a_still_picture_without_sound_is_good() {
    for step in [2_000, 1_000, 200] {
        let mut doctor = Doctor::new();
        doctor.track(&pictures(testing::avc()));
        for ms in (0..300_000).step_by(step) {
            let picture = unit(TrackId::VIDEO, ms, ms % 4_000 == 0);
            let bytes: &[u8] = if picture.random_access { &[0; 9_000] } else { &[0; 2] };
            let picture = AccessUnit { payload: Bytes::from_static(bytes), ..picture };
            let now_ms = BEGIN_MS + ms + ms * 7_919 % 41;
            doctor.unit(&picture, false, now_ms);
            let said = doctor.examine(Repairs::default(), 0, now_ms);
            assert_eq!(said, [], "every {step} ms, at {ms}");
        }
    }
}

/// Pictures at `rate` in 1,000 seconds with their times in whole milliseconds, a key frame every
/// `gop` of them.
#[track_caller]
fn check_rate(rate: i64, gop: i64, expected: &[(&str, Grade)]) {
    let (mut doctor, mut found) = (doctor(), Vec::new());
    for number in 0..rate * 36 / 1_000 {
        let ms = number * 1_000_000 / rate;
        let now_ms = BEGIN_MS + ms + ms * 7_919 % 41;
        doctor.unit(&unit(TrackId::VIDEO, ms, number % gop == 0), false, now_ms);
        doctor.unit(&unit(TrackId::AUDIO, ms, true), false, now_ms);
        let changes = doctor.examine(Repairs::default(), 0, now_ms);
        found.extend(changes.into_iter().map(|it| (it.finding.id, it.finding.grade)));
    }
    assert_eq!(found, expected, "{gop} pictures at {rate} in 1,000 s");
}

#[test]
fn usual_rates_are_good_and_the_interval_of_an_encoder_that_is_told_nothing_is_found() {
    for (rate, gops) in [
        (60_000, [60, 120, 240]),
        (59_940, [60, 120, 240]),
        (50_000, [50, 100, 200]),
        (30_000, [30, 60, 120]),
        (29_970, [30, 60, 120]),
        (25_000, [25, 50, 100]),
        (23_976, [24, 48, 96]),
        (20_000, [20, 40, 80]),
    ] {
        gops.into_iter().for_each(|gop| check_rate(rate, gop, &[]));
        let is_long = rate < 25_000;
        let grade = if is_long { Grade::Poor } else { Grade::Fair };
        check_rate(rate, 250, &[("key_frames_far", grade)]);
    }
}

#[test]
fn an_encoder_that_says_nothing_any_more_is_found() {
    let mut doctor = doctor();
    assert_eq!(show(&mut doctor, 0..12, |_| 20), []);
    let look = |second: i64| BEGIN_MS + second * 1_000;
    for second in 12..40 {
        doctor.examine(Repairs::default(), 0, look(second));
    }
    let ids: Vec<_> = doctor.diagnosis().findings.iter().map(|it| (it.id, it.grade)).collect();
    assert_eq!(ids, [("stalls", Grade::Poor)]);
    assert!(doctor.diagnosis().findings[0].advice.starts_with("Nothing came for 27.0 s (once"));
}

#[test]
fn where_sound_begins_after_a_jump_says_nothing() {
    let mut doctor = doctor();
    assert_eq!(show(&mut doctor, 0..5, |_| 0), []);
    doctor.unit(&unit(TrackId::VIDEO, 5_000, true), true, BEGIN_MS + 5_000);
    doctor.unit(&unit(TrackId::AUDIO, 5_600, true), false, BEGIN_MS + 5_000);
    assert_eq!(show(&mut doctor, 6..60, |_| 0), []);
    assert_eq!(doctor.diagnosis().figures.sound_begins_late_ms, None);
}

#[test]
fn a_server_whose_clock_is_set_forward_says_nothing_of_its_encoders() {
    for (by_ms, seconds) in [(5_000, 90), (-3_600_000, 90), (3_600_000, 20), (-20_000, 20)] {
        let mut doctor = doctor();
        assert_eq!(show(&mut doctor, 0..seconds, |_| 20), []);
        doctor.clock_set(by_ms, BEGIN_MS + seconds * 1_000 + by_ms);
        let ends = seconds + 180;
        assert_eq!(show(&mut doctor, seconds..ends, |_| 20 + by_ms), [], "by {by_ms}");
        let stall = |ms: i64| by_ms + (ends * 1_000 + 9_000 - ms).max(0);
        let found = show(&mut doctor, ends..ends + 60, stall);
        assert_eq!(found, [("stalls", Grade::Good, Grade::Poor)], "by {by_ms}");
    }
}

#[test]
fn a_server_whose_clock_is_set_says_nothing_of_its_encoders() {
    let mut doctor = doctor();
    assert_eq!(show(&mut doctor, 0..240, |ms| if ms > 200_000 { -3_600_000 } else { 0 }), []);
}

#[test]
fn the_track_with_the_lowest_number_is_watched() {
    let mut doctor = doctor();
    let other = TrackId { number: 1, ..TrackId::VIDEO };
    doctor.track(&Track { id: other, ..pictures_444() });
    assert_eq!(show(&mut doctor, 0..20, |_| 0), []);
}

#[test]
fn values_are_graded_by_their_bounds() {
    let check = |bounds, values: [i64; 4], expected: [Grade; 4]| {
        assert_eq!(values.map(|value| grade(bounds, value)), expected, "{bounds:?}");
    };
    let (good, fair, poor) = (Grade::Good, Grade::Fair, Grade::Poor);
    let over = Bounds::Over { fair: Some(10), poor: Some(20) };
    check(over, [10, 11, 20, 21], [good, fair, fair, poor]);
    let under = Bounds::Under { fair: Some(20), poor: Some(10) };
    check(under, [20, 19, 10, 9], [good, fair, fair, poor]);
    check(Bounds::Over { fair: None, poor: Some(5) }, [0, 5, 6, 99], [good, good, poor, poor]);
    check(Bounds::There(fair), [0, 1, -1, 9], [fair; 4]);
}

#[test]
fn what_explains_a_finding_is_one_and_is_not_explained_by_it() {
    for rule in rules() {
        for cause in rule.unless {
            let cause = rules().find(|it| it.id == *cause);
            let cause = cause.unwrap_or_else(|| panic!("{} waits for nothing", rule.id));
            assert!(!cause.unless.contains(&rule.id), "{} and {}", rule.id, cause.id);
        }
    }
}

/// Any times of units, of the server, of repairs: something is said or not, and nothing breaks.
fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(i64::MIN),
        Just(i64::MAX),
        any::<i64>(),
        -10_000_i64..10_000,
        BEGIN_MS..BEGIN_MS + 100_000,
    ]
}

proptest! {
    #[test]
    fn no_times_break_anything(
        events in prop::collection::vec((any_time(), any_time(), any::<u8>(), any::<u64>()), 0..80),
        slope in -100_000_i64..100_000,
    ) {
        let mut doctor = doctor();
        for (number, (media, now_ms, what, count)) in (0_i64..).zip(events) {
            let track = if what & 1 == 0 { TrackId::VIDEO } else { TrackId::AUDIO };
            let at = |ticks| Timestamp::new(ticks, Timescale::MPEG);
            // Half of the times grow evenly, so that all windows fill.
            let even = what & 2 == 0;
            let ticks = if even { number * 400_000 } else { media };
            let now_ms = if even { BEGIN_MS + number * slope } else { now_ms };
            let dts = at(ticks);
            let pts = at(ticks.saturating_add(i64::from(what) * 900));
            let other = unit(track, 0, what & 4 == 0);
            doctor.unit(&AccessUnit { dts, pts, ..other }, what & 0x70 == 0x70, now_ms);
            if what & 0x88 == 0x88 {
                doctor.waited(now_ms);
            }
            if what & 0x88 == 0x08 && what & 1 == 0 {
                doctor.clock_set(media, now_ms);
            }
            let repairs = Repairs { jumps: count, decode_times: count, ..Repairs::default() };
            for change in doctor.examine(repairs, count, now_ms) {
                prop_assert!(change.finding.grade != change.before);
                prop_assert!(change.finding.advice.ends_with('.'), "{change:?}");
            }
        }
        let worst = doctor.diagnosis().findings.iter().map(|finding| finding.grade).max();
        prop_assert_eq!(worst.unwrap_or_default(), doctor.diagnosis().grade);
    }
}
