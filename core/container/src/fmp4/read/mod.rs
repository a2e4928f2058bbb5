//! Boxes in, samples out: a strict reader, for tests and for examining streams.

mod boxes;
mod codec;
mod fragment;
mod init;
mod message;
mod outline;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use media::Codec;
use thiserror::Error;

pub use self::outline::{HEADER_BYTES_MAX, Outline};
use super::FourCc;

/// Reads fragmented MP4: [`Self::open`] an initialization section, then [`Self::read_segment`] what
/// goes with it.
///
/// Boxes that are not whole end reading with an error. Whatever else is wrong is a [`Fault`], and
/// reading goes on. Boxes that are not known are passed over. A reader without tracks, the default,
/// reads all of a segment but its samples.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reader {
    tracks: Vec<TrackInfo>,
    brands: Vec<FourCc>,
    faults: Vec<Fault>,
    is_fragmented: bool,
}

/// What an initialization section says of a track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackInfo {
    /// `track_ID`.
    pub id: u32,
    /// Ticks a second of its times; not 0.
    pub timescale: u32,
    /// What kind of track it is: `vide`, `soun`.
    pub handler: FourCc,
    /// Where its presentation starts on its own timeline, in its ticks, by its edit list; 0 if it
    /// has none. Only what shifts the whole track counts: an empty edit, and the first other one.
    pub start: i64,
    /// How its samples are coded.
    pub entry: SampleEntry,
    /// What `trex` says of samples that say nothing themselves: duration, bytes and flags.
    pub defaults: Option<[u32; 3]>,
}

/// How the samples of a track are coded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampleEntry {
    /// The codec.
    pub kind: FourCc,
    /// Width and height of pictures; 0 for sound.
    pub size: (u16, u16),
    /// Channels, bits of a sample and samples a second in 16.16; 0 for pictures.
    pub sound: (u16, u16, u32),
    /// The boxes in it: their kinds and contents.
    pub boxes: Vec<(FourCc, Bytes)>,
}

/// What a segment has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Segment {
    /// What is at its top, in its order.
    pub boxes: Vec<FourCc>,
    /// Its brands; none if there is no `styp`.
    pub brands: Vec<FourCc>,
    /// Its fragments, in their order.
    pub fragments: Vec<Fragment>,
    /// Its events.
    pub messages: Vec<MessageBox>,
    /// What must not be.
    pub faults: Vec<Fault>,
}

/// A `moof` with its `mdat`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fragment {
    /// Its number, which grows.
    pub sequence_number: u32,
    /// What it says of each track.
    pub tracks: Vec<TrackFragment>,
    /// Its samples: track by track, each in decoding order.
    pub samples: Vec<Sample>,
}

/// A `traf` of a track that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrackFragment {
    /// `track_ID` of its track.
    pub track: u32,
    /// When its first sample is decoded, in ticks of its track, if it says so.
    pub time: Option<i64>,
    /// How many samples it has.
    pub samples: usize,
}

/// One sample.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// `track_ID` of its track.
    pub track: u32,
    /// When it is decoded, in ticks of its track.
    pub dts: i64,
    /// When it is shown or heard.
    pub pts: i64,
    /// How long it lasts.
    pub duration: u32,
    /// Whether decoding can start with it.
    pub is_sync: bool,
    /// How many bytes it has.
    pub bytes: u32,
    /// Where in the segment they begin.
    pub at: usize,
    /// Its bytes; none if they are not where they should be.
    pub data: Bytes,
}

/// An `emsg` box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageBox {
    /// What kind of message it is.
    pub scheme: String,
    /// What kind among those of its scheme.
    pub value: String,
    /// Ticks a second of its times.
    pub timescale: u32,
    /// When it happens; in version 0 counted from the start of the segment.
    pub time: u64,
    /// Whether the time is one of the presentation: version 1.
    pub is_absolute: bool,
    /// How long it lasts; all ones if that is not known.
    pub duration: u32,
    /// Tells it apart from others of its scheme.
    pub id: u32,
    /// The message.
    pub message: Bytes,
}

/// Something that must not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Fault {
    /// The file does not say what it is: no `ftyp`.
    #[error("a file without `ftyp`")]
    NoFileType,
    /// The header says nothing of fragments: no `mvex`.
    #[error("a header that says nothing of fragments")]
    NotFragmented,
    /// The segment does not start with `styp`.
    #[error("a segment that does not start with `styp`")]
    NoSegmentType,
    /// A box is where it does not belong.
    #[error("{0:?} where it does not belong")]
    Misplaced(FourCc),
    /// The header says nothing of fragments for this track: no `trex`.
    #[error("track {0} without defaults for fragments")]
    NoDefaults(u32),
    /// The header has samples itself.
    #[error("track {0} with samples in its header")]
    SamplesInHeader(u32),
    /// A fragment has samples of a track that is not there.
    #[error("samples of track {0}, which is not there")]
    UnknownTrack(u32),
    /// Samples do not say when they are decoded.
    #[error("samples of track {0} without a decode time")]
    NoDecodeTime(u32),
    /// Data are not counted from the start of the `moof`.
    #[error("samples of track {0} that are not counted from their `moof`")]
    Base(u32),
    /// A sample is not in the `mdat` of its fragment.
    #[error("a sample of track {0} outside of the data")]
    OutsideData(u32),
    /// A sample does not last.
    #[error("a sample of track {0} that does not last")]
    NoDuration(u32),
    /// Samples do not start where the ones before end.
    #[error("samples of track {track} at {actual} instead of {expected}")]
    Gap {
        /// The track.
        track: u32,
        /// Where they should start.
        expected: i64,
        /// Where they start.
        actual: i64,
    },
    /// The numbers of fragments do not grow.
    #[error("fragment {actual} behind {last}")]
    Sequence {
        /// The one before.
        last: u32,
        /// This one.
        actual: u32,
    },
}

/// Why reading cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ReadError {
    /// A box says that it is longer than what is there, or shorter than its own header.
    #[error("a box of {length} bytes where {left} are left")]
    Length {
        /// What it says.
        length: u64,
        /// What is there.
        left: usize,
    },
    /// A box is too short for what must be in it.
    #[error("{0:?} is cut off")]
    Cut(FourCc),
    /// A box must be there and is not.
    #[error("no {0:?}")]
    Missing(FourCc),
    /// A box says what cannot be.
    #[error("{0:?} makes no sense")]
    Invalid(FourCc),
    /// There are too many of something.
    #[error("more than {limit} of {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
}

/// Boxes at the top of a segment. One with a fragment for each of 10 seconds' pictures and events
/// beside has some 1,500.
pub const SEGMENT_BOXES_MAX: usize = 16_384;

/// Samples of a segment, which cost memory even without bytes. Ten seconds have some 1,100.
pub const SEGMENT_SAMPLES_MAX: usize = 1 << 17;

/// Tracks of a file, and boxes of a sample entry: there are a dozen.
pub const TRACK_BOXES_MAX: usize = 64;

/// Faults that are kept: who wants more of them does not read them.
const FAULTS_MAX: usize = 1_024;

impl Reader {
    /// Reads an initialization section.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn open(section: &Bytes) -> Result<Self, ReadError> {
        init::read(section.clone())
    }

    /// The tracks, in their order.
    #[must_use]
    pub fn tracks(&self) -> &[TrackInfo] {
        &self.tracks
    }

    /// The brands of the file.
    #[must_use]
    pub fn brands(&self) -> &[FourCc] {
        &self.brands
    }

    /// Whether there may be fragments at all: there is an `mvex`.
    #[must_use]
    pub const fn is_fragmented(&self) -> bool {
        self.is_fragmented
    }

    /// What of the initialization section must not be.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Reads a segment, or a part of one.
    ///
    /// # Errors
    ///
    /// When a box is not whole, or a limit is crossed.
    pub fn read_segment(&self, segment: &Bytes) -> Result<Segment, ReadError> {
        let (segment, error) = self.examine(segment);
        error.map_or(Ok(segment), Err)
    }

    /// Reads a segment, or a part of one, as far as that goes: what was read, and why there is not
    /// more.
    #[must_use]
    pub fn examine(&self, segment: &Bytes) -> (Segment, Option<ReadError>) {
        fragment::read(&self.tracks, segment)
    }

    /// Reads a segment of which only the headers of its fragments are there. Its samples are where
    /// [`Sample::at`] says, and have no data.
    ///
    /// # Errors
    ///
    /// When a header is not whole, or a limit is crossed.
    pub fn read_outline(&self, outline: &Outline) -> Result<Segment, ReadError> {
        outline.read(&self.tracks)
    }
}

impl SampleEntry {
    /// The contents of its box of a kind.
    #[must_use]
    pub fn get(&self, kind: &[u8; 4]) -> Option<&Bytes> {
        self.boxes.iter().find(|(other, _)| other.0 == *kind).map(|(_, body)| body)
    }

    /// The codec's name: that of the box, or what the box says that it was before its samples were
    /// encrypted (8.12.2).
    #[must_use]
    pub fn format(&self) -> FourCc {
        codec::format(self)
    }

    /// Whether its samples are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.get(b"sinf").is_some()
    }

    /// The codec, if it is one that is known.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        codec::codec(self)
    }

    /// The codec's configuration: the record of the codec as its box has it, without the version
    /// of a box that has one; of `esds`, what the decoder is told. `None` where there is none.
    #[must_use]
    pub fn config(&self) -> Option<Bytes> {
        codec::config(self)
    }
}

/// Keeps a fault.
fn note(faults: &mut Vec<Fault>, fault: Fault) {
    if faults.len() < FAULTS_MAX {
        faults.push(fault);
    }
}
