mod cues;
mod part_tracks;
mod part_waits;
mod parts;
mod tracks;

use bytes::Bytes;
use media::Timestamp;
use media::aac::AacConfig;
use media::avc::AvcConfig;
use mpeg2ts::es::StreamType;
use mpeg2ts::ts::{ReadTsPacket, TsPacketReader, TsPayload};
use proptest::prelude::*;

use media::{CodecConfig, Track};

use super::*;
use crate::Segment;
use crate::testing::{aac, avc, other_avc};

/// Cuts a script and shows the segments, as `start-end` in milliseconds from the first, with `|`
/// before a discontinuity and `~` before one that decoding cannot start with.
///
/// `V` and `A` announce the tracks, `W` other parameters of the video. `v0-2000/40` are pictures
/// every 40 ms from 0 to before 2,000, the first a key frame; `w0-…` the same without a key frame;
/// `a0-2000` sounds of 1,024 samples.
fn cut(settings: Settings, script: &str) -> Vec<Segment> {
    segments(&mut play(settings, script))
}

/// A segmenter that has taken in a script, to its end.
fn play(settings: Settings, script: &str) -> Segmenter {
    let mut segmenter = Segmenter::new(settings);
    let mut units = Vec::new();
    for word in script.split_whitespace() {
        match word {
            "V" | "W" | "A" => {
                feed(&mut segmenter, &mut units);
                segmenter.track(track(word)).unwrap();
            }
            _ => units.extend(series(word)),
        }
    }
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    segmenter
}

/// The segments that came out.
fn segments(segmenter: &mut Segmenter) -> Vec<Segment> {
    let outputs = std::iter::from_fn(|| segmenter.pull());
    let segment = |output| match output {
        Output::Segment(segment) => Some(segment),
        Output::Init(_) | Output::Part(_) | Output::PartBytes(_) | Output::DateRange(_) => None,
    };
    outputs.filter_map(segment).collect()
}

/// Interleaves by decode time, as encoders do; sound comes first.
fn feed(segmenter: &mut Segmenter, units: &mut Vec<AccessUnit>) {
    units.sort_by_key(|unit| (unit.dts, unit.track.kind == TrackKind::Video));
    for unit in units.drain(..) {
        let now_ms = 1_000_000 + unit.dts.ticks();
        segmenter.push(unit, now_ms);
    }
}

fn track(word: &str) -> Track {
    match word {
        "V" => Track::new(TrackId::VIDEO, CodecConfig::Avc(AvcConfig::parse(avc()).unwrap())),
        "W" => Track::new(TrackId::VIDEO, CodecConfig::Avc(AvcConfig::parse(other_avc()).unwrap())),
        _ => Track::new(TrackId::AUDIO, CodecConfig::Aac(AacConfig::parse(aac()).unwrap())),
    }
}

fn series(word: &str) -> Vec<AccessUnit> {
    let (kind, range) = word.split_at(1);
    let (range, step) = range.split_once('/').unwrap_or((range, "40"));
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (i64, i64) = (from.parse().unwrap(), to.parse().unwrap());
    let step: i64 = step.parse().unwrap();
    let time = |n: i64| if kind == "a" { from + n * 1_024 / 48 } else { from + n * step };
    let at = (0..).map(time).take_while(|at| *at < to);
    at.enumerate()
        .map(|(n, at)| {
            let random_access = kind == "a" || (kind == "v" && n == 0);
            let nal: &[u8] =
                if random_access { &[0, 0, 0, 2, 0x65, 1] } else { &[0, 0, 0, 2, 0x41, 1] };
            AccessUnit {
                track: if kind == "a" { TrackId::AUDIO } else { TrackId::VIDEO },
                dts: Timestamp::from_millis(at),
                pts: Timestamp::from_millis(at),
                random_access,
                samples: if kind == "a" { 1_024 } else { 0 },
                payload: Bytes::from_static(if kind == "a" { &[0x21, 0x10, 4] } else { nal }),
            }
        })
        .collect()
}

const SETTINGS: Settings = Settings {
    segment_ms: 2_000,
    target_duration_s: None,
    packaging: Packaging::Auto,
    timed_id3: false,
    low_latency: LowLatency::Off,
    part_ms: 333,
    part_target_ms: None,
    begins_at_ms: 0,
};

fn show(segments: &[Segment]) -> String {
    let origin = segments.first().map_or(0, |segment| segment.new.start);
    let shown: Vec<_> = segments
        .iter()
        .enumerate()
        .map(|(n, Segment { new, .. })| {
            let tag = if new.discontinuity && n > 0 { "|" } else { "" };
            let dependent = if new.independent { "" } else { "~" };
            let ms = |ticks: i64| boundary_ms(ticks - origin);
            format!("{tag}{dependent}{}-{}", ms(new.start), ms(new.end))
        })
        .collect();
    shown.join(" ")
}

#[track_caller]
fn check(script: &str, expected: &str) {
    assert_eq!(show(&cut(SETTINGS, script)), expected, "{script}");
}

#[test]
fn segments_begin_at_key_frames() {
    check("V A v0-2000 a0-4100 v2000-4000", "0-2000 2000-4000");
    check("V A v0-1000 v1000-2000 v2000-3000 a0-3000", "0-2000 2000-3000");
    check("V A v0-3000 v3000-6000 a0-6000", "0-3000 3000-6000");
}

#[test]
fn sound_alone_is_cut_by_time() {
    check("A a0-6000", "0-1984 1984-3968 3968-5952 5952-6016");
}

#[test]
fn pictures_alone_are_cut_at_key_frames() {
    check("V v0-2000 v2000-4000", "0-2000 2000-4000");
}

#[test]
fn pictures_before_the_first_key_frame_are_left_out() {
    check("V A w0-800 v800-2800 v2800-4800 a0-4800", "0-2000 2000-4000");
}

#[test]
fn a_stream_without_key_frames_is_cut_at_the_limit() {
    check("V A v0-2000 v2000-2040 w2040-7000 a0-7000", "0-2000 2000-4400 ~4400-6800 ~6800-7000");
}

#[test]
fn a_long_gop_makes_a_long_target_duration() {
    let segments = cut(SETTINGS, "V A v0-8333/33 v8333-16600/33 a0-16600");
    assert_eq!(segments[0].new.target_duration_s, 9);
    assert!(segments.iter().all(|segment| segment.new.independent));
}

#[test]
fn a_returning_stream_keeps_its_target_duration() {
    let settings = Settings { target_duration_s: Some(4), ..SETTINGS };
    let segments = cut(settings, "V v0-2000 v2000-4000");
    assert!(segments.iter().all(|segment| segment.new.target_duration_s == 4));
}

#[test]
fn a_jump_of_the_encoders_clock_is_a_discontinuity_at_the_next_key_frame() {
    check(
        "V A v0-2000 v2000-2400 a0-2400 w12400-13000 v13000-15000 a12400-15000",
        "0-2000 2000-3010 |3010-5010",
    );
}

#[test]
fn new_parameters_are_a_discontinuity_and_the_same_again_are_nothing() {
    check("V A v0-1000 a0-1000 V v1000-2000 a1003-2000", "0-2000");
    check("V A v0-1000 a0-1000 W v1000-2000 a1003-2000", "0-1000 |1000-2000");
}

#[test]
fn a_track_that_comes_late_is_a_discontinuity() {
    check("V v0-2000 v2000-4000 A a3000-6000 v4000-6000", "0-2000 2000-4000 |4000-6000");
}

#[test]
fn pictures_that_stay_away_leave_the_cuts_to_the_sound() {
    let segments = cut(SETTINGS, "V A v0-2000 a0-12000 v12000-14000 a12010-14000");
    let lengths = segments.iter().map(|s| s.new.end - s.new.start);
    assert!(lengths.clone().all(|ticks| ticks <= 5 * 90_000), "{}", show(&segments));
    assert_eq!(lengths.sum::<i64>() / 90, 14_000, "{}", show(&segments));
}

#[test]
fn a_slide_show_has_no_holes() {
    let segments = cut(SETTINGS, "V v0-2000/2000 w2000-20000/2000");
    assert!(segments.iter().skip(1).all(|segment| !segment.new.discontinuity));
    let pairs = segments.windows(2);
    assert!(pairs.into_iter().all(|pair| pair[0].new.end == pair[1].new.start));
    assert!(segments.last().unwrap().new.end - segments[0].new.start >= 18 * 90_000);
}

#[test]
fn a_broadcast_whose_pictures_have_gone_ends_with_its_sound() {
    let segments = cut(SETTINGS, "V A v0-2000 a0-7500");
    let length = segments.iter().map(|segment| segment.new.end - segment.new.start).sum::<i64>();
    assert!((7_450..7_550).contains(&(length / 90)), "{}", show(&segments));
}

#[test]
fn calendar_times_follow_the_arrival_of_the_first_unit_and_then_the_media() {
    let segments = cut(SETTINGS, "V A v0-2000 v2000-4000 a0-4000");
    let dates: Vec<_> = segments.iter().map(|segment| segment.new.calendar_ms).collect();
    assert_eq!(dates, [1_000_000, 1_002_000]);
}

#[test]
fn a_record_says_what_is_in_the_segment() {
    let segments = cut(SETTINGS, "V A v0-2000 a0-2000");
    let (record, body) = (&segments[0].new.renditions[0], &segments[0].bodies[0]);
    assert_eq!(usize::try_from(record.bytes).unwrap(), body.len());
    let digest: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        body,
    ))
    .into();
    assert_eq!(record.sha256.0, digest);
    let tracks: Vec<_> =
        record.tracks.iter().map(|track| format!("{} {:?}", track.codec, track.medium)).collect();
    assert_eq!(
        tracks,
        [
            "avc1.42C00B Video { width: 160, height: 90, frame_rate_milli: 25000, range: Sdr }",
            "mp4a.40.2 Audio { sample_rate: 48000, channels: 2 }",
        ]
    );
}

/// Presentation times of each kind in a segment, by a reader that is not ours, in 90 kHz ticks.
fn times(segment: &Segment) -> (Vec<u64>, Vec<u64>) {
    let mut reader = TsPacketReader::new(&segment.bodies[0][..]);
    let (mut video, mut audio, mut pids) = (Vec::new(), Vec::new(), BTreeMap::new());
    while let Some(packet) = reader.read_ts_packet().unwrap() {
        match packet.payload {
            Some(TsPayload::Pmt(pmt)) => {
                pids.extend(pmt.es_info.iter().map(|es| (es.elementary_pid, es.stream_type)));
            }
            Some(TsPayload::PesStart(pes)) => {
                let list = match pids.get(&packet.header.pid) {
                    Some(StreamType::H264) => &mut video,
                    _ => &mut audio,
                };
                list.extend(pes.header.pts.map(|pts| pts.as_u64()));
            }
            _ => {}
        }
    }
    (video, audio)
}

#[test]
fn sound_is_cut_within_a_frame_of_the_pictures_even_when_it_comes_late() {
    let mut segmenter = Segmenter::new(SETTINGS);
    segmenter.track(track("V")).unwrap();
    segmenter.track(track("A")).unwrap();
    let mut units = [series("v0-2000"), series("v2000-4000"), series("a0-4000")].concat();
    // Sound arrives 300 ms after the pictures that it belongs to.
    units.sort_by_key(|unit| {
        unit.dts.ticks() + if unit.track.kind == TrackKind::Audio { 300 } else { 0 }
    });
    units.into_iter().for_each(|unit| segmenter.push(unit, 0));
    segmenter.finish();
    let segments = segments(&mut segmenter);
    assert_eq!(show(&segments), "0-2000 2000-4000");
    let (video, audio) = times(&segments[1]);
    let (video, audio) = (*video.first().unwrap(), *audio.first().unwrap());
    assert!(audio.abs_diff(video) <= 1_920, "sound begins at {audio}, pictures at {video}");
}

#[test]
fn a_clock_that_stands_still_does_not_make_an_endless_segment() {
    let mut segmenter = Segmenter::new(SETTINGS);
    segmenter.track(track("V")).unwrap();
    let big = Bytes::from([&[0, 0x10, 0, 1, 0x65][..], &vec![7; 0x10_0000]].concat());
    let unit = |at| AccessUnit {
        track: TrackId::VIDEO,
        dts: Timestamp::from_millis(at),
        pts: Timestamp::from_millis(at),
        random_access: false,
        samples: 0,
        payload: big.clone(),
    };
    segmenter.push(AccessUnit { random_access: true, ..unit(0) }, 0);
    segmenter.push(unit(1_100), 0);
    for _ in 0..200 {
        segmenter.push(unit(1_101), 0);
    }
    let largest = segments(&mut segmenter).iter().map(|segment| segment.bodies[0].len()).max();
    assert!(largest.is_some_and(|bytes| bytes < SEGMENT_BYTES_MAX * 5 / 4), "{largest:?}");
}

proptest! {
    /// Every unit sequence gives segments that follow one another without a hole, under one target
    /// duration, twice the same.
    #[test]
    fn segments_follow_one_another(
        steps in prop::collection::vec((0..4_u8, 0..200_u32, any::<bool>()), 1..400),
    ) {
        let run = || {
            let mut segmenter = Segmenter::new(SETTINGS);
            segmenter.track(track("V")).unwrap();
            segmenter.track(track("A")).unwrap();
            let mut now = 0;
            for (kind, step, key) in &steps {
                now += i64::from(*step);
                let word = match (kind, key) {
                    (0, _) => format!("a{now}-{}", now + 1),
                    (_, true) => format!("v{now}-{}", now + 1),
                    (_, false) => format!("w{now}-{}", now + 1),
                };
                series(&word).into_iter().for_each(|unit| segmenter.push(unit, now));
            }
            segmenter.finish();
            segments(&mut segmenter)
        };
        let (segments, again) = (run(), run());
        prop_assert_eq!(show(&segments), show(&again));
        for pair in segments.windows(2) {
            let follows = pair[0].new.end == pair[1].new.start;
            prop_assert!(follows || pair[1].new.discontinuity, "{}", show(&segments));
            prop_assert_eq!(pair[0].new.target_duration_s, pair[1].new.target_duration_s);
        }
        for segment in &segments {
            let length_ms = boundary_ms(segment.new.end) - boundary_ms(segment.new.start);
            let rounded = (length_ms + 500) / 1_000;
            prop_assert!(rounded <= i64::from(segment.new.target_duration_s), "{}", show(&segments));
            prop_assert!(segment.new.end > segment.new.start, "{}", show(&segments));
        }
    }
}
