//! What the tests of several modules need.

/// The bytes of a text of hexadecimal digits; white space is for the reader.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Calls `run` with 10,000 damaged copies of the samples: the same ones on every run. The seed of
/// one that panics is printed.
pub(crate) fn mutations(samples: &[&[u8]], run: impl Fn(&[u8])) {
    for seed in 0..10_000 {
        let mut random = Random(seed);
        let mut data = samples[random.below(samples.len())].to_vec();
        for _ in 0..=random.below(4) {
            random.damage(&mut data);
        }
        println!("seed {seed}");
        run(&data);
    }
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

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) >> 1).unwrap() % limit.max(1)
    }

    fn damage(&mut self, data: &mut Vec<u8>) {
        let at = self.below(data.len());
        let byte = u8::try_from(self.below(256)).unwrap();
        match self.below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, byte),
            2 if !data.is_empty() => drop(data.remove(at)),
            3 => data.extend_from_within(..at),
            _ if !data.is_empty() => data[at] = byte,
            _ => data.push(byte),
        }
    }
}
