//! The claims of a JSON web token: the registered ones (RFC 7519, 4.1) and ours.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use crate::json::Json;
use crate::{Claims, Countries, Pattern, Refusal};

/// Longest text of a claim, in bytes: longer ones are no names.
const TEXT_BYTES_MAX: usize = 256;

/// Claims as they are written. A list of one is written as such.
#[derive(Serialize)]
struct Written<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'c str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aud: &'c [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'c str>,
    #[serde(skip_serializing_if = "is_zero")]
    ver: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ses: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'c str>,
    #[serde(skip_serializing_if = "is_false")]
    mem: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    streams: &'c [Pattern],
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    addr: &'c [IpNet],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ctry: Vec<String>,
    #[serde(rename = "ref", skip_serializing_if = "<[_]>::is_empty")]
    referers: &'c [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bitrate: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes claims. Countries that may not watch have a `!` in front.
pub(super) fn write(claims: &Claims) -> Vec<u8> {
    let Countries { allow, deny } = &claims.rules.countries;
    let denied = deny.iter().map(|country| format!("!{country}"));
    let written = Written {
        iss: claims.issuer.as_deref(),
        aud: &claims.audience,
        jti: claims.id.as_deref(),
        sub: claims.viewer.as_deref(),
        ver: claims.version,
        org: claims.organisation.as_deref(),
        dev: claims.device.as_deref(),
        ses: claims.session.as_deref(),
        role: claims.role.as_deref(),
        mem: claims.is_member,
        streams: &claims.streams,
        iat: claims.issued_at_s,
        nbf: claims.not_before_s,
        exp: claims.expires_at_s,
        addr: &claims.rules.addresses,
        ctry: allow.iter().cloned().chain(denied).collect(),
        referers: &claims.rules.referers,
        sessions: claims.sessions_max,
        height: claims.height_max,
        bitrate: claims.bitrate_max,
    };
    serde_json::to_vec(&written).unwrap_or_default()
}

/// Reads claims. Those of others that mean nothing here are ignored (RFC 7519, 4); ours in another
/// form are refused, lest a limit is not seen.
pub(super) fn read(members: Vec<(String, Json)>) -> Result<Claims, Refusal> {
    let mut claims = Claims::default();
    let mut expires_at_s = None;
    for (name, value) in members {
        let odd = Refusal::Malformed("one of its claims is not of the form that it must have");
        let done = match name.as_str() {
            "iss" => text(value).map(|it| claims.issuer = Some(it)),
            "aud" => texts(value).map(|it| claims.audience = it),
            "jti" => text(value).map(|it| claims.id = Some(it)),
            "sub" => text(value).map(|it| claims.viewer = Some(it)),
            "ver" => number(&value).map(|it| claims.version = it),
            "org" => text(value).map(|it| claims.organisation = Some(it)),
            "dev" => text(value).map(|it| claims.device = Some(it)),
            "ses" => text(value).map(|it| claims.session = Some(it)),
            "role" => text(value).map(|it| claims.role = Some(it)),
            "mem" => flag(&value).map(|it| claims.is_member = it),
            "streams" => patterns(value).map(|it| claims.streams = it),
            "iat" => date(&value).map(|it| claims.issued_at_s = Some(it)),
            "nbf" => date(&value).map(|it| claims.not_before_s = Some(it)),
            "exp" => date(&value).map(|it| expires_at_s = Some(it)),
            "addr" => nets(value).map(|it| claims.rules.addresses = it),
            "ctry" => countries(value).map(|it| claims.rules.countries = it),
            "ref" => some_texts(value).map(|it| claims.rules.referers = it),
            "sessions" => number(&value).map(|it| claims.sessions_max = Some(it)),
            "height" => number(&value).map(|it| claims.height_max = Some(it)),
            "bitrate" => number(&value).map(|it| claims.bitrate_max = Some(it)),
            _ => Some(()),
        };
        done.ok_or(odd)?;
    }
    claims.expires_at_s = expires_at_s.ok_or(Refusal::Malformed("it never ends"))?;
    Ok(claims)
}

/// Whether a token is made by the key's issuer, and for us.
pub(super) fn check(
    claims: &Claims,
    issuer: Option<&str>,
    audience: Option<&str>,
) -> Result<(), Refusal> {
    if issuer.is_some() && claims.issuer.as_deref() != issuer {
        return Err(Refusal::Audience("or by somebody else"));
    }
    let is_for_us = match audience {
        Some(us) => claims.audience.iter().any(|it| it == us),
        None => claims.audience.is_empty(),
    };
    if is_for_us { Ok(()) } else { Err(Refusal::Audience("another audience")) }
}

fn text(value: Json) -> Option<String> {
    let Json::Text(text) = value else { return None };
    (text.len() <= TEXT_BYTES_MAX).then_some(text)
}

/// A list of texts, or one.
fn texts(value: Json) -> Option<Vec<String>> {
    if let Json::List(list) = value {
        return list.into_iter().map(text).collect();
    }
    text(value).map(|it| vec![it])
}

/// As [`texts`], for rules: a list without any would allow everything.
fn some_texts(value: Json) -> Option<Vec<String>> {
    texts(value).filter(|texts| !texts.is_empty())
}

fn patterns(value: Json) -> Option<Vec<Pattern>> {
    texts(value)?.iter().map(|it| Pattern::parse(it).ok()).collect()
}

/// Subnets; an address is a subnet of one.
fn nets(value: Json) -> Option<Vec<IpNet>> {
    let net = |it: &String| {
        it.parse().ok().or_else(|| it.parse::<IpAddr>().ok().map(|it| it.to_canonical().into()))
    };
    some_texts(value)?.iter().map(net).collect()
}

fn countries(value: Json) -> Option<Countries> {
    let mut countries = Countries::default();
    for name in some_texts(value)? {
        let (list, name) = match name.strip_prefix('!') {
            Some(name) => (&mut countries.deny, name),
            None => (&mut countries.allow, name.as_str()),
        };
        let is_country = name.len() == 2 && name.bytes().all(|it| it.is_ascii_uppercase());
        list.push(is_country.then(|| name.to_owned())?);
    }
    Some(countries)
}

fn flag(value: &Json) -> Option<bool> {
    let Json::Bool(flag) = value else { return None };
    Some(*flag)
}

fn number<N: TryFrom<i64>>(value: &Json) -> Option<N> {
    let Json::Integer(number) = value else { return None };
    N::try_from(*number).ok()
}

/// Seconds since the Unix epoch, which some write with a fraction (RFC 7519, 2).
fn date(value: &Json) -> Option<i64> {
    /// Up to here a float has whole seconds; this is in the year 285,000,000.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if let Json::Integer(seconds) = value {
        return Some(*seconds);
    }
    let Json::Float(seconds) = value else { return None };
    if seconds.abs() > WHOLE_MAX {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was just compared")]
    Some(seconds.floor() as i64)
}
