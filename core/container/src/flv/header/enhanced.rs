//! The headers of Enhanced RTMP version 2: modifiers, then one track or several.
//!
//! ```text
//! first byte ─▶ ModEx* ─▶ FourCC ─────────────────────────────────▶ body
//!                    └──▶ Multitrack ─▶ [FourCC] ─▶ ([FourCC] track [size] body)+
//! ```
//!
//! `AudioPacketType.MultichannelConfig` is passed over. What it says of the number of channels and
//! their order, every codec that is taken says itself, in its configuration or in its units, and
//! that is what decoders obey.

use media::{Codec, TrackKind};

use super::{COMMAND_FRAME, Content, Fields, Next, Packet, Packets, signed24};
use crate::flv::Unsupported;

/// Modifiers of one message. One type is defined, and once is enough.
pub(super) const MODIFIERS_MAX: usize = 16;
/// Packets of one message. One holds a packet of each track at most, and leaves room for the
/// tracks that are one too many and have to be told. Without it a message of the largest size
/// makes millions of events.
pub(super) const PACKETS_MAX: usize = 64;

/// The longest `TimestampOffsetNano` that is one: a whole millisecond belongs to the message.
const OFFSET_NS_MAX: u32 = 999_999;

const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const SEQUENCE_END: u8 = 2;
const CODED_FRAMES_X: u8 = 3;
const VIDEO_METADATA: u8 = 4;
const AUDIO_MULTICHANNEL_CONFIG: u8 = 4;
const AUDIO_MULTITRACK: u8 = 5;
const VIDEO_MULTITRACK: u8 = 6;
const MOD_EX: u8 = 7;

/// The tracks of a message that are still to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    packet_type: u8,
    layout: Layout,
    offset_ns: u32,
    /// Packets that may still come.
    left: usize,
}

#[derive(Clone, Copy, Debug)]
enum Layout {
    /// One track up to the payload's end.
    One(FourCc),
    /// Tracks of one codec, each with its size.
    Many(FourCc),
    /// Tracks, each with its codec and its size.
    ManyCodecs,
}

type FourCc = [u8; 4];

impl Packets<'_> {
    /// The first packet of an enhanced payload, whose first byte has been taken.
    pub(super) fn enhanced(&mut self, first: u8) -> Option<Packet> {
        let (mut packet_type, mut offset_ns) = (first & 0x0f, 0);
        let mut modifiers_left = MODIFIERS_MAX;
        while packet_type == MOD_EX {
            modifiers_left = modifiers_left.checked_sub(1)?;
            let modifier = Modifier::take(&mut self.fields)?;
            offset_ns = modifier.offset_ns.unwrap_or(offset_ns);
            packet_type = modifier.next_packet_type;
        }
        let mut multitrack_type = None;
        if packet_type == multitrack(self.kind) {
            let [types] = self.fields.take()?;
            (multitrack_type, packet_type) = (Some(types >> 4), types & 0x0f);
            // Neither several tracks within a track nor a modifier of some of them is allowed.
            if packet_type == multitrack(self.kind) || packet_type == MOD_EX {
                return None;
            }
        }
        if is_command(self.kind, first, packet_type) {
            return Some(self.whole(Content::Nothing, offset_ns));
        }
        if !is_known(self.kind, packet_type) {
            let what = match self.kind {
                TrackKind::Video => Unsupported::VideoPacketType(packet_type),
                TrackKind::Audio => Unsupported::AudioPacketType(packet_type),
            };
            return Some(self.whole(Content::Unsupported(what), offset_ns));
        }
        let layout = match multitrack_type {
            None => {
                let four_cc = self.fields.take()?;
                let content = content(self.kind, packet_type, four_cc, &mut self.fields)?;
                return Some(self.whole(content, offset_ns));
            }
            Some(0) => Layout::One(self.fields.take()?),
            Some(1) => Layout::Many(self.fields.take()?),
            Some(2) => Layout::ManyCodecs,
            Some(other) => {
                let what = Unsupported::MultitrackType(other);
                return Some(self.whole(Content::Unsupported(what), offset_ns));
            }
        };
        self.track(Batch { packet_type, layout, offset_ns, left: PACKETS_MAX })
    }

    /// The packet of the next track.
    pub(super) fn track(&mut self, batch: Batch) -> Option<Packet> {
        let left = batch.left.checked_sub(1)?;
        let four_cc = match batch.layout {
            Layout::One(four_cc) | Layout::Many(four_cc) => four_cc,
            Layout::ManyCodecs => self.fields.take()?,
        };
        let [track] = self.fields.take()?;
        let length = match batch.layout {
            Layout::One(_) => self.fields.rest().len(),
            Layout::Many(_) | Layout::ManyCodecs => {
                let [high, middle, low] = self.fields.take()?;
                usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?
            }
        };
        let mut fields = self.fields.split(length)?;
        // From here on what is wrong costs this track: where the next one begins is known.
        if !self.fields.rest().is_empty() {
            self.next = Next::Track(Batch { left, ..batch });
        }
        let content = content(self.kind, batch.packet_type, four_cc, &mut fields)?;
        Some(Packet { track, content, offset_ns: batch.offset_ns, body: fields.rest() })
    }

    /// A packet of track 0 that is all the rest of the payload.
    const fn whole(&self, content: Content, offset_ns: u32) -> Packet {
        Packet { track: 0, content, offset_ns, body: self.fields.rest() }
    }
}

/// What the packet is whose type and FourCC have been taken; `None` if it is cut off.
fn content(
    kind: TrackKind,
    packet_type: u8,
    four_cc: FourCc,
    fields: &mut Fields<'_>,
) -> Option<Content> {
    let Some(codec) = codec(kind, four_cc) else {
        return Some(Content::Unsupported(match kind {
            TrackKind::Video => Unsupported::VideoFourCc(four_cc),
            TrackKind::Audio => Unsupported::AudioFourCc(four_cc),
        }));
    };
    Some(match packet_type {
        // The units of these say all there is to know: ffmpeg sends nothing in it.
        SEQUENCE_START if matches!(codec, Codec::Ac3 | Codec::Eac3 | Codec::Mp3) => {
            Content::Nothing
        }
        SEQUENCE_START => Content::SequenceStart(codec),
        CODED_FRAMES if matches!(codec, Codec::Avc | Codec::Hevc) => {
            Content::Coded { codec, composition_ms: signed24(fields.take()?) }
        }
        CODED_FRAMES | CODED_FRAMES_X => Content::Coded { codec, composition_ms: 0 },
        SEQUENCE_END => Content::SequenceEnd,
        VIDEO_METADATA if kind == TrackKind::Video => Content::Metadata(codec),
        // The multichannel configuration: see the module.
        _ => Content::Nothing,
    })
}

/// Metadata ignores the frame type.
fn is_command(kind: TrackKind, first: u8, packet_type: u8) -> bool {
    let is_command_frame = first >> 4 & 0x07 == COMMAND_FRAME;
    kind == TrackKind::Video && is_command_frame && packet_type != VIDEO_METADATA
}

const fn multitrack(kind: TrackKind) -> u8 {
    match kind {
        TrackKind::Video => VIDEO_MULTITRACK,
        TrackKind::Audio => AUDIO_MULTITRACK,
    }
}

const fn is_known(kind: TrackKind, packet_type: u8) -> bool {
    match (packet_type, kind) {
        (SEQUENCE_START | CODED_FRAMES | SEQUENCE_END, _)
        | (CODED_FRAMES_X | VIDEO_METADATA, TrackKind::Video)
        | (AUDIO_MULTICHANNEL_CONFIG, TrackKind::Audio) => true,
        (_, TrackKind::Video | TrackKind::Audio) => false,
    }
}

/// A `ModEx`: something that changes the packet behind it.
struct Modifier {
    /// How much later than its message the packet is, if this says so.
    offset_ns: Option<u32>,
    next_packet_type: u8,
}

impl Modifier {
    /// One that is not known is passed over, which is what its size is there for.
    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let size = match fields.take()? {
            [u8::MAX] => usize::from(u16::from_be_bytes(fields.take()?)) + 1,
            [size] => usize::from(size) + 1,
        };
        let data = fields.slice(size)?;
        let [types] = fields.take()?;
        let offset_ns = match (types >> 4, data.first_chunk()) {
            (0, Some(&[high, middle, low])) => {
                let offset_ns = u32::from_be_bytes([0, high, middle, low]);
                (offset_ns <= OFFSET_NS_MAX).then_some(offset_ns)
            }
            _ => None,
        };
        Some(Self { offset_ns, next_packet_type: types & 0x0f })
    }
}

const fn codec(kind: TrackKind, four_cc: FourCc) -> Option<Codec> {
    Some(match (kind, &four_cc) {
        (TrackKind::Video, b"avc1") => Codec::Avc,
        (TrackKind::Video, b"hvc1") => Codec::Hevc,
        (TrackKind::Video, b"av01") => Codec::Av1,
        (TrackKind::Video, b"vp09") => Codec::Vp9,
        (TrackKind::Audio, b"mp4a") => Codec::Aac,
        (TrackKind::Audio, b"Opus") => Codec::Opus,
        (TrackKind::Audio, b"fLaC") => Codec::Flac,
        (TrackKind::Audio, b"ac-3") => Codec::Ac3,
        (TrackKind::Audio, b"ec-3") => Codec::Eac3,
        (TrackKind::Audio, b".mp3") => Codec::Mp3,
        (TrackKind::Video | TrackKind::Audio, _) => return None,
    })
}
