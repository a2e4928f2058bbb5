//! What nodes of one cluster know, and nobody else.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use runtime::Secret;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The secret that nodes of one cluster show each other (RFC 6750, 2.1). It is never printed.
#[derive(Clone)]
pub struct ClusterSecret {
    header: HeaderValue,
    digest: [u8; 32],
}

/// The shortest secret: 16 characters at random are beyond guessing over a network.
const LENGTH_MIN: usize = 16;
/// The longest secret; a request's head has room for 16 KiB.
const LENGTH_MAX: usize = 1_024;

/// Why a text is no secret. It is not repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SecretError {
    /// It could be guessed, or does not fit a request.
    #[error("it has {length} characters, and must have {LENGTH_MIN} to {LENGTH_MAX}")]
    Length {
        /// Its length.
        length: usize,
    },
    /// It has characters that a header cannot carry.
    #[error("it has other characters than the visible ones of ASCII")]
    Characters,
}

impl ClusterSecret {
    /// Takes a secret as it is configured.
    ///
    /// # Errors
    ///
    /// When it is too short or cannot be sent.
    pub fn new(secret: &Secret) -> Result<Self, SecretError> {
        let text = secret.reveal();
        let length = text.len();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::Characters);
        }
        if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
            return Err(SecretError::Length { length });
        }
        let header = HeaderValue::try_from(format!("Bearer {text}"));
        let mut header = header.map_err(|_| SecretError::Characters)?;
        header.set_sensitive(true);
        let digest = digest(&header);
        Ok(Self { header, digest })
    }

    /// Shows the secret in a request.
    pub(crate) fn show(&self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.header.clone());
    }

    /// Whether a request shows the secret. How long this takes tells nothing of it: digests are
    /// compared, and to their ends.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let Some(shown) = headers.get(AUTHORIZATION).map(digest) else { return false };
        let pairs = self.digest.iter().zip(shown);
        pairs.fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn digest(header: &HeaderValue) -> [u8; 32] {
    Sha256::digest(header.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "correct-horse-battery";

    #[track_caller]
    fn refused(text: &str, expected: SecretError) {
        assert_eq!(ClusterSecret::new(&Secret::new(text)).unwrap_err(), expected);
    }

    #[test]
    fn a_secret_can_be_sent_and_not_be_guessed() {
        refused("fifteen-letters", SecretError::Length { length: 15 });
        refused("", SecretError::Length { length: 0 });
        refused(&"x".repeat(1_025), SecretError::Length { length: 1_025 });
        refused("correct horse battery", SecretError::Characters);
        refused("correct-horse-b\u{e4}ttery", SecretError::Characters);
        refused("correct-horse\r\nx: battery", SecretError::Characters);
        ClusterSecret::new(&Secret::new("sixteen-letters!")).unwrap();
        ClusterSecret::new(&Secret::new("x".repeat(1_024))).unwrap();
    }

    #[test]
    fn only_the_same_secret_is_accepted() {
        let secret = ClusterSecret::new(&Secret::new(TEXT)).unwrap();
        let check = |header: Option<&str>, expected| {
            let mut headers = HeaderMap::new();
            let value = header.map(|header| HeaderValue::try_from(header).unwrap());
            value.map(|value| headers.insert(AUTHORIZATION, value));
            assert_eq!(secret.is_shown(&headers), expected, "{header:?}");
        };
        check(Some("Bearer correct-horse-battery"), true);
        check(Some("Bearer correct-horse-batterz"), false);
        check(Some("Bearer correct-horse-batter"), false);
        check(Some("Bearer correct-horse-battery2"), false);
        check(Some(TEXT), false);
        check(Some("Bearer "), false);
        check(Some(""), false);
        check(None, false);
        let mut headers = HeaderMap::new();
        secret.show(&mut headers);
        assert!(secret.is_shown(&headers));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = ClusterSecret::new(&Secret::new(TEXT)).unwrap();
        let mut headers = HeaderMap::new();
        secret.show(&mut headers);
        let printed = format!("{secret:?} {headers:?}");
        assert!(printed.starts_with("*** ") && !printed.contains("horse"), "{printed}");
    }
}
