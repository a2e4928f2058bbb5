//! Transport streams, read by the `mpeg2ts` crate.

#[cfg(test)]
mod tests;

use crate::evidence::ts::{PesTimes, Second, SecondReading};
use crate::evidence::{SegmentEvidence, TsSegment};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};
use crate::rules::ts::transport_stream;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "TS-SECOND",
    severity: Severity::Should,
    reference: "practice",
    requirement: "Another reader of transport streams finds the same in a segment.",
    remedy: "Look at what the two disagree on: some players will read it in the other way.",
    test: Test::Segment(same),
}];

fn same(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(ts) = transport_stream(segment) else { return };
    match &ts.second {
        Some(Second::Read(second)) => compare(ts, second, faults),
        Some(Second::Refused { packet, pid, why }) => {
            let why = why.lines().next().unwrap_or_default();
            faults.add(format!("mpeg2ts refuses packet {packet} (PID {pid:?}): {why}"));
        }
        None => {}
    }
}

fn compare(ts: &TsSegment, second: &SecondReading, faults: &mut Faults<'_>) {
    if ts.clock.references_anywhere != second.references {
        let (ours, theirs) = (ts.clock.references_anywhere, second.references);
        faults.add(format!("{ours} clock references here, {theirs} by mpeg2ts"));
    }
    for (pid, theirs) in &second.streams {
        let Some(ours) = ts.streams.iter().find(|stream| stream.pid.number() == *pid) else {
            faults.add(format!("only mpeg2ts finds a stream on PID {pid:#x}"));
            continue;
        };
        let facts = [
            ("stream type", u64::from(ours.kind.0), u64::from(theirs.kind)),
            ("PES packets", ours.pes.packets, theirs.packets),
            ("bytes in PES packets", ours.pes.data_bytes, theirs.data_bytes),
        ];
        for (what, ours, theirs) in facts.into_iter().filter(|(_, ours, theirs)| ours != theirs) {
            faults.add(format!("{what} on PID {pid:#x}: {ours} here, {theirs} by mpeg2ts"));
        }
        let pairs = ours.pes.times.iter().zip(&theirs.times);
        if let Some((number, (ours, theirs))) = (0..).zip(pairs).find(|(_, (a, b))| a != b) {
            let number: u64 = number;
            let (ours, theirs) = (written(ours), written(theirs));
            faults.add(format!(
                "times of PES packet {number} on PID {pid:#x}: {ours} here, {theirs} by mpeg2ts"
            ));
        }
    }
    for ours in &ts.streams {
        let pid = ours.pid.number();
        if !second.streams.contains_key(&pid) {
            faults.add(format!("mpeg2ts finds no stream on PID {pid:#x}"));
        }
    }
}

fn written(times: &PesTimes) -> String {
    match (times.pts, times.dts) {
        (Some(pts), Some(dts)) => format!("PTS {pts} and DTS {dts}"),
        (Some(pts), None) => format!("PTS {pts}"),
        (None, Some(dts)) => format!("DTS {dts}"),
        (None, None) => "none".to_owned(),
    }
}
