//! Media playlists (RFC 8216, 4.3.2 and 4.3.3).

use std::fmt::Write;

use timeline::{
    Container, DateRange, ListedSegment, OpenSegment, RenditionId, SegmentRecord, Skip, Window,
};

use crate::{Block, Delta, ENDLIST, Edge, Header, Map, version};

/// The media playlist of `rendition` as the window shows it now, or `None` while the window has no
/// segment of it. Where only other renditions have a segment it has a gap, so that all count
/// alike. `open` is the segment that is being made, and with `skip` it is an update that leaves
/// out what is old. URIs are relative to `/{app}/{stream}/{rendition}/index.m3u8`, so they inherit
/// whatever stands before it.
#[must_use]
pub fn render_media(
    window: &Window,
    open: Option<&OpenSegment>,
    rendition: &RenditionId,
    skip: Option<Skip>,
) -> Option<String> {
    let container = container_of(window.segments(), rendition)?;
    let first = window.segments().next()?;
    let block = |segment| Block::new(segment, rendition, container);
    let edge = Edge::new(window, open);
    let control = edge.control(rendition)?;
    let lengths_ms = window.segments().rev().map(|segment| segment.length_ms);
    let skip = skip.filter(|_| !window.has_ended());
    let update = skip.and_then(|it| Delta::new(it, control, lengths_ms, window.latest_at_ms()));
    let skipped = update.map_or(0, |update| update.segments);
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let gone = window.gone_date_ranges(first.calendar_ms).map(|range| range.id.as_str());
    let since_ms = update.and_then(|update| update.date_ranges_since_ms).unwrap_or(i64::MIN);
    let date_ranges = in_order(window.date_ranges_since(since_ms).cloned());
    let needed = version(container, window.segments().any(|segment| block(segment).is_gap()));
    // Who gets an update knows what the segments before it were read with.
    let map = match update {
        None => map_before(window, first.sequence, rendition),
        Some(_) => String::new(),
    };
    let header = Header {
        version: update.map_or(needed, |update| update.version().max(needed)),
        is_independent: window.segments().all(|segment| segment.independent),
        target_duration_s: window.target_duration_s()?,
        media_sequence: first.sequence,
        discontinuity_sequence: breaks_before(first),
        kind: None,
        control: &control.text(),
        date_ranges: &date_ranges,
        skip: &update.map(|update| update.text(gone)).unwrap_or_default(),
        map: &map,
    };
    let mut text = String::with_capacity(256 + window.segments().len() * 96);
    header.render(&mut text);
    for segment in window.segments().skip(skipped) {
        let block = block(segment);
        block.open(&mut text);
        edge.render_parts(&mut text, segment, rendition);
        block.close(&mut text);
    }
    edge.render_end(&mut text, rendition);
    if window.has_ended() {
        text.push_str(ENDLIST);
    }
    Some(text)
}

/// The container of a rendition: it has one only. `None` where none of `segments` is in it.
#[must_use]
pub fn container_of<'a>(
    segments: impl IntoIterator<Item = &'a ListedSegment>,
    rendition: &RenditionId,
) -> Option<Container> {
    let mut records = segments.into_iter().filter_map(|segment| record_of(segment, rendition));
    Some(records.next()?.container)
}

/// `EXT-X-DISCONTINUITY-SEQUENCE` of a playlist that begins with `first`.
#[must_use]
pub const fn breaks_before(first: &ListedSegment) -> u64 {
    first.discontinuity_sequence.saturating_sub(first.discontinuity as u64)
}

/// The line that says what the segment `sequence` is read with, if its own lines do not say it and
/// something is: see [`Header::map`].
#[must_use]
pub fn map_before(window: &Window, sequence: u64, rendition: &RenditionId) -> String {
    let mut text = String::new();
    let names_its_own =
        window.segment(sequence).is_some_and(|segment| segment.new_inits.contains(rendition));
    if !names_its_own && let Some((epoch, init)) = window.init_before(sequence, rendition) {
        Map { epoch, number: init.number }.render(&mut text);
    }
    text
}

/// Date ranges as a [`Header`] lists them: by when they begin.
#[must_use]
pub fn in_order(ranges: impl IntoIterator<Item = DateRange>) -> Vec<DateRange> {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort_by_key(|range| range.start_ms);
    ranges
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
