use accounts::{Access, OrganisationId};

use super::*;
use crate::testing::Shelf;

const S: Duration = Duration::from_secs(1);

fn stream() -> StreamName {
    StreamName::parse("live/a").unwrap()
}

fn shelf(access: Access) -> (Arc<Shelf>, Policies) {
    let shelf = Arc::new(Shelf::default());
    shelf.open("live/a", &OrganisationId::new(1, [1; 10]), access);
    let policies = Policies::new(Arc::clone(&shelf) as Arc<dyn Directory>);
    (shelf, policies)
}

async fn read(policies: &Policies, now: Duration) -> String {
    match policies.at(&stream(), now).await {
        Ok(None) => "unknown".to_owned(),
        Ok(Some(access)) => access.policy.access.name().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn change(shelf: &Shelf, access: Access) {
    shelf.open("live/a", &OrganisationId::new(1, [1; 10]), access);
}

#[tokio::test]
async fn a_policy_is_read_again_after_half_a_minute() {
    let (shelf, policies) = shelf(Access::Token);
    assert_eq!(read(&policies, S).await, "token");
    change(&shelf, Access::Public);
    assert_eq!(read(&policies, S * 30).await, "token");
    assert_eq!(read(&policies, S * 31).await, "public");
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_policy_that_changed_is_read_at_once() {
    let (shelf, policies) = shelf(Access::Public);
    assert_eq!(read(&policies, S).await, "public");
    change(&shelf, Access::Private);
    policies.forget(&stream());
    assert_eq!(read(&policies, S).await, "private");
    change(&shelf, Access::Token);
    policies.sweep();
    assert_eq!(read(&policies, S).await, "token");
    assert_eq!(read(&policies, S).await, "token");
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_again_holds_for_five_minutes() {
    let (shelf, policies) = shelf(Access::Public);
    assert_eq!(read(&policies, S).await, "public");
    shelf.is_away(true);
    assert_eq!(read(&policies, S * 31).await, "public");
    // It is not tried again at once.
    assert_eq!(read(&policies, S * 35).await, "public");
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 2);
    assert_eq!(read(&policies, S * 300).await, "public");
    assert_eq!(read(&policies, S * 306).await, "the shelf is away");
    shelf.is_away(false);
    assert_eq!(read(&policies, S * 306).await, "public");
}

#[tokio::test]
async fn a_policy_that_was_never_read_or_has_changed_since_holds_for_nothing() {
    let (shelf, policies) = shelf(Access::Public);
    shelf.is_away(true);
    assert_eq!(read(&policies, S).await, "the shelf is away");
    shelf.is_away(false);
    assert_eq!(read(&policies, S).await, "public");
    shelf.is_away(true);
    policies.sweep();
    assert_eq!(read(&policies, S * 2).await, "public");
    assert_eq!(read(&policies, S * 2).await, "public");
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 3);
    policies.forget(&stream());
    assert_eq!(read(&policies, S * 3).await, "the shelf is away");
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_looked_for_once_a_second() {
    let (shelf, policies) = shelf(Access::Public);
    shelf.streams.lock().unwrap().clear();
    assert_eq!(read(&policies, S).await, "unknown");
    change(&shelf, Access::Token);
    assert_eq!(read(&policies, S * 3 / 2).await, "unknown");
    assert_eq!(read(&policies, S * 2).await, "token");
    shelf.streams.lock().unwrap().clear();
    assert_eq!(read(&policies, S * 32).await, "unknown");
    shelf.is_away(true);
    assert_eq!(read(&policies, S * 34).await, "the shelf is away");
}

#[tokio::test]
async fn a_read_that_began_before_a_change_is_not_kept() {
    let (shelf, policies) = shelf(Access::Public);
    *shelf.delay.lock().unwrap() = Duration::from_millis(50);
    let early = tokio::spawn({
        let policies = policies.clone();
        async move { read(&policies, S).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    change(&shelf, Access::Private);
    policies.forget(&stream());
    assert_eq!(early.await.unwrap(), "public");
    assert_eq!(read(&policies, S).await, "private");
}

#[tokio::test]
async fn many_who_ask_for_one_stream_read_it_once() {
    let (shelf, policies) = shelf(Access::Token);
    *shelf.delay.lock().unwrap() = Duration::from_millis(50);
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let policies = policies.clone();
            tokio::spawn(async move { read(&policies, S).await })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), "token");
    }
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_takes_too_long_is_none() {
    let (shelf, policies) = shelf(Access::Token);
    *shelf.delay.lock().unwrap() = READ_TIME_MAX * 2;
    assert_eq!(read(&policies, S).await, "reading the stream's policy takes too long");
}

#[tokio::test(start_paused = true)]
async fn more_reads_at_one_time_than_the_limit_are_refused() {
    let (shelf, policies) = shelf(Access::Token);
    *shelf.delay.lock().unwrap() = READ_TIME_MAX * 2;
    for at in 0..READS_MAX {
        let name = StreamName::parse(&format!("live/{at}")).unwrap();
        assert!(policies.read(&name, S).is_ok(), "{at}");
    }
    assert_eq!(read(&policies, S).await, "1024 policies are being read already");
}
