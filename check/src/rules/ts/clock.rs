//! The program's clock (2.4.2 and 2.7.2).

use super::{each_stream, ms, pes, say_few, transport_stream};
use crate::evidence::SegmentEvidence;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

use container::ts::Pid;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-PCR",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.4.9 and 2.7.2",
        requirement: "There are clock references on the PID that the program map names for them.",
        remedy: "Let the muxer write clock references, into packets of the sound if there are no \
                 pictures.",
        test: Test::Segment(there),
    },
    Rule {
        id: "TS-PCRMONO",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.2.2",
        requirement: "The clock goes forward.",
        remedy: "Let one clock make all references, and mark where it breaks.",
        test: Test::Segment(forward),
    },
    Rule {
        id: "TS-PCR100",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.7.2",
        requirement: "Clock references are at most 100 ms apart.",
        remedy: "Let the muxer write packets without payload for references that no picture brings.",
        test: Test::Segment(often),
    },
    Rule {
        id: "TS-PCRDTS",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.4.2",
        requirement: "Everything arrives before it is decoded: the clock is not past the DTS.",
        remedy: "Let the muxer's clock run behind the decoding times by more than the tracks are \
                 apart.",
        test: Test::Segment(in_time),
    },
    Rule {
        id: "TS-PCRFAR",
        severity: Severity::Should,
        reference: "ISO/IEC 13818-1, 2.4.2.6",
        requirement: "Nothing waits for 10 s or more to be decoded.",
        remedy: "Let clock references and times of PES packets come from one clock.",
        test: Test::Segment(near),
    },
];

fn there(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    let map = ts.tables.last_map.as_ref();
    let has_media = ts.streams.iter().any(|stream| stream.pes.packets > 0);
    let Some(map) = map.filter(|_| ts.clock.references == 0 && has_media) else { return };
    let elsewhere = ts.clock.references_anywhere;
    faults.add(match (map.pcr_pid == Pid::NULL, elsewhere) {
        (true, _) => "the program map names no PID for the clock".to_owned(),
        (false, 0) => format!("there is no clock reference on PID {:?}", map.pcr_pid),
        (false, _) => {
            format!("all {elsewhere} clock references are on other PIDs than {:?}", map.pcr_pid)
        }
    });
}

fn forward(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    say_few(&ts.clock.backwards, faults, |step| match step.back_ns {
        0 => format!("the clock stands still in packet {}", step.packet),
        back_ns => format!("the clock goes back by {} in packet {}", ms(back_ns), step.packet),
    });
}

fn often(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    // References that packets took with them which are missing are not the muxer's fault.
    if ts.is_damaged() {
        return;
    }
    say_few(&ts.clock.gaps, faults, |gap| {
        format!("no clock reference for {} before packet {}", ms(gap.length_ns), gap.packet)
    });
}

fn in_time(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment).filter(|stream| stream.codec.is_some()) {
        say_few(&stream.pes.late, faults, |(number, late_ns)| {
            format!("{} comes {} after it is to be decoded", pes(*number, stream), ms(*late_ns))
        });
    }
}

fn near(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for stream in each_stream(segment).filter(|stream| stream.codec.is_some()) {
        say_few(&stream.pes.early, faults, |(number, early_ns)| {
            format!("{} comes {} before it is to be decoded", pes(*number, stream), ms(*early_ns))
        });
    }
}
