//! Devices: registered, listed, named, revoked.

#[cfg(test)]
mod tests;

use accounts::{
    Device, DeviceId, DeviceKind, OrganisationId, Permission, Scope, Status, StreamKeyRecord, User,
    UserId,
};
use database::{Page, StreamKey};
use timeline::StreamName;
use token::Revoked;

use crate::revocation::REVOKED_KEY_KEPT;
use crate::secrets::random;
use crate::stream_keys::NewStreamKey;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// Longest name or model of a device, in characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 100;

/// What somebody wants to register.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// Whose it will be.
    pub user: UserId,
    /// What it is for.
    pub kind: DeviceKind,
    /// What the user calls it.
    pub name: String,
    /// Maker and model.
    pub model: String,
    /// The stream that an encoder gets a key of its own for.
    pub stream: Option<StreamName>,
}

/// A device that was registered.
#[derive(Clone, Debug)]
pub struct RegisteredDevice {
    /// The device.
    pub device: Device,
    /// An encoder's own stream key, which can be revoked without touching others'.
    pub key: Option<(StreamKeyRecord, StreamKey)>,
}

impl Service {
    /// Registers a device, with a stream key if it is an encoder for a stream.
    ///
    /// # Errors
    ///
    /// When the user has as many devices as are allowed, or the actor may not do it.
    pub async fn register_device(
        &self,
        actor: &Actor,
        new: NewDevice,
    ) -> Result<RegisteredDevice, ServiceError> {
        if let Some(stream) = &new.stream {
            if new.kind == DeviceKind::Player {
                return Err(ServiceError::Invalid("a player gets no stream key".to_owned()));
            }
            self.managed_stream(actor, stream).await?;
        }
        let stream = new.stream.clone();
        let device = self.add_device(actor, new).await?;
        let key = match stream {
            None => None,
            Some(stream) => match self.key_of_device(actor, &device, stream).await {
                Ok(made) => Some(made),
                Err(error) => {
                    // The device is nothing without its key.
                    self.revoke_found(device).await?;
                    return Err(error);
                }
            },
        };
        Ok(RegisteredDevice { device, key })
    }

    /// Devices of an organisation or of one user of it, in the order of their ids. Who may not see
    /// all sees one's own.
    ///
    /// # Errors
    ///
    /// When the actor may see none.
    pub async fn devices(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        user: Option<&UserId>,
        page: &Page,
    ) -> Result<Vec<Device>, ServiceError> {
        let user = match actor.sees(Scope::UsersRead, organisation) {
            Ok(()) => user,
            Err(error) => {
                actor.needs(Permission::ManageOwnDevices, organisation)?;
                let own = actor.user();
                if own.is_none() || user.is_some_and(|user| Some(user) != own) {
                    return Err(error);
                }
                own
            }
        };
        Ok(self.database.devices(organisation, user, page).await?)
    }

    /// Gives a device another name.
    ///
    /// # Errors
    ///
    /// When there is none for this actor, or somebody else changed it.
    pub async fn rename_device(
        &self,
        actor: &Actor,
        id: &DeviceId,
        name: &str,
    ) -> Result<Device, ServiceError> {
        let mut device = self.managed_device(actor, id).await?;
        line("name", name, NAME_CHARACTERS_MAX)?;
        name.clone_into(&mut device.name);
        Ok(self.database.update_device(&device).await?)
    }

    /// Revokes a device at once and for ever: its keys and tokens are void, and what it publishes
    /// is closed.
    ///
    /// # Errors
    ///
    /// When it may still have rights.
    pub async fn revoke_device(&self, actor: &Actor, id: &DeviceId) -> Result<(), ServiceError> {
        let device = self.managed_device(actor, id).await?;
        self.revoke_found(device).await
    }

    pub(crate) async fn revoke_found(&self, mut device: Device) -> Result<(), ServiceError> {
        let (id, organisation) = (device.id.to_string(), device.organisation.clone());
        // One that is revoked already is told of again: somebody may not have heard.
        if device.revoked_at_ms.is_none() {
            device.revoked_at_ms = Some(self.now_ms());
            self.database.update_device(&device).await?;
        }
        self.revoke(Some(&organisation), Revoked::Device { id }, REVOKED_KEY_KEPT).await
    }

    /// A device that the actor may change.
    pub(crate) async fn managed_device(
        &self,
        actor: &Actor,
        id: &DeviceId,
    ) -> Result<Device, ServiceError> {
        let device = self.database.device(id).await?.ok_or(ServiceError::NotFound)?;
        let leave = (Permission::ManageDevices, Permission::ManageOwnDevices);
        match Self::needs_all_or_own(actor, &device.organisation, Some(&device.user), leave) {
            Ok(()) => Ok(device),
            // Whoever may not see it is not told that it is there.
            Err(error) => match actor.sees(Scope::UsersRead, &device.organisation) {
                Ok(()) => Err(error),
                Err(_) => Err(ServiceError::NotFound),
            },
        }
    }

    /// Keeps a new device of a user.
    pub(crate) async fn add_device(
        &self,
        actor: &Actor,
        new: NewDevice,
    ) -> Result<Device, ServiceError> {
        let user = self.user_with_devices(actor, &new.user).await?;
        line("name", &new.name, NAME_CHARACTERS_MAX)?;
        line("model", &new.model, NAME_CHARACTERS_MAX)?;
        let now_ms = self.now_ms();
        let device = Device {
            id: DeviceId::new(now_ms, random()?),
            organisation: user.organisation,
            user: user.id,
            kind: new.kind,
            name: new.name,
            model: new.model,
            address: None,
            last_seen_ms: None,
            created_at_ms: now_ms,
            revoked_at_ms: None,
            version: 1,
        };
        let devices_max = user.devices_max.unwrap_or(self.settings.devices_max);
        self.database.create_device(&device, devices_max).await?;
        Ok(device)
    }

    /// An encoder's own key of a stream.
    pub(crate) async fn key_of_device(
        &self,
        actor: &Actor,
        device: &Device,
        stream: StreamName,
    ) -> Result<(StreamKeyRecord, StreamKey), ServiceError> {
        let new = NewStreamKey {
            label: device.name.clone(),
            user: Some(device.user.clone()),
            device: Some(device.id.clone()),
            ..NewStreamKey::of(stream)
        };
        self.create_stream_key(actor, new).await
    }

    /// A user whom the actor may give a device.
    async fn user_with_devices(&self, actor: &Actor, id: &UserId) -> Result<User, ServiceError> {
        let found = self.database.user(id).await?;
        let user = found.ok_or(ServiceError::NotFound)?;
        let leave = (Permission::ManageDevices, Permission::ManageOwnDevices);
        Self::needs_all_or_own(actor, &user.organisation, Some(id), leave)?;
        match user.status {
            Status::Active | Status::Invited => Ok(user),
            Status::Disabled => {
                Err(ServiceError::Conflict("the user's account is disabled".to_owned()))
            }
        }
    }
}
