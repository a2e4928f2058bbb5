//! One track of the file: the times, sizes and kinds of all its samples.

use std::ops::Range;

use bytes::Bytes;
use media::{Timescale, TrackKind};

use super::runs::Runs;
use super::segment::{Description, Sample, TrackTable, rescale};
use super::{ENTRIES_MAX, ExportError};

/// The samples of one track of the file.
///
/// A sample costs four bytes for its size, eight for every change of duration, eight for every
/// change of composition offset and four if decoding can start with it. That is 4 bytes of sound,
/// 5 to 12 of pictures that are shown as they are decoded and up to 20 of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    pub(super) key: Key,
    pub(super) timescale: Timescale,
    pub(super) descriptions: Vec<Description>,
    /// The number of the newest one, from 1 on.
    entry: Option<u16>,
    pub(super) sizes: Vec<u32>,
    /// Of all samples but the last.
    pub(super) durations: Runs,
    /// Composition offsets: numbers with a sign.
    pub(super) offsets: Runs,
    /// The numbers of the samples that decoding can start with; none are kept of sound.
    pub(super) syncs: Vec<u32>,
    /// When the first sample is decoded, in ticks from the start of the file.
    pub(super) first_dts: i64,
    /// The number of the first sample that has another entry than the first.
    pub(super) sets_from: Option<u32>,
    last: Option<Last>,
}

/// What tells tracks apart: the rendition, the kind, and which of its kind it is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    pub(super) kind: TrackKind,
    pub(super) lane: usize,
    pub(super) number: usize,
}

/// The newest sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Last {
    dts: i64,
    duration: u32,
}

/// What of a track is in the file, and when. Times are in its ticks from the start of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    /// Numbers of the first sample and of the one behind the last.
    pub(super) samples: Range<u32>,
    pub(super) first_dts: i64,
    /// When the first is shown, and when the last ends to be.
    pub(super) shown: Range<i64>,
}

/// Sound that begins within this part of a second of where the sample before ends follows it:
/// times are rounded on the way.
const SLACK: u32 = 1_000;

/// Sound that is decoded before the start, in 90 kHz ticks, so that it has its full quality there:
/// 80 ms, as Opus wants (RFC 7845, 4.6); others need a frame or two.
const PREROLL_TICKS: i64 = 7_200;

impl Column {
    pub(super) fn new(key: Key, timescale: Timescale) -> Self {
        Self {
            key,
            timescale,
            descriptions: Vec::new(),
            entry: None,
            sizes: Vec::new(),
            durations: Runs::default(),
            offsets: Runs::default(),
            syncs: Vec::new(),
            first_dts: 0,
            sets_from: None,
            last: None,
        }
    }

    /// Takes the samples of a segment whose times are moved by `shift` ticks of 90 kHz: the number
    /// of their sample entry from 1 on, or `None` if it is not known, and the samples are left out.
    pub(super) fn take(
        &mut self,
        table: &TrackTable,
        shift: i64,
    ) -> Result<Option<u16>, ExportError> {
        if let Some(description) = &table.description {
            self.entry = Some(self.describe(description)?);
        }
        let Some(entry) = self.entry else { return Ok(None) };
        let timescale = self.timescale;
        let shift = rescale(shift, Timescale::MPEG, timescale).ok_or(ExportError::Time)?;
        let place = |time| rescale(time, table.timescale, timescale)?.checked_add(shift);
        let mut moved = 0;
        if let (TrackKind::Audio, Some(last), Some(first)) =
            (self.key.kind, self.last, table.samples.first())
        {
            let end = last.dts.saturating_add(i64::from(last.duration));
            let distance = end.saturating_sub(place(first.dts).ok_or(ExportError::Time)?);
            let slack = u64::from(timescale.hz() / SLACK);
            moved = if distance.unsigned_abs() <= slack { distance } else { 0 };
        }
        let place = |time| place(time)?.checked_add(moved);
        let first = u32::try_from(self.sizes.len()).map_err(|_| ExportError::Time)?;
        if entry > 1 {
            self.sets_from.get_or_insert(first);
        }
        let sets = self.sets(entry, first).len();
        let sets = u32::try_from(sets).map_err(|_| ExportError::Time)?;
        for sample in &table.samples {
            let duration = i64::from(sample.duration);
            let duration = rescale(duration, table.timescale, timescale);
            let duration = duration.and_then(|ticks| u32::try_from(ticks).ok());
            let dts = place(sample.dts).ok_or(ExportError::Time)?;
            let pts = place(sample.pts).ok_or(ExportError::Time)?;
            let sets = if sample.has_entry() { sets } else { 0 };
            let bytes = sample.bytes.checked_add(sets).ok_or(ExportError::Time)?;
            let sample = Sample { bytes, ..*sample };
            self.push(sample, (dts, pts), duration.ok_or(ExportError::Time)?)?;
        }
        Ok(Some(entry))
    }

    /// The parameter sets that stand before each sample that decoding can start with, of a chunk
    /// whose first sample has this number, though its entry has them: from the first sample on that
    /// has another entry than the first. Players such as Chromium only look at that one.
    pub(super) fn sets(&self, entry: u16, first: u32) -> Bytes {
        let has_sets = self.sets_from.is_some_and(|from| first >= from);
        let index = usize::from(entry).checked_sub(1).filter(|_| has_sets);
        let description = index.and_then(|index| self.descriptions.get(index));
        description.map(|description| description.sets.clone()).unwrap_or_default()
    }

    /// The number of a description, from 1 on.
    fn describe(&mut self, description: &Description) -> Result<u16, ExportError> {
        let known = self.descriptions.iter().position(|known| known == description);
        let index = known.unwrap_or(self.descriptions.len());
        let too_many = ExportError::TooMany { what: "sample entries", limit: ENTRIES_MAX };
        if index == ENTRIES_MAX {
            return Err(too_many);
        }
        if known.is_none() {
            self.descriptions.push(description.clone());
        }
        u16::try_from(index + 1).map_err(|_| too_many)
    }

    fn push(
        &mut self,
        sample: Sample,
        (dts, pts): (i64, i64),
        duration: u32,
    ) -> Result<(), ExportError> {
        let dts = match self.last {
            None => {
                self.first_dts = dts;
                dts
            }
            // Times grow, whatever overlaps: the sample before is cut short.
            Some(last) => {
                let dts = dts.max(last.dts.saturating_add(1));
                let lasted = dts.saturating_sub(last.dts);
                self.durations.push(u32::try_from(lasted).map_err(|_| ExportError::Time)?);
                dts
            }
        };
        let offset = match self.key.kind {
            TrackKind::Audio => 0,
            TrackKind::Video => pts.saturating_sub(dts),
        };
        let offset = i32::try_from(offset).map_err(|_| ExportError::Time)?;
        self.offsets.push(offset.cast_unsigned());
        if sample.is_sync && self.key.kind == TrackKind::Video {
            self.syncs.push(u32::try_from(self.sizes.len()).map_err(|_| ExportError::Time)?);
        }
        self.sizes.push(sample.bytes);
        self.last = Some(Last { dts, duration: duration.max(1) });
        Ok(())
    }

    /// There are no more samples: the last one lasts as long as it says itself.
    pub(super) fn close(&mut self) {
        if let Some(last) = self.last.take() {
            self.durations.push(last.duration);
        }
    }

    /// What is in the file of a column that is closed, if the presentation begins at `start` and
    /// ends at `end`, in 90 kHz ticks. Pictures from the last on that decoding can start with at
    /// or before `start`, and sound from a little before; at the end, no sample behind the last
    /// that begins before `end`.
    pub(super) fn keep(&self, start: Option<i64>, end: Option<i64>) -> Option<Kept> {
        let edge = |time| rescale(time, Timescale::MPEG, self.timescale);
        let start = match (self.key.kind, start) {
            (TrackKind::Audio, Some(start)) => edge(start.saturating_sub(PREROLL_TICKS)),
            (TrackKind::Video, Some(start)) => edge(start),
            (_, None) => None,
        };
        let end = end.and_then(edge).unwrap_or(i64::MAX);
        let mut syncs = self.syncs.iter().copied().peekable();
        let mut kept: Option<Kept> = None;
        let mut dts = self.first_dts;
        let times = self.durations.values().zip(self.offsets.values()).zip(0_u32..);
        for ((duration, offset), number) in times {
            let pts = dts.saturating_add(i64::from(offset.cast_signed()));
            let is_sync = match self.key.kind {
                TrackKind::Audio => true,
                // Without any, nothing is gained by leaving some out.
                TrackKind::Video if self.syncs.is_empty() => number == 0,
                TrackKind::Video => syncs.next_if_eq(&number).is_some(),
            };
            let is_entry = is_sync && (kept.is_none() || start.is_some_and(|start| pts <= start));
            if is_entry {
                kept = Some(Kept { samples: number..number, first_dts: dts, shown: pts..pts });
            }
            if let Some(kept) = kept.as_mut().filter(|_| pts < end) {
                kept.samples.end = number.saturating_add(1);
                let shown_until = pts.saturating_add(i64::from(duration));
                kept.shown = kept.shown.start.min(pts)..kept.shown.end.max(shown_until);
            }
            dts = dts.saturating_add(i64::from(duration));
        }
        kept.filter(|kept| !kept.samples.is_empty())
    }
}
