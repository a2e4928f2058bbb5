//! Two edges that serve the same stream must say the same.

#[cfg(test)]
mod tests;

use hls::read::Segment;
use url::Url;

use crate::evidence::EdgesEvidence;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "EDGE-SAME",
        severity: Severity::Must,
        reference: "--also; RFC 8216, 6.2.1",
        requirement: "Under one media sequence number two edges list the same segment.",
        remedy: "Let all edges take the playlist from one origin, or number segments from one log.",
        test: Test::Edges(same),
    },
    Rule {
        id: "EDGE-BYTES",
        severity: Severity::Must,
        reference: "--also; RFC 8216, 6.2.1",
        requirement: "Two edges serve the same bytes for a segment.",
        remedy: "Make each segment once and let all edges serve that one.",
        test: Test::Edges(bytes),
    },
    Rule {
        id: "EDGE-LAG",
        severity: Severity::Should,
        reference: "--also; practice",
        requirement: "Two edges are at most one segment apart.",
        remedy: "Shorten how long the edge that lags keeps playlists.",
        test: Test::Edges(lag),
    },
];

fn same(evidence: &EdgesEvidence<'_>, faults: &mut Faults<'_>) {
    let EdgesEvidence { here, there, .. } = evidence;
    let mut others = there.segments.iter().peekable();
    for ours in &here.segments {
        while others.next_if(|theirs| theirs.sequence < ours.sequence).is_some() {}
        let Some(theirs) = others.next_if(|theirs| theirs.sequence == ours.sequence) else {
            continue;
        };
        for (what, is_same) in differences(ours, theirs) {
            if !is_same {
                faults.add(format!("segment {} differs in {what}", ours.sequence));
            }
        }
    }
}

fn bytes(evidence: &EdgesEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(bodies) = evidence.bodies else { return };
    let (here, there) = (bodies.here, bodies.there);
    if here == there {
        return;
    }
    let sequence = bodies.sequence;
    if here.len() == there.len() {
        let at = here.iter().zip(there).position(|(here, there)| here != there).unwrap_or_default();
        faults.add(format!("segment {sequence} differs from its byte {at} on"));
    } else {
        let (here, there) = (here.len(), there.len());
        faults.add(format!("segment {sequence} has {here} bytes here and {there} bytes there"));
    }
}

/// Between the two requests one more segment may have been listed, so one apart is none.
fn lag(evidence: &EdgesEvidence<'_>, faults: &mut Faults<'_>) {
    let last = |segments: &[Segment]| segments.last().map(|segment| segment.sequence);
    let EdgesEvidence { here, there, .. } = evidence;
    let (Some(here), Some(there)) = (last(&here.segments), last(&there.segments)) else { return };
    if here.abs_diff(there) > 1 {
        faults.add(format!("one edge is at segment {here}, the other at {there}"));
    }
}

/// What of a segment must not differ. Dates are compared where both give one: an edge may list it
/// before another segment.
fn differences(ours: &Segment, theirs: &Segment) -> [(&'static str, bool); 7] {
    let map = |segment: &Segment| segment.map.as_ref().map(|map| (place(&map.uri), map.byte_range));
    let key = |segment: &Segment| {
        let key = segment.key.as_ref();
        key.map(|key| (key.method.clone(), key.uri.as_deref().map(place), key.iv.clone()))
    };
    let date = |segment: &Segment| segment.date.as_ref().and_then(|(_, at_ns)| *at_ns);
    let is_same_date = match (date(ours), date(theirs)) {
        (Some(ours), Some(theirs)) => ours.abs_diff(theirs) < MILLISECOND_NS,
        (None, _) | (_, None) => true,
    };
    [
        ("its URI", place(&ours.uri) == place(&theirs.uri)),
        ("EXTINF", ours.duration == theirs.duration),
        ("EXT-X-BYTERANGE", ours.byte_range == theirs.byte_range),
        ("EXT-X-DISCONTINUITY", ours.has_discontinuity == theirs.has_discontinuity),
        ("EXT-X-MAP", map(ours) == map(theirs)),
        ("EXT-X-KEY", key(ours) == key(theirs)),
        ("EXT-X-PROGRAM-DATE-TIME", is_same_date),
    ]
}

/// A URI without what may differ from edge to edge: its host, and a query, in which tokens stand.
fn place(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) => url.path().to_owned(),
        Err(_) => uri.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}

const MILLISECOND_NS: u128 = 1_000_000;
