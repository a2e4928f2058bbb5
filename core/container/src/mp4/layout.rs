//! The second pass: which bytes of the file are where.

use std::fmt;
use std::ops::Range;
use std::slice;

use bytes::{BufMut, Bytes, BytesMut};
use media::{Rounding, Timescale, Timestamp};
use thiserror::Error;

use super::column::{Column, Kept, Key};
use super::header::{self, ChunkPlace, Movie, Track};
use super::index::{Chunk, ExportError, File, Index, Place};
use super::segment::{Run, SegmentError, Stream, demux, rescale};

/// The file: its header, and where the rest is.
///
/// It has the tables of the header as they are sent, and beside them some 60 bytes for each segment
/// and 16 for each of its tracks.
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    header: Bytes,
    length: u64,
    files: Vec<File>,
    chunks: Vec<Chunk>,
    runs: Vec<Run>,
    /// By the number of the column; `None` for those that are not in the file.
    tracks: Vec<Option<TrackPlace>>,
}

/// A piece of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// These bytes.
    Header(Bytes),
    /// Bytes of a segment as they are.
    Copy {
        /// The segment.
        place: Place,
        /// Which of its bytes.
        range: Range<u64>,
    },
    /// Bytes of what [`Layout::payload`] makes of a transport stream.
    Payload {
        /// The segment.
        place: Place,
        /// Which of the bytes.
        range: Range<usize>,
    },
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
struct TrackPlace {
    key: Key,
    /// Which of the column's samples are in the file.
    samples: Range<u32>,
    /// Where in the header their sizes are.
    sizes_at: usize,
}

/// Which samples of a chunk are in the file: how many before are not, and how many are.
#[derive(Clone, Copy)]
struct Part {
    skipped: usize,
    samples: usize,
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
        Pieces { layout: self, at: range.start, end, copies: Vec::new().into_iter() }
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
            for run in self.chunks_of(file).iter().flat_map(|chunk| self.runs_of(chunk)) {
                let (at, bytes) = (usize::try_from(run.at), usize::try_from(run.bytes));
                let (Ok(at), Ok(bytes)) = (at, bytes) else { return Err(changed) };
                let run = segment.get(at..).and_then(|rest| rest.get(..bytes));
                out.put_slice(run.ok_or(changed)?);
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
        let bytes = |samples: &[super::segment::Sample]| {
            let bytes = samples.iter().map(|sample| u64::from(sample.bytes));
            usize::try_from(bytes.sum::<u64>()).ok()
        };
        let kept = rest.get(..part.samples)?;
        let are_same = self.sizes(track, chunk, part)?.eq(kept.iter().map(|sample| sample.bytes));
        let rest = stream.bytes().get(bytes(skipped)?..)?;
        out.put_slice(rest.get(..bytes(kept)?)?);
        are_same.then_some(())
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

    fn track(&self, chunk: &Chunk) -> Option<&TrackPlace> {
        self.tracks.get(usize::from(chunk.column))?.as_ref()
    }

    fn chunks_of(&self, file: &File) -> &[Chunk] {
        between(&self.chunks, file.chunks)
    }

    fn runs_of(&self, chunk: &Chunk) -> &[Run] {
        between(&self.runs, chunk.runs)
    }

    /// The ranges of a segment of fragments that are its samples in the file, behind so many bytes
    /// of them.
    fn copies(&self, file: &File, mut skipped: u64) -> Vec<Range<u64>> {
        let mut copies: Vec<Range<u64>> = Vec::new();
        let runs = self.chunks_of(file).iter().flat_map(|chunk| self.runs_of(chunk));
        for mut range in runs.map(|run| run.range()) {
            let passed = skipped.min(range.end - range.start);
            range.start += passed;
            skipped -= passed;
            match copies.last_mut() {
                _ if range.is_empty() => {}
                Some(last) if last.end == range.start => last.end = range.end,
                Some(_) | None => copies.push(range),
            }
        }
        copies
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

/// The pieces of a range of the file.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    layout: &'a Layout,
    at: u64,
    end: u64,
    /// What is left of the segment that is being copied.
    copies: std::vec::IntoIter<Range<u64>>,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let layout = self.layout;
        let left = self.end.checked_sub(self.at).filter(|left| *left > 0)?;
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        if let Some(rest) = layout.header.get(at..).filter(|rest| !rest.is_empty()) {
            let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            self.at += u64::try_from(length).ok()?;
            return Some(Piece::Header(layout.header.slice_ref(rest.get(..length)?)));
        }
        let behind = layout.files.partition_point(|file| file.at <= self.at);
        let file = layout.files.get(behind.checked_sub(1)?)?;
        let file_end = layout.files.get(behind).map_or(layout.length, |next| next.at);
        let (place, skipped) = (file.place, self.at - file.at);
        if file.is_transport {
            let length = left.min(file_end - self.at);
            self.at += length;
            let start = usize::try_from(skipped).ok()?;
            let range = start..start + usize::try_from(length).ok()?;
            return Some(Piece::Payload { place, range });
        }
        let range = match self.copies.next() {
            Some(range) => range,
            None => {
                self.copies = layout.copies(file, skipped).into_iter();
                self.copies.next()?
            }
        };
        let length = left.min(range.end - range.start);
        self.at += length;
        Some(Piece::Copy { place, range: range.start..range.start + length })
    }
}

impl TrackPlace {
    /// Which samples of a chunk are in the file; `None` if none are.
    fn part(&self, chunk: &Chunk) -> Option<Part> {
        part(&self.samples, chunk)
    }
}

fn part(samples: &Range<u32>, chunk: &Chunk) -> Option<Part> {
    let start = samples.start.max(chunk.first);
    let end = samples.end.min(chunk.first.saturating_add(chunk.samples));
    let samples = usize::try_from(end.checked_sub(start)?).ok().filter(|count| *count > 0)?;
    Some(Part { skipped: usize::try_from(start - chunk.first).ok()?, samples })
}

/// The values from one number on to before another.
fn between<T>(values: &[T], (from, to): (u32, u32)) -> &[T] {
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    range.and_then(|(from, to)| values.get(from..to)).unwrap_or_default()
}

pub(super) fn lay_out(index: Index) -> Result<Layout, ExportError> {
    let Index { options, mut columns, mut files, chunks, mut runs, .. } = index;
    if options.start.zip(options.end).is_some_and(|(start, end)| start >= end) {
        return Err(ExportError::Empty);
    }
    columns.iter_mut().for_each(Column::close);
    let mut kept: Vec<Option<Kept>> =
        columns.iter().map(|column| column.keep(options.start, options.end)).collect();
    for (kept, column) in kept.iter_mut().zip(&columns) {
        *kept = kept.take().filter(|kept| {
            let start = options.start.and_then(|start| from_movie(start, column.timescale));
            start.is_none_or(|start| kept.shown.end > start)
        });
    }
    // Without a start that is wanted, the first of all samples is it.
    let starts = kept.iter().zip(&columns).filter_map(|(kept, column)| {
        let start = Timestamp::new(kept.as_ref()?.shown.start, column.timescale);
        start.rescale(Timescale::MPEG, Rounding::Down).map(Timestamp::ticks)
    });
    let start = options.start.or_else(|| starts.min()).ok_or(ExportError::Empty)?;
    let mut places = vec![Vec::new(); columns.len()];
    let mut bytes = 0;
    for file in &mut files {
        file.at = bytes;
        for chunk in between(&chunks, file.chunks) {
            let number = usize::from(chunk.column);
            let (Some(column), Some(places)) = (columns.get(number), places.get_mut(number)) else {
                continue;
            };
            let kept = kept.get(number).and_then(Option::as_ref);
            let part = kept.and_then(|kept| part(&kept.samples, chunk));
            let part = part.unwrap_or(Part { skipped: 0, samples: 0 });
            let sizes = usize::try_from(chunk.first).ok().and_then(|at| column.sizes.get(at..));
            let sum = |sizes: slice::Iter<'_, u32>| sizes.map(|size| u64::from(*size)).sum::<u64>();
            let (skipped, sizes) = sizes.unwrap_or_default().split_at(part.skipped);
            let length = sum(sizes.get(..part.samples).unwrap_or_default().iter());
            trim(&mut runs, chunk.runs, sum(skipped.iter()), length);
            if part.samples > 0 {
                let samples = u32::try_from(part.samples).map_err(|_| ExportError::Time)?;
                places.push(ChunkPlace { at: bytes, samples, entry: chunk.entry });
            }
            bytes += length;
        }
    }
    let mut tracks: Vec<_> = columns
        .into_iter()
        .zip(kept)
        .zip(places)
        .zip(0..)
        .filter_map(|(((column, kept), chunks), number): (_, usize)| {
            Some(Track { number, column, kept: kept?, chunks })
        })
        .collect();
    if tracks.is_empty() {
        return Err(ExportError::Empty);
    }
    tracks.sort_by_key(|track| track.column.key);
    let mut track_places = Vec::new();
    for track in &tracks {
        if track_places.len() <= track.number {
            track_places.resize(track.number + 1, None);
        }
        let (key, samples) = (track.column.key, track.kept.samples.clone());
        if let Some(place) = track_places.get_mut(track.number) {
            *place = Some(TrackPlace { key, samples, sizes_at: 0 });
        }
    }
    let movie = Movie { start, end: options.end, created: options.created, bytes };
    let (header, sizes) = header::write(&movie, tracks)?;
    for (number, at) in sizes {
        if let Some(Some(place)) = track_places.get_mut(number) {
            place.sizes_at = at;
        }
    }
    let ahead = u64::try_from(header.len()).map_err(|_| ExportError::Time)?;
    files.iter_mut().for_each(|file| file.at += ahead);
    let length = ahead + bytes;
    Ok(Layout { header, length, files, chunks, runs, tracks: track_places })
}

/// A time of the movie in ticks of a track.
fn from_movie(time: i64, timescale: Timescale) -> Option<i64> {
    rescale(time, Timescale::MPEG, timescale)
}

/// Makes some of the runs so short that they are so many bytes behind others.
fn trim(runs: &mut [Run], (from, to): (u32, u32), mut skipped: u64, mut bytes: u64) {
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let runs = range.and_then(|(from, to)| runs.get_mut(from..to)).unwrap_or_default();
    for run in runs {
        let passed = u32::try_from(skipped).map_or(run.bytes, |skipped| skipped.min(run.bytes));
        run.at += passed;
        skipped -= u64::from(passed);
        let rest = run.bytes - passed;
        run.bytes = u32::try_from(bytes).map_or(rest, |bytes| bytes.min(rest));
        bytes -= u64::from(run.bytes);
    }
}
