//! Accounts, and where viewers come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use accounts::Access;
use authz::HookSecret;
use http::HeaderName;
use ipnet::IpNet;
use runtime::Secret;
use url::Url;

use super::ConfigError;
use super::checked::{one_of, value, within};
use super::raw::{RawAuth, RawEdge};

/// Users, devices, keys and tokens.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    /// What links in letters begin with, without a slash at the end.
    pub(crate) public_url: Option<String>,
    /// What encoders are told, without an application and a slash at the end.
    pub(crate) ingest_url: Option<String>,
    pub(crate) root_secret: Option<Secret>,
    pub(crate) mail: Mail,
    pub(crate) mail_from: String,
    pub(crate) devices_max: u32,
    pub(crate) streams_max: u32,
    pub(crate) access: Access,
    pub(crate) hook: Option<Hook>,
}

/// Where letters go.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    /// Into a folder, for development.
    Folder(PathBuf),
    /// To a mail server: its URL, with a password in it.
    Smtp(Secret),
}

/// The customer's own endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) secret: HookSecret,
    pub(crate) timeout: Duration,
    pub(crate) fail_open: bool,
}

/// Shortest root secret: 32 characters that nobody guesses have more than 128 bits.
const ROOT_CHARACTERS_MIN: usize = 32;
/// How long an endpoint may take at most: encoders give up after some ten seconds.
const HOOK_TIMEOUT_MAX: Duration = Duration::from_secs(5);

pub(super) fn check(raw: &RawAuth, data: &Path) -> Result<Auth, ConfigError> {
    let access = Access::parse(&raw.access).ok_or_else(|| {
        let words = "\"public\", \"unlisted\", \"token\", \"password\" or \"private\"";
        one_of("auth.access", &raw.access, words)
    })?;
    if access == Access::Password {
        let problem = "a new stream has no password yet: give each its own".to_owned();
        return Err(value("auth.access", problem));
    }
    Ok(Auth {
        public_url: server_url(VIEWERS, &raw.public_url)?,
        ingest_url: server_url(ENCODERS, &raw.ingest_url)?,
        root_secret: secret("auth.root_secret", &raw.root_secret.0, ROOT_CHARACTERS_MIN)?,
        mail: mail(&raw.mail.0, data)?,
        mail_from: raw.mail_from.clone(),
        devices_max: raw.devices_max,
        streams_max: raw.streams_max,
        access,
        hook: hook(raw)?,
    })
}

/// The proxies that are believed.
pub(super) fn trusted_proxies(raw: &RawEdge) -> Result<Vec<IpNet>, ConfigError> {
    let net = |text: &String| {
        let net = text.parse().or_else(|_| text.parse().map(|ip: std::net::IpAddr| ip.into()));
        net.map_err(|_| {
            let problem =
                format!("{text:?} is no address or subnet, as \"10.0.0.5\" or \"10.0.0.0/8\"");
            value("edge.trusted_proxies", problem)
        })
    };
    raw.trusted_proxies.iter().map(net).collect()
}

/// The header in which they say the country.
pub(super) fn country_header(raw: &RawEdge) -> Result<Option<HeaderName>, ConfigError> {
    let text = raw.country_header.as_str();
    if text.is_empty() {
        return Ok(None);
    }
    let name = HeaderName::try_from(text);
    name.map(Some)
        .map_err(|_| value("edge.country_header", format!("{text:?} is no header's name")))
}

/// A key that names a server, and what may stand there.
struct ServerUrl {
    key: &'static str,
    schemes: [&'static str; 2],
    example: &'static str,
}

const VIEWERS: ServerUrl = ServerUrl {
    key: "auth.public_url",
    schemes: ["http", "https"],
    example: "https://live.example.org",
};
const ENCODERS: ServerUrl = ServerUrl {
    key: "auth.ingest_url",
    schemes: ["rtmp", "rtmps"],
    example: "rtmps://live.example.org",
};

fn server_url(of: ServerUrl, text: &str) -> Result<Option<String>, ConfigError> {
    let ServerUrl { key, schemes, example } = of;
    if text.is_empty() {
        return Ok(None);
    }
    let is_plain = |url: &Url| {
        schemes.contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && matches!(url.path(), "" | "/")
    };
    let url = Url::parse(text).ok().filter(is_plain);
    let url =
        url.ok_or_else(|| value(key, format!("{text:?} is no address of a server, as {example}")))?;
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

fn secret(
    key: &'static str,
    text: &str,
    characters_min: usize,
) -> Result<Option<Secret>, ConfigError> {
    match text.chars().count() {
        0 => Ok(None),
        count if count < characters_min => {
            let problem = format!("it has {count} characters; it needs {characters_min} or more");
            Err(value(key, problem))
        }
        _ => Ok(Some(Secret::new(text))),
    }
}

/// Nothing that was written is repeated: a password may be in it.
fn mail(text: &str, data: &Path) -> Result<Mail, ConfigError> {
    if text.is_empty() {
        return Ok(Mail::Folder(data.join("mail")));
    }
    if let Some(folder) = text.strip_prefix("file:").filter(|folder| !folder.is_empty()) {
        return Ok(Mail::Folder(PathBuf::from(folder)));
    }
    let url = Url::parse(text).ok();
    if url.is_some_and(|url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host()) {
        return Ok(Mail::Smtp(Secret::new(text)));
    }
    let problem = "write \"smtps://user:password@host\", \"smtp://…?tls=required\" or \
                   \"file:FOLDER\"";
    Err(value("auth.mail", problem.to_owned()))
}

fn hook(raw: &RawAuth) -> Result<Option<Hook>, ConfigError> {
    const KEY: &str = "auth.hook_url";
    if raw.hook_url.is_empty() {
        return Ok(None);
    }
    let fits = |url: &Url| {
        let loopback = match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        (url.scheme() == "https" || url.scheme() == "http" && loopback)
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = Url::parse(&raw.hook_url).ok().filter(fits).ok_or_else(|| {
        let problem = "it is no https URL without a user, as https://example.org/weir; \
                       http is for this machine only";
        value(KEY, problem.to_owned())
    })?;
    let secret = HookSecret::parse(&raw.hook_secret.0).map_err(|_| {
        let problem = "its questions are signed: write \"whsec_\" and 24 to 64 random bytes in \
                       base64, as Standard Webhooks has it";
        value("auth.hook_secret", problem.to_owned())
    })?;
    within("auth.hook_timeout", raw.hook_timeout, Duration::from_millis(100), HOOK_TIMEOUT_MAX)?;
    let timeout = raw.hook_timeout.0;
    Ok(Some(Hook { url: url.into(), secret, timeout, fail_open: raw.hook_fail_open }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn config(set: &[&str]) -> Result<Config, String> {
        let set = set.iter().map(ToString::to_string).collect();
        let raw = Sources { set, ..Sources::default() }.read().map_err(|e| e.to_string())?;
        Config::check(raw, false).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(set: &[&str], expected: &str) {
        assert_eq!(config(set).map(|_| ()).unwrap_err(), expected, "{set:?}");
    }

    #[test]
    fn a_new_server_keeps_its_letters_and_asks_nobody() {
        let auth = config(&[]).unwrap().auth;
        assert!(matches!(auth.mail, Mail::Folder(folder) if folder.ends_with("data/mail")));
        assert!(auth.hook.is_none() && auth.root_secret.is_none());
        assert_eq!(auth.access, Access::Public);
    }

    #[test]
    fn secrets_are_measured_and_never_repeated() {
        refused(
            &["auth.root_secret=hunter2"],
            "auth.root_secret: it has 7 characters; it needs 32 or more",
        );
        refused(
            &["auth.mail=smpt://me:hunter2@mail.example"],
            "auth.mail: write \"smtps://user:password@host\", \"smtp://…?tls=required\" or \
             \"file:FOLDER\"",
        );
        let config = config(&["auth.mail=smtp://me:hunter2@mail.example:587"]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn an_endpoint_is_asked_safely_or_not_at_all() {
        let bad = "auth.hook_url: it is no https URL without a user, as https://example.org/weir; \
                   http is for this machine only";
        for url in ["http://example.org/", "https://me:pw@example.org/", "ftp://a/", "x"] {
            refused(&[&format!("auth.hook_url={url}")], bad);
        }
        for secret in ["", "hunter2", "whsec_aHVudGVyMg=="] {
            refused(
                &["auth.hook_url=https://example.org/", &format!("auth.hook_secret={secret}")],
                "auth.hook_secret: its questions are signed: write \"whsec_\" and 24 to 64 random \
                 bytes in base64, as Standard Webhooks has it",
            );
        }
        let secret = "auth.hook_secret=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=";
        refused(
            &["auth.hook_url=http://127.0.0.1:9/", secret, "auth.hook_timeout=1m"],
            "auth.hook_timeout: 1m is not between 100ms and 5s",
        );
        assert!(
            config(&["auth.hook_url=http://127.0.0.1:9/", secret]).unwrap().auth.hook.is_some()
        );
    }

    #[test]
    fn proxies_are_addresses_or_subnets() {
        let set = "edge.trusted_proxies=[\"10.0.0.5\", \"fd00::/8\"]";
        let config = config(&[set, "edge.country_header=CF-IPCountry"]).unwrap();
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.country_header.unwrap(), "cf-ipcountry");
        refused(
            &["edge.trusted_proxies=[\"proxy\"]"],
            "edge.trusted_proxies: \"proxy\" is no address or subnet, as \"10.0.0.5\" or \
             \"10.0.0.0/8\"",
        );
        refused(&["edge.country_header=a b"], "edge.country_header: \"a b\" is no header's name");
        refused(
            &["auth.public_url=live.example.org"],
            "auth.public_url: \"live.example.org\" is no address of a server, as \
             https://live.example.org",
        );
        refused(
            &["auth.ingest_url=https://live.example.org"],
            "auth.ingest_url: \"https://live.example.org\" is no address of a server, as \
             rtmps://live.example.org",
        );
        refused(
            &["auth.access=password"],
            "auth.access: a new stream has no password yet: give each its own",
        );
        refused(
            &["auth.access=open"],
            "auth.access: \"open\" is not known; write \"public\", \"unlisted\", \"token\", \
             \"password\" or \"private\"",
        );
    }
}
