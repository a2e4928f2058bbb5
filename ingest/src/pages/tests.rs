use bytes::Bytes;
use hls::read::{Playlist, read};
use journal::Position;
use timeline::{Attribute, Claimant, Container, NewSegment, ObjectKey, SegmentRecord, Sha256};

use super::*;
use crate::tests::frail::{FrailStore, Frailty};
use crate::tests::{Fixture, grant, name, push_clip};
use crate::{End, NameTaken};

/// The stream's segment of this number.
pub(crate) fn new_segment(number: i64) -> NewSegment {
    let record = |rendition: &str| SegmentRecord {
        rendition: RenditionId::parse(rendition).unwrap(),
        container: Container::Ts,
        bytes: 188,
        sha256: Sha256([0; 32]),
        part_bytes: Vec::new(),
        tracks: Vec::new(),
        init: None,
        is_alternative: false,
        captions: Vec::new(),
    };
    // The second rendition comes late.
    let renditions =
        if number < 256 { vec![record("ts")] } else { vec![record("ts"), record("ts-v1")] };
    NewSegment {
        start: number * 180_000,
        end: (number + 1) * 180_000,
        calendar_ms: 1_700_000_000_000 + number * 2_000,
        discontinuity: false,
        independent: true,
        target_duration_s: 2,
        part_target_ms: None,
        parts: Vec::new(),
        renditions,
    }
}

/// A stream of the node before it started, with all of its segments in the store but `missing`.
struct Past {
    fixture: Fixture,
    frailty: Arc<Frailty>,
    ledger: Ledger,
    position: Position,
}

impl Past {
    async fn of(segments: i64, missing: &[u64]) -> Self {
        let frailty = Arc::new(Frailty::default());
        let journal = Arc::new(journal::MemoryJournal::default());
        let inner = Arc::new(store::MemoryStore::default());
        let store = FrailStore { inner, frailty: Arc::clone(&frailty) };
        let fixture = Fixture::on(journal, Arc::new(store), NameTaken::Takeover).await;
        let claimant = Claimant { node: "a".into(), origin_url: None };
        let (ledger, opened) = Ledger::claim(None, claimant, 0);
        let position = Position::START;
        let mut past = Self { fixture, frailty, ledger, position };
        past.append(opened).await;
        for number in 0..segments {
            past.segment(number, missing).await;
            if number == 3 {
                let range = DateRange {
                    id: "a".into(),
                    class: None,
                    start_ms: 1_700_000_000_000,
                    duration_ms: None,
                    planned_duration_ms: None,
                    attributes: [("X-A".into(), Attribute::Milli(1))].into(),
                };
                let entry = past.ledger.date_range(range, 0);
                past.append(entry).await;
            }
        }
        past
    }

    async fn segment(&mut self, number: i64, missing: &[u64]) {
        let new = new_segment(number);
        let entry = self.ledger.segment(new, 0);
        for (key, _) in entry.objects(&name()) {
            if !missing.contains(&number.unsigned_abs()) {
                self.put(&key).await;
            }
        }
        self.append(entry).await;
    }

    async fn put(&self, key: &ObjectKey) {
        self.fixture.node.parts.store.put(key, Bytes::from_static(b"x")).await.unwrap();
    }

    async fn append(&mut self, entry: Entry) {
        let journal = &self.fixture.journal;
        self.position = journal.append(&name(), self.position, &entry).await.unwrap();
    }

    /// What the journal says beyond segments.
    async fn words(&self) -> String {
        let story = self.fixture.story().await;
        let is_other = |word: &&str| !word.contains('s') && *word != "date" && *word != "range";
        let words = story.split(' ').filter(is_other);
        words.collect::<Vec<_>>().join(" ")
    }

    async fn paged(&self) -> Vec<u64> {
        let entries = self.fixture.entries().await;
        let number = |entry: &Arc<Entry>| {
            let Body::Paged { number } = entry.body else { return None };
            Some(number)
        };
        entries.iter().filter_map(number).collect()
    }

    async fn page(&self, rendition: &str, number: u64) -> Option<Page> {
        let rendition = RenditionId::parse(rendition).unwrap();
        let key = PageKey { stream: name(), rendition, number };
        let text = self.fixture.node.parts.store.get(&key.into()).await.ok()?;
        Some(Page::parse(text).unwrap())
    }

    async fn wait_for_pages(&self, expected: &[u64]) {
        let paged = async {
            while self.paged().await != expected {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(3_000), paged).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_killed_process_did_not_write_is_written_at_the_start() {
    let past = Past::of(600, &[]).await;
    past.fixture.node.recover().await.unwrap();
    assert_eq!(past.paged().await, [0, 1]);
    assert!(past.fixture.story().await.ends_with("paged 0 paged 1 i"));
    let pages = [past.page("ts", 0).await, past.page("ts", 1).await, past.page("ts-v1", 1).await];
    for (page, number) in pages.iter().flatten().zip([0, 1, 1]) {
        assert_eq!(page.record().number, number);
        let Playlist::Media(media) = read(page.text()).playlist else { panic!() };
        assert_eq!((media.segments.len(), media.date_ranges.len()), (256, 1));
    }
    assert_eq!(pages.iter().flatten().count(), 3);
    assert!(past.page("ts-v1", 0).await.is_none() && past.page("ts", 2).await.is_none());
    // Whoever writes them again writes the same.
    let head = Head { paged_before: 256, ..*past.ledger.head() };
    past.fixture.node.write_page(&name(), &head, &mut InStore::default()).await.unwrap();
    assert_eq!(past.page("ts", 1).await, pages[1]);
}

#[tokio::test]
async fn the_owner_writes_a_page_when_it_is_full() {
    let past = Past::of(255, &[]).await;
    let mut publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    assert_eq!(past.words().await, "o1 o2");
    push_clip(&mut publisher).await.unwrap();
    past.wait_for_pages(&[0]).await;
    publisher.close(End::Finished).await;
    let page = past.page("ts", 0).await.unwrap();
    assert_eq!(page.record().breaks, 1);
    let story = past.fixture.story().await;
    assert!(story.contains("s254 o2 |s255 "), "{story}");
}

#[tokio::test(start_paused = true)]
async fn a_page_waits_for_its_segments_until_they_are_lost() {
    let past = Past::of(256, &[17, 18, 99]).await;
    let publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    let missing = past.fixture.entries().await;
    let missing = missing.iter().find(|entry| sequence(entry) == Some(99)).unwrap();
    sleep(LOST_AFTER / 2).await;
    assert_eq!(past.words().await, "o1 o2");
    // It came late, as when the node that made it starts again.
    past.put(&missing.segment_keys(&name())[0]).await;
    past.wait_for_pages(&[0]).await;
    assert!(past.words().await.starts_with("o1 o2 g17 g18"), "{}", past.words().await);
    let page = past.page("ts", 0).await.unwrap();
    let Playlist::Media(media) = read(page.text()).playlist else { panic!() };
    let lost: Vec<_> = media.segments.iter().filter(|s| s.is_gap).map(|s| s.sequence).collect();
    assert_eq!((lost, page.record().has_gap), (vec![17, 18], true));
    drop(publisher);
}

#[tokio::test]
async fn an_owner_goes_on_behind_what_others_may_say() {
    let past = Past::of(1, &[]).await;
    let mut publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    let newest = past.fixture.journal.newest(&name()).await.unwrap().unwrap();
    let expired = Ledger::expired(&newest.entry, 1, 0);
    past.fixture.journal.append(&name(), newest.position, &expired).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    publisher.close(End::Finished).await;
    let story = past.fixture.story().await;
    assert!(story.starts_with("o1 s0 o2 expired before 1 |s1 "), "{story}");
    let newest = past.fixture.journal.newest(&name()).await.unwrap().unwrap();
    assert_eq!(newest.entry.head.kept_from, 1);
}

#[tokio::test]
async fn what_the_journal_has_no_more_is_in_no_page() {
    let past = Past::of(600, &[]).await;
    let entries = past.fixture.journal.read_newest(&name(), 400).await.unwrap();
    let journal = journal::MemoryJournal::default();
    let mut position = Position::START;
    for stored in entries {
        position = journal.append(&name(), position, &stored.entry).await.unwrap();
    }
    assert!(matches!(read_page(&journal, &name(), 0).await.unwrap(), Read::Trimmed(0)));
    let Read::Whole(page) = read_page(&journal, &name(), 1).await.unwrap() else { panic!() };
    assert_eq!(
        page.iter().filter_map(|entry| sequence(entry)).collect::<Vec<_>>(),
        (256..512).collect::<Vec<_>>()
    );
}

/// Streams whose segments expire before a page of them is full.
#[tokio::test(start_paused = true)]
async fn what_has_expired_is_not_lost() {
    let mut past = Past::of(600, &(0..300).collect::<Vec<_>>()).await;
    let newest = past.fixture.journal.newest(&name()).await.unwrap().unwrap();
    past.append(Ledger::expired(&newest.entry, 300, 0)).await;
    let publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    past.wait_for_pages(&[0, 1]).await;
    assert_eq!(past.words().await, "o1 expired before 300 o2 paged 0 paged 1");
    assert!(past.page("ts", 0).await.is_none(), "nothing of it is there");
    let page = past.page("ts", 1).await.unwrap();
    assert!(!page.record().has_gap);
    drop(publisher);
}

/// The store is away for an hour, and so is what a node before this one has for it.
#[tokio::test(start_paused = true)]
async fn a_segment_is_not_lost_because_the_store_was_away() {
    let past = Past::of(256, &[17]).await;
    let late = past.fixture.entries().await;
    let late = late.iter().find(|entry| sequence(entry) == Some(17)).unwrap();
    let publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    sleep(LOST_AFTER / 2).await;
    past.frailty.set_away(true);
    sleep(LOST_AFTER * 6).await;
    past.frailty.set_away(false);
    sleep(LOST_AFTER / 2).await;
    past.put(&late.segment_keys(&name())[0]).await;
    past.wait_for_pages(&[0]).await;
    assert_eq!(past.words().await, "o1 o2 paged 0");
    drop(publisher);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_half_the_time_gets_its_pages() {
    let past = Past::of(300, &[]).await;
    past.frailty.answer_every(2);
    let publisher = past.fixture.node.publish(&grant(name()), 0).await.unwrap();
    past.wait_for_pages(&[0]).await;
    past.frailty.answer_every(1);
    assert!(past.page("ts", 0).await.is_some());
    drop(publisher);
}

#[tokio::test]
async fn a_node_starts_while_the_store_is_away() {
    let mut past = Past::of(300, &[]).await;
    let gone = past.ledger.interrupted("gone", 60_000, unix_ms());
    past.append(gone).await;
    past.frailty.set_away(true);
    past.fixture.node.recover().await.unwrap();
    assert_eq!(past.words().await, "o1 i");
}

#[tokio::test]
async fn what_has_expired_is_not_lost_at_the_start_either() {
    let mut past = Past::of(10, &(0..10).collect::<Vec<_>>()).await;
    let ended = past.ledger.ended("over", unix_ms());
    past.append(ended.clone()).await;
    past.append(Ledger::expired(&ended, 9, unix_ms())).await;
    past.fixture.node.recover().await.unwrap();
    assert!(past.words().await.ends_with("e expired before 9 g9"), "{}", past.words().await);
}
