use bytes::Bytes;
use media::avc::AvcConfig;
use media::{CodecConfig, aac::AacConfig};
use proptest::prelude::*;

use super::*;
use crate::testing::{aac, avc};

/// Places units and shows what became of them. `v40` is a picture at 40 ms, `v40+80` one that is
/// shown 80 ms later, `a21` a sound; shown are milliseconds since the timeline's origin.
fn place(script: &str) -> (String, Repairs) {
    let mut clock = clock();
    let mut shown = Vec::new();
    for word in script.split_whitespace() {
        shown.push(match clock.place(unit(word)) {
            None => "-".to_owned(),
            Some(Placement { unit, jumped }) => {
                let origin = ORIGIN_MS * 90;
                let ticks =
                    |time: Timestamp| time.rescale(Timescale::MPEG, Rounding::Nearest).unwrap();
                let (dts, pts) =
                    (ticks(unit.dts).ticks() - origin, ticks(unit.pts).ticks() - origin);
                let jump = if jumped { "!" } else { "" };
                let fraction = |ticks: i64| match ticks % 90 {
                    0 => format!("{}", ticks / 90),
                    rest => format!("{}.{rest}", ticks / 90),
                };
                match pts - dts {
                    0 => format!("{jump}{}", fraction(dts)),
                    offset => format!("{jump}{}+{}", fraction(dts), fraction(offset)),
                }
            }
        });
    }
    (shown.join(" "), clock.repairs())
}

fn clock() -> Clock {
    let mut clock = Clock::default();
    let video = CodecConfig::Avc(AvcConfig::parse(avc()).unwrap());
    clock.track(&Track::new(TrackId::VIDEO, video));
    let audio = CodecConfig::Aac(AacConfig::parse(aac()).unwrap());
    clock.track(&Track::new(TrackId::AUDIO, audio));
    clock
}

fn unit(word: &str) -> AccessUnit {
    let (kind, times) = word.split_at(1);
    let (dts, offset) = match times.split_once('+') {
        Some((dts, offset)) => (dts.parse().unwrap(), offset.parse().unwrap()),
        None => (times.parse().unwrap(), 0_i64),
    };
    AccessUnit {
        track: if kind == "v" { TrackId::VIDEO } else { TrackId::AUDIO },
        dts: Timestamp::from_millis(dts),
        pts: Timestamp::from_millis(dts + offset),
        random_access: true,
        samples: if kind == "v" { 0 } else { 1_024 },
        payload: Bytes::new(),
    }
}

#[track_caller]
fn check(script: &str, expected: &str, repairs: Repairs) {
    assert_eq!(place(script), (expected.to_owned(), repairs), "{script}");
}

const NONE: Repairs = Repairs {
    jumps: 0,
    decode_times: 0,
    presentation_times: 0,
    audio_gaps: 0,
    forced_cuts: 0,
    dropped: 0,
};

#[test]
fn sound_is_counted_in_samples_and_not_in_the_encoders_milliseconds() {
    // 1,024 samples at 48 kHz are 21 1/3 ms, 1,920 ticks.
    check("a0 a21 a43 a64 a85", "0 21.30 42.60 64 85.30", NONE);
    check("a0 a22 a42 a64", "0 21.30 42.60 64", NONE);
}

#[test]
fn both_tracks_keep_their_distance() {
    check("a5000 v5112 a5021", "0 112 21.30", NONE);
    check("v500+80 a500 v540+40", "0+80 0 40+40", NONE);
}

#[test]
fn time_goes_on_when_the_encoders_wraps() {
    check("v4294967200 v4294967240 v4294967280 v24", "0 40 80 120", NONE);
    check("v4294967290 a2 v34", "0 8 40", NONE);
}

#[test]
fn a_jump_of_both_tracks_is_one() {
    let jump = Repairs { jumps: 1, ..NONE };
    check("v0 a0 v40 a21 v10080 a10043 v10120", "0 0 40 21.30 !80 42.60 120", jump);
    check(
        "v20000 a20000 v20040 a20021 a20043 a20064 v0 a5",
        "0 0 40 21.30 42.60 64 !80 85.30",
        jump,
    );
    check("v20000 v20040 v19540 v19580", "0 40 !80 120", jump);
}

#[test]
fn a_track_that_was_silent_does_not_jump() {
    let script = "v0 a0 v40 a1000 a3000 a5000 a6000 v6000";
    let gaps = Repairs { audio_gaps: 4, ..NONE };
    check(script, "0 0 40 1000 3000 5000 6000 6000", gaps);
}

#[test]
fn tracks_that_jump_to_different_places_jump_twice() {
    let jumps = Repairs { jumps: 2, ..NONE };
    check("v0 a0 v40 a21 v10080 a50043", "0 0 40 21.30 !80 !42.60", jumps);
}

#[test]
fn a_hole_in_the_media_stays_a_hole() {
    check("v0 v40 v2500", "0 40 2500", NONE);
    check("a0 a21 a1000", "0 21.30 1000", Repairs { audio_gaps: 1, ..NONE });
}

#[test]
fn a_decode_time_that_does_not_grow_grows_by_a_tick() {
    check("v0 v40 v40 v80", "0 40 40.1 80", Repairs { decode_times: 1, ..NONE });
    check("v0 v40 v30 v80", "0 40 40.1 80", Repairs { decode_times: 1, ..NONE });
}

#[test]
fn pictures_are_never_shown_before_they_are_decoded() {
    // The shift that the second picture needs stays: 40 ms, so times of showing keep their steps.
    let repairs = Repairs { presentation_times: 1, decode_times: 1, ..NONE };
    check("v0 v40+-40 v80+0 v120+40", "0 0.1 40+40 80+80", repairs);
}

#[test]
fn a_slow_drift_of_sound_is_followed_a_sample_at_a_time() {
    // The encoder's clock runs 25 ms ahead at once: too little for a gap.
    let (shown, repairs) = place("a0 a21 a68 a89");
    assert_eq!(shown, "0 21.30 42.62 64.4");
    assert_eq!(repairs, NONE);
}

#[test]
fn a_unit_of_an_unknown_track_is_dropped() {
    let mut clock = Clock::default();
    assert_eq!(clock.place(unit("v0")), None);
    assert_eq!(clock.repairs().dropped, 1);
}

proptest! {
    /// Whatever an encoder sends: decode times grow, showing is never before decoding.
    #[test]
    fn times_always_grow(
        units in prop::collection::vec(
            (any::<bool>(), any::<u32>(), -8_388_608..8_388_607_i64),
            0..60,
        ),
    ) {
        let mut clock = clock();
        let mut last = BTreeMap::new();
        for (video, dts, offset) in units {
            let word = format!("{}{dts}+{offset}", if video { 'v' } else { 'a' });
            let Some(placed) = clock.place(unit(&word)) else { continue };
            let AccessUnit { track, dts, pts, .. } = placed.unit;
            prop_assert!(pts >= dts);
            if let Some(last) = last.insert(track, dts) {
                prop_assert!(dts > last, "{track:?}: {dts:?} after {last:?}");
            }
        }
    }
}
