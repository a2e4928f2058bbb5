//! Segments that do not follow each other.

use bytes::BytesMut;
use media::aac::AacConfig;
use media::{CodecConfig, Timescale, Timestamp, Track, TrackId};

use super::*;
use crate::testing::{PPS, SPS, hex};
use crate::ts::Muxer;

/// Pictures of 40 ms at some times in milliseconds, the first of which can be decoded alone, with
/// as much sound as there is time for.
fn units(start: i64, pictures: i64) -> Vec<AccessUnit> {
    let mut units = Vec::new();
    for number in 0..pictures {
        let time = start + number * 40;
        units.push(picture(time, time, &[if number == 0 { IDR } else { SLICE }]));
    }
    let mut sample = start * 48;
    while sample + 1_024 <= (start + pictures * 40) * 48 {
        units.push(frame(sample, &[9]));
        sample += 1_024;
    }
    units
}

/// Both containers of segments that begin at these times and have so many pictures.
fn sources(segments: &[(i64, i64)]) -> [Vec<Source>; 2] {
    let tracks = [video(), audio()];
    let segments: Vec<_> = segments.iter().map(|&(start, count)| units(start, count)).collect();
    // One by one: muxers would make the times of one list go on.
    let each = |make: &dyn Fn(&[Vec<AccessUnit>]) -> Vec<Source>| {
        segments.iter().flat_map(|segment| make(std::slice::from_ref(segment))).collect()
    };
    [each(&|units| transport(&tracks, units)), each(&|units| fragments(&tracks, units, 100))]
}

/// When the pictures and the sounds are decoded, as runs of durations in ticks of each.
fn durations(file: &Bytes) -> [String; 2] {
    [TrackKind::Video, TrackKind::Audio].map(|kind| {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for sample in samples_of(file, kind).iter().flatten() {
            match runs.last_mut() {
                Some((count, duration)) if *duration == sample.duration => *count += 1,
                Some(_) | None => runs.push((1, sample.duration)),
            }
        }
        let runs = runs.iter().map(|(count, duration)| format!("{count}x{duration}"));
        runs.collect::<Vec<_>>().join(" ")
    })
}

#[track_caller]
fn check(segments: &[(i64, i64)], expected: [&str; 2]) {
    for sources in sources(segments) {
        assert_eq!(durations(&export(ALL, &sources)), expected);
    }
}

#[test]
fn time_goes_on_whatever_the_segments_say() {
    // 400 ms are 18.75 frames: what is missing of the last is a hole of 768 samples.
    let closed = ["20x3600", "17x1024 1x1792 18x1024"];
    check(&[(0, 10), (400, 10)], closed);
    check(&[(10_000, 10), (400, 10)], closed);
    check(&[(400, 10), (7_200_000, 10)], closed);
}

#[test]
fn holes_last_and_overlaps_are_cut_short() {
    for mut sources in sources(&[(0, 10), (400, 10)]) {
        sources[0].span.end += 900;
        let [pictures, sounds] = durations(&export(ALL, &sources));
        assert_eq!(pictures, "9x3600 1x4500 10x3600");
        assert_eq!(sounds, "17x1024 1x2272 18x1024");
        sources[0].span.end -= 1_800;
        let [pictures, sounds] = durations(&export(ALL, &sources));
        assert_eq!(pictures, "9x3600 1x2700 10x3600");
        assert_eq!(sounds, "17x1024 1x1312 18x1024");
        // Two pictures, of which the second would begin before the first.
        sources[0].span.end -= 6_300;
        let [pictures, _] = durations(&export(ALL, &sources));
        assert_eq!(pictures, "9x3600 2x1 1x3598 8x3600");
    }
}

#[test]
fn sound_that_is_less_than_a_millisecond_off_follows() {
    for (late, expected) in [(0, "30x1024"), (80, "30x1024"), (100, "14x1024 1x1077 15x1024")] {
        for mut sources in sources(&[(0, 8), (320, 8)]) {
            sources[0].span.end += late;
            assert_eq!(durations(&export(ALL, &sources))[1], expected, "{late}");
        }
    }
}

/// A track of AAC at 44.1 kHz, and its frame that begins after so many samples.
fn other_audio() -> Track {
    let config = AacConfig::parse(hex("1210").into()).unwrap();
    Track::new(TrackId::AUDIO, CodecConfig::Aac(config))
}

fn other_frame(samples: i64) -> AccessUnit {
    let time = Timestamp::new(samples, Timescale::new(44_100).unwrap());
    AccessUnit { dts: time, pts: time, ..frame(0, &[7]) }
}

#[test]
fn other_parameters_have_an_entry_of_their_own() {
    let others = vec![other_frame(0), other_frame(1_024), other_frame(2_048)];
    let ours = vec![frame(0, &[9]), frame(1_024, &[9]), frame(2_048, &[9])];
    for make in [transport, |tracks: &[Track], units: &[Vec<_>]| fragments(tracks, units, 9)] {
        let our = make(&[audio()], std::slice::from_ref(&ours)).remove(0);
        let other = make(&[other_audio()], std::slice::from_ref(&others)).remove(0);
        let file = export(ALL, &[our.clone(), other, our.clone(), our]);
        let samples = &samples_of(&file, TrackKind::Audio)[0];
        let entries: Vec<u32> = samples.iter().map(|sample| sample.entry).collect();
        assert_eq!(entries, [1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1]);
        assert_eq!(header(&file).trak[0].mdia.minf.stbl.stsd.codecs.len(), 2);
        // 1,024 at 44.1 kHz are 1,114.56 at 48, and rounding never adds up.
        let times: Vec<i64> = samples.iter().map(|sample| sample.dts).collect();
        assert_eq!(times[..8], [0, 1_024, 2_048, 3_072, 4_187, 5_301, 6_416, 7_440]);
    }
}

#[test]
fn parameter_sets_of_later_entries_stand_before_key_pictures() {
    let (_, real) = real_sources();
    let sets = [SPS, PPS].map(|set| {
        let set = hex(set);
        [&u32::try_from(set.len()).unwrap().to_be_bytes()[..], &set].concat()
    });
    let sets = sets.concat();
    for (real, ours) in real.into_iter().zip(sources(&[(0, 10), (400, 10)])) {
        for (first, later) in [(&real, &ours), (&ours, &real)] {
            let together = [first.clone(), later.clone(), first.clone()].concat();
            let file = export(ALL, &together);
            let pictures = &samples_of(&file, TrackKind::Video)[0];
            let alone = [first, later].map(|sources| {
                let samples = samples_of(&export(ALL, sources), TrackKind::Video).remove(0);
                samples.into_iter().map(|sample| (sample.is_sync, sample.data))
            });
            let [first_alone, later_alone] = alone;
            // Also where what was first comes again.
            let later_alone = later_alone.chain(first_alone.clone());
            let count = first_alone.len();
            let samples = pictures.iter().map(|sample| (sample.is_sync, sample.data.clone()));
            assert!(samples.clone().take(count).eq(first_alone));
            for ((is_sync, data), (_, alone)) in samples.skip(count).zip(later_alone) {
                assert!(data.ends_with(&alone));
                let before = &data[..data.len() - alone.len()];
                assert_eq!(!before.is_empty(), is_sync);
                // Of the real encoder others, but as many kinds.
                assert!(before.is_empty() || before == sets || before[4] & 0x1f == 7);
            }
            every_edge_and_range(&together);
        }
    }
}

#[test]
fn clips_begin_in_the_middle_of_segments_with_parameter_sets() {
    let (_, [_, real]) = real_sources();
    // Sound comes first in each segment, and the third begins with no key picture.
    let last = units(320, 4);
    let (key, rest) = last.split_at(1);
    let segments = [[units(0, 4), units(160, 4), key.to_vec()].concat(), rest.to_vec()];
    let ours = fragments(&[audio(), video()], &segments, 100);
    let together = [real[..1].to_vec(), ours].concat();
    let count = |start| {
        let file = export(Options { start, ..ALL }, &together);
        let samples = samples_of(&file, TrackKind::Video).remove(0);
        samples.into_iter().map(|sample| sample.data.len()).collect::<Vec<_>>()
    };
    let start = real[0].span.end - real[0].span.start;
    let (key, other) = (8 + 4 + SPS.len() / 2 + 4 + PPS.len() / 2, 8);
    let all = [key, other, other, other, key, other, other, other, key, other, other, other];
    assert!(count(None).ends_with(&all));
    assert_eq!(count(Some(start)), all);
    assert_eq!(count(Some(start + 200 * 90)), all[4..]);
    assert_eq!(count(Some(start + 400 * 90)), all[8..]);
    every_edge_and_range(&together);
}

/// Clips of all that begin and end anywhere, and each of their bytes alone.
fn every_edge_and_range(sources: &[Source]) {
    let length: i64 = sources.iter().map(|source| source.span.end - source.span.start).sum();
    for start in (0..20).map(|step| step * 13_000).take_while(|start| *start < length) {
        let options = Options { created: None, start: Some(start), end: Some(start + 50_000) };
        let layout = lay_out(options, sources);
        let whole = read(&layout, sources, 0..u64::MAX);
        assert_eq!(u64::try_from(whole.len()), Ok(layout.length()));
        let ahead = layout.header_length();
        for at in (ahead..whole.len()).step_by(37) {
            let range = u64::try_from(at).unwrap()..u64::try_from(at + 20).unwrap();
            let end = whole.len().min(at + 20);
            assert_eq!(read(&layout, sources, range), whole.slice(at..end));
        }
        // Every sample is where the header says, and as long.
        let samples = samples_of(&whole, TrackKind::Video);
        for sample in samples.iter().flatten() {
            let nals = nal_units(&sample.data, NalLengthSize::Four);
            assert!(nals.map(Result::unwrap).count() > 0);
        }
    }
}

#[test]
fn the_first_sample_is_whole_in_any_timescale() {
    // At 96 kHz a sample of sound is shorter than a tick of the timeline.
    let config = AacConfig::parse(hex("1010").into()).unwrap();
    let track = Track::new(TrackId::AUDIO, CodecConfig::Aac(config));
    for sample in 0..40 {
        let time = Timestamp::new(sample, Timescale::new(96_000).unwrap());
        let unit = AccessUnit { dts: time, pts: time, ..frame(0, &[7]) };
        let sources = fragments(std::slice::from_ref(&track), &[vec![unit]], 9);
        let (delay, media_time, _) = shown(&export(ALL, &sources))[0];
        assert!(delay <= 1 && media_time == 0, "{sample}: {delay} {media_time}");
    }
}

#[test]
fn times_of_transport_streams_wrap() {
    let round = (1_i64 << 33) / 90;
    let tracks = [video(), audio()];
    let mut muxer = Muxer::new(&tracks).unwrap();
    let mut sources = Vec::new();
    for start in [round - 600, round - 200, round + 200] {
        let mut out = BytesMut::new();
        muxer.begin(&mut out);
        units(start, 10).iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
        muxer.finish_segment(&mut out);
        let span = Span { start: start * 90, end: (start + 400) * 90 };
        sources.push(Source { init: None, bytes: out.freeze(), span });
    }
    let [pictures, sounds] = durations(&export(ALL, &sources));
    assert_eq!(pictures, "30x3600");
    assert_eq!(sounds, "17x1024 1x1792 17x1024 1x1792 18x1024");
}

#[test]
fn what_cannot_be_decoded_at_the_start_is_left_out() {
    let tracks = [video()];
    let long = vec![picture(0, 0, &[IDR]), picture(40, 40, &[SLICE])];
    let rest =
        vec![picture(80, 80, &[SLICE]), picture(120, 120, &[IDR]), picture(160, 160, &[SLICE])];
    for (sources, reordered) in [
        (transport(&tracks, &[long.clone(), rest.clone()]), 6_000),
        (fragments(&tracks, &[long, rest], 9), 0),
    ] {
        let count = |sources: &[Source]| {
            let file = export(ALL, sources);
            (samples_of(&file, TrackKind::Video)[0].len(), shown(&file))
        };
        // The second segment goes on where the first one stops, without parameter sets of its own
        // at its start.
        assert_eq!(count(&sources), (5, vec![(0, reordered, 5 * 3_600)]));
        assert_eq!(count(&sources[1..]), (2, vec![(0, reordered, 2 * 3_600)]));
    }
}

#[test]
fn a_segment_without_parameter_sets_goes_on() {
    let segments = [
        vec![picture(0, 0, &[SLICE])],
        vec![picture(40, 40, &[IDR])],
        vec![picture(80, 80, &[SLICE])],
    ];
    let sources = transport(&[video()], &segments);
    let file = export(ALL, &sources);
    let samples = &samples_of(&file, TrackKind::Video)[0];
    let found: Vec<_> = samples.iter().map(|it| (it.entry, it.is_sync, it.data[4])).collect();
    assert_eq!(found, [(1, true, 0x65), (1, false, 0x41)]);
    // Nothing says how the first segment is coded, ever.
    let mut index = Index::new(ALL);
    index.add(sources[0].span, &[sources[0].open()]).unwrap();
    assert_eq!(index.finish(), Err(ExportError::Empty));
}

#[test]
fn renditions_are_tracks_side_by_side() {
    let pictures = units(0, 10);
    let sounds: Vec<_> =
        (0..18).map(|number| frame(number * 1_024, &[u8::try_from(number).unwrap()])).collect();
    let variant = transport(&[video(), audio()], &[pictures]).remove(0);
    let sound = fragments(&[audio()], &[sounds], 9).remove(0);
    let mut index = Index::new(ALL);
    let lanes = [variant.open(), sound.open(), variant.open()];
    index.add(variant.span, &lanes).unwrap();
    // A segment in which the second rendition is lost.
    index.add(variant.span, &[variant.open(), Segment::default(), variant.open()]).unwrap();
    index.add(variant.span, &lanes).unwrap();
    let layout = index.finish().unwrap();
    let file: Bytes = crate::fuzz::pieces(&layout, 0..u64::MAX, |place| {
        if place.lane == 1 { sound.bytes.clone() } else { variant.bytes.clone() }
    })
    .into();
    let counts = |kind| samples_of(&file, kind).iter().map(Vec::len).collect::<Vec<_>>();
    // The pictures of the third are left out: there is one track.
    assert_eq!(counts(TrackKind::Video), [30]);
    assert_eq!(counts(TrackKind::Audio), [54, 36, 54]);
    let sounds = &samples_of(&file, TrackKind::Audio)[1];
    assert_eq!(sounds[20].data[..], [2]);
    // 800 ms after the start, since the second is lost.
    assert_eq!(sounds[18].dts, 800 * 48);
    let moov = header(&file);
    let enabled: Vec<_> = moov.trak.iter().map(|track| track.tkhd.enabled).collect();
    assert_eq!(enabled, [true, true, false, false]);
}
