//! The playlist service: the origin that folds journals into playlists and finds segments.
//!
//! A stream is followed from the first request for it on until nobody has asked for a while. What
//! is rendered is kept as bytes until the journal goes on, so a request costs a look-up.

mod follow;
mod janitor;
mod open;
mod page;
mod part;
mod reload;
mod service;
#[cfg(test)]
mod tests;

pub use janitor::Janitor;
pub use service::{Playlist, Settings};
