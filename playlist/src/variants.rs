//! Multivariant playlists of any stretch of a stream.

use std::collections::BTreeSet;
use std::sync::Arc;

use hls::{Shown, captions, newest_records, render_variants};
use origin::{Document, OriginError};
use timeline::{Container, PAGE_SEGMENTS, Query, RenditionId, SegmentRecord, View};

use crate::follow::Follower;
use crate::listing::{Span, measured};
use crate::page;
use crate::pages::Leaf;
use crate::view::Stretch;

/// Pages of which bit rates and captions are taken into account, the newest: nine hours of segments
/// of two seconds. What was before says little of what a player will meet.
const MEASURED_PAGES_MAX: u64 = 64;

/// A rendition over a stretch.
struct Told {
    record: SegmentRecord,
    leaves: Vec<Arc<Leaf>>,
}

impl Follower {
    /// The list of variants of a stretch; `None` where it has none in the container. `view` is what
    /// its URIs ask for.
    pub(crate) async fn variants(
        &self,
        container: Option<Container>,
        view: View,
        stretch: Stretch,
    ) -> Result<Option<Document>, OriginError> {
        let Some(newest) = self.newest_record() else { return Ok(None) };
        let Some(span) = self.span(&self.wanted(&newest), stretch).await? else { return Ok(None) };
        let told = self.told(&newest, &span).await?;
        let window = self.read_window();
        let pages_end = told.iter().filter_map(|told| told.leaves.last()).map(|it| it.page.end());
        let from = pages_end.max().unwrap_or(span.first).max(span.first);
        let shown = told.iter().filter_map(|told| {
            let pages = told.leaves.iter().map(|leaf| &leaf.page);
            let measured = measured(pages, &window, from, &told.record.rendition);
            Some(Shown { record: &told.record, bandwidth: measured.bandwidth()? })
        });
        let shown: Vec<_> = shown.collect();
        let loose = || window.tail().filter(|segment| segment.sequence >= from);
        let pages = || told.iter().flat_map(|told| &told.leaves).map(|leaf| leaf.page.record());
        let is_independent = loose().all(|segment| segment.independent)
            && pages().all(|page| page.dependent.is_empty());
        let of_pages = pages().flat_map(|page| {
            page.captions.iter().map(|name| (page.record.rendition.clone(), name.clone()))
        });
        let captions = captions(loose().flat_map(|segment| &segment.renditions)).chain(of_pages);
        let query = Query { view, ..Query::default() }.to_string();
        let text = render_variants(&shown, container, is_independent, captions, &query);
        let target_duration_s = window.target_duration_s().unwrap_or(1);
        Ok(text.map(|text| page::document(text, target_duration_s)))
    }

    /// What is told of every rendition of the span.
    async fn told(&self, newest: &SegmentRecord, span: &Span) -> Result<Vec<Told>, OriginError> {
        let (records, numbers) = {
            let window = self.read_window();
            let live_first = window.segments().next().map_or(u64::MAX, |it| it.sequence);
            let paged_before = window.head().map_or(0, |head| head.paged_before);
            let in_span = |sequence: u64| (span.first..span.end).contains(&sequence);
            let tail = window.tail().filter(|segment| in_span(segment.sequence));
            let records: Vec<_> = newest_records(tail).into_iter().cloned().collect();
            // What every node has in its window is measured there.
            let end = if span.first >= live_first { 0 } else { paged_before.min(span.end) };
            let end = end.div_ceil(PAGE_SEGMENTS);
            let start = (span.first / PAGE_SEGMENTS).max(end.saturating_sub(MEASURED_PAGES_MAX));
            (records, start.min(end)..end)
        };
        let mut renditions: BTreeSet<RenditionId> = BTreeSet::new();
        if records.is_empty()
            && let Some(last) = numbers.clone().next_back()
            && let Some(leaf) = self.library.leaf(&self.wanted(newest), last).await?
        {
            renditions.extend(leaf.page.record().renditions.iter().cloned());
        }
        let mut told = Vec::new();
        for record in records {
            let leaves = self.library.leaves(&self.wanted(&record), numbers.clone()).await?;
            told.push(Told { record, leaves: leaves.into_iter().flatten().collect() });
        }
        for rendition in renditions {
            let wanted = self.wanted_by_name(rendition);
            let leaves = self.library.leaves(&wanted, numbers.clone()).await?;
            let leaves: Vec<_> = leaves.into_iter().flatten().collect();
            let Some(last) = leaves.last() else { continue };
            told.push(Told { record: last.page.record().record.clone(), leaves });
        }
        Ok(told)
    }
}
