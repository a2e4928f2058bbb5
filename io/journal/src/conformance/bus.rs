//! What every control bus must do: the contract of [`Bus`], made executable.

use std::time::Duration;

use accounts::Notice;
use timeline::StreamName;
use tokio::time::{Instant, timeout};

use crate::{Bus, Heard, Notices};

/// How long a notice may be on its way.
const WITHIN: Duration = Duration::from_secs(1);
/// Notices that nobody waits for, and that nobody loses.
const QUEUED: u64 = 600;

/// Puts a bus to every test. `here` and `there` are the same bus, as two nodes have it. Must be
/// called within a Tokio runtime.
///
/// # Panics
///
/// When the bus does not keep the contract.
pub async fn all(here: &dyn Bus, there: &dyn Bus) {
    a_notice_is_heard_everywhere_within_a_second(here, there).await;
    what_was_said_before_is_not_heard(here, there).await;
    all_hear_the_same_in_the_same_order(here, there).await;
    nothing_is_lost_while_nobody_waits(here, there).await;
    a_wait_that_is_given_up_loses_nothing(here, there).await;
    a_kind_that_is_not_known_is_passed_over(here, there).await;
}

/// A notice that can be told from others by its number.
fn notice(number: u64) -> Notice {
    let stream = StreamName::new("live", &format!("cam{number}"));
    Notice::StreamChanged { stream: stream.expect("the suite's names are names") }
}

async fn say(bus: &dyn Bus, number: u64) {
    bus.publish(&notice(number)).await.expect("publish");
}

async fn listen(bus: &dyn Bus) -> Box<dyn Notices> {
    bus.listen().await.expect("listen")
}

async fn next(listener: &mut dyn Notices) -> Heard {
    timeout(WITHIN, listener.next()).await.expect("something is heard in time")
}

async fn expect(listener: &mut dyn Notices, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        assert_eq!(next(listener).await, Heard::Notice(notice(number)), "number {number}");
    }
}

async fn a_notice_is_heard_everywhere_within_a_second(here: &dyn Bus, there: &dyn Bus) {
    let (mut first, mut second) = (listen(here).await, listen(here).await);
    let mut away = listen(there).await;
    say(here, 1).await;
    for listener in [&mut first, &mut second, &mut away] {
        expect(&mut **listener, [1]).await;
    }
    say(there, 2).await;
    for listener in [&mut first, &mut second, &mut away] {
        expect(&mut **listener, [2]).await;
    }
}

async fn what_was_said_before_is_not_heard(here: &dyn Bus, there: &dyn Bus) {
    let mut before = listen(there).await;
    say(here, 1).await;
    let mut after = listen(there).await;
    say(here, 2).await;
    expect(&mut *before, [1, 2]).await;
    expect(&mut *after, [2]).await;
}

async fn all_hear_the_same_in_the_same_order(here: &dyn Bus, there: &dyn Bus) {
    const EACH: u64 = 40;
    let (mut first, mut away) = (listen(here).await, listen(there).await);
    let say_all = async |bus: &dyn Bus, from: u64| {
        for number in from..from + EACH {
            say(bus, number).await;
        }
    };
    tokio::join!(say_all(here, 0), say_all(there, EACH));
    let mut heard = Vec::new();
    for _ in 0..2 * EACH {
        heard.push(next(&mut *first).await);
        assert_eq!(heard.last(), Some(&next(&mut *away).await));
    }
    for from in [0, EACH] {
        let of_one: Vec<_> = (from..from + EACH).map(|it| Heard::Notice(notice(it))).collect();
        let in_order: Vec<_> = heard.iter().filter(|it| of_one.contains(it)).cloned().collect();
        assert_eq!(in_order, of_one, "what one says keeps its order");
    }
}

async fn nothing_is_lost_while_nobody_waits(here: &dyn Bus, there: &dyn Bus) {
    let (mut near, mut away) = (listen(here).await, listen(there).await);
    for number in 0..QUEUED {
        say(here, number).await;
    }
    expect(&mut *near, 0..QUEUED).await;
    expect(&mut *away, 0..QUEUED).await;
}

async fn a_wait_that_is_given_up_loses_nothing(here: &dyn Bus, there: &dyn Bus) {
    let mut away = listen(there).await;
    let waits = async {
        let (mut heard, until) = (Vec::new(), Instant::now() + 20 * WITHIN);
        while heard.len() < 20 {
            assert!(Instant::now() < until, "only {heard:?} was heard");
            heard.extend(timeout(Duration::from_millis(1), away.next()).await);
        }
        heard
    };
    let says = async {
        for number in 0..20 {
            say(here, number).await;
        }
    };
    let (heard, ()) = tokio::join!(waits, says);
    assert_eq!(heard, (0..20).map(|it| Heard::Notice(notice(it))).collect::<Vec<_>>());
}

async fn a_kind_that_is_not_known_is_passed_over(here: &dyn Bus, there: &dyn Bus) {
    let (mut near, mut away) = (listen(here).await, listen(there).await);
    here.publish(&Notice::Unknown).await.expect("publish");
    say(here, 1).await;
    expect(&mut *near, [1]).await;
    expect(&mut *away, [1]).await;
}
