//! Whether a request is for this server at all (RFC 9112, 3.2).

use http::header::HOST;
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, Version};
use thiserror::Error;

/// Longest path without a token, in bytes. The longest that we write has about 250.
pub(crate) const PATH_BYTES_MAX: usize = 1_024;

/// Longest path as it comes: a token has 4 KB at most, and `/t/` and a slash stand around it.
const TARGET_BYTES_MAX: usize = PATH_BYTES_MAX + 4_200;

/// The path that a request asks for. It is as the viewer wrote it: nothing is decoded, so what is
/// checked is what is used.
///
/// # Errors
///
/// When the request is not one that this server answers.
pub(crate) fn path(head: &Parts) -> Result<&str, TargetError> {
    let host = host(&head.headers)?;
    if host.is_none() && head.version == Version::HTTP_11 {
        return Err(TargetError::NoHost);
    }
    if let Some(scheme) = head.uri.scheme()
        && *scheme != Scheme::HTTP
        && *scheme != Scheme::HTTPS
    {
        return Err(TargetError::OtherScheme);
    }
    // A target that names a host is legal; one that names another than the header is how requests
    // are smuggled past caches.
    if let (Some(authority), Some(host)) = (head.uri.authority(), host)
        && !authority.as_str().eq_ignore_ascii_case(host)
    {
        return Err(TargetError::OtherHost);
    }
    let path = head.uri.path();
    fits(path, TARGET_BYTES_MAX)?;
    Ok(path)
}

/// Whether a path whose token was taken off may name anything.
///
/// # Errors
///
/// When it is too long for that.
pub(crate) const fn named(path: &str) -> Result<(), TargetError> {
    fits(path, PATH_BYTES_MAX)
}

/// Why a request is not answered: the sentence that the peer gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum TargetError {
    /// RFC 9112, 3.2: such a request must be refused.
    #[error("a request needs a Host header")]
    NoHost,
    /// RFC 9112, 3.2: such a request must be refused.
    #[error("a request has one Host header only, with readable text")]
    OddHost,
    /// The target's host is not the header's.
    #[error("the request's target and its Host header name different hosts")]
    OtherHost,
    /// A proxy's work.
    #[error("this server is no proxy")]
    OtherScheme,
    /// Longer than any path that is served.
    #[error("a path has at most {limit} bytes, not {length}")]
    TooLong {
        /// Bytes that were given.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
}

const fn fits(path: &str, limit: usize) -> Result<(), TargetError> {
    let length = path.len();
    if length > limit { Err(TargetError::TooLong { length, limit }) } else { Ok(()) }
}

fn host(headers: &HeaderMap) -> Result<Option<&str>, TargetError> {
    let mut hosts = headers.get_all(HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(TargetError::OddHost);
    }
    first.map(|host| host.to_str().map_err(|_| TargetError::OddHost)).transpose()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn check(uri: &str, hosts: &[&str], expected: Result<&str, TargetError>) {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(path(&head), expected, "{uri} {hosts:?}");
    }

    #[test]
    fn a_request_says_whom_it_is_for_and_means_us() {
        check("/live/cam/index.m3u8?x=/../", &["weir"], Ok("/live/cam/index.m3u8"));
        check("http://weir:80/a", &["WEIR:80"], Ok("/a"));
        check("http://weir", &["weir"], Ok("/"));
        check("/", &[], Err(TargetError::NoHost));
        check("/", &["a", "a"], Err(TargetError::OddHost));
        check("http://other/", &["weir"], Err(TargetError::OtherHost));
        check("ftp://weir/", &["weir"], Err(TargetError::OtherScheme));
    }

    #[test]
    fn an_old_request_needs_no_host() {
        let request = Request::get("/a").version(Version::HTTP_10).body(()).unwrap();
        assert_eq!(path(&request.into_parts().0), Ok("/a"));
    }

    #[test]
    fn a_path_is_measured_without_its_query() {
        let longest = format!("/{}", "x".repeat(5_223));
        check(&format!("{longest}?{longest}"), &["weir"], Ok(&longest));
        let error = TargetError::TooLong { length: 5_225, limit: 5_224 };
        check(&format!("{longest}x"), &["weir"], Err(error));
    }

    #[test]
    fn without_its_token_a_path_is_short() {
        assert_eq!(named(&"x".repeat(1_024)), Ok(()));
        let error = TargetError::TooLong { length: 1_025, limit: 1_024 };
        assert_eq!(named(&"x".repeat(1_025)), Err(error));
    }
}
