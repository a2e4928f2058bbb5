//! Events that go with the media: `emsg` boxes (ISO/IEC 23009-1, 5.10.3.3).

use bytes::{BufMut, Bytes, BytesMut};
use media::{Rounding, Timescale, Timestamp};

use super::MuxError;
use crate::fmp4::boxes::write_full_box;

/// Something that happens at a moment of the presentation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What kind of message it has.
    pub scheme: EventScheme,
    /// Tells events of a scheme apart: one with the same number is the same event again.
    pub id: u32,
    /// When it happens, on the timeline of the presentation times.
    pub time: Timestamp,
    /// How long it lasts, in 1/90,000 seconds; `None` if that is not known.
    pub duration: Option<u32>,
    /// What it says: an ID3v2 tag, or a splice information section.
    pub message: Bytes,
}

/// What the message of an [`Event`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventScheme {
    /// An ID3v2 tag (AOM, "Carriage of ID3 Timed Metadata in the Common Media Application Format").
    Id3,
    /// A `splice_info_section` (ANSI/SCTE 35, carried by ANSI/SCTE 214-3).
    Scte35,
}

/// Bytes that an event's message may have. Splice sections end at 4 KiB, and so do tags that
/// anyone writes for each song.
pub const EVENT_BYTES_MAX: usize = 65_536;

/// Events that may wait for a fragment. More in a second is noise.
pub const EVENTS_MAX: usize = 64;

/// Bytes of an `emsg` box beyond its message: numbers of 32 bytes and the longest scheme.
pub(super) const HEADER_BYTES_MAX: usize = 80;

/// A duration that is not known.
const UNKNOWN: u32 = u32::MAX;

impl Event {
    pub(super) fn check(&self) -> Result<(), MuxError> {
        self.ticks().map(drop).ok_or(MuxError::Time(self.time))
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        write_full_box(out, b"emsg", 1, 0, |out| {
            out.put_u32(Timescale::MPEG.hz());
            out.put_u64(self.ticks().unwrap_or(0));
            out.put_u32(self.duration.unwrap_or(UNKNOWN));
            out.put_u32(self.id);
            out.put_slice(self.scheme.uri().as_bytes());
            // The end of the scheme, and a value of no characters.
            out.put_slice(&[0, 0]);
            out.put_slice(&self.message);
        });
    }

    fn ticks(&self) -> Option<u64> {
        let time = self.time.rescale(Timescale::MPEG, Rounding::Nearest)?;
        u64::try_from(time.ticks()).ok()
    }
}

impl EventScheme {
    /// The name of the scheme.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Id3 => "https://aomedia.org/emsg/ID3",
            Self::Scte35 => "urn:scte:scte35:2013:bin",
        }
    }
}
