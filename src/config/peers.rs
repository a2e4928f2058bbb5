//! What nodes need to reach each other.

use std::net::SocketAddr;

use peer::ClusterSecret;
use runtime::Secret;
use url::Url;

use super::ConfigError;
use super::checked::{address, value};
use super::raw::{RawCluster, RawIngest};

/// The port for other nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Peers {
    pub(crate) listen: SocketAddr,
    /// The port's URL, where it is not `listen`.
    pub(crate) url: Option<String>,
}

pub(super) fn check(raw: &RawIngest) -> Result<Option<Peers>, ConfigError> {
    const KEY: &str = "ingest.peer_url";
    let url = Some(raw.peer_url.as_str()).filter(|url| !url.is_empty());
    if raw.listen_peers.is_empty() {
        let problem = "there is no port that it could be the URL of: set ingest.listen_peers";
        return url.map_or(Ok(None), |_| Err(value(KEY, problem.to_owned())));
    }
    let listen = address("ingest.listen_peers", &raw.listen_peers)?;
    if url.is_none() && listen.ip().is_unspecified() {
        let problem = format!(
            "{listen} is every address of this machine: write the one that other nodes reach it \
             under, as http://10.0.0.5:{}",
            listen.port()
        );
        return Err(value(KEY, problem));
    }
    let url = url.map(plain).transpose().map_err(|problem| value(KEY, problem))?;
    Ok(Some(Peers { listen, url }))
}

pub(super) fn secret(raw: &RawCluster) -> Result<Option<ClusterSecret>, ConfigError> {
    if raw.secret.0.is_empty() {
        return Ok(None);
    }
    let secret = ClusterSecret::new(&Secret::new(raw.secret.0.as_str()));
    secret.map(Some).map_err(|error| value("cluster.secret", error.to_string()))
}

/// A URL with a host and nothing behind it. A password in it would be in every journal.
fn plain(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_nobodys = url.username().is_empty() && url.password().is_none();
        url.scheme() == "http" && url.has_host() && is_bare && is_nobodys
    });
    let url = url.ok_or("it is not the URL of a node, as http://10.0.0.5:9190")?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
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

    /// What a listening address and a URL become: `LISTEN URL`, `-` for what is not there.
    #[track_caller]
    fn check(listen: &str, url: &str, expected: &str) {
        let set = [format!("ingest.listen_peers={listen}"), format!("ingest.peer_url={url}")];
        let actual = match config(&[&set[0], &set[1]]).map(|config| config.peers) {
            Ok(Some(Peers { listen, url })) => {
                format!("{listen} {}", url.as_deref().unwrap_or("-"))
            }
            Ok(None) => "-".to_owned(),
            Err(problem) => problem,
        };
        assert_eq!(actual, expected, "{listen} {url}");
    }

    #[test]
    fn there_is_no_port_for_other_nodes_unless_one_is_named() {
        assert_eq!(config(&[]).unwrap().peers, None);
        assert!(config(&[]).unwrap().cluster_secret.is_none());
        check("", "", "-");
        check("10.0.0.5:9190", "", "10.0.0.5:9190 -");
        check("127.0.0.1:0", "", "127.0.0.1:0 -");
        let url = "http://ingest-1:9190";
        check("0.0.0.0:9190", &format!("{url}/"), &format!("0.0.0.0:9190 {url}"));
        check("[::]:9190", "http://[fd00::5]:9190", "[::]:9190 http://[fd00::5]:9190");
    }

    #[test]
    fn a_port_that_others_could_not_reach_is_named() {
        let no_port = "ingest.peer_url: there is no port that it could be the URL of: \
                       set ingest.listen_peers";
        check("", "http://a", no_port);
        let every = "ingest.peer_url: 0.0.0.0:9190 is every address of this machine: write the one \
                     that other nodes reach it under, as http://10.0.0.5:9190";
        check("0.0.0.0:9190", "", every);
        let listen = "ingest.listen_peers: \":9190\" is not an address with a port, as 0.0.0.0:1935 \
                      or [::]:1935";
        check(":9190", "", listen);
        let no_url = "ingest.peer_url: it is not the URL of a node, as http://10.0.0.5:9190";
        for url in ["a:9190", "https://a", "http://a/b", "http://a?b", "http://me:pass@a", "/"] {
            check("0.0.0.0:9190", url, no_url);
        }
    }

    #[test]
    fn a_secret_is_taken_and_never_repeated() {
        let config = |value: &str| config(&[&format!("cluster.secret={value}")]);
        let taken = config("correct-horse-battery").unwrap();
        assert!(taken.cluster_secret.is_some());
        assert!(!format!("{taken:?}").contains("horse"));
        let short = config("horse").unwrap_err();
        assert_eq!(short, "cluster.secret: it has 5 characters, and must have 16 to 1024");
        for bare in ["3141592653589793", "3.141592653589793", "[3141592653589793]", "true"] {
            let refused = config(bare).unwrap_err();
            assert!(!refused.contains("3141") && !refused.contains("3.14"), "{refused}");
            assert!(refused.contains("a text in quotes"), "{refused}");
        }
        assert!(config("\"3141592653589793\"").unwrap().cluster_secret.is_some());
    }
}
