//! What a segment is: by its bytes, and where they are damaged by how it is listed.

use super::{InitEvidence, packed};
use crate::evidence::ts::is_transport_stream;

/// What a segment seems to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Guess {
    Ts,
    Fmp4,
    PackedAudio,
    WebVtt,
    Unknown,
}

/// Bytes of a packet of MPEG-TS.
const PACKET_BYTES: usize = 188;

/// What each of them begins with.
const SYNC_BYTE: u8 = 0x47;

/// Sync bytes at a packet's distance from one another that are no chance: one in 2^32.
const SYNCS_IN_A_ROW: usize = 4;

/// Boxes that segments begin with in practice (ISO/IEC 14496-12).
const FIRST_BOXES: [&[u8; 4]; 12] = [
    b"styp", b"ftyp", b"moof", b"moov", b"sidx", b"ssix", b"emsg", b"prft", b"mdat", b"free",
    b"skip", b"uuid",
];

impl Guess {
    /// Looks at a segment. `uri` is how it is listed, `init` what is read before it.
    pub(super) fn of(bytes: &[u8], uri: &str, init: Option<&InitEvidence>) -> Self {
        let extension = extension(uri);
        match () {
            () if is_web_vtt(bytes) => Self::WebVtt,
            () if begins_as_mp4(bytes) => Self::Fmp4,
            () if is_transport_stream(bytes) => Self::Ts,
            () if packed::is_packed_audio(bytes) => Self::PackedAudio,
            () if (init.is_some() || is_mp4_name(&extension)) && has_box(bytes) => Self::Fmp4,
            () if has_packets(bytes) => Self::Ts,
            () => Self::Unknown,
        }
    }
}

/// `WEBVTT` behind an optional byte order mark, and then white space or nothing.
fn is_web_vtt(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let rest = text.strip_prefix(b"WEBVTT");
    rest.is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

fn begins_as_mp4(bytes: &[u8]) -> bool {
    let kind = bytes.get(4..8);
    kind.is_some_and(|kind| FIRST_BOXES.iter().any(|known| known.as_slice() == kind))
}

/// Packets somewhere, behind something else.
fn has_packets(bytes: &[u8]) -> bool {
    let is_sync = |at: usize| bytes.get(at) == Some(&SYNC_BYTE);
    (0..bytes.len())
        .any(|start| (0..SYNCS_IN_A_ROW).all(|number| is_sync(start + number * PACKET_BYTES)))
}

/// A fragment somewhere, behind something else.
fn has_box(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|word| word == b"moof" || word == b"mdat")
}

fn is_mp4_name(extension: &str) -> bool {
    matches!(extension, "mp4" | "m4s" | "m4v" | "m4a" | "cmfv" | "cmfa" | "mp4a" | "mp4v")
}

/// What stands behind the last dot of a URI's path, in small letters.
fn extension(uri: &str) -> String {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}
