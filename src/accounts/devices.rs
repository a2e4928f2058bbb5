//! `weir device …`

use accounts::{Device, DeviceId, DeviceKind};
use anyhow::{Context, bail};
use auth_service::{NewDevice, PairingChoice};
use database::Page;
use serde_json::{Value, json};

use super::{ACTOR, Desk, Table, date, state};
use crate::cli;

pub(super) async fn run(command: cli::Device) -> anyhow::Result<()> {
    use cli::Device as C;
    match command {
        C::Add { kind, name, user, stream, model, kept } => {
            let desk = Desk::open(&kept).await?;
            let user = desk.user(&user).await?.id;
            let stream = stream.as_deref().map(|it| desk.stream(it)).transpose()?;
            let kind = self::kind(&kind)?;
            if kind == DeviceKind::Player {
                bail!("a player is paired: it shows a code, and `weir device pair` says yes to it");
            }
            let new = NewDevice { user, kind, name, model, stream };
            let made = desk.service.register_device(ACTOR, new).await?;
            let key = made.key.as_ref().map(|(_, key)| key.reveal());
            let mut json = described(&made.device);
            if let Some(json) = json.as_object_mut() {
                json.insert("key".to_owned(), key.into());
            }
            desk.show(&json, || {
                let key = key.map(|key| format!("Stream key  {key}\n")).unwrap_or_default();
                format!("Device      {}\n{key}", made.device.id)
            })
        }
        C::List { user, of } => {
            let desk = Desk::open(&of.kept).await?;
            let user = match user {
                Some(user) => Some(desk.user(&user).await?),
                None => None,
            };
            let organisation = match &user {
                Some(user) => user.organisation.clone(),
                None => desk.organisation(of.org.as_deref()).await?,
            };
            let id = user.as_ref().map(|user| &user.id);
            let all = desk.service.devices(ACTOR, &organisation, id, &Page::ALL).await?;
            let heading = ["device", "kind", "name", "model", "address", "seen", "state"];
            let mut table = Table::new(&heading);
            for it in &all {
                table.row([
                    it.id.to_string(),
                    word(it.kind).to_owned(),
                    it.name.clone(),
                    it.model.clone(),
                    it.address.clone().unwrap_or_default(),
                    it.last_seen_ms.map(date).unwrap_or_default(),
                    state(it.revoked_at_ms, None),
                ]);
            }
            desk.list(&all.iter().map(described).collect::<Vec<_>>(), &table)
        }
        C::Pair { code, user, stream, kept } => {
            let desk = Desk::open(&kept).await?;
            let user = Some(desk.user(&user).await?.id);
            let stream = stream.as_deref().map(|it| desk.stream(it)).transpose()?;
            let choice = PairingChoice { user, name: None, stream };
            let device = desk.service.approve_pairing(ACTOR, &code, choice).await?;
            desk.show(&described(&device), || format!("{} {} is paired\n", device.id, device.name))
        }
        C::Rename { device, name, kept } => {
            let desk = Desk::open(&kept).await?;
            let changed = desk.service.rename_device(ACTOR, &id(&device)?, &name).await?;
            desk.show(&described(&changed), || format!("{device} is called {name} now\n"))
        }
        C::Revoke { device, kept } => {
            let desk = Desk::open(&kept).await?;
            desk.service.revoke_device(ACTOR, &id(&device)?).await?;
            desk.show(&json!({ "id": device, "revoked": true }), || format!("{device} revoked\n"))
        }
    }
}

fn id(text: &str) -> anyhow::Result<DeviceId> {
    DeviceId::parse(text).context("see `weir device list`")
}

fn kind(name: &str) -> anyhow::Result<DeviceKind> {
    match name {
        "encoder" => Ok(DeviceKind::Encoder),
        "player" => Ok(DeviceKind::Player),
        other => bail!("{other} is no device: write encoder or player"),
    }
}

const fn word(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Encoder => "encoder",
        DeviceKind::Player => "player",
    }
}

fn described(it: &Device) -> Value {
    json!({
        "id": it.id,
        "organisation": it.organisation,
        "user": it.user,
        "kind": it.kind,
        "name": it.name,
        "model": it.model,
        "address": it.address,
        "last_seen": it.last_seen_ms.map(date),
        "created": date(it.created_at_ms),
        "revoked": it.revoked_at_ms.map(date),
        "version": it.version,
    })
}
