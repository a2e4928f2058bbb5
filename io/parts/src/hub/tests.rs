use std::time::Duration;

use timeline::{Container, OpenRendition, PartRecord, RenditionId};
use tokio::time::{sleep, timeout};

use super::*;

fn stream() -> StreamName {
    StreamName::parse("live/cam").unwrap()
}

/// A part of `live/cam` by its path below the stream, as `ts/1/7.2.ts`.
fn key(path: &str) -> MediaKey {
    let key = timeline::ObjectKey::parse(&format!("live/cam/{path}")).unwrap();
    let timeline::ObjectKey::Media(key) = key else { panic!("{key}") };
    key
}

/// Segment `sequence` of epoch 1 with so many parts.
fn open(sequence: u64, parts: usize) -> OpenSegment {
    let rendition = OpenRendition {
        rendition: RenditionId::parse("ts").unwrap(),
        container: Container::Ts,
        init: None,
        is_sound: false,
        part_bytes: vec![3; parts],
    };
    OpenSegment {
        epoch: 1,
        sequence,
        start: 0,
        calendar_ms: 0,
        discontinuity: false,
        part_target_ms: 333,
        seems_whole: false,
        parts: vec![PartRecord { end: 0, independent: false }; parts],
        renditions: vec![rendition],
    }
}

/// A hub whose open segment is number 7 with parts 0 and 1.
fn hub() -> Hub {
    let hub = Hub::default();
    hub.announce(&stream(), open(7, 0));
    for part in ["ts/1/7.0.ts", "ts/1/7.1.ts"] {
        hub.grow(&key(part), Bytes::from_static(b"ab"));
        hub.complete(&key(part), Bytes::from_static(b"abc"));
    }
    hub.announce(&stream(), open(7, 2));
    hub
}

fn reader(hub: &Hub, path: &str) -> tokio::task::JoinHandle<String> {
    let (hub, key) = (hub.clone(), key(path));
    tokio::spawn(async move { all(hub.read(&key, None).await).await })
}

/// The bytes of a part and how it ended, as `abc.` or `ab!given up`.
async fn all(flow: Result<PartFlow, PartError>) -> String {
    let mut text = String::new();
    let mut flow = match flow {
        Ok(flow) => flow,
        Err(error) => return format!("!{}", kind(&error)),
    };
    while let Some(piece) = flow.recv().await {
        match piece {
            Ok(bytes) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            Err(error) => return format!("{text}!{}", kind(&error)),
        }
    }
    text + "."
}

const fn kind(error: &PartError) -> &'static str {
    match error {
        PartError::NotFound(_) => "not found",
        PartError::GivenUp(_) => "given up",
        PartError::Unavailable(_) => "unavailable",
    }
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Reads `path` from [`hub`], does something to the hub, and looks at what the reader got.
async fn check(path: &str, meanwhile: impl FnOnce(&Hub), expected: &str) {
    let hub = hub();
    let reader = reader(&hub, path);
    settle().await;
    meanwhile(&hub);
    let got = timeout(Duration::from_secs(10), reader).await;
    assert_eq!(
        got.map_or_else(|_| "waits for ever".to_owned(), Result::unwrap),
        expected,
        "{path}"
    );
}

fn nothing(_: &Hub) {}

#[tokio::test(start_paused = true)]
async fn a_finished_part_is_there_at_once_and_another_one_is_not() {
    check("ts/1/7.0.ts", nothing, "abc.").await;
    check("ts/1/7.1.ts", nothing, "abc.").await;
    for other in ["7.3.ts", "8.1.ts", "9.0.ts", "6.2.ts", "7.2.m4s", "7.ts"] {
        check(&format!("ts/1/{other}"), nothing, "!not found").await;
    }
    check("ts/2/7.2.ts", nothing, "!not found").await;
    check("fmp4/1/7.2.ts", nothing, "!not found").await;
    assert_eq!(all(Hub::default().read(&key("ts/1/0.0.ts"), None).await).await, "!not found");
}

#[tokio::test(start_paused = true)]
async fn the_next_part_is_held_until_it_begins() {
    check("ts/1/7.2.ts", nothing, "waits for ever").await;
    check("ts/1/8.0.ts", nothing, "waits for ever").await;
    let makes = |path: &'static str| {
        move |hub: &Hub| {
            hub.grow(&key(path), Bytes::from_static(b"x"));
            hub.grow(&key(path), Bytes::from_static(b"y"));
            hub.complete(&key(path), Bytes::from_static(b"xyz"));
        }
    };
    check("ts/1/7.2.ts", makes("ts/1/7.2.ts"), "xyz.").await;
    check("ts/1/8.0.ts", makes("ts/1/8.0.ts"), "xyz.").await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_comes_and_goes_before_its_reader_looks_is_read_whole() {
    let flash = |hub: &Hub| {
        let next = key("ts/1/7.2.ts");
        hub.complete(&next, Bytes::from_static(b"xyz"));
        hub.announce(&stream(), open(8, 0));
        hub.forget([next]);
        hub.close(&stream());
    };
    check("ts/1/7.2.ts", flash, "xyz.").await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_will_not_come_now_is_not_found() {
    check("ts/1/7.2.ts", |hub| hub.announce(&stream(), open(8, 0)), "!not found").await;
    check("ts/1/8.0.ts", |hub| hub.announce(&stream(), open(8, 0)), "waits for ever").await;
    check("ts/1/8.0.ts", |hub| hub.announce(&stream(), open(9, 0)), "!not found").await;
    check("ts/1/8.0.ts", |hub| hub.forget([key("ts/1/8.0.ts")]), "!not found").await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_gets_bytes_as_they_are_made() {
    let hub = hub();
    let next = key("ts/1/7.2.ts");
    let piece = Bytes::from(vec![b'a']);
    hub.grow(&next, piece.clone());
    let mut flow = hub.read(&next, None).await.unwrap();
    assert_eq!(flow.recv().await.unwrap().unwrap(), "a");
    settle().await;
    assert!(flow.try_recv().is_err(), "nothing more is made yet");
    hub.grow(&next, Bytes::from_static(b"bc"));
    assert_eq!(flow.recv().await.unwrap().unwrap(), "bc");
    // Whole while a reader is in the middle: it takes the rest, and what was in no piece.
    hub.grow(&next, Bytes::from_static(b"de"));
    hub.complete(&next, Bytes::from_static(b"abcdef"));
    assert_eq!(all(Ok(flow)).await, "def.");
    assert!(piece.is_unique(), "the pieces go when the whole is there");
    hub.grow(&next, Bytes::from_static(b"late"));
    hub.complete(&next, Bytes::from_static(b"other"));
    assert_eq!(all(hub.read(&next, None).await).await, "abcdef.");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_publication_gives_up_what_is_not_whole() {
    check("ts/1/7.2.ts", |hub| hub.close(&stream()), "!given up").await;
    let cut = |hub: &Hub| {
        hub.grow(&key("ts/1/7.2.ts"), Bytes::from_static(b"xy"));
        hub.close(&stream());
    };
    check("ts/1/7.2.ts", cut, "xy!given up").await;
    check("ts/1/7.2.ts", |hub| hub.grow(&key("ts/1/7.2.ts"), Bytes::new()), "waits for ever").await;
    let forgotten = |hub: &Hub| {
        hub.grow(&key("ts/1/7.2.ts"), Bytes::from_static(b"x"));
        hub.forget([key("ts/1/7.2.ts")]);
    };
    check("ts/1/7.2.ts", forgotten, "x!given up").await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_holds_nobody_up_and_many_readers_share_the_bytes() {
    let hub = hub();
    let next = key("ts/1/7.2.ts");
    let slow = hub.reading(&next).unwrap();
    let quick: Vec<_> = (0..100).map(|_| reader(&hub, "ts/1/7.2.ts")).collect();
    settle().await;
    hub.grow(&next, Bytes::from_static(b"0"));
    let mut slow = slow.flow().await.unwrap();
    for digit in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        settle().await;
        hub.grow(&next, Bytes::from_static(digit.as_bytes()));
    }
    let whole = Bytes::from(b"0123456789".to_vec());
    hub.complete(&next, whole.clone());
    for reader in quick {
        assert_eq!(reader.await.unwrap(), "0123456789.");
    }
    let mut late = hub.read(&next, None).await.unwrap();
    assert_eq!(late.recv().await.unwrap().unwrap().as_ptr(), whole.as_ptr(), "not a copy");
    // The queue has four, one is in the hand, and the rest is one piece by now.
    let mut pieces = Vec::new();
    while let Some(piece) = slow.recv().await {
        pieces.push(piece.unwrap());
    }
    assert!(pieces.len() <= FLOW_PIECES_MAX_SEEN, "{pieces:?}");
    assert_eq!(pieces.concat(), &whole[..]);
    assert_eq!(pieces.last().unwrap().as_ptr_range().end, whole.as_ptr_range().end);
}

/// Pieces of a slow reader: four in its queue, one in the hand, the rest in one.
const FLOW_PIECES_MAX_SEEN: usize = 6;

#[tokio::test(start_paused = true)]
async fn a_reader_that_hangs_up_leaves_nothing_behind() {
    let hub = hub();
    let next = key("ts/1/7.2.ts");
    hub.grow(&next, Bytes::from_static(b"a"));
    let part = hub.part(&next);
    let flow = hub.read(&next, None).await.unwrap();
    settle().await;
    assert!(part.is_read());
    drop(flow);
    settle().await;
    assert!(!part.is_read(), "its task ends with it");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_the_newest_announcement_from_before_the_first() {
    let hub = Hub::default();
    let mut watch = hub.follow(&stream(), None).await.unwrap();
    assert!(watch.borrow().is_none());
    hub.announce(&stream(), open(7, 0));
    hub.announce(&stream(), open(7, 1));
    watch.changed().await.unwrap();
    assert_eq!(watch.borrow_and_update().as_ref().unwrap().parts.len(), 1);
    hub.close(&stream());
    watch.changed().await.unwrap();
    assert!(watch.borrow_and_update().is_none());
    // Its publisher comes back.
    hub.announce(&stream(), open(8, 0));
    watch.changed().await.unwrap();
    assert_eq!(watch.borrow().as_ref().unwrap().sequence, 8);
}

#[tokio::test(start_paused = true)]
async fn parts_of_older_segments_go_also_when_nobody_forgets_them() {
    let hub = hub();
    let count = |hub: &Hub| hub.lock().slots.get(&stream()).unwrap().parts.len();
    assert_eq!(count(&hub), 2);
    hub.announce(&stream(), open(8, 0));
    assert_eq!(count(&hub), 2, "the segment before is still asked for");
    hub.announce(&stream(), open(9, 0));
    assert_eq!(count(&hub), 0);
    let waiting: Vec<_> = (0..100).map(|_| reader(&hub, "ts/1/9.0.ts")).collect();
    settle().await;
    assert_eq!(count(&hub), 1, "readers who wait share one entry");
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn streams_that_come_and_go_do_not_pile_up() {
    let hub = Hub::default();
    let name = |number: u32| StreamName::new("live", &format!("cam{number}")).unwrap();
    for number in 0..10_000 {
        let watch = hub.follow(&name(number), None).await.unwrap();
        hub.announce(&name(number), open(0, 0));
        let part = MediaKey { stream: name(number), ..key("ts/1/0.0.ts") };
        hub.complete(&part, Bytes::from_static(b"a"));
        drop(watch);
        hub.close(&name(number));
    }
    assert_eq!(hub.lock().slots.len(), 0);
    // Names that nobody ever publishes, and watchers that stay longer than the stream.
    for number in 0..10_000 {
        let watch = hub.follow(&name(number), None).await.unwrap();
        hub.close(&name(number));
        drop(watch);
        assert!(hub.lock().slots.len() <= SWEEP_MIN);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_look_and_wait() {
    let hub = Hub::default();
    for sequence in 0..500 {
        hub.announce(&stream(), open(sequence, 0));
        let path = format!("ts/1/{sequence}.0.ts");
        let readers: Vec<_> = (0..4).map(|_| reader(&hub, &path)).collect();
        if sequence % 3 == 0 {
            tokio::task::yield_now().await;
        }
        if sequence % 50 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let next = key(&path);
        hub.grow(&next, Bytes::from_static(b"a"));
        hub.grow(&next, Bytes::from_static(b"b"));
        hub.complete(&next, Bytes::from_static(b"abc"));
        for reader in readers {
            let got = timeout(Duration::from_secs(20), reader).await;
            assert_eq!(got.expect("it is woken").unwrap(), "abc.", "{sequence}");
        }
    }
}
