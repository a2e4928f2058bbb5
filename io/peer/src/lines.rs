//! Lines out of a stream of bytes from a peer that is not trusted to send any.

use bytes::{Bytes, BytesMut};
use thiserror::Error;

/// Cuts bytes into lines. What waits for the end of its line is bounded.
#[derive(Debug)]
pub(crate) struct Lines {
    received: BytesMut,
    /// Bytes of `received` that have no line's end among them: `0 <= searched <= received.len()`.
    searched: usize,
    bytes_max: usize,
}

/// A line is longer than allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a line has more than {limit} bytes")]
pub(crate) struct LineTooLong {
    limit: usize,
}

impl Lines {
    /// No bytes yet, and lines of at most `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { received: BytesMut::new(), searched: 0, bytes_max }
    }

    /// Takes bytes. Call [`Self::pull`] until there is no line before pushing more.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next line without its end, or `None` until more bytes arrive.
    pub(crate) fn pull(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        let new = self.received.get(self.searched..).unwrap_or_default();
        let Some(at) = new.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.received.len();
            return self.check(self.searched).map(|()| None);
        };
        let length = self.searched.saturating_add(at);
        self.check(length)?;
        let mut line = self.received.split_to(length.saturating_add(1));
        self.searched = 0;
        line.truncate(length);
        Ok(Some(line.freeze()))
    }

    const fn check(&self, length: usize) -> Result<(), LineTooLong> {
        if length > self.bytes_max {
            return Err(LineTooLong { limit: self.bytes_max });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes each piece into lines of at most five bytes, and writes down what is pulled: a line
    /// in brackets, `!` for a refusal.
    #[track_caller]
    fn check(pieces: &[&str], expected: &str) {
        let mut lines = Lines::new(5);
        let mut pulled = String::new();
        for piece in pieces {
            lines.push(piece.as_bytes());
            loop {
                match lines.pull() {
                    Ok(Some(line)) => {
                        pulled += &format!("[{}]", std::str::from_utf8(&line).unwrap());
                    }
                    Ok(None) => break,
                    Err(LineTooLong { limit }) => {
                        assert_eq!(limit, 5);
                        pulled.push('!');
                        break;
                    }
                }
            }
        }
        assert_eq!(pulled, expected, "{pieces:?}");
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        check(&["ab\ncd\n"], "[ab][cd]");
        check(&["a", "b", "\n", "c\nd"], "[ab][c]");
        check(&["\n\nab\n"], "[][][ab]");
        check(&["", "ab"], "");
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_with_and_without_its_end() {
        check(&["abcde\n"], "[abcde]");
        check(&["abcdef\n"], "!");
        check(&["abcdef"], "!");
        check(&["abcd", "e", "f"], "!");
        check(&["ab\nabcdef"], "[ab]!");
    }
}
