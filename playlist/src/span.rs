//! Which segments a stretch of a stream is.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hls::PlaylistKind;
use origin::OriginError;
use timeline::{Head, PAGE_SEGMENTS, Window};

use crate::follow::Follower;
use crate::listing::{CHUNK_SEGMENTS, Span, newest};
use crate::pages::Wanted;
use crate::view::Stretch;

/// Segments from which on a window begins with a chunk, and with a page: then nothing has to be
/// rendered when it moves on. It depends on settings alone, so a start never goes back.
const BEGINS_WITH_CHUNK: i64 = 64;
const BEGINS_WITH_PAGE: i64 = 512;
/// The least that a live playlist lists, in target durations (RFC 8216, 6.2.2).
const TARGET_DURATIONS_MIN: i64 = 3;
/// Whoever started over as early as possible can go on for a while: for this part of the window.
const GRACE_PART: i64 = 8;
/// And at least for this long, in milliseconds.
const GRACE_MS: i64 = 60_000;

/// What a window shows at a moment.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    head: Head,
    has_ended: bool,
    target_duration_s: u32,
    /// The first segment of the live window.
    live_first: u64,
    /// The oldest kept segment, and when it begins.
    kept_first: u64,
    kept_first_ms: i64,
    end: u64,
    end_ms: i64,
}

impl Bounds {
    fn of(window: &Window) -> Option<Self> {
        let (kept, last) = (window.tail().next()?, window.tail().next_back()?);
        Some(Self {
            head: *window.head()?,
            has_ended: window.has_ended(),
            target_duration_s: window.target_duration_s()?,
            live_first: window.segments().next()?.sequence,
            kept_first: kept.sequence,
            kept_first_ms: kept.calendar_ms,
            end: last.sequence.saturating_add(1),
            end_ms: last.calendar_ms.saturating_add(last.length_ms),
        })
    }

    /// A live playlist begins behind what is in no page and too much to be kept, which is so when
    /// no page could be written for hours: it is listed again when its pages are there.
    const fn behind_hole(&self, mut span: Span) -> Span {
        let is_hole = self.head.paged_before < self.kept_first;
        let is_live = span.kind.is_none() || !span.is_closed;
        if is_hole && is_live && span.first < self.kept_first && self.kept_first < span.end {
            span.first = self.kept_first;
        }
        span
    }
}

/// A window of this length begins with a segment whose number is a multiple of this.
pub(crate) fn grid(length_ms: i64, target_duration_s: u32) -> u64 {
    let target_ms = i64::from(target_duration_s.max(1)).saturating_mul(1_000);
    match length_ms / target_ms {
        count if count >= BEGINS_WITH_PAGE => PAGE_SEGMENTS,
        count if count >= BEGINS_WITH_CHUNK => CHUNK_SEGMENTS,
        _ => 1,
    }
}

impl Follower {
    /// The segments of a stretch as it is now; `None` while the stream has none.
    pub(crate) async fn span(
        &self,
        wanted: &Arc<Wanted>,
        stretch: Stretch,
    ) -> Result<Option<Span>, OriginError> {
        let Some(bounds) = Bounds::of(&self.read_window()) else { return Ok(None) };
        // The time of all of it is over: the stream was deleted, or nobody has ended it for long.
        if bounds.head.kept_from >= bounds.end {
            return Ok(None);
        }
        let span = match stretch {
            Stretch::Last(length_ms) => self.last(wanted, &bounds, length_ms).await?,
            Stretch::From(start_ms, end_ms) => self.from(wanted, &bounds, start_ms, end_ms).await?,
        };
        Ok(Some(bounds.behind_hole(span)))
    }

    async fn last(
        &self,
        wanted: &Arc<Wanted>,
        bounds: &Bounds,
        length_ms: i64,
    ) -> Result<Span, OriginError> {
        let target_ms = i64::from(bounds.target_duration_s).saturating_mul(1_000);
        let least_ms = TARGET_DURATIONS_MIN.saturating_mul(target_ms);
        let floor = bounds.head.broadcast_first.max(bounds.head.kept_from);
        let mut first = newest(&self.read_window(), bounds.end, least_ms);
        let grid = grid(length_ms.max(least_ms), bounds.target_duration_s);
        let settings = self.settings();
        let window_ms = settings.window.length_ms;
        if length_ms >= window_ms {
            first = first.min(bounds.live_first);
        }
        // The live window is counted in media. A longer one is counted in time, and no shorter.
        if length_ms != window_ms {
            let since_ms = bounds.end_ms.saturating_sub(length_ms);
            let found = self.first_after(wanted, bounds, since_ms, floor, grid).await?;
            first = first.min(found.unwrap_or(first));
        }
        let first = (first - first % grid).max(floor);
        let first = self.never_back(first, length_ms >= settings.back_ms());
        Ok(Span {
            first: first.min(bounds.end.saturating_sub(1)),
            end: bounds.end,
            kind: None,
            is_closed: bounds.has_ended,
            target_duration_s: Some(bounds.target_duration_s),
        })
    }

    /// A window that is made longer fills up as time goes on, and so do those of viewers that it
    /// lets be longer.
    fn never_back(&self, first: u64, is_longest: bool) -> u64 {
        let shown = if is_longest {
            self.shown_first.fetch_max(first, Ordering::AcqRel)
        } else {
            self.shown_first.load(Ordering::Acquire)
        };
        first.max(shown)
    }

    async fn from(
        &self,
        wanted: &Arc<Wanted>,
        bounds: &Bounds,
        start_ms: i64,
        end_ms: Option<i64>,
    ) -> Result<Span, OriginError> {
        let nothing = || OriginError::NothingThen(self.name.clone());
        let back_ms = self.settings().back_ms();
        let back_ms = back_ms.saturating_add((back_ms / GRACE_PART).max(GRACE_MS));
        let is_over = end_ms.is_some_and(|end_ms| end_ms <= bounds.end_ms);
        if start_ms < bounds.end_ms.saturating_sub(back_ms) {
            return Err(nothing());
        }
        let floor = bounds.head.kept_from;
        let first =
            self.first_after(wanted, bounds, start_ms, floor, 1).await?.ok_or_else(nothing)?;
        let end = match end_ms.filter(|_| is_over) {
            Some(end_ms) => self.end_before(wanted, bounds, end_ms).await?,
            None => bounds.end,
        };
        if first >= end {
            return Err(nothing());
        }
        let kind = if is_over { PlaylistKind::Vod } else { PlaylistKind::Event };
        Ok(Span {
            first,
            end,
            kind: Some(kind),
            is_closed: is_over || bounds.has_ended,
            target_duration_s: None,
        })
    }

    /// The first segment, from `floor` on, that ends after `ms` (milliseconds since the Unix
    /// epoch); one before it on the same `grid` will do.
    async fn first_after(
        &self,
        wanted: &Arc<Wanted>,
        bounds: &Bounds,
        ms: i64,
        floor: u64,
        grid: u64,
    ) -> Result<Option<u64>, OriginError> {
        if ms < bounds.kept_first_ms && floor < bounds.kept_first {
            let pages = floor / PAGE_SEGMENTS..pages_before(bounds);
            if let Some(number) = self.page_after(wanted, pages, ms).await? {
                if grid == PAGE_SEGMENTS {
                    return Ok(Some(number.saturating_mul(PAGE_SEGMENTS).max(floor)));
                }
                let leaf = self.library.leaf(wanted, number).await?;
                let found = leaf.and_then(|leaf| leaf.page.first_after(ms));
                return Ok(found.map(|sequence| sequence.max(floor)));
            }
        }
        let window = self.read_window();
        let ends_after = window.tail().find(|segment| {
            segment.sequence >= floor && segment.calendar_ms.saturating_add(segment.length_ms) > ms
        });
        Ok(ends_after.map(|segment| segment.sequence))
    }

    /// The number behind the last segment that begins before `ms`.
    async fn end_before(
        &self,
        wanted: &Arc<Wanted>,
        bounds: &Bounds,
        ms: i64,
    ) -> Result<u64, OriginError> {
        if ms <= bounds.kept_first_ms {
            // The last page that begins before it; pages follow one another.
            let pages = bounds.head.kept_from / PAGE_SEGMENTS..pages_before(bounds);
            let number = self.page_after(wanted, pages.clone(), ms.saturating_sub(1)).await?;
            let number = number.unwrap_or_else(|| pages.end.saturating_sub(1));
            let leaf = self.library.leaf(wanted, number).await?;
            return Ok(leaf.map_or(bounds.kept_first, |leaf| leaf.page.end_before(ms)));
        }
        let window = self.read_window();
        let begin_before = window.tail().rev().find(|segment| segment.calendar_ms < ms);
        Ok(begin_before.map_or(bounds.kept_first, |segment| segment.sequence.saturating_add(1)))
    }

    /// The first of the pages that ends after `ms`. Pages that are gone are before it.
    async fn page_after(
        &self,
        wanted: &Arc<Wanted>,
        pages: Range<u64>,
        ms: i64,
    ) -> Result<Option<u64>, OriginError> {
        if let Some(number) = self.memo(ms).filter(|number| pages.contains(number)) {
            return Ok(Some(number));
        }
        let (mut low, mut high) = (pages.start, pages.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let leaf = self.library.leaf(wanted, middle).await?;
            match leaf.map(|leaf| (leaf.page.record().start_ms, leaf.page.record().end_ms)) {
                Some((start_ms, end_ms)) if end_ms > ms => {
                    high = middle;
                    if start_ms <= ms {
                        self.memorize(middle, start_ms, end_ms);
                    }
                }
                Some(_) | None => low = middle + 1,
            }
        }
        Ok((low < pages.end).then_some(low))
    }
}

/// The number behind the last page that holds a segment before the kept ones.
const fn pages_before(bounds: &Bounds) -> u64 {
    let kept = bounds.kept_first.div_ceil(PAGE_SEGMENTS);
    let paged = bounds.head.paged_before / PAGE_SEGMENTS;
    if kept < paged { kept } else { paged }
}
