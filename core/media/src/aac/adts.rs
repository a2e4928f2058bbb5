//! Headers of AAC frames in transport streams (ISO/IEC 14496-3, 1.A.2.2; 13818-7, 6.2).

use bytes::Bytes;

use super::{ADTS_HEADER_BYTES, AacConfig, FRAME_SAMPLES, SAMPLE_RATES};

/// What the header of an ADTS frame says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdtsHeader {
    /// What stays the same from frame to frame.
    pub format: AdtsFormat,
    /// Bytes of the frame with its header.
    pub bytes: usize,
    /// Samples of each channel in the frame.
    pub samples: u32,
}

/// What stays the same from frame to frame: the fixed header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdtsFormat {
    /// Audio object type: 1 Main, 2 LC, 3 SSR, 4 LTP.
    pub object_type: u8,
    /// Samples a second of the coded frames.
    pub sample_rate: u32,
    frequency_index: u8,
    /// `channel_configuration`; 0 if a program config element in the frame says it.
    pub channel_configuration: u8,
}

impl AdtsHeader {
    /// Reads the header at the beginning of `bytes`; `None` if there is none, or it says something
    /// that is reserved or cannot be.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[sync, flags, kind, channels, b4, b5, b6] =
            bytes.first_chunk::<ADTS_HEADER_BYTES>()?;
        // Twelve bits of ones, layer 0.
        if sync != 0xff || flags & 0xf6 != 0xf0 {
            return None;
        }
        let frequency_index = kind >> 2 & 0x0f;
        let format = AdtsFormat {
            object_type: (kind >> 6) + 1,
            sample_rate: *SAMPLE_RATES.get(usize::from(frequency_index))?,
            frequency_index,
            channel_configuration: (kind & 1) << 2 | channels >> 6,
        };
        let length = u32::from_be_bytes([0, channels & 0b11, b4, b5]) >> 5;
        let length = usize::try_from(length).ok()?;
        let has_no_checksum = flags & 1 == 1;
        let header = if has_no_checksum { ADTS_HEADER_BYTES } else { ADTS_HEADER_BYTES + 2 };
        let samples = FRAME_SAMPLES * (u32::from(b6 & 0b11) + 1);
        (length > header).then_some(Self { format, bytes: length, samples })
    }
}

impl AdtsFormat {
    /// The configuration that the header stands for; `None` if it is in the frames.
    #[must_use]
    pub fn config(self) -> Option<AacConfig> {
        let Self { object_type, frequency_index, channel_configuration, .. } = self;
        let record = u16::from(object_type) << 11
            | u16::from(frequency_index) << 7
            | u16::from(channel_configuration) << 3;
        AacConfig::parse(Bytes::copy_from_slice(&record.to_be_bytes())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[track_caller]
    fn check(header: &str, expected: Option<(usize, u32, &str)>) {
        let read = AdtsHeader::read(&hex(header)).map(|header| {
            let config = header.format.config();
            let config = config.map(|config| (config.sample_rate(), config.channels()));
            (header.bytes, header.samples, format!("{config:?}"))
        });
        let expected = expected.map(|(bytes, samples, config)| (bytes, samples, config.to_owned()));
        assert_eq!(read, expected, "{header}");
    }

    #[test]
    fn a_header_says_how_long_its_frame_is_and_how_it_is_coded() {
        check("fff14c80 02fffc 21", Some((23, 1_024, "Some((48000, 2))")));
        check("fff14c80 02fffd 21", Some((23, 2_048, "Some((48000, 2))")));
        check("fff95040 010ffc 21", Some((8, 1_024, "Some((44100, 1))")));
        check("fff14c00 02fffc 21", Some((23, 1_024, "None")));
    }

    #[test]
    fn what_cannot_be_is_no_header() {
        check("fff14c80 02ff", None);
        check("ffe14c80 02fffc", None);
        check("fff34c80 02fffc", None);
        // Frequency index 13, and a frame that is all header.
        check("fff17480 02fffc", None);
        check("fff14c80 00fffc", None);
        check("fff04c80 013ffc", None);
    }

    #[test]
    fn what_is_written_reads_back() {
        let config = AacConfig::parse(hex("1190").into()).unwrap();
        for payload in [1, 100, 8_184] {
            let header = AdtsHeader::read(&config.adts_header(payload).unwrap()).unwrap();
            assert_eq!(
                (header.bytes, header.format.config().as_ref()),
                (payload + 7, Some(&config))
            );
        }
    }
}
