//! Streams that are kept for times of their own, and streams that are deleted.

use std::time::Duration;

use journal::Journal;
use origin::{Origin, OriginError};
use runtime::unix_ms;
use store::ObjectStore;
use timeline::{Body, Claimant, ObjectKey, Resource};

use super::*;
use crate::archive::bench::{BEGIN_MS, Bench, SETTINGS, id, stream};
use crate::archive::{ClipRequest, Source};
use crate::settings::tests::{Changing, settings};
use crate::{Playlist, Settings};

const RECORDED: Settings = Settings { record: true, ..SETTINGS };

async fn look(janitor: &mut Janitor, after_s: i64) {
    janitor.clean(BEGIN_MS + after_s * 1_000).await;
}

fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_before_it_is_known_how_long_it_is_kept() {
    let (mut bench, source) = (Bench::new(SETTINGS).await, Arc::new(Changing::default()));
    bench.segments(10).await;
    let recordings = bench.recordings_by(Arc::clone(&source) as _);
    let mut janitor = Janitor::new(Arc::clone(&recordings), None);
    look(&mut janitor, 3_600_000).await;
    assert_eq!(Janitor::plan(&recordings, None, i64::MAX).await.unwrap(), []);
    assert_eq!((bench.stored().await, bench.expired().await.len()), (numbers(0..10), 0));
    // Another stream's settings are another's.
    source.say("live/b", settings(6, 0, 60));
    tokio::time::advance(Duration::from_secs(20)).await;
    look(&mut janitor, 3_600_000).await;
    assert_eq!(bench.stored().await, numbers(0..10));
    source.say("live/a", settings(10, 0, 60));
    tokio::time::advance(Duration::from_secs(20)).await;
    look(&mut janitor, 3_600_000).await;
    assert_eq!(bench.stored().await, numbers(5..10), "its own window is listed");
    source.is_away();
    tokio::time::advance(Duration::from_secs(20)).await;
    bench.segments(2).await;
    look(&mut janitor, 7_200_000).await;
    assert_eq!(bench.stored().await, numbers(7..12), "what is known is known");
}

#[tokio::test(start_paused = true)]
async fn what_was_listed_by_longer_settings_stays_for_a_while() {
    let (mut bench, source) = (Bench::new(SETTINGS).await, Arc::new(Changing::default()));
    source.say("live/a", settings(6, 100, 400));
    bench.segments(200).await;
    let recordings = bench.recordings_by(Arc::clone(&source) as _);
    let mut janitor = Janitor::new(Arc::clone(&recordings), None);
    look(&mut janitor, 200_000).await;
    let listed = bench.stored().await;
    assert_eq!(listed.first(), Some(&148));
    source.say("live/a", settings(6, 0, 60));
    for wait_s in [11, 100] {
        tokio::time::advance(Duration::from_secs(wait_s)).await;
        look(&mut janitor, 400_000).await;
        assert_eq!(bench.stored().await, listed, "after {wait_s} s more");
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    look(&mut janitor, 600_000).await;
    assert_eq!(bench.stored().await, numbers(197..200));
}

fn playlist(bench: &Bench) -> Playlist {
    let recordings = bench.recordings();
    let (journal, objects) = (Arc::clone(&recordings.journal), Arc::clone(&recordings.objects));
    Playlist::new(bench.settings, journal, objects, Arc::new(parts::Hub::default()))
}

async fn fetch(playlist: &Playlist, path: &str) -> Result<String, OriginError> {
    let document = playlist.fetch(&Resource::parse(path, "").unwrap()).await?;
    Ok(String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap())
}

/// A stream with a broadcast that was recorded, and one that is live; in fragments and pages.
async fn recorded_and_live() -> Bench {
    let mut bench = Bench::new(RECORDED).await;
    bench.init = Some(0);
    bench.segments(300).await;
    bench.end().await;
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    bench.recordings().record(&stream(), &newest).await.unwrap();
    bench.reconnect(10_000).await;
    bench.segments(20).await;
    bench
}

#[tokio::test]
async fn a_deleted_stream_is_listed_no_more_and_its_recordings_stay() {
    let bench = recorded_and_live().await;
    let playlist = playlist(&bench);
    let media = "/live/a/ts/index.m3u8";
    assert!(fetch(&playlist, media).await.is_ok());
    playlist.delete_stream(&stream(), false).await.unwrap();
    for path in [media, "/live/a/index.m3u8"] {
        let gone = fetch(&playlist, path).await;
        assert!(matches!(gone, Err(OriginError::NotLiveYet(_))), "{path}: {gone:?}");
    }
    let mut janitor = Janitor::new(Arc::clone(playlist.recordings()), None);
    janitor.clean(unix_ms()).await;
    // The broadcast that was live became a recording, as the one before it.
    assert_eq!(bench.stored().await.len(), 320);
    for first in [0, 300] {
        let path = format!("/vod/live~a~2026-01-31.{first}/index.m3u8");
        let document = fetch(&playlist, &path).await;
        assert!(document.is_ok(), "{path}: {document:?}");
    }
    let records = playlist.recordings().all(&stream()).await.unwrap();
    let spans: Vec<_> = records.iter().map(|it| (it.first, it.last, it.deleted_ms)).collect();
    assert_eq!(spans, [(0, 299, None), (300, 319, None)]);
}

#[tokio::test]
async fn with_its_recordings_all_of_a_stream_goes_and_of_others_nothing() {
    let bench = recorded_and_live().await;
    let other = "live/ab/ts/1/0.ts";
    let theirs = ObjectKey::parse(other).unwrap();
    bench.store.inner.put(&theirs, bytes::Bytes::from_static(b"x")).await.unwrap();
    let playlist = playlist(&bench);
    let (start, end) = (timeline::Moment::At(BEGIN_MS), timeline::Moment::At(BEGIN_MS + 10_000));
    let source = Source::Stream(stream());
    let request = ClipRequest { source, start, end, name: "goal".into() };
    playlist.recordings().clip(&request).await.unwrap();
    for _ in 0..2 {
        // Once more does no harm.
        playlist.delete_stream(&stream(), true).await.unwrap();
        Janitor::new(Arc::clone(playlist.recordings()), None).clean(unix_ms()).await;
        assert_eq!(bench.stored().await, numbers(0..0));
        assert_eq!((bench.objects("page-").await, bench.objects("init-").await), (0, 0));
        assert_eq!(bench.objects("/").await, 2, "two records say that they were deleted");
    }
    let gone = fetch(&playlist, "/vod/live~a~2026-01-31.0/index.m3u8").await;
    assert!(gone.is_err(), "{gone:?}");
    assert!(bench.store.inner.contains(&theirs).await.unwrap());
    let name = StreamName::parse("live/nobody").unwrap();
    playlist.delete_stream(&name, true).await.unwrap();
    assert!(bench.journal.newest(&name).await.unwrap().is_none(), "no stream is made to delete it");
}

#[tokio::test]
async fn a_stream_of_the_same_name_goes_on_behind_the_one_that_was_deleted() {
    let mut bench = recorded_and_live().await;
    let before = bench.journal.newest(&stream()).await.unwrap().unwrap();
    let playlist = playlist(&bench);
    playlist.delete_stream(&stream(), true).await.unwrap();
    // Whoever published it is not its owner any more.
    let late = bench.ledger.interrupted("late", 0, bench.now_ms());
    assert!(bench.journal.append(&stream(), before.position, &late).await.is_err());
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    assert!(!bench.ledger.follow(&newest.entry));
    assert_eq!(newest.entry.head.state, State::Ended);
    bench.reconnect(10_000).await;
    bench.segments(2).await;
    let text = fetch(&playlist, "/live/a/ts/index.m3u8").await.unwrap();
    let uris: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(uris.len(), 2, "{text}");
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:320\n"), "{text}");
    let epoch = |uri: &str| uri.split('/').next().unwrap().parse::<u64>().unwrap();
    assert!(uris.iter().all(|uri| epoch(uri) > before.entry.epoch), "{text}");
    // What it makes is kept as anything is.
    Janitor::new(Arc::clone(playlist.recordings()), None).clean(bench.now_ms()).await;
    assert_eq!(bench.stored().await, numbers(320..322));
}

/// Publishers come in between as often as they like; in the end the stream is deleted, or that is
/// said.
#[tokio::test]
async fn a_stream_that_another_node_takes_meanwhile_is_deleted_all_the_same() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let (recordings, journal) = (bench.recordings(), Arc::clone(&bench.journal));
    let rival = tokio::spawn(async move {
        for _ in 0..3 {
            let newest = journal.newest(&stream()).await.unwrap().unwrap();
            let claimant = Claimant { node: "b".into(), origin_url: None };
            let (_, opened) = Ledger::claim(Some(&newest.entry), claimant, 0);
            let _ = journal.append(&stream(), newest.position, &opened).await;
            tokio::task::yield_now().await;
        }
    });
    recordings.delete_stream(&stream(), false).await.unwrap();
    rival.await.unwrap();
    let entries = bench.journal.read_newest(&stream(), usize::MAX).await.unwrap();
    let expired = entries.iter().find(|it| matches!(it.entry.body, Body::Expired { .. }));
    assert_eq!(expired.unwrap().entry.head.kept_from, 10);
    assert!(recordings.all(&stream()).await.unwrap().is_empty());
    assert!(recordings.look_up(&id("2026-01-31.0")).await.unwrap().is_none());
}
