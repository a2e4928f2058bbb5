//! How a track goes on from one segment to the next.

use std::sync::Arc;

use media::{CodecConfig, TrackKind};

use crate::evidence::{BorderEvidence, SegmentEvidence, SegmentMedia, Times, TrackMedia};

/// How a track goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Where it should, within a frame.
    Even,
    /// With a hole, or an overlap if it is negative.
    Gap(i64),
    /// More than a second further, or back: another time.
    Jump(i64),
}

/// A track on both sides of a border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) kind: TrackKind,
    pub(super) before: Times,
    pub(super) after: Times,
}

/// How the tracks go on, each beside itself. Where sound goes on, times do not jump: pictures are
/// missing.
pub(super) fn steps(border: &BorderEvidence<'_>) -> Vec<(Pair, Step)> {
    let listed_ns = border.before.listed_ns();
    let step = |pair: Pair| (pair, pair.step(listed_ns));
    let steps: Vec<(Pair, Step)> = Pair::of(border).into_iter().map(step).collect();
    let goes_on =
        steps.iter().any(|(pair, step)| pair.kind == TrackKind::Audio && *step == Step::Even);
    let judged = steps.into_iter().map(|(pair, step)| match step {
        Step::Jump(offset) if goes_on && offset > 0 => (pair, Step::Gap(offset)),
        Step::Even | Step::Gap(_) | Step::Jump(_) => (pair, step),
    });
    judged.collect()
}

/// From here on a hole is another time.
const JUMP_NS: i64 = 1_000_000_000;

/// Times of FLV are whole milliseconds, on both sides.
const SLACK_NS: i64 = 2_000_000;

/// How exactly `EXTINF` must count with a picture that is shown for long.
const STILL_SLACK_NS: i64 = 100_000_000;

impl Pair {
    /// The tracks that are on both sides, matched by their order among those of their kind. There
    /// are none where one side cannot be looked into.
    pub(super) fn of(border: &BorderEvidence<'_>) -> Vec<Self> {
        if !border.before.is_readable() || !border.after.is_readable() {
            return Vec::new();
        }
        let of_kind = |kind: TrackKind| {
            let before = units_of(&border.before.media, kind);
            let after = units_of(&border.after.media, kind);
            let both = before.zip(after);
            both.filter_map(move |(one, other)| {
                Some(Self { kind, before: one.times()?, after: other.times()? })
            })
        };
        of_kind(TrackKind::Video).chain(of_kind(TrackKind::Audio)).collect()
    }

    /// How the track goes on. One frame of slack is left: nobody knows how long the last picture
    /// before the border was to be shown, and pictures may be in another order than they are
    /// decoded in.
    fn step(&self, listed_ns: i64) -> Step {
        let Self { before, after, .. } = self;
        let frame = before.frame_ns().max(after.frame_ns()).unwrap_or(listed_ns);
        let end = if before.usual_ns.is_some() || before.end_ns > before.last_ns {
            before.end_ns
        } else {
            before.last_ns.saturating_add(frame)
        };
        let offset = after.first_ns.saturating_sub(end);
        if after.first_ns <= before.first_ns || offset.saturating_abs() > JUMP_NS.max(frame) {
            if self.stands_still(listed_ns) { Step::Even } else { Step::Jump(offset) }
        } else if offset.saturating_abs() > frame.saturating_add(SLACK_NS) {
            if offset > 0 && self.is_variable() { Step::Even } else { Step::Gap(offset) }
        } else {
            Step::Even
        }
    }

    /// Whether pictures come when they please: then the last one before a border may be shown for
    /// longer than any other.
    fn is_variable(&self) -> bool {
        self.kind == TrackKind::Video && (self.before.is_variable() || self.after.is_variable())
    }

    /// Whether a picture is shown for long, and `EXTINF` counts with that.
    fn stands_still(&self, listed_ns: i64) -> bool {
        let to_next = self.after.first_ns.saturating_sub(self.before.first_ns);
        self.is_variable() && to_next.saturating_sub(listed_ns).saturating_abs() < STILL_SLACK_NS
    }
}

/// Tracks of a kind that have units, in their order.
fn units_of(media: &SegmentMedia, kind: TrackKind) -> impl Iterator<Item = &TrackMedia> {
    let tracks = media.tracks.iter();
    tracks.filter(move |track| track.kind == kind && !track.units.is_empty())
}

/// The configurations in force at the end of one segment and at the start of the next, track by
/// track, where both are known.
pub(super) fn configs<'a>(
    border: &BorderEvidence<'a>,
) -> impl Iterator<Item = (&'a Arc<CodecConfig>, &'a Arc<CodecConfig>)> {
    let (before, after) = (&border.before.media, &border.after.media);
    [TrackKind::Video, TrackKind::Audio].into_iter().flat_map(move |kind| {
        units_of(before, kind).zip(units_of(after, kind)).filter_map(|(one, other)| {
            let last = one.changes.last().map(|(_, config)| config).or(one.config.as_ref());
            last.zip(other.config.as_ref())
        })
    })
}

/// Whether a decoder must be set up anew, in the words for what both are. What else encoders write
/// into parameter sets (buffer sizes, numbers of sets) changes nothing that is seen.
pub(super) fn change(one: &CodecConfig, other: &CodecConfig) -> Option<(String, String)> {
    let (one, other) = (describe(one), describe(other));
    (one != other).then_some((one, other))
}

fn describe(config: &CodecConfig) -> String {
    let name = config.rfc6381();
    if let Some(video) = config.video() {
        format!("{name} {}x{}", video.width, video.height)
    } else if let Some(audio) = config.audio() {
        format!("{name} {} Hz {} channels", audio.sample_rate, audio.channels)
    } else {
        name
    }
}

/// Whether another initialization section is read before the later segment.
pub(super) fn has_new_map(before: &SegmentEvidence, after: &SegmentEvidence) -> bool {
    before.listed.map != after.listed.map
}
