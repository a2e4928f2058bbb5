//! Ranges of the file.

use std::ops::Range;

use bytes::Bytes;

use super::index::{File, Place};
use super::layout::Layout;
use super::segment::SETS;

/// A piece of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// These bytes: of the header, or parameter sets between samples.
    Bytes(Bytes),
    /// Bytes of a segment as they are.
    Copy {
        /// The segment.
        place: Place,
        /// Which of its bytes.
        range: Range<u64>,
    },
    /// Bytes of what [`Layout::payload`] makes of a transport stream.
    Payload {
        /// The segment.
        place: Place,
        /// Which of the bytes.
        range: Range<usize>,
    },
}

/// The pieces of a range of the file.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    layout: &'a Layout,
    at: u64,
    end: u64,
    /// What is left of the segment that is being copied.
    stretches: std::vec::IntoIter<Stretch>,
}

/// A stretch of a segment as it is in the file.
#[derive(Clone, Debug)]
pub(super) enum Stretch {
    Bytes(Bytes),
    Copy(Range<u64>),
}

impl<'a> Pieces<'a> {
    pub(super) fn new(layout: &'a Layout, range: Range<u64>) -> Self {
        let Range { start: at, end } = range;
        Self { layout, at, end, stretches: Vec::new().into_iter() }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let layout = self.layout;
        let left = self.end.checked_sub(self.at).filter(|left| *left > 0)?;
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        if let Some(rest) = layout.header.get(at..).filter(|rest| !rest.is_empty()) {
            let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            self.at += u64::try_from(length).ok()?;
            return Some(Piece::Bytes(layout.header.slice_ref(rest.get(..length)?)));
        }
        let behind = layout.files.partition_point(|file| file.at <= self.at);
        let file = layout.files.get(behind.checked_sub(1)?)?;
        let file_end = layout.files.get(behind).map_or(layout.length, |next| next.at);
        let (place, skipped) = (file.place, self.at - file.at);
        if file.is_transport {
            let length = left.min(file_end - self.at);
            self.at += length;
            let start = usize::try_from(skipped).ok()?;
            let range = start..start + usize::try_from(length).ok()?;
            return Some(Piece::Payload { place, range });
        }
        let stretch = match self.stretches.next() {
            Some(stretch) => stretch,
            None => {
                self.stretches = layout.stretches(file, skipped).into_iter();
                self.stretches.next()?
            }
        };
        Some(match stretch {
            Stretch::Copy(range) => {
                let length = left.min(range.end - range.start);
                self.at += length;
                Piece::Copy { place, range: range.start..range.start + length }
            }
            Stretch::Bytes(bytes) => {
                let length =
                    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.at += u64::try_from(length).ok()?;
                Piece::Bytes(bytes.slice(..length))
            }
        })
    }
}

impl Layout {
    /// What a segment of fragments is in the file, behind so many bytes of it.
    pub(super) fn stretches(&self, file: &File, mut skipped: u64) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for chunk in self.chunks_of(file) {
            for run in self.runs_of(chunk) {
                let bytes = u64::from(run.bytes);
                let passed = skipped.min(bytes);
                skipped -= passed;
                if passed == bytes {
                    continue;
                }
                if run.at == SETS {
                    let sets = self.track(chunk).zip(chunk.index());
                    let sets = sets.and_then(|(track, index)| track.sets.get(index));
                    let passed = usize::try_from(passed).unwrap_or(usize::MAX);
                    let sets = sets.filter(|sets| sets.len() >= passed);
                    stretches.extend(sets.map(|sets| Stretch::Bytes(sets.slice(passed..))));
                    continue;
                }
                let start = u64::from(run.at) + passed;
                match stretches.last_mut() {
                    Some(Stretch::Copy(last)) if last.end == start => last.end = run.end(),
                    Some(_) | None => stretches.push(Stretch::Copy(start..run.end())),
                }
            }
        }
        stretches
    }
}
