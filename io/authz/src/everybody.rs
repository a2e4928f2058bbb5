//! Watching without a token.

use std::sync::Arc;

use async_trait::async_trait;
use timeline::StreamName;

use crate::{Pass, Play, PlayAuthority, PlayRefusal, PlayRequest, Stripped};

/// Lets everybody watch everything, for servers whose streams are all public, and for tests. No
/// token is looked for.
#[derive(Clone, Debug, Default)]
pub struct Everybody {
    pass: Arc<Pass>,
}

#[async_trait]
impl PlayAuthority for Everybody {
    fn strip<'r>(&self, request: &PlayRequest<'r>) -> Stripped<'r> {
        Stripped { path: request.path, query: request.query.to_owned() }
    }

    async fn decide(
        &self,
        _request: &PlayRequest<'_>,
        _stream: &StreamName,
    ) -> Result<Play, PlayRefusal> {
        Ok(Play::Allowed(Arc::clone(&self.pass)))
    }
}

#[cfg(test)]
mod tests {
    use token::Facts;

    use super::*;

    #[tokio::test]
    async fn everybody_has_everything_as_it_was_asked_for() {
        let facts = Facts { now_s: 0, address: None, country: None, referer: None };
        let request = PlayRequest {
            path: "/t/x/live/cam/index.m3u8",
            query: "token=x",
            authorization: None,
            cookie: None,
            facts,
            agent: None,
        };
        let stream = StreamName::parse("live/cam").unwrap();
        let everybody = Everybody::default();
        let stripped = everybody.strip(&request);
        assert_eq!((stripped.path, stripped.query.as_str()), (request.path, request.query));
        let Play::Allowed(pass) = everybody.decide(&request, &stream).await.unwrap() else {
            panic!("nobody is sent elsewhere");
        };
        assert_eq!(*pass, Pass::default());
    }
}
