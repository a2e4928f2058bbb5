//! What an encoder sends when it wants to publish.

use std::fmt;
use std::net::SocketAddr;

use timeline::{NAME_BYTES_MAX, StreamName};

use crate::PublishRefusal;

/// Longest application or stream text, in bytes, with its query: room for the longest name and key
/// and for the parameters that services in front of us add.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// Longest stream key, in bytes. Ours are far shorter; what is longer is nobody's.
pub const KEY_BYTES_MAX: usize = 128;

/// The query parameter that carries a stream key.
const KEY: &str = "key";
/// The query parameter that carries a signature of the address (Alibaba's type A).
const AUTH_KEY: &str = "auth_key";
/// Longest text that cannot be a stream key of any worth and so may be shown in a log.
const SHOWN_BYTES_MAX: usize = 12;

/// A wish to publish, as the encoder put it. Printing it shows neither a key nor a signature.
///
/// OBS has two fields, server and stream key. Four forms of filling them are understood:
///
/// | server | stream key |
/// |---|---|
/// | `rtmp://host/live` | the key, which names its stream |
/// | `rtmp://host/live` | `cam1?key=` and the key |
/// | `rtmp://host/live?key=` and the key | `cam1`, or nothing |
/// | `rtmp://host/live` | `cam1?auth_key=` and a signature of `/live/cam1` |
///
/// A key goes before a signature where there are both, and what stands behind the stream before
/// what stands behind the server.
///
/// Other query parameters are for others and ignored. Nothing is percent-decoded: names and keys
/// have no character that needs it.
#[derive(Clone, Copy)]
pub struct PublishRequest<'r> {
    /// The application of the `connect` command.
    pub app: &'r str,
    /// The name of the `publish` command, which OBS calls stream key.
    pub stream: &'r str,
    /// Who asks.
    pub peer: SocketAddr,
}

/// A request, taken apart. It is not printed: there are secrets in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parsed<'r> {
    /// The application, one of those that there are.
    pub app: &'r str,
    /// How the publisher names its stream.
    pub credentials: Credentials<'r>,
}

/// How a publisher names its stream, and with what it proves that it may publish it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'r> {
    /// By nothing.
    Nothing,
    /// By a text that is the key or, where none is needed, the name.
    Bare(&'r str),
    /// By a key alone, in a query.
    Key(&'r str),
    /// By a name and a key in a query.
    Both(&'r str, &'r str),
    /// By a name, whose path in the application is signed.
    Signed {
        /// The name.
        name: &'r str,
        /// The value of `auth_key`: time stamp, random text, user id and hash.
        auth_key: &'r str,
    },
}

impl<'r> PublishRequest<'r> {
    /// Takes the request apart. `apps` are the applications that there are.
    ///
    /// # Errors
    ///
    /// When it is too long, or names no application.
    pub fn parse(&self, apps: &[String]) -> Result<Parsed<'r>, PublishRefusal> {
        let (app, stream) = (split(self.app), split(self.stream));
        let name = app.0.trim_end_matches('/');
        for length in [self.app.len(), self.stream.len()] {
            if length > TEXT_BYTES_MAX {
                return Err(PublishRefusal::TooLong { length, limit: TEXT_BYTES_MAX });
            }
        }
        if !apps.iter().any(|known| known == name) {
            return Err(PublishRefusal::UnknownApp { app: shown_app(name), apps: apps.to_vec() });
        }
        let shown = |parameter_name| {
            parameter(stream.1, parameter_name).or_else(|| parameter(app.1, parameter_name))
        };
        let credentials = match (stream.0, shown(KEY), shown(AUTH_KEY)) {
            ("", None, _) => Credentials::Nothing,
            ("", Some(key), _) => Credentials::Key(key),
            (name, Some(key), _) => Credentials::Both(name, key),
            (name, None, Some(auth_key)) => Credentials::Signed { name, auth_key },
            (bare, None, None) => Credentials::Bare(bare),
        };
        Ok(Parsed { app: name, credentials })
    }

    /// The application and the stream, for a log: short, printable, and without a key. A text that
    /// may itself be a key is shown as its length.
    #[must_use]
    pub fn described(&self) -> String {
        let ((app, app_query), (name, query)) = (split(self.app), split(self.stream));
        let has = |name| parameter(query, name).or_else(|| parameter(app_query, name)).is_some();
        let name = if has(KEY) || has(AUTH_KEY) || name.len() <= SHOWN_BYTES_MAX {
            shown(name)
        } else {
            format!("({} bytes)", name.len())
        };
        format!("{}/{name}", shown_app(app.trim_end_matches('/')))
    }
}

impl Parsed<'_> {
    /// The stream called `name` in the application.
    ///
    /// # Errors
    ///
    /// [`PublishRefusal::BadName`] when no stream can have that name.
    pub fn named(&self, name: &str) -> Result<StreamName, PublishRefusal> {
        StreamName::new(self.app, name).map_err(PublishRefusal::BadName)
    }
}

impl fmt::Debug for PublishRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishRequest({} from {})", self.described(), self.peer)
    }
}

/// The text before a question mark, and the query after it.
fn split(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

/// The value of a query's first parameter of that name. Some encoders put a second query after the
/// first, so that a question mark separates parameters as well.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split(['&', '?']).find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
}

/// An application as a log can bear it. People also paste their key behind it, or in its place:
/// only its first part is shown, and no text that is as long as a key.
fn shown_app(text: &str) -> String {
    let (app, rest) = text.split_once('/').unwrap_or((text, ""));
    let rest = if rest.is_empty() { "" } else { "/…" };
    if app.len() > SHOWN_BYTES_MAX {
        return format!("({} bytes){rest}", app.len());
    }
    shown(app) + rest
}

/// A text of a peer as a log can bear it.
fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let escaped: String =
        characters.by_ref().take(NAME_BYTES_MAX).flat_map(char::escape_default).collect();
    if characters.next().is_some() { escaped + "…" } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'r>(app: &'r str, stream: &'r str) -> PublishRequest<'r> {
        PublishRequest { app, stream, peer: ([192, 0, 2, 7], 1_935).into() }
    }

    #[track_caller]
    fn check(app: &str, stream: &str, expected: &str) {
        let parsed = request(app, stream).parse(&["live".to_owned(), "tv".to_owned()]);
        let actual = match parsed {
            Err(error) => error.to_string(),
            Ok(Parsed { app, credentials }) => match credentials {
                Credentials::Nothing => format!("{app}: nothing"),
                Credentials::Bare(bare) => format!("{app}: bare {bare}"),
                Credentials::Key(key) => format!("{app}: key {key}"),
                Credentials::Both(name, key) => format!("{app}: name {name} key {key}"),
                Credentials::Signed { name, auth_key } => {
                    format!("{app}: name {name} signed {auth_key}")
                }
            },
        };
        assert_eq!(actual, expected, "{app:?} {stream:?}");
    }

    #[test]
    fn a_key_comes_bare_or_in_either_query() {
        check("live", "secret", "live: bare secret");
        check("live", "cam1?key=secret", "live: name cam1 key secret");
        check("live?key=secret", "cam1", "live: name cam1 key secret");
        check("live?key=secret", "", "live: key secret");
        check("live", "?key=secret", "live: key secret");
        check("live", "", "live: nothing");
        check("tv/", "secret", "tv: bare secret");
        check("live/?key=secret", "cam1", "live: name cam1 key secret");
    }

    #[test]
    fn a_name_may_be_signed_instead() {
        check("live", "cam1?auth_key=1-0-0-a", "live: name cam1 signed 1-0-0-a");
        check("live?auth_key=1-0-0-a", "cam1", "live: name cam1 signed 1-0-0-a");
        check("live?auth_key=2-0-0-b", "cam1?auth_key=1-0-0-a", "live: name cam1 signed 1-0-0-a");
        check("live", "cam1?key=secret&auth_key=1-0-0-a", "live: name cam1 key secret");
        check("live", "cam1?auth_key=1-0-0-a&key=secret", "live: name cam1 key secret");
        check("live", "?auth_key=1-0-0-a", "live: nothing");
        check("live", "cam1?auth_key=", "live: name cam1 signed ");
        check("live", "cam1?xauth_key=1-0-0-a", "live: bare cam1");
    }

    #[test]
    fn other_parameters_are_ignored() {
        check("live", "cam1?token=x", "live: bare cam1");
        check("live", "cam1?monkey=x&key=secret&key=other", "live: name cam1 key secret");
        check("live?x=y", "cam1?a&key=secret&b", "live: name cam1 key secret");
        check("live?key=other", "cam1?key=secret", "live: name cam1 key secret");
        check("live", "cam1?a=b?key=secret", "live: name cam1 key secret");
        check("live", "cam1?key=", "live: name cam1 key ");
        check("live", "cam1?key", "live: bare cam1");
    }

    #[test]
    fn an_application_that_is_not_there_is_named_and_cut_short() {
        check("Live", "x", "there is no application `Live`");
        check("", "x", "there is no application ``");
        check("live/sub", "x", "there is no application `live/…`");
        check("a\n\u{1b}b", "x", r"there is no application `a\n\u{1b}b`");
        check(&"x".repeat(65), "x", "there is no application `(65 bytes)`");
    }

    #[test]
    fn a_text_of_any_length_meets_the_limit() {
        let most = "x".repeat(1_024);
        check("live", &most, &format!("live: bare {most}"));
        let error = "a stream text has 65536 bytes; at most 1024 are allowed";
        check("live", &"x".repeat(65_536), error);
        check(&"ä".repeat(32_768), "cam1", error);
    }

    #[track_caller]
    fn described(app: &str, stream: &str, expected: &str) {
        let request = request(app, stream);
        assert_eq!(request.described(), expected, "{app:?} {stream:?}");
        assert_eq!(
            format!("{request:?}"),
            format!("PublishRequest({expected} from 192.0.2.7:1935)")
        );
    }

    #[test]
    fn a_description_never_shows_a_key() {
        described("live", "cam1", "live/cam1");
        described("live", "weir_abcdefghij", "live/(15 bytes)");
        described("live", "a-long-stream-name?key=secret", "live/a-long-stream-name");
        described("live?key=secret", "a-long-stream-name", "live/a-long-stream-name");
        described("live", "a-long-stream-name?token=secret", "live/(18 bytes)");
        described("live", "cam1?x=secret", "live/cam1");
        described("live", "cam1?auth_key=secret", "live/cam1");
        described("live", "a-long-stream-name?auth_key=secret", "live/a-long-stream-name");
        described("live?auth_key=secret", "a-long-stream-name", "live/a-long-stream-name");
        described("live", "?auth_key=secret", "live/");
        described("live?secret", "?key=secret", "live/");
        described("\0", "a\r\nb", r"\u{0}/a\r\nb");
        described(&"x".repeat(65_536), "", "(65536 bytes)/");
        described("live/weir_abcdefghij", "", "live/…/");
        described("weir_abcdefghij", "", "(15 bytes)/");
    }
}
