//! What a token says.

use crate::{Pattern, Rules};

/// What a token says, whatever its scheme. Times are in seconds since the Unix epoch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Claims {
    /// Who made it (`iss`).
    pub issuer: Option<String>,
    /// Whom it is for (`aud`).
    pub audience: Vec<String>,
    /// Its own name, by which it can be revoked (`jti`).
    pub id: Option<String>,
    /// Who watches (`sub`).
    pub viewer: Option<String>,
    /// Counts how often the viewer's tokens were revoked (`ver`).
    pub version: u64,
    /// Whose streams it opens (`org`); one that another's key has signed opens that one's only.
    pub organisation: Option<String>,
    /// The player that it was given to (`dev`).
    pub device: Option<String>,
    /// The key that has signed what a path token was made from, if that was no token: it ends with
    /// that key.
    pub via: Option<String>,
    /// The session that it was made in (`ses`).
    pub session: Option<String>,
    /// What its user may do (`role`).
    pub role: Option<String>,
    /// Whether it belongs to somebody of the organisation, for private streams (`mem`).
    pub is_member: bool,
    /// Streams that it opens (`streams`).
    pub streams: Vec<Pattern>,
    /// When it was made (`iat`).
    pub issued_at_s: Option<i64>,
    /// From when on it is good (`nbf`).
    pub not_before_s: Option<i64>,
    /// When it ends (`exp`). One without an end is refused.
    pub expires_at_s: i64,
    /// Where it may be used (`addr`, `ctry`, `ref`).
    pub rules: Rules,
    /// Players that may use it at one time (`sessions`).
    pub sessions_max: Option<u32>,
    /// The tallest picture, in pixels (`height`).
    pub height_max: Option<u32>,
    /// The highest rate, in bits per second (`bitrate`).
    pub bitrate_max: Option<u64>,
}
