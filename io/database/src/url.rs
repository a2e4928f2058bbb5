//! Where a database is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

/// Where a database is. Printing it never shows a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// In an SQLite file on this machine.
    Sqlite(PathBuf),
    /// On a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// A PostgreSQL server, with what it asks for to let somebody in.
#[derive(Clone)]
pub struct PostgresUrl(pub(crate) Box<PgConnectOptions>);

/// Why a text is no database's URL. The text is not in it: it may have a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UrlError {
    /// It begins like none.
    #[error("a database is sqlite:path/to/file or postgres://user:password@host/name")]
    Scheme,
    /// There is no file's name.
    #[error("sqlite: needs the path of a file after it")]
    NoFile,
    /// The rest is not what PostgreSQL's URLs have.
    #[error("this is no URL of a PostgreSQL database: postgres://user:password@host:5432/name")]
    Postgres,
}

impl DatabaseUrl {
    /// Reads `sqlite:<path>` or `postgres://<user>:<password>@<host>/<name>`.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path {
                "" => Err(UrlError::NoFile),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(UrlError::Scheme);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| UrlError::Postgres)?;
        Ok(Self::Postgres(PostgresUrl(Box::new(options))))
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(PostgresUrl(options)) => {
                let (host, port) = (options.get_host(), options.get_port());
                let name = options.get_database().unwrap_or_default();
                write!(f, "postgres://{host}:{port}/{name}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", DatabaseUrl::Postgres(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let actual = match DatabaseUrl::parse(text) {
            Ok(url) => format!("{url:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected, "{text}");
    }

    #[test]
    fn a_url_names_a_file_or_a_server() {
        check("sqlite:data/weir.db", "sqlite:data/weir.db");
        check("sqlite:/var/lib/weir.db", "sqlite:/var/lib/weir.db");
        check("postgres://weir@127.0.0.1:55432/live", "postgres://127.0.0.1:55432/live");
        check("postgresql://weir@db.example.org/live", "postgres://db.example.org:5432/live");
    }

    #[test]
    fn a_password_is_never_printed() {
        check("postgres://weir:secret@db/live", "postgres://db:5432/live");
        check("mysql://weir:secret@db/live", &UrlError::Scheme.to_string());
        check("postgres://weir:secret@db:port/live", &UrlError::Postgres.to_string());
        check("sqlite:", &UrlError::NoFile.to_string());
    }
}
