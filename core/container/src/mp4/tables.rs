//! `stbl`: the tables of a track's samples (8.5 to 8.7).

use bytes::{BufMut, BytesMut};

use super::header::{ChunkPlace, Track};
use crate::fmp4::boxes::{patch_u32, write_full_box};

/// Where tables are that have been written.
#[derive(Default)]
pub(super) struct Written {
    /// Where the first size is.
    pub(super) sizes_at: usize,
    /// Where the first offset is, and what the offsets are before anything is ahead of them.
    offsets_at: usize,
    chunks: Vec<ChunkPlace>,
}

/// Bytes that the tables have at most, without those that do not grow.
pub(super) fn bytes_max(track: &Track) -> usize {
    let column = &track.column;
    let entries: usize = column.descriptions.iter().map(|it| it.entry.len()).sum();
    // Eight for an offset, twelve for how many samples there are.
    let chunks = 20 * track.chunks.len();
    let runs = 8 * (column.durations.len() + column.offsets.len());
    entries + chunks + runs + 4 * (column.sizes.len() + column.syncs.len())
}

/// How long all samples are together, in ticks of the track.
pub(super) fn duration(track: &Track) -> u64 {
    let kept = &track.kept.samples;
    let runs = track.column.durations.between(kept.start, kept.end);
    runs.map(|(count, value)| u64::from(count) * u64::from(value)).sum()
}

pub(super) fn write(track: Track, is_large: bool, out: &mut BytesMut) -> Written {
    let Track { column, kept, chunks, .. } = track;
    let kept = kept.samples;
    let mut written = Written { chunks, ..Written::default() };
    write_full_box(out, b"stsd", 0, 0, |out| {
        out.put_u32(count(column.descriptions.len()));
        column.descriptions.iter().for_each(|it| out.put_slice(&it.entry));
    });
    write_runs(b"stts", 0, column.durations.between(kept.start, kept.end), out);
    let offsets = || column.offsets.between(kept.start, kept.end);
    if offsets().any(|(_, offset)| offset != 0) {
        let version = u8::from(offsets().any(|(_, offset)| offset.cast_signed() < 0));
        write_runs(b"ctts", version, offsets(), out);
    }
    let syncs = column.syncs.iter().filter(|number| kept.contains(number));
    // All of them are if nothing is said; that is so of sound.
    let are_all = syncs.clone().count() == usize::try_from(kept.end - kept.start).unwrap_or(0);
    if column.key.kind == media::TrackKind::Video && !are_all {
        write_full_box(out, b"stss", 0, 0, |out| {
            out.put_u32(count(syncs.clone().count()));
            syncs.for_each(|number| out.put_u32(number - kept.start + 1));
        });
    }
    write_chunk_lengths(&written.chunks, out);
    write_full_box(out, b"stsz", 0, 0, |out| {
        out.put_u32(0);
        out.put_u32(kept.end - kept.start);
        written.sizes_at = out.len();
        let range = usize::try_from(kept.start).ok().zip(usize::try_from(kept.end).ok());
        let sizes = range.and_then(|(start, end)| column.sizes.get(start..end));
        sizes.unwrap_or_default().iter().for_each(|size| out.put_u32(*size));
    });
    write_full_box(out, if is_large { b"co64" } else { b"stco" }, 0, 0, |out| {
        out.put_u32(count(written.chunks.len()));
        written.offsets_at = out.len();
        out.put_bytes(0, if is_large { 8 } else { 4 } * written.chunks.len());
    });
    written
}

impl Written {
    /// Says where the chunks are: behind so many bytes.
    pub(super) fn move_by(&self, ahead: u64, is_large: bool, out: &mut [u8]) {
        let mut rest = out.get_mut(self.offsets_at..).unwrap_or_default();
        for chunk in &self.chunks {
            let at = (ahead + chunk.at).to_be_bytes();
            let [_, _, _, _, short @ ..] = at;
            let at: &[u8] = if is_large { &at } else { &short };
            let Some((field, behind)) = rest.split_at_mut_checked(at.len()) else { return };
            field.copy_from_slice(at);
            rest = behind;
        }
    }
}

/// A table of runs: how many, and of what.
fn write_runs(
    kind: &[u8; 4],
    version: u8,
    runs: impl Iterator<Item = (u32, u32)>,
    out: &mut BytesMut,
) {
    write_full_box(out, kind, version, 0, |out| {
        counted(runs, out, |(count, value), out| {
            out.put_u32(count);
            out.put_u32(value);
        });
    });
}

/// `stsc` (8.7.4): an entry for each chunk that is not like the one before.
fn write_chunk_lengths(chunks: &[ChunkPlace], out: &mut BytesMut) {
    let mut last = None;
    let changes = chunks.iter().zip(1_u32..).filter(move |(chunk, _)| {
        let is_other = last != Some((chunk.samples, chunk.entry));
        last = Some((chunk.samples, chunk.entry));
        is_other
    });
    write_full_box(out, b"stsc", 0, 0, |out| {
        counted(changes, out, |(chunk, number), out| {
            out.put_u32(number);
            out.put_u32(chunk.samples);
            out.put_u32(u32::from(chunk.entry));
        });
    });
}

/// Writes how many there are, and then each.
fn counted<T>(
    values: impl Iterator<Item = T>,
    out: &mut BytesMut,
    write: impl Fn(T, &mut BytesMut),
) {
    let at = out.len();
    out.put_u32(0);
    let mut length = 0_usize;
    for value in values {
        write(value, out);
        length += 1;
    }
    patch_u32(out, at, count(length));
}

/// There are fewer samples than 32 bits can count.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
