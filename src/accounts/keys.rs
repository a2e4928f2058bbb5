//! `weir key …`

use accounts::{KeyId, StreamKeyRecord};
use anyhow::Context;
use auth_service::NewStreamKey;
use database::StreamKey;
use serde_json::{Value, json};

use super::{ACTOR, Desk, Table, date, later_ms, state};
use crate::cli::{Key, net};

pub(super) async fn run(command: Key) -> anyhow::Result<()> {
    match command {
        Key::Create { stream, label, user, expires, address, kept } => {
            let desk = Desk::open(&kept).await?;
            let new = NewStreamKey {
                label,
                user: match user {
                    Some(user) => Some(desk.user(&user).await?.id),
                    None => None,
                },
                addresses: address.iter().map(|it| net(it)).collect::<Result<_, _>>()?,
                expires_at_ms: expires.map(later_ms),
                ..NewStreamKey::of(desk.stream(&stream)?)
            };
            let made = desk.service.create_stream_key(ACTOR, new).await?;
            show(&desk, &made.0, &made.1)
        }
        Key::List { stream, kept } => {
            let desk = Desk::open(&kept).await?;
            let stream = desk.stream(&stream)?;
            let all = desk.service.stream_keys(ACTOR, &stream).await?;
            let mut table = Table::new(&["key", "label", "device", "addresses", "used", "state"]);
            for it in &all {
                let nets: Vec<_> = it.addresses.iter().map(ToString::to_string).collect();
                table.row([
                    it.id.to_string(),
                    it.label.clone(),
                    it.device.as_ref().map(ToString::to_string).unwrap_or_default(),
                    nets.join(" "),
                    it.last_used_ms.map(date).unwrap_or_default(),
                    state(it.revoked_at_ms, it.expires_at_ms),
                ]);
            }
            desk.list(&all.iter().map(described).collect::<Vec<_>>(), &table)
        }
        Key::Show { key, kept } => {
            let desk = Desk::open(&kept).await?;
            let id = id(&key)?;
            let key = desk.service.reveal_stream_key(ACTOR, &id).await?;
            let json = json!({ "id": id, "key": key.reveal() });
            desk.show(&json, || format!("{}\n", key.reveal()))
        }
        Key::Rotate { key, grace, kept } => {
            let desk = Desk::open(&kept).await?;
            let grace_ms = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
            let made = desk.service.rotate_stream_key(ACTOR, &id(&key)?, grace_ms).await?;
            show(&desk, &made.0, &made.1)
        }
        Key::Revoke { key, kept } => {
            let desk = Desk::open(&kept).await?;
            desk.service.revoke_stream_key(ACTOR, &id(&key)?).await?;
            desk.show(&json!({ "id": key, "revoked": true }), || format!("{key} revoked\n"))
        }
    }
}

fn show(desk: &Desk, record: &StreamKeyRecord, key: &StreamKey) -> anyhow::Result<()> {
    let mut json = described(record);
    if let Some(json) = json.as_object_mut() {
        json.insert("key".to_owned(), key.reveal().into());
    }
    desk.show(&json, || format!("Id          {}\nStream key  {}\n", record.id, key.reveal()))
}

fn id(text: &str) -> anyhow::Result<KeyId> {
    KeyId::parse(text).context("see `weir key list STREAM`: a key's id is not the key")
}

fn described(it: &StreamKeyRecord) -> Value {
    json!({
        "id": it.id,
        "stream": it.stream,
        "organisation": it.organisation,
        "label": it.label,
        "user": it.user,
        "device": it.device,
        "addresses": it.addresses,
        "created": date(it.created_at_ms),
        "expires": it.expires_at_ms.map(date),
        "last_used": it.last_used_ms.map(date),
        "revoked": it.revoked_at_ms.map(date),
    })
}
