//! Stretches of time that viewers are told about: `EXT-X-DATERANGE` (RFC 8216, 4.3.2.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something about a stretch of time: a splice to advertisements, a cue of the encoder.
///
/// Entries with one `id` are about one range: a later one adds what became known, as the end of a
/// break.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DateRange {
    /// Names the range within the stream.
    pub id: String,
    /// Ranges of one class have attributes of one meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// When it begins on the calendar, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// How long it is, in milliseconds, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How long it is meant to be, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_duration_ms: Option<u64>,
    /// Further attributes, by name: `SCTE35-OUT` and its like, and those that begin with `X-`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute (RFC 8216, 4.2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// A quoted string. What a quoted string cannot hold is left out where it is printed.
    Text(String),
    /// A sequence of bytes, as hexadecimal digits.
    Hex(String),
    /// A number, in thousandths.
    Milli(i64),
}

impl DateRange {
    /// When it ends on the calendar, as far as is known.
    #[must_use]
    pub fn end_ms(&self) -> Option<i64> {
        Some(self.start_ms.saturating_add_unsigned(self.duration_ms?))
    }

    /// Whether the range is over before `oldest_ms`, in milliseconds since the Unix epoch. One
    /// whose end nobody knows is not.
    #[must_use]
    pub fn is_before(&self, oldest_ms: i64) -> bool {
        let planned = || Some(self.start_ms.saturating_add_unsigned(self.planned_duration_ms?));
        self.end_ms().or_else(planned).is_some_and(|end_ms| end_ms < oldest_ms)
    }

    /// Takes in what a later entry says of the same range. What was said stays: players may have
    /// read it (RFC 8216, 4.3.2.7: "the same attribute MUST have the same value").
    pub fn add(&mut self, later: &Self) {
        // What begins later ends where it ends: the way back from a splice.
        let until_end = || u64::try_from(later.end_ms()?.saturating_sub(self.start_ms)).ok();
        self.duration_ms = self.duration_ms.or_else(until_end);
        self.planned_duration_ms = self.planned_duration_ms.or(later.planned_duration_ms);
        if self.class.is_none() {
            self.class.clone_from(&later.class);
        }
        for (name, value) in &later.attributes {
            self.attributes.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}
