//! A response's bytes on their way out.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use origin::{Flow, Pieces};
use runtime::BodyError;

/// What is sent: pieces that are there, or what is made meanwhile.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The pieces from this one on, and the bytes that are left.
    Ready(Pieces, usize, u64),
    /// What is made, and how much of it is still to come, where that is known.
    Made(Flow, Option<u64>),
}

impl Sent {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self::from(Bytes::new())
    }

    /// The bytes that are there.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> Bytes {
        match self {
            Self::Ready(pieces, ..) => pieces.join(),
            Self::Made(..) => Bytes::new(),
        }
    }

    /// Bytes that will be sent, where that is known.
    pub(crate) const fn left(&self) -> Option<u64> {
        match self {
            Self::Ready(_, _, left) => Some(*left),
            Self::Made(_, left) => *left,
        }
    }
}

impl From<Bytes> for Sent {
    fn from(bytes: Bytes) -> Self {
        Self::from(Pieces::from(bytes))
    }
}

impl From<Pieces> for Sent {
    fn from(pieces: Pieces) -> Self {
        let length = pieces.length();
        Self::Ready(pieces, 0, length)
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Ready(pieces, next, left) => {
                let Some(piece) = pieces.get(*next) else { return Poll::Ready(None) };
                *next += 1;
                *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                Poll::Ready(Some(Ok(Frame::data(piece.clone()))))
            }
            Self::Made(flow, left) => flow.poll_recv(context).map(|made| {
                let made = made?;
                if let (Ok(piece), Some(left)) = (&made, left) {
                    *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                }
                Some(made.map(Frame::data))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ready(_, _, left) => *left == 0,
            Self::Made(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
