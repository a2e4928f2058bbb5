//! Recorded pushes through both muxers: whatever the container, the elementary streams are the same
//! to the last bit.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use media::avc::{NalLengthSize, NalType, nal_units};
use media::{AccessUnit, Codec, CodecConfig, Track, TrackKind, hevc};
use samples::{CAPTURES, Capture};

use crate::fmp4::Muxer;
use crate::fmp4::testing::{mux, read_twice};
use crate::testing::captured;
use crate::ts;

/// Which tracks of a push both containers carry, and in how many pieces they come back from each.
const TABLE: &str = "
ffmpeg-5.1_aac: AAC 58
ffmpeg-5.1_flv1_mp3: MP3 47
ffmpeg-5.1_h264-bframes_aac: H.264 30 AAC 58
ffmpeg-5.1_h264-late-time_aac: H.264 30 AAC 58
ffmpeg-5.1_h264_aac: H.264 25 AAC 48
ffmpeg-5.1_h264_mp3: H.264 30 MP3 47
ffmpeg-9.0_av1_opus:
ffmpeg-9.0_h264-bframes_aac: H.264 30 AAC 58
ffmpeg-9.0_h264_aac: H.264 25 AAC 48
ffmpeg-9.0_h264_ac3: H.264 30 AC-3 38
ffmpeg-9.0_h264_eac3: H.264 30 E-AC-3 38
ffmpeg-9.0_h264_flac: H.264 15
ffmpeg-9.0_h264_mp3: H.264 30 MP3 47
ffmpeg-9.0_hevc-bframes_aac: H.265 30 AAC 58
ffmpeg-9.0_hevc-h264_aac-opus: H.265 30 H.264 30 AAC 58
ffmpeg-9.0_hevc-hdr_opus-5.1: H.265 30
ffmpeg-9.0_two-h264_two-aac: H.264 30 H.264 30 AAC 58 AAC 58
ffmpeg-9.0_vp9_opus:
gstreamer-1.22-rtmpsink_h264_aac: H.264 30 AAC 55
gstreamer-1.22_h264-bframes_mp3: H.264 30 MP3 50
gstreamer-1.22_h264_aac: H.264 30 AAC 55
obs-29.0-killed_h264_aac: H.264 30 AAC 44
obs-29.0_h264_aac: H.264 45 AAC 67
";

/// The track's stream out of a transport stream: what its PES packets carry, one after the other.
fn of_ts(track: &Track, units: &[AccessUnit]) -> Option<Vec<u8>> {
    let mut muxer = ts::Muxer::new(std::slice::from_ref(track)).ok()?;
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    units.iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
    muxer.finish_segment(&mut out);
    let packets = ts::testing::packets(&ts::testing::read(&out));
    Some(packets.into_iter().flat_map(|(.., data)| data).collect())
}

/// The track's samples out of fragmented MP4.
fn of_fmp4(track: &Track, units: &[AccessUnit]) -> Vec<Bytes> {
    let mut muxer = Muxer::new(std::slice::from_ref(track)).unwrap();
    let init = muxer.init_section();
    let samples = read_twice(&init, &mux(&mut muxer, units, &[], &[]));
    samples.into_iter().map(|sample| sample.data).collect()
}

/// Whether a NAL unit is in one container and not in the other: parameter sets and delimiters.
fn is_extra(codec: &CodecConfig, nal: &[u8]) -> bool {
    if let CodecConfig::Hevc(_) = codec {
        let kind = hevc::NalType::of(nal);
        let sets = [hevc::NalType::VPS, hevc::NalType::SPS, hevc::NalType::PPS];
        sets.contains(&kind) || kind == hevc::NalType::AUD
    } else {
        matches!(NalType::of(nal), NalType::SPS | NalType::PPS | NalType::AUD)
    }
}

/// The NAL units between four-byte start codes, as the muxer writes them; none can be inside one.
fn annex_b(bytes: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&[0, 0, 0, 1])).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &bytes[start + 4..end]).collect()
}

/// The frames without their ADTS headers.
fn without_adts(mut bytes: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while let [_, _, _, high, middle, low, ..] = *bytes {
        let length = usize::from(high & 3) << 11 | usize::from(middle) << 3 | usize::from(low) >> 5;
        frames.extend_from_slice(&bytes[7..length]);
        bytes = &bytes[length..];
    }
    frames
}

#[track_caller]
fn check(track: &Track, of_ts: &[u8], of_fmp4: &[Bytes], what: &str) {
    let codec = &track.codec;
    let same = if codec.codec().kind() == TrackKind::Video {
        let samples = of_fmp4.iter();
        let nals = samples.flat_map(|s| nal_units(s, NalLengthSize::Four).map(Result::unwrap));
        let of_fmp4: Vec<_> = nals.filter(|nal| !is_extra(codec, nal)).collect();
        let mut of_ts = annex_b(of_ts);
        of_ts.retain(|nal| !is_extra(codec, nal));
        of_ts == of_fmp4
    } else if codec.codec() == Codec::Aac {
        without_adts(of_ts) == of_fmp4.concat()
    } else {
        of_ts == of_fmp4.concat()
    };
    assert!(same, "{what}: {track:?}");
}

fn round_trip(capture: &Capture) -> String {
    let (tracks, units) = captured(capture);
    let tracks: BTreeMap<_, _> = tracks.into_iter().map(|track| (track.id, track)).collect();
    let mut shown = format!("{}:", capture.name);
    for track in tracks.values() {
        let units: Vec<_> = units.iter().filter(|unit| unit.track == track.id).cloned().collect();
        let Some(of_ts) = of_ts(track, &units) else { continue };
        let of_fmp4 = of_fmp4(track, &units);
        check(track, &of_ts, &of_fmp4, capture.name);
        shown.push_str(&format!(" {} {}", track.codec.codec(), of_fmp4.len()));
    }
    shown
}

#[test]
fn both_containers_have_the_same_elementary_streams() {
    let shown: Vec<_> = CAPTURES.iter().map(round_trip).collect();
    assert_eq!(shown.join("\n"), TABLE.trim());
}
