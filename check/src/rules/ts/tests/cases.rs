//! What is allowed although it looks wrong, and what is wrong although it looks right.

use container::ts::PACKET_BYTES;
use samples::ts_faults;

use super::*;
use crate::evidence::SegmentKind;

/// H.264 with B frames and AAC: the second of two segments.
const PLAIN: &str = "ffmpeg-5.1_h264-bframes_aac";

fn pair(name: &str) -> [&'static [u8]; 2] {
    PAIRS.iter().find(|pair| pair.name == name).unwrap().segments
}

/// The rules that a segment breaks, each once.
#[track_caller]
fn check(segment: &[u8], expected: &[&str]) {
    check_listed(&evidence(segment, None), None, expected);
}

#[track_caller]
fn check_listed(after: &SegmentEvidence, before: Option<&SegmentEvidence>, expected: &[&str]) {
    let said = findings(before, after);
    let mut ids: Vec<_> = said.iter().map(|(rule, _)| rule.id).collect();
    ids.dedup();
    let said: Vec<_> = said.iter().map(|(_, sentence)| sentence).collect();
    assert_eq!(ids, expected, "{said:#?}");
}

/// A segment with packets put in front of one of its own.
fn insert(at: usize, packets: &[&[u8]], segment: &[u8]) -> Vec<u8> {
    let (before, after) = segment.split_at(at * PACKET_BYTES);
    [before, &packets.concat(), after].concat()
}

fn packet(number: usize, segment: &[u8]) -> &[u8] {
    &segment[number * PACKET_BYTES..][..PACKET_BYTES]
}

#[test]
fn tables_may_be_repeated_and_changed_times_go_on() {
    let [first, second] = pair(PLAIN);
    check(&[first, second].concat(), &[]);
}

#[test]
fn null_packets_may_be_anywhere() {
    let mut null = [0xff; PACKET_BYTES];
    null[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
    let [_, segment] = pair(PLAIN);
    check(&insert(0, &[&null], segment), &[]);
    check(&insert(40, &[&null, &null], segment), &[]);
}

#[test]
fn a_packet_may_be_there_twice_but_not_three_times() {
    let [_, segment] = pair(PLAIN);
    let one = packet(45, segment);
    check(&insert(45, &[one], segment), &[]);
    check(&insert(45, &[one, one], segment), &["TS-CC"]);
    // Another payload under the same counter is no repetition.
    let mut other = one.to_vec();
    other[100] ^= 1;
    check(&insert(45, &[&other], segment), &["TS-CC"]);
}

#[test]
fn one_service_description_may_come_before_the_tables() {
    let [_, segment] = pair(PLAIN);
    let description = packet(0, segment);
    assert_eq!(description[1..3], [0x40, 0x11]);
    let mut earlier = description.to_vec();
    earlier[3] = earlier[3] & 0xf0 | (earlier[3].wrapping_sub(1)) & 0x0f;
    check(&insert(0, &[&earlier], segment), &["TS-PATFIRST"]);
    check(&insert(1, &[packet(2, segment)], segment), &["TS-PATFIRST"]);
}

#[test]
fn bytes_that_are_lost_are_one_fault() {
    let [_, segment] = pair(PLAIN);
    for lost in [1, 50, 187, 189, 500] {
        let at = 45 * PACKET_BYTES + 60;
        let short = [&segment[..at], &segment[at + lost..]].concat();
        check(&short, &["TS-SYNC"]);
        let more = [&segment[..at], &vec![0x55; lost], &segment[at..]].concat();
        check(&more, &["TS-SYNC"]);
    }
}

#[test]
fn everything_may_change_where_the_stream_breaks() {
    let [first, second] = pair(PLAIN);
    let first = evidence(first, None);
    for fault in [ts_faults::counters_changed, ts_faults::pids_changed] {
        let mut after = evidence(&fault(second), Some(&first));
        assert!(!findings(Some(&first), &after).is_empty());
        after.listed.has_discontinuity = true;
        check_listed(&after, Some(&first), &[]);
    }
}

#[test]
fn a_counter_may_start_anew_where_its_packet_says_so() {
    let [first, second] = pair(PLAIN);
    let first = evidence(first, None);
    let mut after = evidence(&ts_faults::counters_changed(second), Some(&first));
    let SegmentKind::Ts(ts) = &mut after.media.kind else { panic!("no transport stream") };
    ts.counters.values_mut().for_each(|counters| counters.is_break = true);
    check_listed(&after, Some(&first), &[]);
}

#[test]
fn a_map_of_the_playlist_may_bring_the_tables() {
    let [_, second] = pair(PLAIN);
    let mut after = evidence(&ts_faults::without_association(second), None);
    check_listed(&after, None, &["TS-PATPMT"]);
    after.listed.map = Some(hls::read::Map::default().into());
    check_listed(&after, None, &[]);
}

#[test]
fn an_encrypted_segment_is_not_judged() {
    let mut segment = evidence(&ts_faults::wrong_sync_byte(pair(PLAIN)[1]), None);
    let method = "AES-128".to_owned();
    segment.listed.key = Some(hls::read::Key { method, ..hls::read::Key::default() }.into());
    check_listed(&segment, None, &[]);
}

/// The muxer that puts both fields into one PES packet is right; whether they are two frames
/// cannot be seen from outside.
#[test]
fn two_fields_are_one_access_unit() {
    let [_, interlaced] = pair("ffmpeg-5.1_h264-interlaced_mp3");
    check(&ts_faults::pictures_joined(interlaced), &[]);
    let [_, progressive] = pair("ffmpeg-5.1_h264_ac3");
    check(&ts_faults::pictures_joined(progressive), &["TS-AUPES"]);
}

#[test]
fn units_are_counted_and_timed_whatever_packets_they_are_in() {
    let [_, segment] = pair(PLAIN);
    let whole = evidence(segment, None);
    for fault in [
        ts_faults::sound_misaligned,
        ts_faults::without_time,
        ts_faults::bad_adts_header,
        ts_faults::pictures_joined,
        ts_faults::wrong_length,
        ts_faults::without_association,
        ts_faults::without_map,
        ts_faults::bad_checksum,
        ts_faults::wrong_sync_byte,
    ] {
        let broken = evidence(&fault(segment), None);
        for (whole, broken) in whole.media.tracks.iter().zip(&broken.media.tracks) {
            let times = |track: &crate::evidence::TrackMedia| {
                track.units.iter().map(|unit| unit.dts_ns / 1_000_000).collect::<Vec<_>>()
            };
            assert_eq!(times(broken), times(whole));
            let bytes = |track: &crate::evidence::TrackMedia| -> u32 {
                track.units.iter().map(|unit| unit.bytes).sum()
            };
            assert_eq!(bytes(broken), bytes(whole));
        }
    }
}

#[test]
fn other_parameter_sets_inside_a_segment_are_a_change() {
    let [plain, _] = pair(PLAIN);
    let [interlaced, _] = pair("ffmpeg-5.1_h264-interlaced_mp3");
    let joined = evidence(&[plain, interlaced].concat(), None);
    let changes = joined.media.tracks[0].changes.iter();
    let changes: Vec<_> = changes.map(|(unit, config)| (*unit, config.rfc6381())).collect();
    assert_eq!(changes, [(30, "avc1.640015".to_owned())]);
}

#[test]
fn streams_of_a_segment_without_tables_are_those_of_the_one_before() {
    let [first, second] = pair("ffmpeg-5.1_h264_ac3");
    let bare = ts_faults::without_association(&ts_faults::without_map(second));
    let alone = evidence(&bare, None);
    let kinds = |segment: &SegmentEvidence| segment.media.tracks.len();
    // AC-3 has the stream id of anything private: only a map can tell.
    assert_eq!(kinds(&alone), 1);
    let first = evidence(first, None);
    assert_eq!(kinds(&evidence(&bare, Some(&first))), 2);
    // A checksum that is wrong does not make a map useless, as far as this reader goes.
    assert_eq!(kinds(&evidence(&ts_faults::bad_checksum(second), None)), 2);
}

#[test]
fn a_packet_without_payload_does_not_count() {
    let [_, segment] = pair(PLAIN);
    let mut empty = [0xff; PACKET_BYTES];
    empty[..6].copy_from_slice(&[0x47, 0x01, 0x00, 0x20, 183, 0]);
    let counter = packet(44, segment)[3] & 0x0f;
    empty[3] |= counter;
    check(&insert(45, &[&empty, &empty], segment), &[]);
    empty[3] = 0x20 | (counter + 1) & 0x0f;
    check(&insert(45, &[&empty], segment), &["TS-CC"]);
}

#[test]
fn a_jump_of_the_sound_is_one_fault() {
    let said = findings(None, &evidence(&ts_faults::sound_gap(pair(PLAIN)[1]), None));
    let said: Vec<_> = said.into_iter().map(|(_, sentence)| sentence).collect();
    assert_eq!(said, ["PES packet 1 of AAC on PID 0x101 is 100.0 ms late for its frames"]);
}
