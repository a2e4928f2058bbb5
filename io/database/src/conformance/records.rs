//! Records as the tests make them: each has an id that nothing else has.

use accounts::{
    ApiKey, ApiKeyId, Device, DeviceId, DeviceKind, KeyId, Organisation, OrganisationId, Pairing,
    PairingState, Role, Session, SessionId, Status, StreamKeyRecord, StreamObject, StreamPolicy,
    Template, Ticket, TicketId, TicketKind, TrustedKey, TrustedKeyId, TrustedKind, User, UserId,
    Verification, VerificationId, Verified,
};
use serde_json::{Map, Value};
use timeline::StreamName;

use super::NOW_MS;

/// An id of a moment, for the constructors of ids.
pub(super) fn id<T>(new: fn(i64, [u8; 10]) -> T) -> T {
    new(NOW_MS, crate::random().expect("draw random bytes"))
}

pub(super) fn name(text: &str) -> StreamName {
    StreamName::parse(text).expect("the suite's names are names")
}

pub(super) fn organisation() -> Organisation {
    let id = id(OrganisationId::new);
    Organisation { name: format!("Channel {id}"), id, created_at_ms: NOW_MS, version: 1 }
}

pub(super) fn options(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

pub(super) fn stream(organisation: &OrganisationId, text: &str) -> StreamObject {
    StreamObject {
        name: name(text),
        organisation: organisation.clone(),
        owner: None,
        title: String::new(),
        template: None,
        options: Map::new(),
        policy: StreamPolicy::default(),
        password: None,
        retired_at_ms: None,
        created_at_ms: NOW_MS,
        version: 1,
    }
}

pub(super) fn template(organisation: &OrganisationId, name: &str) -> Template {
    Template {
        organisation: organisation.clone(),
        name: name.to_owned(),
        options: options(&[("segment", "4s".into())]),
        policy: StreamPolicy::default(),
        created_at_ms: NOW_MS,
        version: 1,
    }
}

pub(super) fn stream_key(stream: &StreamObject) -> StreamKeyRecord {
    StreamKeyRecord {
        id: id(KeyId::new),
        stream: stream.name.clone(),
        organisation: stream.organisation.clone(),
        label: String::new(),
        user: None,
        device: None,
        addresses: Vec::new(),
        created_at_ms: NOW_MS,
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    }
}

pub(super) fn trusted_key(organisation: Option<&OrganisationId>) -> TrustedKey {
    TrustedKey {
        id: id(TrustedKeyId::new),
        organisation: organisation.cloned(),
        name: "A key".to_owned(),
        kind: TrustedKind::Path,
        material: b"a secret that is 32 bytes long, ".to_vec(),
        created_at_ms: NOW_MS,
        expires_at_ms: None,
        revoked_at_ms: None,
    }
}

pub(super) fn user(organisation: &OrganisationId) -> User {
    let id = id(UserId::new);
    User {
        organisation: organisation.clone(),
        email: format!("{id}@example.org"),
        id,
        name: "Anna".to_owned(),
        role: Role::Streamer,
        status: Status::Active,
        password: None,
        email_verified_at_ms: None,
        verified: Verified::Unverified,
        failed_logins: 0,
        locked_until_ms: None,
        devices_max: None,
        streams_max: None,
        created_at_ms: NOW_MS,
        version: 1,
    }
}

pub(super) fn session(user: &User) -> Session {
    let id = id(SessionId::new);
    Session {
        user: user.id.clone(),
        refresh_hash: format!("hash of {id}"),
        id,
        created_at_ms: NOW_MS,
        refreshed_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 1_000,
        revoked_at_ms: None,
        address: None,
        agent: String::new(),
    }
}

pub(super) fn ticket(user: &User, kind: TicketKind) -> Ticket {
    let id = id(TicketId::new);
    Ticket {
        hash: format!("hash of {id}"),
        id,
        kind,
        organisation: user.organisation.clone(),
        user: user.id.clone(),
        created_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 1_000,
        used_at_ms: None,
    }
}

pub(super) fn api_key(organisation: &OrganisationId) -> ApiKey {
    let id = id(ApiKeyId::new);
    ApiKey {
        hash: format!("hash of {id}"),
        id,
        organisation: organisation.clone(),
        user: None,
        name: "Deploy".to_owned(),
        prefix: "weir_api_abc".to_owned(),
        role: Role::Operator,
        scopes: Vec::new(),
        created_at_ms: NOW_MS,
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    }
}

pub(super) fn device(user: &User) -> Device {
    Device {
        id: id(DeviceId::new),
        organisation: user.organisation.clone(),
        user: user.id.clone(),
        kind: DeviceKind::Encoder,
        name: "Truck 3".to_owned(),
        model: String::new(),
        address: None,
        last_seen_ms: None,
        created_at_ms: NOW_MS,
        revoked_at_ms: None,
        version: 1,
    }
}

pub(super) fn pairing(user_code: &str, created_at_ms: i64) -> Pairing {
    Pairing {
        device_code_hash: format!("hash of {}", id(DeviceId::new)),
        user_code: user_code.to_owned(),
        kind: DeviceKind::Player,
        name: "Living room".to_owned(),
        model: "TV 55".to_owned(),
        state: PairingState::Waiting,
        created_at_ms,
        expires_at_ms: created_at_ms + 900_000,
        polled_at_ms: None,
        interval_s: 5,
        version: 1,
    }
}

pub(super) fn verification(user: &User) -> Verification {
    Verification {
        id: id(VerificationId::new),
        organisation: user.organisation.clone(),
        user: user.id.clone(),
        verified: Verified::Pending,
        evidence: Vec::new(),
        submitted_at_ms: NOW_MS,
        decided_at_ms: None,
        decided_by: None,
        version: 1,
    }
}
