//! The address of a rehearsal.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::Context;
use ingest::Target;
use thiserror::Error;

/// The port of RTMP.
const PORT: u16 = 1935;
/// The application, where none is named.
const APP: &str = "live";

/// Where a rehearsal listens, and what is pushed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Url {
    host: String,
    port: u16,
    app: String,
    stream: Option<String>,
}

/// Why an address is none.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(super) enum UrlError {
    /// It is not RTMP.
    #[error("{0:?} is no address of RTMP: write rtmp://ADDRESS[:PORT][/APP[/STREAM]]")]
    Scheme(String),
    /// It is RTMP through TLS.
    #[error("a rehearsal is taken without TLS: write rtmp:// in place of rtmps://")]
    Tls,
    /// There is nothing before the path.
    #[error("{0:?} names no address to listen on: 127.0.0.1 is this machine, 0.0.0.0 everybody")]
    Host(String),
    /// An IPv6 address without brackets.
    #[error(
        "{0:?} has too many colons: an IPv6 address stands in brackets, as in rtmp://[::1]:1935"
    )]
    Brackets(String),
    /// The port is none.
    #[error("{0:?} is no port: write a number below 65536")]
    Port(String),
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        if text.starts_with("rtmps://") {
            return Err(UrlError::Tls);
        }
        let rest = text.strip_prefix("rtmp://").ok_or_else(|| UrlError::Scheme(text.to_owned()))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are in brackets.
            Some((host, port)) if !port.ends_with(']') => {
                let parsed = port.parse().map_err(|_| UrlError::Port(port.to_owned()))?;
                (host, parsed)
            }
            Some(_) | None => (authority, PORT),
        };
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if in_brackets.is_none() && host.contains(':') {
            return Err(UrlError::Brackets(authority.to_owned()));
        }
        let host = in_brackets.unwrap_or(host);
        if host.is_empty() {
            return Err(UrlError::Host(text.to_owned()));
        }
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
        let (app, stream) = path.split_once('/').unwrap_or((path, ""));
        let app = if app.is_empty() { APP } else { app }.to_owned();
        let stream = Some(stream.to_owned()).filter(|stream| !stream.is_empty());
        Ok(Self { host: host.to_owned(), port, app, stream })
    }

    pub(super) fn target(&self) -> Target {
        Target { app: self.app.clone(), stream: self.stream.clone() }
    }

    pub(super) fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let found = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .with_context(|| format!("find the address of {}", self.host))?;
        // Of a name with both, what every encoder reaches.
        let first = found.min_by_key(|address| !address.is_ipv4());
        first.with_context(|| format!("{} has no address", self.host))
    }

    /// The same at the address that was found, with its real port.
    pub(super) fn at(&self, address: SocketAddr) -> String {
        let stream = self.stream.as_deref().unwrap_or("ANY-STREAM");
        format!("rtmp://{address}/{}/{stream}", self.app)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "rtmp://[{}]:{}/{}", self.host, self.port, self.app)?,
            false => write!(f, "rtmp://{}:{}/{}", self.host, self.port, self.app)?,
        }
        self.stream.as_ref().map_or(Ok(()), |stream| write!(f, "/{stream}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let actual = Url::parse(text).map_or_else(|error| error.to_string(), |it| it.to_string());
        assert!(actual.starts_with(expected), "{text}: {actual}");
    }

    #[test]
    fn an_address_may_leave_out_what_goes_without_saying() {
        check("rtmp://127.0.0.1:1936/live/test", "rtmp://127.0.0.1:1936/live/test");
        check("rtmp://0.0.0.0", "rtmp://0.0.0.0:1935/live");
        check("rtmp://localhost/tv/", "rtmp://localhost:1935/tv");
        check("rtmp://[::1]:5/live/a?key=b", "rtmp://[::1]:5/live/a");
        check("rtmp://[::1]", "rtmp://[::1]:1935/live");
    }

    #[test]
    fn what_is_no_address_is_told_what_one_is() {
        check("http://a", "\"http://a\" is no address of RTMP: write rtmp://");
        check("127.0.0.1", "\"127.0.0.1\" is no address of RTMP");
        check("rtmps://a", "a rehearsal is taken without TLS");
        check("rtmp:///live", "\"rtmp:///live\" names no address");
        check("rtmp://a:x/live", "\"x\" is no port");
        check("rtmp://::1/live", "\"::1\" has too many colons: an IPv6 address stands in brackets");
        check("rtmp://[::1/live", "\"[::1\" has too many colons");
        check("rtmp://a:99999", "\"99999\" is no port");
    }
}
