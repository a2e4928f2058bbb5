//! Akamai's tokens, "Auth Token 2.0": `exp=…~acl=…~hmac=…`, with an HMAC-SHA256 in hex over all
//! that stands before it and, where there is no `acl`, over the path as `url`.
//!
//! Fields: `st` and `exp` (when it begins and ends), `ip`, `acl` (paths with wildcards, several
//! with `!` between them), `id` and `data`. A `salt` is not taken.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::constant_time;

use crate::key::Mac;
use crate::keyring::Trusted;
use crate::presented::decoded;
use crate::verified::{Opens, Signed};
use crate::{Claims, Key, KeyError, KeyKind, Refusal, Rules, Scheme, TOKEN_BYTES_MAX, Verified};

/// Paths of one `acl`.
const PATHS_MAX: usize = 32;
/// Longest `id` or `data`, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Makes a token of Akamai's form that opens `acl` from `start_s` until `end_s`; `secret_hex` is
/// the key as Akamai's console shows it.
///
/// # Errors
///
/// When the secret is not hex, too short or too long.
pub fn akamai_token(
    secret_hex: &[u8],
    acl: &str,
    start_s: Option<i64>,
    end_s: i64,
    address: Option<IpAddr>,
) -> Result<String, KeyError> {
    let mut token = String::new();
    if let Some(address) = address {
        let _ = write!(token, "ip={address}~");
    }
    if let Some(start_s) = start_s {
        let _ = write!(token, "st={start_s}~");
    }
    let _ = write!(token, "exp={end_s}~acl={acl}");
    let mac = hex(&Mac::akamai(secret_hex)?.sign(token.as_bytes()));
    let _ = write!(token, "~hmac={mac}");
    Ok(token)
}

/// Verifies a token that is shown for `path`.
pub(crate) fn verify(text: &str, path: &str, trusted: &Trusted<'_>) -> Result<Verified, Refusal> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed("it is too long"));
    }
    let (signed, mac) = text
        .rsplit_once("~hmac=")
        .ok_or(Refusal::Malformed("its fields do not end with an hmac"))?;
    let fields = Fields::read(signed)?;
    let candidates = match &fields.acl {
        Some(_) => vec![signed.to_owned()],
        None => {
            let spelled = escaped(path);
            vec![format!("{signed}~url={path}"), format!("{signed}~url={spelled}")]
        }
    };
    let keys = trusted.of(Scheme::Akamai, |_| true);
    if keys.is_empty() {
        return Err(Refusal::UnknownKey);
    }
    let has_signed = |key: &&Arc<Key>| {
        of_akamai(key).is_some_and(|own| {
            candidates.iter().any(|candidate| {
                let expected = hex(&own.sign(candidate.as_bytes()));
                constant_time::verify_slices_are_equal(expected.as_bytes(), mac.as_bytes()).is_ok()
            })
        })
    };
    let key = keys.into_iter().find(has_signed).ok_or(Refusal::Signature)?;
    Verified::new(Scheme::Akamai, fields.signed(path), key)
}

/// What a token says, whoever made it.
pub(crate) fn said(text: &str, path: &str) -> Result<Signed, Refusal> {
    let signed = text.rsplit_once("~hmac=").map_or(text, |(signed, _)| signed);
    Ok(Fields::read(signed)?.signed(path))
}

fn of_akamai(key: &Arc<Key>) -> Option<&Mac> {
    match &key.kind {
        KeyKind::Akamai(mac) => Some(mac),
        KeyKind::Jwt { .. }
        | KeyKind::Path(_)
        | KeyKind::Alibaba { .. }
        | KeyKind::CloudFront { .. } => None,
    }
}

/// What the fields of a token say.
struct Fields {
    claims: Claims,
    acl: Option<Box<[Box<str>]>>,
}

impl Fields {
    fn read(text: &str) -> Result<Self, Refusal> {
        let odd = || Refusal::Malformed("its fields are not as they must be, or there twice");
        let (mut start, mut end, mut address, mut acl) = (None, None, None, None);
        let (mut id, mut data) = (None, None);
        for field in text.split('~') {
            let (name, value) = field.split_once('=').ok_or_else(odd)?;
            let slot = match name {
                "st" => &mut start,
                "exp" => &mut end,
                "ip" => &mut address,
                "acl" => &mut acl,
                "id" => &mut id,
                "data" => &mut data,
                _ => return Err(Refusal::Critical("a field of another kind")),
            };
            if slot.replace(value).is_some() {
                return Err(odd());
            }
        }
        let end = end.ok_or(Refusal::Malformed("it never ends"))?;
        let mut rules = Rules::default();
        if let Some(text) = address {
            let address: IpAddr = decoded(text).parse().map_err(|_| odd())?;
            rules.addresses.push(address.to_canonical().into());
        }
        let claims = Claims {
            id: id.map(name).transpose()?,
            viewer: data.map(name).transpose()?,
            not_before_s: start.map(seconds).transpose()?,
            expires_at_s: seconds(end)?,
            rules,
            ..Claims::default()
        };
        Ok(Self { claims, acl: acl.map(paths).transpose()? })
    }
}

impl Fields {
    fn signed(self, path: &str) -> Signed {
        let opens = match self.acl {
            Some(acl) => Opens::Paths(acl),
            None => Opens::Path(path.into()),
        };
        Signed { claims: self.claims, opens }
    }
}

fn seconds(text: &str) -> Result<i64, Refusal> {
    let is_number = text.bytes().all(|it| it.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or(Refusal::Malformed("a time of it is not in seconds since 1970"))
}

fn name(text: &str) -> Result<String, Refusal> {
    let text = decoded(text);
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::Malformed("its id or its data is empty or too long"));
    }
    Ok(text.into_owned())
}

fn paths(acl: &str) -> Result<Box<[Box<str>]>, Refusal> {
    let paths: Box<[Box<str>]> = decoded(acl).split('!').map(Into::into).collect();
    if paths.len() > PATHS_MAX || paths.iter().any(|path| path.is_empty()) {
        return Err(Refusal::Malformed("one of its paths is empty, or they are too many"));
    }
    Ok(paths)
}

/// A path as those spell it who escape before they sign: every byte but letters, digits and a few
/// marks, in small hex digits.
fn escaped(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02x}");
            }
        }
        text
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
