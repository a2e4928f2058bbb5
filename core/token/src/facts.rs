//! What is known of a request besides its token.

use std::net::IpAddr;

/// Where a request comes from, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts<'f> {
    /// Now, in seconds since the Unix epoch.
    pub now_s: i64,
    /// The viewer's address, behind all trusted proxies.
    pub address: Option<IpAddr>,
    /// The country, as ISO 3166-1 alpha-2 in capitals, if a trusted proxy says it.
    pub country: Option<&'f str>,
    /// The `Referer` header, or the `Origin` where there is none.
    pub referer: Option<&'f str>,
}
