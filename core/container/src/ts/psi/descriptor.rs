//! Descriptors (2.6): what stands beside a program or one of its streams in the program map.

/// Says by four registered letters what a stream is (2.6.8).
pub(super) const REGISTRATION: u8 = 0x05;

/// The registration descriptor of AC-3 (ATSC A/52, A4.1).
pub(in crate::ts) const AC3: [u8; 6] = *b"\x05\x04AC-3";

/// The registration descriptor of Enhanced AC-3 (ATSC A/52, G.3.1).
pub(in crate::ts) const EAC3: [u8; 6] = *b"\x05\x04EAC3";

/// The registration descriptor of H.265. The stream type says it already; ffmpeg writes both, and
/// some players and analysers look for this one.
pub(in crate::ts) const HEVC: [u8; 6] = *b"\x05\x04HEVC";

/// The `metadata_pointer_descriptor` (2.6.58) of a program with timed ID3 tags: format and
/// application are `ID3 `, service 0, carried in this transport stream in program 1.
pub(in crate::ts) const ID3_POINTER: [u8; 17] = *b"\x25\x0f\xff\xffID3 \xffID3 \x00\x1f\x00\x01";

/// The `metadata_descriptor` (2.6.60) of a stream of timed ID3 tags: the same, and no configuration
/// for a decoder.
pub(in crate::ts) const ID3: [u8; 15] = *b"\x26\x0d\xff\xffID3 \xffID3 \x00\x0f";

/// Tag and content of each descriptor, up to the first that is cut off.
pub(super) fn descriptors(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[tag, length], after) = rest.split_first_chunk()?;
        let (data, after) = after.split_at_checked(usize::from(length))?;
        rest = after;
        Some((tag, data))
    })
}
