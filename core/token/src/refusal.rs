//! Why a token is not good.

use thiserror::Error;

/// Why a token does not open a stream, in words that its viewer and its maker understand. None has
/// a token or a key in it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    /// It is no token of any scheme.
    #[error("this is no token: {0}")]
    Malformed(&'static str),
    /// Nothing that is trusted here has signed it.
    #[error("the token is signed with a key that is not trusted here")]
    UnknownKey,
    /// The key that it names is for another algorithm.
    #[error("the token is not signed as its key is used")]
    Algorithm,
    /// The signature does not fit: it was changed, or made with another key.
    #[error("the token's signature does not fit what it says")]
    Signature,
    /// It is over.
    #[error("the token ended {ago_s} s ago")]
    Expired {
        /// Seconds since then.
        ago_s: i64,
    },
    /// It is not good yet.
    #[error("the token is good in {in_s} s only")]
    TooEarly {
        /// Seconds until then.
        in_s: i64,
    },
    /// It was made by or for somebody else.
    #[error("the token is for {0}, not for this server")]
    Audience(&'static str),
    /// It does not name the stream.
    #[error("the token does not open this stream")]
    OtherStream,
    /// It may not be used from this address.
    #[error("the token may not be used from this address")]
    Address,
    /// It may not be used in this country.
    #[error("this may not be watched in this country")]
    Country,
    /// It may not be used on this page.
    #[error("this may not be shown on this page")]
    Referer,
    /// It says something that this server does not understand and must not ignore.
    #[error("the token needs {0}, which this server does not know")]
    Critical(&'static str),
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
}
