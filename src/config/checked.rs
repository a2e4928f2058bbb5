//! The configuration that holds.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use database::DatabaseUrl;
use http::HeaderName;
use ingest::{NameTaken, StreamSettings};
use ipnet::IpNet;
use peer::ClusterSecret;
use runtime::{ConnectionLimits, LogFormat};
use timeline::StreamName;

use super::auth::{self, Auth};
use super::duration::Span;
use super::options::Options;
use super::peers::{self, Peers};
use super::stream::check_stream;
use super::{ConfigError, Raw};

/// Everything that a process needs to know, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) store: Store,
    pub(crate) journal: PathBuf,
    pub(crate) database: DatabaseUrl,
    pub(crate) log_filter: String,
    pub(crate) log_format: LogFormat,
    pub(crate) node: String,
    pub(crate) rtmp: SocketAddr,
    pub(crate) rtmps: Option<Tls>,
    /// The port for other nodes, if there is one.
    pub(crate) peers: Option<Peers>,
    pub(crate) cluster_secret: Option<ClusterSecret>,
    pub(crate) apps: Vec<String>,
    pub(crate) name_taken: NameTaken,
    pub(crate) publishers_max: usize,
    pub(crate) publishers: ConnectionLimits,
    pub(crate) memory_bytes_max: usize,
    pub(crate) http: SocketAddr,
    pub(crate) viewers: ConnectionLimits,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) country_header: Option<HeaderName>,
    pub(crate) auth: Auth,
    pub(crate) admin: SocketAddr,
    pub(crate) stream: StreamSettings,
    pub(crate) playlist: playlist::Settings,
    /// What single streams differ from.
    pub(crate) options: Options,
    /// Whether streams are taken without a key.
    pub(crate) is_open: bool,
}

/// Where segments are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Store {
    /// In a folder.
    Folder(PathBuf),
}

/// A listener with a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tls {
    pub(crate) listen: SocketAddr,
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
}

impl Config {
    /// Checks what was written. With `is_open`, streams are taken without a key, on loopback only.
    pub(crate) fn check(raw: Raw, is_open: bool) -> Result<Self, ConfigError> {
        // Absolute, since it is shown to people who are in other folders.
        let data = std::path::absolute(&raw.data)
            .map_err(|error| value("data", format!("{:?} is no folder: {error}", raw.data)))?;
        let ingest = &raw.ingest;
        if ingest.apps.is_empty() {
            return Err(value("ingest.apps", "name at least one, as [\"live\"]".to_owned()));
        }
        if ingest.publishers_max == 0 {
            return Err(value("ingest.publishers_max", "must be at least 1".to_owned()));
        }
        for app in &ingest.apps {
            StreamName::new(app, "x")
                .map_err(|error| value("ingest.apps", format!("{app}: {error}")))?;
        }
        let (stream, playlist) = check_stream(&raw.stream)?;
        let mut config = Self {
            store: Store::Folder(at("store", &raw.store, "file:", data.join("objects"))?),
            journal: at("journal", &raw.journal, "sqlite:", data.join("journal.db"))?,
            database: database(&raw.database.0, &data)?,
            log_filter: raw.log.filter,
            log_format: match raw.log.format.as_str() {
                "human" => LogFormat::Human,
                "json" => LogFormat::Json,
                other => return Err(one_of("log.format", other, "\"human\" or \"json\"")),
            },
            node: ingest.node.clone(),
            rtmp: address("ingest.listen", &ingest.listen)?,
            rtmps: check_tls(ingest)?,
            peers: peers::check(ingest)?,
            cluster_secret: peers::secret(&raw.cluster)?,
            apps: ingest.apps.clone(),
            name_taken: match ingest.name_taken.as_str() {
                "takeover" => NameTaken::Takeover,
                "reject" => NameTaken::Reject,
                other => {
                    return Err(one_of("ingest.name_taken", other, "\"takeover\" or \"reject\""));
                }
            },
            publishers_max: ingest.publishers_max,
            publishers: limits(
                "ingest.connections_max",
                ingest.connections_max,
                ingest.connections_per_address_max,
            )?,
            memory_bytes_max: ingest.memory_bytes_max,
            http: address("edge.listen", &raw.edge.listen)?,
            viewers: limits(
                "edge.connections_max",
                raw.edge.connections_max,
                raw.edge.connections_per_address_max,
            )?,
            trusted_proxies: auth::trusted_proxies(&raw.edge)?,
            country_header: auth::country_header(&raw.edge)?,
            auth: auth::check(&raw.auth, &data)?,
            admin: address("admin.listen", &raw.admin.listen)?,
            stream,
            playlist,
            options: Options::new(raw.stream),
            is_open,
            data,
        };
        if is_open {
            config.keep_to_loopback(&Raw::default())?;
        }
        Ok(config)
    }

    /// Without keys, nobody but this machine may push: the defaults change, and what was asked for
    /// must fit.
    fn keep_to_loopback(&mut self, defaults: &Raw) -> Result<(), ConfigError> {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        if self.rtmp.to_string() == defaults.ingest.listen {
            self.rtmp.set_ip(loopback);
        }
        if self.http.to_string() == defaults.edge.listen {
            self.http.set_ip(loopback);
        }
        if !self.http.ip().is_loopback() {
            let problem = "with --open everybody can watch everything, so it must be a loopback \
                           address, as 127.0.0.1:8080";
            return Err(value("edge.listen", problem.to_owned()));
        }
        let rtmps = self.rtmps.as_ref().map(|tls| tls.listen);
        if [Some(self.rtmp), rtmps].into_iter().flatten().any(|listen| !listen.ip().is_loopback()) {
            let problem = "with --open anybody could push, so it must be a loopback address, \
                           as 127.0.0.1:1935";
            return Err(value("ingest.listen", problem.to_owned()));
        }
        Ok(())
    }
}

fn check_tls(raw: &super::raw::RawIngest) -> Result<Option<Tls>, ConfigError> {
    if raw.listen_tls.is_empty() {
        return Ok(None);
    }
    if raw.certificate_file.is_empty() || raw.private_key_file.is_empty() {
        let problem = "RTMPS needs ingest.certificate_file and ingest.private_key_file";
        return Err(value("ingest.listen_tls", problem.to_owned()));
    }
    Ok(Some(Tls {
        listen: address("ingest.listen_tls", &raw.listen_tls)?,
        certificate: PathBuf::from(&raw.certificate_file),
        private_key: PathBuf::from(&raw.private_key_file),
    }))
}

fn at(
    key: &'static str,
    text: &str,
    scheme: &str,
    default: PathBuf,
) -> Result<PathBuf, ConfigError> {
    if text.is_empty() {
        return Ok(default);
    }
    let path = text.strip_prefix(scheme).filter(|path| !path.is_empty());
    path.map(|path| Path::new(path).to_owned())
        .ok_or_else(|| value(key, format!("{text:?} is not understood; write \"{scheme}PATH\"")))
}

/// Nothing that was written is repeated: a password may be in it.
fn database(text: &str, data: &Path) -> Result<DatabaseUrl, ConfigError> {
    if text.is_empty() {
        return Ok(DatabaseUrl::Sqlite(data.join("weir.db")));
    }
    DatabaseUrl::parse(text).map_err(|error| value("database", error.to_string()))
}

pub(super) fn address(key: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        value(key, format!("{text:?} is not an address with a port, as 0.0.0.0:1935 or [::]:1935"))
    })
}

fn limits(
    key: &'static str,
    total_max: usize,
    per_address_max: usize,
) -> Result<ConnectionLimits, ConfigError> {
    if total_max == 0 || per_address_max == 0 {
        return Err(value(key, "must be at least 1, and so must the one per address".to_owned()));
    }
    Ok(ConnectionLimits { total_max, per_address_max, limit_loopback: false })
}

pub(super) fn within(
    key: &'static str,
    span: Span,
    least: Duration,
    most: Duration,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&span.0) {
        return Ok(());
    }
    let problem = format!("{span} is not between {} and {}", Span(least), Span(most));
    Err(value(key, problem))
}

pub(super) fn one_of(key: &'static str, other: &str, words: &str) -> ConfigError {
    value(key, format!("{other:?} is not known; write {words}"))
}

pub(super) const fn value(key: &'static str, problem: String) -> ConfigError {
    ConfigError::Value { key, problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn check(set: &[&str], is_open: bool) -> Result<Config, ConfigError> {
        let set = set.iter().map(ToString::to_string).collect();
        Config::check(Sources { set, ..Sources::default() }.read()?, is_open)
    }

    #[track_caller]
    fn refused(set: &[&str], is_open: bool, expected: &str) {
        assert_eq!(check(set, is_open).unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_defaults_hold() {
        let config = check(&[], false).unwrap();
        assert_eq!(config.rtmp.to_string(), "0.0.0.0:1935");
        assert_eq!(config.store, Store::Folder(std::path::absolute("data/objects").unwrap()));
        assert!(config.admin.ip().is_loopback());
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_with_the_remedy() {
        refused(
            &["ingest.listen=localhost"],
            false,
            "ingest.listen: \"localhost\" is not an address with a port, as 0.0.0.0:1935 or [::]:1935",
        );
        refused(
            &["store=s3://bucket"],
            false,
            "store: \"s3://bucket\" is not understood; write \"file:PATH\"",
        );
        refused(
            &["stream.segment_duration=20s"],
            false,
            "stream.segment_duration: 20s is not between 500ms and 10s",
        );
        refused(
            &["log.format=xml"],
            false,
            "log.format: \"xml\" is not known; write \"human\" or \"json\"",
        );
        refused(
            &["stream.packaging=mp4"],
            false,
            "stream.packaging: \"mp4\" is not known; write \"ts\", \"fmp4\", \"both\" or \"auto\"",
        );
        refused(
            &["ingest.connections_max=0"],
            false,
            "ingest.connections_max: must be at least 1, and so must the one per address",
        );
        refused(&["ingest.publishers_max=0"], false, "ingest.publishers_max: must be at least 1");
        refused(&["ingest.apps=[]"], false, "ingest.apps: name at least one, as [\"live\"]");
        refused(
            &["ingest.listen_tls=0.0.0.0:443"],
            false,
            "ingest.listen_tls: RTMPS needs ingest.certificate_file and ingest.private_key_file",
        );
        refused(
            &["ingest.apps=[\"watch\"]"],
            false,
            "ingest.apps: watch: this name is reserved for the server's own use",
        );
        refused(
            &["stream.retention=1m"],
            false,
            "stream.retention: 1m is not between 3m 20s and 2400h",
        );
    }

    #[test]
    fn without_keys_only_this_machine_may_push() {
        let config = check(&[], true).unwrap();
        assert_eq!(config.rtmp.to_string(), "127.0.0.1:1935");
        assert_eq!(config.http.to_string(), "127.0.0.1:8080");
        refused(
            &["ingest.listen=0.0.0.0:0"],
            true,
            "ingest.listen: with --open anybody could push, so it must be a loopback address, as \
             127.0.0.1:1935",
        );
        refused(
            &["edge.listen=0.0.0.0:0"],
            true,
            "edge.listen: with --open everybody can watch everything, so it must be a loopback \
             address, as 127.0.0.1:8080",
        );
    }
}
