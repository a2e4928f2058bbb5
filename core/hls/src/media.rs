//! Media playlists (RFC 8216, 4.3.2 and 4.3.3).

use std::fmt::Write;

use jiff::Timestamp;
use timeline::{Container, ListedSegment, ObjectName, RenditionId, SegmentRecord, Window};

use crate::date_range;

/// The media playlist of `rendition` as the window shows it now, or `None` while the window has no
/// segment of it. Where only other renditions have a segment it has a gap, so that all count
/// alike. URIs are relative to `/{app}/{stream}/{rendition}/index.m3u8`, so they inherit whatever
/// stands before it.
#[must_use]
pub fn render_media(window: &Window, rendition: &RenditionId) -> Option<String> {
    let listed: Vec<_> =
        window.segments().map(|segment| (segment, record_of(segment, rendition))).collect();
    let container = listed.iter().find_map(|(_, record)| Some((*record)?.container))?;
    let (first, _) = listed.first()?;
    let is_gap = |(segment, record): &(&ListedSegment, Option<&SegmentRecord>)| {
        segment.gap || record.is_none()
    };
    let target_duration_s = window.target_duration_s()?;
    // Decimal EXTINF needs version 3, EXT-X-MAP version 6, EXT-X-GAP version 8 (RFC 8216bis, 8).
    let version = match () {
        () if listed.iter().any(is_gap) => 8,
        () if container == Container::Fmp4 => 6,
        () => 3,
    };
    let removed_discontinuities =
        first.discontinuity_sequence.saturating_sub(u64::from(first.discontinuity));
    let mut text = String::with_capacity(256 + listed.len() * 96);
    text.push_str("#EXTM3U\n");
    line(&mut text, format_args!("#EXT-X-VERSION:{version}"));
    if listed.iter().all(|(segment, _)| segment.independent) {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    line(&mut text, format_args!("#EXT-X-TARGETDURATION:{target_duration_s}"));
    line(&mut text, format_args!("#EXT-X-MEDIA-SEQUENCE:{}", first.sequence));
    line(&mut text, format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{removed_discontinuities}"));
    let mut date_ranges: Vec<_> = window.date_ranges().collect();
    date_ranges.sort_by_key(|range| range.start_ms);
    let mut date_ranges = date_ranges.into_iter().peekable();
    let mut map = None;
    for (segment, record) in listed {
        // Each range is said before the segment in which it begins.
        let end_ms = segment.calendar_ms.saturating_add(segment.length_ms);
        while let Some(range) = date_ranges.next_if(|range| range.start_ms < end_ms) {
            date_range::render(&mut text, range);
        }
        let mut init = None;
        if let Some(read_with) = record.and_then(|record| record.init) {
            let before = map.replace((segment.epoch, read_with.number));
            init = (before != map).then_some(read_with.number);
        }
        let is_gap = is_gap(&(segment, record));
        render_segment(&mut text, segment, container, is_gap, init);
    }
    date_ranges.for_each(|range| date_range::render(&mut text, range));
    if window.has_ended() {
        text.push_str("#EXT-X-ENDLIST\n");
    }
    Some(text)
}

/// `init` is the number of what a player must read first, where that is not what it has read
/// before.
fn render_segment(
    text: &mut String,
    segment: &ListedSegment,
    container: Container,
    is_gap: bool,
    init: Option<u32>,
) {
    if segment.discontinuity {
        text.push_str("#EXT-X-DISCONTINUITY\n");
    }
    if let Some(number) = init {
        let name = ObjectName::Init { number };
        line(text, format_args!("#EXT-X-MAP:URI=\"{}/{name}\"", segment.epoch));
    }
    if is_gap {
        text.push_str("#EXT-X-GAP\n");
    }
    if let Ok(date) = Timestamp::from_millisecond(segment.calendar_ms) {
        line(text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{date:.3}"));
    }
    let (seconds, millis) =
        (segment.length_ms.div_euclid(1_000), segment.length_ms.rem_euclid(1_000));
    line(text, format_args!("#EXTINF:{seconds}.{millis:03},"));
    let name = ObjectName::Segment { sequence: segment.sequence, container };
    line(text, format_args!("{}/{name}", segment.epoch));
}

/// The segment's record in `rendition`.
pub(crate) fn record_of<'a>(
    segment: &'a ListedSegment,
    rendition: &RenditionId,
) -> Option<&'a SegmentRecord> {
    segment.renditions.iter().find(|record| record.rendition == *rendition)
}

/// Appends a line.
pub(crate) fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}
