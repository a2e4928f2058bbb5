//! Reading values that are not whole bytes: fixed lengths and the Exp-Golomb codes of H.264
//! (ITU-T H.264, 7.2 and 9.1).

/// Reads bits from the most significant one on. Every method gives `None` when the bytes end
/// before the value does; the reader is then of no more use.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read; `position <= 8 * bytes.len()`.
    position: usize,
}

/// Zero bits that may lead an Exp-Golomb code. With 31 of them the value still fits 32 bits; no
/// value that is read here comes near.
const LEADING_ZEROS_MAX: u32 = 31;

impl<'a> BitReader<'a> {
    /// A reader at the first bit of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `count` bits as a number; `None` also for more than 32.
    pub fn u(&mut self, count: u32) -> Option<u32> {
        if count > u32::BITS {
            return None;
        }
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// The next bit.
    pub fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// The next `count` bits as a byte; `None` also for more than 8.
    pub fn byte(&mut self, count: u32) -> Option<u8> {
        u8::try_from(self.u(count)?).ok()
    }

    /// An unsigned Exp-Golomb code, `ue(v)`; `None` also for a code of more than 63 bits.
    pub fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > LEADING_ZEROS_MAX {
                return None;
            }
        }
        // 2^zeros - 1 + u(zeros) <= 2^32 - 2.
        Some(((1_u32 << zeros) - 1) + self.u(zeros)?)
    }

    /// A signed Exp-Golomb code, `se(v)`.
    pub fn se(&mut self) -> Option<i32> {
        let code = self.ue()?;
        let magnitude = i32::try_from(code.div_ceil(2)).ok()?;
        Some(if code % 2 == 1 { magnitude } else { -magnitude })
    }

    /// Passes over `count` bits.
    pub fn skip(&mut self, count: usize) -> Option<()> {
        if count > self.left() {
            return None;
        }
        self.position += count;
        Some(())
    }

    /// Passes over the bits up to the next byte, none if the reader stands at one.
    pub fn align(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    /// Bits not read yet.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.bytes.len() * 8 - self.position
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bits of `text`, padded with zeros to whole bytes.
    fn bytes(text: &str) -> Vec<u8> {
        let bits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let byte = |bits: &[char]| {
            let text: String = bits.iter().collect();
            u8::from_str_radix(&format!("{text:0<8}"), 2).unwrap()
        };
        bits.chunks(8).map(byte).collect()
    }

    #[track_caller]
    fn check(text: &str, unsigned: Option<u32>, signed: Option<i32>) {
        assert_eq!(BitReader::new(&bytes(text)).ue(), unsigned, "ue of {text}");
        assert_eq!(BitReader::new(&bytes(text)).se(), signed, "se of {text}");
    }

    #[test]
    fn exp_golomb_codes_are_those_of_table_9_2() {
        check("1", Some(0), Some(0));
        check("010", Some(1), Some(1));
        check("011", Some(2), Some(-1));
        check("00100", Some(3), Some(2));
        check("00101", Some(4), Some(-2));
        check("00110", Some(5), Some(3));
        check("0001000", Some(7), Some(4));
    }

    #[test]
    fn the_longest_code_fits_and_a_longer_one_is_none() {
        let zeros = "0".repeat(31);
        let ones = "1".repeat(32);
        check(&format!("{zeros}{ones}"), Some(u32::MAX - 1), Some(-i32::MAX));
        check(&format!("0{zeros}1{ones}0"), None, None);
        check(&"0".repeat(4_096), None, None);
    }

    #[test]
    fn the_end_is_none() {
        check("", None, None);
        check("00000000", None, None);
        check("00000001", None, None);
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.u(33), None);
        assert_eq!(reader.u(9), None);
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.skip(9), None);
        assert_eq!(reader.u(8), Some(255));
        assert_eq!(reader.flag(), None);
    }

    #[test]
    fn alignment_goes_to_the_next_whole_byte() {
        let mut reader = BitReader::new(&[0b1010_0000, 0x7f]);
        reader.align();
        assert_eq!(reader.left(), 16);
        assert_eq!(reader.u(3), Some(5));
        reader.align();
        assert_eq!((reader.left(), reader.byte(8)), (8, Some(0x7f)));
        reader.align();
        assert_eq!(reader.left(), 0);
    }

    proptest! {
        #[test]
        fn reading_in_any_pieces_gives_the_same_bits(value: u32, cut in 0..=32_u32) {
            let bytes = value.to_be_bytes();
            let mut reader = BitReader::new(&bytes);
            let head = u64::from(reader.u(cut).unwrap());
            let tail = u64::from(reader.u(32 - cut).unwrap());
            prop_assert_eq!(head << (32 - cut) | tail, u64::from(value));
        }
    }
}
