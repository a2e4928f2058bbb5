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
    list: Arc<[Bytes]>,
    length: u64,
}

impl Pieces {
    /// Joins pieces; empty ones are left out.
    #[must_use]
    pub fn new(list: impl IntoIterator<Item = Bytes>) -> Self {
        let list: Arc<[Bytes]> = list.into_iter().filter(|piece| !piece.is_empty()).collect();
        let length = list.iter().map(length).fold(0, u64::saturating_add);
        Self { list, length }
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The pieces, in order; none of them is empty.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.list.iter()
    }

    /// A part of the bytes; what is beyond the end is left out.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut start = 0_u64;
        let cut = self.list.iter().filter_map(|piece| {
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
        match &*self.list {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => many.concat().into(),
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
        let pieces = Pieces::new([&whole[..3], b"", &whole[3..4], &whole[4..]].map(Bytes::from));
        assert_eq!((pieces.length(), pieces.iter().len()), (10, 3));
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
