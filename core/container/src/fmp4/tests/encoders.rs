//! Files that ffmpeg wrote, read, written anew and read again.

use bytes::Bytes;
use media::{
    AccessUnit, Codec, CodecConfig, ConfigError, Rounding, Timescale, Timestamp, Track, TrackId,
};

use crate::fmp4::testing::{moov, mux, read, read_twice};
use crate::fmp4::{Fault, FourCc, Muxer, Reader, Sample, TrackInfo};

/// A file of fragments: its header, and its samples.
fn open(file: &'static [u8]) -> (Reader, Vec<Sample>) {
    let file = Bytes::from_static(file);
    let moof = file.windows(4).position(|four| four == b"moof").unwrap() - 4;
    let reader = Reader::open(&file.slice(..moof)).unwrap();
    assert_eq!(reader.faults(), &[]);
    let segment = reader.read_segment(&file.slice(moof..)).unwrap();
    assert_eq!(segment.faults, [Fault::NoSegmentType]);
    let fragments = segment.fragments.into_iter();
    (reader, fragments.flat_map(|fragment| fragment.samples).collect())
}

/// The codec of a track; that of `mp4a` is MP3 in these files.
fn codec(info: &TrackInfo) -> Codec {
    match &info.entry.kind.0 {
        b"avc1" => Codec::Avc,
        b"hvc1" => Codec::Hevc,
        b"av01" => Codec::Av1,
        b"vp09" => Codec::Vp9,
        b"Opus" => Codec::Opus,
        b"fLaC" => Codec::Flac,
        b"ac-3" => Codec::Ac3,
        b"ec-3" => Codec::Eac3,
        b"mp4a" => Codec::Mp3,
        other => panic!("{:?}", FourCc(*other)),
    }
}

/// The configuration of a track, whose first unit is `first`.
fn configure(codec: Codec, info: &TrackInfo, first: &Bytes) -> CodecConfig {
    if let Some(config) = CodecConfig::of_unit(codec, first) {
        return config.unwrap();
    }
    let record = info.entry.config().unwrap();
    let record = if codec == Codec::Opus { opus_head(&record) } else { record };
    match CodecConfig::parse(codec, record.clone()) {
        Err(ConfigError::NeedsKeyUnit) => CodecConfig::with_unit(codec, &record, first).unwrap(),
        parsed => parsed.unwrap(),
    }
}

/// The header that publishers send, of one or two channels as `dOps` says them.
fn opus_head(dops: &[u8]) -> Bytes {
    let &[0, channels, s0, s1, r0, r1, r2, r3, g0, g1, 0] = dops else { panic!("{dops:?}") };
    let fields = [1, channels, s1, s0, r3, r2, r1, r0, g1, g0, 0];
    [&b"OpusHead"[..], &fields].concat().into()
}

/// A track as a publisher would announce it, with its units.
fn publish(info: &TrackInfo, samples: &[Sample]) -> (Track, Vec<AccessUnit>) {
    let codec = codec(info);
    let id = TrackId { kind: codec.kind(), number: 0 };
    let samples = samples.iter().filter(|sample| sample.track == info.id);
    let config = configure(codec, info, &samples.clone().next().unwrap().data);
    let timescale = Timescale::new(info.timescale).unwrap();
    let units = samples.map(|sample| {
        let looked_at = config.inspect(&sample.data).unwrap();
        assert_eq!(looked_at.random_access, sample.is_sync, "{codec:?} at {}", sample.dts);
        AccessUnit {
            track: id,
            dts: Timestamp::new(sample.dts, timescale),
            pts: Timestamp::new(sample.pts, timescale),
            random_access: looked_at.random_access,
            samples: looked_at.samples,
            payload: sample.data.clone(),
        }
    });
    (Track::new(id, config.clone()), units.collect())
}

/// Whatever is not the muxer's to change is as it was: configuration, times, lengths, bytes.
#[track_caller]
fn check(file: &'static [u8]) {
    let (reader, samples) = open(file);
    assert_eq!(reader.tracks().len(), 2);
    for info in reader.tracks() {
        let (track, units) = publish(info, &samples);
        let mut muxer = Muxer::new(&[track]).unwrap();
        let init = muxer.init_section();
        let again = Reader::open(&init).unwrap();
        let [written] = again.tracks() else { panic!("{:?}", again.tracks()) };
        let entry = &written.entry;
        let kind = entry.kind;
        assert_eq!((kind, entry.size), (info.entry.kind, info.entry.size));
        assert_eq!(entry.sound, info.entry.sound, "{kind}");
        assert_eq!(entry.config(), info.entry.config(), "{kind}");
        let parsed = moov(&init).trak.remove(0).mdia.minf.stbl.stsd.codecs.remove(0);
        assert!(!matches!(parsed, mp4_atom::Codec::Unknown(..)), "{kind}");

        let segments = mux(&mut muxer, &units, &[20], &[3, 15]);
        segments.iter().for_each(|segment| drop(read(&again, segment)));
        let actual = read_twice(&init, &segments);
        let expected: Vec<_> = samples.iter().filter(|it| it.track == info.id).collect();
        assert_eq!(actual.len(), expected.len(), "{kind}");
        for ((actual, expected), unit) in actual.iter().zip(expected).zip(&units) {
            let dts = expected.dts;
            // In 90 kHz, to the nearest tick.
            let ticks = |time| {
                let time = Timestamp::new(time, Timescale::new(info.timescale).unwrap());
                let scale = Timescale::new(written.timescale).unwrap();
                time.rescale(scale, Rounding::Nearest).unwrap().ticks()
            };
            let times = (ticks(dts), ticks(expected.pts));
            assert_eq!((actual.dts, actual.pts), times, "{kind} at {dts}");
            // ffmpeg ends the last sound where the input ended; it lasts as long as all of it.
            let is_last = Some(unit) == units.last();
            let end = match unit.samples {
                samples @ 1.. if is_last => ticks(dts) + i64::from(samples),
                _ => ticks(dts + i64::from(expected.duration)),
            };
            assert_eq!(actual.dts + i64::from(actual.duration), end, "{kind} at {dts}");
            assert_eq!(actual.is_sync, expected.is_sync, "{kind} at {dts}");
            assert!(actual.data == expected.data, "{kind} at {dts}");
        }
    }
}

#[test]
fn what_x265_makes_comes_back_as_it_was() {
    check(include_bytes!("../../../testdata/ffmpeg-9.0_hevc_ac3.mp4"));
}

#[test]
fn parameter_sets_of_hevc_are_said_to_be_all() {
    let (reader, samples) = open(include_bytes!("../../../testdata/ffmpeg-9.0_hevc_ac3.mp4"));
    let mut info = reader.tracks()[0].clone();
    let complete = info.entry.config().unwrap();
    // Arrays of VPS, SPS, PPS and SEI, of which the last may be incomplete.
    let mut record = complete.to_vec();
    let kinds: Vec<_> = [0xa0, 0xa1, 0xa2]
        .map(|kind| record.windows(3).position(|bytes| bytes == [kind, 0, 1]).unwrap())
        .into();
    kinds.iter().for_each(|at| record[*at] &= 0x7f);
    for (kind, body) in &mut info.entry.boxes {
        if &kind.0 == b"hvcC" {
            *body = record.clone().into();
        }
    }
    let (track, _) = publish(&info, &samples);
    let init = Muxer::new(&[track]).unwrap().init_section();
    let written = Reader::open(&init).unwrap().tracks()[0].entry.config().unwrap();
    assert_eq!(written, complete);
}

/// What becomes of the first unit of a file's pictures with other bytes in front.
#[track_caller]
fn check_left_out(file: &'static [u8], front: &[u8], stays: &[u8]) {
    let (reader, samples) = open(file);
    let (track, mut units) = publish(&reader.tracks()[0], &samples);
    units.truncate(1);
    let payload = units[0].payload.clone();
    units[0].payload = [front, stays, &payload].concat().into();
    let mut muxer = Muxer::new(&[track]).unwrap();
    let segments = mux(&mut muxer, &units, &[], &[]);
    let samples = read_twice(&muxer.init_section(), &segments);
    assert!(samples[0].data == [stays, &payload].concat());
}

#[test]
fn what_stands_in_the_header_is_left_out_of_hevc() {
    let file = include_bytes!("../../../testdata/ffmpeg-9.0_hevc_ac3.mp4");
    let (reader, samples) = open(file);
    let (track, _) = publish(&reader.tracks()[0], &samples);
    let CodecConfig::Hevc(config) = &track.codec else { panic!("not HEVC") };
    let sets = [config.vps_list(), config.sps_list(), config.pps_list()].concat();
    let nal = |nal: &[u8]| [&u32::try_from(nal.len()).unwrap().to_be_bytes(), nal].concat();
    let front: Vec<_> = sets.iter().flat_map(|set| nal(set)).collect();
    let front = [nal(&[0x46, 1, 0x10]), front].concat();
    check_left_out(file, &front, &[]);
    // Sets that do not.
    check_left_out(file, &front, &[nal(&[0x40, 1, 9]), nal(&[0x44, 1, 9])].concat());
}

#[test]
fn temporal_delimiters_are_left_out_of_av1() {
    let file = include_bytes!("../../../testdata/ffmpeg-9.0_av1_opus.mp4");
    check_left_out(file, &[0x12, 0], &[]);
}

#[test]
fn what_svt_av1_makes_comes_back_as_it_was() {
    check(include_bytes!("../../../testdata/ffmpeg-9.0_av1_opus.mp4"));
}

#[test]
fn what_libvpx_makes_comes_back_as_it_was() {
    check(include_bytes!("../../../testdata/ffmpeg-9.0_vp9_flac.mp4"));
}

#[test]
fn what_x264_makes_comes_back_as_it_was() {
    check(include_bytes!("../../../testdata/ffmpeg-9.0_h264_eac3.mp4"));
    check(include_bytes!("../../../testdata/ffmpeg-9.0_h264_mp3.mp4"));
}
