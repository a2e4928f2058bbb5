//! What a reload of a live playlist costs the server, by how much the playlist lists: making the
//! new version once its segment is in the journal, plain and as gzip, and handing it over. Sending
//! the bytes is the socket's. Of delta updates also what goes over the wire, and what memory the
//! window takes beyond the text of its pages.
//!
//! Each length is measured in turn with a window of 60 s, over two pages' worth of reloads, so that
//! a new page falls into it as often as it does in practice.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement says what it found")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hls::Page;
use journal::{Journal, MemoryJournal, Position};
use origin::{Document, Origin};
use parts::Hub;
use playlist::{Playlist, Settings};
use store::{LiveFirst, LiveMemory, MemoryStore, ObjectStore};
use timeline::{
    Claimant, Container, ENTRY_VERSION, Entry, Head, Ledger, ListedSegment, Medium, NewSegment,
    PAGE_SEGMENTS, PageKey, RenditionId, Resource, SegmentRecord, Sha256, State, StreamName,
    TrackRecord, VideoRange, WindowPolicy,
};
use tokio::runtime::Runtime;

/// Segments that are listed. 302,400 are 14 days of two seconds.
const LISTED: [u64; 5] = [1_000, 10_000, 100_000, 302_400, 1_000_000];
/// Reloads of each: two pages.
const RELOADS: u64 = 2 * PAGE_SEGMENTS;
/// Reloads before them.
const WARM_UP_RELOADS: u64 = 64;
/// What a reload of 14 days may cost, as a multiple of one of 60 s.
const RATIO_MAX: f64 = 1.2;
/// What a delta update may take on the wire.
const DELTA_BYTES_MAX: u64 = 4_096;
/// What a listed segment may take beyond its text.
const SEGMENT_BYTES_MAX: f64 = 64.0;
const FORTNIGHT: u64 = 302_400;

const START_MS: i64 = 1_700_000_000_000;
const SEGMENT_MS: i64 = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("listed    reload µs (60 s)   ratio   mean   first ms   delta B (v2)   B per segment");
    for listed in LISTED {
        measure(&runtime, listed);
    }
}

fn measure(runtime: &Runtime, listed: u64) {
    let mut long = runtime.block_on(Stream::new(listed));
    let mut short = runtime.block_on(Stream::new(listed));
    let length_ms = i64::try_from(listed).unwrap() * SEGMENT_MS;
    let (long_playlist, short_playlist) = (long.playlist(length_ms), short.playlist(60_000));
    let begun = Instant::now();
    let before = resident();
    black_box(runtime.block_on(fetch(&long_playlist, "")));
    let first = begun.elapsed();
    let memory = resident() - before;
    runtime.block_on(fetch(&short_playlist, ""));
    // For caches and branch predictors.
    for _ in 0..WARM_UP_RELOADS {
        runtime.block_on(long.reload(&long_playlist));
        runtime.block_on(short.reload(&short_playlist));
    }
    let (mut times, mut short_times) = (Vec::new(), Vec::new());
    for _ in 0..RELOADS {
        times.push(runtime.block_on(long.reload(&long_playlist)));
        short_times.push(runtime.block_on(short.reload(&short_playlist)));
    }
    let whole = runtime.block_on(fetch(&long_playlist, ""));
    let text = whole.body.ready().unwrap().join();
    let count = text.windows(8).filter(|window| window == b"\n#EXTINF").count();
    assert!(u64::try_from(count).unwrap() >= listed, "{count} segments are listed");
    let delta = runtime.block_on(fetch(&long_playlist, "_HLS_skip=YES")).gzip.unwrap().length();
    let v2 = runtime.block_on(fetch(&long_playlist, "_HLS_skip=v2")).gzip.unwrap().length();
    let bytes = memory / small(listed);
    let mean = mean(&times) / mean(&short_times);
    let (time, short_time) = (median(times), median(short_times));
    let ratio = time.as_secs_f64() / short_time.as_secs_f64();
    println!(
        "{listed:>8} {:>9.0} ({:>4.0}) {ratio:>12.2} {mean:>6.2} {:>10.0} {delta:>8} ({v2:>4}) {bytes:>12.1}",
        time.as_secs_f64() * 1e6,
        short_time.as_secs_f64() * 1e6,
        first.as_secs_f64() * 1e3,
    );
    assert!(delta <= DELTA_BYTES_MAX && v2 <= DELTA_BYTES_MAX);
    if listed == FORTNIGHT && !cfg!(debug_assertions) {
        assert!(ratio <= RATIO_MAX, "{ratio:.2} times as much as 60 s");
        assert!(bytes <= SEGMENT_BYTES_MAX, "{bytes:.0} bytes per segment");
    }
}

/// A stream that has run for long: pages in the store, and its newest segments in the journal.
struct Stream {
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    ledger: Ledger,
    position: Position,
}

impl Stream {
    async fn new(listed: u64) -> Self {
        let (journal, store) = (MemoryJournal::default(), MemoryStore::default());
        let pages = listed / PAGE_SEGMENTS + 2;
        let next = pages * PAGE_SEGMENTS;
        let entry = Entry {
            version: ENTRY_VERSION,
            epoch: 1,
            at_ms: 0,
            head: Head {
                state: State::Live,
                next_sequence: next,
                discontinuity_sequence: 0,
                target_duration_s: Some(2),
                begins_broadcast: false,
                calendar_end_ms: Some(calendar_ms(next)),
                part_target_ms: None,
                timeline_end: 0,
                broadcast_first: 0,
                paged_before: next,
                kept_from: 0,
            },
            body: timeline::Body::Unknown,
        };
        let claimant = Claimant { node: "a".into(), origin_url: None };
        let (ledger, opened) = Ledger::claim(Some(&entry), claimant, 0);
        let position = journal.append(&name(), Position::START, &opened).await.unwrap();
        let (journal, store) = (Arc::new(journal), Arc::new(store));
        let mut stream = Self { journal, store, ledger, position };
        for number in 0..pages {
            stream.put_page(number).await;
        }
        for _ in 0..PAGE_SEGMENTS / 2 {
            stream.segment().await;
        }
        stream
    }

    fn playlist(&self, dvr_window_ms: i64) -> Playlist {
        let settings = Settings {
            window: WindowPolicy { length_ms: 60_000 },
            dvr_window_ms,
            record: false,
            retention_ms: i64::MAX,
        };
        let (memory, store) = (Arc::new(LiveMemory::new(0)), Arc::clone(&self.store));
        let objects = Arc::new(LiveFirst { memory, spool: None, store, elsewhere: None });
        Playlist::new(settings, Arc::clone(&self.journal), objects, Arc::new(Hub::default()))
    }

    /// A segment, the page that it fills, and a reload: how long that took.
    async fn reload(&mut self, playlist: &Playlist) -> Duration {
        self.segment().await;
        let next = self.ledger.head().next_sequence;
        if next.is_multiple_of(PAGE_SEGMENTS) {
            let number = next / PAGE_SEGMENTS - 1;
            self.put_page(number).await;
            let entry = self.ledger.paged(number, 0);
            self.append(entry).await;
        }
        // The service takes the entries in.
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        let begun = Instant::now();
        let document = fetch(playlist, "").await;
        let time = begun.elapsed();
        let last = document.body.ready().unwrap().iter().last().unwrap().clone();
        let last = std::str::from_utf8(&last).unwrap().lines().last().unwrap().to_owned();
        assert_eq!(last, format!("2/{}.ts", next - 1));
        time
    }

    async fn segment(&mut self) {
        let sequence = self.ledger.head().next_sequence;
        let listed = listed(sequence, 2);
        let new = NewSegment {
            start: listed.start,
            end: listed.start + 180_000,
            calendar_ms: listed.calendar_ms,
            discontinuity: false,
            independent: true,
            target_duration_s: 2,
            part_target_ms: None,
            parts: Vec::new(),
            renditions: listed.renditions,
        };
        let entry = self.ledger.segment(new, listed.calendar_ms);
        self.append(entry).await;
    }

    async fn append(&mut self, entry: Entry) {
        self.position = self.journal.append(&name(), self.position, &entry).await.unwrap();
    }

    async fn put_page(&self, number: u64) {
        let first = number * PAGE_SEGMENTS;
        let epoch = if first >= self.ledger.head().paged_before { 2 } else { 1 };
        let segments: Vec<_> =
            (first..first + PAGE_SEGMENTS).map(|sequence| listed(sequence, epoch)).collect();
        let page = Page::render(&segments.iter().collect::<Vec<_>>(), &rendition(), &[]).unwrap();
        let key = PageKey { stream: name(), rendition: rendition(), number };
        let text = Bytes::copy_from_slice(page.text());
        self.store.put(&key.into(), text).await.unwrap();
    }
}

fn listed(sequence: u64, epoch: u64) -> ListedSegment {
    let video = Medium::Video {
        width: 1_920,
        height: 1_080,
        frame_rate_milli: 30_000,
        range: VideoRange::Sdr,
    };
    let audio = Medium::Audio { sample_rate: 48_000, channels: 2 };
    let track = |codec: &str, medium| TrackRecord { codec: codec.into(), medium };
    ListedSegment {
        sequence,
        epoch,
        length_ms: SEGMENT_MS,
        start: i64::try_from(sequence).unwrap() * 180_000,
        calendar_ms: calendar_ms(sequence),
        discontinuity: false,
        discontinuity_sequence: 0,
        independent: true,
        gap: false,
        target_duration_s: 2,
        parts: Vec::new(),
        renditions: vec![SegmentRecord {
            rendition: rendition(),
            container: Container::Ts,
            bytes: 1_000_000 + sequence % 1_000,
            sha256: Sha256([7; 32]),
            part_bytes: Vec::new(),
            tracks: vec![track("avc1.640028", video), track("mp4a.40.2", audio)],
            init: None,
            is_alternative: false,
            captions: Vec::new(),
        }],
        new_inits: Vec::new(),
    }
}

/// Memory that the process has, in bytes. The text of the pages is there before, in the store.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1_024.0
}

async fn fetch(playlist: &Playlist, query: &str) -> Document {
    let resource = Resource::parse("/live/cam/ts/index.m3u8", query).unwrap();
    playlist.fetch(&resource).await.unwrap()
}

fn calendar_ms(sequence: u64) -> i64 {
    START_MS + i64::try_from(sequence).unwrap() * SEGMENT_MS
}

fn name() -> StreamName {
    StreamName::parse("live/cam").unwrap()
}

fn rendition() -> RenditionId {
    RenditionId::parse("ts").unwrap()
}

fn small(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn mean(times: &[Duration]) -> f64 {
    times.iter().map(Duration::as_secs_f64).sum()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
