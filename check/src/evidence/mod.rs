//! What rules look at. Everything here is pure: times are arguments.
//!
//! Media times are nanoseconds (`_ns`), so that those of tracks with different timescales compare.
//! Times of MPEG-TS, which wrap at 33 bits, are unwrapped within a segment and against the segment
//! before it.

mod course;
mod edges;
pub mod fmp4;
mod live;
mod low_latency;
mod media;
mod playlist;
mod presentation;
mod probe;
mod traffic;
pub mod ts;

pub use course::{BitRate, Course, Drift, FrameRate, Run, Start};
pub use edges::{Bodies, EdgesEvidence};
pub use fmp4::{
    Fmp4Fragment, Fmp4Segment, Fmp4Track, InitEvidence, InitTrack, Second, SecondTrack, Sightings,
    TrackPiece,
};
pub(crate) use live::has_same_uri;
pub use live::{Changed, Shift, Step, UpdateEvidence, Watch, stall_after, target_of};
pub(crate) use low_latency::listed_parts;
pub use low_latency::{
    Answer, BlockingEvidence, DeltaEvidence, Edge, HasKey, HintEvidence, LatencyEvidence,
    LowLatencyEvidence, LowLatencyWatch, ParentEvidence, PartEvidence, PartKey, ReportEvidence,
    RuleProbe, Sameness, VersionEvidence,
};
pub use media::{
    BorderEvidence, SegmentEvidence, SegmentKind, SegmentMedia, Times, TrackMedia, Unit,
};
pub use playlist::PlaylistEvidence;
pub use presentation::{PresentationEvidence, RenditionEvidence};
pub use probe::{CacheControl, Probe, ProbeEvidence, coding, lists, text, unpacked};
pub use traffic::Traffic;
pub use ts::TsSegment;
