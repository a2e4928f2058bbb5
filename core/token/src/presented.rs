//! What a request shows, and what is left of it.

use std::borrow::Cow;
use std::fmt;

use crate::{Alibaba, Scheme, SchemeSet};

/// What a request shows to prove that it may, and its path and query without that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presented<'r> {
    /// The first that was found; nothing is verified.
    pub credential: Option<Credential<'r>>,
    /// Where it was found.
    pub place: Place,
    /// The path without it: what is asked for, and the same for all viewers.
    pub path: &'r str,
    /// The query without it, and without any other of its kind.
    pub query: Cow<'r, str>,
}

/// Where a request shows something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In front of the path, as `/t/<token>/`: the form that is served from.
    Path,
    /// Elsewhere in the URL.
    Url,
    /// As `Authorization: Bearer`.
    Authorization,
    /// As the cookie `weir_token`.
    Cookie,
}

/// What is shown, by its scheme.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential<'r> {
    /// A JSON web token or a path token, as it came.
    Token(&'r str),
    /// Alibaba's URL signature.
    Alibaba {
        /// Which type.
        variant: Alibaba,
        /// The time stamp; for type A with the random number and the user's id.
        stamp: &'r str,
        /// The MD5 in hex.
        hash: &'r str,
    },
    /// Akamai's token.
    Akamai(Cow<'r, str>),
    /// CloudFront's policy, signature, and key.
    CloudFront {
        /// The policy, in CloudFront's base 64.
        policy: Cow<'r, str>,
        /// The signature, in CloudFront's base 64.
        signature: Cow<'r, str>,
        /// The name of the key.
        key_pair: Cow<'r, str>,
        /// Whether the hash is SHA-256, not SHA-1.
        is_sha256: bool,
    },
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(***)",
            Self::Alibaba { .. } => "Alibaba(***)",
            Self::Akamai(_) => "Akamai(***)",
            Self::CloudFront { .. } => "CloudFront(***)",
        })
    }
}

impl<'r> Presented<'r> {
    /// Takes a credential off a request. Forms of path that a stream could have as well, and names
    /// of queries that others use, are looked for only where a key for them is trusted.
    #[must_use]
    pub fn find(
        path: &'r str,
        query: &'r str,
        cookie: Option<&'r str>,
        authorization: Option<&'r str>,
        schemes: &SchemeSet,
    ) -> Self {
        let asked = Query::read(query, schemes);
        let (in_path, path) = split_path(path, schemes);
        let (in_path, in_token_path) = match in_path {
            Some(it @ Credential::Token(_)) => (None, Some(it)),
            other => (other, None),
        };
        let credential = asked.credential();
        let query = asked.rest();
        let found = in_token_path
            .map(|it| (it, Place::Path))
            .or_else(|| credential.or(in_path).map(|it| (it, Place::Url)))
            .or_else(|| Some((Credential::Token(bearer(authorization?)?), Place::Authorization)))
            .or_else(|| Some((Credential::Token(from_cookie(cookie?)?), Place::Cookie)));
        let (credential, place) = match found {
            Some((credential, place)) => (Some(credential), place),
            None => (None, Place::Url),
        };
        Self { credential, place, path, query }
    }

    /// A token that stands alone, not in a request.
    #[must_use]
    pub const fn token(text: &'r str) -> Self {
        let query = Cow::Borrowed("");
        Self { credential: Some(Credential::Token(text)), place: Place::Url, path: "/", query }
    }
}

/// `/t/<token>/rest`, `/<12 digits>/<md5>/rest`, `/<md5>/<8 hex>/rest`.
fn split_path<'r>(path: &'r str, schemes: &SchemeSet) -> (Option<Credential<'r>>, &'r str) {
    let Some((first, second, rest)) = two_segments(path) else { return (None, path) };
    if first == "t" {
        return (Some(Credential::Token(second)), rest);
    }
    let is_stamp = first.len() == 12 && first.bytes().all(|it| it.is_ascii_digit());
    if is_stamp && is_md5(second) && schemes.contains(Scheme::Alibaba(Alibaba::B)) {
        let (variant, stamp, hash) = (Alibaba::B, first, second);
        return (Some(Credential::Alibaba { variant, stamp, hash }), rest);
    }
    if is_md5(first) && is_hex_stamp(second) && schemes.contains(Scheme::Alibaba(Alibaba::C)) {
        let (variant, stamp, hash) = (Alibaba::C, second, first);
        return (Some(Credential::Alibaba { variant, stamp, hash }), rest);
    }
    (None, path)
}

/// The first two segments of a path, and what follows, which begins with a slash.
fn two_segments(path: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    let cut = rest.find('/').unwrap_or(rest.len());
    let (second, rest) = rest.split_at_checked(cut)?;
    Some((first, second, if rest.is_empty() { "/" } else { rest }))
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_hex_stamp(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// What of a query is a credential.
struct Query<'r> {
    text: &'r str,
    signs_c: bool,
    found: bool,
    token: Option<&'r str>,
    akamai: Option<&'r str>,
    auth_key: Option<&'r str>,
    policy: Option<&'r str>,
    signature: Option<&'r str>,
    key_pair: Option<&'r str>,
    hash: Option<&'r str>,
    key1: Option<&'r str>,
    key2: Option<&'r str>,
}

impl<'r> Query<'r> {
    fn read(text: &'r str, schemes: &SchemeSet) -> Self {
        let signs_c = schemes.contains(Scheme::Alibaba(Alibaba::C));
        let (token, akamai, auth_key, policy) = (None, None, None, None);
        let (signature, key_pair, key1, key2, found) = (None, None, None, None, false);
        let mut query = Self {
            text,
            signs_c,
            found,
            token,
            akamai,
            auth_key,
            policy,
            signature,
            key_pair,
            hash: None,
            key1,
            key2,
        };
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(slot) = query.slot(name) {
                // The first one counts.
                slot.get_or_insert(value);
                query.found = true;
            }
        }
        query
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<&'r str>> {
        match name {
            "token" => Some(&mut self.token),
            "hdnts" | "hdnea" => Some(&mut self.akamai),
            "auth_key" => Some(&mut self.auth_key),
            "Policy" => Some(&mut self.policy),
            "Signature" => Some(&mut self.signature),
            "Key-Pair-Id" => Some(&mut self.key_pair),
            "Hash-Algorithm" => Some(&mut self.hash),
            "KEY1" if self.signs_c => Some(&mut self.key1),
            "KEY2" if self.signs_c => Some(&mut self.key2),
            _ => None,
        }
    }

    fn credential(&self) -> Option<Credential<'r>> {
        if let Some(token) = self.token {
            return Some(Credential::Token(token));
        }
        if let Some(text) = self.akamai {
            // Some players spell the whole of it with percent signs, some only what is in it.
            let is_plain = text.contains('~');
            return Some(Credential::Akamai(if is_plain { text.into() } else { decoded(text) }));
        }
        if let Some(text) = self.auth_key {
            let (stamp, hash) = text.rsplit_once('-').unwrap_or((text, ""));
            return Some(Credential::Alibaba { variant: Alibaba::A, stamp, hash });
        }
        if let (Some(policy), Some(signature), Some(key_pair)) =
            (self.policy, self.signature, self.key_pair)
        {
            let (policy, signature) = (decoded(policy), decoded(signature));
            let (key_pair, is_sha256) = (decoded(key_pair), self.hash == Some("SHA256"));
            return Some(Credential::CloudFront { policy, signature, key_pair, is_sha256 });
        }
        match (self.key1, self.key2) {
            (Some(hash), Some(stamp)) => {
                Some(Credential::Alibaba { variant: Alibaba::C, stamp, hash })
            }
            (Some(_), None) | (None, Some(_) | None) => None,
        }
    }

    fn rest(mut self) -> Cow<'r, str> {
        if !self.found {
            return Cow::Borrowed(self.text);
        }
        let text = self.text;
        let kept = text.split('&').filter(|pair| {
            self.slot(pair.split_once('=').map_or(*pair, |(name, _)| name)).is_none()
        });
        Cow::Owned(kept.collect::<Vec<_>>().join("&"))
    }
}

/// Takes percent signs off. What they spell wrongly, or what is no UTF-8 then, stays as it was.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.first_chunk::<2>().filter(|_| byte == b'%');
        let digits = digits.and_then(|pair| str::from_utf8(pair).ok());
        let value = digits.filter(|pair| pair.bytes().all(|it| it.is_ascii_hexdigit()));
        let value = value.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(value.unwrap_or(byte));
        rest = behind.split_at_checked(if value.is_some() { 2 } else { 0 }).unwrap_or_default().1;
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_matches(' '))
}

fn from_cookie(header: &str) -> Option<&str> {
    header.split(';').find_map(|pair| pair.trim_matches(' ').strip_prefix("weir_token="))
}

#[cfg(test)]
mod tests;
