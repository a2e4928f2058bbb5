use journal::Journal;
use origin::{Origin, OriginError};
use runtime::unix_ms;
use store::ObjectStore;
use timeline::{Ledger, Moment, ObjectKey, RecordingKind, Resource};

use super::bench::{BEGIN_MS, Bench, SEGMENT_MS, SETTINGS, id, stream};
use super::*;
use crate::janitor::Janitor;
use crate::{Playlist, Settings};

const RECORDED: Settings = Settings { record: true, retention_ms: 100 * 3_600_000, ..SETTINGS };

fn at(after_ms: i64) -> Moment {
    Moment::At(BEGIN_MS + after_ms)
}

fn clip_of(source: Source, name: &str, from_ms: i64, to_ms: i64) -> ClipRequest {
    ClipRequest { source, start: at(from_ms), end: at(to_ms), name: name.to_owned() }
}

fn of_stream(name: &str, from_ms: i64, to_ms: i64) -> ClipRequest {
    clip_of(Source::Stream(stream()), name, from_ms, to_ms)
}

async fn record_all(bench: &Bench) {
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    bench.recordings().record(&stream(), &newest).await.unwrap();
}

/// Names and segments of all records.
async fn records(bench: &Bench) -> Vec<(String, u64, u64)> {
    let all = bench.recordings().all(&stream()).await.unwrap();
    all.iter().map(|it| (it.id.name().to_owned(), it.first, it.last)).collect()
}

async fn fetch(bench: &Bench, path: &str) -> Result<String, OriginError> {
    let recordings = bench.recordings();
    let (journal, objects) = (Arc::clone(&recordings.journal), Arc::clone(&recordings.objects));
    let playlist = Playlist::new(bench.settings, journal, objects, Arc::new(parts::Hub::default()));
    let document = playlist.fetch(&Resource::parse(path, "").unwrap()).await?;
    Ok(String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap())
}

#[tokio::test]
async fn every_broadcast_that_is_over_becomes_a_recording_and_reconnects_stay_one() {
    let mut bench = Bench::new(RECORDED).await;
    bench.segments(3).await;
    bench.reconnect(10_000).await;
    bench.segments(2).await;
    record_all(&bench).await;
    assert_eq!(records(&bench).await, [], "it is not over");
    bench.end().await;
    bench.reconnect(100_000).await;
    bench.segments(1).await;
    bench.end().await;
    // A publisher that comes and goes without a segment.
    bench.reconnect(10_000).await;
    bench.end().await;
    for _ in 0..2 {
        record_all(&bench).await;
        let expected = [("2026-01-31.0".to_owned(), 0, 4), ("2026-01-31.5".to_owned(), 5, 5)];
        assert_eq!(records(&bench).await, expected);
    }
    let record = bench.recordings().read(&id("2026-01-31.0")).await.unwrap().unwrap();
    assert_eq!((record.start_ms, record.end_ms), (BEGIN_MS, BEGIN_MS + 20_000));
    assert_eq!(record.kind, RecordingKind::Broadcast);
}

#[tokio::test]
async fn a_deleted_recording_is_not_made_again() {
    let mut bench = Bench::new(RECORDED).await;
    bench.segments(3).await;
    bench.end().await;
    record_all(&bench).await;
    let recordings = bench.recordings();
    assert!(recordings.delete(&id("2026-01-31.0")).await.unwrap());
    assert!(!recordings.delete(&id("2026-01-31.0")).await.unwrap());
    let unknown = recordings.delete(&id("2026-01-31.9")).await;
    assert!(matches!(unknown, Err(ArchiveError::Unknown(_))), "{unknown:?}");
    record_all(&bench).await;
    let record = bench.recordings().read(&id("2026-01-31.0")).await.unwrap().unwrap();
    assert!(record.deleted_ms.is_some() && record.renditions.is_empty());
}

#[tokio::test]
async fn what_is_recorded_from_now_on_is_what_is_whole() {
    let mut bench = Bench::new(SETTINGS).await;
    for _ in 0..2 {
        bench.segments(5).await;
        bench.end().await;
        bench.reconnect(10_000).await;
    }
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    let expired = Ledger::expired(&newest.entry, 2, bench.now_ms());
    bench.journal.append(&stream(), newest.position, &expired).await.unwrap();
    bench.settings.record = true;
    record_all(&bench).await;
    assert_eq!(records(&bench).await, [("2026-01-31.5".to_owned(), 5, 9)]);
}

#[tokio::test]
async fn a_clip_says_what_its_first_segment_is_read_with() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.init = Some(0);
    bench.segments(10).await;
    check(&bench, of_stream("a", 12_000, 16_000), "6+0 7-0").await;
    let text = fetch(&bench, "/vod/live~a~a/ts/index.m3u8").await.unwrap();
    let (header, _) = text.split_once("#EXT-X-PROGRAM-DATE-TIME").unwrap();
    assert!(header.ends_with("#EXT-X-MAP:URI=\"../../../live/a/ts/1/init-0.mp4\"\n"), "{text}");
}

#[tokio::test]
async fn two_nodes_that_record_at_once_write_the_same() {
    let mut bench = Bench::new(RECORDED).await;
    bench.segments(300).await;
    bench.end().await;
    record_all(&bench).await;
    let key = ObjectKey::parse("live/a/recordings/2026-01-31.0/1.json").unwrap();
    let first = bench.store.inner.get(&key).await.unwrap();
    bench.store.inner.delete(&key).await.unwrap();
    // Another one is late, and has read more of the journal.
    bench.reconnect(10_000).await;
    bench.segments(300).await;
    record_all(&bench).await;
    assert_eq!(bench.store.inner.get(&key).await.unwrap(), first);
}

#[tokio::test]
async fn a_recording_is_a_complete_playlist_of_the_streams_own_segments() {
    let mut bench = Bench::new(RECORDED).await;
    bench.init = Some(0);
    bench.segments(2).await;
    bench.reconnect(10_000).await;
    bench.segments(1).await;
    bench.end().await;
    record_all(&bench).await;
    let list = fetch(&bench, "/vod/live~a~2026-01-31.0/index.m3u8").await.unwrap();
    assert!(list.contains("CODECS=\"avc1.64001f\",RESOLUTION=640x360"), "{list}");
    assert!(list.ends_with("\nts/index.m3u8\n"), "{list}");
    let text = fetch(&bench, "/vod/live~a~2026-01-31.0/ts/index.m3u8").await.unwrap();
    let expected = "#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI=\"../../../live/a/ts/1/init-0.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-01-31T20:00:00.000Z
#EXTINF:2.000,
../../../live/a/ts/1/0.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-31T20:00:02.000Z
#EXTINF:2.000,
../../../live/a/ts/1/1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"../../../live/a/ts/2/init-0.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-01-31T20:00:14.000Z
#EXTINF:2.000,
../../../live/a/ts/2/2.m4s
#EXT-X-ENDLIST
";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_long_recording_is_its_pages_cut_and_the_rest() {
    let mut bench = Bench::new(RECORDED).await;
    bench.init = Some(0);
    bench.segments(10).await;
    bench.end().await;
    bench.reconnect(0).await;
    bench.segments(600).await;
    let clip = of_stream("middle", 300 * SEGMENT_MS + 500, 560 * SEGMENT_MS).clone();
    let clipped = bench.recordings().clip(&clip).await.unwrap();
    assert_eq!((clipped.first, clipped.last), (300, 559));
    assert_eq!((clipped.before_start_ms, clipped.behind_end_ms), (500, 0));
    bench.end().await;
    record_all(&bench).await;
    for (name, first, last) in [("2026-01-31.10", 10, 609), ("middle", 300, 559)] {
        let text = fetch(&bench, &format!("/vod/live~a~{name}/ts/index.m3u8")).await.unwrap();
        let uris: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let epoch = 2;
        let expected: Vec<_> =
            (first..=last).map(|n| format!("../../../live/a/ts/{epoch}/{n}.m4s")).collect();
        assert_eq!(uris, expected, "{name}");
        assert!(text.contains(&format!("#EXT-X-MEDIA-SEQUENCE:{first}\n")), "{name}");
        assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{name}: {text:.400}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "nothing is before it: {name}");
        let first_map = text.find("#EXT-X-MAP").unwrap();
        assert!(first_map < text.find("#EXTINF").unwrap(), "{name}: {text:.600}");
        assert!(!text.contains("WEIR"), "{name}");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_never_was_is_unknown() {
    let mut bench = Bench::new(RECORDED).await;
    bench.segments(3).await;
    bench.end().await;
    record_all(&bench).await;
    bench.recordings().delete(&id("2026-01-31.0")).await.unwrap();
    for path in ["index.m3u8", "ts/index.m3u8", "export.mp4"] {
        let gone = fetch(&bench, &format!("/vod/live~a~2026-01-31.0/{path}")).await;
        assert!(matches!(gone, Err(OriginError::Deleted(_))), "{path}: {gone:?}");
        let never = fetch(&bench, &format!("/vod/live~a~nothing/{path}")).await;
        assert!(matches!(never, Err(OriginError::NoRecording(_))), "{path}: {never:?}");
    }
}

/// Expected are the segments, and how far the edges are within them.
async fn check(bench: &Bench, request: ClipRequest, expected: &str) {
    let actual = match bench.recordings().clip(&request).await {
        Ok(it) => {
            let (before, behind) = (it.before_start_ms, it.behind_end_ms);
            format!("{}+{before} {}-{behind}", it.first, it.last)
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{request:?}");
}

#[tokio::test]
async fn a_clip_has_the_segments_of_its_time_and_tells_its_exact_edges() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(600).await;
    bench.reconnect(60_000).await;
    bench.segments(4).await;
    check(&bench, of_stream("a", 0, 4_000), "0+0 1-0").await;
    check(&bench, of_stream("b", 1, 4_001), "0+1 2-1999").await;
    check(&bench, of_stream("c", 511_999, 512_001), "255+1999 256-1999").await;
    check(&bench, of_stream("d", 512_000, 514_000), "256+0 256-0").await;
    check(&bench, of_stream("e", 1_023_000, 1_199_000), "511+1000 599-1000").await;
    // Before there was something, while nobody published, and beyond now.
    check(&bench, of_stream("f", -5_000, 1_000), "0+0 0-1000").await;
    check(&bench, of_stream("g", 1_199_000, 1_261_000), "599+1000 600-1000").await;
    check(&bench, of_stream("h", 1_266_000, 9_000_000), "603+0 603-0").await;
    let nothing = "there is nothing of live/a in this stretch of time";
    check(&bench, of_stream("i", 1_210_000, 1_220_000), nothing).await;
    check(&bench, of_stream("j", 2_000_000, 2_001_000), nothing).await;
    check(&bench, of_stream("k", -9_000, -1), nothing).await;
    check(&bench, of_stream("l", 4_000, 4_000), "the end of a clip is after its start").await;
}

#[tokio::test]
async fn a_clip_has_a_name_of_its_own() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    check(&bench, of_stream("goal", 0, 4_000), "0+0 1-0").await;
    check(&bench, of_stream("goal", 0, 4_000), "0+0 1-0").await;
    let taken = "the name of live~a~goal is taken: choose another one";
    check(&bench, of_stream("goal", 2_000, 4_000), taken).await;
    let name = "a recording cannot have this name: a name starts with a letter or a digit, not '.'";
    check(&bench, of_stream("..", 0, 4_000), name).await;
    let reserved = "names as 2026-01-31.0 are those of whole broadcasts: choose another one";
    check(&bench, of_stream("2026-01-31.0", 0, 4_000), reserved).await;
    bench.recordings().delete(&id("goal")).await.unwrap();
    check(&bench, of_stream("goal", 2_000, 4_000), taken).await;
}

#[tokio::test]
async fn a_clip_of_a_recording_names_the_streams_segments() {
    let mut bench = Bench::new(RECORDED).await;
    bench.segments(400).await;
    bench.end().await;
    bench.reconnect(0).await;
    bench.segments(10).await;
    record_all(&bench).await;
    let source = || Source::Recording(id("2026-01-31.0"));
    check(&bench, clip_of(source(), "a", 100_000, 104_000), "50+0 51-0").await;
    // It ends where the recording does.
    check(&bench, clip_of(source(), "b", 797_000, 810_000), "398+1000 399-0").await;
    // The time of the stream's segments is over, but not that of the recording's.
    let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
    let expired = Ledger::expired(&newest.entry, 405, bench.now_ms());
    bench.journal.append(&stream(), newest.position, &expired).await.unwrap();
    check(&bench, clip_of(source(), "c", 100_000, 104_000), "50+0 51-0").await;
    check(
        &bench,
        of_stream("d", 100_000, 104_000),
        "there is nothing of live/a in this stretch of time",
    )
    .await;
    bench.recordings().delete(&id("2026-01-31.0")).await.unwrap();
    let deleted = "the recording live~a~2026-01-31.0 has been deleted";
    check(&bench, clip_of(source(), "e", 100_000, 104_000), deleted).await;
    let unknown = "there is no recording live~a~nothing";
    check(&bench, clip_of(Source::Recording(id("nothing")), "f", 0, 1), unknown).await;
}

/// The maker of a clip and a janitor at once: whoever is told that there is a clip has all of it.
#[tokio::test]
async fn a_clip_that_comes_too_late_is_taken_back() {
    let mut bench = Bench::new(SETTINGS).await;
    bench.segments(10).await;
    let recordings = bench.recordings();
    let found = recent(bench.journal.as_ref(), &stream(), None).await.unwrap().unwrap();
    let stretch = made::Stretch {
        id: id("late"),
        kind: RecordingKind::Clip,
        first: 0,
        last: 3,
        edges_ms: None,
        created_ms: 0,
    };
    let store = recordings.objects.store.as_ref();
    let record = stretch.record(&found, &[], store).await.unwrap().unwrap();
    // The janitor has read the records before this one is there.
    Janitor::new(bench.recordings(), None).clean(unix_ms()).await;
    let late = recordings.write(&record).await;
    assert!(matches!(late, Err(ArchiveError::TooLate(_))), "{late:?}");
    assert_eq!(bench.objects("recordings").await, 0);
}

/// Killed at every step between the end of a broadcast and its record, and of a clip.
#[tokio::test]
async fn whoever_makes_a_record_and_is_killed_leaves_a_whole_one_or_none() {
    for steps in 0.. {
        let mut bench = Bench::new(RECORDED).await;
        bench.segments(300).await;
        bench.end().await;
        let newest = bench.journal.newest(&stream()).await.unwrap().unwrap();
        bench.store.die_after(steps);
        let recordings = bench.recordings();
        let _ = recordings.record(&stream(), &newest).await;
        let clip = recordings.clip(&of_stream("clip", 100_000, 104_000)).await;
        let died = bench.store.revive();
        let was_told = clip.is_ok();
        // The next process begins with the janitor, long after.
        Janitor::new(bench.recordings(), None).clean(BEGIN_MS + 400 * 3_600_000).await;
        let names: Vec<_> = records(&bench).await.into_iter().map(|it| it.0).collect();
        assert!(names.contains(&"2026-01-31.0".to_owned()), "{steps}: {names:?}");
        assert!(!was_told || names.contains(&"clip".to_owned()), "{steps}: {names:?}");
        assert_eq!(bench.stored().await.len(), 300, "{steps}");
        for name in names {
            let path = format!("/vod/live~a~{name}/ts/index.m3u8");
            assert!(fetch(&bench, &path).await.is_ok(), "{steps}: {name}");
        }
        if !died {
            assert!(steps > 8, "{steps}");
            return;
        }
    }
}
