//! Access units in, fragments out: the bytes of a unit are copied once, from where the publisher's
//! message lies to their place in the `mdat`.

mod descriptor;
mod entry;
mod event;
mod fragment;
mod init;
mod output;
mod payload;
#[cfg(test)]
mod tests;
mod timing;

use bytes::{BufMut, Bytes, BytesMut};
use media::avc::NalError;
use media::{AccessUnit, Timestamp, Track, TrackId};
use thiserror::Error;

pub(crate) use self::entry::{put_audio, put_visual};
pub use self::event::{EVENT_BYTES_MAX, EVENTS_MAX, Event, EventScheme};
use self::output::Output;
use super::boxes::write_box;

/// Writes access units as fragmented MP4.
///
/// A segment is [`Self::begin_segment`] and then, for each of its fragments, some [`Self::write`]s
/// and a [`Self::finish_fragment`]. A segment that is cut into parts has a fragment for each part,
/// ended by [`Self::finish_part`], so parts one behind the other are the segment. Sequence numbers
/// and times go on from one segment to the next. Units of a track come in the order of their
/// decode times.
///
/// - A sample lasts until the decode time of the next one, so times continue over fragments; see
///   [`Self::finish_fragment`] for the last one. None lasts no time at all.
/// - A picture is shown when the unit says, whatever happens to its decode time.
/// - Times are counted in 90 kHz for pictures and in samples for sound.
/// - Delimiters, and parameter sets that stand in the initialization section, are left out of
///   H.264 and H.265 pictures; for AV1 see [`media::av1::Av1Config::sample`]. All other bytes are
///   as they came.
#[derive(Debug)]
pub struct Muxer {
    outputs: Vec<Output>,
    events: Vec<Event>,
    /// Of the next fragment.
    sequence_number: u32,
    /// Bytes and samples that wait for the end of the fragment.
    bytes: usize,
    samples: usize,
}

/// Why tracks cannot be put into fragmented MP4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UnsupportedTracks {
    /// There are none.
    #[error("no tracks")]
    None,
    /// There are more than the limit.
    #[error("{count} tracks, more than {limit}")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Two have the same name.
    #[error("track {0:?} is there twice")]
    Twice(TrackId),
    /// Its pictures are larger than a sample entry can say.
    #[error("pictures of {width}x{height} in track {track:?}, more than 65535 wide or high")]
    Size {
        /// The track.
        track: TrackId,
        /// Width of its pictures.
        width: u32,
        /// Height of its pictures.
        height: u32,
    },
    /// It is a video track with a codec of sound, or the other way round, or of a format that says
    /// nothing of either.
    #[error("track {0:?} is not of the kind that its codec is")]
    Kind(TrackId),
}

/// Why one unit or event cannot be written. Nothing of it was; the next one can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MuxError {
    /// It belongs to no track of the muxer.
    #[error("a unit of track {0:?}, which is not there")]
    Track(TrackId),
    /// Its time is negative, or too large for 64 bits.
    #[error("a time of {0:?}, which cannot be said")]
    Time(Timestamp),
    /// It follows more than 2^32 ticks after the unit before, or is shown 2^31 ticks away from
    /// where it is decoded.
    #[error("a unit at {0:?}, which is too far away from the one before or from its own showing")]
    Far(Timestamp),
    /// Its NAL units are not where their lengths say.
    #[error(transparent)]
    Nal(#[from] NalError),
    /// It has no bytes, or none that would be written.
    #[error("a unit of track {0:?} without content")]
    Empty(TrackId),
    /// The fragment is full. It should have been finished long before.
    #[error("a fragment of more than {bytes} bytes or {samples} samples")]
    Full {
        /// Bytes that there may be.
        bytes: usize,
        /// Samples that there may be.
        samples: usize,
    },
    /// The event's message is too long, or too many events wait.
    #[error("an event of {length} bytes behind {waiting} others, more than is kept")]
    Event {
        /// Bytes of the message.
        length: usize,
        /// Events that wait.
        waiting: usize,
    },
}

/// Tracks that one file may have: as many as a transport stream of ours.
pub const TRACKS_MAX: usize = 16;

/// Bytes of payload that a fragment may have: ten seconds of 200 Mbit/s. Offsets into a fragment
/// have 31 bits.
pub const FRAGMENT_BYTES_MAX: usize = 256 << 20;

/// Samples that a fragment may have: ten seconds of 6,500 units a second.
pub const FRAGMENT_SAMPLES_MAX: usize = 65_536;

impl Muxer {
    /// A muxer for `tracks`.
    ///
    /// # Errors
    ///
    /// When the tracks cannot be put into one file.
    pub fn new(tracks: &[Track]) -> Result<Self, UnsupportedTracks> {
        let outputs = outputs(tracks)?;
        Ok(Self { outputs, events: Vec::new(), sequence_number: 1, bytes: 0, samples: 0 })
    }

    /// Goes on with other tracks, or other parameters of the same: there is another
    /// [`Self::init_section`], and the timeline may break as in [`Self::mark_discontinuity`]. Call
    /// it between two segments: units that wait are lost. Sequence numbers go on.
    ///
    /// # Errors
    ///
    /// When the tracks cannot be put into one file; the muxer is then as it was.
    pub fn set_tracks(&mut self, tracks: &[Track]) -> Result<(), UnsupportedTracks> {
        self.outputs = outputs(tracks)?;
        (self.bytes, self.samples) = (0, 0);
        Ok(())
    }

    /// Tells that the next units do not follow the ones before in time: their decode times may be
    /// earlier. Call it between two segments.
    pub fn mark_discontinuity(&mut self) {
        self.outputs.iter_mut().for_each(Output::break_timeline);
    }

    /// The initialization section: what tracks there are and how they are coded. The same bytes
    /// until [`Self::set_tracks`].
    #[must_use]
    pub fn init_section(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(4_096);
        write_brands(&mut out, b"ftyp", b"iso6", &[b"iso6", b"mp41"], self.is_cmaf(b"cmfc"));
        init::write_moov(&self.outputs, &mut out);
        out.freeze()
    }

    /// Starts a segment: writes `styp`.
    pub fn begin_segment(&self, out: &mut BytesMut) {
        write_brands(out, b"styp", b"msdh", &[b"msdh"], self.is_cmaf(b"cmfs"));
    }

    /// Takes one unit into the fragment.
    ///
    /// # Errors
    ///
    /// When the unit cannot be written. Nothing of it is kept.
    pub fn write(&mut self, unit: &AccessUnit) -> Result<(), MuxError> {
        let output = self.outputs.iter_mut().find(|output| output.id == unit.track);
        let output = output.ok_or(MuxError::Track(unit.track))?;
        let bytes_left = FRAGMENT_BYTES_MAX.saturating_sub(self.bytes);
        if unit.payload.len() > bytes_left || self.samples >= FRAGMENT_SAMPLES_MAX {
            let (bytes, samples) = (FRAGMENT_BYTES_MAX, FRAGMENT_SAMPLES_MAX);
            return Err(MuxError::Full { bytes, samples });
        }
        self.bytes += output.take(unit)?;
        self.samples += 1;
        Ok(())
    }

    /// Takes an event; it is written in front of the fragment that is finished next.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or too many wait already.
    pub fn write_event(&mut self, event: Event) -> Result<(), MuxError> {
        event.check()?;
        let (length, waiting) = (event.message.len(), self.events.len());
        if length > EVENT_BYTES_MAX || waiting >= EVENTS_MAX {
            return Err(MuxError::Event { length, waiting });
        }
        self.events.push(event);
        Ok(())
    }

    /// Writes the fragment, if there are samples for one: the events that wait, `moof` and `mdat`.
    ///
    /// `next` tells when the unit behind this fragment will be decoded, for tracks where that is
    /// known. Then the last sample lasts until there; but a sound has an end of its own, so behind
    /// it may be a hole. Where `next` does not know, the last picture lasts as long as the one
    /// before. What was wrong with that is made up by the next sample, unless it is a hole.
    pub fn finish_fragment(
        &mut self,
        next: impl Fn(TrackId) -> Option<Timestamp>,
        out: &mut BytesMut,
    ) {
        if self.samples == 0 {
            return;
        }
        for output in &mut self.outputs {
            output.close(next(output.id));
        }
        self.write_fragment(out);
    }

    /// Writes the fragment of a part that is to be read at once, before anybody knows whether a
    /// hole follows. The picture behind it is decoded where this part ends, whenever it is shown:
    /// players let go of all pictures up to a key frame where decode times leave a hole between
    /// two fragments (W3C Media Source Extensions, 3.5.8). A part without a sample becomes a box
    /// that says nothing.
    pub fn finish_part(&mut self, next: impl Fn(TrackId) -> Option<Timestamp>, out: &mut BytesMut) {
        for output in &mut self.outputs {
            output.close_part(next(output.id));
        }
        if self.samples == 0 {
            write_box(out, b"free", |_| {});
        } else {
            self.write_fragment(out);
        }
    }

    fn write_fragment(&mut self, out: &mut BytesMut) {
        out.reserve(fragment::bytes_max(&self.events, self.bytes, self.samples));
        for event in self.events.drain(..) {
            event.write(out);
        }
        fragment::write(&mut self.outputs, self.sequence_number, out);
        self.sequence_number = self.sequence_number.wrapping_add(1);
        (self.bytes, self.samples) = (0, 0);
    }

    /// CMAF has files of one track only, so others do not name its brand.
    fn is_cmaf(&self, brand: &'static [u8; 4]) -> Option<&'static [u8; 4]> {
        (self.outputs.len() == 1).then_some(brand)
    }
}

fn outputs(tracks: &[Track]) -> Result<Vec<Output>, UnsupportedTracks> {
    let count = tracks.len();
    if count == 0 {
        return Err(UnsupportedTracks::None);
    }
    if count > TRACKS_MAX {
        return Err(UnsupportedTracks::TooMany { count, limit: TRACKS_MAX });
    }
    let mut outputs: Vec<Output> = Vec::new();
    for (track, number) in tracks.iter().zip(1..) {
        if outputs.iter().any(|output| output.id == track.id) {
            return Err(UnsupportedTracks::Twice(track.id));
        }
        outputs.push(Output::new(track, number)?);
    }
    Ok(outputs)
}

/// `ftyp` (4.3) or `styp` (8.16.2).
fn write_brands(
    out: &mut BytesMut,
    kind: &[u8; 4],
    major: &[u8; 4],
    compatible: &[&[u8; 4]],
    cmaf: Option<&[u8; 4]>,
) {
    write_box(out, kind, |out| {
        out.put_slice(major);
        out.put_u32(0);
        for brand in compatible.iter().copied().chain(cmaf) {
            out.put_slice(brand);
        }
    });
}
