use std::sync::Arc;

use journal::Journal;
use origin::Origin;
use store::ObjectStore;
use timeline::{Ledger, ObjectKey, Resource};

use super::*;
use crate::archive::bench::{BEGIN_MS, Bench, SEGMENT_MS, SETTINGS, id, stream};
use crate::archive::{ClipRequest, Source};
use crate::{Playlist, Settings};

const HOUR_MS: i64 = 3_600_000;

/// The janitor looks, so long after the stream began.
async fn look(bench: &Bench, after_ms: i64) -> Freed {
    Janitor::new(bench.recordings(), None).clean(BEGIN_MS + after_ms).await
}

async fn clip(bench: &Bench, name: &str, from_ms: i64, to_ms: i64) {
    let (start, end) = (BEGIN_MS + from_ms, BEGIN_MS + to_ms);
    let (start, end) = (timeline::Moment::At(start), timeline::Moment::At(end));
    let source = Source::Stream(stream());
    let request = ClipRequest { source, start, end, name: name.to_owned() };
    bench.recordings().clip(&request).await.unwrap();
}

fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[tokio::test]
async fn what_a_live_playlist_lists_stays_however_old() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    // Made at 2, 4 … 20 s, and kept for a minute.
    look(&bench, 72_500).await;
    assert_eq!(bench.stored().await, numbers(6..10), "made in the last minute");
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(7..10), "listed");
    assert_eq!(bench.expired().await, [6, 7]);
}

#[tokio::test]
async fn what_an_ended_playlist_lists_goes_after_the_playlist() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    bench.end().await;
    look(&bench, 85_000).await;
    assert_eq!(bench.stored().await, numbers(7..10), "all that is listed, while it is served");
    let freed = look(&bench, 86_001).await;
    assert_eq!(bench.stored().await.len(), 0);
    assert_eq!((freed.objects, freed.bytes, freed.segments), (3, 6, 3));
    // It says so once.
    look(&bench, 100_000).await;
    assert_eq!(bench.expired().await, [7, 10]);
}

#[tokio::test]
async fn few_entries_say_that_segments_are_over() {
    let mut bench = Bench::new(Settings { retention_ms: 64_000, ..SETTINGS }).await;
    let mut janitor = Janitor::new(bench.recordings(), None);
    for _ in 0..100 {
        bench.segments(1).await;
        janitor.clean(bench.now_ms()).await;
    }
    let expired = bench.expired().await;
    assert!(expired.windows(2).all(|pair| pair[1] - pair[0] >= 2), "{expired:?}");
    let stored = bench.stored().await;
    assert!((32..=36).contains(&stored.len()), "{stored:?}");
}

/// A dead stream that nobody has ended: viewers can rewind as far as ever, to a page's beginning.
#[tokio::test]
async fn what_viewers_can_rewind_to_stays_however_old() {
    for (dvr_s, expected) in [(100, 748), (300, 633), (600, 483), (1_100, 0)] {
        let settings = Settings { dvr_window_ms: dvr_s * 1_000, ..SETTINGS };
        let mut bench = Bench::new(settings).await;
        bench.segments(800).await;
        look(&bench, 1_000 * HOUR_MS).await;
        let first = bench.stored().await[0];
        assert_eq!(first, expected, "{dvr_s} s");
        let recordings = bench.recordings();
        let (journal, objects) = (Arc::clone(&recordings.journal), Arc::clone(&recordings.objects));
        let parts = Arc::new(parts::Hub::default());
        let playlist = Playlist::new(settings, journal, objects, parts);
        let media = Resource::parse("/live/a/ts/index.m3u8", "").unwrap();
        let document = playlist.fetch(&media).await.unwrap();
        let text = String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap();
        let mut numbers = text.lines().filter_map(|it| it.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        let listed: u64 = numbers.next().unwrap().parse().unwrap();
        assert!(listed >= first && listed < first + 300, "{dvr_s} s: {listed}");
    }
}

#[tokio::test]
async fn a_stream_that_waits_for_its_publisher_is_left_alone() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let entry = bench.ledger.interrupted("gone", 60_000, bench.now_ms());
    bench.append(entry).await;
    look(&bench, HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(0..10));
    bench.reconnect(10_000).await;
    bench.segments(1).await;
    look(&bench, HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(8..11));
}

#[tokio::test]
async fn pages_go_with_their_segments_and_the_journal_says_where_that_ended() {
    let mut bench = Bench::new(Settings { retention_ms: 600_000, ..SETTINGS }).await;
    bench.segments(800).await;
    assert_eq!(bench.objects("page-").await, 3);
    // The first 300 are older than ten minutes at this moment, but a whole page is not.
    let now_ms = 600_000 + 300 * SEGMENT_MS;
    look(&bench, now_ms).await;
    let stored = bench.stored().await;
    assert_eq!(stored.first(), Some(&299));
    assert_eq!(bench.objects("page-").await, 2, "page 1 has segments that stay");
    look(&bench, 600_000 + 600 * SEGMENT_MS).await;
    assert_eq!(bench.objects("page-").await, 1);
    assert_eq!(bench.stored().await.first(), Some(&599));
}

#[tokio::test]
async fn nothing_of_a_clip_goes_and_all_of_it_once_it_is_deleted() {
    let mut bench = Bench::new(Settings { retention_ms: 60_000, ..SETTINGS }).await;
    bench.init = Some(0);
    bench.segments(600).await;
    clip(&bench, "goal", 100 * SEGMENT_MS, 110 * SEGMENT_MS).await;
    bench.end().await;
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(100..110));
    assert_eq!(bench.objects("page-").await, 1);
    assert_eq!(bench.objects("init-").await, 1);
    // The next ownership has segments of its own, and what they are read with.
    bench.reconnect(10_000).await;
    bench.segments(3).await;
    bench.recordings().delete(&id("goal")).await.unwrap();
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(600..603));
    assert_eq!((bench.objects("page-").await, bench.objects("init-").await), (0, 1));
    assert_eq!(bench.objects("recordings/goal/").await, 1, "the record says that it was deleted");
}

#[tokio::test]
async fn a_broadcast_that_will_be_recorded_is_kept_while_it_is_live_and_then_as_a_recording() {
    let settings = Settings { record: true, ..SETTINGS };
    let mut bench = Bench::new(settings).await;
    bench.segments(300).await;
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await.len(), 300);
    bench.end().await;
    bench.reconnect(10_000).await;
    bench.segments(50).await;
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await.len(), 350, "nobody has made a record but the janitor");
    bench.recordings().delete(&id("2026-01-31.0")).await.unwrap();
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await, numbers(300..350));
}

#[tokio::test]
async fn of_two_janitors_one_gets_its_entry_through() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    let mut late = Janitor::new(bench.recordings(), None);
    look(&bench, HOUR_MS).await;
    let freed = late.clean_stream(&stream(), newest, BEGIN_MS + HOUR_MS).await.unwrap();
    assert_eq!(freed, Freed::default());
    assert_eq!(bench.expired().await, [7]);
}

#[tokio::test]
async fn what_a_crash_left_behind_goes_after_a_day() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(3).await;
    let paths = ["live/a/ts/1/9.ts", "live/a/ts/1/2.0.ts", "live/a/ts/0/init-0.mp4"];
    for path in paths {
        let key = ObjectKey::parse(path).unwrap();
        bench.store.inner.put(&key, bytes::Bytes::from_static(b"x")).await.unwrap();
    }
    // The store's clock is the real one.
    let now_ms = unix_ms();
    let plan = Janitor::plan(&bench.recordings(), None, now_ms).await.unwrap();
    assert_eq!(plan[0].1.orphans, 0);
    let mut janitor = Janitor::new(bench.recordings(), None);
    assert_eq!(janitor.clean(now_ms).await.orphans, 0);
    assert_eq!(janitor.clean(now_ms + 23 * HOUR_MS).await.orphans, 0);
    assert_eq!(janitor.clean(now_ms + 25 * HOUR_MS).await.orphans, 2);
    assert_eq!(bench.objects("/").await, 3);
}

#[tokio::test]
async fn a_plan_tells_what_would_go_and_nothing_goes() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let now_ms = BEGIN_MS + HOUR_MS;
    let plan = Janitor::plan(&bench.recordings(), None, now_ms).await.unwrap();
    let plan: Vec<_> = plan.into_iter().map(|(name, freed)| (name.to_string(), freed)).collect();
    assert_eq!((plan[0].0.as_str(), plan[0].1.segments, plan[0].1.bytes), ("live/a", 7, 14));
    assert_eq!((bench.stored().await.len(), bench.expired().await.len()), (10, 0));
    assert_eq!(look(&bench, HOUR_MS).await, plan[0].1);
}

#[tokio::test]
async fn the_journal_keeps_what_is_in_no_page_and_its_newest_entries() {
    let mut bench = Bench::new(Settings { retention_ms: 100 * HOUR_MS, ..SETTINGS }).await;
    bench.segments(4_500).await;
    let before = bench.journal.read_newest(&stream(), usize::MAX).await.unwrap().len();
    look(&bench, 9_000_000).await;
    let after = bench.journal.read_newest(&stream(), usize::MAX).await.unwrap();
    assert!(before > 4_500 && after.len() == journal::KEPT_ENTRIES_MIN, "{before} {}", after.len());
    assert_eq!(bench.stored().await.len(), 4_500, "pages tell of what the journal does not");
}

#[tokio::test]
async fn the_journal_keeps_what_no_page_tells_of_however_long_it_is() {
    let mut bench = Bench::new(Settings { retention_ms: 100 * HOUR_MS, ..SETTINGS }).await;
    bench.is_paged = false;
    bench.segments(4_500).await;
    look(&bench, 9_000_000).await;
    assert_eq!(bench.journal.read_newest(&stream(), usize::MAX).await.unwrap().len(), 4_501);
}

/// A page that is late needs its beginning, also where that has expired.
#[tokio::test]
async fn the_journal_keeps_the_beginning_of_a_page_that_is_not_written() {
    let mut bench = Bench::new(Settings { retention_ms: 600_000, ..SETTINGS }).await;
    bench.is_paged = false;
    bench.segments(4_500).await;
    look(&bench, 600_000 + 300 * SEGMENT_MS).await;
    assert_eq!(bench.stored().await.first(), Some(&299));
    let entries = bench.journal.read_newest(&stream(), usize::MAX).await.unwrap();
    let oldest = entries.iter().find_map(|it| crate::archive::segment_of(&it.entry)).unwrap();
    assert!((250..=256).contains(&oldest), "{oldest}");
}

/// What is over is known from pages where the journal tells of it no more.
#[tokio::test]
async fn what_viewers_can_rewind_to_stays_where_only_pages_tell_of_it() {
    let settings = Settings { dvr_window_ms: 8_000_000, ..SETTINGS };
    let mut bench = Bench::new(settings).await;
    let mut expected = Vec::new();
    for segments in [4_500, 2_000, 10] {
        bench.segments(segments).await;
        look(&bench, 1_000 * HOUR_MS).await;
        expected.push(bench.stored().await[0]);
    }
    // 8,000 s and a page before the end; by pages, no more than whole ones go.
    assert_eq!(expected, [243, 2_243, 2_243]);
    bench.end().await;
    look(&bench, 1_000 * HOUR_MS).await;
    assert_eq!(bench.stored().await.len(), 0);
}

#[tokio::test]
async fn what_the_next_segments_are_read_with_stays() {
    let bench = Bench::new(SETTINGS).await;
    for path in ["live/a/ts/1/init-0.mp4", "live/a/ts/0/init-0.mp4"] {
        let key = ObjectKey::parse(path).unwrap();
        bench.store.inner.put(&key, bytes::Bytes::from_static(b"x")).await.unwrap();
    }
    look(&bench, HOUR_MS).await;
    assert_eq!((bench.objects("/1/init-").await, bench.objects("init-").await), (1, 1));
}

/// The store takes what segments are read with before it takes them, which may be an hour later.
#[tokio::test]
async fn what_segments_are_read_with_that_have_not_come_yet_stays() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.init = Some(0);
    bench.segments(3).await;
    for path in ["live/a/ts/1/0.m4s", "live/a/ts/1/1.m4s", "live/a/ts/1/2.m4s"] {
        bench.store.inner.delete(&ObjectKey::parse(path).unwrap()).await.unwrap();
    }
    bench.reconnect(10_000).await;
    look(&bench, 30_000).await;
    assert_eq!((bench.stored().await.len(), bench.objects("/1/init-").await), (0, 1));
    // Their time is over when that of the segments is.
    bench.segments(100).await;
    look(&bench, HOUR_MS).await;
    assert_eq!((bench.objects("/1/init-").await, bench.objects("/2/init-").await), (0, 1));
}

/// A janitor is killed at every one of its steps.
#[tokio::test]
async fn a_janitor_that_is_killed_leaves_nothing_that_the_next_one_does_not_find() {
    for steps in (0..).step_by(3) {
        let mut bench = Bench::new(Settings { retention_ms: 60_000, ..SETTINGS }).await;
        bench.segments(600).await;
        clip(&bench, "kept", 10_000, 14_000).await;
        clip(&bench, "gone", 40_000, 44_000).await;
        bench.recordings().delete(&id("gone")).await.unwrap();
        bench.store.die_after(steps);
        look(&bench, HOUR_MS).await;
        let died = bench.store.revive();
        // What is needed is there, also before anybody looks again.
        let stored = bench.stored().await;
        let needed = [5, 6, 597, 598, 599];
        assert!(needed.iter().all(|it| stored.contains(it)), "{steps}: {stored:?}");
        assert_eq!(bench.objects("page-0").await, 1, "the clip is in it");
        let is_paged = bench.objects("page-1").await == 1;
        let is_whole = (256..512).all(|number| stored.contains(&number));
        assert!(is_whole || !is_paged, "{steps}: a page names what is not there");
        look(&bench, HOUR_MS + 30_000).await;
        assert_eq!(bench.stored().await, needed, "{steps}");
        if !died {
            assert!(steps > 590, "{steps}");
            return;
        }
    }
}

/// An entry that some janitor has appended before it was killed.
#[tokio::test]
async fn what_a_janitor_has_announced_and_not_done_is_done() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    let entry = Ledger::expired(&newest.entry, 4, bench.now_ms());
    bench.journal.append(&stream(), newest.position, &entry).await.unwrap();
    let mut janitor = Janitor::new(bench.recordings(), None);
    janitor.clean(BEGIN_MS + 30_000).await;
    assert_eq!(bench.stored().await, numbers(4..10));
    let recordings = Arc::clone(&janitor.recordings);
    let request = ClipRequest {
        source: Source::Stream(stream()),
        start: timeline::Moment::At(BEGIN_MS),
        end: timeline::Moment::At(BEGIN_MS + 10_000),
        name: "late".to_owned(),
    };
    assert_eq!(recordings.clip(&request).await.unwrap().first, 4);
}
