//! What a rule is.

use std::fmt;

use crate::evidence::{
    BorderEvidence, EdgesEvidence, InitEvidence, LowLatencyEvidence, PlaylistEvidence,
    PresentationEvidence, ProbeEvidence, RenditionEvidence, SegmentEvidence, UpdateEvidence,
};
use crate::finding::Faults;
use crate::transport::Exchange;

/// One thing that a stream is held to.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Names it, for good: `PL-TD`.
    pub id: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Where it comes from: a section of a specification, or `practice`.
    pub reference: &'static str,
    /// What must hold, in one sentence.
    pub requirement: &'static str,
    /// What whoever runs the server can do, in one sentence.
    pub remedy: &'static str,
    /// What finds out.
    pub test: Test,
}

/// How bad it is to break a rule, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Players fail.
    Fatal,
    /// A specification is broken.
    Must,
    /// Guidance of authors is not followed, or the stream is less robust than it could be.
    Should,
    /// Viewers get less than they could.
    Quality,
    /// Worth knowing.
    Info,
}

/// What a rule looks at, and the function that looks. The function says one sentence for each
/// fault, with the numbers that show it, and nothing when all is well.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// Each version of a playlist, by itself.
    Playlist(fn(&PlaylistEvidence<'_>, &mut Faults<'_>)),
    /// Each time a live media playlist was asked for, against all that it said before.
    Update(fn(&UpdateEvidence, &mut Faults<'_>)),
    /// Each initialization section.
    Init(fn(&InitEvidence, &mut Faults<'_>)),
    /// Each segment, by itself.
    Segment(fn(&SegmentEvidence, &mut Faults<'_>)),
    /// Each segment against the one before it.
    Border(fn(&BorderEvidence<'_>, &mut Faults<'_>)),
    /// A rendition as a whole, at the end of the exam.
    Rendition(fn(&RenditionEvidence<'_>, &mut Faults<'_>)),
    /// All renditions together, at the end of the exam.
    Presentation(fn(&PresentationEvidence<'_>, &mut Faults<'_>)),
    /// Each plain request for something that is listed, and its answer.
    Exchange(fn(&Exchange, &mut Faults<'_>)),
    /// Whatever shows while a stream is watched as a low-latency player watches it.
    LowLatency(fn(&LowLatencyEvidence, &mut Faults<'_>)),
    /// Requests that are made only to see how they are answered.
    Probe(fn(&ProbeEvidence, &mut Faults<'_>)),
    /// What two edges say at about the same time.
    Edges(fn(&EdgesEvidence<'_>, &mut Faults<'_>)),
    /// Found where evidence is gathered, because there is none: what cannot be fetched.
    Exam,
}

impl Severity {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Quality => "QUAL",
            Self::Info => "INFO",
        }
    }

    /// What a broken rule takes from a score of 100. One rule counts once, however often it is
    /// broken: that a fault is in every segment says how long the stream is, not how bad it is.
    #[must_use]
    pub const fn points(self) -> u32 {
        match self {
            Self::Fatal => 30,
            Self::Must => 8,
            Self::Should => 3,
            Self::Quality => 1,
            Self::Info => 0,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
