//! Each segment by itself.

use media::{Codec, TrackKind};

use super::step::change;
use super::{Seconds, word};
use crate::evidence::{SegmentEvidence, SegmentKind, Times};
use crate::finding::Faults;

/// `EXTINF` may be off by this much before players stumble.
const EXTINF_SLACK_NS: i64 = 500_000_000;

/// Pictures and sound may begin this far from one another. Encoders start one up to 0.15 s before
/// the other.
const START_SLACK_NS: i64 = 200_000_000;

/// A hole in a segment is more than this many frames, and longer than [`HOLE_NS`].
const HOLE_FRAMES: i64 = 3;

/// What nobody sees or hears is no hole.
const HOLE_NS: i64 = 150_000_000;

/// Bytes of a packet of MPEG-TS.
const TS_PACKET_BYTES: usize = 188;

pub(super) fn has_media(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if segment.bytes.is_empty() {
        faults.add("the segment has no bytes");
        return;
    }
    let has_units = segment.media.tracks.iter().any(|track| !track.units.is_empty());
    if has_units || !segment.is_readable() {
        return;
    }
    // Media that is there and cannot be read breaks other rules.
    let is_empty = match &segment.media.kind {
        SegmentKind::Ts(_) => !has_pes_packet(&segment.bytes),
        SegmentKind::Fmp4(_) => !has_media_data(&segment.bytes),
        SegmentKind::PackedAudio => true,
        SegmentKind::WebVtt | SegmentKind::Unknown => false,
    };
    if is_empty {
        faults.add(format!("no media in the {} bytes of the segment", segment.bytes.len()));
    }
}

/// Whether any packet of MPEG-TS begins a PES packet (ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.6).
fn has_pes_packet(bytes: &[u8]) -> bool {
    bytes.chunks(TS_PACKET_BYTES).any(|packet| {
        let Some(&[_, flags, _, control, length]) = packet.first_chunk() else { return false };
        let field = if control & 0x20 == 0 { 0 } else { usize::from(length) + 1 };
        let payload = packet.get(4 + field..).unwrap_or_default();
        flags & 0x40 != 0 && payload.starts_with(&[0, 0, 1])
    })
}

/// Whether there is a box of media data that is not empty.
fn has_media_data(bytes: &[u8]) -> bool {
    let boxes = bytes.windows(8).filter(|head| head.ends_with(b"mdat"));
    boxes.filter_map(<[u8]>::first_chunk).any(|size| u32::from_be_bytes(*size) != 8)
}

pub(super) fn is_of_a_known_kind(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let is_unknown = match &segment.media.kind {
        SegmentKind::Unknown => segment.is_readable() && !segment.bytes.is_empty(),
        SegmentKind::Ts(_)
        | SegmentKind::Fmp4(_)
        | SegmentKind::PackedAudio
        | SegmentKind::WebVtt => false,
    };
    if is_unknown {
        let head: String =
            segment.bytes.iter().take(8).map(|byte| format!(" {byte:02x}")).collect();
        faults.add(format!("the segment begins with{head}, which is no format of HLS"));
    }
}

pub(super) fn packed_audio_has_a_time(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let is_packed = matches!(segment.media.kind, SegmentKind::PackedAudio);
    if is_packed && segment.is_readable() && segment.packed_timestamp().is_none() {
        faults.add("no ID3 tag says when the sound begins");
    }
}

pub(super) fn is_not_encrypted(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if let Some(key) = &segment.listed.key {
        faults.add(format!("the segment is encrypted with {}: nobody looked into it", key.method));
    }
}

pub(super) fn independence_is_true(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if segment.claims_independence {
        starts_with_a_key_frame(segment, faults);
    }
}

pub(super) fn starts_with_a_key_frame(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if !segment.is_readable() {
        return;
    }
    let pictures = segment.media.tracks.iter().filter(|track| track.kind == TrackKind::Video);
    for track in pictures {
        if track.units.first().is_none_or(|unit| unit.is_key) {
            continue;
        }
        faults.add(match track.units.iter().position(|unit| unit.is_key) {
            Some(at) => format!("the first key frame is picture {} of the segment", at + 1),
            None => format!("none of the segment's {} pictures is a key frame", track.units.len()),
        });
    }
}

pub(super) fn extinf_is_near(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if !segment.is_readable() {
        return;
    }
    let listed = segment.listed_ns();
    let nearest = lengths(segment).min_by_key(|(length, slack)| {
        let distance = length.saturating_sub(listed).saturating_abs();
        distance.saturating_sub(*slack)
    });
    let Some((length, slack)) = nearest else { return };
    let distance = length.saturating_sub(listed).saturating_abs();
    if distance > EXTINF_SLACK_NS.saturating_add(slack) {
        faults.add(format!(
            "EXTINF says {}, and the media lasts {}",
            Seconds(listed),
            Seconds(length)
        ));
    }
}

/// How long a segment may be said to last, each with what is not known of it: by its pictures, by
/// its sound, and from the first to the last of either. The last picture of a screen is shown for
/// nobody knows how long.
fn lengths(segment: &SegmentEvidence) -> impl Iterator<Item = (i64, i64)> {
    let all: Vec<Times> = [TrackKind::Video, TrackKind::Audio]
        .into_iter()
        .flat_map(|kind| segment.media.times_of(kind))
        .collect();
    let first = all.iter().map(|times| times.first_ns).min();
    let end = all.iter().map(|times| times.end_ns).max();
    let whole = first.zip(end).map(|(first, end)| (end.saturating_sub(first), 0));
    let unknown = |times: &Times| if times.is_variable() { times.frame_ns() } else { None };
    let each: Vec<_> =
        all.iter().map(|times| (times.length_ns(), unknown(times).unwrap_or_default())).collect();
    // A picture alone, of which nobody says how long it lasts, says nothing.
    each.into_iter().chain(whole).filter(|(length, _)| *length > 0)
}

pub(super) fn format_stays(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if !segment.is_readable() {
        return;
    }
    for track in &segment.media.tracks {
        let mut newest = track.config.as_ref();
        for (at, config) in &track.changes {
            if let Some((before, after)) = newest.and_then(|newest| change(newest, config)) {
                let kind = word(track.kind);
                faults.add(format!("{kind} changes from {before} to {after} at unit {at}"));
            }
            newest = Some(config);
        }
    }
}

pub(super) fn tracks_start_together(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some((video, audio)) = both(segment) else { return };
    let distance = audio.first_ns.saturating_sub(video.first_ns);
    if distance.saturating_abs() > slack(START_SLACK_NS, &video, &audio) {
        let order = if distance > 0 { "after" } else { "before" };
        let distance = Seconds(distance.saturating_abs());
        faults.add(format!("sound begins {distance} {order} the pictures"));
    }
}

/// Pictures and sound of a segment that has both.
pub(super) fn both(segment: &SegmentEvidence) -> Option<(Times, Times)> {
    let media = Some(&segment.media).filter(|_| segment.is_readable())?;
    let video = media.times_of(TrackKind::Video).next()?;
    Some((video, media.times_of(TrackKind::Audio).next()?))
}

/// How far pictures and sound may be apart: `least`, but never less than a frame. Where nobody
/// knows how long a frame lasts that is as far as they like.
pub(super) fn slack(least: i64, video: &Times, audio: &Times) -> i64 {
    let frames = video.frame_ns().zip(audio.frame_ns());
    frames.map_or(i64::MAX, |(video, audio)| least.max(video).max(audio))
}

pub(super) fn has_no_holes(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if !segment.is_readable() {
        return;
    }
    for track in &segment.media.tracks {
        let Some(times) = track.times() else { continue };
        let (Some((distance, at)), Some(usual)) = (times.longest, times.usual_ns) else { continue };
        // A screen is coded when something moves.
        if times.kind == TrackKind::Video && times.is_variable() {
            continue;
        }
        let hole = distance.saturating_sub(usual);
        if hole > usual.saturating_mul(HOLE_FRAMES) && hole > HOLE_NS {
            let (kind, hole, at) = (word(times.kind), Seconds(hole), at - times.first_ns);
            faults.add(format!("{hole} of {kind} are missing {} into the segment", Seconds(at)));
        }
    }
}

pub(super) fn hevc_is_in_fmp4(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let is_ts = matches!(segment.media.kind, SegmentKind::Ts(_)) && segment.is_readable();
    let mut configs = segment.media.tracks.iter().filter_map(|track| track.config.as_ref());
    if is_ts && configs.any(|config| config.codec() == Codec::Hevc) {
        faults.add("HEVC in MPEG-TS");
    }
}
