//! Sample entries, read by `mp4-atom`.

use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{CodecConfig, Colour, ContentLight, Light, MasteringDisplay, Track, TrackId};
use mp4_atom::{Codec, Trak};

use super::Muxer;
use crate::fmp4::testing::moov;
use crate::fmp4::{FourCc, Reader, SampleEntry};
use crate::testing::{AAC_RECORD, AVC_RECORD, audio, hex, video};

/// The sample entry of a track as we read it, and the track as `mp4-atom` does.
fn entry(track: Track) -> (SampleEntry, Trak) {
    let init = Muxer::new(&[track]).unwrap().init_section();
    let reader = Reader::open(&init).unwrap();
    assert_eq!(reader.faults(), &[]);
    (reader.tracks()[0].entry.clone(), moov(&init).trak.remove(0))
}

/// The kinds of the boxes in the sample entry of a track.
fn kinds(track: Track) -> String {
    let kinds = entry(track).0.boxes;
    kinds.iter().map(|(kind, _)| kind.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn records_come_back_as_they_were() {
    let (ours, theirs) = entry(video());
    assert_eq!((ours.kind, ours.size), (FourCc(*b"avc1"), (1_920, 1_080)));
    assert_eq!(ours.config().unwrap(), hex(AVC_RECORD));
    let [Codec::Avc1(avc)] = theirs.mdia.minf.stbl.stsd.codecs.as_slice() else { panic!() };
    assert_eq!((avc.visual.width, avc.visual.height), (1_920, 1_080));
    assert_eq!(avc.avcc.sequence_parameter_sets.len(), 1);

    let (ours, theirs) = entry(audio());
    assert_eq!((ours.kind, ours.sound), (FourCc(*b"mp4a"), (2, 16, 48_000 << 16)));
    assert_eq!(ours.config().unwrap(), hex(AAC_RECORD));
    let [Codec::Mp4a(aac)] = theirs.mdia.minf.stbl.stsd.codecs.as_slice() else { panic!() };
    let specific = &aac.esds.es_desc.dec_config;
    assert_eq!(specific.object_type_indication, 0x40);
}

#[test]
fn a_long_record_has_a_long_descriptor() {
    let record = [hex("1190"), vec![7; 300]].concat();
    let config = AacConfig::parse(record.clone().into()).unwrap();
    let (ours, _) = entry(Track::new(TrackId::AUDIO, CodecConfig::Aac(config)));
    assert_eq!(ours.config().unwrap(), record);
}

#[test]
fn samples_that_say_nothing_are_what_most_of_their_kind_are() {
    let init = Muxer::new(&[video(), audio()]).unwrap().init_section();
    let extends = moov(&init).mvex.unwrap().trex;
    let flags: Vec<_> = extends.iter().map(|trex| trex.default_sample_flags).collect();
    assert_eq!(flags, [0x0101_0000, 0x0200_0000]);
}

#[test]
fn the_bit_rate_of_the_publisher_is_told() {
    let track = Track { bit_rate: Some(4_000_000), ..video() };
    let (ours, theirs) = entry(track);
    assert_eq!(ours.get(b"btrt").unwrap()[..], hex("00000000 003d0900 003d0900")[..]);
    let [Codec::Avc1(avc)] = theirs.mdia.minf.stbl.stsd.codecs.as_slice() else { panic!() };
    assert_eq!(avc.btrt.as_ref().unwrap().avg_bitrate, 4_000_000);
    assert_eq!(kinds(Track { bit_rate: Some(128_000), ..audio() }), "esds btrt");
    assert_eq!(kinds(audio()), "esds");
}

#[test]
fn light_is_told_in_the_order_of_its_boxes() {
    let light = Light {
        colour: Some(Colour { primaries: 9, transfer: 16, matrix: 9, is_full_range: true }),
        content: Some(ContentLight { max_cll: 1_000, max_fall: 400 }),
        mastering: Some(MasteringDisplay {
            primaries: [(1, 2), (3, 4), (5, 6)],
            white: (7, 8),
            luminance_max: 9,
            luminance_min: 10,
        }),
    };
    let (ours, _) = entry(Track { light: Some(light), ..video() });
    // Green, blue, red.
    let mdcv = "0003 0004 0005 0006 0001 0002 0007 0008 00000009 0000000a";
    assert_eq!(ours.get(b"mdcv").unwrap()[..], hex(mdcv)[..]);
    assert_eq!(ours.get(b"clli").unwrap()[..], hex("03e8 0190")[..]);
    assert_eq!(ours.get(b"colr").unwrap()[..], hex("6e636c78 0009 0010 0009 80")[..]);
}

#[test]
fn pictures_of_oblong_samples_are_shown_wider() {
    // As x264 writes them, with their colours.
    let sps = "6764001eacd940b4126ffc010000b5b828282a000003000200000300641e2c5b2c";
    let record = format!("0164001e ff e1 0021 {sps} 01 0006 68ebe3cb22c0 fdf8f800");
    let config = AvcConfig::parse(hex(&record).into()).unwrap();
    let (across, down) = config.sps().sample_aspect.unwrap();
    let (width, height) = (config.sps().width, config.sps().height);
    assert_ne!(across, down);
    let colour = config.sps().colour.unwrap();
    let track = Track::new(TrackId::VIDEO, CodecConfig::Avc(config));
    let other = Colour { primaries: colour.primaries ^ 1, ..colour };
    let light = Light { colour: Some(other), ..Light::default() };
    let (ours, theirs) = entry(Track { light: Some(light), ..track });
    let pasp = [u32::from(across).to_be_bytes(), u32::from(down).to_be_bytes()].concat();
    assert_eq!(ours.get(b"pasp").unwrap()[..], pasp[..]);
    // What the pictures say themselves counts.
    assert_eq!(ours.get(b"colr").unwrap()[5], colour.primaries);
    let shown = (u64::from(width) << 16) * u64::from(across) / u64::from(down);
    let integer = u16::try_from(shown >> 16).unwrap();
    assert_eq!(theirs.tkhd.width.integer(), integer);
    assert_eq!(u32::from(theirs.tkhd.height.integer()), height);
    assert_eq!(kinds(video()), "avcC");
}

#[test]
fn a_rate_beyond_16_bits_is_told_by_a_part_of_it() {
    for (record, rate, told) in [("1010", 96_000, 48_000), ("1090", 88_200, 44_100)] {
        let config = AacConfig::parse(hex(record).into()).unwrap();
        assert_eq!(config.sample_rate(), rate);
        let (ours, theirs) = entry(Track::new(TrackId::AUDIO, CodecConfig::Aac(config)));
        assert_eq!(ours.sound.2, told << 16);
        assert_eq!(theirs.mdia.mdhd.timescale, rate);
    }
}

#[test]
fn headers_are_those_of_tracks_in_use_without_a_language() {
    for (track, volume) in [(video(), 0), (audio(), 0x100)] {
        let (_, theirs) = entry(track);
        assert!(theirs.tkhd.enabled && theirs.edts.is_none());
        assert_eq!(theirs.tkhd.track_id, 1);
        assert_eq!(u16::from(theirs.tkhd.volume.integer()) << 8, volume);
        assert_eq!(theirs.mdia.mdhd.language, "und");
        assert_eq!(theirs.mdia.minf.vmhd.is_some(), volume == 0);
        assert_eq!(theirs.mdia.minf.smhd.is_some(), volume > 0);
    }
}
