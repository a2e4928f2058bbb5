//! Multivariant playlists (RFC 8216, 4.3.4).

use std::collections::BTreeSet;
use std::fmt::Write;

use timeline::{Container, ListedSegment, Medium, RenditionId, SegmentRecord, VideoRange, Window};

use crate::Bandwidth;
use crate::media::line;

/// The group of sound that can be chosen instead of the variants' own.
const AUDIO_GROUP: &str = "audio";
/// The group of captions in the pictures.
const CAPTIONS_GROUP: &str = "cc";

/// What players can begin with before they know their line, in bits per second: Apple's authoring
/// rules for HLS begin with 2 Mbit/s; what encoders call 2.5 is a little less or more.
const FIRST_BITS_MAX: u64 = 2_600_000;

/// A rendition as a multivariant playlist tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its newest segment's record.
    pub record: &'a SegmentRecord,
    /// What was measured over all that can be watched.
    pub bandwidth: Bandwidth,
}

/// The list of the stream's variants as the newest segments show them, in one container, or `None`
/// while the window has none in it. Without a container it is that of the first rendition: what
/// the stream prefers. URIs are relative to `/{app}/{stream}/index.m3u8`.
#[must_use]
pub fn render_multivariant(window: &Window, container: Option<Container>) -> Option<String> {
    let shown = newest_records(window.segments()).into_iter().filter_map(|record| {
        Some(Shown { record, bandwidth: Bandwidth::measure(window, &record.rendition)? })
    });
    let shown: Vec<_> = shown.collect();
    let records = window.segments().flat_map(|segment| &segment.renditions);
    let is_independent = window.segments().all(|segment| segment.independent);
    render_variants(&shown, container, is_independent, captions(records), "")
}

/// The list of variants of a stretch of a stream: of the renditions in `shown`, in one container or
/// in that of the first of them. `captions` is what was seen, by rendition; `query` stands behind
/// every URI.
#[must_use]
pub fn render_variants(
    shown: &[Shown<'_>],
    container: Option<Container>,
    is_independent: bool,
    captions: impl IntoIterator<Item = (RenditionId, String)>,
    query: &str,
) -> Option<String> {
    let is_shown = |it: &&Shown<'_>| container.is_none_or(|only| only == it.record.container);
    let mut variants = shown.iter().filter(is_shown);
    let container = variants.find(|it| !it.record.is_alternative)?.record.container;
    let (alternatives, mut variants): (Vec<&Shown<'_>>, Vec<&Shown<'_>>) = shown
        .iter()
        .filter(|it| it.record.container == container)
        .partition(|it| it.record.is_alternative);
    first_to_play(&mut variants);
    let is_variant = |id: &RenditionId| variants.iter().any(|it| it.record.rendition == *id);
    let captions = captions.into_iter().filter(|(id, _)| is_variant(id));
    let captions: BTreeSet<String> = captions.map(|(_, name)| name).collect();
    let mut text = String::from("#EXTM3U\n");
    // Only 708 services need a version; a playlist without the tag has version 1.
    if captions.iter().any(|name| name.starts_with("SERVICE")) {
        text.push_str("#EXT-X-VERSION:7\n");
    }
    if is_independent {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    if !alternatives.is_empty() {
        render_sounds(&mut text, variants.first()?.record, &alternatives, query);
    }
    for (at, name) in captions.iter().enumerate() {
        let is_first = if at == 0 { "YES" } else { "NO" };
        line(
            &mut text,
            format_args!(
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"{CAPTIONS_GROUP}\",NAME=\"{name}\",\
                 DEFAULT={is_first},AUTOSELECT={is_first},INSTREAM-ID=\"{name}\""
            ),
        );
    }
    let dearest = alternatives
        .iter()
        .map(|it| it.bandwidth)
        .reduce(|a, b| Bandwidth { peak: a.peak.max(b.peak), average: a.average.max(b.average) });
    for Shown { record, bandwidth } in &variants {
        let mut bandwidth = *bandwidth;
        if let Some(Bandwidth { peak, average }) = dearest {
            // Any playable combination counts (RFC 8216, 4.3.4.2).
            bandwidth.peak = bandwidth.peak.saturating_add(peak);
            bandwidth.average = bandwidth.average.saturating_add(average);
        }
        let attributes = attributes(record, &alternatives, bandwidth, !captions.is_empty());
        line(&mut text, format_args!("#EXT-X-STREAM-INF:{attributes}"));
        line(&mut text, format_args!("{}/index.m3u8{query}", record.rendition));
    }
    Some(text)
}

/// Puts the variant in front that players begin with, since they know nothing of their line yet:
/// the best one that most lines carry, or the least where none is so small. The others stay in
/// their order.
fn first_to_play(variants: &mut [&Shown<'_>]) {
    let fits = |it: &&&Shown<'_>| it.bandwidth.average <= FIRST_BITS_MAX;
    let best = variants.iter().filter(fits).map(|it| it.bandwidth.average).max();
    let first = best.or_else(|| variants.iter().map(|it| it.bandwidth.average).min());
    let place = variants.iter().position(|it| Some(it.bandwidth.average) == first);
    if let Some(upto) = place.and_then(|place| variants.get_mut(..=place)) {
        upto.rotate_right(1);
    }
}

/// The newest record of every rendition since the last break: one may have nothing for a while.
#[must_use]
pub fn newest_records<'a>(
    segments: impl DoubleEndedIterator<Item = &'a ListedSegment>,
) -> Vec<&'a SegmentRecord> {
    let mut records: Vec<&SegmentRecord> = Vec::new();
    for segment in segments.rev() {
        for record in &segment.renditions {
            if !records.iter().any(|known| known.rendition == record.rendition) {
                records.push(record);
            }
        }
        if segment.discontinuity {
            break;
        }
    }
    records
}

/// Every caption that the records tell of.
pub fn captions<'a>(
    records: impl IntoIterator<Item = &'a SegmentRecord>,
) -> impl Iterator<Item = (RenditionId, String)> {
    let names = |record: &'a SegmentRecord| {
        record.captions.iter().map(|name| (record.rendition.clone(), name.clone()))
    };
    records.into_iter().flat_map(names)
}

/// The sound of the variants themselves, and what can be chosen instead.
fn render_sounds(
    text: &mut String,
    variant: &SegmentRecord,
    alternatives: &[&Shown<'_>],
    query: &str,
) {
    let mut sound = |number: usize, record: &SegmentRecord, rendition: Option<&RenditionId>| {
        let is_default = if rendition.is_none() { "YES" } else { "NO" };
        let mut list = format!(
            "TYPE=AUDIO,GROUP-ID=\"{AUDIO_GROUP}\",NAME=\"Audio {number}\",\
             DEFAULT={is_default},AUTOSELECT={is_default}"
        );
        let channels = record.tracks.iter().find_map(|track| match track.medium {
            Medium::Audio { channels, .. } => Some(channels),
            Medium::Video { .. } => None,
        });
        // Writing to a String cannot fail.
        if let Some(channels) = channels {
            let _ = write!(list, ",CHANNELS=\"{channels}\"");
        }
        if let Some(rendition) = rendition {
            let _ = write!(list, ",URI=\"{rendition}/index.m3u8{query}\"");
        }
        line(text, format_args!("#EXT-X-MEDIA:{list}"));
    };
    sound(1, variant, None);
    for (number, Shown { record, .. }) in (2..).zip(alternatives) {
        sound(number, record, Some(&record.rendition));
    }
}

fn attributes(
    record: &SegmentRecord,
    alternatives: &[&Shown<'_>],
    bandwidth: Bandwidth,
    has_captions: bool,
) -> String {
    let mut codecs: Vec<&str> = Vec::new();
    let others = alternatives.iter().flat_map(|other| &other.record.tracks);
    let tracks = record.tracks.iter().chain(others);
    for track in tracks {
        if !codecs.contains(&track.codec.as_str()) {
            codecs.push(&track.codec);
        }
    }
    let mut text = format!(
        "BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
        bandwidth.peak,
        bandwidth.average,
        codecs.join(",")
    );
    for track in &record.tracks {
        let Medium::Video { width, height, frame_rate_milli, range } = track.medium else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = write!(text, ",RESOLUTION={width}x{height}");
        if frame_rate_milli > 0 {
            let (whole, thousandths) = (frame_rate_milli / 1_000, frame_rate_milli % 1_000);
            let _ = write!(text, ",FRAME-RATE={whole}.{thousandths:03}");
        }
        match range {
            VideoRange::Sdr => {}
            VideoRange::Hlg => text.push_str(",VIDEO-RANGE=HLG"),
            VideoRange::Pq => text.push_str(",VIDEO-RANGE=PQ"),
        }
        let captions = if has_captions { "\"cc\"" } else { "NONE" };
        let _ = write!(text, ",CLOSED-CAPTIONS={captions}");
    }
    if !alternatives.is_empty() {
        let _ = write!(text, ",AUDIO=\"{AUDIO_GROUP}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::ladder;

    #[track_caller]
    fn check(averages: &[u64], expected: &[u64]) {
        let record = ladder(0).renditions.swap_remove(0);
        let shown = |average: &u64| {
            let bandwidth = Bandwidth { peak: *average, average: *average };
            Shown { record: &record, bandwidth }
        };
        let shown: Vec<_> = averages.iter().map(shown).collect();
        let mut variants: Vec<_> = shown.iter().collect();
        first_to_play(&mut variants);
        let actual: Vec<_> = variants.iter().map(|it| it.bandwidth.average).collect();
        assert_eq!(actual, expected, "{averages:?}");
    }

    #[test]
    fn players_begin_with_what_most_lines_carry() {
        check(
            &[6_000_000, 3_000_000, 2_000_000, 800_000],
            &[2_000_000, 6_000_000, 3_000_000, 800_000],
        );
        check(&[800_000, 2_000_000, 6_000_000], &[2_000_000, 800_000, 6_000_000]);
        check(&[6_000_000, 4_000_000], &[4_000_000, 6_000_000]);
        check(&[2_600_000, 1], &[2_600_000, 1]);
        check(&[9], &[9]);
        check(&[], &[]);
    }
}
