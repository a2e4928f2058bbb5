//! Fragmented MP4, read by the `mp4-atom` crate.

#[cfg(test)]
mod tests;

use crate::evidence::{
    Fmp4Fragment, InitEvidence, InitTrack, Second, SecondTrack, SegmentEvidence, SegmentKind,
    TrackPiece,
};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "MP4-SECONDI",
        severity: Severity::Should,
        reference: "practice",
        requirement: "Another reader of MP4 finds the same tracks in an initialization section.",
        remedy: "Look at what the two disagree on: some players will read it in the other way.",
        test: Test::Init(same_tracks),
    },
    Rule {
        id: "MP4-SECOND",
        severity: Severity::Should,
        reference: "practice",
        requirement: "Another reader of MP4 finds the same samples in a segment.",
        remedy: "Look at what the two disagree on: some players will read it in the other way.",
        test: Test::Segment(same_samples),
    },
];

fn same_tracks(init: &InitEvidence, faults: &mut Faults<'_>) {
    // What cannot be read at all is another rule's.
    if init.reader.is_err() {
        return;
    }
    let ours: Vec<_> = init.tracks.iter().map(summary).collect();
    match &init.second {
        Second::Read(theirs) if *theirs == ours => {}
        Second::Read(theirs) => {
            faults.add(format!("the tracks are {ours:?} here, {theirs:?} by mp4-atom"));
        }
        Second::Refused(why) => faults.add(format!("mp4-atom refuses it: {why}")),
        Second::TooMuch => {}
    }
}

const fn summary(track: &InitTrack) -> SecondTrack {
    SecondTrack { id: track.id, timescale: track.timescale, defaults: track.defaults }
}

fn same_samples(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let SegmentKind::Fmp4(facts) = &segment.media.kind else { return };
    if facts.error.is_some() {
        return;
    }
    match &facts.second {
        Some(Second::Read(theirs)) => compare(&facts.fragments, theirs, faults),
        Some(Second::Refused(why)) => faults.add(format!("mp4-atom refuses it: {why}")),
        Some(Second::TooMuch) | None => {}
    }
}

fn compare(ours: &[Fmp4Fragment], theirs: &[Fmp4Fragment], faults: &mut Faults<'_>) {
    if ours.len() != theirs.len() {
        let (ours, theirs) = (ours.len(), theirs.len());
        faults.add(format!("{ours} fragments here, {theirs} by mp4-atom"));
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        let number = ours.number;
        if number != theirs.number {
            faults.add(format!("the fragment {number} here is {} by mp4-atom", theirs.number));
        }
        if ours.pieces.len() != theirs.pieces.len() {
            let (ours, theirs) = (ours.pieces.len(), theirs.pieces.len());
            faults.add(format!("fragment {number}: {ours} `traf` here, {theirs} by mp4-atom"));
        }
        for (ours, theirs) in ours.pieces.iter().zip(&theirs.pieces) {
            compare_pieces(number, ours, theirs, faults);
        }
    }
}

fn compare_pieces(number: u32, ours: &TrackPiece, theirs: &TrackPiece, faults: &mut Faults<'_>) {
    let track = ours.track;
    let time = |time: Option<i64>| time.map_or(-1, i128::from);
    let of = |piece: &TrackPiece| {
        let samples = u64::try_from(piece.samples).unwrap_or(u64::MAX);
        [
            ("its track", i128::from(piece.track)),
            ("its time", time(piece.time)),
            ("its samples", i128::from(samples)),
            ("their bytes", i128::from(piece.bytes)),
            ("their ticks", i128::from(piece.ticks)),
        ]
    };
    for ((what, ours), (_, theirs)) in of(ours).into_iter().zip(of(theirs)) {
        if ours != theirs {
            faults.add(format!(
                "fragment {number}, track {track}: {what}: {ours} here, {theirs} by mp4-atom"
            ));
        }
    }
}
