//! The first bytes of an audio or video payload: E.4.2.1 and E.4.3.1 for the plain form, "Enhanced
//! Video" and "Enhanced Audio" for the form with a FourCC.
//!
//! Every form becomes a sequence of [`Packet`]s, so that what follows does not ask which it was:
//! most payloads are one packet of track 0, a multitrack payload is one for each track in it.

mod enhanced;
#[cfg(test)]
mod tests;

use std::ops::Range;

use media::{Codec, TrackKind};

use super::Unsupported;
use enhanced::Batch;

/// Walks the packets of a payload. An error costs a packet; it is the last thing where the start of
/// the next is unknown.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    kind: TrackKind,
    fields: Fields<'a>,
    next: Next,
}

/// One packet of one track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Packet {
    /// The number of the track among those of its kind.
    pub(super) track: u8,
    pub(super) content: Content,
    /// How much later than its message the packet is: below a millisecond.
    pub(super) offset_ns: u32,
    /// Where the rest stands in the payload; within it.
    pub(super) body: Range<usize>,
}

/// What the body of a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// What the decoder must know first.
    SequenceStart(Codec),
    /// One coded unit, shown `composition_ms` after it is decoded.
    Coded { codec: Codec, composition_ms: i32 },
    /// The track is over.
    SequenceEnd,
    /// AMF values about the pictures.
    Metadata(Codec),
    /// Something that has nothing to say to us: a seek command, what the codec says itself.
    Nothing,
    /// Something that is not handled.
    Unsupported(Unsupported),
}

/// A header is cut off, or says what does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct HeaderError;

/// What comes next of a payload.
#[derive(Debug)]
enum Next {
    /// The payload's first byte.
    Start,
    /// A track of several.
    Track(Batch),
    /// Nothing.
    End,
}

/// `FrameType` of a tag that is a command to the player (E.4.3.1).
const COMMAND_FRAME: u8 = 5;
/// `CodecID` of H.264.
const CODEC_AVC: u8 = 7;
/// `SoundFormat` of MP3, and of MP3 at 8 kHz: its frames say that themselves.
const FORMATS_MP3: [u8; 2] = [2, 14];
/// `SoundFormat` of AAC.
const FORMAT_AAC: u8 = 10;
/// `SoundFormat` that says that the tag is an enhanced one.
const FORMAT_ENHANCED: u8 = 9;

impl<'a> Packets<'a> {
    pub(super) const fn new(kind: TrackKind, payload: &'a [u8]) -> Self {
        Self { kind, fields: Fields { payload, at: 0 }, next: Next::Start }
    }

    /// Whether the packet that came last was the last one.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.next, Next::End)
    }

    fn start(&mut self) -> Option<Packet> {
        let [first] = self.fields.take()?;
        let is_enhanced = match self.kind {
            TrackKind::Video => first & 0x80 != 0,
            TrackKind::Audio => first >> 4 == FORMAT_ENHANCED,
        };
        if is_enhanced {
            return self.enhanced(first);
        }
        let content = match self.kind {
            TrackKind::Video => plain_video(first, &mut self.fields)?,
            TrackKind::Audio => plain_audio(first, &mut self.fields)?,
        };
        Some(Packet { track: 0, content, offset_ns: 0, body: self.fields.rest() })
    }
}

impl Iterator for Packets<'_> {
    type Item = Result<Packet, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        let packet = match std::mem::replace(&mut self.next, Next::End) {
            Next::Start => self.start(),
            Next::Track(batch) => self.track(batch),
            Next::End => return None,
        };
        Some(packet.ok_or(HeaderError))
    }
}

fn plain_video(first: u8, fields: &mut Fields<'_>) -> Option<Content> {
    let (frame_type, codec) = (first >> 4, first & 0x0f);
    if frame_type == COMMAND_FRAME {
        return Some(Content::Nothing);
    }
    if codec != CODEC_AVC {
        return Some(Content::Unsupported(Unsupported::VideoCodec(codec)));
    }
    let [packet_type, composition @ ..]: [u8; 4] = fields.take()?;
    match packet_type {
        0 => Some(Content::SequenceStart(Codec::Avc)),
        1 => Some(Content::Coded { codec: Codec::Avc, composition_ms: signed24(composition) }),
        2 => Some(Content::SequenceEnd),
        _ => None,
    }
}

fn plain_audio(first: u8, fields: &mut Fields<'_>) -> Option<Content> {
    let format = first >> 4;
    if FORMATS_MP3.contains(&format) {
        return Some(Content::Coded { codec: Codec::Mp3, composition_ms: 0 });
    }
    if format != FORMAT_AAC {
        return Some(Content::Unsupported(Unsupported::SoundFormat(format)));
    }
    match fields.take()? {
        [0] => Some(Content::SequenceStart(Codec::Aac)),
        [1] => Some(Content::Coded { codec: Codec::Aac, composition_ms: 0 }),
        [_] => None,
    }
}

/// A `SI24`.
const fn signed24([high, middle, low]: [u8; 3]) -> i32 {
    i32::from_be_bytes([high, middle, low, 0]) >> 8
}

/// A payload that is being taken apart.
#[derive(Debug)]
struct Fields<'a> {
    payload: &'a [u8],
    /// Bytes taken; `at <= payload.len()`.
    at: usize,
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.payload.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(bytes)
    }

    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.payload.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(bytes)
    }

    /// Where what has not been taken stands.
    const fn rest(&self) -> Range<usize> {
        self.at..self.payload.len()
    }

    /// Takes the next `length` bytes, as what a payload that ends there has left.
    fn split(&mut self, length: usize) -> Option<Self> {
        let at = self.at;
        self.slice(length)?;
        Some(Self { payload: self.payload.get(..self.at)?, at })
    }
}
