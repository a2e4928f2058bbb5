//! Containers: FLV tags in, MPEG-TS and fragmented MP4 out, and readers of all.
//!
//! Floor 1: pure. [`flv`] makes access units of what RTMP carries, [`ts`] writes them as a
//! transport stream and [`fmp4`] as fragmented MP4. [`mp4`] makes one progressive file of segments.

pub mod flv;
pub mod fmp4;
pub mod fuzz;
pub mod mp4;
mod set_ids;
#[cfg(test)]
mod testing;
pub mod ts;
