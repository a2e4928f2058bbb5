//! What low latency and delta updates add to a listing.

use std::collections::BTreeMap;

use hls::{Control, Delta, Edge};
use timeline::{OpenSegment, Skip};

use crate::listing::{Extras, Skipped, Sources, Span, newest};

impl Sources<'_> {
    /// What is added to a span: `open` is the segment that is being made, `skip` is what an update
    /// leaves out, and `query` is what the other renditions are asked for with. Nothing is added
    /// to what does not grow.
    pub(crate) fn extras(
        &self,
        span: &Span,
        open: Option<&OpenSegment>,
        skip: Option<Skip>,
        query: &str,
    ) -> Extras {
        let edge = Edge::new(self.window, open).asked_with(query);
        // Of a stretch with an end nothing is promised.
        let is_live = !span.is_closed || span.kind.is_none();
        let Some(control) = edge.control(self.rendition).filter(|_| is_live) else {
            return Extras::default();
        };
        let mut parts = BTreeMap::new();
        for segment in self.window.tail().rev() {
            if segment.sequence < edge.parts_from() {
                break;
            }
            let mut text = String::new();
            edge.render_parts(&mut text, segment, self.rendition);
            parts.insert(segment.sequence, text);
        }
        let mut after = String::new();
        edge.render_end(&mut after, self.rendition);
        let skip = skip.filter(|_| !span.is_closed);
        let skip = skip.and_then(|skip| self.skipped(span, skip, control));
        let version = skip.as_ref().map_or(0, |(_, delta)| delta.version());
        let skip = skip.map(|(skip, _)| skip);
        Extras { version, control: control.text(), parts, after, skip }
    }

    fn skipped(&self, span: &Span, skip: Skip, control: Control) -> Option<(Skipped, Delta)> {
        let boundary_ms = control.skip_until_ms();
        // A tail that is shorter than that says nothing of what is old enough.
        let until = newest(self.window, span.end, boundary_ms);
        let kept = self.window.tail().filter(|segment| segment.sequence >= until);
        let kept_ms: i64 = kept.map(|segment| segment.length_ms).sum();
        let segments = until.checked_sub(span.first).filter(|it| *it > 0)?;
        if kept_ms < boundary_ms {
            return None;
        }
        let date_ranges_since_ms = match skip {
            Skip::Segments => None,
            Skip::DateRanges => Some(self.window.latest_at_ms().saturating_sub(boundary_ms)),
        };
        let delta = Delta { segments, date_ranges_since_ms };
        let first_ms = self.calendar_ms(span.first).unwrap_or(i64::MIN);
        let gone = self.window.gone_date_ranges(first_ms).map(|range| range.id.as_str());
        let line = delta.text(gone);
        Some((Skipped { until, line, date_ranges_since_ms }, delta))
    }
}
