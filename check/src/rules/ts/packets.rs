//! Packets (2.4.3.2 to 2.4.3.5).

use super::{say_few, transport_stream};
use crate::evidence::ts::At;
use crate::evidence::{BorderEvidence, SegmentEvidence};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-SYNC",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.2",
        requirement: "A segment is whole packets of 188 bytes, each with its synchronization byte.",
        remedy: "Look for what cuts or changes the bytes: an upload that broke off, a proxy, or a \
                 segmenter that splits between packets.",
        test: Test::Segment(sync),
    },
    Rule {
        id: "TS-FLAGS",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.3",
        requirement: "No packet is marked as damaged or as scrambled.",
        remedy: "Repair the source that marks packets as damaged, and take conditional access off \
                 the stream: players of HLS cannot undo it.",
        test: Test::Segment(flags),
    },
    Rule {
        id: "TS-CC",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.3.3",
        requirement: "The continuity counter of each PID goes up by one from packet to packet.",
        remedy: "Look for packets that are lost, repeated or put in another order between the \
                 muxer and the segment.",
        test: Test::Segment(continuity),
    },
    Rule {
        id: "TS-CCX",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.4.3.3",
        requirement: "Continuity counters go on from one segment to the next.",
        remedy: "Let one muxer write all segments, or start each with the counters of the one \
                 before.",
        test: Test::Border(continuity_across),
    },
    Rule {
        id: "TS-PIDS",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.4.4.8",
        requirement: "Every packet belongs to a stream that the program map names.",
        remedy: "Name the stream in the program map, or leave its packets out.",
        test: Test::Segment(pids),
    },
];

fn sync(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    say_few(&ts.lost_syncs, faults, |loss| match loss.skipped {
        0 => format!("the packet at byte {} starts with {:#04x}", loss.offset, loss.byte),
        skipped => format!("no packet starts at byte {}, nor in the {skipped} behind", loss.offset),
    });
    if ts.cut_bytes > 0 {
        faults.add(format!("{} bytes are left behind the last whole packet", ts.cut_bytes));
    }
    say_few(&ts.bad_adaptations, faults, |At { packet, pid }| {
        format!("the adaptation field of packet {packet} (PID {pid:?}) does not fit in it")
    });
}

fn flags(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    say_few(&ts.errors, faults, |At { packet, pid }| {
        format!("packet {packet} (PID {pid:?}) says that it is damaged")
    });
    say_few(&ts.scrambled, faults, |At { packet, pid }| {
        format!("packet {packet} (PID {pid:?}) is scrambled")
    });
}

fn continuity(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    say_few(&ts.jumps, faults, |jump| {
        let At { packet, pid } = jump.at;
        let (actual, expected) = (jump.actual, jump.expected);
        format!("packet {packet} (PID {pid:?}) counts {actual}, not {expected}")
    });
}

fn continuity_across(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let (Some(before), Some(after)) =
        (transport_stream(border.before), transport_stream(border.after))
    else {
        return;
    };
    // Where the stream breaks, so may the counters; where packets are lost, that is said already.
    if border.after.listed.has_discontinuity || before.is_damaged() {
        return;
    }
    for (pid, next) in &after.counters {
        let Some(last) = before.counters.get(pid).map(|counters| counters.last) else { continue };
        let expected = (last + u8::from(next.has_payload)) & 0x0f;
        if next.first != expected && !next.is_break {
            let first = next.first;
            faults.add(format!("PID {pid:?} ends with {last} and goes on with {first}"));
        }
    }
}

fn pids(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    // Without any map nothing is named: that is another finding.
    if ts.tables.last_map.is_none() {
        return;
    }
    for (pid, packets) in &ts.strangers {
        faults.add(format!("{packets} packets have PID {pid:?}, which the program map has not"));
    }
}
