//! Program association and program map (2.4.4).

use super::{say_few, transport_stream};
use crate::evidence::ts::At;
use crate::evidence::{BorderEvidence, SegmentEvidence};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

use container::ts::ProgramMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TS-PATPMT",
        severity: Severity::Fatal,
        reference: "RFC 8216, 3.2",
        requirement: "Every segment has a program association table and a program map.",
        remedy: "Let the segmenter write both at the start of every segment.",
        test: Test::Segment(there),
    },
    // In each segment both must be, which is TS-PATPMT; that they come first is but advised.
    Rule {
        id: "TS-PATFIRST",
        severity: Severity::Should,
        reference: "RFC 8216, 3.2",
        requirement: "Program association and program map come first, before any media.",
        remedy: "Let the segmenter write both at the start of every segment.",
        test: Test::Segment(first),
    },
    Rule {
        id: "TS-CRC",
        severity: Severity::Must,
        reference: "ISO/IEC 13818-1, 2.4.4 and annex A",
        requirement: "Tables are well formed and have the right checksum.",
        remedy: "Correct what writes the tables, or what changes them without a new checksum.",
        test: Test::Segment(checksums),
    },
    Rule {
        id: "TS-ONEPROG",
        severity: Severity::Must,
        reference: "RFC 8216, 3.2",
        requirement: "There is a single program.",
        remedy: "Make a stream of its own of each program.",
        test: Test::Segment(one_program),
    },
    Rule {
        id: "TS-PMTSAME",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.3",
        requirement: "The program map stays the same up to an EXT-X-DISCONTINUITY.",
        remedy: "Keep PIDs and stream types, or write EXT-X-DISCONTINUITY where they change.",
        test: Test::Border(same_map),
    },
];

fn there(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    // EXT-X-MAP may bring them (RFC 8216, 3.2).
    if segment.listed.map.is_some() {
        return;
    }
    if ts.tables.association.is_none() {
        faults.add("there is no program association table");
    }
    // Without an association nobody knows whose packets carry the map.
    if ts.tables.association.is_some() && ts.tables.map_at.is_none() {
        faults.add("there is no program map");
    }
}

fn first(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    let tables = &ts.tables;
    // One that is missing is another finding.
    let (Some(association), Some(map)) = (tables.association, tables.map_at) else { return };
    if let Some(media) = tables.first_media.filter(|media| *media < association.max(map)) {
        faults.add(format!(
            "media starts with packet {media}, program association and program map are complete \
             with packets {association} and {map}"
        ));
    } else if map < association {
        faults.add(format!(
            "the program map comes with packet {map}, before the program association with packet \
             {association}"
        ));
    } else if tables.others_before > 0 {
        let others = tables.others_before;
        faults.add(format!("{others} packets come before the program association"));
    } else if tables.descriptions_before > 1 {
        // One is what ffmpeg writes, and no player minds.
        let descriptions = tables.descriptions_before;
        faults.add(format!(
            "{descriptions} packets of a service description come before the program association"
        ));
    }
}

fn checksums(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    say_few(&ts.tables.bad_checksums, faults, |At { packet, pid }| {
        format!("the table that ends in packet {packet} (PID {pid:?}) has a wrong checksum")
    });
    // What a table is made of when packets of it are missing is said by those.
    if !ts.is_damaged() {
        say_few(&ts.tables.malformed, faults, |At { packet, pid }| {
            format!("the table in packet {packet} (PID {pid:?}) is malformed")
        });
    }
}

fn one_program(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    let programs = ts.tables.programs;
    if programs > 1 {
        faults.add(format!("the program association names {programs} programs"));
    }
}

fn same_map(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let (Some(before), Some(after)) =
        (transport_stream(border.before), transport_stream(border.after))
    else {
        return;
    };
    let maps = |segment: &'static str, from: &Option<ProgramMap>, to: &Option<ProgramMap>| {
        let (from, to) = (from.as_ref()?, to.as_ref()?);
        // What descriptors say may change: a language, say.
        (said(from) != said(to))
            .then(|| format!("{segment} the program map goes from {} to {}", said(from), said(to)))
    };
    if !border.after.listed.has_discontinuity
        && let Some(sentence) = maps("at its start", &before.tables.last_map, &after.tables.map)
    {
        faults.add(sentence);
    }
    if let Some(sentence) = maps("inside it", &after.tables.map, &after.tables.last_map) {
        faults.add(sentence);
    }
}

/// What players go by: streams and clock.
fn said(map: &ProgramMap) -> String {
    let stream = |stream: &container::ts::Stream| format!("{:?}={:#x}", stream.pid, stream.kind.0);
    let streams: Vec<_> = map.streams.iter().map(stream).collect();
    format!("{} with the clock on {:?}", streams.join(" "), map.pcr_pid)
}
