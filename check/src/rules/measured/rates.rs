//! Bit rates.

use hls::read::PlaylistType;

use super::Measured;
use crate::evidence::{PresentationEvidence, RenditionEvidence};
use crate::finding::Faults;

/// Hundredths of `BANDWIDTH` that a peak may have while a stream is live: what is to come is not
/// known.
const LIVE_PERCENT: u64 = 125;

/// The same of a stream that is complete, and of averages.
const COMPLETE_PERCENT: u64 = 110;

/// Of a live stream one more segment may be listed between its playlist and the multivariant
/// playlist that is held against it. Where there are so many, one does not turn the average.
const LISTED_MIN: u64 = 12;

/// Hundredths of the peak that `BANDWIDTH` may have.
const HIGH_PERCENT: u64 = 200;

/// A peak that was seen counts however little was seen: it can only get higher.
pub(super) fn peak_is_covered(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for measured in Measured::all(presentation) {
        let Some(listed) = measured.variant.bandwidth else { continue };
        let Some(own) = seen_peak(measured.own) else { continue };
        let sounds = measured.sounds.iter().filter_map(|sound| seen_peak(sound));
        let peak = own.saturating_add(sounds.max().unwrap_or_default());
        let is_complete = is_complete(measured.own);
        let percent = if is_complete { COMPLETE_PERCENT } else { LIVE_PERCENT };
        if is_above(peak, percent, listed) {
            let uri = &measured.variant.uri;
            faults.add(format!("{uri} has a peak of {peak} bit/s, and BANDWIDTH says {listed}"));
        }
    }
}

/// Judged only if all that is listed was seen: the peak may be elsewhere.
pub(super) fn bandwidth_is_not_too_high(
    presentation: &PresentationEvidence<'_>,
    faults: &mut Faults<'_>,
) {
    for measured in Measured::all(presentation) {
        let (Some(listed), Some((peak, _))) = (measured.variant.bandwidth, whole(&measured)) else {
            continue;
        };
        if is_above(listed, HIGH_PERCENT, peak) {
            let uri = &measured.variant.uri;
            faults
                .add(format!("{uri} has a peak of only {peak} bit/s, and BANDWIDTH says {listed}"));
        }
    }
}

/// Judged only if all that is listed was seen.
pub(super) fn average_is_true(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for measured in Measured::all(presentation) {
        let listed = measured.variant.average_bandwidth;
        let (Some(listed), Some((_, average))) = (listed, whole(&measured)) else { continue };
        if is_above(average, COMPLETE_PERCENT, listed) {
            faults.add(format!(
                "{} has an average of {average} bit/s, and AVERAGE-BANDWIDTH says {listed}",
                measured.variant.uri
            ));
        }
    }
}

/// Peak and average of a variant with the sound that takes the most, if all of it was seen.
fn whole(measured: &Measured<'_>) -> Option<(u64, u64)> {
    let (mut peak, mut average) = listed_rates(measured.own)?;
    if !measured.is_complete {
        return None;
    }
    let sounds: Option<Vec<_>> = measured.sounds.iter().map(|sound| listed_rates(sound)).collect();
    let sounds = sounds?;
    let dearest = |rate: fn(&(u64, u64)) -> u64| sounds.iter().map(rate).max().unwrap_or_default();
    peak = peak.saturating_add(dearest(|rates| rates.0));
    average = average.saturating_add(dearest(|rates| rates.1));
    Some((peak, average))
}

/// Peak and average of all that a playlist lists, if all of it was seen.
pub(super) fn listed_rates(rendition: &RenditionEvidence<'_>) -> Option<(u64, u64)> {
    let (playlist, rates) = (rendition.playlist, &rendition.course.bit_rate);
    let listed = u64::try_from(playlist.segments.len()).ok()?;
    if is_complete(rendition) && rendition.course.segments >= listed {
        return Some((rates.peak?, rates.average()?));
    }
    if listed < LISTED_MIN {
        return None;
    }
    rates.of_listed(playlist)
}

/// The peak of what was seen. What a live stream says is about what it lists: its playlist may
/// have grown quieter.
fn seen_peak(rendition: &RenditionEvidence<'_>) -> Option<u64> {
    let rates = &rendition.course.bit_rate;
    if is_complete(rendition) { rates.peak } else { rates.peak_of_listed(rendition.playlist) }
}

/// Whether a stream is complete, from its first segment to its last.
fn is_complete(rendition: &RenditionEvidence<'_>) -> bool {
    let playlist = rendition.playlist;
    playlist.playlist_type == Some(PlaylistType::Vod)
        || (playlist.has_ended && playlist.media_sequence == 0)
}

/// Whether `rate` is more than so many hundredths of `base`.
fn is_above(rate: u64, percent: u64, base: u64) -> bool {
    u128::from(rate) * 100 > u128::from(base) * u128::from(percent)
}
