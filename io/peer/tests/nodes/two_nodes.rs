//! One node makes, another reads at its port.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parts::PartSource;
use peer::{Anywhere, Remote, RemoteLimits};
use store::{Elsewhere, LiveFirst, LiveMemory, MemoryStore, ObjectStore, StoreError};
use timeline::ObjectKey;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Node, Proxy, SOON, Way, key, next, open, rest, secret, sees, stream};

fn remote() -> Remote {
    Remote::new(None, RemoteLimits::default())
}

#[tokio::test]
async fn a_stream_is_followed_and_its_parts_come_as_they_are_made() {
    let a = Node::start(None);
    let (url, b) = (a.url(), remote());
    let mut watch = b.follow(&stream(), Some(&url)).await.unwrap();
    assert!(watch.borrow().is_none());
    a.hub.announce(&stream(), open(7, 0));
    sees(&mut watch, Some((7, 0))).await;

    // Held until it begins, and there before it is whole.
    let part = key("ts/1/7.0.ts");
    let reading = b.read(&part, Some(&url));
    let making = async {
        sleep(Duration::from_millis(100)).await;
        a.hub.grow(&part, Bytes::from_static(b"ab"));
    };
    let (flow, ()) = tokio::join!(reading, making);
    let mut flow = flow.unwrap();
    assert_eq!(next(&mut flow).await, "ab");
    a.hub.grow(&part, Bytes::from_static(b"cd"));
    assert_eq!(next(&mut flow).await, "cd");
    a.hub.complete(&part, Bytes::from_static(b"abcdef"));
    a.hub.announce(&stream(), open(7, 1));
    assert_eq!(rest(Ok(flow)).await, "ef.");
    sees(&mut watch, Some((7, 1))).await;
    assert_eq!(rest(b.read(&part, Some(&url)).await).await, "abcdef.");

    assert_eq!(rest(b.read(&key("ts/1/7.5.ts"), Some(&url)).await).await, "!not found");
    a.hub.close(&stream());
    sees(&mut watch, None).await;
    a.hub.announce(&stream(), open(8, 0));
    sees(&mut watch, Some((8, 0))).await;
}

#[tokio::test]
async fn the_end_of_a_publication_gives_up_what_another_node_reads() {
    let a = Node::start(None);
    let (url, b) = (a.url(), remote());
    a.hub.announce(&stream(), open(7, 0));
    let (begun, waits) = (key("ts/1/7.0.ts"), key("ts/1/8.0.ts"));
    a.hub.grow(&begun, Bytes::from_static(b"ab"));
    let mut flow = b.read(&begun, Some(&url)).await.unwrap();
    assert_eq!(next(&mut flow).await, "ab");
    let closing = async {
        sleep(Duration::from_millis(100)).await;
        a.hub.close(&stream());
    };
    let (waited, ()) = tokio::join!(b.read(&waits, Some(&url)), closing);
    assert_eq!(rest(waited).await, "!given up");
    assert_eq!(rest(Ok(flow)).await, "!given up");
}

#[tokio::test]
async fn a_hundred_viewers_of_a_part_are_one_request() {
    let a = Node::start(None);
    let way = Proxy::to(a.address).await;
    let b = Arc::new(remote());
    a.hub.announce(&stream(), open(7, 0));
    let part = key("ts/1/7.0.ts");
    let viewers: Vec<_> = (0..100)
        .map(|_| {
            let (b, url, part) = (Arc::clone(&b), way.url.clone(), part.clone());
            tokio::spawn(async move {
                let mut flow = b.read(&part, Some(&url)).await.unwrap();
                let first = next(&mut flow).await;
                (first, rest(Ok(flow)).await)
            })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    a.hub.grow(&part, Bytes::from_static(b"ab"));
    sleep(Duration::from_millis(100)).await;
    a.hub.complete(&part, Bytes::from_static(b"abcd"));
    for viewer in viewers {
        let (first, rest) = timeout(SOON, viewer).await.unwrap().unwrap();
        assert_eq!((first, rest.as_str()), (Bytes::from_static(b"ab"), "cd."));
    }
    assert_eq!(rest(b.read(&part, Some(&way.url)).await).await, "abcd.", "it is kept");
    assert_eq!(way.requests(), 1);
}

#[tokio::test]
async fn a_hundred_watchers_share_a_connection_which_ends_with_the_last() {
    let a = Node::start(None);
    let way = Proxy::to(a.address).await;
    let b = remote();
    let mut watchers = Vec::new();
    for _ in 0..100 {
        watchers.push(b.follow(&stream(), Some(&way.url)).await.unwrap());
    }
    a.hub.announce(&stream(), open(7, 0));
    for watch in &mut watchers {
        sees(watch, Some((7, 0))).await;
    }
    assert_eq!((way.requests(), b.followed()), (1, 1));
    watchers.clear();
    let gone = async {
        while b.followed() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, gone).await.expect("the stream is not followed any more");
}

#[tokio::test]
async fn a_viewer_that_hangs_up_does_not_stop_the_others() {
    let a = Node::start(None);
    let (url, b) = (a.url(), remote());
    a.hub.announce(&stream(), open(7, 0));
    let part = key("ts/1/7.0.ts");
    a.hub.grow(&part, Bytes::from_static(b"ab"));
    let mut first = b.read(&part, Some(&url)).await.unwrap();
    let second = b.read(&part, Some(&url)).await.unwrap();
    assert_eq!(next(&mut first).await, "ab");
    drop(first);
    sleep(Duration::from_millis(50)).await;
    a.hub.complete(&part, Bytes::from_static(b"abcd"));
    assert_eq!(rest(Ok(second)).await, "abcd.");
}

/// A node breaks off while it is followed and read.
async fn dies(way_out: Way, within: Duration) {
    let a = Node::start(None);
    let way = Proxy::to(a.address).await;
    let limits = RemoteLimits {
        line_time_max: Duration::from_millis(2_500),
        silence_max: Duration::from_millis(500),
        ..RemoteLimits::default()
    };
    let b = Remote::new(None, limits);
    let mut watch = b.follow(&stream(), Some(&way.url)).await.unwrap();
    a.hub.announce(&stream(), open(7, 0));
    sees(&mut watch, Some((7, 0))).await;
    let part = key("ts/1/7.0.ts");
    a.hub.grow(&part, Bytes::from_static(b"ab"));
    let mut flow = b.read(&part, Some(&way.url)).await.unwrap();
    assert_eq!(next(&mut flow).await, "ab");

    let begun = Instant::now();
    way.way.send_replace(way_out);
    assert_eq!(rest(Ok(flow)).await, "!given up");
    sees(&mut watch, None).await;
    assert!(begun.elapsed() < within, "{way_out:?} took {:?}", begun.elapsed());

    way.way.send_replace(Way::Passes);
    sees(&mut watch, Some((7, 0))).await;
    a.hub.complete(&part, Bytes::from_static(b"abcd"));
    assert_eq!(rest(b.read(&part, Some(&way.url)).await).await, "abcd.");
}

#[tokio::test]
async fn a_node_that_breaks_off_leaves_no_open_segment_and_is_found_again() {
    dies(Way::Breaks, Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_node_that_falls_silent_leaves_no_open_segment_and_is_found_again() {
    dies(Way::Freezes, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_stream_in_which_nothing_happens_stays_followed() {
    let a = Node::start(None);
    let way = Proxy::to(a.address).await;
    let limits =
        RemoteLimits { line_time_max: Duration::from_millis(2_500), ..RemoteLimits::default() };
    let b = Remote::new(None, limits);
    let mut watch = b.follow(&stream(), Some(&way.url)).await.unwrap();
    a.hub.announce(&stream(), open(7, 0));
    sees(&mut watch, Some((7, 0))).await;
    sleep(Duration::from_secs(5)).await;
    assert!(!watch.has_changed().unwrap());
    assert_eq!(way.requests(), 1);
}

#[tokio::test]
async fn only_nodes_with_the_secret_are_answered() {
    let a = Node::start(secret("correct-horse-battery"));
    let url = a.url();
    a.hub.announce(&stream(), open(7, 0));
    let part = key("ts/1/7.0.ts");
    a.hub.complete(&part, Bytes::from_static(b"abc"));
    for wrong in [None, secret("another-horse-battery")] {
        let b = Remote::new(wrong, RemoteLimits::default());
        let watch = b.follow(&stream(), Some(&url)).await.unwrap();
        let read = rest(b.read(&part, Some(&url)).await).await;
        assert_eq!(read, "!the answer was 401 Unauthorized");
        assert!(watch.borrow().is_none());
    }
    let b = Remote::new(secret("correct-horse-battery"), RemoteLimits::default());
    let mut watch = b.follow(&stream(), Some(&url)).await.unwrap();
    sees(&mut watch, Some((7, 0))).await;
    assert_eq!(rest(b.read(&part, Some(&url)).await).await, "abc.");
}

#[tokio::test]
async fn a_segment_that_no_store_has_is_read_from_its_owner() {
    let a = Node::start(None);
    let way = Proxy::to(a.address).await;
    let own = "http://127.0.0.1:1";
    let b = Arc::new(Anywhere::new(parts::Hub::default(), Some(own), remote()));
    let objects = LiveFirst {
        memory: Arc::new(LiveMemory::new(0)),
        spool: None,
        store: Arc::new(MemoryStore::default()),
        elsewhere: Some(Arc::clone(&b) as Arc<dyn Elsewhere>),
    };
    let segment = ObjectKey::from(key("ts/1/7.ts"));
    let large = Bytes::from(vec![7; 3_000_000]);
    a.memory.insert(segment.clone(), large.clone());
    for _ in 0..10 {
        assert_eq!(objects.get_of(&segment, Some(&way.url)).await.unwrap(), large);
    }
    assert_eq!(way.requests(), 1);
    let missing = objects.get_of(&key("ts/1/8.ts").into(), Some(&way.url)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    let here = objects.get_of(&segment, Some(own)).await;
    assert!(matches!(here, Err(StoreError::NotFound { .. })), "nobody asks itself: {here:?}");
    way.way.send_replace(Way::Breaks);
    let dead = objects.get_of(&key("ts/1/9.ts").into(), Some(&way.url)).await;
    assert!(matches!(dead, Err(StoreError::Unavailable { .. })), "{dead:?}");
    // What the owner's store has is no business of its port.
    a.store.put(&key("ts/1/10.ts").into(), Bytes::from_static(b"stored")).await.unwrap();
    way.way.send_replace(Way::Passes);
    let stored = objects.get_of(&key("ts/1/10.ts").into(), Some(&way.url)).await;
    assert!(matches!(stored, Err(StoreError::NotFound { .. })), "{stored:?}");
}

#[tokio::test]
async fn what_this_process_makes_is_read_without_a_network() {
    let hub = parts::Hub::default();
    let own = "http://127.0.0.1:1";
    let here = Anywhere::new(hub.clone(), Some(own), remote());
    hub.announce(&stream(), open(7, 0));
    let part = key("ts/1/7.0.ts");
    hub.complete(&part, Bytes::from_static(b"abc"));
    for url in [None, Some(own)] {
        let watch = here.follow(&stream(), url).await.unwrap();
        assert_eq!(watch.borrow().as_ref().unwrap().sequence, 7);
        assert_eq!(rest(here.read(&part, url).await).await, "abc.");
    }
}

#[tokio::test]
async fn a_node_that_drains_tells_streams_to_their_ends() {
    let a = Node::start(None);
    let (url, b) = (a.url(), remote());
    let mut live = b.follow(&stream(), Some(&url)).await.unwrap();
    let idle = timeline::StreamName::parse("live/other").unwrap();
    let _idle = b.follow(&idle, Some(&url)).await.unwrap();
    a.hub.announce(&stream(), open(7, 0));
    sees(&mut live, Some((7, 0))).await;
    let begun = Instant::now();
    a.stop.start();
    sleep(Duration::from_millis(100)).await;
    a.hub.announce(&stream(), open(7, 1));
    sees(&mut live, Some((7, 1))).await;
    assert!(!a.runs.is_finished());
    a.hub.close(&stream());
    timeout(SOON, a.runs).await.expect("it stops").unwrap();
    sees(&mut live, None).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
