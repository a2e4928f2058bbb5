//! A rendition as a whole.

use super::Seconds;
use crate::evidence::RenditionEvidence;
use crate::finding::Faults;

/// Key frames should be at most this far apart: 2 s, and a picture at ten a second.
const GOP_NS_MAX: i64 = 2_100_000_000;

/// Segments should last about 2 s at least, on average.
const AVERAGE_NS_MIN: u128 = 1_500_000_000;

/// And about 10 s at most.
const LONGEST_NS_MAX: u128 = 10_500_000_000;

/// As many segments are needed for an average that means something.
const SEGMENTS_MIN: u64 = 4;

pub(super) fn extinf_adds_up(rendition: &RenditionEvidence<'_>, faults: &mut Faults<'_>) {
    if let Some(drift) = rendition.course.listed_drift {
        let order = if drift.drift_ns > 0 { "short" } else { "long" };
        faults.add(format!(
            "over {} up to segment {} all EXTINF together are {} too {order}",
            Seconds(drift.span_ns),
            drift.sequence,
            Seconds(drift.drift_ns.saturating_abs())
        ));
    }
}

pub(super) fn sound_does_not_drift(rendition: &RenditionEvidence<'_>, faults: &mut Faults<'_>) {
    if let Some(drift) = rendition.course.sound_drift {
        faults.add(format!(
            "over {} up to segment {} pictures and sound drift apart by {}",
            Seconds(drift.span_ns),
            drift.sequence,
            Seconds(drift.drift_ns.saturating_abs())
        ));
    }
}

pub(super) fn key_frames_are_frequent(rendition: &RenditionEvidence<'_>, faults: &mut Faults<'_>) {
    if let Some((sequence, gop)) = rendition.course.longest_gop
        && gop > GOP_NS_MAX
    {
        faults.add(format!("{} between key frames up to segment {sequence}", Seconds(gop)));
    }
}

pub(super) fn segments_have_a_sensible_length(
    rendition: &RenditionEvidence<'_>,
    faults: &mut Faults<'_>,
) {
    let course = rendition.course;
    let seconds = |nanos: u128| Seconds(i64::try_from(nanos).unwrap_or(i64::MAX));
    if course.longest.as_nanos() > LONGEST_NS_MAX {
        faults.add(format!("the longest segment lasts {}", seconds(course.longest.as_nanos())));
    }
    let average = course.listed.as_nanos().checked_div(u128::from(course.segments));
    if let Some(average) = average
        && course.segments >= SEGMENTS_MIN
        && average < AVERAGE_NS_MIN
    {
        faults.add(format!("segments last {} on average", seconds(average)));
    }
}
