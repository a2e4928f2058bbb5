//! Initialization sections.

use bytes::Bytes;

use super::boxes::{Body, Boxes};
use super::{Fault, ReadError, Reader, SampleEntry, TRACK_BOXES_MAX, TrackInfo, note};
use crate::fmp4::FourCc;

pub(super) fn read(section: Bytes) -> Result<Reader, ReadError> {
    let mut reader = Reader { tracks: Vec::new(), brands: Vec::new(), faults: Vec::new() };
    let mut has_movie = false;
    for (body, index) in Boxes::new(section).zip(0..) {
        let body = body?;
        if index > TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "boxes", limit: TRACK_BOXES_MAX });
        }
        match &body.kind.0 {
            b"ftyp" if index == 0 => reader.brands = body.brands()?,
            b"moov" if !has_movie => {
                has_movie = true;
                read_movie(body, &mut reader)?;
            }
            b"free" | b"skip" | b"uuid" if index > 0 => {}
            _ => note(&mut reader.faults, Fault::Misplaced(body.kind)),
        }
    }
    if reader.brands.is_empty() {
        return Err(ReadError::Missing(FourCc(*b"ftyp")));
    }
    if !has_movie {
        return Err(ReadError::Missing(FourCc(*b"moov")));
    }
    Ok(reader)
}

fn read_movie(movie: Body, reader: &mut Reader) -> Result<(), ReadError> {
    movie.child(b"mvhd")?;
    let mut extends = Vec::new();
    for (body, index) in movie.boxes().zip(0..) {
        let body = body?;
        if index > TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "tracks", limit: TRACK_BOXES_MAX });
        }
        match &body.kind.0 {
            b"trak" => {
                let track = read_track(&body, &mut reader.faults)?;
                if reader.tracks.iter().any(|other| other.id == track.id) {
                    return Err(ReadError::Invalid(body.kind));
                }
                reader.tracks.push(track);
            }
            b"mvex" => {
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
    for track in reader.tracks.iter().filter(|track| track.defaults.is_none()) {
        note(&mut reader.faults, Fault::NoDefaults(track.id));
    }
    Ok(())
}

fn read_track(track: &Body, faults: &mut Vec<Fault>) -> Result<TrackInfo, ReadError> {
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
    for (kind, skipped) in [(b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4)] {
        let mut counted = table.child(kind)?;
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
    Ok(TrackInfo { id, timescale, handler, entry, defaults: None })
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

/// The configuration of the codecs that are known.
pub(super) fn config(entry: &SampleEntry) -> Option<Bytes> {
    let (kind, body) = entry.boxes.iter().find(|(kind, _)| {
        let kinds =
            [b"avcC", b"hvcC", b"av1C", b"vpcC", b"esds", b"dOps", b"dfLa", b"dac3", b"dec3"];
        kinds.contains(&&kind.0)
    })?;
    let has_version = matches!(&kind.0, b"vpcC" | b"esds" | b"dfLa");
    let body = if has_version { body.get(4..)? } else { body };
    let config = if kind.0 == *b"esds" { decoder_specific(body)? } else { body };
    let (_, bytes) = entry.boxes.iter().find(|(other, _)| other == kind)?;
    Some(bytes.slice_ref(config))
}

/// What `esds` tells the decoder: the descriptor 5 in 4 in 3 (ISO/IEC 14496-1, 7.2.6).
fn decoder_specific(bytes: &[u8]) -> Option<&[u8]> {
    let (stream, _) = descriptor(bytes, 3)?;
    // ES_ID and flags, of which none may be set in files.
    let (&[_, _, 0], rest) = stream.split_first_chunk()? else { return None };
    let (config, _) = descriptor(rest, 4)?;
    let (_, rest) = config.split_at_checked(13)?;
    descriptor(rest, 5).map(|(specific, _)| specific)
}

/// The body of the descriptor at the start, if it has this tag, and what is behind it.
fn descriptor(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let mut length = 0;
    for _ in 0..4 {
        let (group, behind) = rest.split_first()?;
        rest = behind;
        length = length << 7 | usize::from(group & 0x7f);
        if group & 0x80 == 0 {
            break;
        }
    }
    rest.split_at_checked(length)
}
