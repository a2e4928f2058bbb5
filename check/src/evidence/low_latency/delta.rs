//! A delta update against the whole playlist (draft-pantos-hls-rfc8216bis, 6.2.5.1).

use std::time::Duration;

use hls::read::{MediaPlaylist, Part, Segment, apply_delta};

use super::Edge;

/// A delta update, against the whole playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeltaEvidence {
    /// What is wrong with it, in sentences.
    pub faults: Vec<String>,
}

impl DeltaEvidence {
    /// Applies `delta` to `before`, a whole playlist that is a little older, and compares what
    /// comes out with `whole`, the playlist that was asked for together with it.
    #[must_use]
    pub fn of(before: &MediaPlaylist, delta: &MediaPlaylist, whole: &MediaPlaylist) -> Self {
        let mut faults = Vec::new();
        if delta.has_ended || whole.has_ended {
            return Self { faults };
        }
        let boundary = whole.server_control.and_then(|control| control.can_skip_until);
        let target = whole.target_duration.unwrap_or_default();
        match (&delta.skip, boundary) {
            (Some(skip), None) => faults.push(format!(
                "{} segments are skipped, but there is no CAN-SKIP-UNTIL",
                skip.segments
            )),
            (Some(skip), Some(boundary)) => {
                // A segment across the boundary may count as before it.
                let kept: Duration = delta.segments.iter().map(|one| one.duration).sum();
                if kept + target < boundary {
                    faults.push(format!(
                        "{} segments are skipped and {:.3} s are left, less than CAN-SKIP-UNTIL, \
                         which is {:.3} s",
                        skip.segments,
                        kept.as_secs_f64(),
                        boundary.as_secs_f64()
                    ));
                }
            }
            (None, Some(boundary)) => {
                let length: Duration = delta.segments.iter().map(|one| one.duration).sum();
                if length > boundary + target * 2 {
                    faults.push(format!(
                        "nothing is skipped, but the playlist is {:.3} s long and CAN-SKIP-UNTIL \
                         is {:.3} s",
                        length.as_secs_f64(),
                        boundary.as_secs_f64()
                    ));
                }
            }
            (None, None) => {}
        }
        match apply_delta(before, delta) {
            Ok(rebuilt) => faults.extend(difference(&rebuilt, whole)),
            Err(error) => faults.push(format!("the update cannot be applied: {error}")),
        }
        Self { faults }
    }
}

/// What differs between two playlists that were asked for at once. Where one of them is newer,
/// their ends are not compared.
fn difference(rebuilt: &MediaPlaylist, whole: &MediaPlaylist) -> Option<String> {
    let is_same_age = Edge::of(rebuilt) == Edge::of(whole);
    if is_same_age && rebuilt.media_sequence != whole.media_sequence {
        return Some(format!(
            "EXT-X-MEDIA-SEQUENCE is {} in the update, and {} in the whole playlist",
            rebuilt.media_sequence, whole.media_sequence
        ));
    }
    for segment in &whole.segments {
        let other = rebuilt.segments.iter().find(|other| other.sequence == segment.sequence);
        let Some(other) = other else {
            let is_within = Edge::of(rebuilt).sequence > segment.sequence
                && rebuilt.media_sequence <= segment.sequence;
            if is_within || is_same_age {
                return Some(format!("segment {} is lost by the update", segment.sequence));
            }
            continue;
        };
        if let Some(what) = differs(other, segment) {
            return Some(format!(
                "{what} of segment {} is another one by the update than in the whole playlist",
                segment.sequence
            ));
        }
    }
    let is_other = is_same_age && !same_parts(&rebuilt.parts, &whole.parts);
    is_other.then(|| "the parts of the segment that is being made are others".to_owned())
}

fn differs(ours: &Segment, theirs: &Segment) -> Option<&'static str> {
    // A date may be written at the first segment of a playlist alone, wherever that is.
    let is_other_date = ours.date.is_some() && theirs.date.is_some() && ours.date != theirs.date;
    [
        (ours.uri != theirs.uri, "the URI"),
        (ours.duration != theirs.duration, "EXTINF"),
        (ours.byte_range != theirs.byte_range, "EXT-X-BYTERANGE"),
        (ours.has_discontinuity != theirs.has_discontinuity, "EXT-X-DISCONTINUITY"),
        (
            ours.discontinuity_sequence != theirs.discontinuity_sequence,
            "the discontinuity sequence number",
        ),
        (ours.is_gap != theirs.is_gap, "EXT-X-GAP"),
        (is_other_date, "EXT-X-PROGRAM-DATE-TIME"),
        (ours.map != theirs.map, "EXT-X-MAP"),
        (ours.key != theirs.key, "EXT-X-KEY"),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

fn same_parts(ours: &[Part], theirs: &[Part]) -> bool {
    let told = |part: &Part| (part.uri.clone(), part.duration, part.byte_range);
    ours.iter().map(told).eq(theirs.iter().map(told))
}
