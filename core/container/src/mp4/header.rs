//! `ftyp`, `moov` and the start of `mdat` (4.3, 8.2 and 8.1.1).

use bytes::{BufMut, Bytes, BytesMut};
use media::{Timescale, TrackKind};

use super::column::{Column, Kept};
use super::index::ExportError;
use super::segment::rescale;
use super::tables;
use crate::fmp4::boxes::{write_box, write_full_box};

/// A track of the file.
pub(super) struct Track {
    /// The number of its column.
    pub(super) number: usize,
    pub(super) column: Column,
    pub(super) kept: Kept,
    pub(super) chunks: Vec<ChunkPlace>,
}

/// Samples that follow each other in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ChunkPlace {
    /// Where they begin, from the first byte of all samples on.
    pub(super) at: u64,
    pub(super) samples: u32,
    pub(super) entry: u16,
}

/// What is true of the whole file. Times are in 90 kHz.
pub(super) struct Movie {
    pub(super) start: i64,
    pub(super) end: Option<i64>,
    pub(super) created: Option<u64>,
    /// Bytes of all samples.
    pub(super) bytes: u64,
}

/// Shows some of a track's media (8.6.6).
struct Edit {
    /// In ticks of the movie.
    duration: u64,
    /// Where in the media, in ticks of the track; `None` shows nothing.
    media_time: Option<u64>,
}

/// Ticks a second of the movie: edges are exact to a tick of the timeline.
const MOVIE_TIMESCALE: Timescale = Timescale::MPEG;

/// Seconds from 1904, where the times of MP4 begin, to 1970.
const SECONDS_BEFORE_UNIX: u64 = 2_082_844_800;

/// Neither turned nor scaled: a matrix of 16.16 and 2.30 numbers (6.2.2).
const UNITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Flags of a track that is enabled, and of one that is part of the presentation (8.3.2.3).
const ENABLED: u32 = 1;
const IN_MOVIE: u32 = 2;

/// The data are in the same file (8.7.2.1).
const SELF_CONTAINED: u32 = 1;

/// The packed letters of `und`: no language is said (8.4.2.3).
const UNDETERMINED: u16 = 0x55c4;

/// Bytes of all boxes of a movie, and of a track, that do not grow.
const FIXED_BYTES: usize = 1_024;

/// The header, and for each track the number of its column and where the sizes of its samples are.
pub(super) fn write(
    movie: &Movie,
    tracks: Vec<Track>,
) -> Result<(Bytes, Vec<(usize, usize)>), ExportError> {
    let tables: usize = tracks.iter().map(|track| FIXED_BYTES + tables::bytes_max(track)).sum();
    let bytes_max = FIXED_BYTES + tables;
    let end_max = u64::try_from(bytes_max).ok().and_then(|max| max.checked_add(movie.bytes));
    let is_large = u32::try_from(end_max.ok_or(ExportError::Time)?).is_err();
    let mut out = BytesMut::with_capacity(bytes_max);
    write_box(&mut out, b"ftyp", |out| {
        out.put_slice(b"isom");
        out.put_u32(0x200);
        out.put_slice(b"isomiso6mp41");
    });
    let mut written = Vec::new();
    let mut edits = Vec::new();
    for track in &tracks {
        edits.push(edits_of(movie, track).ok_or(ExportError::Time)?);
    }
    write_box(&mut out, b"moov", |out| {
        let duration = edits.iter().map(|edits| duration_of(edits)).max().unwrap_or(0);
        write_movie_header(movie, duration, tracks.len(), out);
        let mut has_sound = false;
        for ((track, edits), id) in tracks.into_iter().zip(&edits).zip(1..) {
            // Of sounds to choose from, the first is the one that is heard.
            let is_audio = track.column.key.kind == TrackKind::Audio;
            let flags = if is_audio && has_sound { IN_MOVIE } else { ENABLED | IN_MOVIE };
            has_sound |= is_audio;
            write_box(out, b"trak", |out| {
                write_track_header(movie, &track, id, (flags, duration_of(edits)), out);
                write_edits(edits, out);
                written.push(write_media(movie, track, is_large, out));
            });
        }
    });
    write_mdat(movie.bytes, &mut out);
    let ahead = u64::try_from(out.len()).map_err(|_| ExportError::Time)?;
    let mut sizes = Vec::new();
    for (number, table) in written {
        table.move_by(ahead, is_large, &mut out);
        sizes.push((number, table.sizes_at));
    }
    Ok((out.freeze(), sizes))
}

/// Where `mdat` begins: what is behind are the samples.
fn write_mdat(bytes: u64, out: &mut BytesMut) {
    const SHORT: u64 = 8;
    const LONG: u64 = 16;

    if let Ok(length) = u32::try_from(bytes.saturating_add(SHORT)) {
        out.put_u32(length);
        out.put_slice(b"mdat");
    } else {
        out.put_u32(1);
        out.put_slice(b"mdat");
        out.put_u64(bytes.saturating_add(LONG));
    }
}

/// What is shown of a track: nothing until it begins, if others begin before, and then all that is
/// between the edges.
fn edits_of(movie: &Movie, track: &Track) -> Option<Vec<Edit>> {
    let Track { column, kept, .. } = track;
    let of_track = |time| rescale(time, Timescale::MPEG, column.timescale);
    let of_movie = |time| rescale(time, column.timescale, MOVIE_TIMESCALE);
    let start = of_track(movie.start)?;
    let end = movie.end.map_or(Some(i64::MAX), of_track)?.min(kept.shown.end);
    let shown = start.max(kept.shown.start)..end;
    // Differences of rounded edges: what follows begins where what is before ends.
    let delay = of_movie(shown.start)?.checked_sub(of_movie(start)?)?;
    let duration = of_movie(shown.end)?.checked_sub(of_movie(shown.start)?)?.max(0);
    let media_time = shown.start.checked_sub(kept.first_dts)?.max(0);
    let shown = Edit {
        duration: u64::try_from(duration).ok()?,
        media_time: Some(u64::try_from(media_time).ok()?),
    };
    let delay = u64::try_from(delay).ok().filter(|delay| *delay > 0);
    let delay = delay.map(|duration| Edit { duration, media_time: None });
    Some(delay.into_iter().chain([shown]).collect())
}

fn duration_of(edits: &[Edit]) -> u64 {
    edits.iter().map(|edit| edit.duration).sum()
}

/// 1, which has 64 bits, if some of the numbers need more than 32; otherwise 0.
fn version_for(numbers: &[u64]) -> u8 {
    u8::from(numbers.iter().any(|number| u32::try_from(*number).is_err()))
}

/// Writes a number with 64 bits in version 1, and 32 before.
fn put_versioned(version: u8, number: u64, out: &mut BytesMut) {
    match u32::try_from(number) {
        Ok(number) if version == 0 => out.put_u32(number),
        Ok(_) | Err(_) => out.put_u64(number),
    }
}

fn created(movie: &Movie) -> u64 {
    movie.created.map_or(0, |seconds| seconds.saturating_add(SECONDS_BEFORE_UNIX))
}

fn write_movie_header(movie: &Movie, duration: u64, tracks: usize, out: &mut BytesMut) {
    let created = created(movie);
    let version = version_for(&[created, duration]);
    write_full_box(out, b"mvhd", version, 0, |out| {
        put_versioned(version, created, out);
        put_versioned(version, created, out);
        out.put_u32(MOVIE_TIMESCALE.hz());
        put_versioned(version, duration, out);
        out.put_u32(0x1_0000); // rate
        out.put_u16(0x100); // volume
        out.put_bytes(0, 10);
        UNITY.iter().for_each(|number| out.put_u32(*number));
        out.put_bytes(0, 24);
        out.put_u32(u32::try_from(tracks + 1).unwrap_or(u32::MAX)); // next_track_ID
    });
}

fn write_track_header(
    movie: &Movie,
    track: &Track,
    id: u32,
    (flags, duration): (u32, u64),
    out: &mut BytesMut,
) {
    let is_audio = track.column.key.kind == TrackKind::Audio;
    let created = created(movie);
    let version = version_for(&[created, duration]);
    write_full_box(out, b"tkhd", version, flags, |out| {
        put_versioned(version, created, out);
        put_versioned(version, created, out);
        out.put_u32(id);
        out.put_u32(0);
        put_versioned(version, duration, out);
        out.put_bytes(0, 8);
        out.put_u16(0); // layer
        out.put_u16(u16::from(is_audio)); // alternate_group
        out.put_u16(if is_audio { 0x100 } else { 0 }); // volume
        out.put_u16(0);
        UNITY.iter().for_each(|number| out.put_u32(*number));
        let description = track.column.descriptions.first();
        let size = description.map_or([0, 0], |description| description.shown_size);
        size.iter().for_each(|number| out.put_u32(*number));
    });
}

fn write_edits(edits: &[Edit], out: &mut BytesMut) {
    // In version 0, times have 31 bits: -1 says that nothing is shown.
    let doubled = edits.iter().filter_map(|edit| edit.media_time?.checked_mul(2));
    let durations = edits.iter().map(|edit| edit.duration);
    let version = version_for(&durations.chain(doubled).collect::<Vec<_>>());
    write_box(out, b"edts", |out| {
        write_full_box(out, b"elst", version, 0, |out| {
            out.put_u32(u32::try_from(edits.len()).unwrap_or(u32::MAX));
            for edit in edits {
                put_versioned(version, edit.duration, out);
                match edit.media_time {
                    Some(time) => put_versioned(version, time, out),
                    None if version == 0 => out.put_i32(-1),
                    None => out.put_i64(-1),
                }
                out.put_u32(0x1_0000); // media_rate
            }
        });
    });
}

/// Writes `mdia`; the number of the track's column and what is to be done about its tables.
fn write_media(
    movie: &Movie,
    track: Track,
    is_large: bool,
    out: &mut BytesMut,
) -> (usize, tables::Written) {
    let number = track.number;
    let is_audio = track.column.key.kind == TrackKind::Audio;
    let mut written = tables::Written::default();
    write_box(out, b"mdia", |out| {
        let created = created(movie);
        let duration = tables::duration(&track);
        let version = version_for(&[created, duration]);
        write_full_box(out, b"mdhd", version, 0, |out| {
            put_versioned(version, created, out);
            put_versioned(version, created, out);
            out.put_u32(track.column.timescale.hz());
            put_versioned(version, duration, out);
            out.put_u16(UNDETERMINED);
            out.put_u16(0);
        });
        write_full_box(out, b"hdlr", 0, 0, |out| {
            out.put_u32(0);
            out.put_slice(if is_audio { b"soun" } else { b"vide" });
            out.put_bytes(0, 12);
            out.put_slice(if is_audio { b"Audio\0" } else { b"Video\0" });
        });
        write_box(out, b"minf", |out| {
            if is_audio {
                write_full_box(out, b"smhd", 0, 0, |out| out.put_bytes(0, 4));
            } else {
                write_full_box(out, b"vmhd", 0, 1, |out| out.put_bytes(0, 8));
            }
            write_box(out, b"dinf", |out| {
                write_full_box(out, b"dref", 0, 0, |out| {
                    out.put_u32(1);
                    write_full_box(out, b"url ", 0, SELF_CONTAINED, |_| {});
                });
            });
            write_box(out, b"stbl", |out| written = tables::write(track, is_large, out));
        });
    });
    (number, written)
}
