//! Devices without a keyboard are paired by a code (RFC 8628).
//!
//! The device asks for two codes (3.1). It shows the short one, which a user who is signed in types
//! on a page (3.3); with the long one it asks again and again how far that is (3.4).

mod answer;
mod code;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use accounts::{Device, DeviceKind, Pairing, PairingState, UserId};
use database::DatabaseError;
use runtime::Secret;
use timeline::StreamName;

pub use answer::{Granted, NotGranted};

use crate::devices::{NAME_CHARACTERS_MAX, NewDevice};
use crate::mistakes::home_of;
use crate::secrets::new_secret;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// What a device code begins with.
pub(crate) const DEVICE_CODE: &str = "weir_dc_";
/// How long a user has to type the code (RFC 8628, 3.2).
const EXPIRES_MS: i64 = 15 * 60 * 1_000;
/// Seconds that a device leaves between two questions (RFC 8628, 3.2).
const INTERVAL_S: u32 = 5;
/// Devices that wait at one time, on the whole server. With so many codes of 20^8 that are good,
/// one guess in 25 million hits one.
const WAITING_MAX: u32 = 1_000;
/// How often another code is drawn because somebody has the same.
const DRAWS_MAX: u32 = 8;

/// What a device says of itself.
#[derive(Clone, Debug)]
pub struct PairingRequest {
    /// What it is for.
    pub kind: DeviceKind,
    /// Its name.
    pub name: String,
    /// Its model.
    pub model: String,
}

/// What a device shows and asks with (RFC 8628, 3.2).
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    /// What the device asks with.
    pub device_code: Secret,
    /// What the user types: `BCDF-GHJK`.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: String,
    /// The same with the code in it, for a picture to scan. The code is in the fragment, which no
    /// server and no log gets.
    pub verification_uri_complete: String,
    /// How long that is good, in seconds.
    pub expires_in_s: u32,
    /// Seconds to leave between two questions.
    pub interval_s: u32,
}

/// Whose a paired device will be, and what it gets.
#[derive(Clone, Debug, Default)]
pub struct PairingChoice {
    /// Whose it will be; none given means the actor's.
    pub user: Option<UserId>,
    /// What it is called; none given means as it calls itself.
    pub name: Option<String>,
    /// The stream that an encoder gets a key of.
    pub stream: Option<StreamName>,
}

impl Service {
    /// A device asks to be paired.
    ///
    /// # Errors
    ///
    /// When it says nonsense of itself, or too many wait.
    pub async fn begin_pairing(
        &self,
        request: PairingRequest,
        address: IpAddr,
    ) -> Result<DeviceAuthorization, ServiceError> {
        let (home, now_ms) = (home_of(address), self.now_ms());
        if let Some(retry_after_s) = self.mistakes.pairings.wait_s(&home, now_ms) {
            return Err(ServiceError::TooMany { retry_after_s });
        }
        self.mistakes.pairings.failed(home, now_ms);
        line("name", &request.name, NAME_CHARACTERS_MAX)?;
        line("model", &request.model, NAME_CHARACTERS_MAX)?;
        let device_code = new_secret(DEVICE_CODE)?;
        let mut pairing = Pairing {
            device_code_hash: self.database.keyed_hash(DEVICE_CODE, device_code.reveal()),
            user_code: code::draw()?,
            kind: request.kind,
            name: request.name,
            model: request.model,
            state: PairingState::Waiting,
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(EXPIRES_MS),
            polled_at_ms: None,
            interval_s: INTERVAL_S,
            version: 1,
        };
        for drawn in 1.. {
            match self.database.create_pairing(&pairing, WAITING_MAX).await {
                Ok(()) => break,
                Err(DatabaseError::Taken { .. }) if drawn < DRAWS_MAX => {
                    pairing.user_code = code::draw()?;
                }
                Err(DatabaseError::Full { .. }) => {
                    return Err(ServiceError::TooMany { retry_after_s: 60 });
                }
                Err(error) => return Err(error.into()),
            }
        }
        let user_code = code::shown(&pairing.user_code);
        let verification_uri = format!("{}/pair", self.settings.public_url);
        Ok(DeviceAuthorization {
            device_code,
            verification_uri_complete: format!("{verification_uri}#{user_code}"),
            verification_uri,
            user_code,
            expires_in_s: u32::try_from(EXPIRES_MS / 1_000).unwrap_or(u32::MAX),
            interval_s: INTERVAL_S,
        })
    }

    /// What a user code belongs to, so that the page can ask whether that is the user's device.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] when it is no code that is good; [`ServiceError::TooMany`] when
    /// the actor guesses.
    pub async fn pairing(&self, actor: &Actor, user_code: &str) -> Result<Pairing, ServiceError> {
        let now_ms = self.now_ms();
        let wait_s = |user| self.mistakes.user_codes.wait_s(user, now_ms);
        if let Some(retry_after_s) = actor.user().and_then(wait_s) {
            return Err(ServiceError::TooMany { retry_after_s });
        }
        let found = match code::read(user_code) {
            Some(user_code) => self.database.pairing_of_user(&user_code, now_ms).await?,
            None => None,
        };
        match found.filter(|pairing| pairing.state == PairingState::Waiting) {
            Some(pairing) => Ok(pairing),
            None => {
                if let Some(user) = actor.user() {
                    self.mistakes.user_codes.failed(user.clone(), now_ms);
                }
                Err(ServiceError::NotFound)
            }
        }
    }

    /// A user says that the device with this code is to be the user's.
    ///
    /// # Errors
    ///
    /// When the code is not good, the user has as many devices as are allowed, or an encoder's
    /// stream is not the actor's to change.
    pub async fn approve_pairing(
        &self,
        actor: &Actor,
        user_code: &str,
        choice: PairingChoice,
    ) -> Result<Device, ServiceError> {
        let mut pairing = self.pairing(actor, user_code).await?;
        let Some(user) = choice.user.or_else(|| actor.user().cloned()) else {
            return Err(ServiceError::Invalid("whose device will it be?".to_owned()));
        };
        let stream = match (pairing.kind, choice.stream) {
            (DeviceKind::Player, _) => None,
            (DeviceKind::Encoder, Some(stream)) => {
                self.managed_stream(actor, &stream).await?;
                Some(stream)
            }
            (DeviceKind::Encoder, None) => {
                return Err(ServiceError::Invalid("which stream will it publish?".to_owned()));
            }
        };
        let new = NewDevice {
            user,
            kind: pairing.kind,
            name: choice.name.unwrap_or_else(|| pairing.name.clone()),
            model: pairing.model.clone(),
            stream: None,
        };
        let device = self.add_device(actor, new).await?;
        // The key is made now, by the leave of whoever is here now, and told when the device asks.
        let keyed = match stream.clone() {
            Some(stream) => self.key_of_device(actor, &device, stream).await.map(drop),
            None => Ok(()),
        };
        let stream = stream.map(|stream| stream.to_string());
        pairing.state = PairingState::Approved { device: device.id.clone(), stream };
        let approved = match keyed {
            Ok(()) => self.change_pairing(pairing).await,
            Err(error) => Err(error),
        };
        match approved {
            Ok(()) => Ok(device),
            Err(error) => {
                self.revoke_found(device).await?;
                Err(error)
            }
        }
    }

    /// A user says that the device with this code is not to be anybody's.
    ///
    /// # Errors
    ///
    /// When the code is not good.
    pub async fn deny_pairing(&self, actor: &Actor, user_code: &str) -> Result<(), ServiceError> {
        let mut pairing = self.pairing(actor, user_code).await?;
        pairing.state = PairingState::Denied;
        self.change_pairing(pairing).await
    }

    /// Keeps a user's answer. The device may have asked meanwhile, which changes nothing of it.
    async fn change_pairing(&self, mut pairing: Pairing) -> Result<(), ServiceError> {
        for _ in 0..DRAWS_MAX {
            match self.database.update_pairing(&pairing).await {
                Ok(_) => return Ok(()),
                Err(DatabaseError::Changed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let found = self.database.pairing_of_device(&pairing.device_code_hash).await?;
            let found = found.filter(|found| found.state == PairingState::Waiting);
            let Some(found) = found else { break };
            pairing = Pairing { state: pairing.state, ..found };
        }
        Err(ServiceError::Conflict("somebody else has answered this device".to_owned()))
    }
}
