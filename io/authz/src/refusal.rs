//! Why somebody may not publish.

use rtmp::codes;
use thiserror::Error;
use timeline::NameError;

use crate::{BoxError, Reason};

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
    /// The key was revoked.
    #[error("the stream key was revoked")]
    Revoked,
    /// The key is over.
    #[error("the stream key ended {ago_s} s ago")]
    Expired {
        /// Seconds since then.
        ago_s: i64,
    },
    /// The key may not be used from this address.
    #[error("the stream key may not be used from this address")]
    Address,
    /// The encoder that the key belongs to was revoked.
    #[error("the stream key's device was revoked")]
    DeviceRevoked,
    /// The signature of the address is not good.
    #[error("the push address is not good: {0}")]
    Signed(#[source] token::Refusal),
    /// The stream wants publishers whom an operator knows, and this one is none.
    #[error("the publisher is not verified")]
    NotVerified,
    /// The publisher may do nothing at all.
    #[error("the publisher's account is disabled")]
    UserDisabled,
    /// The publisher has as many streams live as it may.
    #[error("the publisher has {limit} streams live, which is all that it may")]
    TooManyStreams {
        /// How many it may have.
        limit: u32,
    },
    /// Too many wrong keys came from this address.
    #[error("too many wrong keys from this address: {retry_after_s} s to wait")]
    TooManyAttempts {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The customer's own endpoint said no.
    #[error("the customer's endpoint refused: {}", or_none(.reason.as_ref()))]
    Forbidden {
        /// Why, if it said that.
        reason: Option<Reason>,
    },
    /// The stream's policy lets nobody publish this way.
    #[error("the stream's policy does not allow it")]
    DeniedByPolicy,
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
            Self::WrongKey
            | Self::NoKey
            | Self::Revoked
            | Self::Expired { .. }
            | Self::Address
            | Self::DeviceRevoked
            | Self::Signed(_)
            | Self::NotVerified
            | Self::UserDisabled
            | Self::TooManyStreams { .. }
            | Self::TooManyAttempts { .. }
            | Self::Forbidden { .. }
            | Self::DeniedByPolicy => codes::PUBLISH_DENIED,
            Self::Unavailable { .. } => codes::STREAM_FAILED,
        }
    }

    /// What the person at the encoder can do about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let sentence = match self {
            Self::UnknownApp { app, apps } => return unknown_app(app, apps),
            Self::BadName(error) => {
                return format!("This stream name cannot be used: {error}. Choose another one.");
            }
            Self::Expired { ago_s } => {
                let ago = ago(*ago_s);
                return format!(
                    "This stream key ended {ago} ago. Get a new one, and copy it into the \
                     encoder's settings."
                );
            }
            Self::Signed(refusal) => return signed(refusal),
            Self::TooManyStreams { limit } => {
                let streams = if *limit == 1 { "stream" } else { "streams" };
                return format!(
                    "You have {limit} {streams} live already, which is all that you may have. \
                     Stop one, then try again."
                );
            }
            Self::TooManyAttempts { retry_after_s } => {
                return format!(
                    "Too many wrong stream keys came from your address. Try again in \
                     {retry_after_s} seconds, with the right one."
                );
            }
            Self::Forbidden { reason: Some(reason) } => {
                return format!("You may not publish this stream: {reason}");
            }
            Self::TooLong { .. } => {
                "The stream key is far too long. Copy it again into the encoder's settings."
            }
            Self::WrongKey => {
                "This stream key is not valid here. Copy the key that the server showed for this \
                 stream into the encoder's settings."
            }
            Self::NoKey => {
                "The stream key is missing. Copy the key that the server showed for this stream \
                 into the encoder's settings."
            }
            Self::Revoked => {
                "This stream key was revoked. Get a new one, and copy it into the encoder's \
                 settings."
            }
            Self::Address => {
                "This stream key may not be used from your address. Push from the network that \
                 it is meant for, or get a key for this one."
            }
            Self::DeviceRevoked => {
                "This encoder was removed from your devices. Register it again, and use the \
                 stream key that it gets."
            }
            Self::NotVerified => {
                "Only verified publishers may use this stream. Have yourself verified in your \
                 account first."
            }
            Self::UserDisabled => {
                "The account of this stream key is disabled. Ask whoever runs your organisation."
            }
            Self::Forbidden { reason: None } => {
                "You may not publish this stream. Ask whoever gave you the stream key."
            }
            Self::DeniedByPolicy => {
                "The settings of this stream do not let you publish it. Ask whoever runs it."
            }
            Self::Unavailable { .. } => {
                "The server cannot check stream keys at the moment. Try again in a few seconds."
            }
        };
        sentence.to_owned()
    }

    /// Whether the same request may be granted later without anybody changing it.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::TooManyAttempts { .. } => true,
            Self::UnknownApp { .. }
            | Self::TooLong { .. }
            | Self::BadName(_)
            | Self::WrongKey
            | Self::NoKey
            | Self::Revoked
            | Self::Expired { .. }
            | Self::Address
            | Self::DeviceRevoked
            | Self::Signed(_)
            | Self::NotVerified
            | Self::UserDisabled
            | Self::TooManyStreams { .. }
            | Self::Forbidden { .. }
            | Self::DeniedByPolicy => false,
        }
    }
}

fn unknown_app(app: &str, apps: &[String]) -> String {
    let app = if app.is_empty() { "without a name" } else { app };
    let end = apps.first().map_or("live", String::as_str);
    format!("There is no application {app} on this server. Let the server address end in /{end}.")
}

fn signed(refusal: &token::Refusal) -> String {
    if let token::Refusal::Expired { ago_s } = refusal {
        return format!("This push address ended {} ago. Get a new one.", ago(*ago_s));
    }
    format!("This push address cannot be used: {refusal}. Copy it again, or get a new one.")
}

fn or_none(reason: Option<&Reason>) -> String {
    reason.map_or_else(|| "it gave no reason".to_owned(), Reason::to_string)
}

/// A time as people say it.
fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds.max(0) {
        s @ ..120 => (s, "second"),
        s @ ..7_200 => (s / 60, "minute"),
        s @ ..172_800 => (s / 3_600, "hour"),
        s => (s / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
