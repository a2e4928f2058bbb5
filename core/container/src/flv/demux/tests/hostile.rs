//! Payloads that are damaged, cut off, or made to hurt.

use samples::{CAPTURES, damaged_slowly};

use super::*;
use crate::fuzz::{flv_payloads, payloads_of};
use crate::testing::{mutations, real_tags};

/// A payload as [`flv_payloads`] reads it.
fn session<'a>(payloads: impl IntoIterator<Item = (usize, u32, &'a [u8])>) -> Vec<u8> {
    let mut session = Vec::new();
    for (kind, timestamp_ms, payload) in payloads {
        let Ok(length) = u16::try_from(payload.len()) else { continue };
        session.push(u8::try_from(kind).unwrap());
        session.extend_from_slice(&timestamp_ms.to_be_bytes());
        session.extend_from_slice(&length.to_be_bytes());
        session.extend_from_slice(payload);
    }
    session
}

/// One of everything, as kind and bytes.
fn payloads() -> Vec<(usize, Vec<u8>)> {
    let record = AVC_RECORD;
    let aac = AAC_RECORD;
    [
        (2, "02 000a'onMetaData' 08 00000000 000d'videodatarate' 00 40a3880000000000 000009"),
        (0, &format!("17 00 000000 {record}")),
        (0, &format!("96 00 'avc1' 01 {record}")),
        (0, &format!("96 10 'avc1' 02 000030 {record} 03 000030 {record}")),
        (1, &format!("95 20 'mp4a' 00 000005 {aac} 'mp4a' 01 000005 {aac} 'ac-3' 02 000000")),
        (
            0,
            "d4 'avc1' 02 0009'colorInfo' 03 000b'colorConfig' 03 000e'colorPrimaries' \
            00 4022000000000000 000009 000009",
        ),
        (
            0,
            "a7 02 0186a0 06 11 'avc1' 00 000009 000028 00000002 6588 \
            02 000009 ffffd8 00000002 4188",
        ),
        (0, "a7 00 01 17 02 000001 03 'avc1' 00000002 4188"),
        (1, "97 02 000064 05 11 'mp4a' 00 000001 21 01 000001 21 05 000000"),
        (
            0,
            "17 01 000000 00000019 6764000bacd9430ffbc044000003000400000300c83c50a658 \
            00000004 68ef8fcb 00000002 6588",
        ),
        (0, "96 02 'avc1' 01"),
    ]
    .map(|(kind, text)| (kind, bytes(text)))
    .to_vec()
}

#[test]
fn every_payload_may_end_anywhere() {
    let payloads = payloads();
    for (index, (_, payload)) in payloads.iter().enumerate() {
        for end in 0..payload.len() {
            let cut = |(at, (kind, whole)): (usize, &'_ (usize, Vec<u8>))| {
                let bytes = if at == index { whole[..end].to_vec() } else { whole.clone() };
                (*kind, bytes)
            };
            let cut: Vec<_> = payloads.iter().enumerate().map(cut).collect();
            flv_payloads(&session(cut.iter().map(|(kind, bytes)| (*kind, 40, bytes.as_slice()))));
        }
    }
}

#[test]
fn ten_thousand_damaged_sessions_do_no_harm() {
    let tags = real_tags();
    let kind =
        |kind| [TagKind::Video, TagKind::Audio, TagKind::Script].iter().position(|it| *it == kind);
    let tags =
        tags.iter().map(|tag| (kind(tag.kind).unwrap(), tag.timestamp_ms, tag.payload.as_ref()));
    let real = session(tags.filter(|tag| tag.2.len() < 256).take(40));
    let payloads = payloads();
    let made =
        session(payloads.iter().zip(0..).map(|((kind, bytes), at)| (*kind, at, bytes.as_slice())));
    mutations(&[&real, &real[..400], &made], flv_payloads);
}

#[test]
fn the_largest_message_makes_few_events_and_keeps_no_memory() {
    // Sixteen million bytes of tracks of one byte, of modifiers, of numbers in metadata.
    let track = bytes("01 000001 21");
    let flood = [bytes("95 11 'mp4a'"), track.repeat(3_000_000)].concat();
    let modifiers = [bytes("97"), bytes("00 ff 07").repeat(5_000_000)].concat();
    let light = [bytes("94 'avc1' 02 0009'colorInfo' 03"), bytes("0001'a' 05").repeat(4_000_000)];
    let mut demuxer = Demuxer::new();
    demuxer.push(TagKind::Audio, 0, bytes("95 00 'mp4a' 01 119056e500").into());
    for (kind, payload) in [
        (TagKind::Audio, flood),
        (TagKind::Audio, modifiers),
        (TagKind::Video, light.concat()),
        (TagKind::Script, light.concat()),
    ] {
        demuxer.push(kind, 0, payload.into());
    }
    let events = std::iter::from_fn(|| demuxer.pull()).count();
    assert_eq!((events, demuxer.skipped().bad_header), (65, 3));
}

#[test]
fn damaged_pushes_do_no_harm() {
    let pushes: Vec<_> = CAPTURES.iter().map(|capture| payloads_of(capture.bytes)).collect();
    // The sequence headers, the key frame and a little more.
    let beginnings: Vec<_> = pushes.iter().map(|push| &push[..push.len().min(5_000)]).collect();
    damaged_slowly(&beginnings, flv_payloads);
}

#[test]
fn every_real_push_goes_into_every_container() {
    CAPTURES.iter().for_each(|capture| flv_payloads(&payloads_of(capture.bytes)));
}
