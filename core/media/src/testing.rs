//! What the tests of several modules need.

pub(crate) use samples::{damaged as mutations, hex};

use crate::{Codec, CodecConfig};

/// What a track of sound is that begins with these bytes: its configuration, and a unit.
pub(crate) fn sound(codec: Codec, record: &[u8], unit: &[u8]) -> String {
    let config = match CodecConfig::of_unit(codec, unit) {
        Some(config) => config,
        None => CodecConfig::parse(codec, record.to_vec().into()),
    };
    let config = match config {
        Ok(config) => config,
        Err(error) => return error.to_string(),
    };
    assert_eq!((config.codec(), config.video()), (codec, None));
    assert!(config.record().is_none_or(|kept| kept == record));
    let samples = match config.inspect(unit) {
        Ok(inspected) => {
            assert!(inspected.random_access);
            inspected.samples.to_string()
        }
        Err(error) => error.to_string(),
    };
    let format = config.audio().unwrap();
    let (rate, output, channels) = (format.sample_rate, format.output_sample_rate, format.channels);
    format!("{}: {channels} ch, {rate} -> {output} Hz, unit: {samples}", config.rfc6381())
}

/// Writes bits the other way round from [`crate::bits::BitReader`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits(Vec<bool>);

impl Bits {
    pub(crate) fn u(mut self, count: u32, value: u32) -> Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    pub(crate) fn ue(self, value: u32) -> Self {
        let bits = 32 - (value + 1).leading_zeros();
        self.u(bits - 1, 0).u(bits, value + 1)
    }

    pub(crate) fn se(self, value: i32) -> Self {
        let code = value.unsigned_abs() * 2;
        self.ue(if value > 0 { code - 1 } else { code })
    }

    pub(crate) fn flags(self, flags: &[bool]) -> Self {
        flags.iter().fold(self, |bits, &flag| bits.u(1, flag.into()))
    }

    /// Whether there is a scaling list, and its deltas up to the one that ends it.
    pub(crate) fn scaling_list(self, deltas: Option<&[i32]>) -> Self {
        let mut bits = self.u(1, deltas.is_some().into());
        let mut scale = 8;
        for &delta in deltas.unwrap_or_default() {
            bits = bits.se(delta);
            scale = (scale + delta + 256) % 256;
            if scale == 0 {
                break;
            }
        }
        bits
    }

    /// Whether there are parameters of a reference decoder, and the rates that they give.
    pub(crate) fn hrd(self, rates: Option<&[u32]>) -> Self {
        let bits = self.u(1, rates.is_some().into());
        let Some(rates) = rates else { return bits };
        let bits = bits.ue(u32::try_from(rates.len()).unwrap() - 1).u(8, 0x35);
        let bits = rates.iter().fold(bits, |bits, &rate| bits.ue(rate).ue(rate + 1).u(1, 1));
        bits.u(20, 0x5_5555)
    }

    /// The bytes, the last one padded with zeros.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bits = self.0;
        bits.resize(bits.len().next_multiple_of(8), false);
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        bits.chunks(8).map(byte).collect()
    }

    /// A NAL unit: the stop bit, and escaped.
    pub(crate) fn nal(self, header: &[u8]) -> Vec<u8> {
        let mut nal = header.to_vec();
        for byte in self.u(1, 1).bytes() {
            if byte <= 3 && nal.ends_with(&[0, 0]) {
                nal.push(3);
            }
            nal.push(byte);
        }
        nal
    }
}
