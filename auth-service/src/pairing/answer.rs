//! What a device is told that asks how far its pairing is (RFC 8628, 3.4 and 3.5).

use std::net::IpAddr;

use accounts::{Device, DeviceId, Pairing, PairingState, StreamKeyRecord};
use database::{DatabaseError, StreamKey};
use runtime::Secret;
use thiserror::Error;
use timeline::StreamName;

use super::DEVICE_CODE;
use crate::secrets::is_secret;
use crate::tokens::SignedToken;
use crate::{Service, ServiceError};

/// Seconds more to leave after a question that came too early (RFC 8628, 3.5).
const SLOWER_S: u32 = 5;
/// The longest that a device is told to wait, in seconds.
const INTERVAL_S_MAX: u32 = 60;

/// What a paired device gets.
#[derive(Clone, Debug)]
pub enum Granted {
    /// An encoder's stream and key.
    Encoder {
        /// The device.
        device: DeviceId,
        /// The stream that it publishes.
        stream: StreamName,
        /// Its own key.
        key: StreamKey,
    },
    /// A player's tokens.
    Player {
        /// The device.
        device: DeviceId,
        /// What it watches with.
        access: SignedToken,
        /// What it gets the next one with; good until the device is revoked.
        refresh: Secret,
    },
}

/// Why a device gets nothing, yet or ever. The texts are the `error` of RFC 8628, 3.5.
#[derive(Debug, Error)]
pub enum NotGranted {
    /// Nobody has answered yet.
    #[error("authorization_pending")]
    Pending,
    /// It asks too often: it must leave five seconds more.
    #[error("slow_down")]
    SlowDown,
    /// The user said no.
    #[error("access_denied")]
    Denied,
    /// Nobody answered in time.
    #[error("expired_token")]
    Expired,
    /// The code is nobody's, or was used already (RFC 6749, 5.2).
    #[error("invalid_grant")]
    Invalid,
    /// It cannot be found out for now.
    #[error("temporarily_unavailable")]
    Failed(#[source] ServiceError),
}

impl<E: Into<ServiceError>> From<E> for NotGranted {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Service {
    /// A device asks with its device code how far its pairing is. Once, it gets what it was
    /// granted.
    ///
    /// # Errors
    ///
    /// When that is nothing, yet or ever.
    pub async fn poll_pairing(
        &self,
        device_code: &str,
        address: IpAddr,
    ) -> Result<Granted, NotGranted> {
        if !is_secret(device_code, DEVICE_CODE) {
            return Err(NotGranted::Invalid);
        }
        let hash = self.database.keyed_hash(DEVICE_CODE, device_code);
        let found = self.database.pairing_of_device(&hash).await?;
        let mut pairing = found.ok_or(NotGranted::Invalid)?;
        let now_ms = self.now_ms();
        match pairing.state.clone() {
            PairingState::Done => return Err(NotGranted::Invalid),
            PairingState::Denied => return Err(NotGranted::Denied),
            PairingState::Waiting if now_ms >= pairing.expires_at_ms => {
                return Err(NotGranted::Expired);
            }
            PairingState::Waiting | PairingState::Approved { .. } => {}
        }
        let wait_ms = i64::from(pairing.interval_s) * 1_000;
        let is_early = pairing.polled_at_ms.is_some_and(|at_ms| now_ms - at_ms < wait_ms);
        pairing.polled_at_ms = Some(now_ms);
        if is_early {
            pairing.interval_s = (pairing.interval_s + SLOWER_S).min(INTERVAL_S_MAX);
            return self.keep_polled(&pairing).await.and(Err(NotGranted::SlowDown));
        }
        let PairingState::Approved { device, stream } = pairing.state.clone() else {
            return self.keep_polled(&pairing).await.and(Err(NotGranted::Pending));
        };
        if now_ms >= pairing.expires_at_ms {
            return Err(NotGranted::Expired);
        }
        pairing.state = PairingState::Done;
        match self.database.update_pairing(&pairing).await {
            Ok(_) => self.grant(&device, stream.as_deref(), address).await,
            // Another question was faster, and has it.
            Err(DatabaseError::Changed { .. }) => Err(NotGranted::SlowDown),
            Err(error) => Err(error.into()),
        }
    }

    /// A player that was paired gets its next access token.
    ///
    /// # Errors
    ///
    /// [`NotGranted::Invalid`] when the token is no device's that is good.
    pub async fn refresh_device(
        &self,
        refresh: &str,
        address: IpAddr,
    ) -> Result<Granted, NotGranted> {
        let device = self.device_of_token(refresh).await?.ok_or(NotGranted::Invalid)?;
        self.database.touch_device(&device.id, &address.to_string(), self.now_ms()).await?;
        self.grant_player(&device).await
    }

    /// Keeps that a device asked. Whoever answered meanwhile is told of at the next question.
    async fn keep_polled(&self, pairing: &Pairing) -> Result<(), NotGranted> {
        match self.database.update_pairing(pairing).await {
            Ok(_) | Err(DatabaseError::Changed { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn grant(
        &self,
        id: &DeviceId,
        stream: Option<&str>,
        address: IpAddr,
    ) -> Result<Granted, NotGranted> {
        let found = self.database.device(id).await?;
        let found = found.filter(|device| device.revoked_at_ms.is_none());
        let device = found.ok_or(NotGranted::Denied)?;
        self.database.touch_device(id, &address.to_string(), self.now_ms()).await?;
        let Some(stream) = stream else { return self.grant_player(&device).await };
        let stream = StreamName::parse(stream).map_err(|_| NotGranted::Denied)?;
        let keys = self.database.stream_keys(&stream).await?;
        let own =
            |key: &StreamKeyRecord| key.device.as_ref() == Some(id) && key.revoked_at_ms.is_none();
        let key = keys.into_iter().find(own).ok_or(NotGranted::Denied)?;
        let key = self.database.reveal_stream_key(&key.id);
        Ok(Granted::Encoder { device: device.id, stream, key })
    }

    async fn grant_player(&self, device: &Device) -> Result<Granted, NotGranted> {
        let user = self.database.user(&device.user).await?;
        let user = user.ok_or(NotGranted::Invalid)?;
        let access = match self.sign_for_player(&user, device).await {
            Err(ServiceError::Unauthorized(_)) => return Err(NotGranted::Invalid),
            signed => signed?,
        };
        let refresh = self.token_of_device(device);
        Ok(Granted::Player { device: device.id.clone(), access, refresh })
    }
}
