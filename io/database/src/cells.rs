//! How records stand in cells of rows: numbers, texts, and JSON where a record has parts.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Decode, Postgres, Sqlite, Type};
use timeline::StreamName;

use crate::engine::Row;
use crate::{BoxError, DatabaseError};

/// The cells of a row, which are read in their order.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    at: usize,
    what: &'static str,
}

impl<'r> Cells<'r> {
    /// Reads the row of a record, which errors call `what`.
    pub(crate) const fn of(row: &'r Row, what: &'static str) -> Self {
        Self { row, at: 0, what }
    }

    /// A number or a text, or an `Option` of one.
    pub(crate) fn next<T>(&mut self) -> Result<T, DatabaseError>
    where
        T: for<'a> Decode<'a, Sqlite>
            + Type<Sqlite>
            + for<'a> Decode<'a, Postgres>
            + Type<Postgres>,
    {
        let value = self.row.get(self.at).map_err(|error| self.unreadable(error))?;
        self.at += 1;
        Ok(value)
    }

    /// A text that is something: an id, an address, a stream's name.
    pub(crate) fn parse<T: FromStr<Err: Into<BoxError>>>(&mut self) -> Result<T, DatabaseError> {
        let text: String = self.next()?;
        text.parse().map_err(|error| self.unreadable(error))
    }

    /// A text that is something, if there is one.
    pub(crate) fn parse_some<T>(&mut self) -> Result<Option<T>, DatabaseError>
    where
        T: FromStr<Err: Into<BoxError>>,
    {
        let text: Option<String> = self.next()?;
        text.map(|text| text.parse()).transpose().map_err(|error| self.unreadable(error))
    }

    /// A stream's name.
    pub(crate) fn stream_name(&mut self) -> Result<StreamName, DatabaseError> {
        let text: String = self.next()?;
        StreamName::parse(&text).map_err(|error| self.unreadable(error))
    }

    /// A number that is never below 0.
    pub(crate) fn count(&mut self) -> Result<u32, DatabaseError> {
        let number: i64 = self.next()?;
        number.try_into().map_err(|error| self.unreadable(error))
    }

    /// A number that is never below 0, if there is one.
    pub(crate) fn some_count(&mut self) -> Result<Option<u32>, DatabaseError> {
        let number: Option<i64> = self.next()?;
        number.map(u32::try_from).transpose().map_err(|error| self.unreadable(error))
    }

    /// What was kept by [`json`].
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, DatabaseError> {
        let text: String = self.next()?;
        serde_json::from_str(&text).map_err(|error| self.unreadable(error))
    }

    /// What was kept by [`word`].
    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T, DatabaseError> {
        let text = serde_json::Value::String(self.next()?);
        serde_json::from_value(text).map_err(|error| self.unreadable(error))
    }

    /// A record of as many cells, of a join that may have found none: then its first cell is empty.
    pub(crate) fn joined<T>(
        &mut self,
        cells: usize,
        read: impl FnOnce(&mut Self) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, DatabaseError> {
        let first: Option<String> = self.next()?;
        match first {
            Some(_) => {
                self.at -= 1;
                read(self).map(Some)
            }
            None => {
                self.at += cells - 1;
                Ok(None)
            }
        }
    }

    pub(crate) fn unreadable(&self, error: impl Into<BoxError>) -> DatabaseError {
        DatabaseError::Unreadable { what: self.what, source: error.into() }
    }
}

/// Something with parts, as a text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, DatabaseError> {
    serde_json::to_string(value)
        .map_err(|source| DatabaseError::Unreadable { what: "a new record", source: source.into() })
}

/// One of several words.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, DatabaseError> {
    json(value).map(|json| json.trim_matches('"').to_owned())
}
