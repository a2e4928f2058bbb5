//! How many bits a second a rendition really takes.

use timeline::{ListedSegment, RenditionId, Window};

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

/// What was measured of a stretch, so that stretches can be added up.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Measured {
    /// Bytes of the segments that are there.
    pub bytes: u64,
    /// How long those are together, in milliseconds.
    pub length_ms: u64,
    /// The largest rate of a run, in bits per second; 0 where no run is long enough.
    pub peak: u64,
}

impl Bandwidth {
    /// Measures `rendition` over the window; `None` while there is nothing to measure.
    #[must_use]
    pub fn measure(window: &Window, rendition: &RenditionId) -> Option<Self> {
        Measured::of(window.segments(), rendition).bandwidth()
    }
}

impl Measured {
    /// Measures `rendition` over `segments`, each with the target duration of its broadcast.
    #[must_use]
    pub fn of<'a>(
        segments: impl IntoIterator<Item = &'a ListedSegment>,
        rendition: &RenditionId,
    ) -> Self {
        let segments: Vec<(u64, u64, u64)> = segments
            .into_iter()
            .filter_map(|segment| {
                let record = record_of(segment, rendition)?;
                let target_ms = u64::from(segment.target_duration_s).saturating_mul(1_000);
                Some((record.bytes, u64::try_from(segment.length_ms).ok()?, target_ms))
            })
            .collect();
        let peaks = (0..segments.len()).filter_map(|first| peak_from(segments.get(first..)?));
        let peak = peaks.max().unwrap_or(0);
        segments.iter().fold(Self { peak, ..Self::default() }, |sum, (bytes, length_ms, _)| {
            Self { bytes: *bytes, length_ms: *length_ms, peak: 0 }.with(sum)
        })
    }

    /// Both stretches together. A run that lies in both is not looked at.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            length_ms: self.length_ms.saturating_add(other.length_ms),
            peak: self.peak.max(other.peak),
        }
    }

    /// The bit rates; `None` where nothing has a length.
    #[must_use]
    pub fn bandwidth(self) -> Option<Bandwidth> {
        let average = rate(self.bytes, self.length_ms)?;
        Some(Bandwidth { peak: self.peak.max(average), average })
    }
}

/// The largest rate of the runs that begin with the first of `segments`.
fn peak_from(segments: &[(u64, u64, u64)]) -> Option<u64> {
    let (mut bytes, mut length_ms, mut peak) = (0_u64, 0_u64, None);
    for (segment_bytes, segment_ms, target_ms) in segments {
        bytes = bytes.saturating_add(*segment_bytes);
        length_ms = length_ms.saturating_add(*segment_ms);
        if length_ms.saturating_mul(2) > target_ms.saturating_mul(3) {
            break;
        }
        if length_ms.saturating_mul(2) >= *target_ms {
            peak = peak.max(rate(bytes, length_ms));
        }
    }
    peak
}

fn rate(bytes: u64, length_ms: u64) -> Option<u64> {
    let rate = (u128::from(bytes) * 8_000).div_ceil(u128::from(length_ms.max(1)));
    u64::try_from(rate).ok().filter(|_| length_ms > 0)
}
