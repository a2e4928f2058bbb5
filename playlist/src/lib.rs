//! The playlist service: the origin that folds journals into playlists and finds segments.
//!
//! A stream is followed from the first request for it on until nobody has asked for a while. What
//! is rendered is kept as bytes until the journal goes on, so a request costs a look-up.
//!
//! A media playlist is a header, index pages, chunks of what is in no page yet, and the newest
//! segments (`listing`); which segments a request means is found by their dates (`view`, `span`).
//! Pages are read from the object store when they are listed, and kept (`pages`).

mod archive;
mod book;
mod control;
mod export;
mod extras;
mod follow;
mod janitor;
mod listing;
mod open;
mod packed;
mod page;
mod pages;
mod part;
mod read_back;
mod reload;
mod service;
mod settings;
mod span;
#[cfg(test)]
mod tests;
mod turns;
mod variants;
mod view;
mod vod;

pub use archive::{ArchiveError, ClipError, ClipRequest, Clipped, Recordings, Source};
pub use control::RecordingsControl;
pub use janitor::{Freed, Janitor, JanitorMetrics};
pub use service::Playlist;
pub use settings::{Settings, SettingsSource};
