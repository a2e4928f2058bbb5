//! A stream's history and its names: what the journal stores, and what a window of it shows.
//!
//! Floor 1: pure. [`Ledger`] is the owner's side (which entry comes next), [`Window`] the reader's
//! (what a playlist lists). Both are folds over [`Entry`], so that every node that reads the same
//! journal says the same thing.

mod date_range;
mod digest;
mod entry;
pub mod fuzz;
mod key;
mod ledger;
mod name;
mod open;
mod query;
mod recording;
mod resource;
mod segment;
mod window;

pub use date_range::{Attribute, DateRange};
pub use digest::Sha256;
pub use entry::{Body, ENTRY_VERSION, Entry, EntryError, Head, State};
pub use key::{
    Container, IMMUTABLE, KeyError, MediaKey, ObjectKey, ObjectName, PAGE_SEGMENTS, PageKey,
    RecordingKey,
};
pub use ledger::{Beginning, Claimant, Ledger, NewSegment};
pub use name::{NAME_BYTES_MAX, NameError, RenditionId, StreamName};
pub use open::{OpenRendition, OpenSegment};
pub use query::{
    Awaited, BACK_S_MAX, Moment, QUERY_BYTES_MAX, Query, QueryError, Reload, Skip, View,
};
pub use recording::{RECORDING_VERSION, RecordedRendition, Recording, RecordingId, RecordingKind};
pub use resource::{Resource, ResourceError};
pub use segment::{
    InitRecord, Medium, PartRecord, SegmentEntry, SegmentRecord, TrackRecord, VideoRange,
};
pub use window::{ListedSegment, Window, WindowPolicy};

/// 90 kHz ticks in a second: what segment boundaries are counted in.
pub const TICKS_PER_SECOND: i64 = 90_000;

/// Milliseconds from the origin of an epoch's timeline to `ticks` (90 kHz), to the nearest; a half
/// goes up. Boundaries are rounded, never lengths, so printed lengths always add up.
#[must_use]
pub const fn boundary_ms(ticks: i64) -> i64 {
    ticks.saturating_add(45).div_euclid(90)
}
