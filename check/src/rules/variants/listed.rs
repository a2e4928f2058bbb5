//! What a multivariant playlist says by itself.

use std::collections::{BTreeMap, BTreeSet};

use hls::read::{Alternative, AlternativeKind, MultivariantPlaylist, Playlist, Variant};

use crate::evidence::PlaylistEvidence;
use crate::finding::Faults;

pub(super) fn entry_lists_variants(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    if playlist.is_entry && matches!(playlist.document.playlist, Playlist::Media(_)) {
        faults.add("the entry is a media playlist");
    }
}

pub(super) fn bandwidth_is_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(listed) = multivariant(playlist) else { return };
    for variant in listed.variants.iter().chain(&listed.i_frame_variants) {
        if variant.bandwidth.is_none_or(|bandwidth| bandwidth == 0) {
            let Variant { line, uri, .. } = variant;
            faults.add(format!("line {line}: {uri} has no BANDWIDTH that is a positive number"));
        }
    }
}

pub(super) fn average_is_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    missing(playlist, "AVERAGE-BANDWIDTH", |it| it.average_bandwidth.is_none(), faults);
}

pub(super) fn codecs_are_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let is_missing = |it: &Variant| it.codecs.as_ref().is_none_or(|it| it.trim().is_empty());
    missing(playlist, "CODECS", is_missing, faults);
}

pub(super) fn resolution_is_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let is_missing = |it: &Variant| has_video(it) && it.resolution.is_none();
    missing(playlist, "RESOLUTION", is_missing, faults);
}

pub(super) fn frame_rate_is_there(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let is_missing = |it: &Variant| has_video(it) && it.frame_rate_milli.is_none();
    missing(playlist, "FRAME-RATE", is_missing, faults);
}

pub(super) fn groups_are_right(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(listed) = multivariant(playlist) else { return };
    let mut groups = BTreeSet::new();
    let mut defaults = BTreeMap::new();
    for alternative in &listed.alternatives {
        groups.insert((alternative.kind, alternative.group.as_str()));
        check_alternative(alternative, faults);
        if alternative.is_default {
            let key = (alternative.kind, &alternative.group);
            if let Some(first) = defaults.insert(key, alternative.line) {
                let line = alternative.line;
                faults.add(format!("line {line}: the group has a default on line {first}"));
            }
        }
    }
    for variant in &listed.variants {
        let captions = variant.closed_captions.as_ref().filter(|group| *group != "NONE");
        let references = [
            ("AUDIO", AlternativeKind::Audio, variant.audio.as_ref()),
            ("VIDEO", AlternativeKind::Video, variant.video.as_ref()),
            ("SUBTITLES", AlternativeKind::Subtitles, variant.subtitles.as_ref()),
            ("CLOSED-CAPTIONS", AlternativeKind::ClosedCaptions, captions),
        ];
        for (name, kind, group) in references {
            let Some(group) = group.filter(|it| !groups.contains(&(kind, it.as_str()))) else {
                continue;
            };
            let line = variant.line;
            faults.add(format!("line {line}: {name} is {group:?}, and there is no such group"));
        }
    }
    check_captions(listed, faults);
}

/// RFC 8216, 4.3.4.1.
fn check_alternative(alternative: &Alternative, faults: &mut Faults<'_>) {
    use AlternativeKind::{Audio, ClosedCaptions, Subtitles, Unknown, Video};
    let Alternative { line, kind, instream_id, .. } = alternative;
    let id = instream_id.as_deref().unwrap_or_default();
    let is_captions = *kind == ClosedCaptions;
    let is_no_subtitle = matches!(kind, Audio | Video | ClosedCaptions);
    let is_kept_back = alternative.is_default && alternative.autoselect == Some(false);
    let wrong = [
        (*kind == Unknown, "TYPE is none of those that there are"),
        (alternative.group.is_empty(), "there is no GROUP-ID"),
        (alternative.name.is_empty(), "there is no NAME"),
        (*kind == Subtitles && alternative.uri.is_none(), "subtitles have no URI"),
        (is_captions && alternative.uri.is_some(), "closed captions have a URI"),
        (is_captions && !is_caption_id(id), "INSTREAM-ID is not CC1 to CC4 or SERVICE1 to 63"),
        // Sound may have one in later versions of the draft.
        (matches!(kind, Video | Subtitles) && instream_id.is_some(), "INSTREAM-ID is out of place"),
        (is_no_subtitle && alternative.is_forced, "FORCED is for subtitles only"),
        // Without AUTOSELECT, DEFAULT is enough.
        (is_kept_back, "DEFAULT is YES, and AUTOSELECT is NO"),
    ];
    for (_, what) in wrong.iter().filter(|(is_wrong, _)| *is_wrong) {
        faults.add(format!("line {line}: {what}"));
    }
}

fn is_caption_id(id: &str) -> bool {
    if let Some(service) = id.strip_prefix("SERVICE") {
        return service.parse().is_ok_and(|number: u8| (1..=63).contains(&number));
    }
    matches!(id, "CC1" | "CC2" | "CC3" | "CC4")
}

/// Where one variant says that it has none, all that have pictures must.
fn check_captions(listed: &MultivariantPlaylist, faults: &mut Faults<'_>) {
    let says_none = |it: &&Variant| it.closed_captions.as_deref() == Some("NONE");
    let Some(none) = listed.variants.iter().find(says_none) else { return };
    if let Some(some) = listed.variants.iter().find(|it| has_video(it) && !says_none(it)) {
        let (none, some) = (none.line, some.line);
        faults.add(format!("line {some}: CLOSED-CAPTIONS is not NONE, as it is on line {none}"));
    }
}

pub(super) fn nothing_is_there_twice(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let Some(listed) = multivariant(playlist) else { return };
    let mut variants = BTreeMap::new();
    for variant in &listed.variants {
        // One playlist may be listed with each group that goes with it.
        let Variant { line, uri, audio, video, subtitles, closed_captions, .. } = variant;
        if let Some(first) = variants.insert((uri, audio, video, subtitles, closed_captions), line)
        {
            faults.add(format!("line {line}: {uri} is a variant on line {first} already"));
        }
    }
    let mut names = BTreeMap::new();
    for Alternative { line, kind, group, name, .. } in &listed.alternatives {
        if let Some(first) = names.insert((kind, group, name), line) {
            faults.add(format!("line {line}: {name:?} is in the group on line {first} already"));
        }
    }
}

fn missing(
    playlist: &PlaylistEvidence<'_>,
    name: &str,
    is_missing: impl Fn(&Variant) -> bool,
    faults: &mut Faults<'_>,
) {
    let Some(listed) = multivariant(playlist) else { return };
    for Variant { line, uri, .. } in listed.variants.iter().filter(|it| is_missing(it)) {
        faults.add(format!("line {line}: {uri} has no {name}"));
    }
}

fn multivariant<'a>(playlist: &PlaylistEvidence<'a>) -> Option<&'a MultivariantPlaylist> {
    match &playlist.document.playlist {
        Playlist::Multivariant(listed) => Some(listed),
        Playlist::Media(_) | Playlist::None => None,
    }
}

/// Whether a variant says that it has pictures: one of sound alone has no size.
pub(super) fn has_video(variant: &Variant) -> bool {
    let codecs = variant.codecs.as_deref().unwrap_or_default();
    let is_video = |codec: &str| VIDEO.iter().any(|name| codec.trim().starts_with(name));
    variant.resolution.is_some()
        || variant.frame_rate_milli.is_some()
        || codecs.split(',').any(is_video)
}

/// How RFC 6381 names of video begin.
const VIDEO: [&str; 14] = [
    "avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "dav1", "vvc1", "vp08", "vp09", "av01", "mp4v",
    "vvi1", "mjpg",
];
