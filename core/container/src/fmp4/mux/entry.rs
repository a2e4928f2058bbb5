//! Sample entries: how the samples of a track are coded (8.5.2).

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use media::hevc::NalType;
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
    /// A box of a kind and its contents.
    Box(&'static [u8; 4], Cow<'a, [u8]>),
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
                let channels = u16::from(format.channels);
                put_audio(channels, coding.sample_bits, rate(format), out);
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
            CodecConfig::Avc(config) => {
                (b"avc1", Config::Box(b"avcC", config.record().as_ref().into()))
            }
            // ISO/IEC 14496-15, 8.4.1.
            CodecConfig::Hevc(config) => {
                (b"hvc1", Config::Box(b"hvcC", complete(config.record()).into()))
            }
            // AV1-ISOBMFF, 2.2 and 2.3.
            CodecConfig::Av1(config) => {
                (b"av01", Config::Box(b"av1C", config.av1c().as_ref().into()))
            }
            // VP Codec ISO Media File Format Binding, VP9 sample entry.
            CodecConfig::Vp9(config) => {
                (b"vp09", Config::Box(b"vpcC", config.vpcc().to_vec().into()))
            }
            // ISO/IEC 14496-14, 6.7.
            CodecConfig::Aac(config) => (b"mp4a", Config::Esds(AAC, config.record())),
            // Encapsulation of Opus in ISO Base Media File Format, 4.3.
            CodecConfig::Opus(config) => (b"Opus", Config::Box(b"dOps", config.dops().into())),
            // Encapsulation of FLAC in ISO Base Media File Format, 3.3.
            CodecConfig::Flac(config) => (b"fLaC", Config::Box(b"dfLa", config.dfla().into())),
            // ETSI TS 102 366, F.3 to F.6.
            CodecConfig::Ac3(config) => match config.dac3() {
                Some(dac3) => (b"ac-3", Config::Box(b"dac3", dac3.to_vec().into())),
                None => (b"ec-3", Config::Box(b"dec3", config.dec3().unwrap_or_default().into())),
            },
            // As for AAC, without a configuration.
            CodecConfig::Mp3(config) => {
                (b"mp4a", Config::Esds(config.object_type_indication(), &[]))
            }
        };
        let sample_bits = if let CodecConfig::Flac(config) = codec {
            u16::from(config.bits_per_sample())
        } else {
            SAMPLE_BITS
        };
        Self { kind, sample_bits, config }
    }
}

impl Config<'_> {
    fn write(&self, bit_rate: Option<u32>, out: &mut BytesMut) {
        match self {
            Self::Box(kind, body) => write_box(out, kind, |out| out.put_slice(body)),
            Self::Esds(object_type, record) => write_esds(*object_type, record, bit_rate, out),
        }
    }
}

/// An HEVC record that says that its parameter sets are all: `hvc1` demands it (ISO/IEC 14496-15,
/// 8.4.1), and publishers do not always say so.
fn complete(record: &[u8]) -> Vec<u8> {
    /// Bytes to the first array, and the bit of an array that it is complete.
    const HEAD_BYTES: usize = 23;
    const COMPLETE: u8 = 0x80;

    let mut complete = record.to_vec();
    let mut rest = record.get(HEAD_BYTES..).unwrap_or_default();
    while let Some((&[kind, high, low], mut behind)) = rest.split_first_chunk() {
        let at = record.len() - rest.len();
        let sets = [NalType::VPS, NalType::SPS, NalType::PPS].map(NalType::number);
        if let Some(field) = complete.get_mut(at).filter(|_| sets.contains(&(kind & 0x3f))) {
            *field |= COMPLETE;
        }
        for _ in 0..u16::from_be_bytes([high, low]) {
            let Some((&length, nal)) = behind.split_first_chunk() else { break };
            behind = nal.get(usize::from(u16::from_be_bytes(length))..).unwrap_or_default();
        }
        rest = behind;
    }
    complete
}

/// The fields of `VisualSampleEntry` (12.1.3).
pub(crate) fn put_visual(width: u16, height: u16, out: &mut BytesMut) {
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

/// The fields of `AudioSampleEntry` (12.2.3); the rate is in 16.16.
pub(crate) fn put_audio(channels: u16, sample_bits: u16, rate: u32, out: &mut BytesMut) {
    out.put_bytes(0, 8);
    out.put_u16(channels);
    out.put_u16(sample_bits);
    out.put_u32(0);
    out.put_u32(rate);
}

/// Samples a second in 16.16, which has room for 65,535: beyond, the largest regular part.
fn rate(format: &AudioFormat) -> u32 {
    let mut rate = format.sample_rate;
    while rate > u32::from(u16::MAX) {
        rate /= 2;
    }
    rate << 16
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
