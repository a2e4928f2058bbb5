//! Processes that are killed, and journals whose answers are lost, at every step.

use super::frail::{FrailJournal, FrailStore, Frailty};
use super::*;

/// Segments of the past that are lost.
const LOST: u64 = 250;

/// What outlives a process.
struct World {
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let (journal, store) = (Arc::default(), Arc::default());
        let (journal, store): (Arc<MemoryJournal>, Arc<MemoryStore>) = (journal, store);
        Self { journal, store, folder: TempDir::new().unwrap() }
    }

    /// A process, and what kills it.
    async fn start(&self) -> (Arc<Node>, Arc<Frailty>) {
        let frailty = Arc::new(Frailty::default());
        let (journal, store) = (Arc::clone(&self.journal), Arc::clone(&self.store));
        let journal = FrailJournal { inner: journal, frailty: Arc::clone(&frailty) };
        let store = FrailStore { inner: store, frailty: Arc::clone(&frailty) };
        let spool = Spool::open(&self.folder.path().join("spool")).await.unwrap();
        let node = node(Arc::new(journal), Arc::new(store), spool, NameTaken::Takeover, STREAM);
        (node, frailty)
    }

    /// Segments that were listed before, as many as fill a page but one. Most are lost: those are
    /// not asked for.
    async fn with_past(self, segments: i64) -> Self {
        let claimant = Claimant { node: "a".into(), origin_url: None };
        let (mut ledger, opened) = Ledger::claim(None, claimant, 0);
        let mut position = Position::START;
        position = self.journal.append(&name(), position, &opened).await.unwrap();
        for number in 0..segments {
            let entry = ledger.segment(crate::pages::tests::new_segment(number), 0);
            for (key, _) in entry.objects(&name()) {
                self.store.put(&key, bytes::Bytes::from_static(b"x")).await.unwrap();
            }
            position = self.journal.append(&name(), position, &entry).await.unwrap();
        }
        let gap = ledger.gap(0, LOST - 1, 0);
        self.journal.append(&name(), position, &gap).await.unwrap();
        self
    }

    /// The history is whole: numbers without a hole, all bytes, all pages that are told of, and an
    /// end. Returns how many segments there are.
    async fn check(&self, what: &str) -> u64 {
        let entries = self.journal.read_after(&name(), Position::START, 10_000).await.unwrap();
        let mut next = 0;
        for stored in &entries {
            let entry = &stored.entry;
            let is_lost = matches!(entry.body, Body::Gap { first, .. } if first > 0);
            assert!(!is_lost, "{what}: {entry:?}");
            if let Body::Segment(segment) = &entry.body {
                assert_eq!(segment.sequence, next, "{what}");
                next += 1;
                for (key, _) in entry.objects(&name()) {
                    assert!(self.store.contains(&key).await.unwrap(), "{what}: {key}");
                }
            }
            assert_eq!(entry.head.next_sequence, next, "{what}: {entry:?}");
        }
        let head = entries.last().unwrap().entry.head;
        assert_eq!(head.state, State::Ended, "{what}");
        assert_eq!(head.paged_before, next - next % 256, "{what}");
        for number in 0..head.paged_before / 256 {
            let key = timeline::ObjectKey::parse(&format!("live/a/ts/page-{number}.m3u8"));
            assert!(self.store.contains(&key.unwrap()).await.unwrap(), "{what}: page {number}");
        }
        next
    }
}

/// Publishes the clip, and is gone.
async fn publish(node: &Arc<Node>) {
    let Ok(mut publisher) = node.publish(&grant(name()), 0).await else { return };
    let _ = push_clip(&mut publisher).await;
    // Time for an index page.
    tokio::time::sleep(Duration::from_secs(5)).await;
    publisher.close(End::Lost).await;
}

/// Lets streams end, and pages and segments reach the store.
async fn settle(node: &Arc<Node>) {
    let (stop, drain) = runtime::drain();
    let waiting = Arc::clone(node);
    let waits = tokio::spawn(async move { waiting.waits.run(drain).await });
    tokio::time::sleep(Duration::from_secs(200)).await;
    node.parts.uploader.drain(Instant::now() + Duration::from_secs(100)).await;
    stop.start();
    waits.await.unwrap();
}

/// A process is killed at every one of its steps: in the middle of a claim, of a segment, of an
/// index page, of an end. The next one finishes what it began.
#[tokio::test(start_paused = true)]
async fn whatever_is_killed_at_any_step_leaves_a_whole_history() {
    for does_the_last in [false, true] {
        for steps in 0.. {
            let what = format!("killed after {steps} steps, {does_the_last}");
            let world = World::new().with_past(255).await;
            let (node, frailty) = world.start().await;
            frailty.die_after(steps, does_the_last);
            publish(&node).await;
            settle(&node).await;
            let is_over = !frailty.revive();
            frailty.set_away(true);
            let (node, _) = world.start().await;
            node.recover().await.unwrap();
            settle(&node).await;
            // The page that the first one did not come to is the next one's.
            publish(&node).await;
            settle(&node).await;
            assert!(world.check(&what).await > 256, "{what}");
            if is_over {
                break;
            }
        }
    }
}

/// The journal does not answer for a while, from every one of its steps on. The first of the
/// questions is done nevertheless, or not.
#[tokio::test(start_paused = true)]
async fn a_journal_that_is_away_for_a_while_makes_no_hole() {
    for (away_s, does_the_last) in [(1, true), (15, false), (15, true), (100, true)] {
        for steps in 0..20 {
            let what = format!("{away_s} s after {steps} steps, {does_the_last}");
            let world = World::new().with_past(255).await;
            let (node, frailty) = world.start().await;
            frailty.die_after(steps, does_the_last);
            let away = tokio::spawn({
                let frailty = Arc::clone(&frailty);
                async move {
                    while frailty.is_answering() {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    tokio::time::sleep(Duration::from_secs(away_s)).await;
                    frailty.revive();
                }
            });
            publish(&node).await;
            settle(&node).await;
            away.abort();
            frailty.revive();
            let newest = world.journal.newest(&name()).await.unwrap().unwrap();
            let is_claimed = newest.entry.epoch > 1;
            assert!(!is_claimed || newest.entry.head.state == State::Ended, "{what}: {newest:?}");
            publish(&node).await;
            settle(&node).await;
            assert!(world.check(&what).await > 256, "{what}");
        }
    }
}
