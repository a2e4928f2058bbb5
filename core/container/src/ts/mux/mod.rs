//! Access units in, packets out, in one pass: the bytes of a unit are copied once, from where the
//! publisher's message lies to their place in the packets.

mod group;
mod id3;
mod output;
mod picture;
mod sink;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use media::avc::NalError;
use media::{AccessUnit, Codec, Rounding, Timescale, Timestamp, Track, TrackId, TrackKind};
use thiserror::Error;

pub use self::group::AUDIO_GROUP;
use self::id3::Id3;
pub use self::id3::{ID3_BYTES_MAX, ID3_WAITING_MAX};
use self::output::Output;
use self::sink::{Sink, Writer};
use super::packet::{Pid, write_null_packet};
use super::psi::{self, ProgramMap, write_pat};

/// Writes access units as a transport stream with one program.
///
/// A segment is [`Self::begin`], some [`Self::write`]s and [`Self::finish_segment`]; continuity
/// counters and clock go on from one to the next. A part of a segment is some writes and
/// [`Self::finish_part`]: parts one behind the other are the segment. Units come in the order of
/// their decode times; a track may be up to a few hundred milliseconds behind another.
///
/// - The clock stays [`super::PCR_LEAD_TICKS`] behind the decode times, never goes back and has a
///   reference at least every [`super::PCR_INTERVAL_TICKS`]: packets without payload carry those
///   that no unit brings.
/// - Every picture gets an access unit delimiter, every one that decoding can start with the
///   parameter sets that it does not bring itself, every AAC frame an ADTS header. All other bytes
///   are as they came.
/// - A picture that is to be shown before it is decoded keeps the time of showing; decode times
///   move back, see [`super::REORDER_TICKS_MAX`].
#[derive(Debug)]
pub struct Muxer {
    outputs: Vec<Output>,
    program: ProgramMap,
    sink: Sink,
    id3: Option<Id3>,
    audio_group_ticks: i64,
}

/// Why tracks cannot be put into a transport stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UnsupportedTracks {
    /// ADTS cannot say how an AAC track is coded: see [`media::aac::AacConfig::adts_header`].
    #[error("the AAC configuration of track {0:?} cannot be said in ADTS")]
    Adts(TrackId),
    /// A transport stream has no place for the codec of a track, or players do not look for it
    /// there.
    #[error("{codec} of track {track:?} is not for MPEG-TS; fragmented MP4 can carry it")]
    Codec {
        /// The track.
        track: TrackId,
        /// Its codec.
        codec: Codec,
    },
    /// There are none.
    #[error("no tracks")]
    None,
    /// There are more than a program map has room for.
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
}

/// Why one unit cannot be written. Nothing of it was; the next one can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MuxError {
    /// It belongs to no track of the muxer.
    #[error("a unit of track {0:?}, which is not there")]
    Track(TrackId),
    /// Its time does not fit 64 bits at 90 kHz.
    #[error("a unit at {0:?}, which is beyond all times")]
    Time(Timestamp),
    /// Its NAL units are not where their lengths say.
    #[error(transparent)]
    Nal(#[from] NalError),
    /// It has no bytes.
    #[error("a unit of track {0:?} without content")]
    Empty(TrackId),
    /// It is longer than an ADTS header or a PES packet can say.
    #[error("an audio frame of {length} bytes, more than {limit}")]
    FrameTooLong {
        /// Its bytes.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The muxer was not told that there would be ID3 tags: see [`Muxer::with_timed_id3`].
    #[error("an ID3 tag for a program without a stream of them")]
    NoId3Stream,
    /// Something else than an ID3 tag of version 2.
    #[error("a tag that does not start with ID3")]
    NotId3,
    /// It is longer than a PES packet can say.
    #[error("an ID3 tag of {length} bytes, more than {limit}")]
    Id3TooLong {
        /// Its bytes.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Too many tags wait for the first unit of a segment.
    #[error("more than {limit} ID3 tags before the first unit of a segment")]
    Id3Waiting {
        /// How many there may be.
        limit: usize,
    },
}

/// Tracks that one program may have: 11. The program map has to fit a packet, whatever the codecs,
/// and with timed ID3 tags.
pub const TRACKS_MAX: usize = psi::STREAMS_MAX;

/// Carries the program map.
const PMT_PID: Pid = Pid::from_bits(0x1000);

impl Muxer {
    /// A muxer for `tracks`.
    ///
    /// # Errors
    ///
    /// When the tracks cannot be put into one transport stream.
    pub fn new(tracks: &[Track]) -> Result<Self, UnsupportedTracks> {
        let mut muxer = Self {
            outputs: Vec::new(),
            program: ProgramMap {
                version: 0,
                pcr_pid: Pid::NULL,
                descriptors: Bytes::new(),
                streams: Vec::new(),
            },
            sink: Sink::default(),
            id3: None,
            audio_group_ticks: duration_ticks(AUDIO_GROUP),
        };
        muxer.set_tracks(tracks)?;
        muxer.program.version = 0;
        Ok(muxer)
    }

    /// Puts up to `length` of audio into one PES packet; zero is a packet for each frame.
    #[must_use]
    pub fn with_audio_group(mut self, length: Duration) -> Self {
        self.audio_group_ticks = duration_ticks(length);
        self
    }

    /// Goes on with other tracks, or other parameters of the same. Call it between
    /// [`Self::finish_segment`] and [`Self::begin`]: audio that still waits of a track that leaves
    /// or changes is lost. The program map gets a new version if it changes.
    ///
    /// # Errors
    ///
    /// When the tracks cannot be put into one transport stream; the muxer is then as it was.
    pub fn set_tracks(&mut self, tracks: &[Track]) -> Result<(), UnsupportedTracks> {
        let count = tracks.len();
        if count > TRACKS_MAX {
            return Err(UnsupportedTracks::TooMany { count, limit: TRACKS_MAX });
        }
        let mut outputs: Vec<Output> = Vec::new();
        for track in tracks {
            if outputs.iter().any(|output| output.id == track.id) {
                return Err(UnsupportedTracks::Twice(track.id));
            }
            outputs.push(Output::new(track)?);
        }
        outputs.sort_by_key(|output| output.pid);
        // The clock goes with the pictures if there are any.
        let is_video = |output: &&Output| output.id.kind == TrackKind::Video;
        let clock = outputs.iter().find(is_video).or_else(|| outputs.first());
        let pcr_pid = clock.ok_or(UnsupportedTracks::None)?.pid;
        let id3 = self.id3.as_ref().map(|_| Id3::stream());
        let streams: Vec<_> = outputs.iter().map(Output::stream).chain(id3).collect();
        if self.program.streams != streams || self.program.pcr_pid != pcr_pid {
            self.program.version = (self.program.version + 1) & 0x1f;
            (self.program.pcr_pid, self.program.streams) = (pcr_pid, streams);
        }
        for output in &mut outputs {
            if let Some(old) = self.outputs.iter_mut().find(|old| old.id == output.id) {
                output.take_over(old);
            }
        }
        self.outputs = outputs;
        Ok(())
    }

    /// Tells that the next unit does not follow the one before in time: the clock starts anew, and
    /// its next reference says so.
    pub fn mark_discontinuity(&mut self) {
        self.sink.clock.break_timeline();
        self.outputs.iter_mut().for_each(Output::break_timeline);
    }

    /// Starts a segment: writes program association and program map.
    pub fn begin(&mut self, out: &mut BytesMut) {
        write_pat(out, self.sink.continuity(Pid::PAT), PMT_PID);
        self.program.write(out, self.sink.continuity(PMT_PID), PMT_PID);
        self.sink.clock.begin_segment();
    }

    /// Writes one unit. Audio may wait for more of it.
    ///
    /// # Errors
    ///
    /// When the unit cannot be written. Nothing of it was.
    pub fn write(&mut self, unit: &AccessUnit, out: &mut BytesMut) -> Result<(), MuxError> {
        let (pts, dts) = (ticks(unit.pts)?, ticks(unit.dts)?);
        let mut writer = Writer { sink: &mut self.sink, pcr_pid: self.program.pcr_pid, out };
        if unit.track.kind == TrackKind::Video {
            let waited_since = dts.saturating_sub(self.audio_group_ticks);
            for output in &mut self.outputs {
                output.flush_older(waited_since, &mut writer);
            }
        }
        let output = self.outputs.iter_mut().find(|output| output.id == unit.track);
        let output = output.ok_or(MuxError::Track(unit.track))?;
        output.write(unit, (pts, dts), self.audio_group_ticks, &mut writer)?;
        if let Some(id3) = &mut self.id3
            && !writer.sink.clock.is_due()
        {
            id3.flush(&mut writer);
        }
        Ok(())
    }

    /// Ends a segment: writes the audio and the ID3 tags that wait.
    pub fn finish_segment(&mut self, out: &mut BytesMut) {
        let mut writer = Writer { sink: &mut self.sink, pcr_pid: self.program.pcr_pid, out };
        self.outputs.iter_mut().for_each(|output| output.flush(&mut writer));
        self.id3.iter_mut().for_each(|id3| id3.flush(&mut writer));
    }

    /// Ends a part of a segment, which began in `out` at `start`: writes what waits, so that it
    /// ends with whole PES packets. A part without anything becomes a packet that says nothing.
    pub fn finish_part(&mut self, start: usize, out: &mut BytesMut) {
        self.finish_segment(out);
        if out.len() <= start {
            write_null_packet(out);
        }
    }
}

/// A time in 90 kHz ticks; exact to half a tick, since each is rounded on its own.
fn ticks(time: Timestamp) -> Result<i64, MuxError> {
    let rescaled = time.rescale(Timescale::MPEG, Rounding::Nearest);
    rescaled.map(Timestamp::ticks).ok_or(MuxError::Time(time))
}

fn duration_ticks(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX).saturating_mul(90)
}
