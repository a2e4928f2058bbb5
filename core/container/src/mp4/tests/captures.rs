//! What real encoders sent, through both containers and then as files.

use media::{Codec, TrackId};
use samples::CAPTURES;

use super::*;
use crate::testing::captured;

/// What of a push comes back out of files made of fragments, and whether the file made of transport
/// streams has the same samples.
const TABLE: &str = "
ffmpeg-5.1_aac: AAC 58, same
ffmpeg-5.1_flv1_mp3: MP3 47, same
ffmpeg-5.1_h264-bframes_aac: H.264 30 AAC 58, same
ffmpeg-5.1_h264-late-time_aac: H.264 30 AAC 58, same
ffmpeg-5.1_h264_aac: H.264 25 AAC 48, same
ffmpeg-5.1_h264_mp3: H.264 30 MP3 47, same
ffmpeg-9.0_av1_opus: AV1 30 Opus 61
ffmpeg-9.0_h264-bframes_aac: H.264 30 AAC 58, same
ffmpeg-9.0_h264_aac: H.264 25 AAC 48, same
ffmpeg-9.0_h264_ac3: H.264 30 AC-3 38, same
ffmpeg-9.0_h264_eac3: H.264 30 E-AC-3 38, same
ffmpeg-9.0_h264_flac: H.264 15 FLAC 29
ffmpeg-9.0_h264_mp3: H.264 30 MP3 47, same
ffmpeg-9.0_hevc-bframes_aac: H.265 30 AAC 58, same
ffmpeg-9.0_hevc-h264_aac-opus: H.265 30 AAC 58 Opus 61
ffmpeg-9.0_hevc-hdr_opus-5.1: H.265 30 Opus 61
ffmpeg-9.0_two-h264_two-aac: H.264 30 AAC 58 AAC 58, same
ffmpeg-9.0_vp9_opus: VP9 30 Opus 61
gstreamer-1.22-rtmpsink_h264_aac: H.264 30 AAC 55, same
gstreamer-1.22_h264-bframes_mp3: H.264 30 MP3 50, same
gstreamer-1.22_h264_aac: H.264 30 AAC 55, same
obs-29.0-killed_h264_aac: H.264 30 AAC 44, same
obs-29.0_h264_aac: H.264 45 AAC 67, same
";

/// The data of the samples of all tracks.
fn data(file: &Bytes) -> Vec<Vec<Bytes>> {
    let kinds = [TrackKind::Video, TrackKind::Audio].into_iter();
    let tracks = kinds.flat_map(|kind| samples_of(file, kind));
    tracks.map(|samples| samples.into_iter().map(|sample| sample.data).collect()).collect()
}

#[test]
fn every_push_can_be_a_file() {
    let mut shown = Vec::new();
    for capture in CAPTURES {
        let (tracks, units) = captured(capture);
        // Of pictures there is one track.
        let is_second = |id: TrackId| id.kind == TrackKind::Video && id != TrackId::VIDEO;
        let mut tracks: Vec<_> = tracks.into_iter().filter(|it| !is_second(it.id)).collect();
        let is_wanted = |unit: &&AccessUnit| tracks.iter().any(|track| track.id == unit.track);
        let units: Vec<_> = units.iter().filter(is_wanted).cloned().collect();
        tracks.sort_by_key(|track| track.id);
        let segments = cut(&units);
        let sources = fragments(&tracks, &segments, 11);
        let file = export(ALL, &sources);
        let of_fragments = data(&file);
        let mut line = format!("{}:", capture.name);
        for (track, samples) in tracks.iter().zip(&of_fragments) {
            line += &format!(" {} {}", track.codec.codec(), samples.len());
        }
        let is_for_ts =
            |codec| !matches!(codec, Codec::Av1 | Codec::Vp9 | Codec::Opus | Codec::Flac);
        if tracks.iter().all(|track| is_for_ts(track.codec.codec())) {
            let of_transport = data(&export(ALL, &transport(&tracks, &segments)));
            line += if of_transport == of_fragments { ", same" } else { ", others" };
        }
        shown.push(line);
    }
    assert_eq!(shown.join("\n"), TABLE.trim());
}
