//! Playlists, read by m3u8-rs and by quick-m3u8.

mod said;
#[cfg(test)]
mod tests;

use std::panic::catch_unwind;
use std::time::Duration;

use hls::read::Playlist;
use m3u8_rs::Playlist as Theirs;
use quick_m3u8::config::ParsingOptions;
use quick_m3u8::tag::KnownTag;
use quick_m3u8::tag::hls::Tag;
use quick_m3u8::{HlsLine, Reader};
use said::{Said, Segment, Variant};

use crate::evidence::PlaylistEvidence;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "PL-SECOND",
    severity: Severity::Should,
    reference: "practice",
    requirement: "Other readers of playlists understand the same.",
    remedy: "Write the playlist more plainly: players have readers of their own, and some will \
             understand it otherwise, too.",
    test: Test::Playlist(others_agree),
}];

/// How long the others take for a longer one is not known, and each version is read. It is a
/// playlist of ten thousand segments.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What another reader has read, or why it could not.
type Reading = fn(&str) -> Result<Said, String>;

/// Both others must say what we read, as far as they can say it.
pub(super) fn others_agree(playlist: &PlaylistEvidence<'_>, faults: &mut Faults<'_>) {
    let document = playlist.document;
    let Ok(text) = std::str::from_utf8(playlist.text) else { return };
    // What is malformed was said, and each reads it in its way. None of the others knows variables.
    let is_out = text.len() > TEXT_BYTES_MAX || text.contains("#EXT-X-DEFINE");
    if is_out || !document.faults.is_empty() || matches!(document.playlist, Playlist::None) {
        return;
    }
    let ours = Said::of(&document.playlist);
    let readers: [(&str, Reading); 2] = [("m3u8-rs", m3u8_rs), ("quick-m3u8", quick_m3u8)];
    for (name, read) in readers {
        // They have panicked on other texts, such as on what is not UTF-8; what they do must not
        // end an exam.
        let theirs = catch_unwind(|| read(text)).unwrap_or_else(|_| Err("it panics".to_owned()));
        let difference = match theirs {
            Ok(theirs) => ours.difference(&theirs),
            Err(why) => Some(format!("it is no playlist: {why}")),
        };
        if let Some(difference) = difference {
            faults.add(format!("{name} reads it otherwise: {difference}"));
        }
    }
}

fn m3u8_rs(text: &str) -> Result<Said, String> {
    // It needs the last line to end.
    let text = format!("{}\n", text.trim_end());
    let read = m3u8_rs::parse_playlist_res(text.as_bytes());
    let playlist = read.map_err(|why| why.to_string().chars().take(80).collect::<String>())?;
    Ok(match playlist {
        Theirs::MasterPlaylist(listed) => Said {
            version: number(listed.version),
            variants: Some(
                listed.variants.iter().filter(|it| !it.is_i_frame).map(variant).collect(),
            ),
            ..Said::default()
        },
        Theirs::MediaPlaylist(media) => Said {
            version: number(media.version),
            target_duration: Some(media.target_duration),
            media_sequence: media.media_sequence,
            discontinuity_sequence: media.discontinuity_sequence,
            segments: media.segments.iter().map(segment).collect(),
            variants: None,
        },
    })
}

fn number(version: Option<usize>) -> Option<u64> {
    version.and_then(|version| u64::try_from(version).ok())
}

fn variant(variant: &m3u8_rs::VariantStream) -> Variant {
    Variant {
        uri: variant.uri.clone(),
        bandwidth: Some(variant.bandwidth),
        codecs: variant.codecs.clone(),
        resolution: variant.resolution.map(|it| (it.width, it.height)),
    }
}

fn segment(segment: &m3u8_rs::MediaSegment) -> Segment {
    Segment {
        uri: segment.uri.clone(),
        duration: Duration::try_from_secs_f32(segment.duration).unwrap_or_default(),
        has_discontinuity: segment.discontinuity,
        is_gap: segment.unknown_tags.iter().any(|tag| tag.tag == "X-GAP"),
        date_ms: segment.program_date_time.as_ref().map(|it| it.timestamp_millis()),
    }
}

/// It reads lines; what they mean together is put together here.
fn quick_m3u8(text: &str) -> Result<Said, String> {
    let mut reader = Reader::from_str(text, ParsingOptions::default());
    let (mut said, mut next, mut variant) = (Said::default(), Segment::default(), None);
    loop {
        match reader.read_line() {
            Ok(None) => return Ok(said),
            Err(why) => return Err(why.to_string().chars().take(80).collect()),
            Ok(Some(HlsLine::Uri(uri))) => {
                let uri = uri.trim().to_owned();
                match variant.take() {
                    Some(variant) => {
                        let variants = said.variants.get_or_insert_default();
                        variants.push(Variant { uri, ..variant });
                    }
                    None => {
                        let segment = std::mem::take(&mut next);
                        said.segments.push(Segment { uri, ..segment });
                    }
                }
            }
            Ok(Some(HlsLine::KnownTag(KnownTag::Hls(tag)))) => {
                take_tag(tag, &mut said, &mut next, &mut variant);
            }
            Ok(Some(
                HlsLine::KnownTag(KnownTag::Custom(_))
                | HlsLine::UnknownTag(_)
                | HlsLine::Comment(_)
                | HlsLine::Blank,
            )) => {}
        }
    }
}

fn take_tag(tag: Tag<'_>, said: &mut Said, next: &mut Segment, variant: &mut Option<Variant>) {
    match tag {
        Tag::Version(tag) => said.version = Some(tag.version()),
        Tag::Targetduration(tag) => said.target_duration = Some(tag.target_duration()),
        Tag::MediaSequence(tag) => said.media_sequence = tag.media_sequence(),
        Tag::DiscontinuitySequence(tag) => {
            said.discontinuity_sequence = tag.discontinuity_sequence();
        }
        Tag::Inf(tag) => {
            next.duration = Duration::try_from_secs_f64(tag.duration()).unwrap_or_default();
        }
        Tag::Discontinuity(_) => next.has_discontinuity = true,
        Tag::Gap(_) => next.is_gap = true,
        Tag::Media(_) | Tag::IFrameStreamInf(_) | Tag::SessionData(_) | Tag::SessionKey(_) => {
            said.variants.get_or_insert_default();
        }
        Tag::StreamInf(tag) => {
            said.variants.get_or_insert_default();
            *variant = Some(Variant {
                uri: String::new(),
                bandwidth: Some(tag.bandwidth()),
                codecs: tag.codecs().map(str::to_owned),
                resolution: tag.resolution().map(|it| (it.width, it.height)),
            });
        }
        // What is not held against ours.
        Tag::M3u(_)
        | Tag::IndependentSegments(_)
        | Tag::Start(_)
        | Tag::Define(_)
        | Tag::Endlist(_)
        | Tag::PlaylistType(_)
        | Tag::IFramesOnly(_)
        | Tag::PartInf(_)
        | Tag::ServerControl(_)
        | Tag::Byterange(_)
        | Tag::Key(_)
        | Tag::Map(_)
        | Tag::ProgramDateTime(_)
        | Tag::Bitrate(_)
        | Tag::Part(_)
        | Tag::Daterange(_)
        | Tag::Skip(_)
        | Tag::PreloadHint(_)
        | Tag::RenditionReport(_)
        | Tag::ContentSteering(_) => {}
    }
}
