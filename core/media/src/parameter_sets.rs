//! How many parameter sets a decoder configuration record may bring.
//!
//! The sets are written before every picture that decoding can start with, and those that come with
//! pictures are compared with them: their number and size decide how much output and how much work
//! a few bytes of input can make.

use bytes::Bytes;
use thiserror::Error;

/// Most video parameter sets of a record: as many as H.265 can number (7.4.3.1).
pub const VPS_MAX: usize = 16;

/// Most sequence parameter sets of a record: as many as H.265 can number (7.4.3.2.1). H.264 has 32
/// numbers; encoders send one or two.
pub const SPS_MAX: usize = 16;

/// Most picture parameter sets of a record: as many as H.265 can number (7.4.3.3.1). H.264 has 256
/// numbers; encoders send one to four.
pub const PPS_MAX: usize = 64;

/// Most bytes of all sets of a record together. Those of real encoders have 30 to 150; scaling
/// lists that are all written out add about 1 KiB.
pub const SETS_BYTES_MAX: usize = 2 * 1_024;

/// Why the parameter sets of a record are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SetsError {
    /// There are more of a kind than encoders send.
    #[error("{count} {kind} parameter sets, more than {limit}")]
    TooMany {
        /// `video`, `sequence` or `picture`.
        kind: &'static str,
        /// How many there are.
        count: usize,
        /// The most that are taken.
        limit: usize,
    },
    /// Together they are longer than they can sensibly be.
    #[error("parameter sets of {bytes} bytes, more than {limit}")]
    TooLong {
        /// Bytes of all of them.
        bytes: usize,
        /// The most that are taken.
        limit: usize,
    },
}

/// Holds the sets of a record against the limits.
pub(crate) fn check(vps: &[Bytes], sps: &[Bytes], pps: &[Bytes]) -> Result<(), SetsError> {
    let kinds = [("video", vps, VPS_MAX), ("sequence", sps, SPS_MAX), ("picture", pps, PPS_MAX)];
    let mut bytes = 0;
    for (kind, sets, limit) in kinds {
        let count = sets.len();
        if count > limit {
            return Err(SetsError::TooMany { kind, count, limit });
        }
        bytes += sets.iter().map(Bytes::len).sum::<usize>();
    }
    let limit = SETS_BYTES_MAX;
    if bytes > limit { Err(SetsError::TooLong { bytes, limit }) } else { Ok(()) }
}
