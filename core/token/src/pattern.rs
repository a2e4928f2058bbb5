//! Which streams a token opens.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Longest pattern, in bytes: two names of a stream, of 64 bytes each, and the slash.
const BYTES_MAX: usize = 129;

/// A stream or several: `live/main`, `live/cam-*` (those that begin so), `live/*`, or `*` for all
/// of the organisation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pattern(Box<str>);

/// Why a text is no pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PatternError {
    /// A star stands where none may.
    #[error("a star stands at the end of a pattern only")]
    Star,
    /// It is no stream's name, nor the beginning of one.
    #[error("a pattern is a stream as live/main, its beginning as live/cam-*, or *")]
    Form,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When no stream could be meant by it.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let name = text.strip_suffix('*').unwrap_or(text);
        if name.contains('*') {
            return Err(PatternError::Star);
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = match name.split_once('/') {
            None => name.is_empty() && text == "*",
            Some((app, stream)) => {
                !app.is_empty()
                    && app.chars().all(is_name)
                    && stream.chars().all(is_name)
                    && (!stream.is_empty() || text.ends_with('*'))
            }
        };
        if fits && text.len() <= BYTES_MAX {
            Ok(Self(text.into()))
        } else {
            Err(PatternError::Form)
        }
    }

    /// Whether the stream `app/name` is meant.
    #[must_use]
    pub fn matches(&self, stream: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => stream.starts_with(beginning),
            None => stream == &*self.0,
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, stream: &str, expected: bool) {
        assert_eq!(Pattern::parse(pattern).unwrap().matches(stream), expected, "{pattern}");
    }

    #[test]
    fn a_pattern_means_a_stream_or_all_that_begin_so() {
        check("live/main", "live/main", true);
        check("live/main", "live/main2", false);
        check("live/cam-*", "live/cam-1", true);
        check("live/cam-*", "live/camera", false);
        check("live/*", "live/a", true);
        check("live/*", "lives/a", false);
        check("*", "tv/a", true);
    }

    #[test]
    fn what_could_mean_no_stream_is_no_pattern() {
        for text in ["", "live", "liv*", "/a", "live/", "live/a/b", "live/ä", "live/a b"] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Form), "{text}");
        }
        for text in ["*/a", "live/*a", "**"] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Star), "{text}");
        }
    }
}
