//! The PostgreSQL of tests: that it starts, and all that tests do to it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use testkit::{Postgres, wait_until};

const SOON: Duration = Duration::from_secs(20);

/// The number of its first process.
fn number(postgres: &Postgres) -> u32 {
    let data = postgres.sql("postgres", "SHOW data_directory").unwrap();
    let file = std::fs::read_to_string(Path::new(&data).join("postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
}

#[test]
fn each_url_is_of_an_empty_database_and_wants_its_password() {
    let postgres = Postgres::start().unwrap();
    let (one, other) = (postgres.url().unwrap(), postgres.url().unwrap());
    assert_ne!(one, other);
    postgres.sql(&one, "CREATE TABLE a (b BIGINT)").unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let count = |url: &str| postgres.sql(url, tables).unwrap();
    assert_eq!((count(&one).as_str(), count(&other).as_str()), ("1", "0"));
    let wrong = one.replacen("weir:", "weir:x", 1);
    let error = postgres.sql(&wrong, "SELECT 1").unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
    assert_eq!(postgres.sql("postgres", "SHOW password_encryption").unwrap(), "scram-sha-256");
    let password = one.split([':', '@']).nth(2).unwrap();
    assert!(!format!("{postgres:?}").contains(password), "{postgres:?}");
}

#[test]
fn what_is_committed_outlives_kill_9_on_the_same_port() {
    let mut postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    postgres.sql(&url, "CREATE TABLE a (b BIGINT); INSERT INTO a VALUES (7)").unwrap();
    for kill in [Postgres::kill_9, Postgres::stop] {
        assert!(postgres.restart().is_err(), "it still runs");
        kill(&mut postgres).unwrap();
        assert!(postgres.sql(&url, "SELECT 1").is_err());
        postgres.restart().unwrap();
        assert_eq!(postgres.sql(&url, "SELECT b FROM a").unwrap(), "7");
    }
}

#[test]
fn a_frozen_server_takes_connections_and_does_not_answer() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let address = url.split(['@', '/']).nth(3).unwrap();
    postgres.freeze().unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // The length and code by which a client asks for TLS, to which any answer is one byte.
    std::io::Write::write_all(&mut socket, &[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    let mut answer = [0];
    assert!(socket.read_exact(&mut answer).is_err(), "it answers");
    postgres.thaw().unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"N");
    assert_eq!(postgres.sql(&url, "SELECT 1").unwrap(), "1");
}

#[test]
fn connections_to_one_database_are_ended_and_no_others() {
    let postgres = Postgres::start().unwrap();
    let (one, other) = (postgres.url().unwrap(), postgres.url().unwrap());
    std::thread::scope(|scope| {
        let sleeping = scope.spawn(|| postgres.sql(&one, "SELECT pg_sleep(60)"));
        let ended = || postgres.disconnect(&one).unwrap() == 1;
        wait_until("a connection to be ended", SOON, ended).unwrap();
        let begun = Instant::now();
        assert!(sleeping.join().unwrap().is_err());
        assert!(begun.elapsed() < SOON);
    });
    assert_eq!(postgres.disconnect(&other).unwrap(), 0);
}

#[test]
fn dropped_it_leaves_no_process_and_no_folder() {
    for is_frozen in [false, true] {
        let postgres = Postgres::start().unwrap();
        let data = postgres.sql("postgres", "SHOW data_directory").unwrap();
        let process = format!("/proc/{}", number(&postgres));
        assert!(Path::new(&data).exists() && Path::new(&process).exists());
        if is_frozen {
            postgres.freeze().unwrap();
        }
        drop(postgres);
        assert!(!Path::new(&data).exists() && !Path::new(&process).exists());
    }
}
