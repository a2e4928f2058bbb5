//! Playlists as text and as lists of segments (RFC 8216, 4).

use std::collections::BTreeSet;
use std::time::Duration;

use hls::read::{FaultKind, MediaPlaylist, Playlist, PlaylistType};

use crate::evidence::{PlaylistEvidence, PresentationEvidence};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "REACH",
        severity: Severity::Fatal,
        reference: "RFC 8216, 6.2.1",
        requirement: "The entry URL answers 200 with a playlist.",
        remedy: "Look at whether the stream is live, and at what its URL is.",
        test: Test::Exam,
    },
    Rule {
        id: "PL-EXTM3U",
        severity: Severity::Fatal,
        reference: "RFC 8216, 4.3.1.1",
        requirement: "The first line is #EXTM3U.",
        remedy: "Serve a playlist under this URL; what is there begins otherwise.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Header, faults)),
    },
    Rule {
        id: "PL-UTF8",
        severity: Severity::Must,
        reference: "RFC 8216, 4.1",
        requirement: "A playlist is UTF-8, without a byte order mark and control characters.",
        remedy: "Write the text as UTF-8, with line feeds as its only control characters.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Encoding, faults)),
    },
    Rule {
        id: "PL-MIX",
        severity: Severity::Must,
        reference: "RFC 8216, 4.1",
        requirement: "Tags of media and multivariant playlists are not mixed.",
        remedy: "List variants and segments in playlists of their own.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Mixed, faults)),
    },
    Rule {
        id: "PL-SYNTAX",
        severity: Severity::Must,
        reference: "RFC 8216, 4.1 and 4.3",
        requirement: "Tags are well formed: their values, their places, what they must have.",
        remedy: "Write the tag as its section of RFC 8216 shows it.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Syntax, faults)),
    },
    Rule {
        id: "PL-ATTR",
        severity: Severity::Must,
        reference: "RFC 8216, 4.2",
        requirement: "Attribute lists have legal names, each once, and values of the right kind \
                      without blanks.",
        remedy: "Write attributes as NAME=VALUE with commas alone between them, and quote what \
                 must be quoted.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Attribute, faults)),
    },
    Rule {
        id: "PL-VERSION",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.1.2 and 7",
        requirement: "EXT-X-VERSION is there at most once, and high enough for what is used.",
        remedy: "Raise EXT-X-VERSION to the version that is named, or leave out what needs it.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Version, faults)),
    },
    Rule {
        id: "PL-TD",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.1",
        requirement: "There is one EXT-X-TARGETDURATION, a whole number.",
        remedy: "Write the longest duration that a segment may have, rounded to whole seconds.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::TargetDuration, faults)),
    },
    Rule {
        id: "PL-TDRULE",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.1",
        requirement: "Each EXTINF, rounded to the nearest second, is at most the target duration.",
        remedy: "Make the encoder send key frames at least as often as segments are to be cut, or \
                 raise the target duration before the stream begins.",
        test: Test::Playlist(segments_are_short_enough),
    },
    Rule {
        id: "PL-TDTIGHT",
        severity: Severity::Quality,
        reference: "practice",
        requirement: "The target duration is at most half as long again as the longest segment, \
                      and a second.",
        remedy: "Set the target duration to what segments really last: players start and reload \
                 by it.",
        test: Test::Playlist(target_duration_is_near),
    },
    Rule {
        id: "PL-ORDER",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.3.2 and 4.3.3.3",
        requirement: "Sequence numbers come before the first segment.",
        remedy: "Write EXT-X-MEDIA-SEQUENCE and EXT-X-DISCONTINUITY-SEQUENCE at the top.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Order, faults)),
    },
    Rule {
        id: "PL-LIMIT",
        severity: Severity::Info,
        reference: "practice",
        requirement: "A playlist is no longer than what is examined of it.",
        remedy: "Serve a shorter window; what is beyond the limit was not examined.",
        test: Test::Playlist(|it, faults| said(it, FaultKind::Limit, faults)),
    },
    Rule {
        id: "PL-UNKNOWN",
        severity: Severity::Info,
        reference: "RFC 8216, 6.3.1",
        requirement: "There are no unknown tags.",
        remedy: "Nothing needs to be done if the tags are meant for a player that knows them.",
        test: Test::Playlist(tags_are_known),
    },
    Rule {
        id: "PL-EMPTY",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.2",
        requirement: "A playlist lists at least one segment once it is published.",
        remedy: "Answer 404 until the first segment is there.",
        test: Test::Playlist(something_is_listed),
    },
    Rule {
        id: "PL-DUPURI",
        severity: Severity::Should,
        reference: "practice",
        requirement: "A URI is not listed twice.",
        remedy: "Give each segment a name of its own: caches serve the first one for both.",
        test: Test::Playlist(uris_are_listed_once),
    },
    Rule {
        id: "PL-RELURI",
        severity: Severity::Info,
        reference: "practice",
        requirement: "URIs are relative.",
        remedy: "List relative URIs, so that a playlist works through any host and keeps a token \
                 in its path.",
        test: Test::Playlist(uris_are_relative),
    },
    Rule {
        id: "IND-HAVE",
        severity: Severity::Should,
        reference: "HLS authoring specification",
        requirement: "EXT-X-INDEPENDENT-SEGMENTS is there.",
        remedy: "Begin every segment with a key frame, and say so with EXT-X-INDEPENDENT-SEGMENTS.",
        test: Test::Presentation(independence_is_said),
    },
];

/// What the reader has noted of one kind.
fn said(playlist: &PlaylistEvidence<'_>, kind: FaultKind, faults: &mut Faults<'_>) {
    for fault in playlist.document.faults.iter().filter(|fault| fault.kind == kind) {
        faults.add(format!("line {}: {}", fault.line, fault.what));
    }
}

fn segments_are_short_enough(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(media) = media(playlist) else { return };
    let Some(target) = media.target_duration else { return };
    // Half a second and more is rounded up.
    let limit = target.saturating_add(Duration::from_millis(500));
    for segment in media.segments.iter().filter(|segment| segment.duration >= limit) {
        let (sequence, length) = (segment.sequence, segment.duration.as_secs_f64());
        let target = target.as_secs_f64();
        faults.add(format!("segment {sequence} is {length} s long, with a target of {target} s"));
    }
}

fn target_duration_is_near(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    // One or two segments do not show yet how long they are to be, and pictures alone never do.
    const SEGMENTS_MIN: usize = 3;
    let Some(media) = media(playlist).filter(|media| !media.is_i_frames_only) else { return };
    let longest = media.segments.iter().map(|segment| segment.duration).max().unwrap_or_default();
    let limit = longest.saturating_mul(3) / 2 + Duration::from_secs(1);
    if media.segments.len() >= SEGMENTS_MIN
        && let Some(target) = media.target_duration.filter(|target| *target > limit)
    {
        let (target, longest) = (target.as_secs_f64(), longest.as_secs_f64());
        faults.add(format!("the target is {target} s, and the longest segment {longest} s"));
    }
}

fn tags_are_known(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let tags = playlist.document.unknown_tags.iter().map(|(_, name)| name);
    for name in tags.collect::<BTreeSet<_>>() {
        faults.add(format!("{name} is not known"));
    }
}

fn something_is_listed(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    match &playlist.document.playlist {
        Playlist::Media(media) => {
            // One that is made of parts lists them first.
            if media.segments.is_empty() && media.parts.is_empty() && media.skip.is_none() {
                faults.add("it lists no segment");
            }
        }
        Playlist::Multivariant(listed) => {
            if listed.variants.is_empty() {
                faults.add("it lists no variant");
            }
        }
        Playlist::None => {}
    }
}

fn uris_are_listed_once(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(media) = media(playlist) else { return };
    let mut listed = BTreeSet::new();
    // What is missing may be filled with one thing.
    for segment in media.segments.iter().filter(|segment| !segment.is_gap) {
        let range = segment.byte_range.map(|range| (range.start, range.length));
        // What is complete may show a clip again; what is live would show what caches have.
        let part = if is_live(media) { 0 } else { segment.discontinuity_sequence };
        if !listed.insert((&segment.uri, range, part)) {
            let (sequence, uri) = (segment.sequence, &segment.uri);
            faults.add(format!("segment {sequence} is {uri}, which is listed before"));
        }
    }
}

fn uris_are_relative(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let uris: Vec<&str> = match &playlist.document.playlist {
        Playlist::Media(media) => media.segments.iter().map(|it| it.uri.as_str()).collect(),
        Playlist::Multivariant(listed) => listed.variants.iter().map(|it| &*it.uri).collect(),
        Playlist::None => return,
    };
    // Up to a query or a folder, only a scheme has a colon.
    let has_host = |uri: &&&str| {
        let head = uri.split(['/', '?', '#']).next().unwrap_or_default();
        uri.starts_with("//") || head.contains(':')
    };
    let count = uris.iter().filter(has_host).count();
    if let Some(first) = uris.iter().find(has_host) {
        faults.add(format!("{count} of {} URIs name their host, the first is {first}", uris.len()));
    }
}

fn independence_is_said(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    // Said of all it holds for each. Pictures alone are what they are, and so is sound.
    if presentation.multivariant.is_some_and(|listed| listed.is_independent) {
        return;
    }
    for rendition in presentation.renditions {
        let is_main = presentation.multivariant.is_none() || rendition.variant.is_some();
        let playlist = rendition.playlist;
        if is_main && !playlist.is_independent && !playlist.is_i_frames_only {
            faults.add(format!("{} does not have it", rendition.url.path()));
        }
    }
}

pub(super) fn media<'a>(playlist: &PlaylistEvidence<'a>) -> Option<&'a MediaPlaylist> {
    match &playlist.document.playlist {
        Playlist::Media(media) => Some(media),
        Playlist::Multivariant(_) | Playlist::None => None,
    }
}

/// Whether something may follow.
pub(super) fn is_live(media: &MediaPlaylist) -> bool {
    !media.has_ended && media.playlist_type != Some(PlaylistType::Vod)
}

#[cfg(test)]
pub(super) mod tests;
