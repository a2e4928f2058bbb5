//! A value that no message repeats.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A secret as it is written. Neither it nor what was written in its place is ever printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Hidden(pub(crate) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

/// Takes a text. What `visit_i64` and others do by themselves is to show the value that they
/// refuse, which is a secret without its quotes.
struct Text;

impl Visitor<'_> for Text {
    type Value = Hidden;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hidden, E> {
        Ok(Hidden(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Hidden, E> {
        Err(E::custom("a secret is a text in quotes, and not a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Hidden, E> {
        Err(E::custom("a secret is a text in quotes, and not a number"))
    }
}
