//! Who asks, behind the balancers and caches in front.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, COOKIE, ORIGIN, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use authz::PlayRequest;
use token::Facts;

use crate::Config;

/// Those whose word about a viewer is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    country_header: Option<HeaderName>,
}

/// What is known of who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Client<'r> {
    /// Who is at the other end of the socket.
    peer: IpAddr,
    /// The viewer's address, if it is known.
    address: Option<IpAddr>,
    country: Option<&'r str>,
}

impl Proxies {
    pub(crate) fn new(config: &Config) -> Self {
        let Config { trusted_proxies, country_header, .. } = config;
        Self { trusted: trusted_proxies.clone(), country_header: country_header.clone() }
    }

    /// Reads who asks, by the socket and by what proxies say that are trusted.
    pub(crate) fn client<'r>(&self, peer: IpAddr, headers: &'r HeaderMap) -> Client<'r> {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Client { peer, address: Some(peer), country: None };
        }
        Client { peer, address: self.forwarded(peer, headers), country: self.country(headers) }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    /// The first address from the right that is no trusted proxy's: each proxy writes at the end
    /// from whom it has the request, and what is left of a stranger's address is his own tale.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut last = peer;
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            for entry in line.to_str().ok()?.rsplit(',') {
                // A trusted proxy that writes no address does not know whom it serves.
                last = address(entry.trim())?;
                if !self.trusts(last) {
                    return Some(last);
                }
            }
        }
        Some(last)
    }

    /// Two letters, given once: a proxy that leaves a viewer's own header where it was is no
    /// witness.
    fn country<'r>(&self, headers: &'r HeaderMap) -> Option<&'r str> {
        let mut lines = headers.get_all(self.country_header.as_ref()?).iter();
        let (line, None) = (lines.next()?.to_str().ok()?.trim(), lines.next()) else { return None };
        let is_country = line.len() == 2 && line.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_country && !NO_COUNTRY.contains(&line)).then_some(line)
    }
}

impl<'r> Client<'r> {
    /// The viewer's address as far as it is known, for limits per address.
    pub(crate) fn nearest(&self) -> IpAddr {
        self.address.unwrap_or(self.peer)
    }

    /// What decides about the request, at `now_s`.
    pub(crate) fn request(&self, head: &'r Parts, path: &'r str, now_s: i64) -> PlayRequest<'r> {
        let text =
            |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let referer = text(REFERER).or_else(|| text(ORIGIN));
        PlayRequest {
            path,
            query: head.uri.query().unwrap_or_default(),
            authorization: text(AUTHORIZATION),
            cookie: text(COOKIE),
            facts: Facts { now_s, address: self.address, country: self.country, referer },
            agent: text(USER_AGENT),
        }
    }
}

/// An address as proxies write it: alone, or with a port, or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address: IpAddr = match bare.unwrap_or(text).parse() {
        Ok(address) => address,
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What caches write when they do not know: ISO 3166-1 leaves these codes to users.
const NO_COUNTRY: [&str; 2] = ["XX", "ZZ"];
