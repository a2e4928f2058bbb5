//! Recordings as playlists.
//!
//! They are served below `/vod/`, and their segments lie where those of the stream do: the lines of
//! index pages and of the record's tail get the way there put before their URIs. That is a relative
//! one, so a token at the front of a viewer's path holds for the segments as well, and a CDN that
//! has a segment of the live stream has it for the recording. (`EXT-X-DEFINE` would save the
//! rewriting, and shut out players that do not know version 8.) It is done once for each playlist
//! that is asked for: what comes out is kept for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hls::{Bandwidth, ENDLIST, Header, PlaylistKind, Shown, captions, render_variants, version};
use origin::{CacheControl, Document, OriginError};
use timeline::{Container, PAGE_SEGMENTS, RecordedRendition, Recording, RecordingId, RenditionId};
use tokio::task::JoinSet;

use crate::archive::{ArchiveError, DATE_RANGE, Recordings, page, page_of};
use crate::page::document;

/// Seconds that a recording's playlists may be cached for. They do not change, but a recording can
/// be deleted, and is then to be gone in minutes.
const CACHED_S: u32 = 300;
/// Bytes of playlists that are kept: one of an hour of two-second segments takes 200 KB.
const KEPT_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// Index pages that are read at a time.
const PAGES_AT_ONCE: usize = 32;

const MAP: &str = "#EXT-X-MAP:URI=\"";
const BREAK: &str = "#EXT-X-DISCONTINUITY\n";
const GAP: &str = "#EXT-X-GAP\n";

/// Playlists that were asked for lately, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    playlists: Mutex<VecDeque<(RecordingId, RenditionId, Document)>>,
}

impl Recordings {
    /// The record of a recording that can be watched.
    pub(crate) async fn watchable(&self, id: &RecordingId) -> Result<Arc<Recording>, OriginError> {
        let record = self.look_up(id).await.map_err(unavailable)?;
        let record = record.ok_or_else(|| OriginError::NoRecording(id.clone()))?;
        match record.deleted_ms {
            Some(_) => Err(OriginError::Deleted(id.clone())),
            None => Ok(record),
        }
    }

    /// The list of a recording's variants.
    pub(crate) async fn multivariant(
        &self,
        id: &RecordingId,
        container: Option<Container>,
    ) -> Result<Document, OriginError> {
        let record = self.watchable(id).await?;
        let shown: Vec<_> = record.renditions.iter().map(shown).collect();
        let seen = captions(record.renditions.iter().map(|it| &it.record));
        let text = render_variants(&shown, container, record.is_independent, seen, "");
        let text = text.ok_or_else(|| match container {
            Some(container) => OriginError::NoContainer(id.stream().clone(), container),
            None => OriginError::NothingThen(id.stream().clone()),
        })?;
        Ok(kept_for_minutes(document(text, record.target_duration_s)))
    }

    /// The segments of one rendition of a recording.
    pub(crate) async fn media(
        &self,
        id: &RecordingId,
        rendition: &RenditionId,
    ) -> Result<Document, OriginError> {
        let record = self.watchable(id).await?;
        if let Some(document) = self.kept.get(id, rendition) {
            return Ok(document);
        }
        let text = self.media_text(&record, rendition).await?;
        let document = kept_for_minutes(document(text, record.target_duration_s));
        self.kept.put(id, rendition, &document);
        Ok(document)
    }

    async fn media_text(
        &self,
        record: &Recording,
        id: &RenditionId,
    ) -> Result<String, OriginError> {
        let stream = record.id.stream();
        let rendition = record.rendition(id);
        let rendition =
            rendition.ok_or_else(|| OriginError::NoRendition(stream.clone(), id.clone()))?;
        let (said, tail) = split(&rendition.tail);
        let pages = self.pages(record, rendition).await?;
        let first = pages.first().map(|page| page.map_before(record.first).to_owned());
        let mut lines = String::new();
        for page in &pages {
            let lines_of_page = page.lines(record.first..record.paged_before);
            lines.push_str(std::str::from_utf8(&lines_of_page).unwrap_or_default());
        }
        lines.push_str(tail);
        // The first segment follows on nothing: what would be a break there is counted only.
        let begins_with_break = lines.starts_with(BREAK);
        let lines = lines.strip_prefix(BREAK).unwrap_or(&lines);
        let has_gap = lines.contains(GAP);
        let breaks = rendition.discontinuity_sequence;
        let way = format!("../../../{stream}/{id}/");
        let header = Header {
            version: version(rendition.record.container, has_gap),
            is_independent: record.is_independent,
            target_duration_s: record.target_duration_s,
            media_sequence: record.first,
            discontinuity_sequence: breaks.saturating_add(u64::from(begins_with_break)),
            kind: Some(PlaylistKind::Vod),
            control: said,
            date_ranges: &[],
            skip: "",
            map: &rewrite(first.as_deref().unwrap_or_default(), &way),
        };
        let mut text = String::with_capacity(lines.len().saturating_mul(2));
        header.render(&mut text);
        text.push_str(&rewrite(lines, &way));
        text.push_str(ENDLIST);
        Ok(text)
    }

    /// The index pages that a recording is in, in their order.
    pub(crate) async fn pages(
        &self,
        record: &Recording,
        rendition: &RecordedRendition,
    ) -> Result<Vec<hls::Page>, OriginError> {
        if record.paged_before <= record.first {
            return Ok(Vec::new());
        }
        let numbers = page_of(record.first)..record.paged_before.div_ceil(PAGE_SEGMENTS);
        let (mut reading, mut pages) = (JoinSet::new(), Vec::new());
        let mut numbers = numbers.peekable();
        loop {
            while reading.len() < PAGES_AT_ONCE
                && let Some(number) = numbers.next()
            {
                reading.spawn(self.page_or_gaps(record, rendition, number));
            }
            let Some(read) = reading.join_next().await else { break };
            let read = read.map_err(|error| unavailable_box(error.into()))?;
            pages.push(read.map_err(unavailable)?);
        }
        pages.sort_by_key(|page: &hls::Page| page.first());
        Ok(pages)
    }

    /// An index page; where the stream had nothing of the rendition, one of gaps.
    fn page_or_gaps(
        &self,
        record: &Recording,
        rendition: &RecordedRendition,
        number: u64,
    ) -> impl Future<Output = Result<hls::Page, ArchiveError>> + Send + 'static {
        let store = Arc::clone(&self.objects.store);
        let like = rendition.record.clone();
        let id = record.id.clone();
        let others: Vec<_> =
            record.renditions.iter().map(|it| it.record.rendition.clone()).collect();
        async move {
            let stream = id.stream();
            if let Some(page) = page(store.as_ref(), stream, &like.rendition, number).await? {
                return Ok(page);
            }
            for other in others {
                let other = page(store.as_ref(), stream, &other, number).await?;
                if let Some(gaps) = other.and_then(|page| page.without_media(&like)) {
                    return Ok(gaps);
                }
            }
            let problem = format!("there is no index page {number}");
            Err(ArchiveError::Record { id, problem })
        }
    }
}

impl Kept {
    fn get(&self, id: &RecordingId, rendition: &RenditionId) -> Option<Document> {
        let kept = self.playlists.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|it| it.0 == *id && it.1 == *rendition)?;
        Some(found.2.clone())
    }

    fn put(&self, id: &RecordingId, rendition: &RenditionId, document: &Document) {
        let mut kept = self.playlists.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| it.0 != *id || it.1 != *rendition);
        kept.push_back((id.clone(), rendition.clone(), document.clone()));
        let bytes = |kept: &VecDeque<(RecordingId, RenditionId, Document)>| {
            kept.iter().filter_map(|it| it.2.body.length()).sum::<u64>()
        };
        while bytes(&kept) > KEPT_BYTES_MAX && kept.pop_front().is_some() {}
    }
}

/// A rendition as a multivariant playlist tells of it.
fn shown(rendition: &RecordedRendition) -> Shown<'_> {
    let (peak, average) = (rendition.peak_bandwidth, rendition.average_bandwidth);
    Shown { record: &rendition.record, bandwidth: Bandwidth { peak, average } }
}

/// What is said of stretches of time, and the lines of segments.
pub(crate) fn split(tail: &str) -> (&str, &str) {
    let said = tail.split_inclusive('\n').take_while(|line| line.starts_with(DATE_RANGE));
    tail.split_at_checked(said.map(str::len).sum()).unwrap_or(("", tail))
}

/// Puts the way to the stream's rendition before URIs.
fn rewrite(lines: &str, way: &str) -> String {
    let mut text = String::with_capacity(lines.len() + lines.len() / 2);
    for line in lines.split_inclusive('\n') {
        match line.strip_prefix(MAP) {
            Some(uri) => {
                text.push_str(MAP);
                text.push_str(way);
                text.push_str(uri);
            }
            None => {
                if !line.starts_with('#') {
                    text.push_str(way);
                }
                text.push_str(line);
            }
        }
    }
    text
}

fn kept_for_minutes(document: Document) -> Document {
    Document { cache_control: CacheControl::Seconds(CACHED_S), ..document }
}

/// What cannot be read for now.
pub(crate) fn unavailable(error: ArchiveError) -> OriginError {
    unavailable_box(Box::new(error))
}

pub(crate) fn unavailable_box(source: origin::BoxError) -> OriginError {
    let retry_after = std::time::Duration::from_secs(1);
    OriginError::Unavailable { what: "the archive", retry_after, source }
}
