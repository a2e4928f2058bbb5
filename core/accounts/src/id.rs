//! Names that nothing else ever has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Digits of Crockford's base 32, in lower case: none that people take for another.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 48 bits of time and 80 of chance, five to a digit.
const DIGITS_MAX: usize = 26;

/// Why a text is no id.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("this is no id: one begins with {prefix}_ and has {DIGITS_MAX} digits after it")]
pub struct IdError {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// An id of this moment, in milliseconds since the Unix epoch. Later ids sort after
            /// earlier ones; `random` is what makes it one that nobody guesses.
            #[must_use]
            pub fn new(now_ms: i64, random: [u8; 10]) -> Self {
                Self(format(concat!($prefix, "_"), now_ms, random).into())
            }

            /// Reads an id.
            ///
            /// # Errors
            ///
            /// When the text is none of this kind.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix(concat!($prefix, "_"));
                match digits.filter(|digits| is_id(digits)) {
                    Some(_) => Ok(Self(text.into())),
                    None => Err(IdError { prefix: $prefix }),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An organisation's.
    OrganisationId "org",
    /// A user's.
    UserId "usr",
    /// A device's.
    DeviceId "dev",
    /// A stream key's: not the key, which is a secret.
    KeyId "key",
    /// An API key's: not the key, which is a secret.
    ApiKeyId "api",
    /// A session's.
    SessionId "ses",
    /// A ticket's.
    TicketId "tic",
    /// A verification's.
    VerificationId "ver",
    /// A trusted key's: its `kid` where tokens name one.
    TrustedKeyId "tru",
}

fn format(prefix: &str, now_ms: i64, random: [u8; 10]) -> String {
    let mut bits = u128::from(now_ms.unsigned_abs() & 0xFFFF_FFFF_FFFF) << 80;
    for (at, byte) in random.iter().rev().enumerate() {
        bits |= u128::from(*byte) << (at * 8);
    }
    let mut text = String::from(prefix);
    for at in (0..DIGITS_MAX).rev() {
        let digit = usize::try_from(bits >> (at * 5) & 31).unwrap_or(0);
        text.extend(DIGITS.get(digit).copied().map(char::from));
    }
    text
}

fn is_id(digits: &str) -> bool {
    digits.len() == DIGITS_MAX && digits.bytes().all(|byte| DIGITS.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_id_sorts_after_an_earlier_one_and_reads_back() {
        let first = UserId::new(1_700_000_000_000, [0xFF; 10]);
        let second = UserId::new(1_700_000_000_001, [0; 10]);
        assert!(first < second, "{first} {second}");
        assert_eq!(UserId::parse(first.as_str()), Ok(first.clone()));
        assert_eq!(first.as_str(), "usr_01hf7yat00zzzzzzzzzzzzzzzz");
    }

    #[test]
    fn another_kind_of_id_or_none_is_refused() {
        let error = "this is no id: one begins with usr_ and has 26 digits after it";
        for text in [
            "",
            "usr_",
            "org_01hf7yat00zzzzzzzzzzzzzzzz",
            "usr_01hf7yat00zzzzzzzzzzzzzzz",
            "usr_01hf7yat00zzzzzzzzzzzzzzzzz",
            "usr_01hf7yat00zzzzzzzzzzzzzzzu",
            "usr_01HF7YAT00ZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(UserId::parse(text).unwrap_err().to_string(), error, "{text}");
        }
    }
}
