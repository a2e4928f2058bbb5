//! What every database must do: the contract of [`Database`], made executable.
//!
//! Every test has two organisations, and looks whether something of one is seen or changed by what
//! is done in the other.

mod credentials;
mod devices;
mod organisations;
mod pairings;
mod publishers;
mod records;
mod stream_keys;
mod streams;
mod trust;
mod users;
mod verifications;

use accounts::{OrganisationId, User};

use crate::{Database, DatabaseError};

/// Puts a database to every test. It must be empty.
///
/// # Panics
///
/// When the database does not keep the contract.
pub async fn all(database: &dyn Database) {
    organisations::all(database).await;
    users::all(database).await;
    credentials::all(database).await;
    devices::all(database).await;
    pairings::all(database).await;
    verifications::all(database).await;
    streams::all(database).await;
    stream_keys::all(database).await;
    publishers::all(database).await;
    trust::all(database).await;
}

/// The moment at which everything happens, in milliseconds since the Unix epoch.
const NOW_MS: i64 = 1_800_000_000_000;

/// Two organisations that have nothing yet.
struct Two {
    ours: OrganisationId,
    theirs: OrganisationId,
}

impl Two {
    async fn new(database: &dyn Database) -> Self {
        let (ours, theirs) = (records::organisation(), records::organisation());
        for organisation in [&ours, &theirs] {
            database.create_organisation(organisation).await.expect("make an organisation");
        }
        Self { ours: ours.id, theirs: theirs.id }
    }
}

/// Two users of two organisations.
struct Users {
    ours: User,
    theirs: User,
}

impl Users {
    async fn new(database: &dyn Database) -> Self {
        let two = Two::new(database).await;
        let users = Self { ours: records::user(&two.ours), theirs: records::user(&two.theirs) };
        for user in [&users.ours, &users.theirs] {
            database.create_user(user).await.expect("make a user");
        }
        users
    }
}

/// The one of two answers at the same time that did it, and the other one.
fn one_of<T>(
    answers: (Result<T, DatabaseError>, Result<T, DatabaseError>),
) -> (T, Result<T, DatabaseError>) {
    match answers {
        (Ok(done), other) | (other, Ok(done)) => (done, other),
        (Err(one), Err(other)) => panic!("neither was done: {one}; {other}"),
    }
}

/// What is wrong with an answer that has to be an error.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, DatabaseError>, expected: &str) {
    let error = answer.expect_err(expected);
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_temporary(), "{error}");
}
