//! What is to be said at a moment of the stream, besides its media.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use timeline::{Attribute, DateRange};

/// Something at a moment of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cue {
    /// Something about a stretch of time that begins at this moment, for the playlists.
    DateRange(NewDateRange),
    /// An ID3 tag, for the segments: timed metadata in MPEG-TS, an `emsg` box in fMP4.
    Id3(Bytes),
    /// A segment is to begin here, or at the next moment from which decoding can start.
    Cut,
}

/// A [`DateRange`] whose place on the calendar is not known yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDateRange {
    /// Names the range within the stream.
    pub id: String,
    /// Ranges of one class have attributes of one meaning.
    pub class: Option<String>,
    /// How long it is, in milliseconds, if that is known.
    pub duration_ms: Option<u64>,
    /// How long it is meant to be, in milliseconds.
    pub planned_duration_ms: Option<u64>,
    /// Further attributes, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// Whether the stream is spliced here, so that a segment must begin.
    pub is_splice: bool,
    /// After how many milliseconds the stream comes back by itself, so that a segment must begin.
    pub returns_after_ms: Option<u64>,
}

/// Cues that wait for their moment at most: a later one takes the place of the oldest.
const CUES_MAX: usize = 64;

/// Cues in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Cues<T> {
    waiting: VecDeque<(T, Cue)>,
    pub(crate) dropped: u64,
}

impl NewDateRange {
    /// The range at its place.
    pub(crate) fn at(self, start_ms: i64) -> DateRange {
        DateRange {
            id: self.id,
            class: self.class,
            start_ms,
            duration_ms: self.duration_ms,
            planned_duration_ms: self.planned_duration_ms,
            attributes: self.attributes,
        }
    }
}

impl<T: PartialOrd> Cues<T> {
    pub(crate) fn push(&mut self, at: T, cue: Cue) {
        if self.waiting.len() >= CUES_MAX {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back((at, cue));
    }

    /// The next cue whose moment is not after `until`.
    pub(crate) fn pop(&mut self, until: &T) -> Option<(T, Cue)> {
        let at = self.waiting.iter().position(|(at, _)| at <= until)?;
        self.waiting.remove(at)
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (T, Cue)> {
        self.waiting.drain(..)
    }
}
