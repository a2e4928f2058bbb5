//! Several tracks, and both containers.

use bytes::Bytes;
use container::fmp4::Reader;

use super::*;
use crate::testing::aac_44100;
use crate::{Cue, Init, NewDateRange};

pub(super) const VIDEO_1: TrackId = TrackId { kind: TrackKind::Video, number: 1 };
pub(super) const AUDIO_1: TrackId = TrackId { kind: TrackKind::Audio, number: 1 };

pub(super) const FMP4: Settings =
    Settings { packaging: Packaging::Fmp4, timed_id3: true, ..SETTINGS };

pub(super) fn on(track: TrackId, units: Vec<AccessUnit>) -> Vec<AccessUnit> {
    units.into_iter().map(|unit| AccessUnit { track, ..unit }).collect()
}

pub(super) fn announce(segmenter: &mut Segmenter, ids: &[TrackId]) {
    for id in ids {
        let word = if id.kind == TrackKind::Video { "V" } else { "A" };
        segmenter.track(Track { id: *id, ..track(word) }).unwrap();
    }
}

/// What comes out when units arrive in the order of `key`.
fn run<K: Ord>(
    ids: &[TrackId],
    mut units: Vec<AccessUnit>,
    key: impl FnMut(&AccessUnit) -> K,
) -> Vec<Output> {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, ids);
    units.sort_by_key(key);
    units.into_iter().for_each(|unit| segmenter.push(unit, 0));
    segmenter.finish();
    std::iter::from_fn(|| segmenter.pull()).collect()
}

pub(super) fn split(outputs: Vec<Output>) -> (Vec<Init>, Vec<Segment>) {
    let (mut inits, mut segments) = (Vec::new(), Vec::new());
    for output in outputs {
        match output {
            Output::Init(init) => inits.push(init),
            Output::Segment(segment) => segments.push(segment),
            Output::Part(_) | Output::PartBytes(_) | Output::DateRange(_) => {}
        }
    }
    (inits, segments)
}

/// The first sample of each track of each rendition in a segment: presentation time in
/// milliseconds from the segment's start, and whether decoding can start with it.
pub(super) fn firsts(inits: &[Init], segment: &Segment) -> String {
    let mut shown = Vec::new();
    for (record, body) in segment.new.renditions.iter().zip(&segment.bodies) {
        let init = inits.iter().find(|init| {
            init.rendition == record.rendition && Some(init.number) == record.init.map(|i| i.number)
        });
        let reader = Reader::open(&init.unwrap().body).unwrap();
        let read = reader.read_segment(body).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let mut words = Vec::new();
        for info in reader.tracks() {
            let samples = read.fragments.iter().flat_map(|fragment| &fragment.samples);
            let Some(first) = samples.clone().find(|sample| sample.track == info.id) else {
                continue;
            };
            let ms = first.pts * 1_000 / i64::from(info.timescale) - boundary_ms(segment.new.start);
            words.push(format!("{ms}{}", if first.is_sync { "" } else { "~" }));
        }
        shown.push(format!("{} {}", record.rendition, words.join(" ")));
    }
    shown.join(", ")
}

#[test]
fn every_track_is_cut_at_one_moment_whichever_comes_first() {
    let ids = [TrackId::VIDEO, VIDEO_1, TrackId::AUDIO, AUDIO_1];
    let pictures = [series("v0-2000"), series("v2000-4000"), series("v4000-6000")].concat();
    let units = [
        pictures.clone(),
        on(VIDEO_1, pictures),
        series("a0-6000"),
        on(AUDIO_1, series("a0-6000")),
    ]
    .concat();
    let expected = "fmp4 0 5, fmp4-v1 0 5, fmp4-a1 5";
    let forth = run(&ids, units.clone(), |unit| (unit.dts, unit.track));
    let back = run(&ids, units.clone(), |unit| (unit.dts, std::cmp::Reverse(unit.track)));
    // One track is half a picture later than the other, or a few pictures.
    let late = |lag_ms| {
        move |unit: &AccessUnit| {
            unit.dts.ticks() + if unit.track == TrackId::VIDEO { lag_ms } else { 0 }
        }
    };
    let runs = [forth, back, run(&ids, units.clone(), late(20)), run(&ids, units, late(300))];
    for outputs in runs {
        let (inits, segments) = split(outputs);
        assert_eq!(show(&segments), "0-2000 2000-4000 4000-6000");
        assert_eq!(inits.len(), 3);
        assert_eq!(firsts(&inits, &segments[0]), "fmp4 0 0, fmp4-v1 0 0, fmp4-a1 0");
        assert_eq!(firsts(&inits, &segments[1]), expected);
        assert_eq!(firsts(&inits, &segments[2]), "fmp4 0 -11, fmp4-v1 0 -11, fmp4-a1 -11");
    }
}

#[test]
fn pictures_that_come_late_are_cut_with_the_sound_of_their_time() {
    let units = [series("v0-2000"), series("v2000-4000"), series("a0-4000")].concat();
    let late = |unit: &AccessUnit| {
        unit.dts.ticks() + if unit.track.kind == TrackKind::Video { 600 } else { 0 }
    };
    let (inits, segments) = split(run(&[TrackId::VIDEO, TrackId::AUDIO], units, late));
    assert_eq!(show(&segments), "0-2000 2000-4000");
    assert_eq!(firsts(&inits, &segments[1]), "fmp4 0 5");
}

#[test]
fn a_track_whose_key_frames_are_elsewhere_is_said_to_depend() {
    let first = [series("v0-2000"), series("v2000-4000")].concat();
    let other = [series("v0-1000"), series("v1000-3000"), series("v3000-4000")].concat();
    let units = [first, on(VIDEO_1, other)].concat();
    let (inits, segments) =
        split(run(&[TrackId::VIDEO, VIDEO_1], units, |unit| (unit.dts, unit.track)));
    assert_eq!(show(&segments), "0-2000 ~2000-4000");
    assert_eq!(firsts(&inits, &segments[1]), "fmp4 0, fmp4-v1 0~");
}

#[test]
fn a_sound_that_stops_leaves_its_rendition_out_and_the_rest_goes_on() {
    let ids = [TrackId::VIDEO, TrackId::AUDIO, AUDIO_1];
    let pictures = [series("v0-2000"), series("v2000-4000"), series("v4000-6000")].concat();
    let units = [pictures, series("a0-6000"), on(AUDIO_1, series("a0-1500"))].concat();
    let (_, segments) = split(run(&ids, units, |unit| (unit.dts, unit.track)));
    let names = |segment: &Segment| {
        let names = segment.new.renditions.iter().map(|record| record.rendition.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(show(&segments), "0-2000 2000-4000 4000-6000");
    assert_eq!(segments.iter().map(names).collect::<Vec<_>>(), ["fmp4 fmp4-a1", "fmp4", "fmp4"]);
}

#[test]
fn other_parameters_have_another_initialisation() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO, TrackId::AUDIO]);
    let push = |segmenter: &mut Segmenter, words: &[&str]| {
        let mut units: Vec<_> = words.iter().flat_map(|word| series(word)).collect();
        feed(segmenter, &mut units);
    };
    push(&mut segmenter, &["v0-2000", "a0-2000"]);
    segmenter.track(track("V")).unwrap();
    push(&mut segmenter, &["v2000-4000", "a2005-4000"]);
    // Sound of another rate: what comes before the next key frame cannot be said.
    let config = AacConfig::parse(aac_44100()).unwrap();
    segmenter.track(Track::new(TrackId::AUDIO, CodecConfig::Aac(config))).unwrap();
    push(&mut segmenter, &["v4000-6000", "a4010-6000"]);
    segmenter.finish();
    let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(show(&segments), "0-2000 2000-4000 |4000-6000");
    let numbers = segments.iter().map(|s| s.new.renditions[0].init.unwrap().number);
    assert_eq!((numbers.collect::<Vec<_>>(), inits.len()), (vec![0, 0, 1], 2));
    for (init, segment) in [(0, 1), (1, 2)] {
        let digest: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            &inits[init].body,
        ))
        .into();
        assert_eq!(segments[segment].new.renditions[0].init.unwrap().sha256.0, digest);
    }
    // The frame that is half behind the cut is of the coding before it.
    assert_eq!(segmenter.repairs().dropped, 1);
}

#[test]
fn sound_that_changes_between_key_frames_begins_a_segment_at_once() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO, TrackId::AUDIO]);
    let push = |segmenter: &mut Segmenter, words: &[&str]| {
        let mut units: Vec<_> = words.iter().flat_map(|word| series(word)).collect();
        feed(segmenter, &mut units);
    };
    push(&mut segmenter, &["v0-2000", "v2000-3000", "a0-3000"]);
    let config = AacConfig::parse(aac_44100()).unwrap();
    segmenter.track(Track::new(TrackId::AUDIO, CodecConfig::Aac(config))).unwrap();
    push(&mut segmenter, &["w3000-8000", "a3010-10000", "v8000-10000"]);
    segmenter.finish();
    let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert!(show(&segments).starts_with("0-2000 2000-30"), "{}", show(&segments));
    assert!(show(&segments).contains(" |~30"), "{}", show(&segments));
    assert_eq!(segmenter.repairs().dropped, 0);
}

#[test]
fn light_that_changes_waits_for_a_key_frame_and_costs_nothing() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    let mut units = [series("v0-3000")].concat();
    feed(&mut segmenter, &mut units);
    let light = Some(media::Light::default());
    segmenter.track(Track { light, ..track("V") }).unwrap();
    let mut units = [series("w3000-6000"), series("v6000-8000")].concat();
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!((show(&segments).as_str(), inits.len()), ("0-6000 |6000-8000", 2));
    assert_eq!(segmenter.repairs().dropped, 0);
}

#[test]
fn rungs_that_reorder_differently_are_cut_at_one_moment() {
    // The second one is decoded two pictures before it is shown.
    let early = |unit: AccessUnit| AccessUnit {
        dts: Timestamp::from_millis(unit.dts.ticks() - 80),
        ..unit
    };
    let first = [series("v1000-3000"), series("v3000-5000"), series("v5000-7000")].concat();
    let second = on(VIDEO_1, first.clone()).into_iter().map(early).collect();
    let units = [first, second].concat();
    let (inits, segments) =
        split(run(&[TrackId::VIDEO, VIDEO_1], units, |unit| (unit.dts, unit.track)));
    assert_eq!(show(&segments), "0-2000 2000-4000 4000-6000");
    assert_eq!(firsts(&inits, &segments[1]), "fmp4 0, fmp4-v1 0");
    assert_eq!(firsts(&inits, &segments[2]), "fmp4 0, fmp4-v1 0");
}

#[test]
fn one_lost_key_frame_costs_its_segment() {
    let mut units = [
        series("v0-2000"),
        series("v2000-4000"),
        series("w4000-6000"),
        series("v6000-8000"),
        series("v8000-10000"),
    ]
    .concat();
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(show(&segments), "0-2000 2000-4400 ~4400-6000 6000-8000 8000-10000");
}

#[test]
fn a_picture_that_is_to_be_shown_at_no_time_that_can_be_costs_its_place() {
    for offset_ms in [8_388_607, 20_000, -8_388_608, -600] {
        let mut units = [series("v0-2000"), series("v2000-4000"), series("v4000-6000")].concat();
        units[60].pts = Timestamp::from_millis(units[60].dts.ticks() + offset_ms);
        let mut segmenter = Segmenter::new(FMP4);
        announce(&mut segmenter, &[TrackId::VIDEO]);
        feed(&mut segmenter, &mut units);
        segmenter.finish();
        let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
        assert_eq!(show(&segments), "0-2000 2000-4000 4000-6000", "{offset_ms}");
        assert_eq!(segmenter.repairs().presentation_times, 1, "{offset_ms}");
    }
}

#[test]
fn a_track_that_begins_on_a_clock_of_its_own_begins_with_the_others() {
    for ahead_ms in [60_000, -60_000] {
        let pictures = [series("v100000-102000"), series("v102000-104000")].concat();
        let shift = |unit: AccessUnit| {
            let at = Timestamp::from_millis(unit.dts.ticks() + 100_000 + ahead_ms);
            AccessUnit { dts: at, pts: at, ..unit }
        };
        let sounds: Vec<_> = series("a0-4000").into_iter().map(shift).collect();
        let key = |unit: &AccessUnit| {
            let own = if unit.track.kind == TrackKind::Audio { ahead_ms } else { 0 };
            (unit.dts.ticks() - own, unit.track)
        };
        let (inits, segments) =
            split(run(&[TrackId::VIDEO, TrackId::AUDIO], [pictures, sounds].concat(), key));
        assert_eq!(show(&segments), "0-2000 2000-4000", "{ahead_ms}");
        assert_eq!(firsts(&inits, &segments[1]), "fmp4 0 5", "{ahead_ms}");
    }
}

#[test]
fn what_is_held_ahead_is_bounded_in_bytes() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO, VIDEO_1]);
    let mut units = [series("v0-400"), on(VIDEO_1, series("v0-400"))].concat();
    feed(&mut segmenter, &mut units);
    let big = Bytes::from([&[0, 0x40, 0, 1, 0x41][..], &vec![7; 0x40_0000]].concat());
    for number in 0..64 {
        let at = Timestamp::from_millis(410 + number);
        let unit =
            AccessUnit { dts: at, pts: at, payload: big.clone(), ..series("w0-1")[0].clone() };
        segmenter.push(AccessUnit { track: VIDEO_1, ..unit }, 0);
    }
    // 256 MiB have come, and segments have ended for their size.
    let sizes: Vec<_> = segments(&mut segmenter)
        .iter()
        .map(|segment| segment.bodies.iter().map(Bytes::len).sum::<usize>())
        .collect();
    assert!(sizes.len() >= 2 && sizes.iter().all(|bytes| *bytes < 80 << 20), "{sizes:?}");
}

#[test]
fn a_tag_is_in_the_segment_of_its_moment_in_both_containers() {
    let settings = Settings { packaging: Packaging::Both, ..FMP4 };
    let mut segmenter = Segmenter::new(settings);
    announce(&mut segmenter, &[TrackId::VIDEO, TrackId::AUDIO]);
    let tag = Bytes::from_static(b"ID3\x04\0\0\0\0\0\x0bTIT2\0\0\0\x01\0\0\x03");
    segmenter.cue(3_000, Cue::Id3(tag.clone()));
    let mut units: Vec<_> =
        ["v0-2000", "v2000-4000", "a0-4000"].iter().flat_map(|word| series(word)).collect();
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    let has_tag = |body: &Bytes| body.windows(tag.len()).any(|window| window == tag);
    let told: Vec<Vec<bool>> =
        segments.iter().map(|segment| segment.bodies.iter().map(has_tag).collect()).collect();
    assert_eq!(told, [[false, false], [true, true]]);
    let read = Reader::open(&inits[0].body).unwrap().read_segment(&segments[1].bodies[1]).unwrap();
    let said = &read.messages[0];
    let at_ms = i64::try_from(said.time * 1_000 / u64::from(said.timescale)).unwrap();
    assert_eq!(at_ms - boundary_ms(segments[1].new.start), 1_000);
}

#[test]
fn a_splice_begins_a_segment_at_the_next_key_frame_and_is_dated() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    let splice = NewDateRange {
        id: "a".into(),
        class: None,
        duration_ms: None,
        planned_duration_ms: None,
        attributes: BTreeMap::new(),
        is_splice: true,
        returns_after_ms: None,
    };
    // It is said before anything else is.
    segmenter.cue(900, Cue::DateRange(splice));
    let words = ["v0-1000", "v1000-2000", "v2000-3000", "v3000-4000"];
    let mut units: Vec<_> = words.iter().flat_map(|word| series(word)).collect();
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let outputs: Vec<_> = std::iter::from_fn(|| segmenter.pull()).collect();
    let dated = outputs.iter().find_map(|output| match output {
        Output::DateRange(range) => Some((range.id.clone(), range.start_ms)),
        Output::Init(_) | Output::Part(_) | Output::PartBytes(_) | Output::Segment(_) => None,
    });
    assert_eq!(dated, Some(("a".into(), 1_000_900)));
    assert_eq!(show(&split(outputs).1), "0-1000 1000-3000 3000-4000");
}

#[test]
fn a_stream_is_offered_in_what_carries_all_of_it() {
    let plan = |packaging: Packaging, tracks: &[Track]| {
        let announced = |track: &Track| Announced { track: track.clone(), config: 0 };
        let tracks = tracks.iter().map(|track| (track.id, announced(track))).collect();
        let ids = packaging.plan(&tracks).into_iter().map(|plan| plan.id.to_string());
        ids.collect::<Vec<_>>().join(" ")
    };
    let (picture, sound) = (track("V"), track("A"));
    let opus = crate::testing::opus();
    assert_eq!(plan(Packaging::Auto, &[picture.clone(), sound.clone()]), "ts");
    assert_eq!(plan(Packaging::Auto, &[picture.clone(), opus.clone()]), "fmp4");
    assert_eq!(plan(Packaging::Both, &[picture.clone(), sound]), "ts fmp4");
    assert_eq!(plan(Packaging::Both, &[picture.clone(), opus.clone()]), "fmp4");
    let error = Packaging::Ts.check(&opus).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Opus cannot be offered as MPEG-TS: set the encoder to H.264 and AAC, or \
         stream.packaging to auto"
    );
    let two = Track { id: VIDEO_1, ..picture.clone() };
    let further = Track { id: AUDIO_1, ..track("A") };
    let all = [picture, two, track("A"), further.clone()];
    assert_eq!(plan(Packaging::Ts, &all), "ts ts-v1 ts-a1");
    assert_eq!(plan(Packaging::Ts, &[track("A"), further]), "ts ts-a1");
}
