//! A multivariant playlist for those who may not have all of it.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::read::{Alternative, AlternativeKind, MultivariantPlaylist, Playlist, Variant, read};

/// How much of a stream somebody may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limit {
    /// The tallest picture, in pixels.
    pub height_max: Option<u32>,
    /// The highest `BANDWIDTH`, in bits per second.
    pub bitrate_max: Option<u64>,
}

impl Limit {
    /// `text`, a multivariant playlist, with the variants only that are within the limit, and the
    /// groups (RFC 8216, 4.3.4.1.1) that those name; or `None` where all of it is. If no variant
    /// is within the limit the least one stays: whoever may watch sees something. Of what is no
    /// multivariant playlist all stays.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let Playlist::Multivariant(playlist) = read(text.as_bytes()).playlist else { return None };
        let gone = self.lines_out(&playlist);
        if gone.is_empty() {
            return None;
        }
        let mut left = String::with_capacity(text.len());
        let mut is_uri_out = false;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let is_uri = !line.starts_with('#') && !line.trim().is_empty();
            let is_out = gone.contains(&number) || (is_uri && is_uri_out);
            // The URI of a variant is the next line that is one (RFC 8216, 4.3.4.2).
            if line.starts_with(VARIANT) {
                is_uri_out = is_out;
            }
            if !is_out {
                left.push_str(line);
            }
        }
        Some(left)
    }

    /// The lines of the tags that go, from 1.
    fn lines_out(&self, playlist: &MultivariantPlaylist) -> BTreeSet<usize> {
        let MultivariantPlaylist { variants, i_frame_variants, alternatives, .. } = playlist;
        let least = variants.iter().min_by_key(|variant| (rate(variant), height(variant)));
        let (mut stay, mut go): (Vec<&Variant>, Vec<&Variant>) =
            variants.iter().partition(|variant| self.allows(variant));
        if stay.is_empty() {
            stay.extend(least);
            go.retain(|variant| Some(variant.line) != least.map(|least| least.line));
        }
        go.extend(i_frame_variants.iter().filter(|variant| !self.allows(variant)));
        let names = |variants: &[&Variant], it: &Alternative| {
            variants.iter().any(|variant| group(variant, it.kind) == Some(it.group.as_str()))
        };
        let groups = alternatives.iter().filter(|it| names(&go, it) && !names(&stay, it));
        let tags = go.iter().map(|variant| variant.line);
        tags.chain(groups.map(|it| it.line)).collect()
    }

    fn allows(&self, variant: &Variant) -> bool {
        let is_low = self.height_max.is_none_or(|max| height(variant) <= u64::from(max));
        is_low && self.bitrate_max.is_none_or(|max| rate(variant) <= max)
    }
}

/// A variant that does not say its rate, as it must, may have any.
fn rate(variant: &Variant) -> u64 {
    variant.bandwidth.unwrap_or(u64::MAX)
}

/// Without a resolution there is no picture.
fn height(variant: &Variant) -> u64 {
    variant.resolution.map_or(0, |(_, height)| height)
}

/// The group of a kind that a variant names.
fn group(variant: &Variant, kind: AlternativeKind) -> Option<&str> {
    match kind {
        AlternativeKind::Audio => variant.audio.as_deref(),
        AlternativeKind::Video => variant.video.as_deref(),
        AlternativeKind::Subtitles => variant.subtitles.as_deref(),
        AlternativeKind::ClosedCaptions => variant.closed_captions.as_deref(),
        AlternativeKind::Unknown => None,
    }
}

const VARIANT: &str = "#EXT-X-STREAM-INF:";
