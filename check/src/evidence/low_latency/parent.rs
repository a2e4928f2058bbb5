//! A segment against its parts (draft-pantos-hls-rfc8216bis, 3.2).

use bytes::{Bytes, BytesMut};
use hls::read::Segment;
use media::TrackKind;

use crate::evidence::{InitEvidence, SegmentKind, SegmentMedia, TrackMedia};

/// A segment that is whole, against its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParentEvidence {
    /// Its media sequence number.
    pub sequence: u64,
    /// Whether the parts are the segment.
    pub sameness: Sameness,
    /// What each part says about itself and what is in it: whether it says that it is independent,
    /// and whether it has a key frame and begins with one. Parts without pictures are left out.
    pub independence: Vec<(u64, bool, HasKey)>,
}

/// Whether parts are their segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sameness {
    /// Put together, they are the same bytes.
    Bytes,
    /// They have the same access units at the same times.
    Units,
    /// They are not the same; what differs, in one sentence.
    Differs(String),
    /// What they are cannot be read, so that nobody can say.
    Unknown,
}

/// Whether a part has a key frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HasKey {
    /// Its first picture is one.
    First,
    /// A later picture is one.
    Later,
    /// None is.
    No,
}

/// Times of units that are counted on from different starts are rounded differently.
const SAME_NS: u64 = 1_000_000;

/// Size of a packet of MPEG-TS.
const TS_PACKET_BYTES: usize = 188;

impl ParentEvidence {
    /// Compares a segment with all of its parts.
    #[must_use]
    pub fn of(
        segment: &Segment,
        parts: &[Bytes],
        whole: &Bytes,
        init: Option<&InitEvidence>,
    ) -> Self {
        let mut together = BytesMut::new();
        parts.iter().for_each(|part| together.extend_from_slice(part));
        let together = together.freeze();
        Self {
            sequence: segment.sequence,
            sameness: sameness(segment, &together, whole, init),
            independence: independence(segment, parts, &together, init),
        }
    }
}

fn sameness(
    segment: &Segment,
    together: &Bytes,
    whole: &Bytes,
    init: Option<&InitEvidence>,
) -> Sameness {
    if together == whole {
        return Sameness::Bytes;
    }
    let parts = SegmentMedia::read(together, &segment.uri, init, None);
    let segment = SegmentMedia::read(whole, &segment.uri, init, None);
    // A segment is not obliged to be its parts byte for byte: it has the same samples with the
    // same times (3.2), behind headers of its own.
    if !is_read(&parts) || !is_read(&segment) {
        return Sameness::Unknown;
    }
    if parts.tracks.len() != segment.tracks.len() {
        return Sameness::Differs(format!(
            "the parts have {} tracks, the segment has {}",
            parts.tracks.len(),
            segment.tracks.len()
        ));
    }
    let pairs = parts.tracks.iter().zip(&segment.tracks);
    pairs
        .filter_map(|(parts, whole)| difference(parts, whole))
        .next()
        .map_or(Sameness::Units, Sameness::Differs)
}

/// Whether it can be told access unit by access unit.
const fn is_read(media: &SegmentMedia) -> bool {
    match media.kind {
        SegmentKind::Ts(_) | SegmentKind::Fmp4(_) => !media.tracks.is_empty(),
        SegmentKind::PackedAudio | SegmentKind::WebVtt | SegmentKind::Unknown => false,
    }
}

fn difference(parts: &TrackMedia, whole: &TrackMedia) -> Option<String> {
    let (ours, theirs) = (parts.units.len(), whole.units.len());
    if ours != theirs {
        return Some(format!(
            "the parts have {ours} access units of track {}, the segment has {theirs}",
            whole.id
        ));
    }
    let pairs = parts.units.iter().zip(&whole.units).enumerate();
    pairs
        .filter_map(|(at, (part, whole_unit))| {
            if part.bytes != whole_unit.bytes {
                return Some(format!(
                    "access unit {at} of track {} has {} bytes in the parts and {} in the segment",
                    whole.id, part.bytes, whole_unit.bytes
                ));
            }
            (part.pts_ns.abs_diff(whole_unit.pts_ns) > SAME_NS).then(|| {
                format!(
                    "access unit {at} of track {} is at {} ms in the parts and at {} ms in the \
                     segment",
                    whole.id,
                    part.pts_ns / 1_000_000,
                    whole_unit.pts_ns / 1_000_000
                )
            })
        })
        .next()
}

fn independence(
    segment: &Segment,
    parts: &[Bytes],
    together: &Bytes,
    init: Option<&InitEvidence>,
) -> Vec<(u64, bool, HasKey)> {
    let tables = tables(together);
    let mut found = Vec::new();
    for ((index, listed), part) in (0_u64..).zip(&segment.parts).zip(parts) {
        // What maps the packets of a transport stream may be in the first part alone.
        let mut bytes = BytesMut::from(tables);
        bytes.extend_from_slice(part);
        let media = SegmentMedia::read(&bytes.freeze(), &segment.uri, init, None);
        let pictures = media.tracks.iter().find(|track| track.kind == TrackKind::Video);
        let Some(pictures) = pictures.filter(|track| !track.units.is_empty()) else { continue };
        let has_key = match pictures.units.iter().position(|unit| unit.is_key) {
            Some(0) => HasKey::First,
            Some(_) => HasKey::Later,
            None => HasKey::No,
        };
        found.push((index, listed.is_independent, has_key));
    }
    found
}

/// The packets of a transport stream before the first that begins a PES packet: its tables.
fn tables(bytes: &Bytes) -> &[u8] {
    let mut length = 0;
    if bytes.first() != Some(&0x47) {
        return &[];
    }
    for packet in bytes.chunks_exact(TS_PACKET_BYTES) {
        if begins_pes(packet) {
            break;
        }
        length += TS_PACKET_BYTES;
    }
    bytes.get(..length).unwrap_or_default()
}

/// Whether a packet's payload begins with the start code of a PES packet (13818-1, 2.4.3.6).
fn begins_pes(packet: &[u8]) -> bool {
    let Some((&[_, pid, _, flags], rest)) = packet.split_first_chunk::<4>() else { return false };
    let adaptation = match (flags & 0x20, rest.first()) {
        (0, _) | (_, None) => 0,
        (_, Some(length)) => usize::from(*length) + 1,
    };
    let payload = rest.get(adaptation..).unwrap_or_default();
    pid & 0x40 != 0 && flags & 0x10 != 0 && payload.starts_with(&[0, 0, 1])
}
