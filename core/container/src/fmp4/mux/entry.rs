//! Sample entries: how the samples of a track are coded (8.5.2).

use bytes::{BufMut, BytesMut};
use media::{AudioFormat, CodecConfig, Light, VideoFormat};

use super::descriptor::{AAC, write_esds};
use super::output::{Format, Output};
use crate::fmp4::boxes::write_box;

/// What a codec says of itself in a sample entry.
struct Coding<'a> {
    /// Names the entry.
    kind: &'static [u8; 4],
    /// The bits of a sample of sound, as the codec's mapping wants them.
    sample_bits: u16,
    config: Config<'a>,
}

/// The box with the codec's configuration.
enum Config<'a> {
    /// A box that holds the record as it is.
    Record(&'static [u8; 4], &'a [u8]),
    /// `esds`, with the record in it.
    Esds(u8, &'a [u8]),
}

/// Of sound whose codec does not count bits.
const SAMPLE_BITS: u16 = 16;

pub(super) fn write_entry(output: &Output, out: &mut BytesMut) {
    let coding = Coding::of(&output.track.codec);
    let bit_rate = output.track.bit_rate;
    write_box(out, coding.kind, |out| {
        out.put_bytes(0, 6);
        out.put_u16(1); // data_reference_index
        match &output.format {
            Format::Video { format, width, height } => {
                put_visual(*width, *height, out);
                coding.config.write(bit_rate, out);
                put_picture_boxes(format, output.track.light, out);
            }
            Format::Audio(format) => {
                put_audio(format, coding.sample_bits, out);
                coding.config.write(bit_rate, out);
            }
        }
        if let Some(bits) = bit_rate {
            write_box(out, b"btrt", |out| {
                out.put_u32(0); // bufferSizeDB
                out.put_u32(bits); // maxBitrate
                out.put_u32(bits); // avgBitrate
            });
        }
    });
}

impl<'a> Coding<'a> {
    fn of(codec: &'a CodecConfig) -> Self {
        let (kind, config) = match codec {
            // ISO/IEC 14496-15, 5.4.2.1.
            CodecConfig::Avc(config) => (b"avc1", Config::Record(b"avcC", config.record())),
            // ISO/IEC 14496-14, 6.7.
            CodecConfig::Aac(config) => (b"mp4a", Config::Esds(AAC, config.record())),
        };
        Self { kind, sample_bits: SAMPLE_BITS, config }
    }
}

impl Config<'_> {
    fn write(&self, bit_rate: Option<u32>, out: &mut BytesMut) {
        match self {
            Self::Record(kind, record) => write_box(out, kind, |out| out.put_slice(record)),
            Self::Esds(object_type, record) => write_esds(*object_type, record, bit_rate, out),
        }
    }
}

/// The fields of `VisualSampleEntry` (12.1.3).
fn put_visual(width: u16, height: u16, out: &mut BytesMut) {
    out.put_bytes(0, 16);
    out.put_u16(width);
    out.put_u16(height);
    out.put_u32(0x48_0000); // horizresolution: 72 dpi
    out.put_u32(0x48_0000); // vertresolution
    out.put_u32(0);
    out.put_u16(1); // frame_count
    out.put_bytes(0, 32); // compressorname
    out.put_u16(0x18); // depth
    out.put_i16(-1);
}

/// The fields of `AudioSampleEntry` (12.2.3).
fn put_audio(format: &AudioFormat, sample_bits: u16, out: &mut BytesMut) {
    out.put_bytes(0, 8);
    out.put_u16(u16::from(format.channels));
    out.put_u16(sample_bits);
    out.put_u32(0);
    // 16 bits have room for 65,535 Hz: beyond, the largest regular part of it.
    let mut rate = format.sample_rate;
    while rate > u32::from(u16::MAX) {
        rate /= 2;
    }
    out.put_u32(rate << 16);
}

/// What pictures look like beyond their size: `pasp`, `colr` (12.1.4 and 12.1.5), `mdcv`, `clli`.
fn put_picture_boxes(format: &VideoFormat, light: Option<Light>, out: &mut BytesMut) {
    let light = light.unwrap_or_default();
    if let Some(colour) = format.colour.or(light.colour) {
        write_box(out, b"colr", |out| {
            out.put_slice(b"nclx");
            out.put_u16(u16::from(colour.primaries));
            out.put_u16(u16::from(colour.transfer));
            out.put_u16(u16::from(colour.matrix));
            out.put_u8(u8::from(colour.is_full_range) << 7);
        });
    }
    if let Some((across, down)) = format.sample_aspect.filter(|(across, down)| across != down) {
        write_box(out, b"pasp", |out| {
            out.put_u32(u32::from(across));
            out.put_u32(u32::from(down));
        });
    }
    if let Some(display) = light.mastering {
        write_box(out, b"mdcv", |out| {
            let [red, green, blue] = display.primaries;
            for (x, y) in [green, blue, red, display.white] {
                out.put_u16(x);
                out.put_u16(y);
            }
            out.put_u32(display.luminance_max);
            out.put_u32(display.luminance_min);
        });
    }
    if let Some(content) = light.content {
        write_box(out, b"clli", |out| {
            out.put_u16(content.max_cll);
            out.put_u16(content.max_fall);
        });
    }
}
