//! Seeded damage: fuzzing that every test run can afford, without coverage and the same each time.

use std::ops::Range;

/// How many damaged copies [`damaged`] makes.
pub const SEEDS: u64 = 10_000;

/// Calls `run` with [`SEEDS`] damaged copies of the samples: the same ones on every run. The seed
/// of one that panics is printed.
pub fn damaged(samples: &[&[u8]], run: impl Fn(&[u8])) {
    damaged_after(0, samples, run);
}

/// Like [`damaged`], but leaves the first `head` bytes as they are in nineteen copies of twenty: a
/// machine that refuses a damaged beginning would see little else.
pub fn damaged_after(head: usize, samples: &[&[u8]], run: impl Fn(&[u8])) {
    each(0..SEEDS, head, samples, run);
}

/// Like [`damaged`], a fifth as often: for machines that need a millisecond for a copy.
pub fn damaged_slowly(samples: &[&[u8]], run: impl Fn(&[u8])) {
    each(0..SEEDS / 5, 0, samples, run);
}

fn each(seeds: Range<u64>, head: usize, samples: &[&[u8]], run: impl Fn(&[u8])) {
    for seed in seeds {
        let copy = copy(seed, head, samples);
        let _named = Named(seed);
        run(&copy);
    }
}

/// The damaged copy that belongs to a seed.
pub(crate) fn copy(seed: u64, head: usize, samples: &[&[u8]]) -> Vec<u8> {
    let mut random = Random(seed);
    let mut data = random.one_of(samples).to_vec();
    let head = if random.below(20) == 0 { 0 } else { head };
    for _ in 0..=random.below(4) {
        random.damage(&mut data, head, samples);
    }
    data
}

/// Says which seed a panic belongs to.
struct Named(u64);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "a test says what to repeat")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// A number below `limit`, or 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = usize::try_from((mixed ^ mixed >> 31) >> 1).unwrap_or(usize::MAX);
        mixed.checked_rem(limit).unwrap_or(0)
    }

    fn one_of<'s>(&mut self, samples: &[&'s [u8]]) -> &'s [u8] {
        samples.get(self.below(samples.len())).copied().unwrap_or_default()
    }

    /// Any byte; in half of the cases one at which fields change their meaning.
    fn byte(&mut self) -> u8 {
        let any = u8::try_from(self.below(256)).unwrap_or(u8::MAX);
        match self.below(2) {
            0 => ODD.get(self.below(ODD.len())).copied().unwrap_or(any),
            _ => any,
        }
    }

    /// One change behind the first `head` bytes.
    fn damage(&mut self, data: &mut Vec<u8>, head: usize, samples: &[&[u8]]) {
        let head = head.min(data.len());
        let at = head + self.below(data.len() - head);
        let end = (at + self.below(PIECE_BYTES_MAX)).min(data.len());
        match self.below(8) {
            0 => data.truncate(at),
            1 => drop(data.drain(at..end)),
            2 => {
                let again = data.get(at..end).unwrap_or_default().to_vec();
                data.splice(at..at, again);
            }
            3 => {
                let noise: Vec<u8> = (at..end).map(|_| self.byte()).collect();
                data.splice(at..end, noise);
            }
            4 => {
                let other = self.one_of(samples);
                let from = self.below(other.len());
                let piece = other.iter().skip(from).take(end - at).copied();
                data.splice(at..at, piece);
            }
            5 => data.insert(at, self.byte()),
            6 => {
                let bit = 1 << self.below(8);
                data.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            }
            _ => {
                let new = self.byte();
                data.iter_mut().skip(at).take(1).for_each(|byte| *byte = new);
            }
        }
    }
}

/// Bytes at which fields of RTMP, AMF, FLV and NAL units change their meaning.
const ODD: [u8; 10] = [0, 1, 2, 3, 0x14, 0x7f, 0x80, 0xc3, 0xfe, 0xff];

/// The longest piece that one change takes out, repeats or overwrites.
const PIECE_BYTES_MAX: usize = 40;
