//! Clips: stretches of a stream or a recording that somebody asked for.

use std::ops::Range;

use runtime::unix_ms;
use serde::Serialize;
use timeline::{
    Moment, PAGE_SEGMENTS, Recording, RecordingId, RecordingKind, RenditionId, StreamName,
};

use super::history::{any_page, page_of};
use super::made::{Stretch, span};
use super::recorder::is_of_a_broadcast;
use super::{ArchiveError, ClipError, Recent, Recordings, recent};

/// What is to become a clip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClipRequest {
    /// Of what.
    pub source: Source,
    /// Where it begins.
    pub start: Moment,
    /// Where it ends.
    pub end: Moment,
    /// What it is called among the recordings of its stream.
    pub name: String,
}

/// What a clip is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A stream, live or not.
    Stream(StreamName),
    /// A recording.
    Recording(RecordingId),
}

/// A clip, and where exactly its edges are. Dates are milliseconds since the Unix epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Clipped {
    /// The clip's name.
    pub id: RecordingId,
    /// The edges that hold: those that were asked for, as far as there is something. A file that
    /// is exported has them exactly.
    pub start_ms: i64,
    /// As for `start_ms`.
    pub end_ms: i64,
    /// The first segment.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Where the first segment begins, and so the playlist.
    pub first_start_ms: i64,
    /// Where the last segment ends.
    pub last_end_ms: i64,
    /// How much of the playlist comes before the edge.
    pub before_start_ms: i64,
    /// How much of it comes behind the other one.
    pub behind_end_ms: i64,
}

impl Recordings {
    /// Makes a clip, at once. Whoever repeats a request gets the same clip.
    ///
    /// # Errors
    ///
    /// When there is none then, or the name is taken.
    pub async fn clip(&self, request: &ClipRequest) -> Result<Clipped, ClipError> {
        let now_ms = unix_ms();
        let of = |moment: Moment| match moment {
            Moment::At(ms) => ms,
            Moment::Ago(s) => {
                now_ms.saturating_sub(i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000))
            }
        };
        let (start_ms, end_ms) = (of(request.start), of(request.end));
        if end_ms <= start_ms {
            return Err(ClipError::EndBeforeStart);
        }
        if is_of_a_broadcast(&request.name) {
            return Err(ClipError::Reserved);
        }
        let recording = self.source_record(&request.source).await?;
        let stream = match &request.source {
            Source::Stream(stream) => stream,
            Source::Recording(id) => id.stream(),
        };
        let id = RecordingId::new(stream.clone(), &request.name).map_err(ArchiveError::from)?;
        let recent = recent(self.journal.as_ref(), stream, None).await;
        let recent = recent.map_err(ArchiveError::from)?;
        let recent = recent.ok_or_else(|| ClipError::NoStream(stream.clone()))?;
        let clipping = Clipping { recordings: self, recent, recording, stream };
        clipping.make(id, start_ms, end_ms, now_ms).await
    }

    /// The record of the recording that is to be clipped, if it is one.
    async fn source_record(&self, source: &Source) -> Result<Option<Recording>, ClipError> {
        let Source::Recording(id) = source else { return Ok(None) };
        let record = self.read(id).await?;
        let record = record.ok_or_else(|| ArchiveError::Unknown(id.clone()))?;
        match record.deleted_ms {
            Some(_) => Err(ClipError::Deleted(id.clone())),
            None => Ok(Some(record)),
        }
    }
}

/// What a clip is found in.
struct Clipping<'a> {
    recordings: &'a Recordings,
    recent: Recent,
    recording: Option<Recording>,
    stream: &'a StreamName,
}

impl Clipping<'_> {
    async fn make(
        &self,
        id: RecordingId,
        start_ms: i64,
        end_ms: i64,
        created_ms: i64,
    ) -> Result<Clipped, ClipError> {
        let nothing = || ClipError::NothingThen(self.stream.clone());
        let renditions = self.renditions();
        let (first, last) = self.find(&renditions, start_ms, end_ms).await?.ok_or_else(nothing)?;
        let store = self.recordings.objects.store.as_ref();
        let begins = span(&self.recent, &renditions, store, self.stream, first).await?;
        let ends = span(&self.recent, &renditions, store, self.stream, last).await?;
        let ((first_start_ms, _), (_, last_end_ms)) = begins.zip(ends).ok_or_else(nothing)?;
        // Beyond the segments there is nothing to begin or to end with.
        let edges = (start_ms.max(first_start_ms), end_ms.min(last_end_ms));
        let kind = RecordingKind::Clip;
        let stretch = Stretch { id, kind, first, last, edges_ms: Some(edges), created_ms };
        let record = stretch.record(&self.recent, &renditions, store).await?;
        let record = record.ok_or_else(nothing)?;
        self.recordings.write(&record).await?;
        Ok(Clipped {
            id: record.id,
            start_ms: record.start_ms,
            end_ms: record.end_ms,
            first,
            last,
            first_start_ms,
            last_end_ms,
            before_start_ms: record.start_ms.saturating_sub(first_start_ms),
            behind_end_ms: last_end_ms.saturating_sub(record.end_ms),
        })
    }

    fn renditions(&self) -> Vec<RenditionId> {
        let mut known: Vec<RenditionId> = Vec::new();
        let of_recording = self.recording.iter().flat_map(|it| &it.renditions);
        known.extend(of_recording.map(|it| it.record.rendition.clone()));
        for rendition in self.recent.renditions() {
            if !known.contains(&rendition) {
                known.push(rendition);
            }
        }
        known
    }

    /// The segments that a clip may have.
    fn range(&self) -> Range<u64> {
        match &self.recording {
            Some(recording) => recording.first..recording.last.saturating_add(1),
            None => self.recent.newest.head.kept_from..self.recent.newest.head.next_sequence,
        }
    }

    /// The first segment that ends after the start, and the last that begins before the end.
    async fn find(
        &self,
        renditions: &[RenditionId],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Option<(u64, u64)>, ArchiveError> {
        let range = self.range();
        let first = self.partition(renditions, range.clone(), |(_, end)| end <= start_ms).await?;
        let end = self.partition(renditions, first..range.end, |(start, _)| start < end_ms).await?;
        Ok(end.checked_sub(1).filter(|last| *last >= first).map(|last| (first, last)))
    }

    /// The number of the first segment of which something is not true that is true of all before.
    async fn partition(
        &self,
        renditions: &[RenditionId],
        range: Range<u64>,
        is_true: impl Fn((i64, i64)) -> bool,
    ) -> Result<u64, ArchiveError> {
        let store = self.recordings.objects.store.as_ref();
        // First the page, so that each page is read once and few of them.
        let paged_end = self.recent.paged_before().clamp(range.start, range.end);
        let (mut low, mut high) = (page_of(range.start), paged_end.div_ceil(PAGE_SEGMENTS));
        let mut within: Option<hls::Page> = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let page = any_page(store, self.stream, renditions, middle).await?;
            let first = page.as_ref().and_then(|page| {
                let first = page.first();
                Some((page.calendar_ms(first)?, page.calendar_end_ms(first)?))
            });
            // What has no page is gone: what is wanted is behind it.
            if first.is_none_or(&is_true) {
                low = middle + 1;
                within = page;
            } else {
                high = middle;
            }
        }
        let found = within.and_then(|page| {
            let mut numbers = page.first().max(range.start)..page.end().min(paged_end);
            numbers.find(|number| {
                let span = page.calendar_ms(*number).zip(page.calendar_end_ms(*number));
                span.is_some_and(|span| !is_true(span))
            })
        });
        if let Some(found) = found {
            return Ok(found);
        }
        // Behind the last page that begins so; where that is not the last of all, the next one
        // begins otherwise.
        let behind = high.saturating_mul(PAGE_SEGMENTS).clamp(range.start, paged_end);
        if behind < paged_end {
            return Ok(behind);
        }
        let tail = self.recent.window.tail();
        let mut tail = tail.filter(|it| (paged_end..range.end).contains(&it.sequence));
        let found =
            tail.find(|it| !is_true((it.calendar_ms, it.calendar_ms.saturating_add(it.length_ms))));
        Ok(found.map_or(range.end, |segment| segment.sequence))
    }
}
