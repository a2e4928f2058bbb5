//! The lines of one segment (RFC 8216, 4.3.2).
//!
//! They are the same in every version of every playlist that lists the segment: they depend on the
//! journal alone, not on what is listed before them. So they are rendered once, and what is listed
//! never changes. The one exception is a segment whose bytes are lost later (`EXT-X-GAP`), which
//! happens only before it is in an index page.

use jiff::Timestamp;
use timeline::{Container, ListedSegment, ObjectName, RenditionId, SegmentRecord};

use crate::media::{line, record_of};

/// What a segment's lines are made of.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    segment: &'a ListedSegment,
    record: Option<&'a SegmentRecord>,
    container: Container,
    names_init: bool,
}

/// The lines before a segment's parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Whether the timeline or the coding breaks (`EXT-X-DISCONTINUITY`).
    pub discontinuity: bool,
    /// What is to be read from here on, where that is something else than before (`EXT-X-MAP`).
    pub map: Option<Map>,
    /// Whether there are no bytes (`EXT-X-GAP`).
    pub is_gap: bool,
    /// When it begins, in milliseconds since the Unix epoch (`EXT-X-PROGRAM-DATE-TIME`).
    pub calendar_ms: i64,
}

/// What a player must read before segments (`EXT-X-MAP`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Map {
    /// The ownership that it was made in.
    pub epoch: u64,
    /// Its number in its rendition and epoch.
    pub number: u32,
}

impl<'a> Block<'a> {
    /// The lines of a segment in a rendition that is in `container`. Where only other renditions
    /// have the segment it is a gap, so that all count alike.
    #[must_use]
    pub fn new(segment: &'a ListedSegment, rendition: &RenditionId, container: Container) -> Self {
        let record = record_of(segment, rendition);
        let names_init = segment.new_inits.contains(rendition);
        Self { segment, record, container, names_init }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_gap(&self) -> bool {
        self.segment.gap || self.record.is_none()
    }

    /// What a player must read before the segment.
    #[must_use]
    pub fn map(&self) -> Option<Map> {
        let init = self.record.and_then(|record| record.init)?;
        Some(Map { epoch: self.segment.epoch, number: init.number })
    }

    /// Appends all lines of the segment.
    pub fn render(&self, text: &mut String) {
        self.open(text);
        self.close(text);
    }

    /// Appends the lines before the segment's parts.
    pub fn open(&self, text: &mut String) {
        let opening = Opening {
            discontinuity: self.segment.discontinuity,
            map: self.map().filter(|_| self.names_init),
            is_gap: self.is_gap(),
            calendar_ms: self.segment.calendar_ms,
        };
        opening.render(text);
    }

    /// Appends the lines behind the segment's parts.
    pub fn close(&self, text: &mut String) {
        let Self { segment, container, .. } = *self;
        let (seconds, millis) =
            (segment.length_ms.div_euclid(1_000), segment.length_ms.rem_euclid(1_000));
        line(text, format_args!("#EXTINF:{seconds}.{millis:03},"));
        let name = ObjectName::Segment { sequence: segment.sequence, container };
        line(text, format_args!("{}/{name}", segment.epoch));
    }
}

impl Opening {
    /// Appends the lines.
    pub fn render(&self, text: &mut String) {
        if self.discontinuity {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if let Some(map) = self.map {
            map.render(text);
        }
        if self.is_gap {
            text.push_str("#EXT-X-GAP\n");
        }
        if let Ok(date) = Timestamp::from_millisecond(self.calendar_ms) {
            line(text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{date:.3}"));
        }
    }
}

impl Map {
    /// Appends the line.
    pub fn render(&self, text: &mut String) {
        let name = ObjectName::Init { number: self.number };
        line(text, format_args!("#EXT-X-MAP:URI=\"{}/{name}\"", self.epoch));
    }
}
