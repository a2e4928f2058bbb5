//! Which segments' time is over.

use journal::{Journal, JournalError, Position, Stored};
use timeline::{Entry, Head, PAGE_SEGMENTS, State, StreamName};

use super::{ENTRIES, STEPS};
use crate::Settings;
use crate::archive::{ArchiveError, Recordings, any_page, page_of, segment_of};
use crate::follow::read_window;
use crate::span::grid;

/// Pages that are read at a look, oldest first: what is left is for the next one.
const PAGES_MAX: u64 = 64;

/// When a segment must have been made and have ended so that it is over.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Made before this, in milliseconds since the Unix epoch.
    made_ms: i64,
    /// Ended before this on the calendar.
    ended_ms: i64,
    /// The number below which nothing is listed or will be recorded.
    before: u64,
}

/// The number up to which, without it, the segments' time is over; `None` when that is not worth an
/// entry in the journal now. `over` grows with what is known to be over.
pub(super) async fn over_before(
    recordings: &Recordings,
    settings: &Settings,
    name: &StreamName,
    newest: &Stored,
    over: &mut Position,
    now_ms: i64,
) -> Result<Option<u64>, ArchiveError> {
    let head = newest.entry.head;
    // Whoever waits for a publisher appends what comes next: it goes on, or it is over, soon.
    if head.kept_from >= head.next_sequence || head.state == State::Interrupted {
        return Ok(None);
    }
    let made_ms = now_ms.saturating_sub(settings.retention_ms);
    let journal = recordings.journal.as_ref();
    *over = skip(journal, name, *over, |stored| {
        segment_of(&stored.entry).is_none_or(|sequence| sequence < head.kept_from)
    })
    .await?;
    let oldest = journal.read_after(name, *over, ENTRIES).await?;
    let oldest = oldest.iter().find_map(|it| Some((segment_of(&it.entry)?, it.entry.at_ms)));
    let Some((oldest, oldest_ms)) = oldest else { return Ok(None) };
    // What the journal does not tell of any more is older than this.
    if oldest <= head.kept_from && oldest_ms >= made_ms {
        return Ok(None);
    }
    let Some(limits) = limits(recordings, settings, name, &newest.entry, now_ms).await? else {
        return Ok(None);
    };
    let (mut before, mut first_ms) = (head.kept_from, None);
    if before < oldest {
        (before, first_ms) = over_in_pages(recordings, name, &head, oldest, &limits).await?;
    }
    if before >= oldest {
        let (end, first) = over_in_journal(journal, name, *over, before, &limits).await?;
        (before, first_ms) = (end, first_ms.or(first));
    }
    let is_all = before == head.next_sequence;
    let step_ms = settings.retention_ms / STEPS;
    let is_much = first_ms.is_some_and(|first| limits.made_ms.saturating_sub(first) >= step_ms);
    Ok((before > head.kept_from && (is_all || is_much)).then_some(before))
}

/// `None` when nothing may go.
async fn limits(
    recordings: &Recordings,
    settings: &Settings,
    name: &StreamName,
    newest: &Entry,
    now_ms: i64,
) -> Result<Option<Limits>, ArchiveError> {
    let head = &newest.head;
    let made_ms = now_ms.saturating_sub(settings.retention_ms);
    let window = read_window(recordings.journal.as_ref(), name, settings.window).await?;
    let Some((window, _)) = window else { return Ok(None) };
    let mut limits = Limits { made_ms, ended_ms: i64::MAX, before: head.next_sequence };
    // A stream that has ended is listed for the retention, and then read for a while.
    let served_ms = settings.window.length_ms.saturating_add(window.latest_at_ms());
    if !window.has_ended() || served_ms >= made_ms {
        let target_duration_s = head.target_duration_s.unwrap_or(1);
        let grid = grid(settings.back_ms(), target_duration_s);
        let listed = window.segments().next().map_or(head.next_sequence, |it| it.sequence);
        limits.before = limits.before.min(listed - listed % grid);
        // A window that is longer than the usual one is counted on the calendar.
        if settings.back_ms() > settings.window.length_ms {
            let target_ms = i64::from(target_duration_s).saturating_mul(1_000);
            let more_ms = i64::try_from(grid).unwrap_or(i64::MAX).saturating_mul(target_ms);
            let listed_ms = settings.back_ms().saturating_add(more_ms);
            limits.ended_ms = head.calendar_end_ms.unwrap_or(i64::MIN).saturating_sub(listed_ms);
        }
    }
    if let Some(first) = Recordings::will_record_from(settings, newest) {
        limits.before = limits.before.min(first);
    }
    Ok(Some(limits))
}

/// Goes on from `head.kept_from` to `end` by pages, which say when they end. Returns where that
/// ends, and when the first one was made.
async fn over_in_pages(
    recordings: &Recordings,
    name: &StreamName,
    head: &Head,
    end: u64,
    limits: &Limits,
) -> Result<(u64, Option<i64>), ArchiveError> {
    let recent = recordings.renditions(name).await?;
    let store = recordings.objects.store.as_ref();
    let (mut before, mut first_ms) = (head.kept_from, None);
    for number in (page_of(before)..).take(usize::try_from(PAGES_MAX).unwrap_or(usize::MAX)) {
        if before >= end {
            break;
        }
        let after = number.saturating_add(1).saturating_mul(PAGE_SEGMENTS).min(end);
        if after > limits.before {
            break;
        }
        // Of a page that is not there, nobody can be told.
        if let Some(page) = any_page(store, name, &recent, number).await? {
            let end_ms = page.record().end_ms;
            if end_ms >= limits.made_ms || end_ms >= limits.ended_ms {
                break;
            }
            first_ms = first_ms.or_else(|| Some(page.record().start_ms));
        }
        before = after;
    }
    Ok((before, first_ms))
}

/// Goes on by the journal's entries behind `from`.
async fn over_in_journal(
    journal: &dyn Journal,
    name: &StreamName,
    from: Position,
    start: u64,
    limits: &Limits,
) -> Result<(u64, Option<i64>), JournalError> {
    let (mut position, mut before, mut first_ms) = (from, start, None);
    loop {
        let entries = journal.read_after(name, position, ENTRIES).await?;
        for stored in &entries {
            position = stored.position;
            let entry = &stored.entry;
            let Some(sequence) = segment_of(entry).filter(|sequence| *sequence >= start) else {
                continue;
            };
            let end_ms = entry.head.calendar_end_ms.unwrap_or(i64::MAX);
            let is_over = entry.at_ms < limits.made_ms
                && end_ms < limits.ended_ms
                && sequence < limits.before;
            if !is_over {
                return Ok((before, first_ms));
            }
            first_ms.get_or_insert(entry.at_ms);
            before = sequence.saturating_add(1);
        }
        if entries.len() < ENTRIES {
            return Ok((before, first_ms));
        }
    }
}

/// The position of the last entry of those that follow `from` and are passed over.
pub(super) async fn skip(
    journal: &dyn Journal,
    name: &StreamName,
    from: Position,
    is_passed: impl Fn(&Stored) -> bool,
) -> Result<Position, JournalError> {
    let mut position = from;
    loop {
        let entries = journal.read_after(name, position, ENTRIES).await?;
        // What is no segment is passed with the segment behind it.
        let passed = entries.iter().take_while(|stored| is_passed(stored));
        let passed = passed.filter(|stored| segment_of(&stored.entry).is_some()).last();
        let all_passed = entries.iter().all(&is_passed);
        match passed {
            Some(stored) => position = stored.position,
            None => return Ok(position),
        }
        if !all_passed || entries.len() < ENTRIES {
            return Ok(position);
        }
    }
}
