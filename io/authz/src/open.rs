//! Publishing without a key.

use async_trait::async_trait;
use timeline::NameError;

use crate::request::Credentials;
use crate::{PublishAuthority, PublishGrant, PublishRefusal, PublishRequest};

/// Lets everybody publish any name, for tests and benchmarks. A key that is sent proves nothing.
#[derive(Clone, Debug)]
pub struct OpenAuthority {
    apps: Vec<String>,
}

impl OpenAuthority {
    /// Lets everybody publish into `apps`.
    #[must_use]
    pub const fn new(apps: Vec<String>) -> Self {
        Self { apps }
    }
}

#[async_trait]
impl PublishAuthority for OpenAuthority {
    async fn decide(&self, request: &PublishRequest<'_>) -> Result<PublishGrant, PublishRefusal> {
        let parsed = request.parse(&self.apps)?;
        let stream = match parsed.credentials {
            Credentials::Bare(name)
            | Credentials::Both(name, _)
            | Credentials::Signed { name, .. } => parsed.named(name)?,
            Credentials::Nothing | Credentials::Key(_) => {
                return Err(PublishRefusal::BadName(NameError::Empty));
            }
        };
        Ok(PublishGrant::of(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(app: &str, stream: &str, expected: &str) {
        let authority = OpenAuthority::new(vec!["live".to_owned()]);
        let request = PublishRequest { app, stream, peer: ([127, 0, 0, 1], 1_935).into() };
        let actual = match authority.decide(&request).await {
            Ok(PublishGrant { stream, .. }) => stream.to_string(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(actual, expected, "{app:?} {stream:?}");
    }

    #[tokio::test]
    async fn any_name_is_let_in_and_no_key_is_looked_at() {
        check("live", "cam1", "live/cam1").await;
        check("live", "cam1?key=secret", "live/cam1").await;
        check("live?key=secret", "cam1", "live/cam1").await;
        check("live", "cam1?auth_key=1-0-0-a", "live/cam1").await;
        check("tv", "cam1", "there is no application `tv`").await;
        check("live", "", "the stream's name is not one: a name is empty").await;
        check("live", "?key=secret", "the stream's name is not one: a name is empty").await;
        let error = "the stream's name is not one: \
                     a name starts with a letter or a digit, not '-'";
        check("live", "-cam", error).await;
    }
}
