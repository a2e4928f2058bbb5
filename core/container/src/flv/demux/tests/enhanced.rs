//! What Enhanced RTMP adds: tracks by number, finer times, light, bit rates, floods.

use super::*;

const GOOD: &str = "v 9 17 01 000000 00000002 6588";
const SEEN: &str = "v0! 9/9, 6 bytes";

#[test]
fn every_track_has_a_configuration_of_its_own() {
    check(
        &[
            AVC,
            "v 0 96 00 'avc1' 01 {avc}",
            "v 0 96 00 'avc1' 01 {avc}",
            "v 5 a6 01 'avc1' 01 000028 00000002 6588",
            "v 5 a6 01 'avc1' 02 000028 00000002 6588",
            "a 0 95 00 'mp4a' 03 {aac}",
            "a 7 95 11 'mp4a' 03 000001 21  00 000001 21",
            GOOD,
            "v 9 96 02 'avc1' 01",
        ],
        &[
            VIDEO,
            "track v1 avc1.640028",
            "repeated v1",
            "v1! 45/5, 6 bytes",
            "track a3 mp4a.40.2",
            "a3! 7/7, 1 bytes",
            SEEN,
            "end v1",
            "skipped 2 before config",
        ],
    );
}

#[test]
fn tracks_of_one_message_are_taken_together() {
    let both = "v 0 96 10 'avc1' 00 000030 {avc} 01 000030 {avc}";
    let units = "v 4 a6 21 'avc1' 00 000009 000000 00000002 6588 \
        'avc1' 01 000009 000000 00000002 4188";
    check(&[both, units], &[VIDEO, "track v1 avc1.640028", "v0! 4/4, 6 bytes", "v1 4/4, 6 bytes"]);
}

#[test]
fn a_track_of_no_bytes_costs_itself() {
    check(
        &[AAC, "a 1 95 11 'mp4a' 00 000000  00 000001 21", "a 2 95 10 'mp4a' 00 000000"],
        &[AUDIO, "a0! 1/1, 1 bytes", "skipped 2 empty"],
    );
    check(&["v 0 90 'av01'", AVC, GOOD], &[VIDEO, SEEN, "skipped 1 empty"]);
    // Nothing is expected ahead of these.
    check(&["a 0 90 'ac-3'", "a 0 90 'ec-3'", "a 0 90 '.mp3'"], &[]);
}

#[test]
fn times_may_be_finer_than_a_millisecond() {
    check(
        &[
            AVC,
            AAC,
            "v 40 a7 02 000064 01 'avc1' ffffff 00000002 4188",
            "a 4294967295 97 02 0f423f 01 'mp4a' 21",
            "a 5 97 02 000000 01 'mp4a' 21",
        ],
        &[
            VIDEO,
            AUDIO,
            "v0 39000100/40000100/1000000000, 6 bytes",
            "a0! 4294967295999999/4294967295999999/1000000000, 1 bytes",
            "a0! 5/5, 1 bytes",
        ],
    );
}

/// `colorInfo` with `hdrCll` of 1,000 cd/m2.
const LIGHT: &str = "v 0 94 'avc1' 02 0009'colorInfo' 03 0006'hdrCll' 03 \
    0006'maxCLL' 00 408f400000000000 0007'maxFall' 00 4079000000000000 000009 000009";
/// `colorInfo` of nothing.
const DARK: &str = "v 0 d4 'avc1' 02 0009'colorInfo' 06";

#[test]
fn a_change_of_light_is_a_change_of_the_track() {
    let bright = "track v0 avc1.640028, 1000 cd/m2";
    check(&[LIGHT, AVC, LIGHT, GOOD], &[bright, SEEN]);
    check(&[AVC, GOOD, LIGHT, LIGHT, AVC, DARK], &[VIDEO, SEEN, bright, "repeated v0", VIDEO]);
    check(&[AVC, DARK, "v 0 94 'avc1' 02 0005'other' 06"], &[VIDEO]);
    check(&[AVC, "v 0 94 'avc1' 03", GOOD], &[VIDEO, SEEN, "skipped 1 header"]);
    let other = LIGHT.replace("94 'avc1'", "d6 04 'avc1' 01");
    check(
        &[AVC, &other, "v 0 96 00 'avc1' 01 {avc}"],
        &[VIDEO, "track v1 avc1.640028, 1000 cd/m2"],
    );
}

#[test]
fn light_of_another_codec_is_not_that_of_the_track() {
    let other = &LIGHT.replace("avc1", "hvc1");
    check(&[AVC, other, GOOD], &[VIDEO, SEEN]);
    check(&[other, AVC, GOOD], &[VIDEO, SEEN]);
    check(&[other, LIGHT, AVC, other], &["track v0 avc1.640028, 1000 cd/m2"]);
}

#[test]
fn a_bit_rate_that_is_said_belongs_to_the_track() {
    let said = "s 0 02 000a'onMetaData' 08 00000000 000d'videodatarate' 00 40a3880000000000 000009";
    let rated = "track v0 avc1.640028, 2500000 bit/s";
    check(&[said, AVC, AAC, said], &[rated, AUDIO]);
    check(&[AVC, said, said], &[VIDEO, rated]);
    check(&[said, AVC, "s 0 02 000a'onMetaData' 05"], &[rated, VIDEO]);
    check(&[said, AVC, "s 0 02 0007'onOther' 05", "s 0 02 ffff", "s 0"], &[rated]);
}

#[test]
fn parameter_sets_of_a_picture_that_decoding_starts_with_count() {
    let start = "v 0 17 00 000000 0164000affe100196764000aacd9420bf9701100000300010000030032\
        0f12259601000468ef8fcbfdf8f800";
    let sets = "00000019 6764000bacd9430ffbc044000003000400000300c83c50a658 00000004 68ef8fcb";
    let key = &format!("v 9 17 01 000000 {sets} 00000002 6588");
    let other = &format!("v 9 27 01 000000 {sets} 00000002 4188");
    let (small, large) = ("track v0 avc1.64000A", "track v0 avc1.64000B");
    let unit = "v0! 9/9, 43 bytes";
    check(&[start, key, key, GOOD], &[small, large, unit, unit, SEEN]);
    check(&[start, other], &[small, "v0 9/9, 43 bytes"]);
    // A sequence header that is repeated with every key frame does not take them back.
    check(&[start, key, start, key], &[small, large, unit, "repeated v0", unit]);
    check(&[start, key, AVC], &[small, large, unit, VIDEO]);
    let bad = "v 9 17 01 000000 00000006 6701000180ff 00000002 6588";
    let told =
        "bad config v0: log2_max_frame_num_minus4 of a sequence parameter set is 254, at most 12";
    let unit = "v0! 9/9, 16 bytes";
    check(&[start, bad, bad], &[small, told, unit, unit, "skipped 2 config"]);
}

#[test]
fn parameter_sets_in_a_message_of_their_own_count_and_are_no_unit() {
    let start = "v 0 17 00 000000 0164000affe100196764000aacd9420bf9701100000300010000030032\
        0f12259601000468ef8fcbfdf8f800";
    let sets = "v 8 17 01 000000 \
        00000019 6764000bacd9430ffbc044000003000400000300c83c50a658 00000004 68ef8fcb";
    let (small, large) = ("track v0 avc1.64000A", "track v0 avc1.64000B");
    check(&[start, sets, GOOD, sets], &[small, large, SEEN, "skipped 2 no picture"]);
    // Messages and delimiters alone neither.
    let others = "v 1 27 01 000000 00000002 09f0 00000003 060180";
    check(&[start, others, GOOD], &[small, SEEN, "skipped 1 no picture"]);
}

#[test]
fn a_multichannel_configuration_changes_nothing() {
    // Six channels in the order of the speakers, as a track of its own or of several.
    let config = "a 1 94 'mp4a' 01 06 0000003f";
    let of_track = "a 1 95 04 'mp4a' 00 01 06 0000003f";
    let unit = "a 2 91 'mp4a' 2121";
    let seen = "a0! 2/2, 2 bytes";
    check(&[config, AAC, config, unit, of_track, unit], &[AUDIO, seen, seen]);
}

#[test]
fn what_is_not_handled_is_told_once_in_each_way() {
    check(
        &[
            "v 0 22 00",
            "a 0 bf ff",
            "v 1 24 00",
            "v 2 91 'vp08' 00",
            "a 3 9f",
            "v 2 95 'av01' 80",
            AVC,
        ],
        &[
            "Video unsupported: video codec 2 (Sorenson H.263)",
            "Audio unsupported: sound format 11 (Speex)",
            "Video unsupported: video codec vp08",
            "Audio unsupported: audio packet type 15 (unknown)",
            "Video unsupported: video packet type 5 (MPEG-2 TS sequence start)",
            VIDEO,
            "skipped 6 unsupported",
        ],
    );
    let codecs = [Unsupported::VideoCodec(2), Unsupported::AudioFourCc(*b"Vorb")];
    assert!(codecs.into_iter().all(Unsupported::is_codec));
    assert!(!Unsupported::VideoPacketType(5).is_codec());
}

#[test]
fn a_flood_of_tracks_is_told_once() {
    let mut payloads = Vec::new();
    let mut expected = Vec::new();
    for number in 0..=255 {
        payloads.push(format!("a 0 95 00 'mp4a' {number:02x} {{aac}}"));
        payloads.push(format!("a 0 95 01 'mp4a' {number:02x} 21"));
        if number < TRACKS_MAX {
            expected.push(format!("track a{number} mp4a.40.2"));
            expected.push(format!("a{number}! 0/0, 1 bytes"));
        }
    }
    expected.push("Audio unsupported: track 16, more tracks than the 16 that are taken".to_owned());
    // The other kind has room of its own.
    payloads.push(AVC.to_owned());
    expected.push(VIDEO.to_owned());
    expected.push("skipped 240 before config, 240 unsupported".to_owned());
    let payloads: Vec<_> = payloads.iter().map(String::as_str).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(&payloads, &expected);
}

#[test]
fn a_bad_configuration_is_told_once_until_there_is_a_good_one() {
    let bad = "v 0 17 00 000000 02";
    let told = "bad config v0: the AVC configuration ends early, after 1 bytes";
    check(&[bad, bad, AVC, bad, bad], &[told, VIDEO, told, "skipped 4 config"]);
}

#[test]
fn tracks_of_a_kind_are_asked_for() {
    let mut demuxer = Demuxer::new();
    demuxer.push(TagKind::Audio, 0, bytes("90 'mp4a'").into());
    assert!(!demuxer.has_track(TrackKind::Audio));
    demuxer.push(TagKind::Audio, 0, bytes("95 00 'mp4a' 05 119056e500").into());
    assert!(demuxer.has_track(TrackKind::Audio) && !demuxer.has_track(TrackKind::Video));
}

#[test]
fn a_record_may_wait_for_the_key_frame_that_completes_it() {
    let start = "v 0 90 'vp09' 01000000 000a8202020200 00";
    let key = "v 5 91 'vp09' 824983420007f004760038241c18420006";
    let inter = "v 3 a1 'vp09' 86004092f0a12500";
    let track = "track v0 vp09.00.10.08";
    let unit = "v0! 5/5, 17 bytes";
    let waits = [start, inter, start, key, inter, start, key];
    let goes_on = "v0 3/3, 8 bytes";
    let repeated = "repeated v0";
    check(&waits, &[repeated, track, unit, goes_on, repeated, unit, "skipped 1 before config"]);
    // Another codec may come in between.
    check(&[start, AVC, key, GOOD], &[VIDEO, SEEN, "skipped 1 before config"]);
    check(&[AVC, start, key, GOOD], &[VIDEO, track, unit, "skipped 1 before config"]);
}

#[test]
fn the_same_bytes_of_another_codec_are_another_record() {
    let told = "bad config v0: the HEVC configuration has no sequence parameter set";
    check(&[AVC, "v 0 90 'hvc1' {avc}"], &[VIDEO, told, "skipped 1 config"]);
}

/// A frame of layer III: 1,152 samples at 48 kHz, mono, or at 44.1 kHz, stereo.
fn mp3(is_other: bool) -> String {
    let (header, rest) = if is_other { ("fffb1004", 100) } else { ("fffb14c4", 92) };
    format!("{header} {}", "00".repeat(rest))
}

#[test]
fn units_may_bring_their_configuration() {
    let (frame, other) = (mp3(false), mp3(true));
    let plain = &format!("a 1 2e {frame}");
    let low = &format!("a 1 e2 {frame}");
    let enhanced = &format!("a 2 91 '.mp3' {frame}");
    let (track, unit) = ("track a0 mp4a.40.34", "a0! 1/1, 96 bytes");
    check(&[plain, low, enhanced], &[track, unit, unit, "a0! 2/2, 96 bytes"]);
    let changed = &format!("a 3 2f {other}");
    check(
        &[plain, changed, changed],
        &[track, unit, track, "a0! 3/3, 104 bytes", "a0! 3/3, 104 bytes"],
    );
    // A header that was in force before is a change again.
    check(&[AAC, plain, AAC, "a 4 af 01 21"], &[AUDIO, track, unit, AUDIO, "a0! 4/4, 1 bytes"]);
    let second = &format!("a 1 95 01 '.mp3' 01 {frame}");
    check(&[plain, second], &[track, unit, "track a1 mp4a.40.34", "a1! 1/1, 96 bytes"]);
}

#[test]
fn a_unit_that_is_none_costs_itself() {
    let plain = &format!("a 1 2e {}", mp3(false));
    let (track, unit) = ("track a0 mp4a.40.34", "a0! 1/1, 96 bytes");
    check(&[plain, "a 2 2e 0102030405", plain], &[track, unit, unit, "skipped 1 header"]);
    let told = "bad config a0: no MP3 sync word";
    check(
        &["a 0 2e 0102030405", "a 0 2e 0102030405", plain],
        &[told, track, unit, "skipped 2 config"],
    );
}
