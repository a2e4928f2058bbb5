//! PES packets (2.4.3.6 and 2.4.3.7).

use bytes::Bytes;

use super::demux::PesFault;
use super::packet::{Pid, wrap33};

/// One PES packet: in our own streams a picture, or a few audio frames.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pes {
    /// Whose packets carried it.
    pub pid: Pid,
    /// `stream_id`.
    pub stream_id: u8,
    /// When its first access unit is shown: 33 bits at 90 kHz.
    pub pts: Option<u64>,
    /// When its first access unit is decoded, if that is not when it is shown.
    pub dts: Option<u64>,
    /// Whether its first packet has the random access indicator.
    pub is_random_access: bool,
    /// What follows the header.
    pub data: Bytes,
}

/// The header of a PES packet, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PesHeader {
    /// `stream_id`.
    pub stream_id: u8,
    /// Bytes of the whole PES packet, if the header says.
    pub length: Option<usize>,
    /// When its first access unit is shown: 33 bits at 90 kHz.
    pub pts: Option<u64>,
    /// When its first access unit is decoded, if that is not when it is shown.
    pub dts: Option<u64>,
    /// Whether prefix and marker bits of the times are right.
    pub are_markers_right: bool,
    /// Whether the data behind the header is scrambled.
    pub is_scrambled: bool,
    /// Bytes of the header itself: the data begins behind them.
    pub bytes: usize,
}

/// A PES header, being written.
pub(super) struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

/// Bytes up to `PES_header_data_length`.
const FIXED_BYTES: usize = 9;
const TIME_BYTES: usize = 5;
const HEADER_BYTES_MAX: usize = FIXED_BYTES + 2 * TIME_BYTES;

/// The most data behind a header with a PTS whose length can be told.
pub(super) const DATA_BYTES_MAX: usize = 0xffff - (FIXED_BYTES - 6) - TIME_BYTES;

/// Stream ids whose packets have no header fields behind the length (2.4.3.6).
const HEADERLESS: [u8; 8] = [0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff];

impl PesHeader {
    /// Reads the header at the beginning of a PES packet, which may be there in part.
    ///
    /// # Errors
    ///
    /// When the header is malformed or cut off.
    pub fn read(packet: &[u8]) -> Result<Self, PesFault> {
        let Some(&[0, 0, 1, stream_id, ref rest @ ..]) = packet.first_chunk::<6>() else {
            return Err(PesFault::StartCode);
        };
        let length = usize::from(u16::from_be_bytes(*rest));
        let mut header = Self {
            stream_id,
            length: (length > 0).then_some(6 + length),
            pts: None,
            dts: None,
            are_markers_right: true,
            is_scrambled: false,
            bytes: 6,
        };
        if HEADERLESS.contains(&stream_id) {
            return Ok(header);
        }
        let fixed: &[u8; FIXED_BYTES] = packet.first_chunk().ok_or(PesFault::Header)?;
        let &[.., marks, flags, fields_length] = fixed;
        header.bytes = FIXED_BYTES + usize::from(fields_length);
        header.is_scrambled = marks & 0x30 != 0;
        let fields = packet.get(FIXED_BYTES..header.bytes).ok_or(PesFault::Header)?;
        let (prefix, has_pts, has_dts) = match (marks >> 6, flags >> 6) {
            (2, 0) => (0, false, false),
            (2, 2) => (2, true, false),
            (2, 3) => (3, true, true),
            _ => return Err(PesFault::Header),
        };
        let mut read = |at: usize, prefix: u64| {
            let field = fields.get(at..).and_then(<[u8]>::first_chunk).ok_or(PesFault::Header)?;
            let (time, is_right) = decode_time(prefix, *field);
            header.are_markers_right &= is_right;
            Ok(time)
        };
        let pts = if has_pts { Some(read(0, prefix)?) } else { None };
        let dts = if has_dts { Some(read(TIME_BYTES, 1)?) } else { None };
        Ok(Self { pts, dts, ..header })
    }
}

impl Header {
    /// The header before `data_bytes` bytes of data that start with an access unit. Times are in
    /// 90 kHz ticks and wrap at 33 bits. A packet too long for its length field has 0 there, which
    /// only video may.
    pub(super) fn new(stream_id: u8, data_bytes: usize, pts: i64, dts: i64) -> Self {
        let has_dts = pts != dts;
        let length = FIXED_BYTES + if has_dts { 2 * TIME_BYTES } else { TIME_BYTES };
        let packet_length = u16::try_from(length - 6 + data_bytes).unwrap_or(0);
        let [p0, p1] = packet_length.to_be_bytes();
        let (flags, header_data, prefix) = if has_dts { (0xc0, 10, 3) } else { (0x80, 5, 2) };
        // data_alignment_indicator is set.
        let [a, b, c, d, e] = encode_time(prefix, pts);
        let [f, g, h, i, j] = encode_time(1, dts);
        let bytes =
            [0, 0, 1, stream_id, p0, p1, 0x84, flags, header_data, a, b, c, d, e, f, g, h, i, j];
        Self { bytes, length }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// Four bits of prefix, then 33 bits in three groups, each with a marker bit behind it.
fn encode_time(prefix: u64, ticks: i64) -> [u8; TIME_BYTES] {
    let time = wrap33(ticks);
    let bits = prefix << 36
        | (time >> 30 & 0x7) << 33
        | 1 << 32
        | (time >> 15 & 0x7fff) << 17
        | 1 << 16
        | (time & 0x7fff) << 1
        | 1;
    let [_, _, _, encoded @ ..] = bits.to_be_bytes();
    encoded
}

/// The inverse of `encode_time`, and whether prefix and marker bits are right.
fn decode_time(prefix: u64, bytes: [u8; TIME_BYTES]) -> (u64, bool) {
    let [b0, b1, b2, b3, b4] = bytes;
    let bits = u64::from_be_bytes([0, 0, 0, b0, b1, b2, b3, b4]);
    let time = (bits >> 33 & 0x7) << 30 | (bits >> 17 & 0x7fff) << 15 | bits >> 1 & 0x7fff;
    let markers = 1 << 32 | 1 << 16 | 1;
    (time, bits >> 36 == prefix && bits & markers == markers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[track_caller]
    fn check(data_bytes: usize, pts: i64, dts: i64, expected: &str) {
        let header = Header::new(0xe0, data_bytes, pts, dts);
        assert_eq!(header.as_bytes(), hex(expected), "{data_bytes} bytes at {pts}/{dts}");
    }

    #[test]
    fn a_header_has_a_decode_time_only_if_it_differs() {
        check(1, 0, 0, "000001e0 0009 84 80 05 2100010001");
        check(1, 1, 0, "000001e0 000e 84 c0 0a 3100010003 1100010001");
        check(1, 90_000, 90_000, "000001e0 0009 84 80 05 210005bf21");
    }

    #[test]
    fn times_have_33_bits() {
        check(1, -1, -1, "000001e0 0009 84 80 05 2fffffffff");
        check(1, 1 << 33, 1 << 33, "000001e0 0009 84 80 05 2100010001");
        check(1, i64::MIN, i64::MAX, "000001e0 000e 84 c0 0a 3100010001 1fffffffff");
    }

    #[test]
    fn a_packet_that_is_too_long_has_no_length() {
        check(65_527, 0, 0, "000001e0 ffff 84 80 05 2100010001");
        check(65_528, 0, 0, "000001e0 0000 84 80 05 2100010001");
        check(65_522, 1, 0, "000001e0 ffff 84 c0 0a 3100010003 1100010001");
        check(65_523, 1, 0, "000001e0 0000 84 c0 0a 3100010003 1100010001");
        assert_eq!(DATA_BYTES_MAX, 65_527);
    }

    #[test]
    fn wrong_prefixes_and_markers_are_seen() {
        let check = |text: &str, time: u64, is_right: bool| {
            let bytes = *hex(text).first_chunk().unwrap();
            assert_eq!(decode_time(2, bytes), (time, is_right), "{text}");
        };
        check("210005bf21", 90_000, true);
        check("310005bf21", 90_000, false);
        check("200005bf21", 90_000, false);
        check("210004bf21", 90_000, false);
        check("210005bf20", 90_000, false);
    }
}
