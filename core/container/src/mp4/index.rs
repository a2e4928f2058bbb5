//! The first pass: segments in, tables out.

use media::{Timescale, TrackKind};
use thiserror::Error;

use super::column::{Column, Key};
use super::layout::Layout;
use super::plan::lay_out;
use super::segment::{Format, Run, SETS, Segment, Span, TrackTable};

/// Collects what [`Segment`]s have, one behind the other, and then lays out the file.
///
/// The file's time starts with the first segment and goes on from one to the next, whatever their
/// own times are. A segment that is lost is not added, and what is behind it closes up, as it does
/// at a discontinuity: a still picture for as long as the loss is nothing that anybody wants in a
/// recording, and players differ in what they make of sound that lasts longer than its frame.
#[derive(Debug)]
pub struct Index {
    pub(super) options: Options,
    /// How long all segments so far are together, in 90 kHz ticks.
    length: i64,
    pub(super) segments: usize,
    pub(super) samples: usize,
    pub(super) columns: Vec<Column>,
    pub(super) files: Vec<File>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) runs: Vec<Run>,
}

/// What is wanted of the file. Times are 90 kHz ticks of the file's time: 0 is where the first
/// segment begins, and [`Index::length`] tells where the next one will.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// When it was made, in seconds since the Unix epoch; nothing is said without.
    pub created: Option<u64>,
    /// Where it begins, to the tick, by an edit list. The file has pictures from the key frame
    /// before on, and 80 ms of sound before. Without: with the first sample.
    pub start: Option<i64>,
    /// Where it ends: likewise. Samples behind are left out. Without: with the last sample.
    pub end: Option<i64>,
}

/// Why there cannot be a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ExportError {
    /// There is too much of something.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A segment ends before it begins, or a sample lies half a day away from the one before or
    /// from its own showing.
    #[error("a time that the file cannot say")]
    Time,
    /// No sample is between start and end.
    #[error("nothing to export")]
    Empty,
}

/// Samples of all tracks. A day of 60 pictures a second with two tracks of sound has 13.3 million.
/// With `Column`'s bytes for each they are 150 MB; at worst, if no sample is like another, 500.
pub const SAMPLES_MAX: usize = 1 << 24;

/// Segments: three days of one second each.
pub const SEGMENTS_MAX: usize = 1 << 18;

/// Renditions that one file may be made of: the pictures and each choice of sound.
pub const LANES_MAX: usize = 16;

/// Tracks of the file: as many as one of fragmented MP4.
pub const TRACKS_MAX: usize = crate::fmp4::TRACKS_MAX;

/// Sample entries of a track: how often encoders may change what they send. Times they go back to
/// what they sent before do not count.
pub const ENTRIES_MAX: usize = 256;

/// One segment of one rendition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct File {
    pub(super) place: Place,
    pub(super) is_transport: bool,
    /// Which of the chunks are in it.
    pub(super) chunks: (u32, u32),
    /// Where its samples begin in the MP4 file.
    pub(super) at: u64,
}

/// Names a segment: the number of the [`Index::add`], and which of the segments that were added
/// together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The number, from 0 on.
    pub segment: u32,
    /// Which of the renditions, from 0 on.
    pub lane: u32,
}

/// The samples of one track in one segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    pub(super) column: u16,
    /// Their sample entry, from 1 on.
    pub(super) entry: u16,
    /// The number of the first one in its column, and how many they are.
    pub(super) first: u32,
    pub(super) samples: u32,
    /// Which of the runs they are, in segments of fragments.
    pub(super) runs: (u32, u32),
}

impl Chunk {
    /// The place of its sample entry among those of its track.
    pub(super) fn index(&self) -> Option<usize> {
        usize::from(self.entry).checked_sub(1)
    }
}

impl Index {
    /// Without segments.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            options,
            length: 0,
            segments: 0,
            samples: 0,
            columns: Vec::new(),
            files: Vec::new(),
            chunks: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// How long the segments so far are together, in 90 kHz ticks: where the next one begins in
    /// the file's time.
    #[must_use]
    pub const fn length(&self) -> i64 {
        self.length
    }

    /// Goes on with a segment that begins and ends at these times of its own timeline.
    ///
    /// `lanes` are the renditions of it that are wanted together, always in the same order: one
    /// with the pictures, and others with sounds to choose from. One that has nothing is
    /// [`Segment::default`]. Of pictures there is one track, the first; others are left out.
    /// Samples without a sample entry before them are left out, too: nothing could decode them.
    ///
    /// # Errors
    ///
    /// When there is more than the file can have. It is of no use then.
    pub fn add(&mut self, span: Span, lanes: &[Segment]) -> Result<(), ExportError> {
        let too_many = |what, limit| ExportError::TooMany { what, limit };
        let length = span.end.checked_sub(span.start).filter(|length| *length >= 0);
        let end = length.and_then(|length| self.length.checked_add(length));
        let end = end.ok_or(ExportError::Time)?;
        if self.segments == SEGMENTS_MAX {
            return Err(too_many("segments", SEGMENTS_MAX));
        }
        if lanes.len() > LANES_MAX {
            return Err(too_many("renditions", LANES_MAX));
        }
        let segment = u32::try_from(self.segments).map_err(|_| ExportError::Time)?;
        for (lane, (table, number)) in lanes.iter().zip(0..).enumerate() {
            let shift = table.shift(span.start).and_then(|shift| shift.checked_add(self.length));
            let shift = shift.ok_or(ExportError::Time)?;
            let place = Place { segment, lane: number };
            self.add_lane(lane, place, table, shift)?;
        }
        self.segments += 1;
        self.length = end;
        Ok(())
    }

    fn add_lane(
        &mut self,
        lane: usize,
        place: Place,
        segment: &Segment,
        shift: i64,
    ) -> Result<(), ExportError> {
        let first_chunk = self.chunks.len();
        let (mut pictures, mut sounds) = (0, 0);
        for table in &segment.tracks {
            let count = match table.kind {
                TrackKind::Video => &mut pictures,
                TrackKind::Audio => &mut sounds,
            };
            let key = Key { kind: table.kind, lane, number: *count };
            *count += 1;
            if table.samples.is_empty() {
                continue;
            }
            self.samples = self.samples.saturating_add(table.samples.len());
            if self.samples > SAMPLES_MAX {
                return Err(ExportError::TooMany { what: "samples", limit: SAMPLES_MAX });
            }
            let Some(number) = self.column(key, table.timescale)? else { continue };
            let Some(column) = self.columns.get_mut(number) else { continue };
            let first = u32::try_from(column.sizes.len()).map_err(|_| ExportError::Time)?;
            let Some(entry) = column.take(table, shift)? else { continue };
            let runs = self.runs.len();
            match u32::try_from(column.sets(entry, first).len()) {
                Ok(sets) if sets > 0 => add_sets(table, sets, &mut self.runs),
                Ok(_) | Err(_) => self.runs.extend_from_slice(&table.runs),
            }
            let count = |length| u32::try_from(length).map_err(|_| ExportError::Time);
            self.chunks.push(Chunk {
                column: u16::try_from(number).map_err(|_| ExportError::Time)?,
                entry,
                first,
                samples: count(table.samples.len())?,
                runs: (count(runs)?, count(self.runs.len())?),
            });
        }
        let count = |length| u32::try_from(length).map_err(|_| ExportError::Time);
        let chunks = (count(first_chunk)?, count(self.chunks.len())?);
        if chunks.0 < chunks.1 {
            let is_transport = matches!(segment.format, Format::Transport(_));
            self.files.push(File { place, is_transport, chunks, at: 0 });
        }
        Ok(())
    }

    /// The number of a column; `None` for pictures beside others.
    fn column(&mut self, key: Key, timescale: Timescale) -> Result<Option<usize>, ExportError> {
        if let Some(number) = self.columns.iter().position(|column| column.key == key) {
            return Ok(Some(number));
        }
        let is_video = |column: &Column| column.key.kind == TrackKind::Video;
        if key.kind == TrackKind::Video && self.columns.iter().any(is_video) {
            return Ok(None);
        }
        if self.columns.len() == TRACKS_MAX {
            return Err(ExportError::TooMany { what: "tracks", limit: TRACKS_MAX });
        }
        self.columns.push(Column::new(key, timescale));
        Ok(Some(self.columns.len() - 1))
    }

    /// Lays out the file: there are no more segments.
    ///
    /// # Errors
    ///
    /// When there is nothing in it.
    pub fn finish(self) -> Result<Layout, ExportError> {
        lay_out(self)
    }
}

/// The runs of a table with parameter sets, so many bytes, before each sample that decoding can
/// start with. What is not in a segment of fragments has no runs.
fn add_sets(table: &TrackTable, sets: u32, out: &mut Vec<Run>) {
    let first = out.len();
    let mut samples = table.samples.iter();
    for run in &table.runs {
        let mut rest = *run;
        // A run is some samples, whole.
        while rest.bytes > 0
            && let Some(sample) = samples.next()
        {
            let next = Run { at: rest.at, bytes: sample.bytes.min(rest.bytes) };
            let own = out.get_mut(first..).and_then(<[Run]>::last_mut);
            match own.filter(|last| last.end() == u64::from(next.at)) {
                _ if sample.has_entry() => out.extend([Run { at: SETS, bytes: sets }, next]),
                Some(last) => last.bytes += next.bytes,
                None => out.push(next),
            }
            rest.at += next.bytes;
            rest.bytes -= next.bytes;
        }
    }
}
