//! Playlist delta updates (draft-pantos-hls-rfc8216bis, 4.4.5.2 and 6.2.5.1).

use std::collections::BTreeSet;

use thiserror::Error;

use super::{DateRange, MediaPlaylist, Segment, Skip};

/// The whole playlist that a delta update stands for.
///
/// # Errors
///
/// When `previous` does not have what the update skips, or is itself one.
pub fn apply_delta(
    previous: &MediaPlaylist,
    delta: &MediaPlaylist,
) -> Result<MediaPlaylist, DeltaError> {
    let Some(skip) = &delta.skip else { return Ok(delta.clone()) };
    if previous.skip.is_some() {
        return Err(DeltaError::NoBase);
    }
    let first = delta.media_sequence;
    let next = first.checked_add(skip.segments).ok_or(DeltaError::Missing { sequence: first })?;
    let held = |segment: &&Segment| (first..next).contains(&segment.sequence);
    let mut segments: Vec<Segment> = previous.segments.iter().filter(held).cloned().collect();
    // They are in order and without a hole, so that the first and the count say all.
    let count = u64::try_from(segments.len()).unwrap_or(u64::MAX);
    if count != skip.segments {
        let known = segments.first().map_or(u64::MAX, |segment| segment.sequence);
        let sequence = if known > first { first } else { first.saturating_add(count) };
        return Err(DeltaError::Missing { sequence });
    }
    follow(&mut segments, delta, skip);
    Ok(MediaPlaylist {
        skip: None,
        segments,
        date_ranges: date_ranges(previous, delta, skip),
        ..delta.clone()
    })
}

/// Why an update cannot be applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DeltaError {
    /// What it would be applied to is an update itself.
    #[error("an update cannot be applied to another one")]
    NoBase,
    /// A segment is skipped that the playlist before it does not have.
    #[error("segment {sequence} is skipped but was not listed before")]
    Missing {
        /// Its media sequence number.
        sequence: u64,
    },
}

/// Appends what is listed: it goes on where the skipped ones end.
fn follow(segments: &mut Vec<Segment>, delta: &MediaPlaylist, skip: &Skip) {
    let last = segments.last().cloned();
    let mut breaks = last.as_ref().map_or(delta.discontinuity_sequence, |last| {
        last.discontinuity_sequence.max(delta.discontinuity_sequence)
    });
    for (at, segment) in delta.segments.iter().enumerate() {
        let mut segment = segment.clone();
        breaks = breaks.saturating_add(u64::from(segment.has_discontinuity));
        segment.discontinuity_sequence = breaks;
        if let Some(last) = &last {
            if at < skip.before_map {
                segment.map.clone_from(&last.map);
            }
            if at < skip.before_key {
                segment.key.clone_from(&last.key);
                segment.further_keys.clone_from(&last.further_keys);
            }
            if at < skip.before_bit_rate {
                segment.bit_rate_kbps = last.bit_rate_kbps;
            }
        }
        segments.push(segment);
    }
}

/// Where they are skipped, too, those that were known stay, but for those that were removed.
fn date_ranges(previous: &MediaPlaylist, delta: &MediaPlaylist, skip: &Skip) -> Vec<DateRange> {
    let Some(removed) = &skip.removed_date_ranges else { return delta.date_ranges.clone() };
    let gone: BTreeSet<&str> = removed
        .iter()
        .map(String::as_str)
        .chain(delta.date_ranges.iter().map(|range| range.id.as_str()))
        .collect();
    let stay = previous.date_ranges.iter().filter(|range| !gone.contains(range.id.as_str()));
    stay.chain(&delta.date_ranges).cloned().collect()
}
