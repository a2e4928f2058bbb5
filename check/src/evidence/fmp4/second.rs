//! What the `mp4-atom` crate reads: the same numbers by other hands.
//!
//! It is asked for boxes that have none in them, one by one: whatever a file nests, it does not
//! nest here, and what a box makes it keep is not more than the box has.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mp4_atom::{
    Decode as _, DecodeMaybe as _, Error, FourCC, Header, Mdhd, Mfhd, Tfdt, Tfhd, Tkhd, Trex, Trun,
};

use super::{Fmp4Fragment, TrackPiece};

/// What the second reader made of something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Second<T> {
    /// It was read.
    Read(T),
    /// It was refused, or the reader gave up.
    Refused(String),
    /// There is more of it than the second reader is given.
    TooMuch,
}

/// A track of an initialization section: what has to be the same for both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecondTrack {
    /// `track_ID`.
    pub id: u32,
    /// Ticks a second.
    pub timescale: u32,
    /// Duration, bytes and flags of `trex`.
    pub defaults: Option<[u32; 3]>,
}

/// Bytes of all headers of a segment that are read a second time. Those of ten seconds have some
/// 20 KB.
const HEADER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Tracks and fragments that are read a second time: as many as the first reader reads.
const TRACKS_MAX: usize = container::fmp4::TRACK_BOXES_MAX;
const FRAGMENTS_MAX: usize = container::fmp4::SEGMENT_BOXES_MAX;

type Bytes<'a> = &'a [u8];

/// Reads an initialization section.
pub(super) fn read_init(init: &[u8]) -> Second<Vec<SecondTrack>> {
    guarded(|| {
        let (mut tracks, mut defaults) = (Vec::<SecondTrack>::new(), Vec::new());
        each(init, b"moov", &mut |movie, _| {
            each(movie, b"trak", &mut |track, _| {
                let (mut id, mut timescale) = (None, None);
                each(track, b"tkhd", &mut |_, mut whole| {
                    id = id.or(Some(Tkhd::decode(&mut whole)?.track_id));
                    Ok(())
                })?;
                each(track, b"mdia", &mut |media, _| {
                    each(media, b"mdhd", &mut |_, mut whole| {
                        timescale = timescale.or(Some(Mdhd::decode(&mut whole)?.timescale));
                        Ok(())
                    })
                })?;
                if let (Some(id), Some(timescale)) = (id, timescale)
                    && tracks.len() < TRACKS_MAX
                {
                    tracks.push(SecondTrack { id, timescale, defaults: None });
                }
                Ok(())
            })?;
            each(movie, b"mvex", &mut |extends, _| {
                each(extends, b"trex", &mut |_, mut whole| {
                    defaults.push(Trex::decode(&mut whole)?);
                    Ok(())
                })
            })
        })?;
        for trex in defaults.into_iter().take(TRACKS_MAX) {
            let of =
                [trex.default_sample_duration, trex.default_sample_size, trex.default_sample_flags];
            if let Some(track) = tracks.iter_mut().find(|track| track.id == trex.track_id) {
                track.defaults = Some(of);
            }
        }
        Ok(Some(tracks))
    })
}

/// Reads the headers of a segment whose tracks are `tracks`.
pub(super) fn read_segment(tracks: &[SecondTrack], segment: &[u8]) -> Second<Vec<Fmp4Fragment>> {
    guarded(|| {
        let (mut fragments, mut bytes) = (Vec::new(), 0);
        each(segment, b"moof", &mut |moof, whole| {
            bytes += whole.len();
            if bytes <= HEADER_BYTES_MAX && fragments.len() < FRAGMENTS_MAX {
                fragments.push(read_fragment(tracks, moof)?);
            }
            Ok(())
        })?;
        Ok((bytes <= HEADER_BYTES_MAX).then_some(fragments))
    })
}

fn read_fragment(tracks: &[SecondTrack], moof: Bytes<'_>) -> Result<Fmp4Fragment, Error> {
    let mut fragment = Fmp4Fragment { number: 0, pieces: Vec::new() };
    each(moof, b"mfhd", &mut |_, mut whole| {
        fragment.number = Mfhd::decode(&mut whole)?.sequence_number;
        Ok(())
    })?;
    each(moof, b"traf", &mut |body, _| {
        fragment.pieces.extend(read_piece(tracks, body)?);
        Ok(())
    })?;
    Ok(fragment)
}

/// Reads a `traf`; `None` if its track is not known.
fn read_piece(tracks: &[SecondTrack], body: Bytes<'_>) -> Result<Option<TrackPiece>, Error> {
    let mut header = None;
    each(body, b"tfhd", &mut |_, mut whole| {
        header = Some(Tfhd::decode(&mut whole)?);
        Ok(())
    })?;
    let Some(header) = header else { return Ok(None) };
    let Some(track) = tracks.iter().find(|track| track.id == header.track_id) else {
        return Ok(None);
    };
    let [duration, size, _] = track.defaults.unwrap_or_default();
    let duration = header.default_sample_duration.unwrap_or(duration);
    let size = header.default_sample_size.unwrap_or(size);
    let mut piece = TrackPiece { track: track.id, time: None, samples: 0, bytes: 0, ticks: 0 };
    each(body, b"tfdt", &mut |_, mut whole| {
        let time = Tfdt::decode(&mut whole)?.base_media_decode_time;
        piece.time = i64::try_from(time).ok();
        Ok(())
    })?;
    each(body, b"trun", &mut |_, mut whole| {
        let run = Trun::decode(&mut whole)?;
        piece.samples += run.samples.len();
        for sample in run.samples.iter().take(container::fmp4::SEGMENT_SAMPLES_MAX) {
            piece.bytes += u64::from(sample.size.unwrap_or(size));
            piece.ticks += u64::from(sample.duration.unwrap_or(duration));
        }
        Ok(())
    })?;
    Ok(Some(piece))
}

/// Calls `take` with the contents and with the whole of each box of a kind.
fn each<'a>(
    mut rest: Bytes<'a>,
    kind: &[u8; 4],
    take: &mut dyn FnMut(Bytes<'a>, Bytes<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    while !rest.is_empty() {
        let mut body = rest;
        let header = Header::decode_maybe(&mut body)?.ok_or(Error::OutOfBounds)?;
        let length = header.size.unwrap_or(body.len());
        let (contents, behind) = body.split_at_checked(length).ok_or(Error::OutOfBounds)?;
        if header.kind == FourCC::new(kind) {
            let (whole, _) =
                rest.split_at_checked(rest.len() - behind.len()).unwrap_or((rest, &[]));
            take(contents, whole)?;
        }
        rest = behind;
    }
    Ok(())
}

/// Whatever goes wrong in a reader that is not ours is only said.
fn guarded<T>(read: impl FnOnce() -> Result<Option<T>, Error>) -> Second<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(Some(read))) => Second::Read(read),
        Ok(Ok(None)) => Second::TooMuch,
        Ok(Err(error)) => Second::Refused(error.to_string()),
        Err(_) => Second::Refused("it panicked".to_owned()),
    }
}
