//! Bit rates as RFC 8216, 4.3.4.2 counts them.

use std::time::Duration;

use super::Segment;

/// The largest bit rate of any segment, in bits a second.
pub(super) fn peak(segments: &[Segment]) -> u64 {
    segments.iter().map(|segment| rate(segment.bytes.len(), segment.duration)).max().unwrap_or(0)
}

/// The bit rate of all segments together, in bits a second.
pub(super) fn average(segments: &[Segment]) -> u64 {
    let bytes = segments.iter().map(|segment| segment.bytes.len()).sum();
    rate(bytes, segments.iter().map(|segment| segment.duration).sum())
}

/// Rounded up.
fn rate(bytes: usize, duration: Duration) -> u64 {
    let bits = u128::try_from(bytes).unwrap_or(u128::MAX).saturating_mul(8_000_000_000);
    u64::try_from(bits.div_ceil(duration.as_nanos().max(1))).unwrap_or(u64::MAX)
}
