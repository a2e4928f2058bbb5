//! The root secret, from which all others follow.

use crate::cells::Cells;
use crate::engine::{Engine, Lock, Transaction, sql};
use crate::key::RootSecret;
use crate::{BoxError, DatabaseError};

/// The secret in clear, unless the configuration has it.
const OWN: &str = "root";
/// What a secret of the configuration is recognised by.
const CHECK: &str = "root-check";
/// What errors call it.
const WHAT: &str = "the root secret";

/// The root secret of a database, which the first process that asks makes. One that is `given` is
/// never stored.
pub(super) async fn open(
    engine: &Engine,
    given: Option<&[u8]>,
) -> Result<RootSecret, DatabaseError> {
    let mut transaction = engine.begin().await.map_err(failed)?;
    transaction.lock(Lock::Secrets).await.map_err(failed)?;
    let own = read(&mut transaction, OWN).await?;
    let check = read(&mut transaction, CHECK).await?;
    let root = match (given.map(RootSecret::derived), own, check) {
        (None, Some(own), None) => RootSecret::new(bytes(own)?),
        (None, None, None) => {
            let made = crate::random::<32>()?;
            write(&mut transaction, OWN, &made).await?;
            RootSecret::new(made)
        }
        (Some(root), None, None) => {
            write(&mut transaction, CHECK, &root.purpose(CHECK)).await?;
            root
        }
        (Some(root), None, Some(check)) if root.purpose(CHECK) == *check => root,
        (Some(_), None, Some(_)) => {
            return Err(unusable(
                "the database was made with another one than the configuration's",
            ));
        }
        (Some(_), Some(_), _) => {
            return Err(unusable("the database has its own, so the configuration must have none"));
        }
        (None, _, Some(_)) => {
            return Err(unusable("the database was made with one that the configuration lacks"));
        }
    };
    transaction.commit().await.map_err(failed)?;
    Ok(root)
}

async fn read(
    transaction: &mut Transaction,
    name: &'static str,
) -> Result<Option<Vec<u8>>, DatabaseError> {
    let found = sql("SELECT value FROM secrets WHERE name = $1").bind(name);
    let row = transaction.first(found).await.map_err(failed)?;
    row.map(|row| Cells::of(&row, WHAT).next()).transpose()
}

async fn write(
    transaction: &mut Transaction,
    name: &'static str,
    value: &[u8],
) -> Result<(), DatabaseError> {
    let made = sql("INSERT INTO secrets (name, value) VALUES ($1, $2)").bind(name);
    transaction.run(made.bind(value.to_vec())).await.map_err(failed)?;
    Ok(())
}

fn bytes(value: Vec<u8>) -> Result<[u8; 32], DatabaseError> {
    value
        .try_into()
        .map_err(|value: Vec<u8>| unusable(format!("it has {} bytes, not 32", value.len())))
}

fn unusable(why: impl Into<BoxError>) -> DatabaseError {
    DatabaseError::Unreadable { what: WHAT, source: why.into() }
}

fn failed(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read the root secret", error)
}
