//! Supplemental enhancement information (ITU-T H.264, 7.3.2.3 and annex D).

use super::{NalLengthSize, NalType, nal_units, unescape};

/// One SEI message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeiMessage<'a> {
    /// `payloadType`, as table D-1 numbers them.
    pub kind: u32,
    /// The message, without emulation prevention.
    pub payload: &'a [u8],
}

/// `payloadType` of a message that a country's authority defines (D.1.6).
pub const USER_DATA_REGISTERED: u32 = 4;

/// `payloadType` of a message that anybody may define: a UUID, then what they like (D.1.7).
pub const USER_DATA_UNREGISTERED: u32 = 5;

/// The UUID with which x264 starts its message.
const X264_UUID: [u8; 16] = [
    0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef,
];

/// Walks the messages of a SEI NAL unit, given as [`unescape`] leaves it. Stops at the first that
/// is cut off.
pub fn messages(rbsp: &[u8]) -> impl Iterator<Item = SeiMessage<'_>> {
    let mut rest = rbsp.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        // What is left at the end is the stop bit, alone in its byte.
        if rest.len() < 2 {
            return None;
        }
        let (kind, after_kind) = number(rest)?;
        let (length, after_length) = number(after_kind)?;
        let (payload, next) = after_length.split_at_checked(usize::try_from(length).ok()?)?;
        rest = next;
        Some(SeiMessage { kind, payload })
    })
}

/// The longest distance between key frames, in frames, that x264 was set to, if it says so:
/// it writes its options into a message of the first picture it codes. `None` when there is no
/// such message, and when the distance is infinite, so no key frame may ever follow. Never 0.
///
/// It is what the encoder was asked for, read from text that anybody can write: a hint, not a
/// promise.
#[must_use]
pub fn x264_keyint_max(payload: &[u8], length_size: NalLengthSize) -> Option<u32> {
    nal_units(payload, length_size)
        .map_while(Result::ok)
        .filter(|nal| NalType::of(nal) == NalType::SEI)
        .find_map(|nal| messages(&unescape(nal)).find_map(|message| keyint(&message)))
}

/// A number as sum of bytes, of which all but the last are 255.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let full = bytes.iter().take_while(|&&byte| byte == 255).count();
    let (&last, rest) = bytes.get(full..)?.split_first()?;
    let sum = u32::try_from(full).ok()?.checked_mul(255)?.checked_add(u32::from(last))?;
    Some((sum, rest))
}

fn keyint(message: &SeiMessage<'_>) -> Option<u32> {
    if message.kind != USER_DATA_UNREGISTERED {
        return None;
    }
    let text = message.payload.strip_prefix(&X264_UUID)?;
    let words = text.split(|byte| matches!(byte, b' ' | 0));
    let value = words.filter_map(|word| word.strip_prefix(b"keyint=")).next()?;
    let frames = std::str::from_utf8(value).ok()?.parse().ok()?;
    (frames > 0).then_some(frames)
}
