use std::path::PathBuf;

use sqlx::{ConnectOptions, SqliteConnection};
use timeline::StreamName;
use tokio::time::{Instant, timeout};

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("data/journal.db")
    }

    async fn bus(&self) -> SqliteBus {
        SqliteBus::open(&self.file()).await.unwrap()
    }

    async fn operator(&self) -> SqliteConnection {
        file_options(&self.file(), SqliteSynchronous::Normal).connect().await.unwrap()
    }
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

async fn heard(listener: &mut Box<dyn Notices>) -> Heard {
    timeout(Duration::from_secs(5), listener.next()).await.unwrap()
}

fn changed(name: &str) -> Notice {
    Notice::StreamChanged { stream: StreamName::parse(name).unwrap() }
}

#[tokio::test]
async fn conforms() {
    let fixture = Fixture::new();
    let (here, there) = (fixture.bus().await, fixture.bus().await);
    crate::conformance::bus::all(&here, &there).await;
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_file() {
    let fixture = Fixture::new();
    let file = fixture.file();
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let file = file.clone();
        opening.spawn(async move { SqliteBus::open(&file).await });
    }
    while let Some(opened) = opening.join_next().await {
        opened.unwrap().unwrap();
    }
}

#[tokio::test]
async fn another_process_is_heard_within_a_second_and_this_one_at_once() {
    let fixture = Fixture::new();
    let (here, there) = (fixture.bus().await, fixture.bus().await);
    let mut listener = here.listen().await.unwrap();
    let said = Instant::now();
    there.publish(&changed("live/far")).await.unwrap();
    assert_eq!(heard(&mut listener).await, Heard::Notice(changed("live/far")));
    assert!(said.elapsed() < Duration::from_secs(1), "{:?}", said.elapsed());
    // Every other way to hear of it takes a quarter of a second.
    let mut fastest = Duration::MAX;
    for _ in 0..8 {
        let listening = tokio::spawn(async move {
            let heard = heard(&mut listener).await;
            (Instant::now(), heard, listener)
        });
        sleep(Duration::from_millis(20)).await;
        let said = Instant::now();
        here.publish(&changed("live/near")).await.unwrap();
        let (at, heard, back) = listening.await.unwrap();
        assert_eq!(heard, Heard::Notice(changed("live/near")));
        (listener, fastest) = (back, fastest.min(at - said));
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

#[tokio::test]
async fn a_file_that_was_away_may_have_said_something_meanwhile() {
    let fixture = Fixture::new();
    let (here, there) = (fixture.bus().await, fixture.bus().await);
    let mut listener = here.listen().await.unwrap();
    let mut operator = fixture.operator().await;
    execute(&mut operator, "ALTER TABLE notices RENAME TO away").await;
    let waiting = timeout(Duration::from_millis(600), listener.next()).await;
    assert!(waiting.is_err(), "it waits on: {waiting:?}");
    assert!(there.publish(&changed("live/lost")).await.is_err());
    execute(&mut operator, "ALTER TABLE away RENAME TO notices").await;
    there.publish(&changed("live/found")).await.unwrap();
    assert_eq!(heard(&mut listener).await, Heard::Missed);
    assert_eq!(heard(&mut listener).await, Heard::Notice(changed("live/found")));
}

#[tokio::test]
async fn what_goes_before_it_was_read_is_missed() {
    let fixture = Fixture::new();
    let bus = fixture.bus().await;
    let mut slow = bus.listen().await.unwrap();
    bus.publish(&changed("live/a")).await.unwrap();
    bus.publish(&changed("live/b")).await.unwrap();
    let mut operator = fixture.operator().await;
    execute(&mut operator, "UPDATE notices SET at_ms = at_ms - 3600001").await;
    bus.publish(&changed("live/c")).await.unwrap();
    let kept: Vec<i64> = sqlx::query_scalar("SELECT number FROM notices ORDER BY number")
        .fetch_all(&mut operator)
        .await
        .unwrap();
    assert_eq!(kept, [3], "what is an hour old has gone");
    assert_eq!(heard(&mut slow).await, Heard::Missed);
    assert_eq!(heard(&mut slow).await, Heard::Notice(changed("live/c")));
    // Who begins now has missed nothing.
    execute(&mut operator, "DELETE FROM notices").await;
    let mut new = bus.listen().await.unwrap();
    bus.publish(&changed("live/d")).await.unwrap();
    assert_eq!(heard(&mut new).await, Heard::Notice(changed("live/d")));
}

#[tokio::test]
async fn an_older_file_in_its_place_is_no_reason_to_be_deaf() {
    let fixture = Fixture::new();
    let bus = fixture.bus().await;
    for _ in 0..5 {
        bus.publish(&changed("live/a")).await.unwrap();
    }
    let mut listener = bus.listen().await.unwrap();
    let mut operator = fixture.operator().await;
    execute(&mut operator, "DELETE FROM notices").await;
    execute(&mut operator, "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'notices'").await;
    assert_eq!(heard(&mut listener).await, Heard::Missed);
    bus.publish(&changed("live/b")).await.unwrap();
    assert_eq!(heard(&mut listener).await, Heard::Notice(changed("live/b")));
}

#[tokio::test]
async fn what_a_newer_version_says_is_passed_over_or_missed() {
    let fixture = Fixture::new();
    let bus = fixture.bus().await;
    let mut listener = bus.listen().await.unwrap();
    let mut operator = fixture.operator().await;
    execute(
        &mut operator,
        r#"INSERT INTO notices (at_ms, body) VALUES
           (9000000000000, '{"notice":"of-tomorrow","what":{"is":[1]}}'),
           (9000000000000, '{"notice":"revoked","revocation":"in another form"}'),
           (9000000000000, 'no notice at all')"#,
    )
    .await;
    bus.publish(&Notice::KeysChanged).await.unwrap();
    let expected = [Heard::Missed, Heard::Missed, Heard::Notice(Notice::KeysChanged)];
    for expected in expected {
        assert_eq!(heard(&mut listener).await, expected);
    }
}
