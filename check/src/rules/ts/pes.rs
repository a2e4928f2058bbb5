//! PES packets (2.4.3.6 and 2.4.3.7).

use media::TrackKind;

use super::{each_stream, ms, pes, say_few};
use crate::evidence::SegmentEvidence;
use crate::evidence::ts::TsStream;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-PES",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.6",
        requirement: "PES packets are whole and well formed, and a segment starts with new ones.",
        remedy: "Let the segmenter cut between access units, and write every PES packet into one \
                 segment.",
        test: Test::Segment(whole),
    },
    Rule {
        id: "TS-PESLEN",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.7",
        requirement: "PES_packet_length is right, and 0 only for pictures.",
        remedy: "Let the muxer write the length that a PES packet of sound has.",
        test: Test::Segment(lengths),
    },
    Rule {
        id: "TS-MARK",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.7",
        requirement: "PTS and DTS have their prefix and marker bits.",
        remedy: "Correct what writes or rewrites the times of PES packets.",
        test: Test::Segment(markers),
    },
    Rule {
        id: "TS-NOPTS",
        severity: Severity::Must,
        reference: "RFC 8216, 3; ISO/IEC 13818-1, 2.7.4",
        requirement: "Every PES packet of pictures or sound has a PTS.",
        remedy: "Let the muxer write a time into each PES packet.",
        test: Test::Segment(times),
    },
    Rule {
        id: "TS-DTSMONO",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.7",
        requirement: "Decoding times of a stream go up from PES packet to PES packet.",
        remedy: "Look for an encoder or a connection whose clock jumps, and let the segmenter end \
                 the segment and write EXT-X-DISCONTINUITY there.",
        test: Test::Segment(monotonic),
    },
    Rule {
        id: "TS-PTSDTS",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.7 and 2.7.4",
        requirement: "Nothing is shown before it is decoded: PTS is not before DTS.",
        remedy: "Let the muxer move decoding times back, by as much as pictures are reordered.",
        test: Test::Segment(order),
    },
];

/// Streams that are played: what others carry need not have times.
fn is_played(stream: &&TsStream) -> bool {
    stream.codec.is_some()
}

fn is_sound(stream: &&TsStream) -> bool {
    stream.codec.is_some_and(|codec| codec.kind() == TrackKind::Audio)
}

fn whole(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment) {
        let facts = &stream.pes;
        if facts.headless > 0 {
            let (packets, pid) = (facts.headless, stream.pid);
            faults.add(format!("{packets} packets on PID {pid:?} come before a PES packet starts"));
        }
        say_few(&facts.malformed, faults, |(number, fault)| {
            format!("{} {fault}", pes(*number, stream))
        });
        // A frame of sound that is cut is another finding.
        let cut = stream.sound.as_ref().and_then(|sound| sound.cut_bytes);
        if let Some(length) = facts.unfinished.filter(|_| cut.is_none()) {
            let (actual, declared) = (length.actual, length.declared);
            let pes = pes(length.packet, stream);
            faults.add(format!("the segment ends after {actual} of {declared} bytes of {pes}"));
        }
    }
}

fn lengths(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment) {
        say_few(&stream.pes.lengths, faults, |length| {
            let (actual, declared) = (length.actual, length.declared);
            let pes = pes(length.packet, stream);
            format!("{pes} has {actual} bytes and says that it has {declared}")
        });
        let unsaid = stream.pes.without_length;
        if unsaid > 0 && is_sound(&stream) {
            let pid = stream.pid;
            faults.add(format!("{unsaid} PES packets of sound on PID {pid:?} say no length"));
        }
    }
}

fn markers(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment) {
        say_few(&stream.pes.bad_markers, faults, |number| {
            format!("{} has a time with wrong marker bits", pes(*number, stream))
        });
    }
}

fn times(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment).filter(is_played) {
        say_few(&stream.pes.without_time, faults, |number| {
            format!("{} has no PTS", pes(*number, stream))
        });
    }
}

fn monotonic(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment).filter(is_played) {
        say_few(&stream.pes.backwards, faults, |(number, back_ns)| match back_ns {
            0 => format!("{} has the decoding time of the one before", pes(*number, stream)),
            _ => format!("{} is decoded {} before the last", pes(*number, stream), ms(*back_ns)),
        });
    }
}

fn order(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment).filter(is_played) {
        say_few(&stream.pes.shown_early, faults, |(number, early_ns)| {
            format!("{} is shown {} before it is decoded", pes(*number, stream), ms(*early_ns))
        });
    }
}
