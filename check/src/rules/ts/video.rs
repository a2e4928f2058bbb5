//! Pictures in transport streams (2.14 and 2.17).

use super::{each_stream, pes, say_few};
use crate::evidence::SegmentEvidence;
use crate::evidence::ts::{TsStream, VideoFacts};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-AUD",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.14.1 and 2.17.1",
        requirement: "Each access unit of H.264 and H.265 begins with an access unit delimiter.",
        remedy: "Let the muxer put a delimiter before every access unit.",
        test: Test::Segment(delimiters),
    },
    Rule {
        id: "TS-AUPES",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.14.1",
        requirement: "Each PES packet of pictures holds one access unit.",
        remedy: "Let the muxer start a PES packet, with its own times, for every access unit.",
        test: Test::Segment(alone),
    },
    Rule {
        id: "TS-PSIDR",
        severity: Severity::Must,
        reference: "RFC 8216, 3.2; ITU-T H.264, 7.4.1.2.1",
        requirement: "Parameter sets come before the first key frame of a segment.",
        remedy: "Let the muxer write the parameter sets before each key frame.",
        test: Test::Segment(first_sets),
    },
    Rule {
        id: "TS-PSALL",
        severity: Severity::Should,
        reference: "HLS Authoring Specification; ISO/IEC 13818-1, 2.14.3",
        requirement: "Parameter sets come with every key frame.",
        remedy: "Let the encoder repeat them, or the muxer write them before each key frame.",
        test: Test::Segment(all_sets),
    },
    Rule {
        id: "TS-RAI",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.4.3.5",
        requirement: "The first key frame of a segment has the random access indicator.",
        remedy: "Let the muxer set random_access_indicator in the packet that a key frame starts \
                 in.",
        test: Test::Segment(first_marked),
    },
    Rule {
        id: "TS-RAIALL",
        severity: Severity::Quality,
        reference: "ISO/IEC 13818-1, 2.4.3.5",
        requirement: "Every key frame has the random access indicator.",
        remedy: "Let the muxer set random_access_indicator in each packet that a key frame starts \
                 in.",
        test: Test::Segment(all_marked),
    },
];

fn pictures(segment: &SegmentEvidence) -> impl Iterator<Item = (&TsStream, &VideoFacts)> {
    each_stream(segment).filter_map(|stream| stream.video.as_ref().map(|video| (stream, video)))
}

fn delimiters(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        say_few(&video.without_delimiter, faults, |number| {
            format!("{} has no access unit delimiter", pes(*number, stream))
        });
    }
}

fn alone(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        say_few(&video.crowded, faults, |(number, units)| {
            format!("{} has {units} access units", pes(*number, stream))
        });
    }
}

fn first_sets(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        if let Some(number) = video.first_key_without_sets {
            let pes = pes(number, stream);
            faults.add(format!("no parameter sets come before the first key frame, {pes}"));
        }
    }
}

fn all_sets(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        say_few(&video.keys_without_sets, faults, |number| {
            format!("the key frame in {} comes without parameter sets", pes(*number, stream))
        });
    }
}

fn first_marked(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        if let Some(number) = video.first_key_unmarked {
            let pes = pes(number, stream);
            faults.add(format!("the first key frame, {pes}, has no random access indicator"));
        }
    }
}

fn all_marked(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, video) in pictures(segment) {
        say_few(&video.keys_unmarked, faults, |number| {
            format!("the key frame in {} has no random access indicator", pes(*number, stream))
        });
    }
}
