//! How many bits a second a rendition really takes.

use timeline::{RenditionId, Window};

use crate::media::record_of;

/// The measured bit rates of a rendition, in bits per second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bandwidth {
    /// The largest of any run of segments that lasts between a half and one and a half target
    /// durations (RFC 8216bis, 4.4.6.2: "peak segment bit rate").
    pub peak: u64,
    /// Of all listed segments together.
    pub average: u64,
}

impl Bandwidth {
    /// Measures `rendition` over the window; `None` while there is nothing to measure.
    #[must_use]
    pub fn measure(window: &Window, rendition: &RenditionId) -> Option<Self> {
        let target_ms = u64::from(window.target_duration_s()?).saturating_mul(1_000);
        let segments: Vec<(u64, u64)> = window
            .segments()
            .filter_map(|segment| {
                let record = record_of(segment, rendition)?;
                Some((record.bytes, u64::try_from(segment.length_ms).ok()?))
            })
            .collect();
        let average = rate(segments.iter().copied())?;
        let peak =
            (0..segments.len()).filter_map(|first| peak_from(segments.get(first..)?, target_ms));
        Some(Self { peak: peak.max().unwrap_or(average).max(average), average })
    }
}

/// The largest rate of the runs that begin with the first of `segments`.
fn peak_from(segments: &[(u64, u64)], target_ms: u64) -> Option<u64> {
    let (mut bytes, mut length_ms, mut peak) = (0_u64, 0_u64, None);
    for (segment_bytes, segment_ms) in segments {
        bytes = bytes.saturating_add(*segment_bytes);
        length_ms = length_ms.saturating_add(*segment_ms);
        if length_ms.saturating_mul(2) > target_ms.saturating_mul(3) {
            break;
        }
        if length_ms.saturating_mul(2) >= target_ms {
            peak = peak.max(rate([(bytes, length_ms)]));
        }
    }
    peak
}

fn rate(segments: impl IntoIterator<Item = (u64, u64)>) -> Option<u64> {
    let (bytes, length_ms) = segments
        .into_iter()
        .fold((0_u64, 0_u64), |sum, (b, ms)| (sum.0.saturating_add(b), sum.1.saturating_add(ms)));
    let rate = (u128::from(bytes) * 8_000).div_ceil(u128::from(length_ms.max(1)));
    u64::try_from(rate).ok().filter(|_| length_ms > 0)
}
