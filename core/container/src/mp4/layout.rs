//! The second pass: which bytes of the file are where.

use std::fmt;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::column::Key;
use super::index::{Chunk, File, Place};
use super::pieces::{Pieces, Stretch};
use super::segment::{Run, SegmentError, Stream, demux};

/// The file: its header, and where the rest is.
///
/// It has the tables of the header as they are sent, and beside them some 60 bytes for each segment
/// and 16 for each of its tracks.
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    pub(super) header: Bytes,
    pub(super) length: u64,
    pub(super) files: Vec<File>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) runs: Vec<Run>,
    /// By the number of the column; `None` for those that are not in the file.
    pub(super) tracks: Vec<Option<TrackPlace>>,
}

/// Why a segment cannot be put into the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PayloadError {
    /// It cannot be read.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// It is not what it was when it was added.
    #[error("segment {} of rendition {} is not what it was", .0.segment, .0.lane)]
    Changed(Place),
    /// There is no such segment in the file.
    #[error("no segment {} of rendition {}", .0.segment, .0.lane)]
    Unknown(Place),
}

/// A track that is in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TrackPlace {
    pub(super) key: Key,
    /// Which of the column's samples are in the file.
    pub(super) samples: Range<u32>,
    /// Where in the header their sizes are.
    pub(super) sizes_at: usize,
    /// The parameter sets of each of its sample entries, and the number of the first sample that
    /// they stand before: see `Column::sets`.
    pub(super) sets: Vec<Bytes>,
    pub(super) sets_from: Option<u32>,
}

/// Which samples of a chunk are in the file: how many before are not, and how many are.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) skipped: usize,
    pub(super) samples: usize,
}

impl Layout {
    /// How long the file is.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// How much of the file comes before the samples.
    #[must_use]
    pub const fn header_length(&self) -> usize {
        self.header.len()
    }

    /// The pieces that a range of the file consists of, in their order; none is empty. What is
    /// behind the end of the file is left out.
    #[must_use]
    pub fn pieces(&self, range: Range<u64>) -> Pieces<'_> {
        let end = range.end.min(self.length);
        Pieces::new(self, range.start..end)
    }

    /// The samples of a segment as they are in the file, from the bytes of the whole segment.
    ///
    /// # Errors
    ///
    /// When the segment does not have the samples that it had when it was added.
    pub fn payload(&self, place: Place, segment: &[u8]) -> Result<Bytes, PayloadError> {
        let found = self.files.binary_search_by_key(&place, |file| file.place);
        let file = found.ok().and_then(|index| self.files.get(index));
        let file = file.ok_or(PayloadError::Unknown(place))?;
        let mut out = BytesMut::new();
        let changed = PayloadError::Changed(place);
        if file.is_transport {
            let (_, streams) = demux(segment)?;
            for chunk in self.chunks_of(file) {
                self.put_stream(chunk, &streams, &mut out).ok_or(changed)?;
            }
        } else {
            for stretch in self.stretches(file, 0) {
                let range = match stretch {
                    Stretch::Bytes(bytes) => {
                        out.put_slice(&bytes);
                        continue;
                    }
                    Stretch::Copy(range) => range,
                };
                let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let bytes = range.and_then(|(start, end)| segment.get(start..end));
                out.put_slice(bytes.ok_or(changed)?);
            }
        }
        Ok(out.freeze())
    }

    /// Puts out what is in the file of a chunk of a transport stream, if the samples are as many
    /// and as long as they were.
    fn put_stream(&self, chunk: &Chunk, streams: &[Stream], out: &mut BytesMut) -> Option<()> {
        let Some(track) = self.track(chunk) else { return Some(()) };
        let mut alike = streams.iter().filter(|stream| stream.kind == track.key.kind);
        let stream = alike.nth(track.key.number)?;
        let samples = stream.samples();
        if u32::try_from(samples.len()) != Ok(chunk.samples) {
            return None;
        }
        let Some(part) = track.part(chunk) else { return Some(()) };
        let (skipped, rest) = samples.split_at_checked(part.skipped)?;
        let skipped: u64 = skipped.iter().map(|sample| u64::from(sample.bytes)).sum();
        let mut bytes = stream.bytes().get(usize::try_from(skipped).ok()?..)?;
        let sets = track.sets(chunk);
        let sizes = self.sizes(track, chunk, part)?;
        for (sample, size) in rest.get(..part.samples)?.iter().zip(sizes) {
            let sets = if sample.has_entry() { sets } else { &[] };
            let (data, behind) = bytes.split_at_checked(usize::try_from(sample.bytes).ok()?)?;
            if usize::try_from(size) != Ok(sets.len() + data.len()) {
                return None;
            }
            out.put_slice(sets);
            out.put_slice(data);
            bytes = behind;
        }
        Some(())
    }

    /// The sizes in the header of the samples of a chunk that are in the file.
    fn sizes(
        &self,
        track: &TrackPlace,
        chunk: &Chunk,
        part: Part,
    ) -> Option<impl Iterator<Item = u32>> {
        let first = usize::try_from(chunk.first).ok()? + part.skipped;
        let number = first.checked_sub(usize::try_from(track.samples.start).ok()?)?;
        let sizes = self.header.get(track.sizes_at + number * 4..)?;
        let sizes = sizes.get(..part.samples * 4)?.as_chunks().0;
        Some(sizes.iter().map(|size| u32::from_be_bytes(*size)))
    }

    pub(super) fn track(&self, chunk: &Chunk) -> Option<&TrackPlace> {
        self.tracks.get(usize::from(chunk.column))?.as_ref()
    }

    pub(super) fn chunks_of(&self, file: &File) -> &[Chunk] {
        between(&self.chunks, file.chunks)
    }

    pub(super) fn runs_of(&self, chunk: &Chunk) -> &[Run] {
        between(&self.runs, chunk.runs)
    }
}

impl fmt::Debug for Layout {
    /// Without the tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("length", &self.length)
            .field("header_length", &self.header.len())
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl TrackPlace {
    /// The parameter sets that stand in a chunk before samples that decoding can start with.
    pub(super) fn sets(&self, chunk: &Chunk) -> &[u8] {
        let has_sets = self.sets_from.is_some_and(|from| chunk.first >= from);
        let index = chunk.index().filter(|_| has_sets);
        index.and_then(|index| self.sets.get(index)).map_or(&[], |sets| &sets[..])
    }

    /// Which samples of a chunk are in the file; `None` if none are.
    fn part(&self, chunk: &Chunk) -> Option<Part> {
        part(&self.samples, chunk)
    }
}

pub(super) fn part(samples: &Range<u32>, chunk: &Chunk) -> Option<Part> {
    let start = samples.start.max(chunk.first);
    let end = samples.end.min(chunk.first.saturating_add(chunk.samples));
    let samples = usize::try_from(end.checked_sub(start)?).ok().filter(|count| *count > 0)?;
    Some(Part { skipped: usize::try_from(start - chunk.first).ok()?, samples })
}

/// The values from one number on to before another.
pub(super) fn between<T>(values: &[T], (from, to): (u32, u32)) -> &[T] {
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    range.and_then(|(from, to)| values.get(from..to)).unwrap_or_default()
}
