//! A document's bytes: ready, or made while they are read.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

/// Why bytes that were promised cannot be had.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes as they are made. The channel's end is the end of the bytes; whoever makes them stops when
/// nobody reads.
pub type Flow = mpsc::Receiver<Result<Bytes, BoxError>>;

/// The bytes of a document.
#[derive(Clone, Debug)]
pub enum Body {
    /// They are there.
    Ready(Pieces),
    /// They are made while they are read.
    Made(Arc<dyn Made>),
}

/// Bytes that are made while they are read.
pub trait Made: Debug + Send + Sync + 'static {
    /// How many there will be, where that is known. Then any range can be read.
    fn length(&self) -> Option<u64>;

    /// Begins to make `range` of them. Call it within a Tokio runtime.
    fn read(&self, range: Range<u64>) -> Flow;
}

/// Bytes in pieces that follow one another and are shared, never copied.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// Rows of pieces, each with the number of its first one; rows are shared as well.
    rows: Arc<[(usize, Arc<[Bytes]>)]>,
    count: usize,
    length: u64,
}

impl Pieces {
    /// Joins pieces; empty ones are left out.
    #[must_use]
    pub fn new(list: impl IntoIterator<Item = Bytes>) -> Self {
        let row: Arc<[Bytes]> = list.into_iter().filter(|piece| !piece.is_empty()).collect();
        let length = row.iter().map(length).fold(0, u64::saturating_add);
        Self { count: row.len(), rows: Arc::new([(0, row)]), length }
    }

    /// Joins what was joined before, without touching each piece of it.
    #[must_use]
    pub fn chain(list: impl IntoIterator<Item = Self>) -> Self {
        let (mut rows, mut count, mut length) = (Vec::new(), 0_usize, 0_u64);
        for pieces in list {
            rows.extend(pieces.rows.iter().map(|(first, row)| (count + first, Arc::clone(row))));
            count = count.saturating_add(pieces.count);
            length = length.saturating_add(pieces.length);
        }
        Self { rows: rows.into(), count, length }
    }

    /// The piece of this number, from 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Bytes> {
        let behind = self.rows.partition_point(|(first, _)| *first <= number);
        // Of rows that begin with the same number, all but the last one are empty.
        let (first, row) = self.rows.get(behind.checked_sub(1)?)?;
        row.get(number.checked_sub(*first)?)
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The pieces, in order; none of them is empty.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        static NOTHING: Bytes = Bytes::new();
        (0..self.count).map(|number| self.get(number).unwrap_or(&NOTHING))
    }

    /// A part of the bytes; what is beyond the end is left out.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut start = 0_u64;
        let cut = self.iter().filter_map(|piece| {
            let (from, end) = (start, start.saturating_add(length(piece)));
            start = end;
            let (first, last) = (range.start.max(from), range.end.min(end));
            let first_byte = usize::try_from(first.checked_sub(from)?).ok()?;
            let last_byte = usize::try_from(last.checked_sub(from)?).ok()?;
            (first_byte < last_byte).then(|| piece.slice(first_byte..last_byte))
        });
        Self::new(cut.collect::<Vec<_>>())
    }

    /// All bytes in one piece: a copy, unless there is one only.
    #[must_use]
    pub fn join(&self) -> Bytes {
        match (self.get(0), self.count) {
            (None, _) => Bytes::new(),
            (Some(one), 1) => one.clone(),
            (Some(_), _) => {
                let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or(0));
                self.iter().for_each(|piece| bytes.extend_from_slice(piece));
                bytes.into()
            }
        }
    }
}

impl Body {
    /// The bytes, if they are there.
    #[must_use]
    pub const fn ready(&self) -> Option<&Pieces> {
        match self {
            Self::Ready(pieces) => Some(pieces),
            Self::Made(_) => None,
        }
    }

    /// How many bytes there will be, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Ready(pieces) => Some(pieces.length()),
            Self::Made(made) => made.length(),
        }
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        Self::new([bytes])
    }
}

impl From<Pieces> for Body {
    fn from(pieces: Pieces) -> Self {
        Self::Ready(pieces)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Ready(bytes.into())
    }
}

fn length(piece: &Bytes) -> u64 {
    u64::try_from(piece.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_pieces_is_the_part_of_their_bytes() {
        let whole = b"abcdefghij";
        let pieces = |list: &[&'static [u8]]| {
            Pieces::new(list.iter().map(|piece| Bytes::from_static(piece)))
        };
        let rows = [pieces(&[]), pieces(&[&whole[..3], b""]), pieces(&[]), pieces(&[])];
        let pieces = Pieces::chain([Pieces::chain(rows), pieces(&[&whole[3..4], &whole[4..]])]);
        assert_eq!((pieces.length(), pieces.iter().len()), (10, 3));
        assert!(pieces.get(2).is_some_and(|last| last == &whole[4..]) && pieces.get(3).is_none());
        assert_eq!(pieces.join(), &whole[..]);
        for start in 0..12 {
            for end in start..12 {
                let slice = pieces.slice(start as u64..end as u64);
                let expected = &whole[start.min(10)..end.min(10)];
                assert_eq!(slice.join(), expected, "{start}..{end}");
                assert_eq!(slice.length(), expected.len() as u64);
            }
        }
    }
}
