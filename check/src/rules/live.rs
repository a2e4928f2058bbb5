//! Live media playlists over time (RFC 8216, 6.2.1 and 6.2.2).

use std::time::Duration;

use hls::read::{PlaylistType, Segment};

use crate::evidence::{Changed, Step, UpdateEvidence, has_same_uri, stall_after, target_of};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "LIV-MSN",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "The media sequence number never decreases.",
        remedy: "Number on over restarts: keep the number of the last segment with the stream.",
        test: Test::Update(sequence_grows),
    },
    Rule {
        id: "LIV-URI",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "A segment keeps its URI under its media sequence number.",
        remedy: "Never give the number of a listed segment to another one.",
        test: Test::Update(uri_stays),
    },
    Rule {
        id: "LIV-DUR",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "A segment keeps its EXTINF.",
        remedy: "List a segment once it is whole, so that its duration is final.",
        test: Test::Update(duration_stays),
    },
    Rule {
        id: "LIV-TAGS",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "A segment keeps its discontinuity, date, map, key and byte range.",
        remedy: "Keep the tags with the segment, and repeat what still holds when earlier \
                 segments leave.",
        test: Test::Update(tags_stay),
    },
    Rule {
        id: "LIV-TD",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "The target duration does not change.",
        remedy: "Fix the target duration when the stream begins, and cut segments to it.",
        test: Test::Update(target_duration_stays),
    },
    Rule {
        id: "LIV-REMOVE",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "Segments leave at the front only, each counted by the media sequence number, \
                      and none is skipped.",
        remedy: "Count EXT-X-MEDIA-SEQUENCE up by one for each segment that leaves at the front, \
                 and list a lost segment with EXT-X-GAP.",
        test: Test::Update(segments_leave_in_order),
    },
    Rule {
        id: "LIV-DSEQ",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "EXT-X-DISCONTINUITY-SEQUENCE grows exactly with the EXT-X-DISCONTINUITY tags \
                      that leave.",
        remedy: "Count EXT-X-DISCONTINUITY-SEQUENCE up when a segment with EXT-X-DISCONTINUITY \
                 leaves, and only then.",
        test: Test::Update(breaks_are_counted),
    },
    Rule {
        id: "LIV-BACK",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "A reload never shows an older playlist.",
        remedy: "Let caches keep a live playlist for half a target duration at most, and servers \
                 behind one name show the same.",
        test: Test::Update(nothing_goes_back),
    },
    Rule {
        id: "LIV-WINDOW",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "A playlist that segments were removed from is still three target durations \
                      long.",
        remedy: "List more segments.",
        test: Test::Update(window_is_long_enough),
    },
    Rule {
        id: "LIV-UPDATE",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "A new segment comes within one and a half target durations of the one \
                      before it.",
        remedy: "List each segment as soon as it is whole, and cut segments no longer than the \
                 target duration.",
        test: Test::Update(segments_come_in_time),
    },
    Rule {
        id: "LIV-STALL",
        severity: Severity::Fatal,
        reference: "RFC 8216, 6.2.2",
        requirement: "There is never more than three target durations, and eight seconds, without \
                      a new segment or EXT-X-ENDLIST.",
        remedy: "Look at why the encoder or the packager stopped; end the playlist with \
                 EXT-X-ENDLIST when a stream is over.",
        test: Test::Update(nothing_stalls),
    },
    Rule {
        id: "LIV-BURST",
        severity: Severity::Should,
        reference: "RFC 8216, 6.2.2",
        requirement: "An update adds at most two segments.",
        remedy: "List each segment as soon as it is whole rather than several at a time.",
        test: Test::Update(segments_come_one_by_one),
    },
    Rule {
        id: "LIV-AVAIL",
        severity: Severity::Fatal,
        reference: "RFC 8216, 6.2.1",
        requirement: "A listed segment can be fetched at once.",
        remedy: "List a segment only when every server that is asked for it has it.",
        test: Test::Exam,
    },
    Rule {
        id: "LIV-RETAIN",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "A removed segment can be fetched for its own duration and that of the \
                      playlist.",
        remedy: "Keep segments for at least one more length of the playlist after they leave it.",
        test: Test::Exam,
    },
    Rule {
        id: "LIV-ENDL",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.4",
        requirement: "Nothing is added behind EXT-X-ENDLIST, and it stays.",
        remedy: "Write EXT-X-ENDLIST only when a stream is over; begin a new playlist, or go on \
                 with new numbers only.",
        test: Test::Update(end_is_the_end),
    },
    Rule {
        id: "LIV-TYPE",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.5 and 6.2.1",
        requirement: "A playlist of type EVENT only grows, and one of type VOD does not change.",
        remedy: "Leave EXT-X-PLAYLIST-TYPE out of playlists that segments are removed from.",
        test: Test::Update(type_is_kept),
    },
    Rule {
        id: "LIV-END",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.4",
        requirement: "EXT-X-ENDLIST appears after the publisher has ended.",
        remedy: "End the playlist when the publisher says that it is over, or does not come back.",
        test: Test::Exam,
    },
    Rule {
        id: "LIV-EDGE",
        severity: Severity::Quality,
        reference: "practice",
        requirement: "The date of the live edge is within two target durations and three seconds \
                      of now.",
        remedy: "Set the clocks of encoder and server, and look at what holds segments up.",
        test: Test::Update(edge_is_near),
    },
];

/// An answer takes its time, and was made before it came.
const SLACK: Duration = Duration::from_millis(250);

/// What is written in milliseconds may be rounded anew.
const DATE_SLACK_NS: u128 = 1_000_000;

fn sequence_grows(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(before) = before_of(update, Step::Renumbered) else { return };
    let (was, is) = (before.media_sequence, update.after.media_sequence);
    faults.add(format!("the media sequence number went from {was} to {is}"));
}

fn uri_stays(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    for Changed { before, after, .. } in &update.changed {
        if !has_same_uri(before, after) {
            let (sequence, was, is) = (after.sequence, &before.uri, &after.uri);
            faults.add(format!("segment {sequence} was {was} and is {is}"));
        }
    }
}

fn duration_stays(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    for Changed { before, after, .. } in replaced_not(update) {
        if before.duration != after.duration {
            let (was, is) = (before.duration.as_secs_f64(), after.duration.as_secs_f64());
            let sequence = after.sequence;
            faults.add(format!("EXTINF of segment {sequence} was {was} s and is {is} s"));
        }
    }
}

fn tags_stay(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    for change in replaced_not(update) {
        let Changed { before, after, .. } = change;
        let what = [
            (has_other_break(change), "EXT-X-DISCONTINUITY"),
            (has_other_date(before, after), "EXT-X-PROGRAM-DATE-TIME"),
            (before.map != after.map, "EXT-X-MAP"),
            (has_other_key(before, after), "EXT-X-KEY"),
            (before.byte_range != after.byte_range, "EXT-X-BYTERANGE"),
        ];
        for (_, name) in what.iter().filter(|(is_other, _)| *is_other) {
            faults.add(format!("{name} of segment {} is not what it was", after.sequence));
        }
    }
}

fn target_duration_stays(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(before) = before_of(update, Step::On) else { return };
    if let (Some(was), Some(is)) = (before.target_duration, update.after.target_duration)
        && was != is
    {
        let (was, is) = (was.as_secs_f64(), is.as_secs_f64());
        faults.add(format!("the target duration was {was} s and is {is} s"));
    }
}

fn segments_leave_in_order(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    if let Some(shift) = &update.shift {
        let (uri, was, is) = (&shift.uri, shift.was, shift.sequence);
        faults.add(format!("{uri} was segment {was} and is segment {is}"));
    }
    let Some(before) = before_of(update, Step::On) else { return };
    // A window may pass unseen while nobody asks.
    let length: Duration = before.segments.iter().map(|segment| segment.duration).sum();
    if update.skipped > 0 && update.since_poll < length && !before.segments.is_empty() {
        let (skipped, next) = (update.skipped, update.after.media_sequence);
        faults.add(format!("{skipped} segments before segment {next} were never listed"));
    }
}

fn breaks_are_counted(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(before) = before_of(update, Step::On).filter(|_| update.shift.is_none()) else {
        return;
    };
    // Where the tags themselves changed, the numbers do.
    if update.changed.iter().any(has_other_break) {
        return;
    }
    let first = update
        .changed
        .iter()
        .find(|it| it.before.discontinuity_sequence != it.after.discontinuity_sequence);
    if let Some(Changed { before, after, .. }) = first {
        let (was, is) = (before.discontinuity_sequence, after.discontinuity_sequence);
        let sequence = after.sequence;
        faults.add(format!(
            "segment {sequence} had the discontinuity sequence number {was} and has {is}"
        ));
    } else if let (Some(last), Some(next)) = (before.segments.last(), update.added.first())
        && next.discontinuity_sequence < last.discontinuity_sequence
    {
        let (was, is) = (last.discontinuity_sequence, next.discontinuity_sequence);
        faults.add(format!("the discontinuity sequence number went from {was} to {is}"));
    }
}

fn nothing_goes_back(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(before) = before_of(update, Step::Back) else { return };
    let last = |segments: &[Segment]| {
        segments.last().map_or_else(|| "no segment".to_owned(), |it| it.sequence.to_string())
    };
    let (was, is) = (last(&before.segments), last(&update.after.segments));
    faults.add(format!("the playlist ended with segment {was}, and then with {is}"));
}

fn window_is_long_enough(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let length: Duration = update.after.segments.iter().map(|segment| segment.duration).sum();
    let target = target_of(&update.after);
    if update.removed > 0 && length < target.saturating_mul(3) {
        let (length, target) = (length.as_secs_f64(), target.as_secs_f64());
        faults.add(format!(
            "after segments were removed it is {length:.3} s long, with a target of {target} s"
        ));
    }
}

fn segments_come_in_time(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(waited) = update.waited else { return };
    // An encoder that was away is not the server's doing, as long as it is no stall.
    let is_interrupted = update.added.first().is_some_and(|segment| segment.has_discontinuity);
    let target = target_of(&update.after);
    let limit = target.saturating_mul(3) / 2;
    if waited > limit.saturating_add(SLACK) && !is_interrupted {
        let (waited, target) = (waited.as_secs_f64(), target.as_secs_f64());
        faults.add(format!(
            "nothing new came for at least {waited:.1} s, with a target of {target} s"
        ));
    }
}

fn nothing_stalls(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    if let Some(stalled) = update.stalled {
        let limit = stall_after(&update.after).as_secs_f64();
        let stalled = stalled.as_secs_f64();
        faults.add(format!("nothing new came for {stalled:.1} s; {limit} s is the limit"));
    }
}

fn segments_come_one_by_one(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    if before_of(update, Step::On).is_none() {
        return;
    }
    // There may have been several updates since the playlist was last asked for.
    let count = update.added.len();
    let length: Duration = update.added.iter().map(|segment| segment.duration).sum();
    let each = length.checked_div(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or_default();
    let updates = update.since_poll.as_nanos().checked_div(each.as_nanos()).unwrap_or_default();
    let allowed = updates.saturating_add(1).saturating_mul(2);
    if u128::try_from(count).is_ok_and(|count| count > allowed) {
        let since = update.since_poll.as_secs_f64();
        faults.add(format!("{count} segments were added within {since:.1} s"));
    }
}

fn end_is_the_end(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let ended = before_of(update, Step::On).filter(|before| before.has_ended);
    if ended.is_none() {
        return;
    }
    if let Some(added) = update.added.first() {
        let sequence = added.sequence;
        faults.add(format!("segment {sequence} was added behind EXT-X-ENDLIST"));
    } else if !update.after.has_ended {
        faults.add("EXT-X-ENDLIST was there, and is gone");
    }
}

fn type_is_kept(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    let Some(before) = before_of(update, Step::On) else { return };
    match before.playlist_type {
        Some(PlaylistType::Event) if update.removed > 0 => {
            let removed = update.removed;
            faults.add(format!("{removed} segments left a playlist of type EVENT"));
        }
        Some(PlaylistType::Vod) if update.removed > 0 || !update.added.is_empty() => {
            let (removed, added) = (update.removed, update.added.len());
            faults.add(format!("{removed} segments left a playlist of type VOD, {added} came"));
        }
        Some(PlaylistType::Event | PlaylistType::Vod) | None => {}
    }
}

fn edge_is_near(update: &UpdateEvidence, faults: &mut Faults<'_>) {
    if let Some(lag_ms) = update.lag_ms {
        faults.add(format!("the last segment ends {lag_ms} ms before now"));
    }
}

/// The version before, if the playlist went on from it in this way.
fn before_of(update: &UpdateEvidence, step: Step) -> Option<&hls::read::MediaPlaylist> {
    update.before.as_deref().filter(|_| update.step == step)
}

/// Changes of what is still the same segment.
fn replaced_not(update: &UpdateEvidence) -> impl Iterator<Item = &Changed> {
    update.changed.iter().filter(|change| has_same_uri(&change.before, &change.after))
}

/// The tag of the first segment may leave before it, if it is counted.
fn has_other_break(change: &Changed) -> bool {
    let Changed { before, after, is_first } = change;
    let is_counted = before.discontinuity_sequence == after.discontinuity_sequence;
    before.has_discontinuity != after.has_discontinuity && !(*is_first && is_counted)
}

/// Not every segment needs a date: one may be said for the first that is listed only.
fn has_other_date(before: &Segment, after: &Segment) -> bool {
    let nanos = |segment: &Segment| segment.date.as_ref().and_then(|(_, nanos)| *nanos);
    match (nanos(before), nanos(after)) {
        (Some(before), Some(after)) => before.abs_diff(after) > DATE_SLACK_NS,
        (None, _) | (_, None) => false,
    }
}

fn has_other_key(before: &Segment, after: &Segment) -> bool {
    before.key != after.key || before.further_keys != after.further_keys
}

#[cfg(test)]
mod tests;
