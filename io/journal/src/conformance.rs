//! What every journal must do: the contract of [`Journal`], made executable.

pub mod bus;

use std::sync::Arc;
use std::time::Duration;

use timeline::{Body, Claimant, ENTRY_VERSION, Entry, Head, Ledger, State, StreamName};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{AppendError, Journal, KEPT_ENTRIES_MIN, Position, Stored, Tail};

/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// Entries that a tail lags behind by.
const LAG: u64 = 5_000;

/// Puts a journal to every test. It must be empty. Must be called within a Tokio runtime.
///
/// # Panics
///
/// When the journal does not keep the contract.
pub async fn all(journal: Arc<dyn Journal>) {
    a_stream_that_nobody_wrote_is_empty(&*journal).await;
    what_was_appended_is_read_in_order(&*journal).await;
    a_stale_append_changes_nothing(&*journal).await;
    streams_with_similar_names_are_apart(&*journal).await;
    all_streams_are_listed_with_their_newest_entry(&*journal).await;
    of_sixteen_who_claim_a_stream_one_wins(&journal).await;
    a_tail_begins_before_the_first_entry(&*journal).await;
    a_tail_begins_after_any_entry(&*journal).await;
    a_tail_that_nobody_waits_for_loses_nothing(&*journal).await;
    tails_that_lag_and_tails_that_keep_up_see_the_same(&journal).await;
    trimming_keeps_the_newest(&*journal).await;
}

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).expect("the suite's names are names")
}

/// An entry that can be told from others by its number.
fn entry(number: u64) -> Entry {
    let head = Head {
        state: State::Live,
        next_sequence: number,
        discontinuity_sequence: 0,
        target_duration_s: None,
        begins_broadcast: true,
        calendar_end_ms: None,
        part_target_ms: None,
        timeline_end: 0,
        broadcast_first: 0,
        paged_before: 0,
        kept_from: 0,
    };
    let body = Body::Gap { first: number, last: number };
    Entry { version: ENTRY_VERSION, epoch: 1, at_ms: 0, head, body }
}

fn numbers(entries: &[Stored]) -> Vec<u64> {
    entries.iter().map(|stored| stored.entry.head.next_sequence).collect()
}

/// Appends entries with these numbers and returns the last one's position.
async fn append(
    journal: &dyn Journal,
    name: &str,
    mut after: Position,
    numbers: impl IntoIterator<Item = u64>,
) -> Position {
    for number in numbers {
        let appended = journal.append(&stream(name), after, &entry(number)).await;
        let position = appended.expect("append after the newest entry");
        assert!(position > after, "{position} follows {after}");
        after = position;
    }
    after
}

/// Takes the next entries from a tail.
async fn expect(tail: &mut Tail, expected: impl IntoIterator<Item = u64>) -> Position {
    let mut position = Position::START;
    for number in expected {
        let next = timeout(PATIENCE, tail.next()).await;
        let stored = next.expect("an entry in time").expect("follow a stream");
        assert_eq!(stored.entry.head.next_sequence, number);
        assert!(stored.position > position, "{} follows {position}", stored.position);
        position = stored.position;
    }
    position
}

async fn a_stream_that_nobody_wrote_is_empty(journal: &dyn Journal) {
    let nobody = stream("live/nobody");
    assert_eq!(journal.newest(&nobody).await.expect("read nothing"), None);
    assert_eq!(journal.read_newest(&nobody, 9).await.expect("read nothing"), []);
    assert_eq!(journal.read_after(&nobody, Position::START, 9).await.expect("read nothing"), []);
    assert_eq!(journal.streams().await.expect("list nothing"), []);
    assert_eq!(journal.trim(&nobody, Position::from_number(9)).await.expect("trim nothing"), 0);
}

async fn what_was_appended_is_read_in_order(journal: &dyn Journal) {
    let name = stream("live/order");
    let fourth = append(journal, "live/order", Position::START, 0..4).await;
    let newest = journal.newest(&name).await.expect("read the newest entry");
    assert_eq!(newest, Some(Stored { position: fourth, entry: entry(3).into() }));
    for (count, expected) in [(0, &[] as &[u64]), (1, &[3]), (3, &[1, 2, 3]), (9, &[0, 1, 2, 3])] {
        let read = journal.read_newest(&name, count).await.expect("read the newest entries");
        assert_eq!(numbers(&read), expected, "the newest {count}");
    }
    let read = journal.read_after(&name, Position::START, 2).await.expect("read from the start");
    assert_eq!(numbers(&read), [0, 1]);
    let second = read.last().expect("two entries").position;
    let read = journal.read_after(&name, second, 9).await.expect("read after the second");
    assert_eq!(numbers(&read), [2, 3]);
    assert_eq!(journal.read_after(&name, fourth, 9).await.expect("read after the end"), []);
}

async fn a_stale_append_changes_nothing(journal: &dyn Journal) {
    let name = stream("live/stale");
    let first = append(journal, "live/stale", Position::START, [0]).await;
    let second = append(journal, "live/stale", first, [1]).await;
    let beyond = Position::from_number(second.number() + 1_000);
    for expected in [Position::START, first, beyond, Position::from_number(u64::MAX)] {
        match journal.append(&name, expected, &entry(7)).await {
            Err(AppendError::Stale { newest }) => assert_eq!(newest, second),
            other => panic!("an append after {expected} gave {other:?}"),
        }
    }
    match journal.append(&stream("live/staleless"), first, &entry(7)).await {
        Err(AppendError::Stale { newest }) => assert_eq!(newest, Position::START),
        other => panic!("an append after what is not there gave {other:?}"),
    }
    assert_eq!(numbers(&journal.read_newest(&name, 9).await.expect("read")), [0, 1]);
    append(journal, "live/stale", second, [2]).await;
}

async fn streams_with_similar_names_are_apart(journal: &dyn Journal) {
    let names = ["live/a", "live/a.b", "live/A", "live/a_b", "live/a-b", "live2/a", "live/ab"];
    for (number, name) in (100..).zip(names) {
        append(journal, name, Position::START, [number]).await;
    }
    for (number, name) in (100..).zip(names) {
        let read = journal.read_newest(&stream(name), 9).await.expect("read a stream");
        assert_eq!(numbers(&read), [number], "{name}");
    }
}

async fn all_streams_are_listed_with_their_newest_entry(journal: &dyn Journal) {
    let listed = journal.streams().await.expect("list the streams");
    assert!(listed.is_sorted_by(|(a, _), (b, _)| a < b), "{listed:?}");
    for (name, newest) in &listed {
        assert_eq!(journal.newest(name).await.expect("read").as_ref(), Some(newest));
    }
    for (name, expected) in [("live/order", 3), ("live/stale", 2), ("live/a.b", 101)] {
        let found = listed.iter().find(|(listed, _)| listed.as_str() == name);
        let (_, newest) = found.expect("a stream that was appended to");
        assert_eq!(newest.entry.head.next_sequence, expected, "{name}");
    }
}

async fn of_sixteen_who_claim_a_stream_one_wins(journal: &Arc<dyn Journal>) {
    let name = stream("live/race");
    let mut after = Position::START;
    for epoch in 1..=10 {
        let newest = journal.newest(&name).await.expect("read the newest entry");
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let claimant = Claimant { node: format!("node{racer}"), origin_url: None };
            let newest = newest.as_ref().map(|stored| &*stored.entry);
            let (_, opened) = Ledger::claim(newest, claimant, 0);
            assert_eq!(opened.epoch, epoch);
            let (journal, name) = (Arc::clone(journal), name.clone());
            racers.spawn(async move { journal.append(&name, after, &opened).await });
        }
        let mut won = Vec::new();
        let mut lost = Vec::new();
        for raced in racers.join_all().await {
            match raced {
                Ok(position) => won.push(position),
                Err(AppendError::Stale { newest }) => lost.push(newest),
                Err(AppendError::Unavailable { source }) => panic!("a race ended with {source}"),
            }
        }
        let [winner] = won.as_slice() else { panic!("{} of sixteen won", won.len()) };
        assert_eq!(lost, [*winner; 15]);
        after = *winner;
    }
    assert_eq!(journal.read_newest(&name, 99).await.expect("read").len(), 10);
}

async fn a_tail_begins_before_the_first_entry(journal: &dyn Journal) {
    let name = stream("live/early");
    let mut tail = journal.tail(&name, Position::START).await.expect("follow a stream");
    let nothing = timeout(Duration::from_millis(20), tail.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let third = append(journal, "live/early", Position::START, 0..3).await;
    assert_eq!(expect(&mut tail, 0..3).await, third);
    let last = append(journal, "live/early", third, 3..5).await;
    assert_eq!(expect(&mut tail, 3..5).await, last);
}

async fn a_tail_begins_after_any_entry(journal: &dyn Journal) {
    let name = stream("live/middle");
    let second = append(journal, "live/middle", Position::START, 0..2).await;
    let fourth = append(journal, "live/middle", second, 2..4).await;
    let mut middle = journal.tail(&name, second).await.expect("follow a stream");
    let mut end = journal.tail(&name, fourth).await.expect("follow a stream");
    append(journal, "live/middle", fourth, 4..6).await;
    expect(&mut middle, 2..6).await;
    expect(&mut end, 4..6).await;
}

/// Waits are given up at any point: before an entry is there, and while it is being read.
async fn a_tail_that_nobody_waits_for_loses_nothing(journal: &dyn Journal) {
    let name = stream("live/impatient");
    let mut after = Position::START;
    let mut tail = journal.tail(&name, after).await.expect("follow a stream");
    for number in 0..50 {
        let early = timeout(Duration::ZERO, tail.next()).await;
        assert!(early.is_err(), "{early:?}");
        after = append(journal, "live/impatient", after, [number]).await;
        let mut patience = Duration::ZERO;
        let stored = loop {
            if let Ok(stored) = timeout(patience, tail.next()).await {
                break stored.expect("follow a stream");
            }
            assert!(patience < PATIENCE, "entry {number} is lost");
            patience = patience * 2 + Duration::from_micros(10);
        };
        assert_eq!(stored.entry.head.next_sequence, number);
    }
}

async fn tails_that_lag_and_tails_that_keep_up_see_the_same(journal: &Arc<dyn Journal>) {
    let name = stream("live/long");
    let mut lagging = journal.tail(&name, Position::START).await.expect("follow a stream");
    let mut keeping_up = journal.tail(&name, Position::START).await.expect("follow a stream");
    let reader = tokio::spawn(async move {
        expect(&mut keeping_up, 0..LAG).await;
    });
    let last = append(&**journal, "live/long", Position::START, 0..LAG).await;
    assert_eq!(expect(&mut lagging, 0..LAG).await, last);
    reader.await.expect("a tail that keeps up");
    append(&**journal, "live/long", last, [LAG]).await;
    expect(&mut lagging, [LAG]).await;
}

/// Goes on with the stream of the test before, which is long enough.
async fn trimming_keeps_the_newest(journal: &dyn Journal) {
    let name = stream("live/long");
    let all = journal.read_newest(&name, usize::MAX).await.expect("read the whole stream");
    assert_eq!(numbers(&all), (0..=LAG).collect::<Vec<_>>());
    let tenth = all.get(10).expect("a long stream").position;
    assert_eq!(journal.trim(&name, tenth).await.expect("trim ten"), 10);
    let read = journal.read_after(&name, Position::START, 1).await.expect("read the oldest");
    assert_eq!(numbers(&read), [10]);

    let newest = all.last().expect("a long stream").position;
    let kept = u64::try_from(KEPT_ENTRIES_MIN).expect("a number of entries");
    let removed = journal.trim(&name, newest).await.expect("trim all that may go");
    assert_eq!(removed, LAG + 1 - 10 - kept);
    assert_eq!(journal.trim(&name, newest).await.expect("trim again"), 0);
    let read = journal.read_newest(&name, usize::MAX).await.expect("read the rest");
    assert_eq!(numbers(&read), (LAG + 1 - kept..=LAG).collect::<Vec<_>>());
    // A tail from before goes on with what there is.
    let mut tail = journal.tail(&name, Position::START).await.expect("follow a stream");
    expect(&mut tail, LAG + 1 - kept..=LAG).await;
    append(journal, "live/long", newest, [LAG + 1]).await;
    expect(&mut tail, [LAG + 1]).await;
}
