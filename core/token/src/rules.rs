//! Where viewers may be, and where they may come from.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{Facts, Refusal};

/// What a viewer's address, country and referring page must be. Empty lists allow everything; a
/// rule about something that is not known of a request refuses it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rules {
    /// Addresses and subnets that may.
    pub addresses: Vec<IpNet>,
    /// Countries that may or may not.
    pub countries: Countries,
    /// Host names of pages that may show it: `example.org`, or `*.example.org` for all below it.
    pub referers: Vec<String>,
}

/// Countries, as ISO 3166-1 alpha-2 in capitals.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Countries {
    /// Those that may; empty means all.
    pub allow: Vec<String>,
    /// Those that may not.
    pub deny: Vec<String>,
}

impl Rules {
    /// Whether a request may have what the rules are about.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks: about its address, its country, or the page that it is on.
    pub fn admit(&self, facts: &Facts<'_>) -> Result<(), Refusal> {
        let in_one_of = |ip: IpAddr| self.addresses.iter().any(|net| net.contains(&ip));
        if !self.addresses.is_empty()
            && !facts.address.is_some_and(|ip| in_one_of(ip.to_canonical()))
        {
            return Err(Refusal::Address);
        }
        if !self.countries.admit(facts.country) {
            return Err(Refusal::Country);
        }
        let host = || facts.referer.and_then(host);
        if !self.referers.is_empty()
            && !host().is_some_and(|host| self.referers.iter().any(|rule| is_below(host, rule)))
        {
            return Err(Refusal::Referer);
        }
        Ok(())
    }
}

impl Countries {
    pub(crate) fn admit(&self, country: Option<&str>) -> bool {
        if self.allow.is_empty() && self.deny.is_empty() {
            return true;
        }
        let names = |list: &[String]| {
            list.iter().any(|name| country.is_some_and(|it| it.eq_ignore_ascii_case(name)))
        };
        country.is_some() && (self.allow.is_empty() || names(&self.allow)) && !names(&self.deny)
    }
}

/// The host of a page's address, without its port. What stands before an `@` is no host.
fn host(referer: &str) -> Option<&str> {
    let (scheme, rest) = referer.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return host.split_once(']').map(|(host, _)| host.trim_start_matches('['));
    }
    let host = host.split(':').next().unwrap_or_default();
    Some(host.strip_suffix('.').unwrap_or(host)).filter(|host| !host.is_empty())
}

/// Whether `host` is the rule's host or, for `*.example.org`, one below it.
fn is_below(host: &str, rule: &str) -> bool {
    match rule.strip_prefix('*') {
        None => host.eq_ignore_ascii_case(rule),
        Some(end) => {
            let cut = host.len().saturating_sub(end.len());
            end.starts_with('.')
                && cut > 0
                && host.get(cut..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        }
    }
}

#[cfg(test)]
mod tests;
