//! Tokens of people who belong to an organisation, and of their players.

use accounts::{Device, DeviceId, DeviceKind, Permission, Status, User};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use runtime::Secret;
use token::{Claims, Pattern};

use super::{SignedToken, TokenForm, token_id};
use crate::{Actor, Service, ServiceError};

/// What a player's refresh token begins with; the device's id follows, and what proves it.
const DEVICE_TOKEN: &str = "weir_dt_";

impl Service {
    /// Signs a token for whoever asks, to watch all streams of one's organisation, the private
    /// ones as well.
    ///
    /// # Errors
    ///
    /// When the actor is nobody who watches.
    pub async fn sign_own_token(&self, actor: &Actor) -> Result<SignedToken, ServiceError> {
        let (Some(organisation), Some(user)) = (actor.organisation(), actor.user()) else {
            return Err(ServiceError::Invalid("whose token will it be?".to_owned()));
        };
        actor.needs(Permission::Watch, organisation)?;
        let user = self.database.user(user).await?.ok_or(ServiceError::NotFound)?;
        self.sign_for_member(&user, None).await
    }

    /// Signs what a player of a user watches with.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when the user may not watch any more.
    pub(crate) async fn sign_for_player(
        &self,
        user: &User,
        device: &Device,
    ) -> Result<SignedToken, ServiceError> {
        self.sign_for_member(user, Some(device.id.to_string())).await
    }

    async fn sign_for_member(
        &self,
        user: &User,
        device: Option<String>,
    ) -> Result<SignedToken, ServiceError> {
        if user.status != Status::Active || !user.role.may(Permission::Watch) {
            return Err(ServiceError::Unauthorized("this account may not watch".to_owned()));
        }
        let everything = Pattern::parse("*");
        let everything = everything.map_err(|error| ServiceError::Invalid(error.to_string()))?;
        let now_s = self.now_ms().div_euclid(1_000);
        let lifetime_s = i64::try_from(self.settings.play_token.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            id: Some(token_id()?),
            viewer: Some(user.id.to_string()),
            // Who was disabled and is back has a higher one.
            version: u64::try_from(user.version).unwrap_or_default(),
            organisation: Some(user.organisation.to_string()),
            device,
            is_member: true,
            streams: vec![everything],
            issued_at_s: Some(now_s),
            expires_at_s: now_s.saturating_add(lifetime_s),
            ..Claims::default()
        };
        self.sign(claims, TokenForm::Path).await
    }

    /// What a player gets its next token with. It follows from the device's id and the root secret,
    /// so it is good exactly as long as the device is.
    pub(crate) fn token_of_device(&self, device: &Device) -> Secret {
        let proof = self.database.keyed_hash(DEVICE_TOKEN, device.id.as_str());
        Secret::new(format!("{DEVICE_TOKEN}{}.{proof}", device.id))
    }

    /// The player whose token that is, if it is good.
    pub(crate) async fn device_of_token(&self, text: &str) -> Result<Option<Device>, ServiceError> {
        let parts = text.strip_prefix(DEVICE_TOKEN).and_then(|text| text.split_once('.'));
        let Some((id, proof)) = parts else { return Ok(None) };
        let Ok(id) = DeviceId::parse(id) else { return Ok(None) };
        let expected = self.database.keyed_hash(DEVICE_TOKEN, id.as_str());
        if verify_slices_are_equal(expected.as_bytes(), proof.as_bytes()).is_err() {
            return Ok(None);
        }
        let is_good =
            |device: &Device| device.revoked_at_ms.is_none() && device.kind == DeviceKind::Player;
        Ok(self.database.device(&id).await?.filter(is_good))
    }
}
