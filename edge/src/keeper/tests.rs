use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use origin::{Body, Flow, Made};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};

use super::*;

/// Answers as it is told, each time that it is let.
#[derive(Debug)]
struct Shelf {
    answers: Mutex<VecDeque<Result<Document, &'static str>>>,
    asked: Semaphore,
    open: Semaphore,
}

#[async_trait]
impl Origin for Shelf {
    async fn fetch(&self, resource: &Resource) -> Result<Document, OriginError> {
        self.asked.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        answer.map_err(|what| match (what, resource) {
            ("nothing", Resource::Object(key)) => OriginError::NoObject(key.clone()),
            (what, _) => {
                OriginError::Unavailable { what, retry_after: KEPT_FOR, source: "x".into() }
            }
        })
    }
}

impl Shelf {
    fn new(answers: Vec<Result<Document, &'static str>>, open: usize) -> Arc<Self> {
        let (asked, open) = (Semaphore::new(0), Semaphore::new(open));
        Arc::new(Self { answers: Mutex::new(answers.into()), asked, open })
    }

    fn asked(&self) -> usize {
        self.asked.available_permits()
    }
}

fn keeper(shelf: &Arc<Shelf>, bytes_max: u64) -> Arc<Keeper> {
    let reads = IntCounter::new("reads", "reads").unwrap();
    Arc::new(Keeper::new(Arc::clone(shelf) as _, bytes_max, reads))
}

fn document(bytes: usize) -> Document {
    Document {
        body: Bytes::from(vec![b'x'; bytes]).into(),
        gzip: None,
        content_type: "video/mp2t",
        cache_control: CacheControl::Immutable,
        etag: "aa".into(),
    }
}

fn segment(number: u64) -> Resource {
    Resource::parse(&format!("/live/cam/ts/1/{number}.ts"), "").unwrap()
}

/// What became of requests, in the order of their answers.
async fn all(requests: &mut JoinSet<Result<Document, Arc<OriginError>>>) -> (usize, Vec<String>) {
    let (mut good, mut bad) = (0, Vec::new());
    while let Some(answer) = requests.join_next().await {
        match answer.unwrap() {
            Ok(_) => good += 1,
            Err(error) => bad.push(error.to_string()),
        }
    }
    (good, bad)
}

fn ask(
    requests: &mut JoinSet<Result<Document, Arc<OriginError>>>,
    keeper: &Arc<Keeper>,
    number: u64,
) -> tokio::task::AbortHandle {
    let keeper = Arc::clone(keeper);
    requests.spawn(async move { keeper.fetch(&segment(number)).await })
}

/// Lets every task go as far as it goes without the shelf.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_thousand_who_ask_at_one_time_and_later_are_one_request() {
    let shelf = Shelf::new(vec![Ok(document(9))], 0);
    let keeper = keeper(&shelf, 1 << 20);
    let mut requests = JoinSet::new();
    for _ in 0..1_000 {
        ask(&mut requests, &keeper, 0);
    }
    settle().await;
    shelf.open.add_permits(1);
    assert_eq!(all(&mut requests).await, (1_000, vec![]));
    for _ in 0..1_000 {
        assert_eq!(keeper.fetch(&segment(0)).await.unwrap().body.length(), Some(9));
    }
    assert_eq!((shelf.asked(), keeper.reads.get()), (1, 1));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let shelf = Shelf::new(vec![Err("nothing"), Err("the store"), Ok(document(9))], 3);
    let keeper = keeper(&shelf, 1 << 20);
    let error = keeper.fetch(&segment(0)).await.unwrap_err().to_string();
    assert_eq!(error, "there is no live/cam/ts/1/0.ts (any more)");
    let error = keeper.fetch(&segment(0)).await.unwrap_err().to_string();
    assert_eq!(error, "the store does not answer for now");
    keeper.fetch(&segment(0)).await.unwrap();
    assert_eq!(shelf.asked(), 3);
}

#[tokio::test]
async fn who_waited_for_one_that_failed_asks_again() {
    for failure in ["nothing", "the store"] {
        let shelf = Shelf::new(vec![Err(failure), Ok(document(9))], 0);
        let keeper = keeper(&shelf, 1 << 20);
        let mut requests = JoinSet::new();
        for _ in 0..100 {
            ask(&mut requests, &keeper, 0);
        }
        settle().await;
        shelf.open.add_permits(2);
        let (good, bad) = all(&mut requests).await;
        assert_eq!((good, bad.len(), shelf.asked()), (99, 1, 2), "{failure}");
    }
}

#[tokio::test]
async fn a_crowd_asks_a_broken_origin_twice() {
    let shelf = Shelf::new(vec![Err("the store"); 2], 0);
    let keeper = keeper(&shelf, 1 << 20);
    let mut requests = JoinSet::new();
    for _ in 0..1_000 {
        ask(&mut requests, &keeper, 0);
    }
    for _ in 0..2 {
        settle().await;
        shelf.open.add_permits(1);
    }
    let (good, bad) = all(&mut requests).await;
    assert_eq!((good, bad.len(), shelf.asked()), (0, 1_000, 2));
}

#[tokio::test]
async fn who_waited_for_one_that_hung_up_asks_itself() {
    let shelf = Shelf::new(vec![Ok(document(9))], 0);
    let keeper = keeper(&shelf, 1 << 20);
    let mut requests = JoinSet::new();
    let first = ask(&mut requests, &keeper, 0);
    shelf.asked.acquire().await.unwrap().forget();
    for _ in 0..10 {
        ask(&mut requests, &keeper, 0);
    }
    settle().await;
    first.abort();
    assert!(requests.join_next().await.unwrap().unwrap_err().is_cancelled());
    shelf.open.add_permits(1);
    assert_eq!(all(&mut requests).await, (10, vec![]));
    assert_eq!(shelf.asked(), 1, "besides the one that hung up");
}

#[tokio::test]
async fn one_who_waits_does_not_hold_up_another_object() {
    let shelf = Shelf::new(vec![Ok(document(9)), Ok(document(9))], 0);
    let keeper = keeper(&shelf, 1 << 20);
    let mut requests = JoinSet::new();
    ask(&mut requests, &keeper, 0);
    ask(&mut requests, &keeper, 1);
    settle().await;
    assert_eq!(shelf.asked(), 2);
    shelf.open.add_permits(2);
    assert_eq!(all(&mut requests).await, (2, vec![]));
}

#[tokio::test]
async fn no_more_is_kept_than_may_be() {
    let shelf = Shelf::new((0..20).map(|_| Ok(document(1_000))).collect(), 20);
    let keeper = keeper(&shelf, 8_000);
    for number in 0..20 {
        keeper.fetch(&segment(number)).await.unwrap();
        keeper.kept.run_pending_tasks().await;
        assert!(keeper.kept.weighted_size() <= 8_000);
    }
    assert_eq!(keeper.kept.entry_count(), 5);
    // The newest is there.
    keeper.fetch(&segment(19)).await.unwrap();
    assert_eq!(shelf.asked(), 20);
}

/// What is asked for twice, and how often the origin was.
async fn check(document: Document, resource: &Resource, bytes_max: u64, expected: usize) {
    let shelf = Shelf::new(vec![Ok(document.clone()), Ok(document)], 2);
    let keeper = keeper(&shelf, bytes_max);
    for _ in 0..2 {
        keeper.fetch(resource).await.unwrap();
        keeper.kept.run_pending_tasks().await;
    }
    assert_eq!(shelf.asked(), expected, "{resource:?}");
}

#[tokio::test]
async fn only_small_objects_that_never_change_are_kept() {
    let (max, all) = (usize::try_from(OBJECT_BYTES_MAX).unwrap(), 1 << 30);
    check(document(max), &segment(0), all, 1).await;
    check(document(max + 1), &segment(0), all, 2).await;
    let changes = Document { cache_control: CacheControl::Seconds(1), ..document(9) };
    check(changes, &segment(0), all, 2).await;
    let made = Document { body: Body::Made(Arc::new(Nothing)), ..document(9) };
    check(made, &segment(0), all, 2).await;
    check(document(9), &segment(0), 0, 2).await;
    for path in ["/live/cam/index.m3u8", "/live/cam/ts/index.m3u8", "/vod/live~cam~a/export.mp4"] {
        check(document(9), &Resource::parse(path, "").unwrap(), all, 2).await;
    }
    for path in ["/live/cam/ts/1/0.3.ts", "/live/cam/fmp4/1/init-0.mp4", "/live/cam/ts/page-0.m3u8"]
    {
        check(document(9), &Resource::parse(path, "").unwrap(), all, 1).await;
    }
}

#[tokio::test]
async fn those_who_wait_share_what_is_not_kept() {
    let changes = Document { cache_control: CacheControl::Seconds(1), ..document(9) };
    let shelf = Shelf::new(vec![Ok(changes)], 0);
    let keeper = keeper(&shelf, 1 << 20);
    let mut requests = JoinSet::new();
    for _ in 0..10 {
        ask(&mut requests, &keeper, 0);
    }
    settle().await;
    shelf.open.add_permits(1);
    assert_eq!(all(&mut requests).await, (10, vec![]));
}

#[derive(Debug)]
struct Nothing;

impl Made for Nothing {
    fn length(&self) -> Option<u64> {
        None
    }

    fn read(&self, _range: Range<u64>) -> Flow {
        tokio::sync::mpsc::channel(1).1
    }
}
