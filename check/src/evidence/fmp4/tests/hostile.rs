//! What nobody writes by accident.

use bytes::{Bytes, BytesMut};
use container::fmp4::{SEGMENT_BOXES_MAX, SEGMENT_SAMPLES_MAX};

use crate::evidence::fmp4::testing::pieces;
use crate::evidence::fmp4::{InitEvidence, read};
use crate::evidence::{SegmentKind, SegmentMedia};

fn open(name: &str) -> InitEvidence {
    InitEvidence::read(pieces(name).init)
}

/// A box with these contents.
fn boxed(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len() + 8).unwrap();
    [&length.to_be_bytes(), &kind[..], contents].concat()
}

/// A fragment of track 1 whose run says that it has `count` samples, without any field.
fn fragment(count: u32) -> Vec<u8> {
    let header = boxed(b"tfhd", &[[0, 2, 0, 0], 1_u32.to_be_bytes()].concat());
    let run = boxed(b"trun", &[[0; 4], count.to_be_bytes()].concat());
    let track = boxed(b"traf", &[header, boxed(b"tfdt", &[0; 8]), run].concat());
    boxed(b"moof", &[boxed(b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]), track].concat())
}

fn error_of(media: &SegmentMedia) -> String {
    let SegmentKind::Fmp4(facts) = &media.kind else { panic!("not fMP4") };
    facts.error.map_or(String::new(), |error| error.to_string())
}

#[test]
fn a_segment_of_256_mib_is_read_where_it_is() {
    let init = open("9.0_h264-bframes_aac");
    let pieces = pieces("9.0_h264-bframes_aac");
    let mut segment = BytesMut::zeroed(256 << 20);
    let front = [&pieces.segments[0][..], b"\x0f\xff\0\0free"].concat();
    segment[..front.len()].copy_from_slice(&front);
    segment.truncate(front.len() - 8 + 0x0fff_0000);
    let media = read(&segment.freeze(), Some(&init), None);
    assert_eq!(error_of(&media), "");
    assert_eq!(media.tracks.len(), 2);
}

#[test]
fn a_sample_of_256_mib_of_nothing_is_looked_at_once() {
    let init = open("9.0_h264-bframes_aac");
    let bytes = 256_u32 << 20;
    let run = [[0, 0, 2, 1], [0, 0, 0, 1], 88_u32.to_be_bytes(), bytes.to_be_bytes()].concat();
    let header = boxed(b"tfhd", &[[0, 2, 0, 0], 1_u32.to_be_bytes()].concat());
    let track = [header, boxed(b"tfdt", &[0; 8]), boxed(b"trun", &run)].concat();
    let moof = [boxed(b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]), boxed(b"traf", &track)].concat();
    let moof = boxed(b"moof", &moof);
    let mut segment = BytesMut::zeroed(moof.len() + 8 + (256 << 20));
    let front = [&moof[..], &(bytes + 8).to_be_bytes(), b"mdat"].concat();
    segment[..front.len()].copy_from_slice(&front);
    let media = read(&segment.freeze(), Some(&init), None);
    assert_eq!(error_of(&media), "");
    assert_eq!(media.tracks[0].units.len(), 1);
}

#[test]
fn counts_are_not_believed() {
    let init = open("9.0_h264-bframes_aac");
    let read = |segment: Vec<u8>| read(&Bytes::from(segment), Some(&init), None);
    let most = u32::try_from(SEGMENT_SAMPLES_MAX).unwrap();
    let media = read(fragment(most));
    assert_eq!(error_of(&media), "");
    assert_eq!(media.tracks[0].units.len(), SEGMENT_SAMPLES_MAX);
    for count in [most + 1, u32::MAX] {
        let media = read(fragment(count));
        assert_eq!(error_of(&media), "more than 131072 of samples");
        assert!(media.tracks.is_empty());
    }
    // In pieces it is the same, and what came before counts.
    let media = read([fragment(most / 2), fragment(most / 2), fragment(1)].concat());
    assert_eq!(error_of(&media), "more than 131072 of samples");
    assert_eq!(media.tracks[0].units.len(), SEGMENT_SAMPLES_MAX);
    let media = read(boxed(b"free", &[]).repeat(SEGMENT_BOXES_MAX + 1));
    assert_eq!(error_of(&media), "more than 16384 of boxes");
}

#[test]
fn boxes_may_be_nested_as_deep_as_they_like() {
    let mut pieces = pieces("9.0_h264-bframes_aac");
    for kind in [b"moof", b"traf", b"meta", b"udta", b"moov", b"trak", b"mdia", b"stsd", b"sinf"] {
        let mut nested = Vec::new();
        for depth in (0..100_000_usize).rev() {
            let left = u32::try_from((100_000 - depth) * 8).unwrap();
            nested.push(left);
        }
        let nested: Vec<u8> =
            nested.iter().rev().flat_map(|left| [left.to_be_bytes(), *kind].concat()).collect();
        for outer in [b"moof", b"moov", b"free"] {
            pieces.segments[1] = boxed(outer, &nested).into();
            let (init, _) = pieces.evidence();
            drop(read(&pieces.segments[1], Some(&init), None));
            drop(InitEvidence::read(boxed(outer, &nested).into()));
        }
    }
}
