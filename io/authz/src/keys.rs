//! Publishing with a stream key.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use timeline::StreamName;

use crate::request::Credentials;
use crate::{KEY_BYTES_MAX, PublishAuthority, PublishGrant, PublishRefusal, PublishRequest};

/// Any cause of an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Knows whose a stream key is.
#[async_trait]
pub trait StreamKeys: Debug + Send + Sync + 'static {
    /// The stream that `key` belongs to, if it is valid. How long that takes tells nothing of other
    /// keys.
    ///
    /// # Errors
    ///
    /// When that cannot be found out for now.
    async fn stream_of_key(&self, key: &str) -> Result<Option<StreamName>, BoxError>;
}

/// Lets those publish who have a stream's key.
#[derive(Clone, Debug)]
pub struct KeyAuthority {
    keys: Arc<dyn StreamKeys>,
    apps: Vec<String>,
}

impl KeyAuthority {
    /// Looks keys up in `keys`, for streams of `apps`.
    #[must_use]
    pub fn new(keys: Arc<dyn StreamKeys>, apps: Vec<String>) -> Self {
        Self { keys, apps }
    }

    async fn stream_of(&self, key: &str) -> Result<StreamName, PublishRefusal> {
        match key.len() {
            0 => return Err(PublishRefusal::NoKey),
            1..=KEY_BYTES_MAX => {}
            _ => return Err(PublishRefusal::WrongKey),
        }
        let found = self.keys.stream_of_key(key).await;
        let found = found.map_err(|source| PublishRefusal::Unavailable { source })?;
        found.ok_or(PublishRefusal::WrongKey)
    }
}

#[async_trait]
impl PublishAuthority for KeyAuthority {
    async fn decide(&self, request: &PublishRequest<'_>) -> Result<PublishGrant, PublishRefusal> {
        let parsed = request.parse(&self.apps)?;
        let stream = match parsed.credentials {
            Credentials::Nothing => return Err(PublishRefusal::NoKey),
            // A name that is none is said to be so before anybody looks at the key.
            Credentials::Both(name, key) => {
                let named = parsed.named(name)?;
                let stream = self.stream_of(key).await?;
                if stream != named {
                    return Err(PublishRefusal::WrongKey);
                }
                stream
            }
            Credentials::Key(key) => self.stream_of(key).await?,
            // No key signs anything here.
            Credentials::Signed { name, .. } => {
                parsed.named(name)?;
                return Err(PublishRefusal::WrongKey);
            }
            Credentials::Bare(text) => match self.stream_of(text).await {
                // No key has a character that a name may not have.
                Err(PublishRefusal::WrongKey) => {
                    parsed.named(text)?;
                    return Err(PublishRefusal::WrongKey);
                }
                found => found?,
            },
        };
        if stream.app() == parsed.app {
            Ok(PublishGrant::of(stream))
        } else {
            Err(PublishRefusal::WrongKey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each stream's key is its name in capitals with a dash; `down` cannot be looked up.
    #[derive(Debug)]
    struct Capitals;

    #[async_trait]
    impl StreamKeys for Capitals {
        async fn stream_of_key(&self, key: &str) -> Result<Option<StreamName>, BoxError> {
            assert!((1..=KEY_BYTES_MAX).contains(&key.len()), "{} bytes", key.len());
            match key {
                "DOWN" => Err("the database is away".into()),
                "CAM1" => Ok(Some(StreamName::parse("live/cam1")?)),
                "CAM2" => Ok(Some(StreamName::parse("live/cam2")?)),
                "NEWS" => Ok(Some(StreamName::parse("tv/news")?)),
                _ => Ok(None),
            }
        }
    }

    async fn check(app: &str, stream: &str, expected: &str) {
        let apps = vec!["live".to_owned(), "tv".to_owned()];
        let authority = KeyAuthority::new(Arc::new(Capitals), apps);
        let request = PublishRequest { app, stream, peer: ([192, 0, 2, 7], 1_935).into() };
        let actual = match authority.decide(&request).await {
            Ok(PublishGrant { stream, .. }) => stream.to_string(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(actual, expected, "{app:?} {stream:?}");
    }

    #[tokio::test]
    async fn a_key_names_its_stream() {
        check("live", "CAM1", "live/cam1").await;
        check("live", "CAM1?x=y", "live/cam1").await;
        check("live?key=CAM2", "", "live/cam2").await;
        check("tv", "NEWS", "tv/news").await;
    }

    #[tokio::test]
    async fn a_name_needs_its_own_key() {
        check("live", "cam1?key=CAM1", "live/cam1").await;
        check("live?key=CAM1", "cam1", "live/cam1").await;
        check("live", "cam2?key=CAM1", "the stream key is wrong").await;
        check("live", "news?key=NEWS", "the stream key is wrong").await;
        check("live", "NEWS", "the stream key is wrong").await;
        check("live", "cam1?auth_key=CAM1", "the stream key is wrong").await;
        check("live", "cam1?key=", "there is no stream key").await;
        check("live", "", "there is no stream key").await;
        check("live", "cam1", "the stream key is wrong").await;
        check("live", "cam1?key=cam1", "the stream key is wrong").await;
        check("nowhere", "CAM1", "there is no application `nowhere`").await;
        let down = "stream keys cannot be looked up for now: the database is away";
        check("live", "DOWN", down).await;
        check("live", "cam1?key=DOWN", down).await;
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_refused_as_such() {
        let first = "the stream's name is not one: a name starts with a letter or a digit, not '.'";
        check("live", "..?key=CAM1", first).await;
        check("live", "..", first).await;
        let slash = "the stream's name is not one: \
                     a name may have letters, digits, '-', '_' and '.', not '/'";
        check("live", "../x", slash).await;
        check("live", "a/b/c?key=CAM1", slash).await;
        check("live", "a\0b", &slash.replace("'/'", r"'\0'")).await;
        check("live", "kämera", &slash.replace("'/'", "'ä'")).await;
    }

    #[tokio::test]
    async fn a_key_of_any_length_meets_the_limit() {
        let long = "X".repeat(KEY_BYTES_MAX + 1);
        check("live", &format!("cam1?key={long}"), "the stream key is wrong").await;
        check("live", &format!("?key={long}"), "the stream key is wrong").await;
        let name = "the stream's name is not one: a name has 129 bytes; at most 64 are allowed";
        check("live", &long, name).await;
        let text = "a stream text has 65536 bytes; at most 1024 are allowed";
        check("live", &"X".repeat(65_536), text).await;
    }
}
