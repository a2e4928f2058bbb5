use std::panic::catch_unwind;

use bytes::Bytes;
use mpeg2ts::ts::{ReadTsPacket, TsPacketReader};
use samples::ts_faults::TS_FAULTS;

use super::*;
use crate::evidence::SegmentKind;
use crate::evidence::ts::{SECOND_BYTES_MAX, read};

const SEGMENTS: [&[u8]; 6] = [
    include_bytes!("../../../../testdata/ts/ffmpeg-5.1_aac.0.ts"),
    include_bytes!("../../../../testdata/ts/ffmpeg-5.1_h264-bframes_aac.0.ts"),
    include_bytes!("../../../../testdata/ts/ffmpeg-9.0_h264-interlaced_mp3.0.ts"),
    include_bytes!("../../../../testdata/ts/ffmpeg-9.0_h264-opengop_eac3.1.ts"),
    include_bytes!("../../../../testdata/ts/ffmpeg-9.0_h264_ac3.0.ts"),
    include_bytes!("../../../../testdata/ts/ffmpeg-9.0_hevc_aac.0.ts"),
];

fn evidence(bytes: &[u8]) -> SegmentEvidence {
    let bytes = Bytes::copy_from_slice(bytes);
    let mut media = read(&bytes, None);
    media.read_again(&bytes);
    let listed = hls::read::Segment::default();
    SegmentEvidence { listed, target_duration: None, claims_independence: false, media, bytes }
}

fn facts(segment: &mut SegmentEvidence) -> &mut TsSegment {
    let SegmentKind::Ts(ts) = &mut segment.media.kind else { panic!("no transport stream") };
    ts
}

fn said(segment: &SegmentEvidence) -> Vec<String> {
    let mut sentences = Vec::new();
    same(segment, &mut Faults::new(&mut sentences));
    sentences
}

#[test]
fn the_two_readers_agree_on_what_real_muxers_write() {
    for bytes in SEGMENTS {
        let mut segment = evidence(bytes);
        assert_eq!(said(&segment), [""; 0]);
        let second = facts(&mut segment).second.take();
        let Some(Second::Read(second)) = second else { panic!("{second:?}") };
        let packets: Vec<_> = second.streams.values().map(|stream| stream.packets).collect();
        assert!(packets.iter().all(|packets| *packets > 0), "{packets:?}");
        assert!(second.references > 0);
    }
}

#[test]
fn what_the_two_readers_disagree_on_is_said() {
    let check = |change: &dyn Fn(&mut TsSegment), expected: &str| {
        let mut segment = evidence(SEGMENTS[1]);
        change(facts(&mut segment));
        assert_eq!(said(&segment), [expected]);
    };
    check(&|ts| ts.streams[0].pes.packets -= 1, "PES packets on PID 0x100: 29 here, 30 by mpeg2ts");
    check(&|ts| ts.streams[1].pes.data_bytes += 7, {
        "bytes in PES packets on PID 0x101: 7283 here, 7276 by mpeg2ts"
    });
    check(&|ts| ts.streams[0].pes.times[2].pts = Some(1), {
        "times of PES packet 2 on PID 0x100: PTS 1 and DTS 133200 here, PTS 136800 and DTS 133200 by \
         mpeg2ts"
    });
    check(&|ts| ts.clock.references_anywhere = 1, "1 clock references here, 30 by mpeg2ts");
    check(&|ts| drop(ts.streams.pop()), "only mpeg2ts finds a stream on PID 0x101");
}

/// A fault that the first reader has found is not one of disagreement.
#[test]
fn what_is_broken_is_said_once() {
    for fault in TS_FAULTS {
        let segment = evidence(&(fault.plant)(SEGMENTS[1]));
        assert_eq!(said(&segment), [""; 0], "{}", fault.name);
    }
}

/// Bytes of a program map before those of its streams, which the map says are more than there are.
#[test]
fn a_map_that_makes_the_other_reader_panic_is_kept_from_it() {
    let broken = samples::ts_faults::long_program_info(SEGMENTS[1]);
    let result = catch_unwind(|| {
        let mut reader = TsPacketReader::new(broken.as_slice());
        while let Ok(Some(_)) = reader.read_ts_packet() {}
    });
    assert!(result.is_err(), "the crate looks before it splits by now: the guard can go");
    let mut segment = evidence(&broken);
    assert!(facts(&mut segment).second.is_none());
}

#[test]
fn a_segment_that_is_too_long_is_not_read_again() {
    let long = SEGMENTS[1].repeat(SECOND_BYTES_MAX / SEGMENTS[1].len() + 1);
    assert!(facts(&mut evidence(&long)).second.is_none());
}
