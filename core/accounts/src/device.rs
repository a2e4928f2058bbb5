//! Devices: what a user pushes with and watches on.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, OrganisationId, UserId};

/// An encoder or a player that a user registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The id.
    pub id: DeviceId,
    /// The user's organisation.
    pub organisation: OrganisationId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub kind: DeviceKind,
    /// What the user calls it.
    pub name: String,
    /// Maker and model, as it says itself.
    pub model: String,
    /// The address that it came from last.
    pub address: Option<String>,
    /// When it was seen last, in milliseconds since the Unix epoch.
    pub last_seen_ms: Option<i64>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When it was revoked, in milliseconds since the Unix epoch. It never comes back.
    pub revoked_at_ms: Option<i64>,
    /// Counts its changes, from 1; being seen is none.
    pub version: i64,
}

/// What a device is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// Pushes, with a stream key of its own.
    Encoder,
    /// Watches, with tokens of its own: a set-top box, a TV, an app.
    Player,
}

/// A device that waits for a user to type its code (RFC 8628).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pairing {
    /// The keyed hash of the `device_code`, which only the device has.
    pub device_code_hash: String,
    /// What the user types, without its dash.
    pub user_code: String,
    /// What the device says it is.
    pub kind: DeviceKind,
    /// Its name, as it says itself.
    pub name: String,
    /// Its model, as it says itself.
    pub model: String,
    /// How far it is.
    pub state: PairingState,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When nobody can answer it any more, in milliseconds since the Unix epoch.
    pub expires_at_ms: i64,
    /// When the device asked last, in milliseconds since the Unix epoch.
    pub polled_at_ms: Option<i64>,
    /// Seconds that it must leave between two questions (RFC 8628, 3.5).
    pub interval_s: u32,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// How far a pairing is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum PairingState {
    /// Nobody has typed the code.
    Waiting,
    /// A user said yes, and the device was made; it has not been told.
    Approved {
        /// The device.
        device: DeviceId,
        /// The stream that an encoder gets a key of.
        stream: Option<String>,
    },
    /// A user said no.
    Denied,
    /// The device has its key or token.
    Done,
}
