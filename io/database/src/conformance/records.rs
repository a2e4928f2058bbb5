//! Records as the tests make them: each has an id that nothing else has.

use accounts::{
    KeyId, Organisation, OrganisationId, StreamKeyRecord, StreamObject, StreamPolicy, Template,
    TrustedKey, TrustedKeyId, TrustedKind,
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
