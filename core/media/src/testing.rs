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
