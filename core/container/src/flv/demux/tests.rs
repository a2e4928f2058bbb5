mod encoders;
mod enhanced;
mod hostile;

use media::Timescale;
use media::avc::sei::x264_keyint_max;

use super::*;
use crate::testing::{AAC_RECORD, AVC_RECORD, bytes, hex, real_units};

/// Pushes payloads, each `v`, `a` or `s`, a time and hexadecimal digits, where `{avc}` and `{aac}`
/// are configurations and letters in quotes stand for themselves. Shows the events, and what was
/// skipped.
#[track_caller]
fn check(payloads: &[&str], expected: &[&str]) {
    let mut demuxer = Demuxer::new();
    let mut shown = Vec::new();
    for payload in payloads {
        let mut words = payload.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let kind = match word() {
            "v" => TagKind::Video,
            "a" => TagKind::Audio,
            _ => TagKind::Script,
        };
        let timestamp_ms = word().parse().unwrap();
        let text = word().replace("{avc}", AVC_RECORD).replace("{aac}", AAC_RECORD);
        demuxer.push(kind, timestamp_ms, bytes(&text).into());
        while let Some(event) = demuxer.pull() {
            shown.push(describe(&event));
        }
    }
    let skipped = *demuxer.skipped();
    if skipped != Skipped::default() {
        let Skipped { before_config, empty, no_picture, bad_header, bad_config, .. } = skipped;
        let Skipped { bad_nal_length, unsupported, .. } = skipped;
        let counts = [
            ("before config", before_config),
            ("empty", empty),
            ("no picture", no_picture),
            ("header", bad_header),
            ("config", bad_config),
            ("length", bad_nal_length),
            ("unsupported", unsupported),
        ];
        assert_eq!(skipped.total(), counts.iter().map(|(_, count)| count).sum());
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<_> = counts.map(|(name, count)| format!("{count} {name}")).collect();
        shown.push(format!("skipped {}", counts.join(", ")));
    }
    assert_eq!(shown, expected, "{payloads:?}");
}

fn describe(event: &Event) -> String {
    match event {
        Event::Track(track) => {
            let mut text = format!("track {:?} {}", track.id, track.codec.rfc6381());
            if let Some(bit_rate) = track.bit_rate {
                text += &format!(", {bit_rate} bit/s");
            }
            if let Some(Light { content: Some(content), .. }) = track.light {
                text += &format!(", {} cd/m2", content.max_cll);
            }
            text
        }
        Event::Repeated(track) => format!("repeated {track:?}"),
        Event::Unit(unit) => {
            let is_fine = unit.dts.timescale() != Timescale::MILLIS;
            let scale =
                if is_fine { format!("/{}", unit.dts.timescale().hz()) } else { String::new() };
            let random_access = if unit.random_access { "!" } else { "" };
            let (pts, dts) = (unit.pts.ticks(), unit.dts.ticks());
            let bytes = unit.payload.len();
            format!("{:?}{random_access} {pts}/{dts}{scale}, {bytes} bytes", unit.track)
        }
        Event::EndOfSequence(track) => format!("end {track:?}"),
        Event::Unsupported { kind, what } => format!("{kind:?} unsupported: {what}"),
        Event::BadConfig { track, error } => format!("bad config {track:?}: {error}"),
    }
}

const AVC: &str = "v 0 17 00 000000 {avc}";
const AAC: &str = "a 0 af 00 {aac}";
const VIDEO: &str = "track v0 avc1.640028";
const AUDIO: &str = "track a0 mp4a.40.2";

#[test]
fn units_follow_their_sequence_headers() {
    check(
        &[AVC, AAC, "v 5 17 01 000050 00000002 6588", "a 6 af 01 2121", "v 9 17 02 000000"],
        &[VIDEO, AUDIO, "v0! 85/5, 6 bytes", "a0! 6/6, 2 bytes", "end v0"],
    );
}

#[test]
fn enhanced_packets_need_no_agreement() {
    check(
        &[
            "v 0 90 61766331 {avc}",
            "v 7 91 61766331 ffffd8 00000002 4188",
            "v 8 a3 61766331 00000002 6588",
            "v 9 94 61766331 020000",
            "v 9 92 61766331",
            "a 0 90 6d703461 {aac}",
            "a 3 91 6d703461 2121",
        ],
        &[VIDEO, "v0 -33/7, 6 bytes", "v0! 8/8, 6 bytes", "end v0", AUDIO, "a0! 3/3, 2 bytes"],
    );
}

#[test]
fn times_are_as_the_publisher_gives_them() {
    check(
        &[
            AVC,
            "v 4294967295 27 01 7fffff 00000002 4188",
            "v 0 27 01 800000 00000002 4188",
            "v 4294967200 27 01 000000 00000002 4188",
        ],
        &[
            VIDEO,
            "v0 4303355902/4294967295, 6 bytes",
            "v0 -8388608/0, 6 bytes",
            "v0 4294967200/4294967200, 6 bytes",
        ],
    );
}

#[test]
fn the_nal_units_decide_where_decoding_can_start() {
    check(
        &[
            AVC,
            "v 1 17 01 000000 00000002 4188",
            "v 2 27 01 000000 00000002 6588",
            "v 3 37 01 000000 00000002 0600 00000002 6588",
            "v 4 17 01 000000 00000002 0600 00000002 4188",
            "v 5 17 01 000000 00000002 6588 00000002 0cff",
        ],
        &[
            VIDEO,
            "v0 1/1, 6 bytes",
            "v0! 2/2, 6 bytes",
            "v0! 3/3, 12 bytes",
            "v0 4/4, 12 bytes",
            "v0! 5/5, 12 bytes",
        ],
    );
}

#[test]
fn the_same_sequence_header_again_is_no_change() {
    let other = "v 0 17 00 000000 01640028 ff e1 \
        001967 42c01ed900d83de6f011000003000100000300320f162e48 00";
    check(&[AVC, AVC, "v 0 90 61766331 {avc}"], &[VIDEO, "repeated v0", "repeated v0"]);
    check(&[AVC, other, AVC], &[VIDEO, "track v0 avc1.42C01E", VIDEO]);
    check(&[AAC, AAC, "a 0 af 00 1210"], &[AUDIO, "repeated a0", AUDIO]);
}

#[test]
fn one_odd_payload_costs_itself() {
    let good = "v 9 17 01 000000 00000002 6588";
    let seen = "v0! 9/9, 6 bytes";
    check(&[good, AVC, good], &[VIDEO, seen, "skipped 1 before config"]);
    check(&["a 1 af 01 21", AAC], &[AUDIO, "skipped 1 before config"]);
    check(&[AVC, "v 1", good], &[VIDEO, seen, "skipped 1 empty"]);
    check(&[AVC, "v 1 27 01 000000", good], &[VIDEO, seen, "skipped 1 empty"]);
    check(&[AVC, "v 1 27 01 000000 00000000", good], &[VIDEO, seen, "skipped 1 empty"]);
    check(&[AAC, "a 1 af 01"], &[AUDIO, "skipped 1 empty"]);
    check(&["v 0 17 00 000000", "a 0 af 00"], &["skipped 2 empty"]);
    check(&[AVC, "v 1 27 09 000000", "v 1 27", good], &[VIDEO, seen, "skipped 2 header"]);
    check(
        &[AVC, "v 1 27 01 000000 00000003 6588", "v 1 27 01 000000 0002 6588", good],
        &[VIDEO, seen, "skipped 2 length"],
    );
    check(&[AVC, "v 1 27 01 000000 00000002 6588 0000", good], &[VIDEO, seen, "skipped 1 length"]);
}

#[test]
fn a_bad_sequence_header_leaves_the_one_before_in_force() {
    check(
        &[AVC, "v 0 17 00 000000 02", "v 9 17 01 000000 00000002 6588", AVC],
        &[
            VIDEO,
            "bad config v0: the AVC configuration ends early, after 1 bytes",
            "v0! 9/9, 6 bytes",
            "repeated v0",
            "skipped 1 config",
        ],
    );
    check(
        &["a 0 af 00 f94840"],
        &[
            "bad config a0: MPEG-4 audio object type 42 is not AAC Main, LC, SSR or LTP",
            "skipped 1 config",
        ],
    );
}

#[test]
fn units_are_slices_of_what_was_pushed() {
    let mut demuxer = Demuxer::new();
    let header = Bytes::from(hex("af00119056e500"));
    demuxer.push(TagKind::Audio, 0, header.clone());
    let payload = Bytes::from(hex("af01212223"));
    demuxer.push(TagKind::Audio, 0, payload.clone());
    let Some(Event::Track(Track { codec: CodecConfig::Aac(config), .. })) = demuxer.pull() else {
        panic!("no track")
    };
    // But a configuration must not keep a message, and the buffer that it came in, for hours.
    assert_ne!(config.record().as_ptr(), header[2..].as_ptr());
    let Some(Event::Unit(unit)) = demuxer.pull() else { panic!("no unit") };
    assert_eq!(unit.payload.as_ptr(), payload[2..].as_ptr());
}

#[test]
fn a_unit_that_is_a_small_part_of_its_message_does_not_keep_it() {
    let keeps_message = |text: &str, number: usize| {
        let mut demuxer = Demuxer::new();
        let records = format!("95 10 'mp4a' 00 000005 {AAC_RECORD} 01 000005 {AAC_RECORD}");
        demuxer.push(TagKind::Audio, 0, bytes(&records).into());
        let message = Bytes::from(bytes(text));
        demuxer.push(TagKind::Audio, 0, message.clone());
        let mut units = std::iter::from_fn(|| demuxer.pull()).filter_map(|event| {
            if let Event::Unit(unit) = event { Some(unit.payload) } else { None }
        });
        let payload = units.nth(number).unwrap();
        message.as_ptr_range().contains(&payload.as_ptr())
    };
    let of_two = |first: usize, second: usize| {
        let part =
            |track: u8, length: usize| format!("{track:02x} {length:06x} {}", "21".repeat(length));
        format!("95 11 'mp4a' {} {}", part(0, first), part(1, second))
    };
    assert!(!keeps_message(&of_two(6, 1_000_000), 0));
    assert!(keeps_message(&of_two(6, 1_000_000), 1));
    assert!(!keeps_message(&of_two(1_000_000, 6), 1));
    // 14 bytes are the headers'.
    assert!(keeps_message(&of_two(486, 500), 1));
    assert!(!keeps_message(&of_two(486, 499), 0));
    assert!(!keeps_message(&of_two(488, 498), 0));
    assert!(keeps_message(&format!("af01 {}", "21".repeat(9)), 0));
}
