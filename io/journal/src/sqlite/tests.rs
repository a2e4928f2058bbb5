use std::path::PathBuf;

use timeline::{Claimant, Ledger};
use tokio::task::JoinSet;

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

    /// In a task of its own, as anybody may.
    async fn open(&self, durability: Durability) -> SqliteJournal {
        let file = self.file();
        let open = async move { SqliteJournal::open(&file, durability).await.unwrap() };
        tokio::spawn(open).await.unwrap()
    }
}

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

fn entry(node: &str) -> Entry {
    let claimant = Claimant { node: node.to_owned(), origin_url: None };
    Ledger::claim(None, claimant, 0).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let fixture = Fixture::new();
    crate::conformance::all(Arc::new(fixture.open(Durability::Normal).await)).await;
}

#[tokio::test]
async fn a_journal_that_is_opened_again_goes_on() {
    let (fixture, name) = (Fixture::new(), stream("live/cam"));
    let mut after = Position::START;
    for run in 0..3_u64 {
        let journal = fixture.open(Durability::Full).await;
        let newest = journal.newest(&name).await.unwrap();
        assert_eq!(newest.map(|stored| stored.position).unwrap_or_default(), after);
        after = journal.append(&name, after, &entry("a")).await.unwrap();
        after = journal.append(&name, after, &entry("b")).await.unwrap();
        assert_eq!(after.number(), 2 * (run + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_whatever_happens_next() {
    let fixture = Fixture::new();
    let journal = Arc::new(fixture.open(Durability::Full).await);
    let (acknowledged, mut answers) = mpsc::unbounded_channel();
    let mut streams = JoinSet::new();
    for number in 0..32 {
        let (journal, name) = (Arc::clone(&journal), stream(&format!("live/cam{number}")));
        let acknowledged = acknowledged.clone();
        streams.spawn(async move {
            let mut after = Position::START;
            loop {
                after = journal.append(&name, after, &entry("a")).await.unwrap();
                acknowledged.send((name.clone(), after)).unwrap();
            }
        });
    }
    for _ in 0..300 {
        answers.recv().await.unwrap();
    }
    // In the middle of a batch everybody goes, as in a crash.
    streams.shutdown().await;
    drop(journal);
    let mut newest = std::collections::BTreeMap::new();
    while let Ok((name, position)) = answers.try_recv() {
        newest.insert(name, position);
    }
    let journal = fixture.open(Durability::Full).await;
    for (name, acknowledged) in newest {
        // The writer before may still be writing what nobody waits for any more.
        let all = journal.read_newest(&name, usize::MAX).await.unwrap();
        let last = all.last().unwrap().position;
        assert!(last >= acknowledged, "{name}: {last} < {acknowledged}");
        let positions = all.iter().map(|stored| stored.position.number());
        assert!(positions.eq(1..=last.number()), "{name} has a hole");
    }
}

/// The answers to appends that wait for the writer together.
async fn batch(journal: &SqliteJournal, appends: &[(&str, u64)]) -> Vec<String> {
    let mut answers = Vec::new();
    for (name, expected) in appends {
        let (answer, answered) = oneshot::channel();
        let entry = entry("a");
        let append = Append {
            stream: stream(name),
            expected: Position::from_number(*expected),
            body: entry.encode().unwrap(),
            entry: entry.into(),
            answer,
        };
        journal.writer.try_send(Command::Append(append)).unwrap();
        answers.push(answered);
    }
    let mut told = Vec::new();
    for answered in answers {
        told.push(match answered.await.unwrap() {
            Ok(Ok(position)) => format!("at {position}"),
            Ok(Err(newest)) => format!("stale, {newest}"),
            Err(error) => format!("failed: {error}"),
        });
    }
    told
}

#[tokio::test]
async fn appends_of_one_batch_are_judged_one_by_one_in_order() {
    let fixture = Fixture::new();
    let journal = fixture.open(Durability::Full).await;
    let appends =
        [("live/a", 0), ("live/a", 1), ("live/b", 5), ("live/a", 1), ("live/b", 0), ("live/a", 2)];
    let told = batch(&journal, &appends).await;
    assert_eq!(told, ["at 1", "at 2", "stale, 0", "stale, 2", "at 1", "at 3"]);
    assert_eq!(batch(&journal, &[("live/a", 3), ("live/b", 1)]).await, ["at 4", "at 2"]);
}

#[tokio::test]
async fn a_failure_is_told_to_all_of_a_batch_and_is_over_with_its_cause() {
    let fixture = Fixture::new();
    let journal = fixture.open(Durability::Full).await;
    assert_eq!(batch(&journal, &[("live/a", 0)]).await, ["at 1"]);
    let options = SqliteConnectOptions::new().filename(fixture.file());
    let mut operator = options.connect().await.unwrap();
    let execute = sqlx::query("ALTER TABLE entries RENAME TO away").execute(&mut operator);
    execute.await.unwrap();
    let told = batch(&journal, &[("live/a", 1), ("live/b", 0)]).await;
    assert!(told.iter().all(|told| told.starts_with("failed: ")), "{told:?}");
    let error = journal.newest(&stream("live/a")).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    let execute = sqlx::query("ALTER TABLE away RENAME TO entries").execute(&mut operator);
    execute.await.unwrap();
    let told = batch(&journal, &[("live/a", 1), ("live/b", 0)]).await;
    assert_eq!(told, ["at 2", "at 1"]);
}

#[tokio::test]
async fn an_entry_that_cannot_be_used_is_named() {
    let fixture = Fixture::new();
    let journal = fixture.open(Durability::Full).await;
    assert_eq!(batch(&journal, &[("live/a", 0)]).await, ["at 1"]);
    let options = SqliteConnectOptions::new().filename(fixture.file());
    let mut operator = options.connect().await.unwrap();
    let damage = "UPDATE entries SET body = CAST('{}' AS BLOB)";
    sqlx::query(damage).execute(&mut operator).await.unwrap();
    let error = journal.newest(&stream("live/a")).await.unwrap_err();
    assert!(!error.is_temporary());
    let text = error.to_string();
    assert!(text.starts_with("the entry of `live/a` at 1 cannot be used: "), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let text = "this is a letter and no database, however long it may become".repeat(20);
    std::fs::write(&file, &text).unwrap();
    assert!(SqliteJournal::open(&file, Durability::Full).await.is_err());
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}
