//! Media, whatever carries it.

mod border;
mod course;
mod segment;
mod step;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "IND-TRUE",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.5.1",
        requirement: "Where EXT-X-INDEPENDENT-SEGMENTS says so, every segment begins with a \
                      picture that decoding can start with.",
        remedy: "Cut only at key frames, or leave out EXT-X-INDEPENDENT-SEGMENTS.",
        test: Test::Segment(segment::independence_is_true),
    },
    Rule {
        id: "IND-START",
        severity: Severity::Should,
        reference: "RFC 8216, 3",
        requirement: "Every segment begins with a picture that decoding can start with.",
        remedy: "Cut only at key frames, and let the encoder make one at every cut.",
        test: Test::Segment(segment::starts_with_a_key_frame),
    },
    Rule {
        id: "PDT-MEDIA",
        severity: Severity::Should,
        reference: "RFC 8216, 4.3.2.6",
        requirement: "EXT-X-PROGRAM-DATE-TIME advances as the times of the media do.",
        remedy: "Take a date from the clock once, and advance it by media time.",
        test: Test::Border(border::dates_advance_with_the_media),
    },
    Rule {
        id: "SEG-EMPTY",
        severity: Severity::Fatal,
        reference: "RFC 8216, 3",
        requirement: "A segment has media.",
        remedy: "List a segment only when it is written, and none that nothing came for.",
        test: Test::Segment(segment::has_media),
    },
    Rule {
        id: "SEG-KIND",
        severity: Severity::Must,
        reference: "RFC 8216, 3",
        requirement: "A segment is MPEG-TS, fragmented MP4, packed audio or WebVTT.",
        remedy: "Serve the segment itself under its URI, not an error page or another format.",
        test: Test::Segment(segment::is_of_a_known_kind),
    },
    Rule {
        id: "SEG-ID3",
        severity: Severity::Must,
        reference: "RFC 8216, 3.4",
        requirement: "Packed audio begins with an ID3 tag that says when it begins.",
        remedy: "Put a PRIV frame of com.apple.streaming.transportStreamTimestamp before the \
                 sound.",
        test: Test::Segment(segment::packed_audio_has_a_time),
    },
    Rule {
        id: "SEG-CRYPT",
        severity: Severity::Info,
        reference: "RFC 8216, 4.3.2.4",
        requirement: "Segments can be looked into: they are not encrypted.",
        remedy: "Examine the stream once without encryption: nothing of its media was checked.",
        test: Test::Segment(segment::is_not_encrypted),
    },
    Rule {
        id: "MED-EXTINF",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.4.1",
        requirement: "EXTINF is how long the media lasts, within one frame and 2 ms.",
        remedy: "Write EXTINF from the times at which segments are cut, with three decimals.",
        test: Test::Border(border::extinf_is_exact),
    },
    Rule {
        id: "MED-EXTBIG",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.1",
        requirement: "EXTINF is within half a second of how long the media lasts.",
        remedy: "Write EXTINF from the times of the media, not from the clock or a setting.",
        test: Test::Segment(segment::extinf_is_near),
    },
    Rule {
        id: "MED-SUM",
        severity: Severity::Should,
        reference: "RFC 8216, 4.3.2.1",
        requirement: "All EXTINF together are as long as the media: within 50 ms and a thousandth.",
        remedy: "Round the times of cuts, not the lengths between them.",
        test: Test::Rendition(course::extinf_adds_up),
    },
    Rule {
        id: "MED-CONTV",
        severity: Severity::Must,
        reference: "RFC 8216, 3",
        requirement: "Pictures go on from one segment to the next without a hole or an overlap.",
        remedy: "Put every picture into exactly one segment, and keep its time.",
        test: Test::Border(border::pictures_go_on),
    },
    Rule {
        id: "MED-CONTA",
        severity: Severity::Must,
        reference: "RFC 8216, 3",
        requirement: "Sound goes on from one segment to the next without a hole or an overlap.",
        remedy: "Put every frame of sound into exactly one segment, and keep its time.",
        test: Test::Border(border::sound_goes_on),
    },
    Rule {
        id: "MED-DISC",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.3",
        requirement: "Where times jump by more than a second, or back, there is \
                      EXT-X-DISCONTINUITY.",
        remedy: "When times of the encoder jump, end the segment and write EXT-X-DISCONTINUITY.",
        test: Test::Border(border::jumps_are_announced),
    },
    Rule {
        id: "MED-CFG",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.3",
        requirement: "Where the format of pictures or sound changes, there is EXT-X-DISCONTINUITY \
                      or another EXT-X-MAP.",
        remedy: "When the encoder changes its settings, end the segment and write \
                 EXT-X-DISCONTINUITY.",
        test: Test::Border(border::changes_are_announced),
    },
    Rule {
        id: "MED-CFGIN",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.3",
        requirement: "The format of pictures and sound does not change inside a segment.",
        remedy: "Begin a segment, with EXT-X-DISCONTINUITY, where the encoder changes its \
                 settings.",
        test: Test::Segment(segment::format_stays),
    },
    Rule {
        id: "MED-TRACKS",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.3",
        requirement: "Number and type of tracks, and the file format, stay without \
                      EXT-X-DISCONTINUITY.",
        remedy: "When a track comes or goes, end the segment and write EXT-X-DISCONTINUITY.",
        test: Test::Border(border::tracks_stay),
    },
    Rule {
        id: "MED-USELESS",
        severity: Severity::Info,
        reference: "practice",
        requirement: "EXT-X-DISCONTINUITY is only where something is discontinuous.",
        remedy: "Leave it out where times and format go on: players empty their buffers for it.",
        test: Test::Border(border::discontinuity_is_needed),
    },
    Rule {
        id: "MED-AVSTART",
        severity: Severity::Should,
        reference: "practice",
        requirement: "Pictures and sound of a segment begin within 0.2 s of one another.",
        remedy: "Cut sound where pictures are cut, by their times and not by their arrival.",
        test: Test::Segment(segment::tracks_start_together),
    },
    Rule {
        id: "MED-AVEND",
        severity: Severity::Should,
        reference: "practice",
        requirement: "Pictures and sound of a segment end within 0.2 s of one another, or 0.5 s \
                      before EXT-X-DISCONTINUITY.",
        remedy: "Cut sound where pictures are cut, by their times and not by their arrival.",
        test: Test::Border(border::tracks_end_together),
    },
    Rule {
        id: "MED-AVDRIFT",
        severity: Severity::Must,
        reference: "practice",
        requirement: "Pictures and sound do not drift apart by more than 60 ms.",
        remedy: "Take times of sound from its samples, and correct them where the encoder's jump.",
        test: Test::Rendition(course::sound_does_not_drift),
    },
    Rule {
        id: "MED-GAPIN",
        severity: Severity::Must,
        reference: "practice",
        requirement: "Inside a segment no more than three frames, and 0.15 s, are missing in a \
                      row.",
        remedy: "Look for what loses frames: an overloaded encoder, or the network before the \
                 server.",
        test: Test::Segment(segment::has_no_holes),
    },
    Rule {
        id: "MED-KF",
        severity: Severity::Info,
        reference: "HLS authoring specification, video encoding",
        requirement: "Key frames are at most 2 s apart.",
        remedy: "Set the encoder's key frame interval to 2 s.",
        test: Test::Rendition(course::key_frames_are_frequent),
    },
    Rule {
        id: "MED-LEN",
        severity: Severity::Info,
        reference: "HLS authoring specification, media segmentation",
        requirement: "Segments last about 2 to 10 s.",
        remedy: "Set the segment length to between 2 and 6 s, a multiple of the key frame \
                 interval.",
        test: Test::Rendition(course::segments_have_a_sensible_length),
    },
    Rule {
        id: "MED-TINY",
        severity: Severity::Should,
        reference: "practice",
        requirement: "No segment is under 0.4 s, except beside a discontinuity.",
        remedy: "Cut by media time, at the first key frame behind the segment length.",
        test: Test::Border(border::segment_is_not_tiny),
    },
    Rule {
        id: "MED-HVC",
        severity: Severity::Must,
        reference: "HLS authoring specification, video encoding",
        requirement: "HEVC comes in fragmented MP4.",
        remedy: "Choose fMP4 segments for HEVC: Apple's players refuse it in MPEG-TS.",
        test: Test::Segment(segment::hevc_is_in_fmp4),
    },
    Rule {
        id: "DEC-CLEAN",
        severity: Severity::Must,
        reference: "practice (--decode)",
        requirement: "A decoder finds no fault in the segments.",
        remedy: "Look at what the decoder says: frames are damaged or missing.",
        test: Test::Exam,
    },
];

/// Nanoseconds as seconds, for sentences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub(super) i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.unsigned_abs().saturating_add(500_000) / 1_000_000;
        let sign = if self.0 < 0 && millis > 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:03} s", millis / 1_000, millis % 1_000)
    }
}

/// What tracks of a kind are called in sentences.
const fn word(kind: media::TrackKind) -> &'static str {
    match kind {
        media::TrackKind::Video => "video",
        media::TrackKind::Audio => "audio",
    }
}
