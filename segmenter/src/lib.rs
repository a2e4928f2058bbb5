//! Access units in, segments out.
//!
//! Floor 2: pure. [`Clock`] puts each unit on one timeline, [`Cutter`] says where segments begin,
//! renditions write the bytes, and [`Segmenter`] moves the units through the three. Time is an
//! argument; the same units give the same bytes.

mod ahead;
mod boundary;
mod calendar;
mod clock;
mod cue;
mod cut;
mod doctor;
mod frame_rate;
pub mod fuzz;
mod gop;
mod latest;
mod output;
mod pace;
mod part;
mod plan;
mod rendition;
mod segmenter;
mod start;
#[cfg(test)]
mod testing;

pub use clock::{Clock, Placement, Repairs};
pub use cue::{Cue, NewDateRange};
pub use cut::{Cut, Cutter, LONGEST_SEGMENT_MS};
pub use doctor::{Bounds, Change, Diagnosis, Doctor, Figures, Finding, Grade, Rule, Unit, rules};
pub use output::{Output, Part, PartBody, PartBytes, Segment};
pub use plan::{LowLatency, Packaging, UnsupportedTrack};
pub use rendition::Init;
pub use segmenter::{Segmenter, Settings};
