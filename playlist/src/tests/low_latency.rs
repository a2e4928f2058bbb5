//! Segments that are made part by part, read while they are made.

use timeline::{OpenRendition, OpenSegment, PartRecord};
use tokio::time::{Instant, advance, pause};

use super::*;

/// A sixth of a segment, in ticks.
const PART: i64 = 30_000;

/// Makes segments of six parts, as an ingest node does.
struct Making {
    stream: Stream,
    /// Where the open segment begins, and its parts.
    start: i64,
    parts: Vec<Bytes>,
}

impl Making {
    /// A stream with one whole segment, and nothing of the next.
    async fn new() -> Self {
        let stream = Stream::new().await;
        let mut making = Self { stream, start: 0, parts: Vec::new() };
        making.parts(6);
        making.whole().await;
        making
    }

    fn part_records(&self) -> Vec<PartRecord> {
        let record = |at: usize| PartRecord {
            end: self.start + (i64::try_from(at).unwrap() + 1) * PART,
            independent: at == 0,
        };
        (0..self.parts.len()).map(record).collect()
    }

    fn open(&self) -> OpenSegment {
        let beginning = self.stream.ledger.beginning(self.start / 90, false);
        OpenSegment {
            epoch: self.stream.ledger.epoch(),
            sequence: beginning.sequence,
            start: self.start,
            calendar_ms: beginning.calendar_ms,
            discontinuity: beginning.discontinuity,
            part_target_ms: 334,
            seems_whole: false,
            parts: self.part_records(),
            renditions: vec![OpenRendition {
                rendition: rendition(),
                container: Container::Ts,
                init: None,
                is_sound: false,
                part_bytes: self.parts.iter().map(|part| part.len() as u64).collect(),
            }],
        }
    }

    /// Makes so many parts, and announces each.
    fn parts(&mut self, count: usize) {
        for _ in 0..count {
            let before = self.open();
            let part = before.next_part();
            let bytes = Bytes::from(format!("<{}.{part}>", before.sequence));
            let key = before.part_key(&name(), &before.renditions[0], part);
            self.stream.hub.complete(&key, bytes.clone());
            self.parts.push(bytes);
            self.announce();
        }
    }

    fn announce(&self) {
        self.stream.hub.announce(&name(), self.open());
    }

    /// Stores and lists the open segment, as far as it is.
    async fn whole(&mut self) {
        let parts = self.part_records();
        let end = parts.last().unwrap().end;
        let bytes = Bytes::from(self.parts.concat());
        let before = self.open();
        let keys = (0..before.next_part())
            .map(|part| before.part_key(&name(), &before.renditions[0], part));
        let keys: Vec<_> = keys.collect();
        let record = SegmentRecord {
            rendition: rendition(),
            container: Container::Ts,
            bytes: bytes.len() as u64,
            sha256: Sha256([0; 32]),
            part_bytes: before.renditions[0].part_bytes.clone(),
            tracks: Vec::new(),
            init: None,
            is_alternative: false,
            captions: Vec::new(),
        };
        let new = NewSegment {
            start: self.start,
            end,
            calendar_ms: self.start / 90,
            discontinuity: false,
            independent: true,
            target_duration_s: 2,
            part_target_ms: Some(334),
            parts,
            renditions: vec![record],
        };
        let entry = self.stream.ledger.segment(new, unix_ms());
        let key = entry.segment_keys(&name()).remove(0);
        self.stream.store.put(&key, bytes).await.unwrap();
        self.stream.append(entry).await;
        self.stream.hub.forget(keys);
        self.start = end;
        self.parts.clear();
    }
}

/// Asks for `path`; for what never comes five minutes are waited.
fn ask(playlist: &Arc<Playlist>, path: &str) -> tokio::task::JoinHandle<Result<Asked, String>> {
    let playlist = Arc::clone(playlist);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let resource = Resource::parse(&format!("/live/a/ts/{path}"), query).unwrap();
    tokio::spawn(async move {
        let answer = timeout(Duration::from_secs(300), playlist.fetch(&resource)).await;
        let document = answer.unwrap().map_err(|error| error.to_string())?;
        let text = document.body.ready().unwrap().join().to_vec();
        let CacheControl::Seconds(seconds) = document.cache_control else {
            return Ok((String::from_utf8(text).unwrap(), u32::MAX));
        };
        Ok((String::from_utf8(text).unwrap(), seconds))
    })
}

/// What came, and for how many seconds caches may keep it.
type Asked = (String, u32);

/// Lets everybody else go on.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reload_waits_for_the_part_that_it_names() {
    let mut making = Making::new().await;
    let playlist = Arc::new(making.stream.playlist());
    let (text, kept_s) = ask(&playlist, "index.m3u8").await.unwrap().unwrap();
    assert!(text.ends_with("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1/1.0.ts\"\n"), "{text}");
    assert_eq!(kept_s, 1);
    let wait = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=1");
    let whole = ask(&playlist, "index.m3u8?_HLS_msn=1");
    let beyond = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=6");
    settle().await;
    making.parts(1);
    settle().await;
    assert!(!wait.is_finished());
    making.parts(1);
    let (text, kept_s) = wait.await.unwrap().unwrap();
    assert!(text.contains("1/1.1.ts") && text.contains("HINT:TYPE=PART,URI=\"1/1.2.ts\""));
    assert_eq!(kept_s, 12, "{text}");
    making.parts(4);
    settle().await;
    assert!(!whole.is_finished() && !beyond.is_finished());
    making.whole().await;
    let (text, _) = whole.await.unwrap().unwrap();
    assert!(text.contains("\n1/1.ts\n"), "{text}");
    settle().await;
    assert!(!beyond.is_finished(), "a part that a segment does not have is the first of the next");
    making.parts(1);
    let (text, _) = beyond.await.unwrap().unwrap();
    assert!(text.contains("1/2.0.ts"), "{text}");
}

#[tokio::test]
async fn a_part_is_the_same_bytes_before_and_after_its_segment_is_whole() {
    let mut making = Making::new().await;
    let playlist = Arc::new(making.stream.playlist());
    let part = async |path: &str| ask(&playlist, path).await.unwrap().map(|(text, _)| text);
    assert_eq!(part("1/0.5.ts").await.unwrap(), "<0.5>");
    let missing = "there is no live/a/ts/1/0.6.ts (any more)";
    assert_eq!(part("1/0.6.ts").await.unwrap_err(), missing);
    let next = ask(&playlist, "1/1.0.ts");
    settle().await;
    assert!(!next.is_finished());
    // The one after the next is not waited for, nor is one of another rendition's or owner's.
    for nowhere in ["1/1.1.ts", "1/2.0.ts", "2/1.0.ts", "0/1.0.ts", "1/1.0.m4s"] {
        assert!(part(nowhere).await.unwrap_err().contains("there is no "), "{nowhere}");
    }
    making.parts(1);
    assert_eq!(next.await.unwrap().unwrap(), ("<1.0>".to_owned(), u32::MAX));
    making.parts(2);
    assert_eq!(part("1/1.2.ts").await.unwrap(), "<1.2>");
    // The segment ends without the part that was hinted.
    let hinted = ask(&playlist, "1/1.3.ts");
    settle().await;
    making.whole().await;
    assert!(hinted.await.unwrap().unwrap_err().contains("there is no "));
    for (path, bytes) in [("1/1.0.ts", "<1.0>"), ("1/1.2.ts", "<1.2>")] {
        assert_eq!(part(path).await.unwrap(), bytes);
    }
    assert_eq!(part("1/1.ts").await.unwrap(), "<1.0><1.1><1.2>");
}

#[tokio::test]
async fn who_waits_in_vain_is_told_so() {
    let mut making = Making::new().await;
    making.parts(1);
    let playlist = Arc::new(making.stream.playlist());
    ask(&playlist, "index.m3u8").await.unwrap().unwrap();
    settle().await;
    let far = ask(&playlist, "index.m3u8?_HLS_msn=3").await.unwrap();
    assert_eq!(far.unwrap_err(), "segment 3 is too far ahead: the newest one is 0");
    let over = ask(&playlist, "index.m3u8?_HLS_msn=3&start=0&end=1").await.unwrap();
    assert!(over.unwrap().0.ends_with("#EXT-X-ENDLIST\n"), "nothing is added to what is over");
    pause();
    let began = Instant::now();
    let stalled = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=1").await.unwrap();
    assert_eq!(stalled.unwrap_err(), "live/a stands still for now");
    let took = began.elapsed();
    assert!(Duration::from_secs(5) < took && took < Duration::from_secs(7), "{took:?}");
    // Who asks while it stands still is told at once.
    let began = Instant::now();
    let stalled = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=1").await.unwrap();
    assert_eq!(stalled.unwrap_err(), "live/a stands still for now");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let part = ask(&playlist, "1/1.1.ts").await.unwrap();
    assert!(part.unwrap_err().contains("there is no "));
    // While nobody publishes, it stands still without an error, and caches ask again soon.
    let gone = making.stream.ledger.interrupted("gone", 60_000, unix_ms());
    making.stream.append(gone).await;
    settle().await;
    let wait = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=1");
    settle().await;
    assert!(!wait.is_finished());
    advance(Duration::from_secs(6)).await;
    let (text, kept_s) = wait.await.unwrap().unwrap();
    assert_eq!(kept_s, 1);
    assert!(!text.contains("1/1.0.ts") && text.contains("HINT:TYPE=PART,URI=\"2/1.0.ts\""));
    // An end is told at once.
    let wait = ask(&playlist, "index.m3u8?_HLS_msn=1&_HLS_part=1");
    let ended = making.stream.ledger.ended("over", unix_ms());
    making.stream.append(ended).await;
    let (text, kept_s) = wait.await.unwrap().unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n") && kept_s == 1, "{text}");
    let far = ask(&playlist, "index.m3u8?_HLS_msn=99").await.unwrap();
    assert!(far.unwrap().0.ends_with("#EXT-X-ENDLIST\n"), "directives mean nothing any more");
}

#[tokio::test]
async fn a_hundred_who_wait_for_one_part_get_one_and_the_same() {
    let mut making = Making::new().await;
    let playlist = Arc::new(making.stream.playlist());
    ask(&playlist, "index.m3u8").await.unwrap().unwrap();
    let fetch = |_| {
        let playlist = Arc::clone(&playlist);
        let resource = Resource::parse("/live/a/ts/index.m3u8", "_HLS_msn=1&_HLS_part=0").unwrap();
        tokio::spawn(async move { playlist.fetch(&resource).await.unwrap() })
    };
    let waiting: Vec<_> = (0..100).map(fetch).collect();
    settle().await;
    making.parts(1);
    let mut places = std::collections::BTreeSet::new();
    for document in waiting {
        let document = document.await.unwrap();
        // Bytes that were rendered once are in one place.
        places.insert(document.body.ready().unwrap().iter().next().unwrap().as_ptr() as usize);
    }
    assert_eq!(places.len(), 1);
}

#[tokio::test]
async fn an_update_leaves_out_what_a_player_has() {
    let mut making = Making::new().await;
    for _ in 0..2 {
        making.parts(6);
        making.whole().await;
    }
    let playlist = Arc::new(making.stream.playlist());
    let (whole, _) = ask(&playlist, "index.m3u8").await.unwrap().unwrap();
    let (update, kept_s) = ask(&playlist, "index.m3u8?_HLS_skip=YES").await.unwrap().unwrap();
    assert_eq!((update, kept_s), (whole, 1), "a window of six seconds has nothing to leave out");
}

#[tokio::test]
async fn a_stretch_grows_until_the_stream_has_come_to_its_end() {
    let mut making = Making::new().await;
    let playlist = Arc::new(making.stream.playlist());
    // The clock is far beyond the third second, and the stream is not.
    let waiting = ask(&playlist, "index.m3u8?_HLS_msn=1&start=0&end=3");
    settle().await;
    assert!(!waiting.is_finished());
    making.parts(6);
    making.whole().await;
    let (text, _) = waiting.await.unwrap().unwrap();
    assert!(text.contains("1/1.ts") && text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
}
