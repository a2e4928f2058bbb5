//! Each segment against the one before it.

use media::TrackKind;

use super::segment::{both, slack};
use super::step::{Pair, Step, change, configs, has_new_map, steps};
use super::{Seconds, word};
use crate::evidence::{BorderEvidence, SegmentEvidence, SegmentKind, SegmentMedia};
use crate::finding::Faults;

/// What `EXTINF` may be off by beyond a frame: it is rounded, and so are times of FLV.
const EXTINF_SLACK_NS: i64 = 2_000_000;

/// Dates may be off by this much.
const DATE_SLACK_NS: i128 = 100_000_000;

/// Pictures and sound may end this far from one another.
const END_SLACK_NS: i64 = 200_000_000;

/// Where an encoder went away, the one may be further than the other.
const LAST_END_SLACK_NS: i64 = 500_000_000;

/// A segment shorter than this is hardly worth the request.
const TINY_NS: i64 = 400_000_000;

pub(super) fn dates_advance_with_the_media(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    if border.after.listed.has_discontinuity {
        return;
    }
    let Some(pair) = Pair::of(border).into_iter().next() else { return };
    let date = |segment: &SegmentEvidence| segment.listed.date.as_ref().and_then(|date| date.1);
    let (Some(before), Some(after)) = (date(border.before), date(border.after)) else { return };
    let media = i128::from(pair.after.first_ns) - i128::from(pair.before.first_ns);
    let dates = after.saturating_sub(before);
    if dates.saturating_sub(media).saturating_abs() > DATE_SLACK_NS {
        let seconds = |nanos: i128| Seconds(i64::try_from(nanos).unwrap_or(i64::MAX));
        faults.add(format!(
            "from segment {} on the date advances by {} and the media by {}",
            border.before.listed.sequence,
            seconds(dates),
            seconds(media)
        ));
    }
}

/// The earlier segment is judged: where the next one begins is where it really ends.
pub(super) fn extinf_is_exact(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let listed = border.before.listed_ns();
    let goes_on = !border.after.listed.has_discontinuity;
    let mut nearest: Option<(i64, i64)> = None;
    for pair in Pair::of(border) {
        // What the stream shows is kindest: pictures or sound, up to their end or the next start.
        let Some(frame) = pair.before.frame_ns().max(pair.after.frame_ns()) else { continue };
        // Some count from the first picture that is shown, some from the first that is decoded.
        let shown = pair.after.first_ns.saturating_sub(pair.before.first_ns);
        let decoded = pair.after.opens_ns.saturating_sub(pair.before.opens_ns);
        let to_next = [shown, decoded].into_iter().filter(|_| goes_on);
        for length in to_next.chain([pair.before.length_ns()]) {
            let excess = length.saturating_sub(listed).saturating_abs().saturating_sub(frame);
            if nearest.is_none_or(|(least, _)| excess < least) {
                nearest = Some((excess, length));
            }
        }
    }
    if let Some((excess, length)) = nearest
        && excess > EXTINF_SLACK_NS
    {
        faults.add(format!(
            "EXTINF of segment {} says {}, and the media lasts {}",
            border.before.listed.sequence,
            Seconds(listed),
            Seconds(length)
        ));
    }
}

pub(super) fn pictures_go_on(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    goes_on(TrackKind::Video, border, faults);
}

pub(super) fn sound_goes_on(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    goes_on(TrackKind::Audio, border, faults);
}

fn goes_on(kind: TrackKind, border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    if border.after.listed.has_discontinuity {
        return;
    }
    for (_, step) in steps(border).into_iter().filter(|(pair, _)| pair.kind == kind) {
        let kind = word(kind);
        match step {
            Step::Gap(gap) if gap > 0 => {
                faults.add(format!("{} of {kind} are missing before the segment", Seconds(gap)));
            }
            Step::Gap(gap) => {
                let overlap = Seconds(gap.saturating_abs());
                faults.add(format!("{overlap} of {kind} are also in the segment before"));
            }
            // A jump is another fault.
            Step::Even | Step::Jump(_) => {}
        }
    }
}

pub(super) fn jumps_are_announced(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    if border.after.listed.has_discontinuity {
        return;
    }
    for (pair, step) in steps(border) {
        if let Step::Jump(offset) = step {
            let (kind, way) = (word(pair.kind), if offset < 0 { "back" } else { "ahead" });
            let offset = Seconds(offset.saturating_abs());
            faults.add(format!("times of {kind} jump {way} by {offset} without a tag"));
        }
    }
}

pub(super) fn changes_are_announced(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let is_announced =
        border.after.listed.has_discontinuity || has_new_map(border.before, border.after);
    if is_announced || !are_readable(border) {
        return;
    }
    for (before, after) in configs(border) {
        if let Some((before, after)) = change(before, after) {
            faults.add(format!("{before} becomes {after} without a tag"));
        }
    }
}

pub(super) fn tracks_stay(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    if border.after.listed.has_discontinuity || !are_readable(border) {
        return;
    }
    // Which tracks there are is said by the initialization section. A segment may lack samples of
    // one of them, at the start and end of a stream for instance.
    let is_fmp4 = |it: &SegmentEvidence| matches!(it.media.kind, SegmentKind::Fmp4(_));
    let has_map = border.after.listed.map.is_some() && !has_new_map(border.before, border.after);
    if has_map && is_fmp4(border.before) && is_fmp4(border.after) {
        return;
    }
    let (before, after) = (tracks(&border.before.media), tracks(&border.after.media));
    if let (Some(before), Some(after)) = (before, after)
        && before != after
    {
        faults.add(format!("{before} becomes {after} without a tag"));
    }
}

/// What a segment consists of, if anything was found in it: what cannot be read breaks other
/// rules.
fn tracks(media: &SegmentMedia) -> Option<String> {
    let format = match &media.kind {
        SegmentKind::Ts(_) => "MPEG-TS",
        SegmentKind::Fmp4(_) => "fMP4",
        SegmentKind::PackedAudio => "packed audio",
        SegmentKind::WebVtt => return Some("WebVTT".to_owned()),
        SegmentKind::Unknown => return None,
    };
    let count = |kind| media.tracks.iter().filter(|track| track.kind == kind).count();
    let (video, audio) = (count(TrackKind::Video), count(TrackKind::Audio));
    (video + audio > 0).then(|| format!("{format} with {video} video and {audio} audio tracks"))
}

pub(super) fn discontinuity_is_needed(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let (before, after) = (border.before, border.after);
    if !after.listed.has_discontinuity || !are_readable(border) || has_new_map(before, after) {
        return;
    }
    let steps = steps(border);
    let goes_on = steps.iter().all(|(_, step)| *step == Step::Even);
    let is_same = configs(border).all(|(before, after)| before == after)
        && tracks(&before.media) == tracks(&after.media);
    if !steps.is_empty() && goes_on && is_same {
        faults.add("times and formats go on over EXT-X-DISCONTINUITY");
    }
}

/// The earlier segment is judged: the last one of a stream ends as it may.
pub(super) fn tracks_end_together(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let Some((video, audio)) = both(border.before) else { return };
    // The last picture of a screen is shown for nobody knows how long.
    if video.is_variable() {
        return;
    }
    // Where the later segment has but one of them, the other has ended for good.
    let is_last = border.after.listed.has_discontinuity || both(border.after).is_none();
    let least = if is_last { LAST_END_SLACK_NS } else { END_SLACK_NS };
    let distance = audio.end_ns.saturating_sub(video.end_ns);
    if distance.saturating_abs() > slack(least, &video, &audio) {
        let order = if distance > 0 { "after" } else { "before" };
        faults.add(format!(
            "sound of segment {} ends {} {order} its pictures",
            border.before.listed.sequence,
            Seconds(distance.saturating_abs())
        ));
    }
}

/// The earlier segment is judged: the last one of a stream is as long as it happens to be, and so
/// is the first.
pub(super) fn segment_is_not_tiny(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let listed = &border.before.listed;
    let is_beside_a_break = listed.has_discontinuity || border.after.listed.has_discontinuity;
    if listed.sequence > 1 && !is_beside_a_break && border.before.listed_ns() < TINY_NS {
        let length = Seconds(border.before.listed_ns());
        faults.add(format!("segment {} lasts only {length}", listed.sequence));
    }
}

const fn are_readable(border: &BorderEvidence<'_>) -> bool {
    border.before.is_readable() && border.after.is_readable()
}
