//! From tables to a layout.

use media::{Rounding, Timescale, Timestamp};

use super::column::{Column, Kept};
use super::header::{self, ChunkPlace, Movie, Track};
use super::index::{Chunk, ExportError, Index, Options};
use super::layout::{Layout, Part, TrackPlace, between, part};
use super::segment::{Run, SETS, rescale};

/// A column, what of it is in the file, and where.
struct Planned {
    column: Column,
    kept: Option<Kept>,
    chunks: Vec<ChunkPlace>,
}

pub(super) fn lay_out(index: Index) -> Result<Layout, ExportError> {
    let Index { options, columns, mut files, chunks, mut runs, .. } = index;
    if options.start.zip(options.end).is_some_and(|(start, end)| start >= end) {
        return Err(ExportError::Empty);
    }
    let mut planned: Vec<_> = columns.into_iter().map(|it| Planned::new(it, &options)).collect();
    // Without a start that is wanted, the first of all samples is it.
    let start = options.start.or_else(|| planned.iter().filter_map(Planned::start).min());
    let start = start.ok_or(ExportError::Empty)?;
    let mut bytes = 0;
    for file in &mut files {
        file.at = bytes;
        for chunk in between(&chunks, file.chunks) {
            if let Some(planned) = planned.get_mut(usize::from(chunk.column)) {
                bytes += planned.place(chunk, bytes, &mut runs)?;
            }
        }
    }
    let mut track_places: Vec<_> = planned.iter().map(Planned::track_place).collect();
    let tracks = planned.into_iter().enumerate();
    let tracks = tracks.filter_map(|(number, Planned { column, kept, chunks })| {
        Some(Track { number, column, kept: kept?, chunks })
    });
    let mut tracks: Vec<_> = tracks.collect();
    if tracks.is_empty() {
        return Err(ExportError::Empty);
    }
    tracks.sort_by_key(|track| track.column.key);
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

impl Planned {
    fn new(mut column: Column, options: &Options) -> Self {
        column.close();
        let kept = column.keep(options.start, options.end);
        let start = options.start;
        let start = start.and_then(|start| rescale(start, Timescale::MPEG, column.timescale));
        // What ends before the start is there to be decoded only.
        let kept = kept.filter(|kept| start.is_none_or(|start| kept.shown.end > start));
        Self { column, kept, chunks: Vec::new() }
    }

    /// When the first sample is shown, in 90 kHz ticks: not later, so that it is shown whole.
    fn start(&self) -> Option<i64> {
        let start = Timestamp::new(self.kept.as_ref()?.shown.start, self.column.timescale);
        start.rescale(Timescale::MPEG, Rounding::Down).map(Timestamp::ticks)
    }

    /// Puts a chunk behind so many bytes: how many it has. Its runs become what is in the file.
    fn place(&mut self, chunk: &Chunk, at: u64, runs: &mut [Run]) -> Result<u64, ExportError> {
        let kept = self.kept.as_ref();
        let part = kept.and_then(|kept| part(&kept.samples, chunk));
        let part = part.unwrap_or(Part { skipped: 0, samples: 0 });
        let first = usize::try_from(chunk.first).map_err(|_| ExportError::Time)?;
        let sizes = self.column.sizes.get(first..).unwrap_or_default();
        let (skipped, sizes) = sizes.split_at_checked(part.skipped).unwrap_or_default();
        let kept = sizes.get(..part.samples).unwrap_or_default();
        let sum = |sizes: &[u32]| sizes.iter().map(|size| u64::from(*size)).sum::<u64>();
        let bytes = sum(kept);
        trim(runs, chunk.runs, sum(skipped), bytes);
        if part.samples > 0 {
            let samples = u32::try_from(part.samples).map_err(|_| ExportError::Time)?;
            self.chunks.push(ChunkPlace { at, samples, entry: chunk.entry });
        }
        Ok(bytes)
    }

    fn track_place(&self) -> Option<TrackPlace> {
        Some(TrackPlace {
            key: self.column.key,
            samples: self.kept.as_ref()?.samples.clone(),
            sizes_at: 0,
            sets: self.column.descriptions.iter().map(|it| it.sets.clone()).collect(),
            sets_from: self.column.sets_from,
        })
    }
}

/// Makes some of the runs so short that they are so many bytes behind others.
fn trim(runs: &mut [Run], (from, to): (u32, u32), mut skipped: u64, mut bytes: u64) {
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let runs = range.and_then(|(from, to)| runs.get_mut(from..to)).unwrap_or_default();
    for run in runs {
        let passed = u32::try_from(skipped).map_or(run.bytes, |skipped| skipped.min(run.bytes));
        // Parameter sets go with their sample, whole.
        if run.at != SETS {
            run.at += passed;
        }
        skipped -= u64::from(passed);
        let rest = run.bytes - passed;
        run.bytes = u32::try_from(bytes).map_or(rest, |bytes| bytes.min(rest));
        bytes -= u64::from(run.bytes);
    }
}
