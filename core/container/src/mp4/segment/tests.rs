//! Elementary streams as transport streams have them.

use media::{Codec, TrackKind};

use super::picture::{Pictures, nal_units};
use super::sound::Sound;
use super::transport::{Output, Times};
use super::*;
use crate::testing::{PPS, SPS, bytes, hex};

#[track_caller]
fn check_nal_units(stream: &str, expected: &[&str]) {
    let expected: Vec<Vec<u8>> = expected.iter().map(|nal| hex(nal)).collect();
    assert_eq!(nal_units(&hex(stream)).collect::<Vec<_>>(), expected, "{stream}");
}

#[test]
fn nal_units_are_between_start_codes() {
    check_nal_units("", &[]);
    check_nal_units("000001", &[]);
    check_nal_units("65 000000", &[]);
    check_nal_units("000001 65", &["65"]);
    check_nal_units("00000001 65 000001 41 00000001 42", &["65", "41", "42"]);
    check_nal_units("00000001 6500ff 0000000001 410102 0000", &["6500ff", "410102"]);
    check_nal_units("000001 000001 65 000001", &["65"]);
    // Escaped zeros are no start code, and neither is what is behind the first two bytes of one.
    check_nal_units("000001 65 000003 01 000002", &["65 000003 01 000002"]);
    check_nal_units("000001 65 02 000001 41", &["65 02", "41"]);
    check_nal_units("000001 65 02 03 000001 41", &["65 02 03", "41"]);
    check_nal_units("000001 65 02 01 000001 41", &["65 02 01", "41"]);
    check_nal_units("000001 65 00 01 000001 41", &["65 00 01", "41"]);
    for zeros in 0..9 {
        let stream = format!("000001 65 {} 000001 41", "00".repeat(zeros));
        check_nal_units(&stream, &["65", "41"]);
    }
}

/// The samples of pictures in PES packets, which have times if `Some`.
fn pictures(codec: Codec, packets: &[(Option<i64>, &str)]) -> (Vec<String>, Pictures) {
    let (mut pictures, mut output) = (Pictures::new(codec), Output::default());
    for (time, data) in packets {
        let times = time.map(|time| Times { pts: time + 1, dts: time });
        let data = data.replace("SPS", SPS).replace("PPS", PPS).replace('|', "000001");
        pictures.add(times, &hex(&data), &mut output);
    }
    (shown(output), pictures)
}

/// Each sample: when, how long, whether decoding can start with it, and its bytes.
fn shown(output: Output) -> Vec<String> {
    let mut rest = output.bytes.freeze();
    let each = output.samples.iter().map(|sample| {
        let data = rest.split_to(usize::try_from(sample.bytes).unwrap());
        let sync = if sample.is_sync { '!' } else { ' ' };
        let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}+{}{sync}{data}", sample.dts, sample.duration)
    });
    let each = each.collect();
    assert!(rest.is_empty());
    each
}

#[test]
fn delimiters_and_known_parameter_sets_are_left_out() {
    let (samples, state) = pictures(
        Codec::Avc,
        &[(Some(0), "|09f0 |SPS |PPS |658884"), (Some(9), "|0930 |4199"), (Some(20), "|PPS |SPS")],
    );
    assert_eq!(samples, ["0+9!00000003658884", "9+3000 000000024199"]);
    let Some(CodecConfig::Avc(config)) = state.config() else { panic!("no record") };
    assert_eq!((config.sps_list(), config.pps_list().len()), (&[hex(SPS).into()][..], 1));
}

#[test]
fn other_sets_of_a_number_stay_with_their_picture() {
    let (samples, state) =
        pictures(Codec::Avc, &[(Some(0), "|SPS |PPS |6588"), (Some(9), "|68ebe3cb22c1 |6589")]);
    assert_eq!(samples, ["0+9!000000026588", "9+3000!0000000668ebe3cb22c1000000026589"]);
    assert!(state.config().is_some());
    // Without a sequence parameter set, there is no sample entry for the others.
    let (samples, state) = pictures(Codec::Avc, &[(Some(0), "|PPS |4188")]);
    assert_eq!(samples, [format!("0+3000 00000006{PPS}000000024188")]);
    assert!(!state.has_sets() && state.config().is_none());
}

#[test]
fn a_packet_without_a_time_goes_on_with_the_picture_before() {
    let packets = [(None, "|4177"), (Some(0), "|4188"), (None, "|65aa"), (Some(4), "|4199")];
    let (samples, _) = pictures(Codec::Avc, &packets);
    assert_eq!(
        samples,
        ["0+4!000000024188 0000000265aa".replace(' ', ""), "4+3000 000000024199".into()]
    );
}

#[test]
fn pictures_of_random_access_are_syncs_in_h265() {
    // IDR, CRA, BLA, and one that is none.
    let packets =
        [(Some(0), "|2601"), (Some(1), "|2a01"), (Some(2), "|2001"), (Some(3), "|4601 |0201")];
    let (samples, _) = pictures(Codec::Hevc, &packets);
    let syncs: Vec<_> = samples.iter().map(|sample| sample.contains('!')).collect();
    assert_eq!(syncs, [true, true, true, false]);
    assert_eq!(samples[3], "3+3000 000000020201");
}

/// The samples of sound at 48 kHz.
#[track_caller]
fn check_sound(codec: Codec, packets: &[(Option<i64>, &str)], expected: &[&str]) {
    let (mut sound, mut output) = (Sound::new(codec), Output::default());
    for (time, data) in packets {
        let times = time.map(|time| Times { pts: time, dts: time });
        sound.add(times, &bytes(data), &mut output);
    }
    assert_eq!(shown(output), expected);
}

#[test]
fn frames_are_found_wherever_packets_begin() {
    // Frames of 2 bytes behind headers of 7, and 9 with a checksum.
    let (one, two, three) =
        ("fff14c80013ffc a1a2", "fff14c80013ffc b1b2", "fff04c80017ffc cccc c1c2");
    let all = ["0+1024!a1a2", "1024+1024!b1b2", "2048+1024!c1c2"];
    let whole = [one, two, three].concat();
    check_sound(Codec::Aac, &[(Some(0), &whole)], &all);
    let digits: String = whole.split_whitespace().collect();
    for cut in (0..=digits.len()).step_by(2) {
        let (head, tail) = digits.split_at(cut);
        // The time of the second packet is that of the frame that begins in it.
        let begun = [0, 18, 36].iter().filter(|&&start| start < cut).count();
        let time = i64::try_from(begun).unwrap() * 1_920;
        check_sound(Codec::Aac, &[(Some(0), head), (Some(time), tail)], &all);
    }
    check_sound(Codec::Aac, &[(Some(0), &format!("00ff12 {one} ff {two}"))], &all[..2]);
    // The start is somewhere else: what comes before the first time is not heard.
    check_sound(Codec::Aac, &[(None, one), (Some(0), two)], &["0+1024!b1b2"]);
    check_sound(Codec::Aac, &[(Some(0), "fff14c80013ffc a1")], &[]);
    // A frame that is longer than a packet has the time of the one that it begins in.
    let pieces = [(Some(0), "fff14c"), (Some(90_000), "80013f"), (Some(99_000), "fc a1a2")];
    check_sound(Codec::Aac, &pieces, &all[..1]);
}

#[test]
fn times_within_a_millisecond_go_on() {
    let one = "fff14c80013ffc a1a2";
    for (time, expected) in [
        (1_920, "1024+1024!a1a2"),
        (1_920 - 90, "1024+1024!a1a2"),
        (1_920 + 90, "1024+1024!a1a2"),
        (1_920 - 92, "975+1024!a1a2"),
        (1_920 + 92, "1073+1024!a1a2"),
        (90_000, "48000+1024!a1a2"),
    ] {
        check_sound(Codec::Aac, &[(Some(0), one), (Some(time), one)], &["0+1024!a1a2", expected]);
    }
}

#[test]
fn a_time_of_33_bits_is_before_or_after() {
    const ROUND: u64 = 1 << 33;
    for (time, other, expected) in [
        (5, 3, 2),
        (3, 5, -2),
        (0, ROUND - 1, 1),
        (ROUND - 1, 0, -1),
        (ROUND / 2, 0, -4_294_967_296),
        (ROUND / 2 - 1, 0, 4_294_967_295),
    ] {
        assert_eq!(since33(time, other), expected, "{time} since {other}");
    }
}

#[test]
fn pictures_are_shown_with_square_samples() {
    for (aspect_box, expected) in [
        (None, None),
        (Some("00000004 00000003"), Some((4, 3))),
        (Some("00000004 00000000"), None),
        (Some("00000004"), None),
    ] {
        let aspect_box = aspect_box.map(|digits| Bytes::from(hex(digits)));
        assert_eq!(aspect(aspect_box.as_ref()), expected);
    }
}

/// The first sample of a segment of fragments whose initialization section has an edit list.
#[track_caller]
fn check_edits(edits: &[(u64, Option<u64>)], expected: i64) {
    use mp4_atom::{Any, Edts, Elst, ElstEntry, Encode as _};

    let mut muxer = fmp4::Muxer::new(&[crate::testing::video()]).unwrap();
    let unit = crate::testing::picture(1_000, 1_000, &["65888400"]);
    let segment = fmp4::testing::mux(&mut muxer, &[unit], &[], &[]).remove(0);
    let entry = |&(segment_duration, media_time): &(u64, Option<u64>)| ElstEntry {
        segment_duration,
        media_time,
        media_rate: 1.into(),
    };
    let entries = edits.iter().map(entry).collect();
    let mut init = Vec::new();
    for (_, mut atom) in fmp4::testing::atoms(&muxer.init_section()) {
        if let Any::Moov(moov) = &mut atom {
            moov.trak[0].edts = Some(Edts { elst: Some(Elst { entries: Vec::clone(&entries) }) });
        }
        atom.encode(&mut init).unwrap();
    }
    let reader = Reader::open(&init.into()).unwrap();
    let segment = Segment::fragments(&reader, &Outline::of(&segment).unwrap()).unwrap();
    assert_eq!(segment.span().map(|span| span.start), Some(expected));
    assert_eq!(segment.tracks[0].samples[0].dts, expected);
}

#[test]
fn edit_lists_of_fragments_count() {
    check_edits(&[(0, Some(0))], 90_000);
    check_edits(&[(0, Some(6_000))], 84_000);
    // Half a second of nothing, in the movie's milliseconds.
    check_edits(&[(500, None), (0, Some(0))], 135_000);
}

#[test]
fn nothing_has_no_span() {
    assert_eq!(Segment::default().span(), None);
    let empty = Segment::transport(&[]).unwrap();
    assert_eq!((empty.span(), empty.tracks.len()), (None, 0));
    let sample = Sample { dts: 0, pts: 48_000, duration: 480, bytes: 1, is_sync: true };
    let table = TrackTable {
        kind: TrackKind::Audio,
        timescale: Timescale::new(48_000).unwrap(),
        description: None,
        samples: vec![sample],
        runs: vec![],
    };
    let segment = Segment { tracks: vec![table], format: Format::Transport(1_000) };
    assert_eq!(segment.span(), Some(Span { start: 91_000, end: 91_900 }));
}
