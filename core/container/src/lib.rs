//! Containers: FLV tags in, MPEG-TS out, and readers of both.
//!
//! Floor 1: pure. [`flv`] makes access units of what RTMP carries, [`ts`] writes them as a
//! transport stream.

pub mod flv;
pub mod fuzz;
#[cfg(test)]
mod testing;
pub mod ts;
