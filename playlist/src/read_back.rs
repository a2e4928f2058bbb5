//! What a stream's journal holds of its newest segments.

use std::sync::Arc;
use std::time::Duration;

use journal::{Journal, JournalError, Position, Stored};
use timeline::{DateRange, Entry, PAGE_SEGMENTS, StreamName, Window, WindowPolicy};
use tokio::time::timeout;
use tracing::debug;

use crate::pages::{Library, Wanted};

/// The shortest segments that are reckoned with when a window is read back, in milliseconds: a
/// stream of shorter ones is read in several steps.
const SEGMENT_MS_MIN: i64 = 500;
/// Entries that are looked through for a window, however many of them are not segments: a journal
/// keeps at least about as many.
const ENTRIES_MAX: usize = 4_096;
/// Target durations that are read at least: more than a [`Window::with_tail`] keeps.
const TAIL_TARGET_DURATIONS: i64 = 10;
/// Entries that are not segments and may stand among those of a window.
const OTHER_ENTRIES: usize = 64;
/// How long the first viewer of a stream waits for what was said before its newest segments: half
/// of the second in which a node serves what it has not served before.
const SAID_BEFORE_WAIT: Duration = Duration::from_millis(500);

/// The window of a stream as its journal's newest entries show it, and these entries.
pub(crate) async fn read_window(
    journal: &dyn Journal,
    name: &StreamName,
    policy: WindowPolicy,
) -> Result<Option<(Window, Vec<Stored>)>, JournalError> {
    let segments = policy.length_ms / SEGMENT_MS_MIN;
    let mut count = usize::try_from(segments).unwrap_or(usize::MAX).saturating_add(OTHER_ENTRIES);
    loop {
        let entries = journal.read_newest(name, count).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut window = Window::new(policy);
        entries.iter().for_each(|stored| window.apply(&stored.entry));
        // An encoder that came and went many times leaves many entries that are not segments.
        if window.is_full() || entries.len() < count || count >= ENTRIES_MAX {
            return Ok(Some((window, entries)));
        }
        count = count.saturating_mul(4);
    }
}

/// A stream as its journal tells it at a moment.
pub(crate) struct ReadBack {
    pub(crate) window: Window,
    /// What the window was folded from.
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Where the newest of them is.
    pub(crate) position: Position,
}

/// Reads a stream's tail; `None` when the stream has no journal.
pub(crate) async fn read_back(
    journal: &dyn Journal,
    name: &StreamName,
    policy: WindowPolicy,
    library: &Arc<Library>,
) -> Result<Option<ReadBack>, JournalError> {
    let Some((entries, position)) = read_tail(journal, name, policy).await? else {
        return Ok(None);
    };
    let mut window = Window::with_tail(policy);
    window.remember(said_before(library, name, &entries).await);
    entries.iter().for_each(|entry| window.apply(entry));
    Ok(Some(ReadBack { window, entries, position }))
}

/// The newest entries of a stream: those of its live window, and all that is in no page yet; from
/// the beginning of a page on. So whoever begins to read, whenever that is, reads the same.
async fn read_tail(
    journal: &dyn Journal,
    name: &StreamName,
    policy: WindowPolicy,
) -> Result<Option<(Vec<Arc<Entry>>, Position)>, JournalError> {
    let Some((window, _)) = read_window(journal, name, policy).await? else { return Ok(None) };
    // A tail keeps a few target durations, however short the window is.
    let target_ms = i64::from(window.target_duration_s().unwrap_or(1)).saturating_mul(1_000);
    let length_ms = policy.length_ms.max(TAIL_TARGET_DURATIONS.saturating_mul(target_ms));
    let policy = WindowPolicy { length_ms };
    let Some((window, mut entries)) = read_window(journal, name, policy).await? else {
        return Ok(None);
    };
    let paged_before = window.head().map_or(0, |head| head.paged_before);
    let live_first = window.segments().next().map_or(paged_before, |segment| segment.sequence);
    let first = paged_before.min(live_first);
    let first = first - first % PAGE_SEGMENTS;
    let mut count = entries.len().saturating_mul(2).max(2 * OTHER_ENTRIES);
    loop {
        // One before the page, so that what is said between both is in it.
        let oldest = entries.iter().find_map(|stored| stored.entry.segment());
        if oldest.is_some_and(|oldest| oldest.sequence < first) {
            break;
        }
        entries = journal.read_newest(name, count).await?;
        if entries.len() < count {
            break;
        }
        count = count.saturating_mul(2);
    }
    let Some(position) = entries.last().map(|newest| newest.position) else { return Ok(None) };
    let before = entries
        .iter()
        .rposition(|stored| stored.entry.segment().is_some_and(|segment| segment.sequence < first));
    let from = before.map_or(0, |before| before.saturating_add(1));
    let entries = entries.into_iter().skip(from).map(|stored| stored.entry).collect();
    Ok(Some((entries, position)))
}

/// What had been said of stretches of time before the first of `entries`, and still runs then: the
/// page before them knows.
async fn said_before(
    library: &Arc<Library>,
    name: &StreamName,
    entries: &[Arc<Entry>],
) -> Vec<DateRange> {
    let Some(first) = entries.iter().find_map(|entry| entry.segment()) else { return Vec::new() };
    let number = first.sequence / PAGE_SEGMENTS;
    let Some(number) = number.checked_sub(1) else { return Vec::new() };
    for record in &first.renditions {
        let wanted = Arc::new(Wanted {
            stream: name.clone(),
            rendition: record.rendition.clone(),
            like: None,
            others: Vec::new(),
        });
        // Viewers are better served without than not at all.
        let Ok(read) = timeout(SAID_BEFORE_WAIT, library.leaf(&wanted, number)).await else {
            debug!(stream.name = %name, page = number, "older date ranges of `{name}` are left out: the store takes too long");
            break;
        };
        match read {
            Ok(Some(leaf)) => return leaf.page.record().date_ranges.clone(),
            Ok(None) => {}
            Err(error) => {
                debug!(stream.name = %name, page = number, %error, "older date ranges of `{name}` are left out: {error}");
                break;
            }
        }
    }
    Vec::new()
}
