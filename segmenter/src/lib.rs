//! Access units in, segments out.
//!
//! Floor 2: pure. [`Clock`] puts each unit on one timeline, [`Cutter`] says where segments begin,
//! a package writes the bytes, and [`Segmenter`] moves the units through the three. Time is an
//! argument; the same units give the same bytes.

mod calendar;
mod clock;
mod cut;
mod latest;
mod package;
mod segmenter;
mod start;
#[cfg(test)]
mod testing;

pub use clock::{Clock, Placement, Repairs};
pub use cut::{Cut, Cutter, LONGEST_SEGMENT_MS};
pub use segmenter::{Output, Segment, Segmenter, Settings};
