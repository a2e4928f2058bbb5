//! CloudFront's custom policies: JSON that says what may be had until when, signed with RSA.
//!
//! CloudFront signs with SHA-1, or with SHA-256 where the query says `Hash-Algorithm=SHA256`. Of a
//! resource the path is compared: the host in front of it is that of a network for delivery, not
//! ours. A policy without a resource would open everything, and is refused.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::json::{self, Json};
use crate::keyring::Trusted;
use crate::verified::{Opens, Signed};
use crate::{
    Claims, Key, KeyKind, Refusal, Rules, Scheme, TOKEN_BYTES_MAX, Verified, Verifier, base64url,
};

/// Objects and lists within one another: policy, statements, statement, condition, comparison.
const DEPTH_MAX: u8 = 5;

/// What a request shows.
pub(crate) struct Shown<'r> {
    pub(crate) policy: &'r str,
    pub(crate) signature: &'r str,
    pub(crate) key_pair: &'r str,
    pub(crate) is_sha256: bool,
}

/// Verifies a policy.
pub(crate) fn verify(shown: &Shown<'_>, trusted: &Trusted<'_>) -> Result<Verified, Refusal> {
    if shown.policy.len().saturating_add(shown.signature.len()) > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed("it is too long"));
    }
    let spelling = Refusal::Malformed("its policy or signature is not spelled as it must be");
    let policy = decode(shown.policy).ok_or_else(|| spelling.clone())?;
    let signature = decode(shown.signature).ok_or(spelling)?;
    let is_named = |key: &Key| of_cloud_front(key).is_some_and(|it| it.0 == shown.key_pair);
    let keys = trusted.of(Scheme::CloudFront, is_named);
    if keys.is_empty() {
        return Err(Refusal::UnknownKey);
    }
    let has_signed = |key: &&Arc<Key>| {
        of_cloud_front(key).is_some_and(|(_, sha1, sha256)| {
            let verifier = if shown.is_sha256 { sha256 } else { sha1 };
            verifier.verify(&policy, &signature)
        })
    };
    let key = keys.into_iter().find(has_signed).ok_or(Refusal::Signature)?;
    Verified::new(Scheme::CloudFront, read(&policy)?, key)
}

/// What a policy says, whoever made it.
pub(crate) fn said(policy: &str) -> Result<Signed, Refusal> {
    if policy.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed("it is too long"));
    }
    read(&decode(policy).ok_or(Refusal::Malformed("its policy is not spelled as it must be"))?)
}

fn of_cloud_front(key: &Key) -> Option<(&str, &Verifier, &Verifier)> {
    match &key.kind {
        KeyKind::CloudFront { key_pair, sha1, sha256 } => Some((key_pair, sha1, sha256)),
        KeyKind::Jwt { .. } | KeyKind::Path(_) | KeyKind::Alibaba { .. } | KeyKind::Akamai(_) => {
            None
        }
    }
}

/// Base 64 with the letters that CloudFront puts for those that mean something in a URL.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['+', '/', '=']) {
        return None;
    }
    base64url::decode_common(&text.replace('-', "+").replace('_', "=").replace('~', "/"))
}

/// Reads a policy. What is not known of it is a condition, and refused.
fn read(policy: &[u8]) -> Result<Signed, Refusal> {
    let odd = || Refusal::Malformed("its policy is not as CloudFront's are, or says a thing twice");
    let policy = json::object(policy, DEPTH_MAX).ok_or_else(odd)?;
    let statement = match only(policy, "Statement") {
        Some(Json::List(list)) => <[Json; 1]>::try_from(list).ok(),
        Some(_) | None => None,
    };
    let Some([Json::Object(statement)]) = statement else { return Err(odd()) };
    let (mut resource, mut condition) = (None, None);
    for (name, value) in statement {
        match (name.as_str(), value) {
            ("Resource", Json::Text(text)) => resource = Some(text),
            ("Condition", Json::Object(members)) => condition = Some(members),
            ("Resource" | "Condition", _) => return Err(odd()),
            _ => return Err(Refusal::Critical("something else of a policy")),
        }
    }
    let claims = conditions(condition.ok_or_else(odd)?)?;
    let resource = resource.as_deref().and_then(path_of);
    let resource = resource.ok_or(Refusal::Malformed("its policy names no resource"))?;
    Ok(Signed { claims, opens: Opens::Paths([resource.into()].into()) })
}

fn conditions(members: Vec<(String, Json)>) -> Result<Claims, Refusal> {
    let odd = || Refusal::Malformed("a condition of its policy is not as it must be");
    let (mut claims, mut end) = (Claims::default(), None);
    for (name, value) in members {
        let Json::Object(comparison) = value else { return Err(odd()) };
        match name.as_str() {
            "DateLessThan" => end = Some(epoch(comparison).ok_or_else(odd)?),
            // It begins in the second after.
            "DateGreaterThan" => {
                let start_s = epoch(comparison).ok_or_else(odd)?;
                claims.not_before_s = Some(start_s.saturating_add(1));
            }
            "IpAddress" => claims.rules = addresses(comparison).ok_or_else(odd)?,
            _ => return Err(Refusal::Critical("another condition of a policy")),
        }
    }
    claims.expires_at_s = end.ok_or(Refusal::Malformed("it never ends"))?;
    Ok(claims)
}

fn epoch(comparison: Vec<(String, Json)>) -> Option<i64> {
    let Some(Json::Integer(seconds)) = only(comparison, "AWS:EpochTime") else { return None };
    Some(seconds)
}

/// An address or a subnet. All of IPv4 means everybody, there.
fn addresses(comparison: Vec<(String, Json)>) -> Option<Rules> {
    let Some(Json::Text(text)) = only(comparison, "AWS:SourceIp") else { return None };
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let net: IpNet = text.parse().ok().or_else(address)?;
    let addresses = if net.prefix_len() == 0 { vec![] } else { vec![net] };
    Some(Rules { addresses, ..Rules::default() })
}

/// The one member that there may be.
fn only(members: Vec<(String, Json)>, expected: &str) -> Option<Json> {
    let [(name, value)] = <[_; 1]>::try_from(members).ok()?;
    (name == expected).then_some(value)
}

/// What of a resource is compared with a path: all of it without its scheme and host.
fn path_of(resource: &str) -> Option<&str> {
    if resource == "*" || resource.starts_with('/') {
        return Some(resource);
    }
    let (_, rest) = resource.split_once("://")?;
    match rest.find('/') {
        Some(slash) => rest.get(slash..),
        // `https://*` is every host with every path.
        None => rest.ends_with('*').then_some("*"),
    }
}
