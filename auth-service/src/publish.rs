//! Who may publish: stream keys and signed addresses, by the database.
//!
//! Whoever shows no good key learns nothing but that: not whether there is such a stream, nor what
//! is wrong with somebody else's key. Whoever does is told what is in the way.

mod signed;
#[cfg(test)]
mod tests;
mod touches;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use accounts::{Device, Status, StreamKeyRecord, StreamObject, Subject, User, Verified};
use async_trait::async_trait;
use authz::{
    Credentials, Hook, KEY_BYTES_MAX, Parsed, PublishAuthority, PublishGrant, PublishRefusal,
    PublishRequest, Question, Verdict,
};
use database::PublishKey;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

pub use touches::Touches;

use crate::mistakes::{Mistakes, home_of};
use crate::publish::touches::{Touch, Touching};
use crate::{Clock, Database};

/// Wrong keys from one address in a minute: somebody who mistypes, and an encoder that tries again
/// and again with an old key.
const WRONG_A_MINUTE: i64 = 10;
/// Keys that were good lately, which are looked up whatever else comes from their address: one
/// encoder with an old key does not keep out the others of its house.
const GOOD_MAX: u64 = 65_536;
/// How long they are remembered: an encoder that lost its network comes back within that.
const GOOD_FOR: Duration = Duration::from_secs(6 * 60 * 60);

/// Lets those publish who have a stream's key or an address that was signed for it.
pub struct Publishing {
    database: Arc<dyn Database>,
    settings: PublishSettings,
    clock: Clock,
    wrong: Mistakes<IpAddr>,
    good: Cache<[u8; 32], ()>,
    touching: Touching,
}

/// What [`Publishing`] is told once.
#[derive(Clone, Debug)]
pub struct PublishSettings {
    /// The applications that there are.
    pub apps: Vec<String>,
    /// Streams that a user may publish at one time, unless the user has a limit of its own.
    pub streams_max: u32,
    /// The customer's endpoint, for streams whose policy wants it asked.
    pub hook: Option<Hook>,
}

/// What decides about a publisher who proved something.
struct Proved {
    stream: StreamObject,
    user: Option<User>,
    subject: Subject,
}

impl Publishing {
    /// Decides by `database`. What is to be kept of it without delaying anybody is kept by the
    /// [`Touches`], which somebody must run.
    #[must_use]
    pub fn new(
        database: Arc<dyn Database>,
        clock: Clock,
        settings: PublishSettings,
    ) -> (Self, Touches) {
        let (touching, touches) = touches::channel(Arc::clone(&database));
        let publishing = Self {
            database,
            settings,
            clock,
            wrong: Mistakes::a_minute(WRONG_A_MINUTE),
            good: Cache::builder().max_capacity(GOOD_MAX).time_to_live(GOOD_FOR).build(),
            touching,
        };
        (publishing, touches)
    }

    async fn by_key(
        &self,
        parsed: &Parsed<'_>,
        key: &str,
        address: IpAddr,
    ) -> Result<PublishKey, PublishRefusal> {
        match key.len() {
            0 => return Err(PublishRefusal::NoKey),
            1..=KEY_BYTES_MAX => {}
            _ => return Err(self.wrong(address)),
        }
        let mark: [u8; 32] = Sha256::digest(key).into();
        if !self.good.contains_key(&mark) {
            self.may_try(address)?;
        }
        let found = self.database.publish_key(key).await.map_err(unavailable)?;
        // A key of another application is a wrong one here; one of a retired stream is anywhere.
        let found = found.filter(|found| found.stream.retired_at_ms.is_none());
        match found.filter(|found| found.stream.name.app() == parsed.app) {
            Some(found) => {
                self.good.insert(mark, ());
                Ok(found)
            }
            None => {
                self.good.invalidate(&mark);
                Err(self.wrong(address))
            }
        }
    }

    /// Whether another key from this address is looked at.
    fn may_try(&self, address: IpAddr) -> Result<(), PublishRefusal> {
        match self.wrong.wait_s(&home_of(address), self.clock.now_ms()) {
            Some(retry_after_s) => Err(PublishRefusal::TooManyAttempts { retry_after_s }),
            None => Ok(()),
        }
    }

    /// Counts a wrong key.
    fn wrong(&self, address: IpAddr) -> PublishRefusal {
        self.wrong.failed(home_of(address), self.clock.now_ms());
        PublishRefusal::WrongKey
    }

    /// What holds of everybody who proved something, whatever it was.
    async fn grant(&self, proved: Proved, address: IpAddr) -> Result<PublishGrant, PublishRefusal> {
        let Proved { stream, user, subject } = proved;
        let policy = &stream.policy;
        if user.as_ref().is_some_and(|user| user.status == Status::Disabled) {
            return Err(PublishRefusal::UserDisabled);
        }
        let is_verified = user.as_ref().is_some_and(|user| user.verified == Verified::Verified);
        if policy.verified_publishers && !is_verified {
            return Err(PublishRefusal::NotVerified);
        }
        if policy.ask_publish {
            let question = Question::Publish {
                stream: stream.name.clone(),
                subject: subject.clone(),
                address,
            };
            let hook = self.settings.hook.as_ref().ok_or(PublishRefusal::DeniedByPolicy)?;
            match hook.ask(&question).await {
                Ok(Verdict::Allowed) => {}
                Ok(Verdict::Denied(reason)) => return Err(PublishRefusal::Forbidden { reason }),
                Err(error) => return Err(PublishRefusal::Unavailable { source: error.into() }),
            }
        }
        let streams_max = user.map(|user| user.streams_max.unwrap_or(self.settings.streams_max));
        Ok(PublishGrant { stream: stream.name, subject, streams_max })
    }
}

#[async_trait]
impl PublishAuthority for Publishing {
    async fn decide(&self, request: &PublishRequest<'_>) -> Result<PublishGrant, PublishRefusal> {
        let address = request.peer.ip().to_canonical();
        let parsed = request.parse(&self.settings.apps)?;
        let found = match parsed.credentials {
            Credentials::Nothing => return Err(PublishRefusal::NoKey),
            // A name that is none is said to be so before anybody looks at the key.
            Credentials::Both(name, key) => {
                let named = parsed.named(name)?;
                let found = self.by_key(&parsed, key, address).await?;
                if found.stream.name != named {
                    return Err(self.wrong(address));
                }
                found
            }
            Credentials::Key(key) => self.by_key(&parsed, key, address).await?,
            Credentials::Bare(text) => match self.by_key(&parsed, text, address).await {
                // No key has a character that a name may not have.
                Err(PublishRefusal::WrongKey) => {
                    parsed.named(text)?;
                    return Err(PublishRefusal::WrongKey);
                }
                found => found?,
            },
            Credentials::Signed { name, auth_key } => {
                let proved = self.by_signature(parsed.named(name)?, auth_key, address).await?;
                return self.grant(proved, address).await;
            }
        };
        let now_ms = self.clock.now_ms();
        judge(&found.key, found.device.as_ref(), address, now_ms)?;
        let touch = Touch {
            key: found.key.id.clone(),
            device: found.key.device.clone(),
            address: address.to_string(),
            now_ms,
        };
        let subject = Subject {
            organisation: Some(found.stream.organisation.clone()),
            user: found.user.as_ref().map(|user| user.id.clone()),
            device: found.key.device.clone(),
            key: Some(found.key.id.to_string()),
        };
        let proved = Proved { stream: found.stream, user: found.user, subject };
        let grant = self.grant(proved, address).await?;
        self.touching.later(touch);
        Ok(grant)
    }
}

/// Whether a key may be used here and now.
fn judge(
    key: &StreamKeyRecord,
    device: Option<&Device>,
    address: IpAddr,
    now_ms: i64,
) -> Result<(), PublishRefusal> {
    // The keys of a revoked device are revoked with it: it is the device that the user knows of.
    let is_gone = device.is_none_or(|device| device.revoked_at_ms.is_some());
    if key.device.is_some() && is_gone {
        return Err(PublishRefusal::DeviceRevoked);
    }
    if key.revoked_at_ms.is_some() {
        return Err(PublishRefusal::Revoked);
    }
    if let Some(at_ms) = key.expires_at_ms.filter(|at_ms| *at_ms <= now_ms) {
        return Err(PublishRefusal::Expired { ago_s: (now_ms - at_ms) / 1_000 });
    }
    let is_near = |subnet: &ipnet::IpNet| subnet.contains(&address);
    if !key.addresses.is_empty() && !key.addresses.iter().any(is_near) {
        return Err(PublishRefusal::Address);
    }
    Ok(())
}

fn unavailable(error: database::DatabaseError) -> PublishRefusal {
    PublishRefusal::Unavailable { source: error.into() }
}

impl fmt::Debug for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publishing").field("settings", &self.settings).finish_non_exhaustive()
    }
}
