//! Sound in transport streams.

use media::Codec;

use super::{each_stream, ms, pes, say_few};
use crate::evidence::SegmentEvidence;
use crate::evidence::ts::{SoundFacts, TsStream};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-ADTS",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-7, 6.2",
        requirement: "AAC is a row of frames, each behind a valid ADTS header.",
        remedy: "Let the muxer write the header of each frame from the configuration and the \
                 length that the frame has.",
        test: Test::Segment(headers),
    },
    Rule {
        id: "TS-ADTSALIGN",
        severity: Severity::Should,
        reference: "practice",
        requirement: "PES packets of sound hold whole frames.",
        remedy: "Let the muxer end PES packets between frames.",
        test: Test::Segment(aligned),
    },
    Rule {
        id: "TS-ADTSTRUNC",
        severity: Severity::Must,
        reference: "RFC 8216, 3",
        requirement: "A segment does not end inside a frame of sound.",
        remedy: "Let the segmenter write what it has of the sound before it ends a segment.",
        test: Test::Segment(uncut),
    },
    Rule {
        id: "TS-AUDPTS",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.7",
        requirement: "The times of PES packets of sound are what the frames before them add up to.",
        remedy: "Count the times of sound in samples; times in milliseconds that an encoder sends \
                 are too coarse.",
        test: Test::Segment(times),
    },
];

fn sound(segment: &SegmentEvidence) -> impl Iterator<Item = (&TsStream, &SoundFacts)> {
    each_stream(segment).filter_map(|stream| stream.sound.as_ref().map(|sound| (stream, sound)))
}

fn headers(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, sound) in sound(segment).filter(|(stream, _)| stream.codec == Some(Codec::Aac)) {
        say_few(&sound.bad_frames, faults, |number| {
            format!("no valid ADTS header where a frame starts in {}", pes(*number, stream))
        });
    }
}

fn aligned(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, sound) in sound(segment) {
        say_few(&sound.split_frames, faults, |number| {
            format!("{} begins inside a frame", pes(*number, stream))
        });
    }
}

fn uncut(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, sound) in sound(segment) {
        if let Some(bytes) = sound.cut_bytes {
            let pid = stream.pid;
            faults.add(format!("the last frame on PID {pid:?} is cut after {bytes} bytes"));
        }
    }
}

fn times(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for (stream, sound) in sound(segment) {
        say_few(&sound.off, faults, |off| {
            let pes = pes(off.packet, stream);
            match off.late_ns {
                late_ns @ 0.. => format!("{pes} is {} late for its frames", ms(late_ns)),
                late_ns => format!("{pes} is {} early for its frames", ms(-late_ns)),
            }
        });
    }
}
