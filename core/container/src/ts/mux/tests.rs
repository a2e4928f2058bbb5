mod hevc;
mod id3;
mod sound;

use bytes::BytesMut;
use media::aac::AacConfig;

use super::*;
use crate::testing::{PPS, SPS, audio, frame, hex, picture, video};
use crate::ts::psi::StreamType;
use crate::ts::testing::read;
use crate::ts::{Event, PACKET_BYTES, Pes};

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";
const SEI: &str = "0605ff80";

/// One segment of the units.
fn segment(muxer: &mut Muxer, units: &[AccessUnit]) -> BytesMut {
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    units.iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
    muxer.finish_segment(&mut out);
    out
}

fn pes_packets(bytes: &[u8]) -> Vec<Pes> {
    let events = read(bytes).into_iter();
    events.filter_map(|event| if let Event::Pes(pes) = event { Some(pes) } else { None }).collect()
}

/// What becomes of a picture's NAL units; `s` and `p` are the configuration's parameter sets.
#[track_caller]
fn check_picture(nal_units: &[&str], expected: &[&str]) {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let out = segment(&mut muxer, &[picture(0, 0, nal_units)]);
    let expected = expected.iter().flat_map(|nal| {
        let nal = match *nal {
            "s" => SPS,
            "p" => PPS,
            other => other,
        };
        [hex("00000001"), hex(nal)].concat()
    });
    let pes = pes_packets(&out).remove(0);
    assert_eq!(pes.data, expected.collect::<Vec<_>>(), "{nal_units:?}");
    assert_eq!(pes.is_random_access, nal_units.contains(&IDR), "{nal_units:?}");
}

#[test]
fn an_idr_picture_gets_the_parameter_sets_that_it_does_not_bring() {
    check_picture(&[IDR], &["09f0", "s", "p", IDR]);
    check_picture(&[SEI, IDR, IDR], &["09f0", "s", "p", SEI, IDR, IDR]);
    check_picture(&["6742", "6880", IDR], &["09f0", "6742", "6880", IDR]);
    check_picture(&["6742", SEI, IDR], &["09f0", "6742", "p", SEI, IDR]);
    check_picture(&["6742", IDR], &["09f0", "6742", "p", IDR]);
    check_picture(&["6880", IDR], &["09f0", "s", "6880", IDR]);
    // Number 1.
    check_picture(&["6840", IDR], &["09f0", "s", "p", "6840", IDR]);
    check_picture(&["67640028 40", IDR], &["09f0", "s", "67640028 40", "p", IDR]);
    check_picture(&[IDR, "6742", "6801"], &["09f0", "s", "p", IDR, "6742", "6801"]);
}

#[test]
fn a_picture_that_brings_some_sets_of_a_kind_gets_the_others() {
    let (first, second) = ("68ebe3cb22c0", "6840ff");
    let record = crate::testing::AVC_RECORD.replace("01 0006 68", "02 0006 68");
    let record = record.replace(" fdf8f800", &format!(" 0003 {second} fdf8f800"));
    let config = media::avc::AvcConfig::parse(hex(&record).into()).unwrap();
    let track = Track::new(TrackId::VIDEO, media::CodecConfig::Avc(config));
    let check = |nal_units: &[&str], expected: &[&str]| {
        let mut muxer = Muxer::new(std::slice::from_ref(&track)).unwrap();
        let out = segment(&mut muxer, &[picture(0, 0, nal_units)]);
        let expected = ["09f0"].iter().chain(expected);
        let expected = expected.flat_map(|nal| [hex("00000001"), hex(nal)].concat());
        assert_eq!(pes_packets(&out)[0].data, expected.collect::<Vec<_>>(), "{nal_units:?}");
    };
    check(&[IDR], &[SPS, first, second, IDR]);
    check(&[SPS, first, IDR], &[SPS, second, first, IDR]);
    check(&[SPS, SEI, second, IDR], &[SPS, first, SEI, second, IDR]);
    check(&[first, second, IDR], &[SPS, first, second, IDR]);
    // A flood is left as it is.
    let flood = |count| [vec![first; count], vec![IDR]].concat();
    check(&flood(64), &[&[SPS, second][..], &flood(64)].concat());
    check(&flood(65), &[&[SPS][..], &flood(65)].concat());
}

#[test]
fn other_pictures_stay_as_they_are() {
    check_picture(&[SLICE], &["09f0", SLICE]);
    check_picture(&["6742", SLICE, "0cff"], &["09f0", "6742", SLICE, "0cff"]);
}

#[test]
fn a_picture_has_one_delimiter() {
    check_picture(&["0910", SLICE], &["09f0", SLICE]);
    check_picture(&["0910", IDR], &["09f0", "s", "p", IDR]);
    check_picture(&["0930", "0910", SLICE, "0950"], &["09f0", SLICE]);
}

/// Which audio frames share a PES packet: starts are in samples, `v100` is a picture at 100 ms.
#[track_caller]
fn check_groups(units: &str, expected: &str) {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let units: Vec<AccessUnit> = units
        .split_whitespace()
        .map(|word| match word.strip_prefix('v') {
            Some(dts) => picture(dts.parse().unwrap(), dts.parse().unwrap(), &[IDR]),
            None => frame(word.parse().unwrap(), &[1; 10]),
        })
        .collect();
    let out = segment(&mut muxer, &units);
    let shown = pes_packets(&out).into_iter().map(|pes| match pes.stream_id {
        0xe0 => "v".to_owned(),
        _ => format!("{}x{}", pes.pts.unwrap(), pes.data.len() / 17),
    });
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{units:?}");
}

#[test]
fn audio_frames_share_packets_up_to_a_tenth_of_a_second() {
    check_groups("0 1024 2048 3072 4096", "0x4 7680x1");
    check_groups("0 1024 2048 3072 v85 4096 5120", "0x4 v 7680x2");
}

#[test]
fn a_picture_does_not_overtake_the_audio_before_it() {
    check_groups("0 1024 v100 2048", "v 0x3");
    check_groups("0 1024 v101 2048", "0x2 v 3840x1");
}

#[test]
fn frames_that_do_not_follow_each_other_do_not_share_a_packet() {
    check_groups("0 1024 2096 3120", "0x4");
    check_groups("0 1024 2097 3121", "0x2 3932x2");
    check_groups("0 1024 1999", "0x2 3748x1");
    check_groups("0 1024 0", "0x2 0x1");
}

#[test]
fn the_length_of_a_group_is_a_parameter() {
    let frames: Vec<_> = (0..9).map(|number| frame(number * 1_024, &[7; 400])).collect();
    let groups = |length_ms| {
        let muxer = Muxer::new(&[audio()]).unwrap();
        let mut muxer = muxer.with_audio_group(Duration::from_millis(length_ms));
        let packets = pes_packets(&segment(&mut muxer, &frames));
        packets.iter().map(|pes| pes.data.len() / 407).collect::<Vec<_>>()
    };
    assert_eq!(groups(0), [1; 9]);
    assert_eq!(groups(42), [1; 9]);
    assert_eq!(groups(43), [2, 2, 2, 2, 1]);
    assert_eq!(groups(200), [9]);
    assert_eq!(groups(u64::MAX), [9]);
}

#[test]
fn a_packet_whose_length_cannot_be_told_is_video() {
    // With headers seven frames of 8,191 bytes and one of 8,190 are the most that fits.
    let lengths = |last_bytes: usize| {
        let sizes = [8_184; 7].into_iter().chain([last_bytes]);
        let frames = sizes.zip(0..).map(|(bytes, number)| frame(number * 1_024, &vec![7; bytes]));
        let mut muxer = Muxer::new(&[audio()]).unwrap().with_audio_group(Duration::from_secs(9));
        let packets = pes_packets(&segment(&mut muxer, &frames.collect::<Vec<_>>()));
        packets.iter().map(|pes| pes.data.len()).collect::<Vec<_>>()
    };
    assert_eq!(lengths(8_183), [65_527]);
    assert_eq!(lengths(8_184), [57_337, 8_191]);

    // 65,535 bytes behind the length field: 3 and 10 of header, 10 of delimiter and start code.
    for (slice_bytes, expected) in [(65_512, [0xff, 0xff]), (65_513, [0, 0])] {
        let slice = "41".repeat(slice_bytes);
        let mut muxer = Muxer::new(&[video()]).unwrap();
        let out = segment(&mut muxer, &[picture(0, 80, &[&slice])]);
        let start = out.windows(4).position(|bytes| bytes == [0, 0, 1, 0xe0]).unwrap();
        assert_eq!(out[start + 4..start + 6], expected);
        assert_eq!(pes_packets(&out)[0].data.len(), slice_bytes + 10);
    }
}

#[test]
fn a_segment_starts_with_the_tables() {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let out = segment(&mut muxer, &[]);
    let mut expected = hex("47400010 00 00b00d 0001 c10000 0001 f000 2ab104b2");
    expected.resize(PACKET_BYTES, 0xff);
    assert_eq!(out[..PACKET_BYTES], expected);
    let mut expected = hex("47500010 00 02b017 0001 c10000 e100 f000 1be100f000 0fe101f000");
    expected.extend(hex("2f44b99b"));
    expected.resize(PACKET_BYTES, 0xff);
    assert_eq!(out[PACKET_BYTES..], expected);
}

/// The program map's version, clock and streams.
fn program(muxer: &mut Muxer) -> String {
    let out = segment(muxer, &[]);
    let is_map = |event: &Event| matches!(event, Event::Program(_));
    let Some(Event::Program(map)) = read(&out).into_iter().find(is_map) else { panic!("no map") };
    let streams = map.streams.iter().map(|stream| {
        let kind = if stream.kind == StreamType::AVC { 'v' } else { 'a' };
        format!("{kind}{:?}", stream.pid)
    });
    let streams = streams.collect::<Vec<_>>().join(" ");
    format!("version {} clock {:?}: {streams}", map.version, map.pcr_pid)
}

#[test]
fn the_program_map_gets_a_new_version_when_it_changes() {
    let mut muxer = Muxer::new(&[audio()]).unwrap();
    assert_eq!(program(&mut muxer), "version 0 clock 0x101: a0x101");
    muxer.set_tracks(&[audio(), video()]).unwrap();
    let both = "clock 0x100: v0x100 a0x101";
    assert_eq!(program(&mut muxer), format!("version 1 {both}"));
    muxer.set_tracks(&[video(), audio()]).unwrap();
    assert_eq!(program(&mut muxer), format!("version 1 {both}"));
    for _ in 0..15 {
        muxer.set_tracks(&[video()]).unwrap();
        muxer.set_tracks(&[video(), audio()]).unwrap();
    }
    assert_eq!(program(&mut muxer), format!("version 31 {both}"));
    muxer.set_tracks(&[video()]).unwrap();
    assert_eq!(program(&mut muxer), "version 0 clock 0x100: v0x100");
}

#[test]
fn tracks_of_one_kind_are_told_apart_by_their_numbers() {
    let second = |mut track: Track| {
        track.id.number = 255;
        track
    };
    let tracks = [second(audio()), audio(), second(video()), video()];
    let mut muxer = Muxer::new(&tracks).unwrap();
    let expected = "version 0 clock 0x100: v0x100 a0x101 v0x2fe a0x2ff";
    assert_eq!(program(&mut muxer), expected);
}

#[test]
fn counters_go_on_from_segment_to_segment() {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let mut all = BytesMut::new();
    for number in 0..40 {
        let dts = number * 80;
        // Without video now and then: its counter waits.
        let tracks = if number % 5 == 4 { vec![audio()] } else { vec![audio(), video()] };
        muxer.set_tracks(&tracks).unwrap();
        let mut units = vec![frame(dts * 48, &[9; 300]), frame(dts * 48 + 1_024, &[9; 300])];
        if tracks.len() == 2 {
            units.push(picture(dts, dts, &[IDR]));
        }
        all.extend_from_slice(&segment(&mut muxer, &units));
    }
    // `read` accepts no fault.
    assert_eq!(pes_packets(&all).len(), 40 + 32);
}

#[test]
fn audio_that_waits_outlasts_a_change_of_other_tracks() {
    let mut muxer = Muxer::new(&[audio()]).unwrap();
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    muxer.write(&frame(0, &[1; 10]), &mut out).unwrap();
    muxer.set_tracks(&[video(), audio()]).unwrap();
    muxer.begin(&mut out);
    muxer.finish_segment(&mut out);
    assert_eq!(pes_packets(&out).len(), 1);
}

#[test]
fn decode_times_start_anew_after_a_break() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let mut times = |dts, pts| {
        let pes = pes_packets(&segment(&mut muxer, &[picture(dts, pts, &[IDR])])).remove(0);
        muxer.mark_discontinuity();
        (pes.pts.unwrap() / 90, pes.dts.map(|dts| dts / 90))
    };
    // The parameter sets announce two frames of 33 ms.
    assert_eq!(times(1_000, 920), (920, Some(853)));
    assert_eq!(times(2_000, 2_000), (2_000, Some(1_933)));
    assert_eq!(times(2_000, 2_080), (2_080, Some(2_000)));
}

#[track_caller]
fn check_refused(unit: &AccessUnit, expected: &str) {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let mut out = BytesMut::new();
    let error = muxer.write(unit, &mut out).unwrap_err();
    assert_eq!((error.to_string(), out.len()), (expected.to_owned(), 0));
}

#[test]
fn an_odd_unit_is_refused_and_leaves_no_trace() {
    let mut other = picture(0, 0, &[IDR]);
    other.track.number = 1;
    check_refused(&other, "a unit of track v1, which is not there");
    check_refused(&picture(0, 0, &[]), "a unit of track v0 without content");
    check_refused(&picture(0, 0, &["", ""]), "a unit of track v0 without content");
    check_refused(&picture(0, 0, &["09f0"]), "a unit of track v0 without content");
    check_refused(&frame(0, &[]), "a unit of track a0 without content");
    check_refused(&frame(0, &[0; 8_185]), "an audio frame of 8185 bytes, more than 8184");
    let far = picture(i64::MAX, 0, &[IDR]);
    check_refused(&far, "a unit at 9223372036854775807/1000, which is beyond all times");
    let mut cut = picture(0, 0, &[IDR, SLICE]);
    cut.payload.truncate(14);
    check_refused(&cut, "a NAL unit of 4 bytes where 2 are left");
}

#[test]
fn some_tracks_have_no_place_in_a_transport_stream() {
    let check = |tracks: &[Track], expected: &str| {
        assert_eq!(Muxer::new(tracks).unwrap_err().to_string(), expected);
    };
    check(&[], "no tracks");
    check(&[video(), audio(), video()], "track v0 is there twice");
    let tracks: Vec<_> = (0..12)
        .map(|number| {
            let mut track = audio();
            track.id.number = number;
            track
        })
        .collect();
    check(&tracks, "12 tracks, more than 11");
    assert!(Muxer::new(&tracks[..11]).is_ok());
    let config = AacConfig::parse(hex("1780562190").into()).unwrap();
    let odd = Track::new(TrackId::AUDIO, media::CodecConfig::Aac(config));
    check(std::slice::from_ref(&odd), "the AAC configuration of track a0 cannot be said in ADTS");

    let mut muxer = Muxer::new(&[video()]).unwrap();
    assert!(muxer.set_tracks(&[video(), odd]).is_err());
    assert_eq!(program(&mut muxer), "version 0 clock 0x100: v0x100");
}

#[test]
fn parts_one_behind_the_other_are_a_segment() {
    let tracks = [video(), audio()];
    let (mut muxer, mut out) = (Muxer::new(&tracks).unwrap(), BytesMut::new());
    let mut ends = Vec::new();
    muxer.begin(&mut out);
    for number in 0..4 {
        let start = out.len();
        let nal = if number == 0 { IDR } else { SLICE };
        // Nothing comes in the third.
        if number != 2 {
            muxer.write(&picture(number * 40, number * 40, &[nal]), &mut out).unwrap();
            muxer.write(&frame(number * 1_920, &[1, 2, 3]), &mut out).unwrap();
        }
        muxer.finish_part(if number == 0 { 0 } else { start }, &mut out);
        assert!(out.len() > start);
        ends.push(out.len());
    }
    let whole = out.len();
    muxer.finish_segment(&mut out);
    assert_eq!(out.len(), whole, "nothing waits behind the last part");
    // Whole packets, of which those with the sound of their part are the last, and no faults.
    assert!(ends.iter().all(|end| end % PACKET_BYTES == 0));
    let read_up_to = |end: usize| pes_packets(&out[..end]).len();
    assert_eq!(ends.iter().map(|end| read_up_to(*end)).collect::<Vec<_>>(), [2, 4, 4, 6]);
    assert!(!read(&out).iter().any(|event| matches!(event, Event::Fault(_))));
}
