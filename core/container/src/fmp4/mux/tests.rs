mod entries;
mod times;

use bytes::Bytes;

use super::*;
use crate::fmp4::testing::{mux, read, read_twice, segment};
use crate::fmp4::{Reader, Sample};
use crate::testing::{PPS, SPS, audio, frame, hex, picture, video};

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";
const SEI: &str = "0605ff80";

#[test]
fn the_initialization_section_has_no_samples() {
    let muxer = Muxer::new(&[video(), audio()]).unwrap();
    let init = muxer.init_section();
    assert_eq!(init[..24], hex("00000018 66747970 69736f36 00000000 69736f36 6d703431")[..]);
    let reader = Reader::open(&init).unwrap();
    assert_eq!(reader.faults(), &[]);
    let tracks = reader.tracks().iter();
    let tracks: Vec<_> = tracks
        .map(|track| {
            format!("{} {} {} {}", track.id, track.handler, track.entry.kind, track.timescale)
        })
        .collect();
    assert_eq!(tracks, ["1 vide avc1 90000", "2 soun mp4a 48000"]);
    assert_eq!(muxer.init_section(), init);
}

/// The brands of the header and of a segment.
fn brands(tracks: &[Track]) -> String {
    let (reader, segment) = segment(tracks, &[picture(0, 0, &[IDR])]);
    format!("{:?} {:?}", reader.brands(), segment.brands)
}

#[test]
fn a_file_of_one_track_is_cmaf() {
    let expected = "[`iso6`, `iso6`, `mp41`, `cmfc`] [`msdh`, `msdh`, `cmfs`]";
    assert_eq!(brands(&[video()]), expected);
    let expected = "[`iso6`, `iso6`, `mp41`] [`msdh`, `msdh`]";
    assert_eq!(brands(&[video(), audio()]), expected);
}

/// What becomes of a picture's NAL units.
#[track_caller]
fn check_picture(nal_units: &[&str], expected: &[&str]) {
    let (_, segment) = segment(&[video()], &[picture(0, 0, nal_units)]);
    let expected = picture(0, 0, expected).payload;
    assert_eq!(segment.fragments[0].samples[0].data, expected, "{nal_units:?}");
}

#[test]
fn what_belongs_into_the_header_is_left_out_of_pictures() {
    check_picture(&[IDR], &[IDR]);
    check_picture(&["09f0", SPS, PPS, SEI, IDR, IDR], &[SEI, IDR, IDR]);
    check_picture(&["0910", SLICE, "0cff", PPS], &[SLICE, "0cff"]);
    check_picture(&[SEI, "", SLICE], &[SEI, SLICE]);
    // These are not in it.
    check_picture(&["09f0", "6742", PPS, "6801", IDR], &["6742", "6801", IDR]);
}

#[test]
fn sets_beyond_those_that_are_looked_at_stay() {
    check_picture(&[[PPS; 64].as_slice(), &[IDR]].concat(), &[IDR]);
    check_picture(&[[PPS; 66].as_slice(), &[IDR]].concat(), &[PPS, PPS, IDR]);
    check_picture(&[[PPS; 65].as_slice(), &["09f0", IDR]].concat(), &[PPS, IDR]);
}

#[test]
fn lengths_keep_the_size_that_the_header_says() {
    let record = crate::testing::AVC_RECORD.replacen("ff\n", "fd\n", 1);
    let config = media::avc::AvcConfig::parse(hex(&record).into()).unwrap();
    let track = Track::new(TrackId::VIDEO, media::CodecConfig::Avc(config));
    let mut unit = picture(0, 0, &[IDR]);
    unit.payload = Bytes::from(hex("0002 09f0 0004 65888400 0006 68ebe3cb22c0 0003 419a21"));
    let (reader, segment) = segment(&[track], &[unit]);
    assert_eq!(reader.tracks()[0].entry.config().unwrap()[4], 0xfd);
    let data = &segment.fragments[0].samples[0].data;
    assert_eq!(data[..], hex("0004 65888400 0003 419a21")[..]);
}

#[test]
fn what_samples_have_in_common_is_said_once() {
    let check = |units: &[AccessUnit], tfhd: &str, trun: &str| {
        let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
        let bytes = mux(&mut muxer, units, &[], &[]).remove(0);
        let body = |kind: &[u8; 4]| {
            let at = bytes.windows(4).position(|window| window == kind).unwrap();
            let length = u32::from_be_bytes(*bytes[at - 4..].first_chunk().unwrap());
            bytes.slice(at + 4..at - 4 + usize::try_from(length).unwrap())
        };
        let (tfhd, trun) = (hex(tfhd), hex(trun));
        assert_eq!((&body(b"tfhd")[..], &body(b"trun")[..]), (&tfhd[..], &trun[..]));
    };
    let sounds = [frame(0, &[1; 9]), frame(1_024, &[2; 9])];
    check(&sounds, "00020038 00000002 00000400 00000009 02000000", "01000001 00000002 0000006c");
    let sound = [frame(0, &[1; 9])];
    check(&sound, "00020038 00000002 00000400 00000009 02000000", "01000001 00000001 0000006c");
    let sounds = [frame(0, &[1; 9]), frame(1_025, &[2; 8])];
    let samples = "00000401 00000009 00000400 00000008";
    check(&sounds, "00020020 00000002 02000000", &format!("01000301 00000002 00000074 {samples}"));
    let pictures = [picture(0, 80, &[IDR]), picture(40, 40, &[SLICE]), picture(80, 80, &[SLICE])];
    let samples = "00001c20 00000000 00000000";
    check(
        &pictures,
        "00020038 00000001 00000e10 00000008 01010000",
        &format!("01000805 00000003 0000007c 02000000 {samples}"),
    );
    let pictures = [picture(0, 0, &[IDR]), picture(40, 20, &[SLICE]), picture(80, 80, &[IDR])];
    let samples = "02000000 00000000 01010000 fffff8f8 02000000 00000000";
    check(
        &pictures,
        "00020018 00000001 00000e10 00000008",
        &format!("01000c01 00000003 00000080 {samples}"),
    );
}

#[test]
fn sequence_numbers_grow_over_segments_and_tracks() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let units = [0, 40, 80, 120].map(|time| picture(time, time, &[IDR]));
    let mut bytes = mux(&mut muxer, &units, &[2], &[1, 3]);
    muxer.set_tracks(&[video(), audio()]).unwrap();
    bytes.extend(mux(&mut muxer, &units, &[], &[2]));
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let numbers: Vec<Vec<_>> = bytes
        .iter()
        .map(|bytes| read(&reader, bytes).fragments.iter().map(|it| it.sequence_number).collect())
        .collect();
    assert_eq!(numbers, [vec![1, 2], vec![3, 4], vec![5, 6]]);
}

#[test]
fn a_fragment_without_samples_is_not_written() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    muxer.write_event(event(0, &[1])).unwrap();
    let mut out = BytesMut::new();
    muxer.finish_fragment(|_| None, &mut out);
    assert!(out.is_empty());
    muxer.write(&picture(0, 0, &[IDR])).unwrap();
    muxer.finish_fragment(|_| None, &mut out);
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let segment = reader.read_segment(&out.freeze()).unwrap();
    assert_eq!((segment.fragments[0].sequence_number, segment.messages.len()), (1, 1));
}

#[test]
fn parts_one_behind_the_other_are_a_segment() {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    muxer.write(&picture(0, 0, &[IDR])).unwrap();
    muxer.write(&frame(0, &[1])).unwrap();
    muxer.finish_part(|_| None, &mut out);
    // One in which nothing came.
    muxer.finish_part(|_| None, &mut out);
    muxer.write(&picture(33, 33, &[SLICE])).unwrap();
    muxer.finish_part(|_| None, &mut out);
    muxer.finish_fragment(|_| None, &mut out);
    let segment = reader.read_segment(&out.freeze()).unwrap();
    let kinds: Vec<_> = segment.boxes.iter().map(ToString::to_string).collect();
    assert_eq!(kinds, ["styp", "moof", "mdat", "free", "moof", "mdat"]);
    assert_eq!(segment.faults, &[]);
}

fn event(time_ms: i64, message: &[u8]) -> Event {
    Event {
        scheme: EventScheme::Id3,
        id: 7,
        time: Timestamp::from_millis(time_ms),
        duration: None,
        message: Bytes::copy_from_slice(message),
    }
}

#[test]
fn events_stand_in_front_of_their_fragment() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    muxer.write(&picture(0, 0, &[IDR])).unwrap();
    muxer.write_event(event(500, b"ID3")).unwrap();
    let splice = event(100_000_000, &[0xfc, 0x30]);
    let splice = Event { scheme: EventScheme::Scte35, duration: Some(90), ..splice };
    muxer.write_event(splice).unwrap();
    muxer.finish_fragment(|_| None, &mut out);
    let bytes = out.freeze();
    let kinds: Vec<_> = crate::fmp4::testing::atoms(&bytes)
        .into_iter()
        .map(|(_, atom)| {
            let kind = atom.kind().to_string();
            if let mp4_atom::Any::Emsg(message) = atom { message.scheme_id_uri } else { kind }
        })
        .collect();
    let expected =
        ["styp", "https://aomedia.org/emsg/ID3", "urn:scte:scte35:2013:bin", "moof", "mdat"];
    assert_eq!(kinds, expected);
    // They do not come again.
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    muxer.write(&picture(40, 40, &[SLICE])).unwrap();
    muxer.finish_fragment(|_| None, &mut out);
    assert_eq!(read(&reader, &out.freeze()).messages, []);

    let shown: Vec<_> = read(&reader, &bytes)
        .messages
        .into_iter()
        .map(|it| (it.time, it.timescale, it.duration, it.id, it.value, it.message))
        .collect();
    let (tag, splice) = (Bytes::from_static(b"ID3"), Bytes::from_static(&[0xfc, 0x30]));
    assert_eq!(shown[0], (45_000, 90_000, u32::MAX, 7, String::new(), tag));
    assert_eq!(shown[1], (9_000_000_000, 90_000, 90, 7, String::new(), splice));
}

#[test]
fn too_many_events_and_too_long_ones_are_refused() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let check = |result: Result<(), MuxError>, expected: &str| {
        assert_eq!(result.unwrap_err().to_string(), expected);
    };
    let long = vec![0; EVENT_BYTES_MAX + 1];
    let expected = "an event of 65537 bytes behind 0 others, more than is kept";
    check(muxer.write_event(event(0, &long)), expected);
    check(muxer.write_event(event(-1, &[])), "a time of -1/1000, which cannot be said");
    for _ in 0..EVENTS_MAX {
        muxer.write_event(event(0, &long[1..])).unwrap();
    }
    let expected = "an event of 1 bytes behind 64 others, more than is kept";
    check(muxer.write_event(event(0, &[1])), expected);
}

#[track_caller]
fn check_refused(unit: &AccessUnit, expected: &str) {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    muxer.write(&picture(0, 0, &[IDR])).unwrap();
    assert_eq!(muxer.write(unit).unwrap_err().to_string(), expected);
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    muxer.finish_fragment(|_| None, &mut out);
    assert_eq!(read_twice(&muxer.init_section(), &[out.freeze()]).len(), 1);
}

#[test]
fn an_odd_unit_is_refused_and_leaves_no_trace() {
    let mut other = picture(0, 0, &[IDR]);
    other.track.number = 1;
    check_refused(&other, "a unit of track v1, which is not there");
    check_refused(&picture(40, 40, &[]), "a unit of track v0 without content");
    check_refused(&picture(40, 40, &["09f0", SPS, PPS]), "a unit of track v0 without content");
    check_refused(&frame(0, &[]), "a unit of track a0 without content");
    check_refused(&picture(-1, 0, &[IDR]), "a time of -1/1000, which cannot be said");
    let far = picture(i64::MAX, 0, &[IDR]);
    check_refused(&far, "a time of 9223372036854775807/1000, which cannot be said");
    let expected = "which is too far away from the one before or from its own showing";
    check_refused(
        &frame(1 << 62, &[1]),
        "a time of 4611686018427387904/48000, which cannot be said",
    );
    let far = picture(47_721_859, 47_721_859, &[IDR]);
    check_refused(&far, &format!("a unit at 47721859/1000, {expected}"));
    let far = picture(40, 23_860_970, &[IDR]);
    check_refused(&far, &format!("a unit at 40/1000, {expected}"));
    let mut cut = picture(0, 0, &[IDR, SLICE]);
    cut.payload.truncate(14);
    check_refused(&cut, "a NAL unit of 4 bytes where 2 are left");
}

#[test]
fn a_fragment_has_an_end() {
    let full = "a fragment of more than 268435456 bytes or 65536 samples";
    let mut muxer = Muxer::new(&[audio()]).unwrap();
    let big = frame(0, &vec![0; 32 << 20]);
    for _ in 0..8 {
        muxer.write(&big).unwrap();
    }
    assert_eq!(muxer.write(&frame(0, &[1])).unwrap_err().to_string(), full);
    muxer.set_tracks(&[audio()]).unwrap();
    let small = frame(0, &[1]);
    for _ in 0..FRAGMENT_SAMPLES_MAX {
        muxer.write(&small).unwrap();
    }
    assert_eq!(muxer.write(&small).unwrap_err().to_string(), full);
    muxer.finish_fragment(|_| None, &mut BytesMut::new());
    muxer.write(&small).unwrap();
}

#[test]
fn some_tracks_have_no_place_in_a_file() {
    let check = |tracks: &[Track], expected: &str| {
        assert_eq!(Muxer::new(tracks).unwrap_err().to_string(), expected);
    };
    check(&[], "no tracks");
    check(&[video(), audio(), video()], "track v0 is there twice");
    let tracks: Vec<_> = (0..17)
        .map(|number| Track { id: TrackId { number, ..TrackId::AUDIO }, ..audio() })
        .collect();
    check(&tracks, "17 tracks, more than 16");
    assert!(Muxer::new(&tracks[..16]).is_ok());
    check(
        &[Track { id: TrackId::AUDIO, ..video() }],
        "track a0 is not of the kind that its codec is",
    );
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let init = muxer.init_section();
    assert!(muxer.set_tracks(&[video(), video()]).is_err());
    assert_eq!(muxer.init_section(), init);
}

#[test]
fn all_tracks_of_a_fragment_find_their_data() {
    let tracks: Vec<_> = (0..16)
        .map(|number| Track { id: TrackId { number, ..TrackId::AUDIO }, ..audio() })
        .collect();
    // Every other track has nothing in this fragment.
    let units: Vec<_> = (0..16)
        .step_by(2)
        .map(|number| AccessUnit { track: tracks[number].id, ..frame(0, &vec![7; number + 1]) })
        .collect();
    let mut muxer = Muxer::new(&tracks).unwrap();
    let segments = mux(&mut muxer, &units, &[], &[]);
    let samples: Vec<Sample> = read_twice(&muxer.init_section(), &segments);
    let shown: Vec<_> = samples.iter().map(|sample| (sample.track, sample.data.len())).collect();
    let expected = [(1, 1), (3, 3), (5, 5), (7, 7), (9, 9), (11, 11), (13, 13), (15, 15)];
    assert_eq!(shown, expected);
}
