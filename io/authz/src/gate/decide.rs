//! The decision about one request.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use accounts::Access;
use async_trait::async_trait;
use timeline::StreamName;
use token::{Claims, Credential, Facts, LEEWAY_S, Pattern, Place, Presented, Refusal, SchemeSet};

use super::Gate;
use super::known::Known;
use crate::sessions::PLAYERS_MAX;
use crate::trust::Trust;
use crate::{
    Pass, Play, PlayAuthority, PlayRefusal, PlayRequest, Question, StreamAccess, Stripped, Verdict,
};

/// How long a path token is good at most that is made of a signed URL, in seconds: its viewer comes
/// back to the URL after a day.
const MINTED_S: i64 = 86_400;

/// A request, taken apart.
struct Asked<'r> {
    request: &'r PlayRequest<'r>,
    stream: &'r StreamName,
    access: &'r StreamAccess,
    presented: Presented<'r>,
}

#[async_trait]
impl PlayAuthority for Gate {
    fn strip<'r>(&self, request: &PlayRequest<'r>) -> Stripped<'r> {
        let trust = self.trust.load();
        let Presented { path, query, .. } = find(request, trust.as_deref());
        Stripped { path, query: query.into_owned() }
    }

    async fn decide(
        &self,
        request: &PlayRequest<'_>,
        stream: &StreamName,
    ) -> Result<Play, PlayRefusal> {
        let access = self.policies.of(stream).await;
        let access = access.map_err(|source| PlayRefusal::Unavailable { source })?;
        let Some(access) = access else { return Err(PlayRefusal::NoStream) };
        access.policy.viewers.admit(&request.facts)?;
        let presented = find(request, self.trust.load().as_deref());
        let asked = Asked { request, stream, access: &access, presented };
        let shown = match &asked.presented.credential {
            Some(_) => Some(self.shown(&asked).await),
            None => None,
        };
        let known = match access.policy.access {
            // Nobody needs a token here: one that is not good is as good as none.
            Access::Public | Access::Unlisted => shown.and_then(Result::ok),
            Access::Token | Access::Private => Some(shown.unwrap_or(Err(PlayRefusal::NoToken))?),
            Access::Password => Some(shown.unwrap_or(Err(PlayRefusal::NoPassword))?),
        };
        if let Some(known) = &known
            && asked.presented.place != Place::Path
        {
            return self.moved(&asked, known);
        }
        self.let_in(&asked, known.as_deref())?;
        if access.policy.ask_play {
            self.ask(&asked, known.as_deref()).await?;
        }
        Ok(Play::Allowed(self.pass(access.policy.access, known.as_deref())))
    }
}

impl Gate {
    /// The token that a request shows, also if its key is published since keys were fetched.
    async fn shown(&self, asked: &Asked<'_>) -> Result<Arc<Known>, PlayRefusal> {
        let shown = self.known(asked);
        let StreamAccess { organisation, policy } = asked.access;
        if !matches!(shown, Err(PlayRefusal::Denied(Refusal::UnknownKey)))
            || matches!(policy.access, Access::Public | Access::Unlisted)
        {
            return shown;
        }
        let trust = self.trust.load_full();
        let Some(trust) = trust else { return shown };
        if self.look_for_more(&trust, organisation).await { self.known(asked) } else { shown }
    }

    /// The token that a request shows, if it opens the stream here and now.
    fn known(&self, asked: &Asked<'_>) -> Result<Arc<Known>, PlayRefusal> {
        let Asked { presented, access, stream, request } = asked;
        let trust = self.trust.load();
        let trust = trust.as_ref().filter(|_| self.knows_revoked.load(Ordering::Acquire));
        let Some(trust) = trust else {
            let source = "trusted keys and revocations were not read yet".into();
            return Err(PlayRefusal::Unavailable { source });
        };
        let known =
            self.verified(presented, access.organisation.as_str(), &request.facts, trust)?;
        let Known { verified, .. } = &*known;
        // The server's own key signs for all, each token for one.
        if *verified.organisation != *access.organisation.as_str() {
            return Err(Refusal::OtherStream.into());
        }
        verified.admits(stream.as_str(), presented.path, &request.facts)?;
        if self.revoked.now().covers(verified) {
            return Err(Refusal::Revoked.into());
        }
        Ok(known)
    }

    /// What was verified, or is now.
    fn verified(
        &self,
        presented: &Presented<'_>,
        organisation: &str,
        facts: &Facts<'_>,
        trust: &Trust,
    ) -> Result<Arc<Known>, Refusal> {
        let Trust { generation, keyring, .. } = trust;
        let text = match presented.credential {
            Some(Credential::Token(text)) => Some(text),
            // They are good for one path, and shown once: who shows them is given a token.
            Some(
                Credential::Alibaba { .. } | Credential::Akamai(_) | Credential::CloudFront { .. },
            )
            | None => None,
        };
        if let Some(known) = text.and_then(|text| self.tokens.get(organisation, text, *generation))
        {
            return Ok(known);
        }
        let verified = keyring.verify(presented, Some(organisation), facts)?;
        // It ends with the key that it goes back to, also where nobody has revoked that.
        if verified.claims.via.as_deref().is_some_and(|via| !trust.has(via)) {
            return Err(Refusal::UnknownKey);
        }
        Ok(match text {
            Some(text) => self.tokens.put(organisation, text, *generation, verified),
            None => Arc::new(self.tokens.known(organisation, "", *generation, verified)),
        })
    }

    /// Sends a viewer to the one form of URL that is served from.
    fn moved(&self, asked: &Asked<'_>, known: &Known) -> Result<Play, PlayRefusal> {
        let Asked { presented, .. } = asked;
        let minted;
        let token = match presented.credential {
            // It was verified, so there are no other characters in it than a path may have.
            Some(Credential::Token(text)) => text,
            Some(
                Credential::Alibaba { .. } | Credential::Akamai(_) | Credential::CloudFront { .. },
            )
            | None => {
                minted = self.mint(asked, known)?;
                &minted
            }
        };
        let Presented { path, query, .. } = presented;
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(Play::Moved(format!("/t/{token}{path}{mark}{query}")))
    }

    /// A path token for who showed a signed URL: for its stream, and no longer than the URL.
    fn mint(&self, asked: &Asked<'_>, known: &Known) -> Result<String, PlayRefusal> {
        let Known { verified, .. } = known;
        let now_s = asked.request.facts.now_s;
        let unavailable = |source: crate::BoxError| PlayRefusal::Unavailable { source };
        let stream = Pattern::parse(asked.stream.as_str());
        let ends_s = verified.claims.expires_at_s.min(now_s.saturating_add(MINTED_S));
        let claims = Claims {
            organisation: Some(asked.access.organisation.as_str().to_owned()),
            streams: vec![stream.map_err(|error| unavailable(error.into()))?],
            // A path token is good for a little longer than it says, and a signed URL is not.
            expires_at_s: ends_s.saturating_sub(LEEWAY_S),
            via: Some(verified.key.to_string()),
            is_member: false,
            ..verified.claims.clone()
        };
        let trust = self.trust.load();
        let minter = trust.as_ref().and_then(|trust| trust.minter.as_ref());
        let minter = minter.ok_or_else(|| unavailable("there is no key for path tokens".into()))?;
        minter.mint(&claims).map_err(|error| unavailable(error.into()))
    }

    /// What a token may not do although it is good.
    fn let_in(&self, asked: &Asked<'_>, known: Option<&Known>) -> Result<(), PlayRefusal> {
        let Asked { access, request, .. } = asked;
        let Some(known) = known else { return Ok(()) };
        let Claims { is_member, sessions_max, .. } = known.verified.claims;
        match access.policy.access {
            // Nobody needs a token here, so nobody is kept out for one.
            Access::Public | Access::Unlisted => return Ok(()),
            Access::Private if !is_member => {
                let sentence = "this stream is for members of its organisation only";
                return Err(PlayRefusal::Forbidden(sentence.to_owned()));
            }
            Access::Private | Access::Token | Access::Password => {}
        }
        let Some(limit) = sessions_max else { return Ok(()) };
        let Facts { address, now_s, .. } = request.facts;
        let player = self.tokens.hash_of((address, request.agent));
        let shard = usize::try_from(known.viewer).unwrap_or_default() % self.sessions.len();
        let admitted = self.sessions.get(shard).is_some_and(|sessions| {
            let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.admits(known.viewer, player, limit, now_s)
        });
        let limit = limit.min(PLAYERS_MAX);
        if admitted { Ok(()) } else { Err(PlayRefusal::TooManySessions { limit }) }
    }

    /// Asks the customer's own endpoint.
    async fn ask(&self, asked: &Asked<'_>, known: Option<&Known>) -> Result<(), PlayRefusal> {
        let Some(hook) = &self.hook else {
            let source = "the stream's policy asks an endpoint, and none is configured".into();
            return Err(PlayRefusal::Unavailable { source });
        };
        let claims = known.map(|known| &known.verified.claims);
        let Facts { address, country, .. } = asked.request.facts;
        let question = Question::Play {
            stream: asked.stream.clone(),
            organisation: asked.access.organisation.clone(),
            viewer: claims.and_then(|claims| claims.viewer.clone()),
            token: claims.and_then(|claims| claims.id.clone()),
            device: claims.and_then(|claims| claims.device.clone()),
            address,
            country: country.map(str::to_owned),
        };
        match hook.ask(&question).await {
            Ok(Verdict::Allowed) => Ok(()),
            Ok(Verdict::Denied(reason)) => Err(PlayRefusal::Forbidden(reason.map_or_else(
                || "this may not be watched".to_owned(),
                |reason| reason.to_string(),
            ))),
            Err(error) => Err(PlayRefusal::Unavailable { source: error.into() }),
        }
    }

    fn pass(&self, access: Access, known: Option<&Known>) -> Arc<Pass> {
        Arc::clone(match (access, known) {
            (Access::Unlisted, Some(known)) => &known.unlisted,
            (Access::Unlisted, None) => &self.passes.unlisted,
            (_, Some(known)) => &known.pass,
            (_, None) => &self.passes.listed,
        })
    }
}

fn find<'r>(request: &PlayRequest<'r>, trust: Option<&Trust>) -> Presented<'r> {
    let PlayRequest { path, query, cookie, authorization, .. } = *request;
    match trust {
        Some(trust) => Presented::find(path, query, cookie, authorization, &trust.schemes),
        None => Presented::find(path, query, cookie, authorization, &SchemeSet::default()),
    }
}
