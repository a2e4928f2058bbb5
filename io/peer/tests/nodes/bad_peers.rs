//! What a peer sends meets a limit, and what it does not send a deadline.

use std::time::Duration;

use parts::PartSource;
use peer::{Remote, RemoteLimits};
use store::Elsewhere;

use crate::support::{BadPeer, key, open, rest, sees, stream};

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Limits that are met soon, as far as no test is told otherwise.
fn limits() -> RemoteLimits {
    RemoteLimits {
        pause_min: Duration::from_millis(20),
        line_bytes_max: 10_000,
        part_bytes_max: 10,
        object_bytes_max: 20,
        pieces_max: 3,
        ..RemoteLimits::default()
    }
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

/// What a viewer gets of a part whose owner answers so.
async fn part(answer: impl Into<String>, stays: bool, limits: RemoteLimits, expected: &str) {
    let answer = answer.into();
    let peer = BadPeer::start(answer.clone(), stays).await;
    let b = Remote::new(None, limits);
    let got = rest(b.read(&key("ts/1/7.0.ts"), Some(&peer.url)).await).await;
    assert!(got.starts_with(expected), "{expected:?} is expected of {answer:?}: {got:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_before_and_while_it_comes() {
    async fn check(answer: impl Into<String>, expected: &str) {
        part(answer, true, limits(), expected).await;
    }
    check("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789", "0123456789.").await;
    let refused = "!the answer has more than 10 bytes";
    check("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", refused).await;
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n";
    check(huge, refused).await;
    let beyond = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n";
    check(beyond, "!client error").await;
    check(CHUNKED.to_owned() + &chunk("0123456789a"), refused).await;
    let grown = CHUNKED.to_owned() + &chunk("01234") + &chunk("56789a");
    check(grown, "01234!given up").await;
    let chunks = CHUNKED.to_owned() + "fffffffffffffffe\r\n0123456789a";
    check(chunks, refused).await;
    let crumbs = CHUNKED.to_owned() + &chunk("0").repeat(4);
    check(crumbs, "000!given up").await;
    let head = format!("{OK}x: {}\r\n", "x".repeat(100_000));
    check(head, "!client error").await;
}

#[tokio::test]
async fn an_answer_that_may_be_cut_short_is_not_taken_for_whole() {
    async fn check(answer: impl Into<String>, expected: &str) {
        part(answer, false, limits(), expected).await;
    }
    let endless = "!the answer does not say where it ends";
    check("HTTP/1.1 200 OK\r\n\r\nabc", endless).await;
    check("HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", endless).await;
    check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", "abc!given up").await;
    check(CHUNKED.to_owned() + &chunk("abc"), "abc!given up").await;
    check(CHUNKED.to_owned() + &chunk("abc") + "0\r\n\r\n", "abc.").await;
    check("SSH-2.0-OpenSSH_9.2\r\n", "!client error").await;
    check("", "!client error").await;
}

#[tokio::test]
async fn an_answer_with_another_status_is_no_part() {
    let check = |status: &'static str, expected| async move {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: /x\r\n\r\n");
        part(answer, true, limits(), expected).await;
    };
    check("404 Not Found", "!not found").await;
    check("410 Gone", "!given up").await;
    check("503 Service Unavailable", "!the answer was 503").await;
    check("302 Found", "!the answer was 302").await;
    check("204 No Content", "!the answer was 204").await;
}

#[tokio::test]
async fn a_peer_that_falls_silent_is_not_waited_for_for_ever() {
    let short = Duration::from_millis(200);
    let begins = CHUNKED.to_owned() + &chunk("abc");
    let head = RemoteLimits { head_time_max: short, ..limits() };
    part("", true, head, "!nothing came for 200 ms").await;
    part("HTTP/1.1 200 OK\r\ncont", true, head, "!nothing came for 200 ms").await;
    part(begins.clone(), true, RemoteLimits { silence_max: short, ..limits() }, "abc!given up")
        .await;
    part(begins, true, RemoteLimits { object_time_max: short, ..limits() }, "abc!given up").await;
}

#[tokio::test]
async fn a_segment_has_a_limit_of_its_own() {
    let get = |length: usize| async move {
        let answer = format!("{OK}content-length: {length}\r\n\r\n{}", "x".repeat(length));
        let peer = BadPeer::start(answer, true).await;
        let b = Remote::new(None, limits());
        let got = b.get(&key("ts/1/7.ts").into(), &peer.url).await;
        got.map(|bytes| bytes.len()).map_err(|error| error.to_string())
    };
    assert_eq!(get(20).await, Ok(20));
    let refused = "ask another node for live/cam/ts/1/7.ts failed for now: \
                   the answer has more than 20 bytes";
    assert_eq!(get(21).await, Err(refused.to_owned()));
}

/// Follows a stream whose owner answers so, until the connection is given up.
async fn lines(text: &str, stays: bool, limits: RemoteLimits) {
    let peer = BadPeer::start(CHUNKED.to_owned() + &chunk(text), stays).await;
    let b = Remote::new(None, limits);
    let watch = b.follow(&stream(), Some(&peer.url)).await.unwrap();
    peer.is_given_up().await;
    assert!(watch.borrow().is_none());
}

#[tokio::test]
async fn lines_that_tell_of_no_segment_end_the_connection() {
    for garbage in ["{}\n", "[]\n", "\u{0}\u{1}\n", "null null\n", "{\"epoch\":-1}\n", "\n\nx\n"] {
        lines(garbage, true, limits()).await;
    }
    let nested = "[".repeat(9_000) + "\n";
    lines(&nested, true, limits()).await;
    lines("null\n", false, limits()).await;
}

#[tokio::test]
async fn an_endless_line_is_neither_kept_nor_waited_for() {
    lines(&"x".repeat(10_001), true, limits()).await;
    let short = RemoteLimits { line_time_max: Duration::from_millis(200), ..limits() };
    lines("null", true, short).await;
    lines("null\n", true, short).await;
}

#[tokio::test]
async fn garbage_after_a_segment_leaves_no_open_segment() {
    let segment = serde_json::to_string(&open(7, 2)).unwrap() + "\n";
    let answer = CHUNKED.to_owned() + &chunk(&segment);
    // One piece, so that the watcher may see the first line only if it is quick; so a pause.
    let limits = RemoteLimits { line_time_max: Duration::from_millis(300), ..limits() };
    let peer = BadPeer::start(answer, true).await;
    let b = Remote::new(None, limits);
    let mut watch = b.follow(&stream(), Some(&peer.url)).await.unwrap();
    sees(&mut watch, Some((7, 2))).await;
    sees(&mut watch, None).await;
}

#[tokio::test]
async fn connections_to_other_nodes_are_counted() {
    let peer = BadPeer::start("", true).await;
    let limits = RemoteLimits { flights_max: 1, followed_max: 1, ..limits() };
    let b = Remote::new(None, limits);
    let (url, first, second) = (Some(&*peer.url), key("ts/1/7.0.ts"), key("ts/1/7.1.ts"));
    let busy = "!1 connections to other nodes are taken";
    tokio::select! {
        biased;
        read = b.read(&first, url) => panic!("nothing is answered: {read:?}"),
        second = b.read(&second, url) => assert_eq!(rest(second).await, busy),
    }
    let _watch = b.follow(&stream(), url).await.unwrap();
    let _same = b.follow(&stream(), url).await.unwrap();
    let other = timeline::StreamName::parse("live/other").unwrap();
    let error = b.follow(&other, url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the owner of the stream does not answer: {}", &busy[1..])
    );
    for none in [None, Some("https://a"), Some("")] {
        b.follow(&stream(), none).await.unwrap_err();
        b.read(&first, none).await.unwrap_err();
    }
}
