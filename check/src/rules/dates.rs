//! `EXT-X-PROGRAM-DATE-TIME` (RFC 8216, 4.3.2.6).

use hls::read::Segment;

use super::playlist::{is_live, media};
use crate::evidence::PlaylistEvidence;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "PDT-HAVE",
        severity: Severity::Should,
        reference: "HLS authoring specification, live",
        requirement: "A live playlist has EXT-X-PROGRAM-DATE-TIME.",
        remedy: "Write the date of at least the first segment: players align variants and measure \
                 latency by it.",
        test: Test::Playlist(dates_are_there),
    },
    Rule {
        id: "PDT-FMT",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.6",
        requirement: "A date is written as ISO 8601 with a time zone.",
        remedy: "Write dates like 2010-02-19T14:54:23.031Z.",
        test: Test::Playlist(dates_are_well_formed),
    },
    Rule {
        id: "PDT-MONO",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.2.6",
        requirement: "A date is that of the segment before and its duration within 0.1 s; after a \
                      discontinuity it may be later.",
        remedy: "Advance dates by the durations of segments, and set them anew only at \
                 discontinuities.",
        test: Test::Playlist(dates_advance),
    },
    Rule {
        id: "PDT-NOW",
        severity: Severity::Should,
        reference: "practice",
        requirement: "No date is more than a second in the future.",
        remedy: "Set the clock of whatever writes the dates.",
        test: Test::Playlist(dates_are_past),
    },
];

const MS: i128 = 1_000_000;

/// What dates may be off by.
const OFF_NS: i128 = 100 * MS;

/// What they may be off by after a discontinuity, if they go back.
const BACK_NS: i128 = 500 * MS;

/// How far in the future a date may be: clocks differ.
const AHEAD_NS: i128 = 1_000 * MS;

fn dates_are_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let live = media(playlist).filter(|it| is_live(it) && !it.is_i_frames_only);
    let Some(media) = live.filter(|it| !it.segments.is_empty()) else { return };
    if media.segments.iter().all(|segment| segment.date.is_none()) {
        faults.add(format!("none of {} segments has a date", media.segments.len()));
    }
}

fn dates_are_well_formed(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(media) = media(playlist) else { return };
    for segment in &media.segments {
        if let Some((text, nanos)) = &segment.date
            // What is read more kindly than it may be written.
            && (nanos.is_none() || !text.contains('T') || text.contains('['))
        {
            let text: String = text.chars().take(40).collect();
            let sequence = segment.sequence;
            faults.add(format!("the date of segment {sequence} is {text:?}"));
        }
    }
}

fn dates_advance(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(media) = media(playlist) else { return };
    let length_ns = |segment: &Segment| i128::try_from(segment.duration.as_nanos()).unwrap_or(0);
    // When the next segment is to begin, and whether a discontinuity is between.
    let mut expected: Option<(i128, bool)> = None;
    for segment in &media.segments {
        if let Some((_, is_broken)) = &mut expected {
            *is_broken |= segment.has_discontinuity;
        }
        if let Some((_, date)) = &segment.date {
            if let (Some(date), Some((due, is_broken))) = (*date, expected) {
                let off = date.saturating_sub(due);
                let is_right = if is_broken { off >= -BACK_NS } else { off.abs() <= OFF_NS };
                if !is_right {
                    let (sequence, off_ms) = (segment.sequence, off / MS);
                    faults.add(format!(
                        "segment {sequence} is dated {off_ms} ms after the end of the one before"
                    ));
                }
            }
            expected = date.map(|date| (date, false));
        }
        expected =
            expected.map(|(due, is_broken)| (due.saturating_add(length_ns(segment)), is_broken));
    }
}

fn dates_are_past(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(media) = media(playlist).filter(|media| is_live(media)) else { return };
    let newest = media.segments.iter().rev().find_map(|it| Some((it.sequence, it.date.as_ref()?)));
    let Some((sequence, (_, Some(date)))) = newest else { return };
    let ahead = date.saturating_sub(i128::from(playlist.at_unix_ms).saturating_mul(MS));
    if ahead > AHEAD_NS {
        let ahead_ms = ahead / MS;
        faults.add(format!("segment {sequence} is dated {ahead_ms} ms after now"));
    }
}

#[cfg(test)]
mod tests;
