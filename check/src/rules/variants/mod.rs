//! Multivariant playlists, and their variants against one another (RFC 8216, 4.3.4 and 6.2.4).

mod listed;
#[cfg(test)]
mod tests;
mod together;

use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "MV-NONE",
        severity: Severity::Info,
        reference: "HLS authoring specification",
        requirement: "The entry is a multivariant playlist.",
        remedy: "Give viewers a multivariant playlist, also for a single variant: it says what a \
                 player needs before the first segment.",
        test: Test::Playlist(listed::entry_lists_variants),
    },
    Rule {
        id: "MV-BW",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "Each variant has BANDWIDTH, a positive whole number.",
        remedy: "Write the peak bit rate of the variant in bits a second.",
        test: Test::Playlist(listed::bandwidth_is_there),
    },
    Rule {
        id: "MV-AVGBW",
        severity: Severity::Should,
        reference: "HLS authoring specification",
        requirement: "Each variant has AVERAGE-BANDWIDTH.",
        remedy: "Write the average bit rate of the variant in bits a second.",
        test: Test::Playlist(listed::average_is_there),
    },
    Rule {
        id: "MV-CODECS",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.2; HLS authoring specification",
        requirement: "Each variant has CODECS.",
        remedy: "Write the RFC 6381 names of all formats of the variant.",
        test: Test::Playlist(listed::codecs_are_there),
    },
    Rule {
        id: "MV-RES",
        severity: Severity::Must,
        reference: "HLS authoring specification; RFC 8216, 4.3.4.2",
        requirement: "Each variant with video has RESOLUTION.",
        remedy: "Write the size at which the video is to be shown.",
        test: Test::Playlist(listed::resolution_is_there),
    },
    Rule {
        id: "MV-FPS",
        severity: Severity::Should,
        reference: "HLS authoring specification; RFC 8216, 4.3.4.2",
        requirement: "Each variant with video has FRAME-RATE.",
        remedy: "Write the largest frame rate of the video with three decimals.",
        test: Test::Playlist(listed::frame_rate_is_there),
    },
    Rule {
        id: "MV-GROUP",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.1 and 4.3.4.2",
        requirement: "Groups that are referred to exist, and EXT-X-MEDIA has the attributes that \
                      go with its type.",
        remedy: "Write an EXT-X-MEDIA with the GROUP-ID and the TYPE for each reference, and the \
                 attributes that RFC 8216, 4.3.4.1, asks for.",
        test: Test::Playlist(listed::groups_are_right),
    },
    Rule {
        id: "MV-DUP",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.1.1",
        requirement: "No variant is listed twice, and no NAME in a group.",
        remedy: "Leave out the second one, or give it a name of its own.",
        test: Test::Playlist(listed::nothing_is_there_twice),
    },
    Rule {
        id: "MV-REACH",
        severity: Severity::Fatal,
        reference: "RFC 8216, 6.2.4",
        requirement: "Each playlist that is listed can be fetched.",
        remedy: "List a variant only when its playlist has its first segment, and leave it out \
                 when it is gone.",
        test: Test::Exam,
    },
    Rule {
        id: "MV-TDSAME",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.4",
        requirement: "All variants have the same target duration.",
        remedy: "Use one target duration for all renditions, but subtitles and I-frames.",
        test: Test::Presentation(together::target_durations_are_the_same),
    },
    Rule {
        id: "MV-ALIGN",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.4; HLS authoring specification",
        requirement: "Segments of variants begin and end at the same time.",
        remedy: "Give all encodings key frames at the same times, and cut all variants at them.",
        test: Test::Presentation(together::segments_are_aligned),
    },
    Rule {
        id: "MV-DSEQ",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.4",
        requirement: "Variants have the same discontinuity sequence numbers.",
        remedy: "Say a discontinuity in all renditions when one has it, and count it in all.",
        test: Test::Presentation(together::breaks_are_the_same),
    },
    Rule {
        id: "MV-PDT",
        severity: Severity::Should,
        reference: "RFC 8216, 6.2.4",
        requirement: "The same content has the same date in all variants, within 0.1 s.",
        remedy: "Take the dates of all renditions from one clock.",
        test: Test::Presentation(together::dates_are_the_same),
    },
    Rule {
        id: "MV-LIVE",
        severity: Severity::Should,
        reference: "practice",
        requirement: "The live edges of variants differ by at most one segment.",
        remedy: "Publish a segment in all renditions at once.",
        test: Test::Presentation(together::edges_are_near),
    },
];
