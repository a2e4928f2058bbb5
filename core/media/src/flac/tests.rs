use super::*;
use crate::Codec;
use crate::testing::{hex, mutations, sound};

/// What ffmpeg n9 sends by Enhanced RTMP while it encodes: stereo of 16 bits, 5.1 of 24 bits.
const STEREO: &str = "040004000000000010980ac442f000000000 00000000000000000000000000000000";
const SURROUND: &str = "0400040000000000482a17700b7000000000 00000000000000000000000000000000";
/// The same when it copies a finished file of 24 bits.
const COPIED: &str = "04000400 0000c8000a77 0bb8037000003840 d24f3f785bd8ac7ead101b4326a9298e";
/// The head of a file that ffmpeg n9 writes, with its last block of padding cut short.
const FILE: &str = "664c6143 00000022 0400040000005500018 70ac440f00000ac44
    a484b660d9e033b09bed9e686a7473ec 04000037 0c0000004c61766636332e312e313032 02000000
    07000000 7469746c653d78 14000000 656e636f6465723d4c61766636332e312e313032 81000002 0000";

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match FlacConfig::parse(hex(text).into()) {
        Ok(config) => format!(
            "{} ch x {} bits, {} Hz, {} to {}",
            config.channels(),
            config.bits_per_sample(),
            config.sample_rate(),
            config.block_size_min(),
            config.block_size_max(),
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn what_ffmpeg_writes_is_understood() {
    check(STEREO, "2 ch x 16 bits, 44100 Hz, 1024 to 1024");
    check(SURROUND, "6 ch x 24 bits, 96000 Hz, 1024 to 1024");
    check(COPIED, "2 ch x 24 bits, 48000 Hz, 1024 to 1024");
    check(FILE, "1 ch x 16 bits, 44100 Hz, 1024 to 1024");
}

#[test]
fn blocks_may_come_with_and_without_the_magic() {
    let expected = "2 ch x 16 bits, 44100 Hz, 1024 to 1024";
    check(&format!("664c6143 80000022 {STEREO}"), expected);
    check(&format!("80000022 {STEREO}"), expected);
    check(&format!("00000022 {STEREO} 81000001 00"), expected);
    // Nothing after the last block is looked at, and a last one need not be marked.
    check(&format!("80000022 {STEREO} ffff"), expected);
    check(&format!("664c6143 00000022 {STEREO}"), expected);
}

#[test]
fn malformed_metadata_is_refused() {
    let truncated = |length: usize| format!("the FLAC metadata ends early, after {length} bytes");
    check("", &truncated(0));
    check("664c6143", &truncated(4));
    check("664c6143 800000", &truncated(7));
    check(&format!("664c6143 80000023 {STEREO}"), &truncated(42));
    check(&format!("664c6143 00000022 {STEREO} 040000"), &truncated(45));
    check(
        &format!("664c6143 00000022 {STEREO} 8400000100 00"),
        "2 ch x 16 bits, 44100 Hz, 1024 to 1024",
    );
    check(&format!("664c6143 00000022 {STEREO} 84000002 00"), &truncated(47));
    check("81000001 00", "the FLAC metadata begins with a block of type 1 and 1 bytes");
    check("80000001 00", "the FLAC metadata begins with a block of type 0 and 1 bytes");
    let with = |head: &str| format!("{head} {}", "00".repeat(16));
    check(&with("000f0400 000000000000 0ac442f000000000"), "FLAC blocks of 15 to 1024 samples");
    check(&with("04000200 000000000000 0ac442f000000000"), "FLAC blocks of 1024 to 512 samples");
    check(&with("04000400 000000000000 000002f000000000"), "a FLAC sampling frequency of 0 Hz");
    check(&with("04000400 000000000000 0ac4422000000000"), "FLAC samples of 3 bits, fewer than 4");
}

#[test]
fn extremes_are_understood() {
    let with = |head: &str| format!("{head} {}", "00".repeat(16));
    check(
        &with("0010ffff 000000000000 fffffff000000000"),
        "8 ch x 32 bits, 1048575 Hz, 16 to 65535",
    );
    check(&with("ffffffff 000000000000 0000103000000000"), "1 ch x 4 bits, 1 Hz, 65535 to 65535");
}

#[test]
fn metadata_may_be_only_so_long() {
    let mut long = hex(&format!("80000022 {STEREO}"));
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(FlacConfig::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = FlacConfig::parse(long.into()).unwrap_err();
    assert_eq!(error, FlacConfigError::TooLong { length: 65_537, limit: 65_536 });
}

#[track_caller]
fn check_box(record: &str, payload: &str) {
    assert_eq!(FlacConfig::parse(hex(record).into()).unwrap().dfla(), hex(payload), "{record}");
}

#[test]
fn boxes_are_those_that_ffmpeg_writes() {
    check_box(COPIED, &format!("00000000 80000022 {COPIED}"));
    check_box(&format!("664c6143 80000022 {COPIED}"), &format!("00000000 80000022 {COPIED}"));
    check_box(STEREO, &format!("00000000 80000022 {STEREO}"));
}

#[test]
fn a_box_holds_the_comment_but_no_padding() {
    let file = hex(FILE);
    let mut expected = vec![0; 4];
    expected.extend(&file[4..file.len() - 6]);
    expected[4 + 38] |= 0x80;
    assert_eq!(FlacConfig::parse(file.into()).unwrap().dfla(), expected);
    // A block that is not marked as the last is so in the box.
    check_box(&format!("00000022 {STEREO}"), &format!("00000000 80000022 {STEREO}"));
}

#[track_caller]
fn check_frame(text: &str, samples: u32) {
    let expected = (samples > 0).then_some(samples);
    assert_eq!(samples_in(&hex(text)), expected, "{text}");
}

#[test]
fn frames_of_ffmpeg_have_the_samples_that_were_asked_for() {
    // 44,100 Hz of 16 bits, 96,000 Hz of 24 bits: the first two frames.
    check_frame("fff8a98800e64ef7dffe", 1_024);
    check_frame("fff8a9880 1e1400251e7", 1_024);
    check_frame("fff8ab5c00de00000000", 1_024);
    check_frame("fff8ab5c01d900000000", 1_024);
    // 37,800 Hz, which the header writes out, with block sizes of every kind.
    check_frame("fff81e08000ec4604c0000", 192);
    check_frame("fff87e080002400ec4dd4e00", 577);
    check_frame("fff87e080002570ec4694e00", 600);
    check_frame("fff85e08000ec4a84c0000", 4_608);
    check_frame("fff87e08003e7f0ec43a4e00", 16_000);
    check_frame("fff8fe08000ec45b4c0000", 32_768);
}

/// The samples in a header with a right checksum.
#[track_caller]
fn check_header(text: &str, samples: u32) {
    let mut header = hex(text);
    header.push(crc8(&header));
    let expected = (samples > 0).then_some(samples);
    assert_eq!(samples_in(&header), expected, "{text}");
    // Every byte of it counts.
    for at in 0..header.len() {
        let mut damaged = header.clone();
        damaged[at] ^= 0x10;
        assert_eq!(samples_in(&damaged), None, "{text}, byte {at}");
        assert_eq!(samples_in(&header[..at]), None, "{text}, {at} bytes");
    }
}

#[test]
fn every_block_size_has_its_code() {
    for (code, samples) in [
        (1, 192),
        (2, 576),
        (3, 1_152),
        (4, 2_304),
        (5, 4_608),
        (8, 256),
        (9, 512),
        (10, 1_024),
        (11, 2_048),
        (12, 4_096),
        (13, 8_192),
        (14, 16_384),
        (15, 32_768),
    ] {
        check_header(&format!("fff8 {code:x}0 00 00"), samples);
    }
    check_header("fff8 60 00 00 00", 1);
    check_header("fff8 60 00 00 ff", 256);
    check_header("fff8 70 00 00 fffe", 65_535);
    check_header("fff8 70 00 00 ffff", 0);
    check_header("fff8 00 00 00", 0);
}

#[test]
fn the_coded_number_has_one_to_seven_bytes() {
    check_header("fff8 c0 00 7f", 4_096);
    check_header("fff9 c0 00 c280", 4_096);
    check_header("fff9 c0 00 e08080", 4_096);
    check_header("fff9 c0 00 f0808080", 4_096);
    check_header("fff9 c0 00 f880808080", 4_096);
    check_header("fff9 6c 00 fc8080808080 4f 10", 80);
    check_header("fff9 6d 00 fe808080808080 4f 1010", 80);
    check_header("fff9 c0 00 80", 0);
    check_header("fff9 c0 00 ff", 0);
}

#[test]
fn a_header_with_a_forbidden_value_is_refused() {
    check_header("fff8 c0 a0 00", 4_096);
    check_header("fff8 c0 b0 00", 0);
    check_header("fff8 c0 06 00", 0);
    check_header("fff8 c0 0e 00", 4_096);
    check_header("fff8 c0 01 00", 0);
    check_header("fff8 cf 00 00", 0);
    check_header("fffa c0 00 00", 0);
    check_header("fff0 c0 00 00", 0);
    check_frame("fff8a98800e7", 0);
    check_frame("", 0);
}

#[test]
fn a_track_counts_in_its_own_rate() {
    let check = |record, unit, expected: &str| {
        assert_eq!(sound(Codec::Flac, &hex(record), &hex(unit)), expected, "{record}, {unit}");
    };
    let of = |unit: &str| format!("fLaC: 2 ch, 44100 -> 44100 Hz, unit: {unit}");
    check(STEREO, "fff8a98800e64ef7", &of("1024"));
    check(STEREO, "", &of("a unit without content"));
    check(STEREO, "fff8a98800e5", &of("a unit whose header makes no sense"));
    check("664c", "", "the FLAC metadata ends early, after 2 bytes");
}

#[test]
fn what_an_encoder_says_when_it_ends_changes_nothing() {
    let parse = |text: &str| FlacConfig::parse(hex(text).into()).unwrap();
    // From ffmpeg n9, which began this push with STEREO.
    let end = parse("0400040000 05ea0006790ac442f0000033ae232e36674e0099a2ada15fc3c169539b");
    assert_eq!(parse(STEREO), end);
    assert_ne!(parse(STEREO).record(), end.record());
    assert_eq!(parse(STEREO).record(), &hex(STEREO));
}

#[test]
fn tracks_differ_in_what_a_decoder_must_know() {
    let parse =
        |head: &str| FlacConfig::parse(hex(&format!("{head} {}", "00".repeat(16))).into()).unwrap();
    let track = parse("04000400 000000000000 0ac442f000000000");
    assert_ne!(track, parse("04000800 000000000000 0ac442f000000000"));
    assert_ne!(track, parse("04000400 000000000000 0bb802f000000000"));
    assert_ne!(track, parse("04000400 000000000000 0ac444f000000000"));
    assert_ne!(track, parse("04000400 000000000000 0ac4437000000000"));
    let (bare, file) = (format!("80000022 {STEREO}"), format!("00000022 {STEREO} 84000001 41"));
    let [bare, file] = [bare, file].map(|text| FlacConfig::parse(hex(&text).into()).unwrap());
    assert_eq!(track, bare);
    assert_ne!(track, file);
}

#[test]
fn ten_thousand_damaged_streams_do_no_harm() {
    let samples = [STEREO, COPIED, FILE, "fff87e080002570ec4694e00"].map(hex);
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::flac);
}
