//! A server that goes away while it is used: what was asked is not available, and is again by
//! itself once the server is back. Nothing that was answered is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::*;

/// How long any answer may take while the server is away: 12 s, and some for a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// How long the database may take until it answers again.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Waits until the database answers again; until then it says that it does not for now.
async fn is_back(database: &dyn Database, channel: &Channel) {
    let begun = Instant::now();
    while let Err(error) = database.publish_key(channel.text.reveal()).await {
        assert!(error.is_temporary(), "{error}");
        assert!(begun.elapsed() < BACK_WITHIN, "{error}");
    }
    channel.is_kept(database).await;
}

/// Asks, and is told within a bounded time that there is no answer for now.
async fn is_away(database: &dyn Database, channel: &Channel) {
    let asked = database.publish_key(channel.text.reveal());
    let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
    let error = answer.expect("no answer, and no error either").unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(!error.to_string().contains(channel.text.reveal()), "{error}");
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_is_used_again() {
    let mut postgres = Postgres::start().unwrap();
    let database = open(&postgres.url().unwrap()).await.unwrap();
    let (ours, theirs) =
        (Channel::make(&database, 1).await.unwrap(), Channel::make(&database, 2).await.unwrap());
    for stop in [Postgres::kill_9, Postgres::stop] {
        stop(&mut postgres).unwrap();
        is_away(&database, &ours).await;
        let error = add_key(&database, &ours.stream, [9; 10]).await.unwrap_err();
        assert!(error.is_temporary(), "{error}");
        postgres.restart().unwrap();
        is_back(&database, &ours).await;
        theirs.is_kept(&database).await;
    }
    assert_eq!(database.stream_keys(&ours.stream.name).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_answer_keeps_nobody_waiting_for_ever() {
    let postgres = Postgres::start().unwrap();
    let database = open(&postgres.url().unwrap()).await.unwrap();
    let channel = Channel::make(&database, 1).await.unwrap();
    postgres.freeze().unwrap();
    // More than there are connections.
    let mut asking = tokio::task::JoinSet::new();
    let (database, channel) = (Arc::new(database), Arc::new(channel));
    for _ in 0..30 {
        let (database, channel) = (Arc::clone(&database), Arc::clone(&channel));
        asking.spawn(async move { is_away(&*database, &channel).await });
    }
    asking.join_all().await;
    postgres.thaw().unwrap();
    is_back(&*database, &channel).await;
}

/// A look-up in the middle of which the server stops, and a change that waits for somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_under_way_ends_as_well() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let database = Arc::new(open(&url).await.unwrap());
    let channel = Arc::new(Channel::make(&*database, 1).await.unwrap());
    let locked = Arc::new(AtomicBool::new(false));
    let lock = "BEGIN; LOCK TABLE stream_keys IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(250)";
    std::thread::scope(|scope| {
        let somebody = scope.spawn(|| postgres.sql(&url, lock));
        let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted \
                    AND relation = 'stream_keys'::regclass";
        let is_held = || postgres.sql(&url, held).unwrap() == "1";
        testkit::wait_until("the lock", ANSWER_WITHIN, is_held).unwrap();
        let runtime = tokio::runtime::Handle::current();
        let asked = {
            let (database, channel) = (Arc::clone(&database), Arc::clone(&channel));
            let locked = Arc::clone(&locked);
            runtime.spawn(async move {
                is_away(&*database, &channel).await;
                locked.store(true, Ordering::Release);
            })
        };
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        let is_waiting = || postgres.sql(&url, waits).unwrap() != "0";
        testkit::wait_until("a look-up to wait", ANSWER_WITHIN, is_waiting).unwrap();
        postgres.freeze().unwrap();
        let is_told = || locked.load(Ordering::Acquire) || asked.is_finished();
        testkit::wait_until("an answer", ANSWER_WITHIN, is_told).unwrap();
        postgres.thaw().unwrap();
        postgres.disconnect(&url).unwrap();
        assert!(somebody.join().unwrap().is_err());
    });
    assert!(locked.load(Ordering::Acquire));
    is_back(&*database, &channel).await;
}

/// Every connection is cut again and again while keys are made: each that was given out is one.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_lose_nothing_that_was_answered() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let database = Arc::new(open(&url).await.unwrap());
    let (ours, theirs) =
        (Channel::make(&*database, 1).await.unwrap(), Channel::make(&*database, 2).await.unwrap());
    let is_over = Arc::new(AtomicBool::new(false));
    let mut making = tokio::task::JoinSet::new();
    for task in 0..4 {
        let (database, stream) = (Arc::clone(&database), ours.stream.clone());
        let is_over = Arc::clone(&is_over);
        making.spawn(async move {
            let (mut made, mut number) = (Vec::new(), 0_u64);
            while !is_over.load(Ordering::Acquire) {
                number += 1;
                let mut random = [0x40 + task; 10];
                random[2..].copy_from_slice(&number.to_be_bytes());
                match add_key(&*database, &stream, random).await {
                    Ok(key) => made.push(key),
                    Err(error) => assert!(error.is_temporary(), "{error}"),
                }
            }
            made
        });
    }
    let mut cut = 0;
    for _ in 0..30 {
        cut += postgres.disconnect(&url).unwrap();
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::Release);
    let made: Vec<_> = making.join_all().await.into_iter().flatten().collect();
    assert!(cut > 5 && made.len() > 5, "{cut} connections cut, {} keys made", made.len());
    is_back(&*database, &ours).await;
    for (id, text) in &made {
        let found = database.publish_key(text.reveal()).await.unwrap().unwrap();
        assert_eq!((&found.key.id, &found.stream.name), (id, &ours.stream.name));
    }
    theirs.is_kept(&*database).await;
    assert_eq!(database.stream_keys(&theirs.stream.name).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_or_wants_another_password_is_named_without_it() {
    let mut postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let wrong = url.replacen("weir:", "weir:wrong", 1);
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let begun = Instant::now();
    let refused = open(&wrong).await.unwrap_err();
    postgres.stop().unwrap();
    let nobody = open(&url).await.unwrap_err();
    for error in [refused, nobody] {
        let text = format!("{error} {error:?}");
        assert!(error.is_temporary() && !text.contains(&password), "{text}");
    }
    assert!(begun.elapsed() < BACK_WITHIN, "{:?}", begun.elapsed());
}
