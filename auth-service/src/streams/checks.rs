//! What streams and templates may say of themselves.

use accounts::{OrganisationId, Permission, StreamPolicy, Template};
use serde_json::{Map, Value};

use crate::texts::is_unprintable;
use crate::{Actor, ServiceError};

/// Longest title, in characters: what fits above a picture.
const TITLE_CHARACTERS_MAX: usize = 200;
/// Largest options, in bytes as JSON: all keys that there are take a tenth of it.
const OPTIONS_BYTES_MAX: usize = 16 * 1_024;
/// Entries of a list in a policy: what people look after by hand. Each is looked through for every
/// viewer that is new.
const RULES_MAX: usize = 256;
/// Longest name of a host (RFC 1035, 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// Whether a title can be shown.
pub(super) fn title(text: &str) -> Result<(), ServiceError> {
    line("title", text, TITLE_CHARACTERS_MAX)
}

/// Whether a text is one line of at most so many characters.
pub(crate) fn line(what: &str, text: &str, characters_max: usize) -> Result<(), ServiceError> {
    let count = text.chars().count();
    if count > characters_max {
        return invalid(format!("the {what} has {count} characters; at most {characters_max} fit"));
    }
    if text.chars().any(is_unprintable) {
        return invalid(format!("the {what} has characters in it that cannot be shown"));
    }
    Ok(())
}

/// Whether options are small enough to be looked at.
pub(super) fn options(options: &Map<String, Value>) -> Result<(), ServiceError> {
    let bytes = serde_json::to_string(options).map_or(usize::MAX, |text| text.len());
    if bytes > OPTIONS_BYTES_MAX {
        return invalid(format!("the options have {bytes} bytes; at most {OPTIONS_BYTES_MAX} fit"));
    }
    Ok(())
}

/// Whether a policy's lists are such that somebody could be meant.
pub(super) fn policy(policy: &StreamPolicy) -> Result<(), ServiceError> {
    let rules = &policy.viewers;
    let lists = [
        ("addresses", rules.addresses.len()),
        ("countries", rules.countries.allow.len().max(rules.countries.deny.len())),
        ("pages", rules.referers.len()),
    ];
    for (what, count) in lists {
        if count > RULES_MAX {
            return invalid(format!("there are {count} {what}; at most {RULES_MAX} are allowed"));
        }
    }
    let countries = rules.countries.allow.iter().chain(&rules.countries.deny);
    for country in countries {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return invalid("a country is two capitals, as DE or CN".to_owned());
        }
    }
    for referer in &rules.referers {
        let host = referer.strip_prefix("*.").unwrap_or(referer);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.chars().all(is_letter) {
            return invalid("a page is a host as example.org, or *.example.org".to_owned());
        }
    }
    Ok(())
}

/// Whether the actor may change what is demanded of publishers, and who is asked: those who run all
/// streams may. Otherwise whom a demand is about could drop it.
pub(super) fn may_demand(
    actor: &Actor,
    organisation: &OrganisationId,
    before: &StreamPolicy,
    after: &StreamPolicy,
) -> Result<(), ServiceError> {
    let demands =
        |policy: &StreamPolicy| (policy.verified_publishers, policy.ask_publish, policy.ask_play);
    if demands(before) == demands(after) {
        return Ok(());
    }
    actor.needs(Permission::ManageStreams, organisation)
}

/// A stream's options as they hold: the template's, and over them the stream's.
pub(crate) fn merged(
    template: Option<&Template>,
    options: &Map<String, Value>,
) -> Map<String, Value> {
    let mut all = template.map(|template| template.options.clone()).unwrap_or_default();
    all.extend(options.iter().map(|(key, value)| (key.clone(), value.clone())));
    all
}

fn invalid<T>(sentence: String) -> Result<T, ServiceError> {
    Err(ServiceError::Invalid(sentence))
}
