//! How long it takes to decide whether somebody may publish, with 10,000 streams and 100,000 keys
//! in the database of one node. Making them takes a minute or, on a slow disk, some.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement says what it found")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::{
    KeyId, Organisation, OrganisationId, Role, Status, StreamKeyRecord, StreamObject, StreamPolicy,
    User, UserId, Verified,
};
use auth_service::{Clock, PublishSettings, Publishing};
use authz::{PublishAuthority, PublishRequest};
use database::{DatabaseUrl, Organisations, SqlDatabase, StreamKeys, Streams, Users};
use serde_json::Map;
use timeline::StreamName;

const STREAMS: u32 = 10_000;
const KEYS_PER_STREAM: u32 = 10;
/// Decisions that are measured, one after another and then several at a time.
const DECISIONS: usize = 20_000;
const AT_A_TIME: usize = 8;
const NOW_MS: i64 = 1_800_000_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("weir.db"));
    let database = Arc::new(SqlDatabase::open(&url, None).await.unwrap());
    let begun = Instant::now();
    let keys = fill(&database).await;
    println!("{} keys of {STREAMS} streams in {:.0?}", keys.len(), begun.elapsed());
    let settings = PublishSettings { apps: vec!["live".into()], streams_max: 10, hook: None };
    let (publishing, touches) = Publishing::new(database, Clock::standing_at(NOW_MS), settings);
    let publishing = Arc::new(publishing);
    // What is kept of each decision is part of the load.
    let (_handle, drain) = runtime::drain();
    let touching = tokio::spawn(touches.run(drain));
    let keys = Arc::new(keys);
    // Eight at a time are as many as the machine can do: how long one takes then is its queue, and
    // is only told.
    for (what, tasks, p99_max) in [
        ("one after another", 1, Duration::from_millis(5)),
        ("eight at a time", AT_A_TIME, Duration::MAX),
    ] {
        let running: Vec<_> = (0..tasks)
            .map(|task| tokio::spawn(decide(publishing.clone(), keys.clone(), task, tasks)))
            .collect();
        let mut times = Vec::new();
        for task in running {
            times.extend(task.await.unwrap());
        }
        report(what, times, p99_max);
    }
    touching.abort();
}

/// Decides about keys all over the database, one in eight of them wrong.
async fn decide(
    publishing: Arc<Publishing>,
    keys: Arc<Vec<String>>,
    task: usize,
    tasks: usize,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for at in (task..DECISIONS).step_by(tasks) {
        let right = keys.get(at * 7_919 % keys.len()).unwrap();
        let key = if at % 8 == 7 { right.replace("weir_", "weix_") } else { right.clone() };
        // Each comes from somewhere else: wrong ones are not to be turned away unseen.
        let address = std::net::Ipv4Addr::from_bits(0x0A00_0000 + u32::try_from(at).unwrap());
        let request = PublishRequest { app: "live", stream: &key, peer: (address, 1_935).into() };
        let begun = Instant::now();
        let decided = publishing.decide(&request).await;
        times.push(begun.elapsed());
        assert_eq!(decided.is_ok(), at % 8 != 7, "{decided:?}");
    }
    times
}

fn report(what: &str, mut times: Vec<Duration>, p99_max: Duration) {
    times.sort_unstable();
    let at = |of_100: usize| times.get(times.len() * of_100 / 100).unwrap();
    let (p50, p99, most) = (at(50), at(99), times.last().unwrap());
    println!("{what}: p50 {p50:.0?}, p99 {p99:.0?}, at most {most:.0?}");
    assert!(*p99 <= p99_max, "a decision takes more than 5 ms at p99");
}

async fn fill(database: &SqlDatabase) -> Vec<String> {
    let organisation = OrganisationId::new(NOW_MS, [1; 10]);
    let name = "Organisation".to_owned();
    let new = Organisation { id: organisation.clone(), name, created_at_ms: NOW_MS, version: 1 };
    database.create_organisation(&new).await.unwrap();
    let owner = user(&organisation);
    database.create_user(&owner).await.unwrap();
    let mut keys = Vec::new();
    for number in 0..STREAMS {
        let stream = stream(number, &organisation, &owner.id);
        database.create_stream(&stream).await.unwrap();
        for key in 0..KEYS_PER_STREAM {
            let record = key_of(&stream, number * KEYS_PER_STREAM + key);
            let key = database.create_stream_key(&record).await.unwrap();
            keys.push(key.reveal().to_owned());
        }
    }
    keys
}

fn stream(number: u32, organisation: &OrganisationId, owner: &UserId) -> StreamObject {
    StreamObject {
        name: StreamName::new("live", &format!("stream-{number}")).unwrap(),
        organisation: organisation.clone(),
        owner: Some(owner.clone()),
        title: String::new(),
        template: None,
        options: Map::new(),
        policy: StreamPolicy { verified_publishers: true, ..StreamPolicy::default() },
        password: None,
        retired_at_ms: None,
        created_at_ms: NOW_MS,
        version: 1,
    }
}

fn key_of(stream: &StreamObject, number: u32) -> StreamKeyRecord {
    let mut random = [0; 10];
    random.iter_mut().zip(number.to_be_bytes()).for_each(|(place, byte)| *place = byte);
    StreamKeyRecord {
        id: KeyId::new(NOW_MS, random),
        stream: stream.name.clone(),
        organisation: stream.organisation.clone(),
        label: String::new(),
        user: None,
        device: None,
        addresses: Vec::new(),
        created_at_ms: NOW_MS,
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    }
}

fn user(organisation: &OrganisationId) -> User {
    User {
        id: UserId::new(NOW_MS, [2; 10]),
        organisation: organisation.clone(),
        email: "streamer@example.org".to_owned(),
        name: "streamer".to_owned(),
        role: Role::Streamer,
        status: Status::Active,
        password: None,
        email_verified_at_ms: None,
        verified: Verified::Verified,
        failed_logins: 0,
        locked_until_ms: None,
        devices_max: None,
        streams_max: None,
        created_at_ms: NOW_MS,
        version: 1,
    }
}
