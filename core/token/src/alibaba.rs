//! Alibaba Cloud's URL signatures of types A, B and C, as its CDN's manual describes them: an MD5
//! over the path, a time stamp and a secret. A URL is good until its time stamp and the validity
//! that is configured have passed.
//!
//! The path alone is signed, without its query, and opened: that path and no other.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::constant_time;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use md5::{Digest, Md5};

use crate::keyring::Trusted;
use crate::verified::{Opens, Signed};
use crate::{Alibaba, Claims, Key, KeyKind, Refusal, Scheme, Secret, Verified};

/// Longest random number or user id, in bytes: twice a UUID in hex.
const FIELD_BYTES_MAX: usize = 64;

/// Time stamps of type B are China's time.
const CHINA: Offset = jiff::tz::offset(8);

/// The value of `auth_key` that opens `path`: type A. `random` and `user` have no dashes; both are
/// `0` where nobody asks for them.
#[must_use]
pub fn auth_key(path: &str, secret: &Secret, stamp_s: i64, random: &str, user: &str) -> String {
    let stamp = format!("{stamp_s}-{random}-{user}");
    let hash = md5_of(Alibaba::A, path, &stamp, secret);
    format!("{stamp}-{hash}")
}

/// `path` with its signature: a path, and for type A a query. `None` for a time that cannot be
/// written.
#[must_use]
pub fn signed_path(variant: Alibaba, path: &str, secret: &Secret, stamp_s: i64) -> Option<String> {
    let stamp = match variant {
        Alibaba::A => {
            return Some(format!("{path}?auth_key={}", auth_key(path, secret, stamp_s, "0", "0")));
        }
        Alibaba::B => {
            let at = Timestamp::from_second(stamp_s).ok()?;
            at.to_zoned(TimeZone::fixed(CHINA)).strftime("%Y%m%d%H%M").to_string()
        }
        Alibaba::C => format!("{:08X}", u32::try_from(stamp_s).ok()?),
    };
    let hash = md5_of(variant, path, &stamp, secret);
    Some(match variant {
        Alibaba::A | Alibaba::C => format!("/{hash}/{stamp}{path}"),
        Alibaba::B => format!("/{stamp}/{hash}{path}"),
    })
}

/// Verifies a signature of `path`.
pub(crate) fn verify(
    variant: Alibaba,
    stamp: &str,
    hash: &str,
    path: &str,
    trusted: &Trusted<'_>,
) -> Result<Verified, Refusal> {
    let scheme = Scheme::Alibaba(variant);
    said(variant, stamp, path)?;
    let keys = trusted.of(scheme, |_| true);
    if keys.is_empty() {
        return Err(Refusal::UnknownKey);
    }
    let (key, validity_s) = keys
        .into_iter()
        .find_map(|key| {
            let (secret, validity_s) = of_alibaba(key)?;
            let expected = md5_of(variant, path, stamp, secret);
            let equal =
                constant_time::verify_slices_are_equal(expected.as_bytes(), hash.as_bytes());
            equal.is_ok().then_some((key, validity_s))
        })
        .ok_or(Refusal::Signature)?;
    let mut signed = said(variant, stamp, path)?;
    // It is good in the last second, too.
    let validity_s = i64::from(validity_s).saturating_add(1);
    signed.claims.expires_at_s = signed.claims.expires_at_s.saturating_add(validity_s);
    Verified::new(scheme, signed, key)
}

/// What a URL says, whoever made it. It ends with its time stamp: how long it is good beyond that
/// is known of its key.
pub(crate) fn said(variant: Alibaba, stamp: &str, path: &str) -> Result<Signed, Refusal> {
    let Stamp { stamp_s, user } = Stamp::read(variant, stamp)
        .ok_or(Refusal::Malformed("its time stamp is not of the form that its type has"))?;
    let claims = Claims { viewer: user, expires_at_s: stamp_s, ..Claims::default() };
    Ok(Signed { claims, opens: Opens::Path(path.into()) })
}

fn of_alibaba(key: &Arc<Key>) -> Option<(&Secret, u32)> {
    match &key.kind {
        KeyKind::Alibaba { secret, validity_s, .. } => Some((secret, *validity_s)),
        KeyKind::Jwt { .. }
        | KeyKind::Path(_)
        | KeyKind::Akamai(_)
        | KeyKind::CloudFront { .. } => None,
    }
}

/// A time stamp, and what else stands with it.
struct Stamp {
    stamp_s: i64,
    /// The user's id of type A, unless it is 0, which means nobody.
    user: Option<String>,
}

impl Stamp {
    fn read(variant: Alibaba, text: &str) -> Option<Self> {
        match variant {
            Alibaba::A => {
                let mut fields = text.split('-');
                let (time, random, user) = (fields.next()?, fields.next()?, fields.next()?);
                let is_time = time.len() == 10 && time.bytes().all(|it| it.is_ascii_digit());
                if !is_time || fields.next().is_some() || !is_field(random) || !is_field(user) {
                    return None;
                }
                let user = (user != "0").then(|| user.to_owned());
                Some(Self { stamp_s: time.parse().ok()?, user })
            }
            Alibaba::B => {
                let is_time = text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
                let at = DateTime::strptime("%Y%m%d%H%M", text).ok().filter(|_| is_time)?;
                let at = at.to_zoned(TimeZone::fixed(CHINA)).ok()?;
                Some(Self { stamp_s: at.timestamp().as_second(), user: None })
            }
            Alibaba::C => {
                let is_time = text.len() == 8 && text.bytes().all(|it| it.is_ascii_hexdigit());
                let stamp_s = u32::from_str_radix(text, 16).ok().filter(|_| is_time)?;
                Some(Self { stamp_s: stamp_s.into(), user: None })
            }
        }
    }
}

fn is_field(text: &str) -> bool {
    (1..=FIELD_BYTES_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// The hash, in small hex digits.
fn md5_of(variant: Alibaba, path: &str, stamp: &str, secret: &Secret) -> String {
    let (path, stamp, secret) = (path.as_bytes(), stamp.as_bytes(), secret.expose());
    let mut hash = Md5::new();
    let pieces: &[&[u8]] = match variant {
        Alibaba::A => &[path, b"-", stamp, b"-", secret],
        Alibaba::B => &[secret, stamp, path],
        Alibaba::C => &[secret, path, stamp],
    };
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
