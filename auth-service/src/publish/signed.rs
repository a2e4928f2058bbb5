//! Addresses to push to that were signed (Alibaba's type A).

use std::net::IpAddr;

use accounts::{Subject, TrustedKind};
use authz::{PublishRefusal, keyring};
use timeline::StreamName;
use token::{Alibaba, Facts, Presented, Refusal};

use super::{Proved, Publishing, unavailable};
use crate::directory::is_good;
use crate::mistakes::home_of;

impl Publishing {
    /// Whether `/app/stream` was signed with a key that the stream's organisation trusts.
    pub(super) async fn by_signature(
        &self,
        name: StreamName,
        auth_key: &str,
        address: IpAddr,
    ) -> Result<Proved, PublishRefusal> {
        self.may_try(address)?;
        let now_ms = self.clock.now_ms();
        let wrong = || {
            self.wrong.failed(home_of(address), now_ms);
            PublishRefusal::Signed(Refusal::Signature)
        };
        let found = self.database.stream(&name).await.map_err(unavailable)?;
        let found = found.filter(|stream| stream.retired_at_ms.is_none());
        let Some(stream) = found else { return Err(wrong()) };
        let organisation = &stream.organisation;
        let mut keys = self.database.trusted_keys(Some(organisation)).await.map_err(unavailable)?;
        keys.retain(|key| {
            let is_a = matches!(key.kind, TrustedKind::Alibaba { variant: Alibaba::A, .. });
            is_a && is_good(key, now_ms) && key.organisation.as_ref() == Some(organisation)
        });
        let (keyring, _) = keyring(&keys);
        let (path, query) = (format!("/{name}"), format!("auth_key={auth_key}"));
        let presented = Presented::find(&path, &query, None, None, &keyring.schemes());
        let facts = Facts {
            now_s: now_ms.div_euclid(1_000),
            address: Some(address),
            country: None,
            referer: None,
        };
        let verified = match keyring.verify(&presented, Some(organisation.as_str()), &facts) {
            Ok(verified) => verified,
            // The signature is good: whoever has it may know.
            Err(refusal @ (Refusal::Expired { .. } | Refusal::TooEarly { .. })) => {
                return Err(PublishRefusal::Signed(refusal));
            }
            Err(_) => return Err(wrong()),
        };
        let user = match &stream.owner {
            Some(owner) => self.database.user(owner).await.map_err(unavailable)?,
            None => None,
        };
        let subject = Subject {
            organisation: Some(stream.organisation.clone()),
            user: user.as_ref().map(|user| user.id.clone()),
            device: None,
            key: Some(verified.key.to_string()),
        };
        Ok(Proved { stream, user, subject })
    }
}
