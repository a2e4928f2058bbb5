//! What the muxer writes, read by our own reader and by an independent one.

mod captures;

use bytes::{Bytes, BytesMut};
use media::aac::AacConfig;
use media::avc::{NalLengthSize, NalType, nal_units};
use media::hevc;
use media::{AccessUnit, CodecConfig, Rounding, Timescale, Timestamp, Track, TrackId, TrackKind};
use proptest::prelude::*;

use super::testing::{Packet, packets, packets_independently, read};
use super::*;
use crate::testing::{audio, frame, hex, picture, real_units, video};

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";
const WRAP: i64 = 1 << 33;

/// Segments of the units; a new one starts with each unit whose index is in `starts`.
fn mux(tracks: &[Track], units: &[AccessUnit], starts: &[usize]) -> BytesMut {
    let mut muxer = Muxer::new(tracks).unwrap();
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    for (index, unit) in units.iter().enumerate() {
        if starts.contains(&index) {
            muxer.finish_segment(&mut out);
            muxer.begin(&mut out);
        }
        muxer.write(unit, &mut out).unwrap();
    }
    muxer.finish_segment(&mut out);
    out
}

/// `later - earlier` of two times that wrap.
fn distance(later: u64, earlier: u64) -> i64 {
    let difference = (i64::try_from(later).unwrap() - i64::try_from(earlier).unwrap()) & (WRAP - 1);
    if difference >= WRAP / 2 { difference - WRAP } else { difference }
}

/// Checks the rules of the clock: references are close, go forward and are before decode times.
#[track_caller]
fn check_clock(events: &[Event], name: &str) {
    let mut last: Option<u64> = None;
    for event in events {
        match event {
            Event::Pcr { pcr, is_discontinuous, .. } => {
                if let Some(last) = last
                    && !is_discontinuous
                {
                    let step = distance(pcr.base(), last);
                    assert!((1..=PCR_INTERVAL_TICKS).contains(&step), "{name}: {step} ticks");
                }
                last = Some(pcr.base());
            }
            Event::Pes(pes) => {
                let lead = distance(pes.dts.or(pes.pts).unwrap(), last.expect("a reference"));
                assert!((0..90_000).contains(&lead), "{name}: {lead} ticks before {pes:?}");
            }
            Event::Programs(_) | Event::Program(_) | Event::Fault(_) => {}
        }
    }
}

/// What both readers agree on.
#[track_caller]
fn read_twice(bytes: &[u8]) -> Vec<Packet> {
    let ours = packets(&read(bytes));
    assert_eq!(ours, packets_independently(bytes));
    ours
}

/// A unit as it must stand in a PES packet, written the slow way.
fn elementary(tracks: &[Track], unit: &AccessUnit) -> Vec<u8> {
    let track = tracks.iter().find(|track| track.id == unit.track).unwrap();
    let payload = unit.payload.as_ref();
    match &track.codec {
        CodecConfig::Aac(config) => [&config.adts_header(payload.len()).unwrap(), payload].concat(),
        CodecConfig::Avc(config) => {
            let sets = [config.sps_list(), config.pps_list()].concat();
            annex_b("09f0", &sets, unit, |nal| NalType::of(nal) == NalType::AUD)
        }
        CodecConfig::Hevc(config) => {
            let sets = [config.vps_list(), config.sps_list(), config.pps_list()].concat();
            annex_b("460150", &sets, unit, |nal| hevc::NalType::of(nal) == hevc::NalType::AUD)
        }
        CodecConfig::Ac3(_) | CodecConfig::Mp3(_) => payload.to_vec(),
        CodecConfig::Av1(_) | CodecConfig::Vp9(_) | CodecConfig::Opus(_) | CodecConfig::Flac(_) => {
            panic!("{track:?}")
        }
    }
}

/// The NAL units of a picture with start codes; it brings all kinds of parameter sets or none.
fn annex_b(
    delimiter: &str,
    sets: &[Bytes],
    unit: &AccessUnit,
    is_delimiter: fn(&[u8]) -> bool,
) -> Vec<u8> {
    let nals = nal_units(&unit.payload, NalLengthSize::Four).map(Result::unwrap);
    let nals: Vec<_> = nals.filter(|nal| !is_delimiter(nal)).collect();
    let brings_sets = sets.iter().any(|set| nals.iter().any(|nal| nal[0] == set[0]));
    let sets = if unit.random_access && !brings_sets { sets } else { &[] };
    let delimiter = hex(delimiter);
    let all = std::iter::once(delimiter.as_slice()).chain(sets.iter().map(AsRef::as_ref));
    all.chain(nals).flat_map(|nal| [&[0, 0, 0, 1], nal].concat()).collect()
}

#[test]
fn a_real_stream_comes_back_as_it_was() {
    let (tracks, units) = real_units();
    assert_eq!((tracks.len(), units.len()), (2, 50 + 88));
    let starts: Vec<usize> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.random_access && unit.track == TrackId::VIDEO)
        .map(|(index, _)| index)
        .skip(1)
        .collect();
    assert_eq!(starts.len(), 1);
    let out = mux(&tracks, &units, &starts);
    let read = read_twice(&out);
    check_clock(&testing::read(&out), "real");

    let of_kind = |kind| units.iter().filter(move |unit| unit.track.kind == kind);
    let video: Vec<Packet> = of_kind(TrackKind::Video)
        .map(|unit| {
            let ticks = |time: Timestamp| u64::try_from(time.ticks() * 90).unwrap();
            let (pts, dts) = (ticks(unit.pts), ticks(unit.dts));
            (0xe0, Some(pts), (pts != dts).then_some(dts), elementary(&tracks, unit))
        })
        .collect();
    assert!(read.iter().filter(|packet| packet.0 == 0xe0).eq(&video));

    let audio: Vec<u8> =
        of_kind(TrackKind::Audio).flat_map(|unit| elementary(&tracks, unit)).collect();
    let packets = || read.iter().filter(|packet| packet.0 == 0xc0);
    assert!(packets().flat_map(|packet| &packet.3).eq(&audio));
    // Every packet's time is that of its first frame.
    let mut at = 0;
    for (_, pts, dts, data) in packets() {
        let unit = of_kind(TrackKind::Audio).nth(at).unwrap();
        assert_eq!((*pts, *dts), (u64::try_from(unit.pts.ticks() * 90).ok(), None));
        let frames = of_kind(TrackKind::Audio).skip(at);
        let mut left = data.len();
        at += frames
            .take_while(|unit| {
                let has_more = left > 0;
                left = left.saturating_sub(unit.payload.len() + 7);
                has_more
            })
            .count();
    }
    assert_eq!(at, 88);
}

#[test]
fn every_size_is_stuffed_right() {
    for bytes in 1..400 {
        let slice = format!("41{}", "a5".repeat(bytes));
        let idr = format!("65{}", "a5".repeat(bytes));
        let payload: Vec<u8> = (0..bytes).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
        let units = [
            picture(0, 0, &[&idr]),
            picture(20, 60, &[&slice]),
            frame(0, &payload),
            picture(40, 40, &[&slice]),
        ];
        let tracks = [video(), audio()];
        let packets = read_twice(&mux(&tracks, &units, &[]));
        let data: Vec<_> = packets.into_iter().map(|packet| packet.3).collect();
        let expected = [2, 0, 1, 3].map(|index: usize| elementary(&tracks, &units[index]));
        assert_eq!(data, expected, "{bytes} bytes");
        let alone = read_twice(&mux(&tracks[1..], &units[2..3], &[]));
        assert_eq!(alone[0].3, elementary(&tracks, &units[2]), "{bytes} bytes alone");
    }
}

/// Two seconds of pictures, at `fps` over `per`, and of audio at 44.1 kHz, from `start_ms` on, in
/// the order of their times.
fn stream(start_ms: i64, fps: i64, per: i64, has_audio: bool) -> (Vec<Track>, Vec<AccessUnit>) {
    let count = if fps > 0 { 2 * fps / per } else { 0 };
    let mut units: Vec<_> = (0..count)
        .map(|number| {
            let dts = start_ms + number * 1_000 * per / fps;
            picture(dts, dts + 80, &[if number % 12 == 0 { IDR } else { SLICE }])
        })
        .collect();
    let mut tracks = if fps > 0 { vec![video()] } else { Vec::new() };
    if has_audio {
        let config = AacConfig::parse(hex("121056e500").into()).unwrap();
        tracks.push(Track::new(TrackId::AUDIO, CodecConfig::Aac(config)));
        let rate = Timescale::new(44_100).unwrap();
        units.extend((0..86).map(|number| {
            let start = Timestamp::from_millis(start_ms).rescale(rate, Rounding::Nearest).unwrap();
            let time = start.checked_add(number * 1_024).unwrap();
            AccessUnit { dts: time, pts: time, ..frame(0, &[5; 250]) }
        }));
    }
    units.sort_by_key(|unit| unit.dts);
    (tracks, units)
}

#[test]
fn the_clock_is_right_at_every_frame_rate() {
    for (fps, per) in
        [(10, 1), (25, 2), (24_000, 1_001), (24, 1), (25, 1), (30_000, 1_001), (60, 1)]
    {
        for has_audio in [true, false] {
            let name = format!("{fps}/{per}, audio {has_audio}");
            let (tracks, units) = stream(10_000, fps, per, has_audio);
            let out = mux(&tracks, &units, &[units.len() / 3, units.len() / 2]);
            check_clock(&read(&out), &name);
            read_twice(&out);
        }
    }
    let (tracks, units) = stream(10_000, 0, 1, true);
    check_clock(&read(&mux(&tracks, &units, &[20, 21, 50])), "audio only");
}

#[test]
fn the_clock_goes_on_when_pictures_stop() {
    let (tracks, mut units) = stream(0, 25, 1, true);
    units.retain(|unit| unit.track == TrackId::AUDIO || !(400..1_400).contains(&unit.dts.ticks()));
    check_clock(&read(&mux(&tracks, &units, &[40])), "pictures stop");
}

#[test]
fn a_segment_has_a_clock_reference_before_everything_else() {
    let (tracks, units) = stream(0, 25, 1, true);
    let out = mux(&tracks, &units, &[40, 41, 60]);
    let mut is_first = false;
    for event in read(&out) {
        match event {
            Event::Programs(_) => is_first = true,
            Event::Program(_) | Event::Fault(_) => {}
            Event::Pcr { .. } => is_first = false,
            Event::Pes(pes) => assert!(!is_first, "{pes:?}"),
        }
    }
}

#[test]
fn a_break_of_the_timeline_is_told() {
    for audio_is_first in [true, false] {
        let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
        let mut out = BytesMut::new();
        for start in [500_000, 0, 7_000_000] {
            let mut units = [picture(start, start + 80, &[IDR]), frame(start * 48, &[1; 99])];
            units.sort_by_key(|unit| (unit.track.kind == TrackKind::Video) == audio_is_first);
            muxer.begin(&mut out);
            units.iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
            muxer.finish_segment(&mut out);
            muxer.mark_discontinuity();
        }
        let events = read(&out);
        check_clock(&events, "breaks");
        let breaks = events.iter().filter_map(|event| {
            let Event::Pcr { is_discontinuous, .. } = event else { return None };
            Some(*is_discontinuous)
        });
        let breaks: Vec<_> = breaks.collect();
        if audio_is_first {
            assert_eq!(breaks, [false, false, true, false, true, false]);
        } else {
            assert_eq!(breaks, [false, true, true]);
        }
    }
}

#[test]
fn times_wrap_at_33_bits() {
    // Over the wrap, before zero, and far beyond.
    for wraps in [0, 1, -1, 1_000] {
        let start_ms = wraps * WRAP / 90 + WRAP / 90 - 1_000;
        let (tracks, units) = stream(start_ms, 25, 1, true);
        let out = mux(&tracks, &units, &[30]);
        check_clock(&read(&out), &format!("{wraps} wraps"));
        let video = units.iter().filter(|unit| unit.track == TrackId::VIDEO);
        let expected: Vec<_> = video
            .map(|unit| {
                let wrapped = |ticks: i64| u64::try_from(ticks.rem_euclid(WRAP)).ok();
                (wrapped(unit.pts.ticks() * 90), wrapped(unit.dts.ticks() * 90))
            })
            .collect();
        let read = read_twice(&out);
        let read = read.iter().filter(|packet| packet.0 == 0xe0);
        assert!(read.map(|packet| (packet.1, packet.2)).eq(expected), "{wraps} wraps");
    }
}

#[test]
fn times_at_the_end_of_all_numbers_do_no_harm() {
    for ticks in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
        let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
        let mut out = BytesMut::new();
        muxer.begin(&mut out);
        for other in [ticks, 0, ticks, -ticks.saturating_add(1)] {
            let (pts, dts) =
                (Timestamp::new(ticks, Timescale::MPEG), Timestamp::new(other, Timescale::MPEG));
            let unit = picture(0, 0, &[IDR]);
            muxer.write(&AccessUnit { pts, dts, ..unit }, &mut out).unwrap();
            muxer.write(&AccessUnit { pts, dts, ..frame(0, &[1]) }, &mut out).unwrap();
        }
        muxer.finish_segment(&mut out);
        read(&out);
    }
}

proptest! {
    /// Whatever the composition offsets, no picture is shown before it is decoded; and whatever
    /// the payloads, they come back.
    #[test]
    fn pictures_with_any_composition_offset_come_back(
        offsets in prop::collection::vec(-0x80_0000..0x80_0000_i64, 1..20),
        small in prop::collection::vec(-200..1_000_i64, 1..20),
        sizes in prop::collection::vec(1..2_000_usize, 40),
    ) {
        let offsets = small.iter().chain(&offsets).zip(&sizes).zip(0..);
        let units: Vec<_> = offsets
            .map(|((offset, bytes), number)| {
                let nal = format!("{}{}", ["65", "41"][bytes % 2], "7f".repeat(*bytes));
                picture(number * 40, number * 40 + offset, &[&nal])
            })
            .collect();
        let out = mux(&[video()], &units, &[]);
        let packets = read_twice(&out);
        prop_assert_eq!(packets.len(), units.len());
        let mut last = None;
        for ((_, pts, dts, data), unit) in packets.iter().zip(&units) {
            prop_assert_eq!(data, &elementary(&[video()], unit));
            let (pts, dts) = (pts.unwrap(), dts.or(*pts).unwrap());
            prop_assert!(distance(pts, dts) >= 0);
            prop_assert!(last.is_none_or(|last| distance(dts, last) > 0));
            last = Some(dts);
            let latest = unit.dts.ticks() * 90 - REORDER_TICKS_MAX;
            if unit.pts.ticks() * 90 >= unit.dts.ticks() * 90 {
                let shown = u64::try_from((unit.pts.ticks() * 90).rem_euclid(WRAP)).unwrap();
                prop_assert_eq!(pts, shown);
            } else {
                let dts = u64::try_from(latest.rem_euclid(WRAP)).unwrap();
                prop_assert!(distance(pts, dts) >= 0);
            }
        }
        check_clock(&read(&out), "any offset");
    }
}
