//! What shows while a stream is watched as a low-latency player watches it
//! (draft-pantos-hls-rfc8216bis: parts, blocking reloads, hints, delta updates, reports).

mod delta;
mod parent;
#[cfg(test)]
mod tests;
mod watch;

use std::time::Duration;

use hls::read::{MediaPlaylist, RenditionReport};

pub use delta::DeltaEvidence;
pub use parent::{HasKey, ParentEvidence, Sameness};
pub use watch::LowLatencyWatch;
pub(crate) use watch::parts as listed_parts;

/// One thing that showed.
#[derive(Clone, Debug)]
pub enum LowLatencyEvidence {
    /// A version of the playlist, against all before it.
    Version(VersionEvidence),
    /// A listed part was asked for.
    Part(PartEvidence),
    /// A segment that is whole, against its parts.
    Parent(ParentEvidence),
    /// A part was asked for when it was only hinted, and has been listed since.
    Hint(HintEvidence),
    /// The playlist was asked for with the next part, `_HLS_msn` and `_HLS_part`.
    NextPart(BlockingEvidence),
    /// The playlist was asked for with the segment that is being made, `_HLS_msn` alone.
    WholeSegment(BlockingEvidence),
    /// A request was made to see how it is answered.
    Probe(RuleProbe),
    /// A delta update, against the whole playlist.
    Delta(DeltaEvidence),
    /// A rendition report, against the rendition.
    Report(ReportEvidence),
    /// How far the newest part is behind the clock.
    Latency(LatencyEvidence),
}

/// How far a playlist goes: it lists everything before part `parts` of segment `sequence`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Edge {
    /// The media sequence number of the segment that is being made.
    pub sequence: u64,
    /// How many of its parts are listed.
    pub parts: u64,
}

/// A part's place: the media sequence number of its segment, and its index in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PartKey {
    /// The media sequence number.
    pub sequence: u64,
    /// The index, from 0.
    pub index: u64,
}

/// How something was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A playlist that could be read, and how far it goes.
    Playlist {
        /// How far it goes.
        edge: Edge,
        /// Whether the stream has ended.
        has_ended: bool,
    },
    /// Another status, or a body that is no media playlist.
    Status(u16),
    /// No answer, and why.
    None(String),
}

/// A version of the playlist, against all before it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VersionEvidence {
    /// Parts that were listed otherwise before: which, how then, and how now.
    pub changed: Vec<(PartKey, String, String)>,
    /// Parts that were removed, and how far their start is from the end of the playlist.
    pub removed: Vec<(PartKey, Duration)>,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: Option<Duration>,
    /// Parts that others than the hinted ones became: which, what was hinted, and what came.
    pub unhinted: Vec<(PartKey, String, String)>,
    /// Other renditions of the presentation that no `EXT-X-RENDITION-REPORT` is about.
    pub unreported: Vec<String>,
}

/// A listed part was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartEvidence {
    /// Which.
    pub part: PartKey,
    /// The status, or why there is none.
    pub outcome: Result<u16, String>,
}

/// A part was asked for when it was only hinted, and has been listed since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HintEvidence {
    /// Which.
    pub part: PartKey,
    /// The status, or why there is none.
    pub outcome: Result<u16, String>,
    /// How many bytes came, and how many those have that ask for it once it is listed, if these
    /// are not the same bytes.
    pub differs: Option<(usize, usize)>,
}

/// The playlist was asked for with what it does not have yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockingEvidence {
    /// The first thing that the asked one has to be beyond: the edge when it was asked.
    pub asked: Edge,
    /// How it was answered.
    pub answer: Answer,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// `PART-TARGET`.
    pub part_target: Duration,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: Duration,
    /// Whether it came over TLS, and by HTTP/2 or later.
    pub is_modern: Option<bool>,
    /// `Cache-Control`, if it is there.
    pub cache_control: Option<String>,
}

/// A request that must be refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleProbe {
    /// The rule that it is for.
    pub rule: &'static str,
    /// The query that was sent.
    pub query: String,
    /// The status, or why there is none.
    pub outcome: Result<u16, String>,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// How long a refusal may take.
    pub within: Duration,
}

/// A rendition report, against the rendition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportEvidence {
    /// `URI` of the report.
    pub uri: String,
    /// What it says.
    pub says: Edge,
    /// How far the rendition went before the playlist with the report was asked for.
    pub before: Option<Edge>,
    /// How the rendition's playlist answers when it is asked for what the report says.
    pub answer: Answer,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// `PART-TARGET`.
    pub part_target: Duration,
}

/// How far the newest part is behind the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LatencyEvidence {
    /// Now, less the date of the newest part's end, in milliseconds.
    pub behind_ms: i64,
    /// `PART-TARGET`.
    pub part_target: Duration,
}

impl Edge {
    /// How far a playlist goes.
    #[must_use]
    pub fn of(playlist: &MediaPlaylist) -> Self {
        let last = playlist.segments.last();
        Self {
            sequence: last.map_or(playlist.media_sequence, |last| last.sequence.saturating_add(1)),
            parts: u64::try_from(playlist.parts.len()).unwrap_or(u64::MAX),
        }
    }

    /// How far a report says at least that a rendition goes. It may leave out what is as in a
    /// report about the playlist that it is in (4.4.5.4), which goes as far as `own`.
    #[must_use]
    pub fn reported(report: &RenditionReport, own: Self) -> Self {
        let own_last = if own.parts > 0 { own.sequence } else { own.sequence.saturating_sub(1) };
        match (report.last_sequence, report.last_part) {
            (None, None) => own,
            (Some(sequence), None) => Self { sequence, parts: 0 },
            (sequence, Some(part)) => {
                let sequence = sequence.unwrap_or(own_last);
                Self { sequence, parts: part.saturating_add(1) }
            }
        }
    }
}

impl PartKey {
    /// The part behind everything that is listed.
    #[must_use]
    pub const fn next(edge: Edge) -> Self {
        Self { sequence: edge.sequence, index: edge.parts }
    }
}

impl std::fmt::Display for PartKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "part {} of segment {}", self.index, self.sequence)
    }
}
