//! What every reader can say of a playlist, so that they can be held against one another.

use std::fmt::Debug;
use std::time::Duration;

use hls::read::Playlist;

/// What a playlist says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) version: Option<u64>,
    pub(super) target_duration: Option<u64>,
    pub(super) media_sequence: u64,
    pub(super) discontinuity_sequence: u64,
    pub(super) segments: Vec<Segment>,
    /// Only multivariant playlists have any.
    pub(super) variants: Option<Vec<Variant>>,
}

#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) uri: String,
    pub(super) duration: Duration,
    pub(super) has_discontinuity: bool,
    pub(super) is_gap: bool,
    /// If the reader could read it.
    pub(super) date_ms: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Variant {
    pub(super) uri: String,
    pub(super) bandwidth: Option<u64>,
    pub(super) codecs: Option<String>,
    pub(super) resolution: Option<(u64, u64)>,
}

impl Said {
    /// What we have read.
    pub(super) fn of(playlist: &Playlist) -> Self {
        match playlist {
            Playlist::Media(media) => Self {
                version: media.version,
                target_duration: media.target_duration.map(|target| target.as_secs()),
                media_sequence: media.media_sequence,
                discontinuity_sequence: media.discontinuity_sequence,
                segments: media.segments.iter().map(segment).collect(),
                variants: None,
            },
            Playlist::Multivariant(listed) => Self {
                version: listed.version,
                variants: Some(listed.variants.iter().map(variant).collect()),
                ..Self::default()
            },
            Playlist::None => Self::default(),
        }
    }

    /// The first difference between what we have read and what another reader has.
    pub(super) fn difference(&self, theirs: &Self) -> Option<String> {
        differs("the kind is multivariant", self.variants.is_some(), theirs.variants.is_some())
            .or_else(|| differs("EXT-X-VERSION", self.version, theirs.version))
            .or_else(|| match &self.variants {
                Some(variants) => variants_differ(variants, theirs.variants.as_deref()?),
                None => self.media_differs(theirs),
            })
    }

    fn media_differs(&self, theirs: &Self) -> Option<String> {
        differs("EXT-X-TARGETDURATION", self.target_duration, theirs.target_duration)
            .or_else(|| differs("EXT-X-MEDIA-SEQUENCE", self.media_sequence, theirs.media_sequence))
            .or_else(|| {
                let (one, other) = (self.discontinuity_sequence, theirs.discontinuity_sequence);
                differs("EXT-X-DISCONTINUITY-SEQUENCE", one, other)
            })
            .or_else(|| differs("count of segments", self.segments.len(), theirs.segments.len()))
            .or_else(|| {
                let mut pairs =
                    (self.media_sequence..).zip(self.segments.iter().zip(&theirs.segments));
                pairs.find_map(|(number, (ours, theirs))| segments_differ(number, ours, theirs))
            })
    }
}

fn segments_differ(number: u64, ours: &Segment, theirs: &Segment) -> Option<String> {
    let what = |name: &str| format!("{name} of entry {number}");
    // Some count in single precision: that is exact to a ten-millionth.
    let slack = Duration::from_millis(1).max(ours.duration / 1_000_000);
    let duration = (ours.duration.abs_diff(theirs.duration) > slack)
        .then_some((ours.duration, theirs.duration));
    let date = ours.date_ms.zip(theirs.date_ms).filter(|(one, other)| one != other);
    differs(&what("URI"), &ours.uri, &theirs.uri)
        .or_else(|| {
            let (one, other) = duration?;
            let (one, other) = (one.as_secs_f64(), other.as_secs_f64());
            Some(format!("{} is {other:.3} s, not {one:.3} s", what("EXTINF")))
        })
        .or_else(|| {
            let (one, other) = (ours.has_discontinuity, theirs.has_discontinuity);
            differs(&what("EXT-X-DISCONTINUITY"), one, other)
        })
        .or_else(|| differs(&what("EXT-X-GAP"), ours.is_gap, theirs.is_gap))
        .or_else(|| date.and_then(|(one, other)| differs(&what("the date"), one, other)))
}

fn variants_differ(ours: &[Variant], theirs: &[Variant]) -> Option<String> {
    differs("count of variants", ours.len(), theirs.len()).or_else(|| {
        let mut pairs = ours.iter().zip(theirs);
        pairs.find_map(|(ours, theirs)| {
            let what = |name: &str| format!("{name} of {}", ours.uri);
            differs("URI of a variant", &ours.uri, &theirs.uri)
                .or_else(|| differs(&what("BANDWIDTH"), ours.bandwidth, theirs.bandwidth))
                .or_else(|| differs(&what("CODECS"), &ours.codecs, &theirs.codecs))
                .or_else(|| differs(&what("RESOLUTION"), ours.resolution, theirs.resolution))
        })
    })
}

fn differs<T: PartialEq + Debug>(what: &str, ours: T, theirs: T) -> Option<String> {
    (ours != theirs).then(|| format!("{what} is {theirs:?}, not {ours:?}"))
}

fn segment(segment: &hls::read::Segment) -> Segment {
    let date = segment.date.as_ref().and_then(|(_, nanos)| *nanos);
    Segment {
        uri: segment.uri.clone(),
        duration: segment.duration,
        has_discontinuity: segment.has_discontinuity,
        is_gap: segment.is_gap,
        date_ms: date.and_then(|nanos| i64::try_from(nanos.div_euclid(1_000_000)).ok()),
    }
}

fn variant(variant: &hls::read::Variant) -> Variant {
    Variant {
        uri: variant.uri.clone(),
        bandwidth: variant.bandwidth,
        codecs: variant.codecs.clone(),
        resolution: variant.resolution,
    }
}
