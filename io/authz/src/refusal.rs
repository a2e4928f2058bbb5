//! Why somebody may not publish.

use rtmp::codes;
use thiserror::Error;
use timeline::NameError;

use crate::BoxError;

/// Why somebody may not publish, in words for the log. None has a key in it.
#[derive(Debug, Error)]
pub enum PublishRefusal {
    /// There is no such application.
    #[error("there is no application `{app}`")]
    UnknownApp {
        /// The one that was asked for, cut short and escaped.
        app: String,
        /// Those that there are.
        apps: Vec<String>,
    },
    /// What was sent is longer than anything that could be right.
    #[error("a stream text has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes that were sent.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The stream's name is none.
    #[error("the stream's name is not one: {0}")]
    BadName(NameError),
    /// The key is no stream's, or another one's.
    #[error("the stream key is wrong")]
    WrongKey,
    /// There is no key.
    #[error("there is no stream key")]
    NoKey,
    /// Keys cannot be looked up for now.
    #[error("stream keys cannot be looked up for now: {source}")]
    Unavailable {
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl PublishRefusal {
    /// The `code` of the RTMP `onStatus` message that tells the encoder.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownApp { .. } => codes::CONNECT_INVALID_APP,
            Self::TooLong { .. } | Self::BadName(_) => codes::PUBLISH_BAD_NAME,
            Self::WrongKey | Self::NoKey => codes::PUBLISH_DENIED,
            Self::Unavailable { .. } => codes::STREAM_FAILED,
        }
    }

    /// What the person at the encoder can do about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::UnknownApp { app, apps } => {
                let app = if app.is_empty() { "without a name" } else { app };
                let end = apps.first().map_or("live", String::as_str);
                format!(
                    "There is no application {app} on this server. Let the server address end in /{end}."
                )
            }
            Self::TooLong { .. } => {
                "The stream key is far too long. Copy it again into the encoder's settings."
                    .to_owned()
            }
            Self::BadName(error) => {
                let error = error.to_string();
                format!("This stream name cannot be used: {error}. Choose another one.")
            }
            Self::WrongKey => "This stream key is not valid here. Copy the key that the server \
                               showed for this stream into the encoder's settings."
                .to_owned(),
            Self::NoKey => "The stream key is missing. Copy the key that the server showed for \
                            this stream into the encoder's settings."
                .to_owned(),
            Self::Unavailable { .. } => {
                "The server cannot check stream keys at the moment. Try again in a few seconds."
                    .to_owned()
            }
        }
    }

    /// Whether the same request may be granted later without anybody changing it.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::UnknownApp { .. }
            | Self::TooLong { .. }
            | Self::BadName(_)
            | Self::WrongKey
            | Self::NoKey => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: &PublishRefusal, code: &str, sentence: &str) {
        assert_eq!((refusal.code(), refusal.sentence().as_str()), (code, sentence));
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let unknown = |app: &str| PublishRefusal::UnknownApp {
            app: app.to_owned(),
            apps: vec!["tv".to_owned(), "live".to_owned()],
        };
        check(
            &unknown("Live"),
            "NetConnection.Connect.InvalidApp",
            "There is no application Live on this server. Let the server address end in /tv.",
        );
        check(
            &unknown(""),
            "NetConnection.Connect.InvalidApp",
            "There is no application without a name on this server. \
             Let the server address end in /tv.",
        );
        check(
            &PublishRefusal::BadName(NameError::FirstCharacter('.')),
            "NetStream.Publish.BadName",
            "This stream name cannot be used: a name starts with a letter or a digit, not '.'. \
             Choose another one.",
        );
        check(
            &PublishRefusal::WrongKey,
            "NetStream.Publish.Denied",
            "This stream key is not valid here. Copy the key that the server showed for this \
             stream into the encoder's settings.",
        );
        let unavailable = PublishRefusal::Unavailable { source: "db at 10.1.2.3".into() };
        check(
            &unavailable,
            "NetStream.Failed",
            "The server cannot check stream keys at the moment. Try again in a few seconds.",
        );
        assert!(unavailable.is_temporary());
    }
}
