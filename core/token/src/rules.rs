//! Where viewers may be, and where they may come from.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

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
