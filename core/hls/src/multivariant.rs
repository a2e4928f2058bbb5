//! Multivariant playlists (RFC 8216, 4.3.4).

use std::collections::BTreeSet;
use std::fmt::Write;

use timeline::{Container, Medium, RenditionId, SegmentRecord, VideoRange, Window};

use crate::Bandwidth;
use crate::media::line;

/// The group of sound that can be chosen instead of the variants' own.
const AUDIO_GROUP: &str = "audio";
/// The group of captions in the pictures.
const CAPTIONS_GROUP: &str = "cc";

/// The list of the stream's variants as the newest segments show them, in one container, or `None`
/// while the window has none in it. Without a container it is that of the first rendition: what
/// the stream prefers. URIs are relative to `/{app}/{stream}/index.m3u8`.
#[must_use]
pub fn render_multivariant(window: &Window, container: Option<Container>) -> Option<String> {
    let is_shown = |record: &&SegmentRecord| container.is_none_or(|it| it == record.container);
    let records = newest_records(window);
    let mut shown = records.iter().copied().filter(is_shown);
    let container = shown.find(|record| !record.is_alternative)?.container;
    let (alternatives, variants): (Vec<&SegmentRecord>, Vec<&SegmentRecord>) = records
        .into_iter()
        .filter(|record| record.container == container)
        .partition(|record| record.is_alternative);
    let captions = captions(window, &variants);
    let mut text = String::from("#EXTM3U\n");
    // Only 708 services need a version; a playlist without the tag has version 1.
    if captions.iter().any(|name| name.starts_with("SERVICE")) {
        text.push_str("#EXT-X-VERSION:7\n");
    }
    if window.segments().all(|segment| segment.independent) {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    if !alternatives.is_empty() {
        render_sounds(&mut text, variants.first()?, &alternatives);
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
        .filter_map(|record| Bandwidth::measure(window, &record.rendition))
        .reduce(|a, b| Bandwidth { peak: a.peak.max(b.peak), average: a.average.max(b.average) });
    for record in &variants {
        let mut bandwidth = Bandwidth::measure(window, &record.rendition)?;
        if let Some(Bandwidth { peak, average }) = dearest {
            // Any playable combination counts (RFC 8216, 4.3.4.2).
            bandwidth.peak = bandwidth.peak.saturating_add(peak);
            bandwidth.average = bandwidth.average.saturating_add(average);
        }
        let attributes = attributes(record, &alternatives, bandwidth, !captions.is_empty());
        line(&mut text, format_args!("#EXT-X-STREAM-INF:{attributes}"));
        line(&mut text, format_args!("{}/index.m3u8", record.rendition));
    }
    Some(text)
}

/// The newest record of every rendition since the last break: one may have nothing for a while.
fn newest_records(window: &Window) -> Vec<&SegmentRecord> {
    let mut records: Vec<&SegmentRecord> = Vec::new();
    for segment in window.segments().rev() {
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

/// The sound of the variants themselves, and what can be chosen instead.
fn render_sounds(text: &mut String, variant: &SegmentRecord, alternatives: &[&SegmentRecord]) {
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
            let _ = write!(list, ",URI=\"{rendition}/index.m3u8\"");
        }
        line(text, format_args!("#EXT-X-MEDIA:{list}"));
    };
    sound(1, variant, None);
    for (number, record) in (2..).zip(alternatives) {
        sound(number, record, Some(&record.rendition));
    }
}

/// Every caption that the window's segments of the variants have shown.
fn captions(window: &Window, variants: &[&SegmentRecord]) -> BTreeSet<String> {
    let is_variant =
        |record: &&SegmentRecord| variants.iter().any(|v| v.rendition == record.rendition);
    window
        .segments()
        .flat_map(|segment| segment.renditions.iter().filter(is_variant))
        .flat_map(|record| record.captions.iter().cloned())
        .collect()
}

fn attributes(
    record: &SegmentRecord,
    alternatives: &[&SegmentRecord],
    bandwidth: Bandwidth,
    has_captions: bool,
) -> String {
    let mut codecs: Vec<&str> = Vec::new();
    let tracks = record.tracks.iter().chain(alternatives.iter().flat_map(|other| &other.tracks));
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
