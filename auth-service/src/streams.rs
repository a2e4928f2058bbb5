//! Streams as objects: made, changed, listed, deleted.

mod ports;

pub use ports::{OptionsCheck, Recordings, StreamRemover};
