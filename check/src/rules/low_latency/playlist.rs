//! What a version of a playlist shows by itself.

use std::time::Duration;

use hls::read::{HintKind, MediaPlaylist, Part, Playlist};

use crate::evidence::PlaylistEvidence;
use crate::finding::Faults;

/// Servers round both what they promise and what they list, to a millisecond at worst.
const ROUNDING: Duration = Duration::from_millis(1);

/// A frame at the lowest usual frame rate, and rounding: parts and segments are measured apart.
const FRAME: Duration = Duration::from_millis(50);

/// A media playlist that lists or promises parts.
fn low_latency<'a>(evidence: &'a PlaylistEvidence<'_>) -> Option<&'a MediaPlaylist> {
    media(evidence).filter(|playlist| playlist.part_target.is_some() || has_parts(playlist))
}

const fn media<'a>(evidence: &'a PlaylistEvidence<'_>) -> Option<&'a MediaPlaylist> {
    match &evidence.document.playlist {
        Playlist::Media(playlist) => Some(playlist),
        Playlist::Multivariant(_) | Playlist::None => None,
    }
}

fn has_parts(playlist: &MediaPlaylist) -> bool {
    !playlist.parts.is_empty() || playlist.segments.iter().any(|listed| !listed.parts.is_empty())
}

/// Each segment's parts with what they are parts of; those of the segment that is being made last.
fn parents(playlist: &MediaPlaylist) -> impl Iterator<Item = (u64, &[Part])> {
    let next = playlist.segments.last().map_or(playlist.media_sequence, |last| last.sequence + 1);
    let whole = playlist.segments.iter().map(|listed| (listed.sequence, listed.parts.as_slice()));
    whole.chain([(next, playlist.parts.as_slice())])
}

pub(super) fn none(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = media(evidence).filter(|playlist| !playlist.is_i_frames_only) else {
        return;
    };
    if !evidence.options.low_latency {
        return;
    }
    // A stream that has ended needs no parts any more; its last playlist may still say that it
    // was a low-latency one.
    if playlist.part_target.is_none() {
        faults.add("a low-latency stream is expected, but there is no EXT-X-PART-INF");
    } else if !playlist.has_ended && !playlist.segments.is_empty() && !has_parts(playlist) {
        faults.add("a low-latency stream is expected, but no EXT-X-PART is listed");
    }
}

pub(super) fn part_inf(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    if playlist.part_target.is_none() {
        faults.add("there are EXT-X-PART tags, but no EXT-X-PART-INF with a PART-TARGET");
    }
}

pub(super) fn control(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let Some(control) = playlist.server_control else {
        faults.add("there are parts, but no EXT-X-SERVER-CONTROL");
        return;
    };
    if !control.can_block_reload {
        faults.add("EXT-X-SERVER-CONTROL does not say CAN-BLOCK-RELOAD=YES");
    }
    if control.part_hold_back.is_none() {
        faults.add("EXT-X-SERVER-CONTROL has no PART-HOLD-BACK");
    }
}

/// `PART-HOLD-BACK` and `PART-TARGET`.
fn part_hold_back(evidence: &PlaylistEvidence<'_>) -> Option<(Duration, Duration)> {
    let playlist = low_latency(evidence)?;
    Some((playlist.server_control?.part_hold_back?, playlist.part_target?))
}

pub(super) fn part_hold_back_twice(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some((hold_back, target)) = part_hold_back(evidence) else { return };
    if hold_back + ROUNDING < target * 2 {
        faults.add(format!(
            "PART-HOLD-BACK is {}, less than two times PART-TARGET, which is {}",
            seconds(hold_back),
            seconds(target)
        ));
    }
}

pub(super) fn part_hold_back_thrice(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some((hold_back, target)) = part_hold_back(evidence) else { return };
    // Less than two times is another rule's.
    if hold_back + ROUNDING >= target * 2 && hold_back + ROUNDING < target * 3 {
        faults.add(format!(
            "PART-HOLD-BACK is {}, less than three times PART-TARGET, which is {}",
            seconds(hold_back),
            seconds(target)
        ));
    }
}

pub(super) fn hold_back(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = media(evidence) else { return };
    let hold_back = playlist.server_control.and_then(|control| control.hold_back);
    let (Some(hold_back), Some(target)) = (hold_back, playlist.target_duration) else { return };
    if hold_back + ROUNDING < target * 3 {
        faults.add(format!(
            "HOLD-BACK is {}, less than three times the target duration of {}",
            seconds(hold_back),
            seconds(target)
        ));
    }
}

pub(super) fn skip_until(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = media(evidence) else { return };
    let boundary = playlist.server_control.and_then(|control| control.can_skip_until);
    let (Some(boundary), Some(target)) = (boundary, playlist.target_duration) else { return };
    if boundary + ROUNDING < target * 6 {
        faults.add(format!(
            "CAN-SKIP-UNTIL is {}, less than six times the target duration of {}",
            seconds(boundary),
            seconds(target)
        ));
    }
}

pub(super) fn part_longest(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let Some(target) = playlist.part_target else { return };
    for (sequence, parts) in parents(playlist) {
        for (index, part) in parts.iter().enumerate() {
            if part.duration > target + ROUNDING {
                faults.add(format!(
                    "part {index} of segment {sequence} (line {}) lasts {}, more than \
                     PART-TARGET, which is {}",
                    part.line,
                    seconds(part.duration),
                    seconds(target)
                ));
            }
        }
    }
}

pub(super) fn part_shortest(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let Some(target) = playlist.part_target else { return };
    for (sequence, parts) in parents(playlist) {
        // The last one may be as short as it likes; so may that of the segment that is being
        // made, as long as none follows it. The draft lets a short part be independent itself; a
        // part that a key frame cuts short is passed over, too.
        for (index, pair) in parts.windows(2).enumerate() {
            let [part, next] = pair else { continue };
            let excused = part.is_independent || part.is_gap || next.is_independent || next.is_gap;
            if !excused && part.duration + ROUNDING < target * 85 / 100 {
                faults.add(format!(
                    "part {index} of segment {sequence} (line {}) lasts {}, less than 85 % of \
                     PART-TARGET, which is {}",
                    part.line,
                    seconds(part.duration),
                    seconds(target)
                ));
            }
        }
    }
}

pub(super) fn part_sum(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let mut is_first = true;
    for segment in playlist.segments.iter().filter(|segment| !segment.parts.is_empty()) {
        let sum: Duration = segment.parts.iter().map(|part| part.duration).sum();
        // Of the oldest segment that has parts, some may have been removed already.
        let is_short = !is_first && sum + FRAME < segment.duration;
        if is_short || sum > segment.duration + FRAME {
            faults.add(format!(
                "the {} parts of segment {} last {} together, its EXTINF is {}",
                segment.parts.len(),
                segment.sequence,
                seconds(sum),
                seconds(segment.duration)
            ));
        }
        is_first = false;
    }
}

pub(super) fn part_old(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let Some(target) = playlist.target_duration else { return };
    let mut behind: Duration = playlist.parts.iter().map(|part| part.duration).sum();
    for segment in playlist.segments.iter().rev() {
        // Servers remove the parts of a segment together, so that the segment's end counts.
        if behind > target * 3 + ROUNDING && !segment.parts.is_empty() {
            faults.add(format!(
                "segment {} ends {} before the end of the playlist, more than three target \
                 durations of {}, and its parts are still listed",
                segment.sequence,
                seconds(behind),
                seconds(target)
            ));
        }
        behind += segment.duration;
    }
}

pub(super) fn hint(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    let hints: Vec<_> = playlist.hints.iter().filter(|hint| hint.kind == HintKind::Part).collect();
    match (playlist.has_ended, hints.as_slice()) {
        (true, [hint, ..]) => {
            faults.add(format!("the stream has ended, but {} is hinted", hint.uri));
        }
        (true, []) => {}
        (false, []) if has_parts(playlist) => {
            faults.add("there are parts, but no EXT-X-PRELOAD-HINT of TYPE=PART");
        }
        (false, [hint, rest @ ..]) => {
            if !rest.is_empty() {
                faults.add(format!("{} parts are hinted instead of one", hints.len()));
            }
            let is_listed = parents(playlist).flat_map(|(_, parts)| parts).any(|part| {
                part.uri == hint.uri && part.byte_range.map_or(0, |range| range.start) == hint.start
            });
            if is_listed {
                faults.add(format!("{} is hinted, but it is listed already", hint.uri));
            }
        }
        (false, []) => {}
    }
}

pub(super) fn dates(evidence: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(playlist) = low_latency(evidence) else { return };
    // A delta update may skip what has one, and the first segment may still be in the making.
    if playlist.skip.is_some() || playlist.segments.is_empty() {
        return;
    }
    if !playlist.segments.iter().any(|segment| segment.date.is_some()) {
        faults.add(format!(
            "none of {} segments has EXT-X-PROGRAM-DATE-TIME",
            playlist.segments.len()
        ));
    }
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}
