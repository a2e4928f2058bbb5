//! Splice commands (9.7).

use bytes::Bytes;

use super::{Direction, SpliceError, read_ticks};
use crate::bits::BitReader;

/// What a section wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `splice_null`: nothing. It shows that the way is open.
    Null,
    /// `splice_insert`: go to other content, or come back.
    Insert(SpliceInsert),
    /// `time_signal`: the descriptors are about this time, in ticks before the adjustment.
    TimeSignal(Option<u64>),
    /// Another command: it goes to players as it is.
    Other {
        /// Its type.
        kind: u8,
        /// Its bytes.
        body: Bytes,
    },
}

/// A splice to other content or back (9.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SpliceInsert {
    /// Names the splice; the way back has the same name.
    pub event_id: u32,
    /// Whether the splice that was announced is off. Nothing below is then said.
    pub is_cancelled: bool,
    /// Whether it leads away from the stream; otherwise back to it.
    pub is_out_of_network: bool,
    /// Whether it is to happen as soon as it can.
    pub is_immediate: bool,
    /// When it happens, in ticks before the adjustment; that of the first component where they
    /// have times of their own.
    pub time: Option<u64>,
    /// How long the break is.
    pub duration: Option<BreakDuration>,
}

/// How long a break is (9.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakDuration {
    /// In ticks.
    pub ticks: u64,
    /// Whether the break ends by itself when it is over, without another section.
    pub auto_return: bool,
}

/// Types of commands (table 7).
const NULL: u8 = 0;
const INSERT: u8 = 5;
const TIME_SIGNAL: u8 = 6;

impl Command {
    /// Reads a command at the beginning of `body`, and how many bytes it has.
    pub(super) fn read(
        kind: u8,
        length: Option<usize>,
        body: &Bytes,
    ) -> Result<(Self, usize), SpliceError> {
        let wrong = SpliceError::Command { kind, length: length.unwrap_or(body.len()) };
        let bytes = body.get(..length.unwrap_or(body.len())).ok_or(wrong)?;
        let mut bits = BitReader::new(bytes);
        let command = match kind {
            NULL => Self::Null,
            INSERT => Self::Insert(SpliceInsert::read(&mut bits).ok_or(wrong)?),
            TIME_SIGNAL => Self::TimeSignal(read_splice_time(&mut bits).ok_or(wrong)?),
            kind if length.is_some() => Self::Other { kind, body: body.slice_ref(bytes) },
            _ => return Err(wrong),
        };
        // Every field ends at a byte; without a length the descriptors follow the last one.
        let used = bytes.len() - bits.left() / 8;
        Ok((command, length.unwrap_or(used)))
    }
}

impl SpliceInsert {
    /// Where it leads; nowhere if it is cancelled.
    #[must_use]
    pub const fn direction(&self) -> Option<Direction> {
        match (self.is_cancelled, self.is_out_of_network) {
            (true, _) => None,
            (false, true) => Some(Direction::Out),
            (false, false) => Some(Direction::In),
        }
    }

    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        let mut insert =
            Self { event_id: bits.u(32)?, is_cancelled: bits.flag()?, ..Self::default() };
        bits.skip(7)?;
        if insert.is_cancelled {
            return Some(insert);
        }
        insert.is_out_of_network = bits.flag()?;
        let (is_of_program, has_duration) = (bits.flag()?, bits.flag()?);
        insert.is_immediate = bits.flag()?;
        bits.skip(4)?;
        if is_of_program && !insert.is_immediate {
            insert.time = read_splice_time(bits)?;
        }
        if !is_of_program {
            for _ in 0..bits.u(8)? {
                bits.skip(8)?; // component_tag
                if !insert.is_immediate {
                    let time = read_splice_time(bits)?;
                    insert.time = insert.time.or(time);
                }
            }
        }
        if has_duration {
            let auto_return = bits.flag()?;
            bits.skip(6)?;
            insert.duration = Some(BreakDuration { ticks: read_ticks(bits)?, auto_return });
        }
        bits.skip(16 + 8 + 8)?; // unique_program_id, avail_num, avails_expected
        Some(insert)
    }
}

/// `splice_time` (9.8.1), which may leave the time open.
fn read_splice_time(bits: &mut BitReader<'_>) -> Option<Option<u64>> {
    if bits.flag()? {
        bits.skip(6)?;
        read_ticks(bits).map(Some)
    } else {
        bits.skip(7)?;
        Some(None)
    }
}
