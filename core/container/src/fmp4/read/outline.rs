//! The headers of a segment's fragments, without their media.

use std::ops::Range;

use bytes::{Buf, Bytes};

use super::boxes::Body;
use super::fragment::read_boxes;
use super::{ReadError, SEGMENT_BOXES_MAX, Segment, TrackInfo};
use crate::fmp4::FourCc;

/// What of a segment must be read to know where its samples are: each `moof`, and how long the
/// other boxes are.
///
/// While [`Self::wanted`] says so, [`Self::push`] what is there. A caller that reads ranges does
/// well to read some 64 KiB at once, which nearly always has the whole `moof`.
///
/// ```
/// # fn read(range: std::ops::Range<usize>) -> bytes::Bytes {
/// #     bytes::Bytes::from_static(&[0, 0, 0, 9, b'm', b'd', b'a', b't', 7]).slice(range)
/// # }
/// let mut outline = container::fmp4::Outline::new(9);
/// while let Some(range) = outline.wanted() {
///     outline.push(&read(range))?;
/// }
/// # Ok::<(), container::fmp4::ReadError>(())
/// ```
#[derive(Debug, Default)]
pub struct Outline {
    length: usize,
    /// Where the next box starts; `next <= length`.
    next: usize,
    /// Bytes of the next box that must be there together.
    bytes_wanted: usize,
    boxes: Vec<Body>,
    /// From where to where there are data: the contents of every `mdat`.
    data: Vec<(usize, usize)>,
}

/// Bytes that the header of one fragment may have: twice as many as a million samples need.
pub const HEADER_BYTES_MAX: usize = 32 << 20;

/// Bytes of a length, a name and a length of 64 bits.
const BOX_HEADER_BYTES: usize = 16;

impl Outline {
    /// Of a segment of `length` bytes, of which nothing was read.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self { length, bytes_wanted: BOX_HEADER_BYTES, ..Self::default() }
    }

    /// Of a segment that is there.
    ///
    /// # Errors
    ///
    /// As [`Self::push`].
    pub fn of(segment: &Bytes) -> Result<Self, ReadError> {
        let mut outline = Self::new(segment.len());
        outline.push(segment)?;
        Ok(outline)
    }

    /// The bytes that must be there together before reading goes on; `None` at the end.
    #[must_use]
    pub fn wanted(&self) -> Option<Range<usize>> {
        let end = self.next.saturating_add(self.bytes_wanted).min(self.length);
        (self.next < self.length).then_some(self.next..end)
    }

    /// Takes bytes of the segment from where [`Self::wanted`] begins. Fewer than are wanted change
    /// nothing; of more, as much is used as goes.
    ///
    /// # Errors
    ///
    /// When a box is not whole, or a limit is crossed.
    pub fn push(&mut self, bytes: &Bytes) -> Result<(), ReadError> {
        let mut bytes = bytes.clone();
        while !bytes.is_empty() && self.next < self.length {
            let Some(length) = self.take(&bytes)? else { return Ok(()) };
            self.next += length;
            self.bytes_wanted = BOX_HEADER_BYTES;
            bytes.advance(length.min(bytes.len()));
        }
        Ok(())
    }

    /// Takes the box at the start of `bytes`: its length, or `None` if too little is there.
    fn take(&mut self, bytes: &Bytes) -> Result<Option<usize>, ReadError> {
        let left = self.length - self.next;
        if bytes.len() < BOX_HEADER_BYTES.min(left) {
            return Ok(None);
        }
        let cut = |_| ReadError::Length { length: 8, left };
        let mut head = bytes.clone();
        let short = head.try_get_u32().map_err(cut)?;
        let kind = FourCc(head.try_get_u32().map_err(cut)?.to_be_bytes());
        let length = match short {
            // To the end of the file.
            0 => u64::try_from(left).unwrap_or(u64::MAX),
            1 => head.try_get_u64().map_err(cut)?,
            short => u64::from(short),
        };
        let header = bytes.len() - head.len();
        let error = ReadError::Length { length, left };
        let length = usize::try_from(length).map_err(|_| error)?;
        if length < header || length > left {
            return Err(error);
        }
        if self.boxes.len() == SEGMENT_BOXES_MAX {
            return Err(ReadError::TooMany { what: "boxes", limit: SEGMENT_BOXES_MAX });
        }
        let (start, body_start) = (self.next, self.next + header);
        let mut body = Bytes::new();
        if kind.0 == *b"mdat" {
            self.data.push((body_start, start + length));
        } else if kind.0 != *b"moof" {
            return Ok(Some(length));
        } else if length > HEADER_BYTES_MAX {
            return Err(ReadError::TooMany { what: "bytes of `moof`", limit: HEADER_BYTES_MAX });
        } else if let Some(contents) = bytes.get(header..length) {
            body = bytes.slice_ref(contents);
        } else {
            self.bytes_wanted = length;
            return Ok(None);
        }
        self.boxes.push(Body::new(kind, start, body_start, body));
        Ok(Some(length))
    }

    pub(super) fn read(&self, tracks: &[TrackInfo]) -> Result<Segment, ReadError> {
        if self.next < self.length {
            let (length, left) = (self.bytes_wanted, self.length - self.next);
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            return Err(ReadError::Length { length, left });
        }
        let (segment, error) = read_boxes(tracks, self.boxes.clone(), self.data.clone(), None);
        error.map_or(Ok(segment), Err)
    }
}
