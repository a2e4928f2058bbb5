//! The stream doctor: deliberately bad pushes by real encoders, each of which gets its sentence and
//! no other, and good ones, which get none.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "doctor/arrival.rs"]
mod arrival;
#[path = "doctor/document.rs"]
mod document;
#[path = "doctor/encoded.rs"]
mod encoded;
#[path = "doctor/live.rs"]
mod live;
#[path = "doctor/replayed.rs"]
mod replayed;
