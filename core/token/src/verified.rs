//! A token whose signature is good: what is left to see for each request.

use std::sync::Arc;

use crate::revocations::Marks;
use crate::{Claims, Facts, Key, Refusal, Scheme, wildcard};

/// How far the clocks of those who sign may be off, in seconds: a token is good that much before
/// its beginning and after its end. Signed URLs of others are exact, as they are there: they say
/// how long they are good beyond their time stamp.
pub const LEEWAY_S: i64 = 30;

/// A token whose signature is good. It may be kept: whether it opens something now is asked of
/// [`admits`](Self::admits), whether it was revoked of [`crate::Revocations::covers`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// The scheme.
    pub scheme: Scheme,
    /// What it says.
    pub claims: Claims,
    /// The id of the key that signed it.
    pub key: Arc<str>,
    /// Whose streams it opens, and no other's: whoever serves a stream compares its owner.
    pub organisation: Arc<str>,
    pub(crate) opens: Opens,
    pub(crate) key_not_after_s: Option<i64>,
    pub(crate) marks: Marks,
}

/// What a token opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Opens {
    /// The streams that its claims name.
    Streams,
    /// What has this path, because it was signed.
    Path(Box<str>),
    /// What has a path as one of these, with wildcards, says.
    Paths(Box<[Box<str>]>),
}

/// What a scheme reads of what its key has signed.
pub(crate) struct Signed {
    pub(crate) claims: Claims,
    pub(crate) opens: Opens,
}

impl Verified {
    /// Puts together what `key` has signed.
    pub(crate) fn new(scheme: Scheme, signed: Signed, key: &Key) -> Result<Self, Refusal> {
        let Signed { claims, opens } = signed;
        let organisation = match (&key.organisation, &claims.organisation) {
            (Some(own), Some(named)) if **own != **named => {
                return Err(Refusal::Audience("another organisation"));
            }
            (Some(own), _) => Arc::clone(own),
            (None, Some(named)) => named.as_str().into(),
            (None, None) => return Err(Refusal::Audience("no organisation")),
        };
        let marks = Marks::of(&claims, &key.id);
        let (key_not_after_s, key) = (key.not_after_s, Arc::clone(&key.id));
        Ok(Self { scheme, claims, key, organisation, opens, key_not_after_s, marks })
    }

    /// Whether it opens `path` of `stream`, here and now. Its organisation and its revocation are
    /// not looked at.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn admits(&self, stream: &str, path: &str, facts: &Facts<'_>) -> Result<(), Refusal> {
        self.is_good(facts.now_s)?;
        let opens = match &self.opens {
            Opens::Streams => self.claims.streams.iter().any(|pattern| pattern.matches(stream)),
            Opens::Path(signed) => **signed == *path,
            // A path with dots means another one than it seems to.
            Opens::Paths(patterns) => {
                !has_dots(path) && patterns.iter().any(|pattern| wildcard::matches(pattern, path))
            }
        };
        if !opens {
            return Err(Refusal::OtherStream);
        }
        self.claims.rules.admit(facts)
    }

    /// Whether it is good now, whatever it opens.
    ///
    /// # Errors
    ///
    /// When it is over or not good yet, or its key is.
    pub fn is_good(&self, now_s: i64) -> Result<(), Refusal> {
        if self.key_not_after_s.is_some_and(|end| now_s >= end) {
            return Err(Refusal::UnknownKey);
        }
        let leeway_s = self.scheme.leeway_s();
        let claims = &self.claims;
        if now_s.saturating_sub(leeway_s) >= claims.expires_at_s {
            return Err(Refusal::Expired { ago_s: now_s.saturating_sub(claims.expires_at_s) });
        }
        let begins_s = claims.not_before_s.max(claims.issued_at_s);
        match begins_s {
            Some(begins_s) if now_s.saturating_add(leeway_s) < begins_s => {
                Err(Refusal::TooEarly { in_s: begins_s.saturating_sub(now_s) })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a segment is `.` or `..`, or would be without its percent signs.
fn has_dots(path: &str) -> bool {
    let is_dots = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    };
    path.split('/').any(is_dots)
}
