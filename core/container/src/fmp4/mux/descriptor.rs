//! `esds`: the descriptors with which MPEG-4 systems tell how a track is coded (ISO/IEC 14496-14,
//! 6.7.2, and ISO/IEC 14496-1, 7.2.6).

use bytes::{BufMut, BytesMut};

use crate::fmp4::boxes::write_full_box;

/// `objectTypeIndication` of MPEG-4 audio (ISO/IEC 14496-1, table 5).
pub(super) const AAC: u8 = 0x40;

/// Tags of descriptors (ISO/IEC 14496-1, table 1).
const ES: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SYNC_LAYER: u8 = 6;

/// Of a `streamType` of 5, audio, with the reserved bit.
const AUDIO_STREAM: u8 = 5 << 2 | 1;

/// The predefined synchronisation layer of MP4 files.
const SYNC_LAYER_OF_FILES: u8 = 2;

/// Writes `esds` of sound; `specific` is the decoder's configuration, if it needs one.
pub(super) fn write_esds(
    object_type: u8,
    specific: &[u8],
    bit_rate: Option<u32>,
    out: &mut BytesMut,
) {
    write_full_box(out, b"esds", 0, 0, |out| {
        let mut config = BytesMut::with_capacity(specific.len() + 20);
        config.put_u8(object_type);
        config.put_u8(AUDIO_STREAM);
        config.put_slice(&[0; 3]); // bufferSizeDB
        config.put_u32(bit_rate.unwrap_or(0)); // maxBitrate
        config.put_u32(bit_rate.unwrap_or(0)); // avgBitrate
        if !specific.is_empty() {
            put_descriptor(DECODER_SPECIFIC, specific, &mut config);
        }
        let mut stream = BytesMut::with_capacity(config.len() + 20);
        stream.put_u16(0); // ES_ID: 0 in files
        stream.put_u8(0);
        put_descriptor(DECODER_CONFIG, &config, &mut stream);
        put_descriptor(SYNC_LAYER, &[SYNC_LAYER_OF_FILES], &mut stream);
        put_descriptor(ES, &stream, out);
    });
}

/// Writes a descriptor with its length in four groups of seven bits, as other muxers do.
fn put_descriptor(tag: u8, body: &[u8], out: &mut BytesMut) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let [.., last] = length.to_be_bytes();
    out.put_u8(tag);
    for shift in [21, 14, 7] {
        let [.., group] = (length >> shift).to_be_bytes();
        out.put_u8(group | 0x80);
    }
    out.put_u8(last & 0x7f);
    out.put_slice(body);
}
