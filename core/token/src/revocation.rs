//! What is not good any more, although nothing else says so.

use serde::{Deserialize, Serialize};

/// A revocation, which holds in one organisation or in all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Revocation {
    /// Where it holds; none given means everywhere.
    pub organisation: Option<String>,
    /// What is revoked.
    pub revoked: Revoked,
    /// When it was revoked, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// When nothing is left that it could be about, in milliseconds since the Unix epoch.
    pub until_ms: i64,
}

/// What is revoked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Revoked {
    /// One token, by its `jti`.
    Token {
        /// Its `jti`.
        id: String,
    },
    /// A viewer's tokens with a lower version than this.
    Viewer {
        /// Their `sub`.
        viewer: String,
        /// The first version that is good.
        version: u64,
    },
    /// A device: its tokens, its stream keys, and what it publishes.
    Device {
        /// Its id.
        id: String,
    },
    /// A stream key or a trusted key, by its id: what was signed with it, and what is published.
    Key {
        /// Its id.
        id: String,
    },
    /// A user: tokens, and what is published by keys of that user.
    User {
        /// The user's id, which is the `sub` of a member's tokens.
        id: String,
    },
    /// Every token that was issued before this.
    Before {
        /// In seconds since the Unix epoch. A token that does not say when it was issued is meant.
        issued_s: i64,
    },
}
