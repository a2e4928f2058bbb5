//! Initialization sections.

use bytes::Bytes;

use super::boxes::{Body, Boxes};
use super::{Fault, ReadError, Reader, SampleEntry, TRACK_BOXES_MAX, TrackInfo, note};
use crate::fmp4::FourCc;

pub(super) fn read(section: Bytes) -> Result<Reader, ReadError> {
    let mut reader = Reader::default();
    let mut has_movie = false;
    for (body, index) in Boxes::new(section).zip(0..) {
        let body = body?;
        if index > TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "boxes", limit: TRACK_BOXES_MAX });
        }
        match &body.kind.0 {
            b"ftyp" if reader.brands.is_empty() => {
                if index > 0 {
                    note(&mut reader.faults, Fault::Misplaced(body.kind));
                }
                reader.brands = body.brands()?;
            }
            b"moov" if !has_movie => {
                has_movie = true;
                read_movie(body, &mut reader)?;
            }
            b"free" | b"skip" | b"uuid" if index > 0 => {}
            _ => note(&mut reader.faults, Fault::Misplaced(body.kind)),
        }
    }
    if !has_movie {
        return Err(ReadError::Missing(FourCc(*b"moov")));
    }
    if reader.brands.is_empty() {
        note(&mut reader.faults, Fault::NoFileType);
    }
    Ok(reader)
}

fn read_movie(movie: Body, reader: &mut Reader) -> Result<(), ReadError> {
    let mut header = movie.child(b"mvhd")?;
    let (version, _) = header.version()?;
    header.versioned(version)?;
    header.versioned(version)?;
    let timescale = header.u32()?;
    let mut extends = Vec::new();
    for (body, index) in movie.boxes().zip(0..) {
        let body = body?;
        if index > TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "tracks", limit: TRACK_BOXES_MAX });
        }
        match &body.kind.0 {
            b"trak" => {
                let track = read_track(&body, timescale, &mut reader.faults)?;
                if reader.tracks.iter().any(|other| other.id == track.id) {
                    return Err(ReadError::Invalid(body.kind));
                }
                reader.tracks.push(track);
            }
            b"mvex" => {
                reader.is_fragmented = true;
                for body in body.boxes().take(TRACK_BOXES_MAX) {
                    let body = body?;
                    if body.kind.0 == *b"trex" {
                        extends.push(body);
                    }
                }
            }
            _ => {}
        }
    }
    for mut body in extends {
        body.version()?;
        let id = body.u32()?;
        body.u32()?;
        let defaults = [body.u32()?, body.u32()?, body.u32()?];
        if let Some(track) = reader.tracks.iter_mut().find(|track| track.id == id) {
            track.defaults = Some(defaults);
        }
    }
    if !reader.is_fragmented {
        note(&mut reader.faults, Fault::NotFragmented);
        return Ok(());
    }
    for track in reader.tracks.iter().filter(|track| track.defaults.is_none()) {
        note(&mut reader.faults, Fault::NoDefaults(track.id));
    }
    Ok(())
}

fn read_track(
    track: &Body,
    movie_timescale: u32,
    faults: &mut Vec<Fault>,
) -> Result<TrackInfo, ReadError> {
    let mut header = track.child(b"tkhd")?;
    let (version, _) = header.version()?;
    header.versioned(version)?;
    header.versioned(version)?;
    let id = header.u32()?;

    let media = track.child(b"mdia")?;
    let mut header = media.child(b"mdhd")?;
    let (version, _) = header.version()?;
    header.versioned(version)?;
    header.versioned(version)?;
    let timescale = header.u32()?;
    if timescale == 0 {
        return Err(ReadError::Invalid(header.kind));
    }
    let mut handler = media.child(b"hdlr")?;
    handler.skip(8)?;
    let handler = handler.four_cc()?;

    let table = media.child(b"minf")?.child(b"stbl")?;
    // Sizes and places have a box for small and one for large numbers.
    let tables = [
        (b"stts", b"stts", 4),
        (b"stsc", b"stsc", 4),
        (b"stsz", b"stz2", 8),
        (b"stco", b"co64", 4),
    ];
    for (kind, other, skipped) in tables {
        let mut counted =
            table.child(kind).or_else(|error| table.child(other).map_err(|_| error))?;
        counted.skip(skipped)?;
        if counted.u32()? != 0 {
            note(faults, Fault::SamplesInHeader(id));
        }
    }
    let mut descriptions = table.child(b"stsd")?;
    descriptions.skip(8)?;
    let missing = ReadError::Missing(descriptions.kind);
    let entry = descriptions.boxes().next().ok_or(missing)??;
    let entry = read_entry(entry, handler)?;
    let start = read_edits(track, timescale, movie_timescale).unwrap_or(0);
    Ok(TrackInfo { id, timescale, handler, start, entry, defaults: None })
}

/// Where the presentation of a track starts, by its edit list (8.6.6), if it has one that can be
/// read: where its first edit with media begins, less the empty edits before it.
fn read_edits(track: &Body, timescale: u32, movie_timescale: u32) -> Option<i64> {
    let mut list = track.child(b"edts").ok()?.child(b"elst").ok()?;
    let (version, _) = list.version().ok()?;
    let count = list.u32().ok()?;
    let mut delay = 0_i64;
    for _ in 0..count {
        let length = i64::try_from(list.versioned(version).ok()?).ok()?;
        let time = match version {
            0 => i64::from(list.u32().ok()?.cast_signed()),
            _ => list.u64().ok()?.cast_signed(),
        };
        list.skip(4).ok()?;
        if time >= 0 {
            let delay = i128::from(delay) * i128::from(timescale);
            let delay = delay.checked_div(i128::from(movie_timescale))?;
            return time.checked_sub(i64::try_from(delay).ok()?);
        }
        delay = delay.checked_add(length)?;
    }
    None
}

fn read_entry(mut entry: Body, handler: FourCc) -> Result<SampleEntry, ReadError> {
    let kind = entry.kind;
    let (mut size, mut sound) = ((0, 0), (0, 0, 0));
    entry.skip(8)?;
    match &handler.0 {
        b"vide" => {
            entry.skip(16)?;
            size = (entry.u16()?, entry.u16()?);
            entry.skip(50)?;
        }
        b"soun" => {
            entry.skip(8)?;
            sound = (entry.u16()?, entry.u16()?, 0);
            entry.skip(4)?;
            sound.2 = entry.u32()?;
        }
        _ => return Ok(SampleEntry { kind, size, sound, boxes: Vec::new() }),
    }
    let mut boxes = Vec::new();
    for body in entry.boxes() {
        let body = body?;
        if boxes.len() == TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "boxes of an entry", limit: TRACK_BOXES_MAX });
        }
        boxes.push((body.kind, body.into_rest()));
    }
    Ok(SampleEntry { kind, size, sound, boxes })
}
