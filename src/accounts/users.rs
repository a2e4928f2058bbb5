//! `weir user …`

use std::fs;
use std::path::{Path, PathBuf};

use accounts::{User, Verification, Verified};
use anyhow::{Context, bail};
use auth_service::{Actor, Document, NewUser, UserChange, Verdict};
use database::Page;
use serde_json::{Value, json};

use super::orgs::role;
use super::{ACTOR, Desk, Table, date};
use crate::cli::{self, Kept, Of};

pub(super) async fn run(command: cli::User) -> anyhow::Result<()> {
    use cli::User as C;
    match command {
        C::Invite { email, name, role, of } => invite(&email, name, &role, &of).await,
        C::List(of) => list(&of).await,
        C::Show { user, kept } => show(&user, &kept).await,
        C::Set { user, name, role: named, devices_max, streams_max, kept } => {
            let change = UserChange {
                name,
                role: named.as_deref().map(role).transpose()?,
                devices_max: devices_max.as_deref().map(limit).transpose()?,
                streams_max: streams_max.as_deref().map(limit).transpose()?,
                ..UserChange::default()
            };
            change_user(&user, &change, "changed", &kept).await
        }
        C::Disable { user, kept } => {
            let change = UserChange { is_disabled: Some(true), ..UserChange::default() };
            change_user(&user, &change, "disabled", &kept).await
        }
        C::Enable { user, kept } => {
            let change = UserChange { is_disabled: Some(false), ..UserChange::default() };
            change_user(&user, &change, "enabled", &kept).await
        }
        C::Delete { user, kept } => {
            let desk = Desk::open(&kept).await?;
            let id = desk.user(&user).await?.id;
            desk.service.delete_user(ACTOR, &id).await?;
            desk.show(&json!({ "id": id, "deleted": true }), || format!("{user} deleted\n"))
        }
        C::Reset { user, kept } => {
            let desk = Desk::open(&kept).await?;
            let id = desk.user(&user).await?.id;
            let link = desk.service.reset_link(ACTOR, &id).await?;
            desk.show(&json!({ "link": link.reveal() }), || format!("Link  {}\n", link.reveal()))
        }
        C::Submit { user, files, kept } => submit(&user, &files, &kept).await,
        C::Reviews(of) => reviews(&of).await,
        C::Evidence { user, folder, kept } => evidence(&user, &folder, &kept).await,
        C::Verify { user, kept } => review(&user, Verdict::Verified, &kept).await,
        C::Reject { user, reason, kept } => review(&user, Verdict::Rejected(reason), &kept).await,
    }
}

async fn invite(email: &str, name: Option<String>, named: &str, of: &Of) -> anyhow::Result<()> {
    let desk = Desk::open(&of.kept).await?;
    let organisation = desk.organisation(of.org.as_deref()).await?;
    let name = name.unwrap_or_else(|| email.to_owned());
    let new = NewUser { email: email.to_owned(), name, role: role(named)? };
    let invited = desk.service.invite(ACTOR, &organisation, &new).await?;
    desk.service.finish().await;
    let mut json = described(&invited.user);
    if let Some(json) = json.as_object_mut() {
        json.insert("link".to_owned(), invited.link.reveal().into());
    }
    desk.show(&json, || format!("User  {}\nLink  {}\n", invited.user.id, invited.link.reveal()))
}

async fn list(of: &Of) -> anyhow::Result<()> {
    let desk = Desk::open(&of.kept).await?;
    let organisation = desk.organisation(of.org.as_deref()).await?;
    let all = desk.service.users(ACTOR, &organisation, &Page::ALL).await?;
    let mut table = Table::new(&["user", "address", "name", "role", "status", "verified"]);
    for it in &all {
        table.row([
            it.id.to_string(),
            it.email.clone(),
            it.name.clone(),
            it.role.name().to_owned(),
            word(&json!(it.status)),
            verified(&it.verified).to_owned(),
        ]);
    }
    desk.list(&all.iter().map(described).collect::<Vec<_>>(), &table)
}

async fn show(user: &str, kept: &Kept) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let json = described(&desk.user(user).await?);
    desk.show(&json, || serde_json::to_string_pretty(&json).unwrap_or_default() + "\n")
}

async fn change_user(
    user: &str,
    change: &UserChange,
    done: &str,
    kept: &Kept,
) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let id = desk.user(user).await?.id;
    let changed = desk.service.update_user(ACTOR, &id, change).await?;
    desk.show(&described(&changed), || format!("{} {done}\n", changed.email))
}

async fn submit(user: &str, files: &[PathBuf], kept: &Kept) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let User { id, organisation, role, .. } = desk.user(user).await?;
    let actor = Actor::User { organisation, user: id, role };
    let read = |file: &PathBuf| {
        let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        anyhow::Ok(Document { name, bytes: bytes.into() })
    };
    let documents = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let made = desk.service.submit_verification(&actor, documents).await?;
    desk.show(&verification(&made), || format!("{} waits for `weir user verify`\n", made.id))
}

async fn reviews(of: &Of) -> anyhow::Result<()> {
    let desk = Desk::open(&of.kept).await?;
    let organisation = desk.organisation(of.org.as_deref()).await?;
    let all = desk.service.verifications(ACTOR, &organisation, true).await?;
    let mut table = Table::new(&["verification", "user", "since", "documents"]);
    for it in &all {
        let names: Vec<_> = it.evidence.iter().map(|it| it.name.as_str()).collect();
        table.row([
            it.id.to_string(),
            it.user.to_string(),
            date(it.submitted_at_ms),
            names.join(", "),
        ]);
    }
    desk.list(&all.iter().map(verification).collect::<Vec<_>>(), &table)
}

/// Files are named by number: what they were called is their owner's word.
async fn evidence(user: &str, folder: &Path, kept: &Kept) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let newest = newest(&desk, user).await?;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let mut written = Vec::new();
    for number in 0..newest.evidence.len() {
        let (it, bytes) = desk.service.evidence(ACTOR, &newest.id, number).await?;
        let end = it.content_type.rsplit('/').next().unwrap_or("bin").to_owned();
        let file = folder.join(format!("{}-{number}.{end}", newest.id));
        fs::write(&file, &bytes).with_context(|| format!("write {}", file.display()))?;
        written.push(file.display().to_string());
    }
    desk.show(&json!({ "files": written }), || written.join("\n") + "\n")
}

async fn review(user: &str, verdict: Verdict, kept: &Kept) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let newest = newest(&desk, user).await?;
    let done = desk.service.review_verification(ACTOR, &newest.id, verdict).await?;
    desk.show(&verification(&done), || format!("{user} is {}\n", verified(&done.verified)))
}

async fn newest(desk: &Desk, user: &str) -> anyhow::Result<Verification> {
    let found = desk.user(user).await?;
    let all = desk.service.verifications(ACTOR, &found.organisation, false).await?;
    let newest = all.into_iter().find(|it| it.user == found.id);
    newest.with_context(|| format!("{user} has handed nothing in; see `weir user submit`"))
}

fn limit(text: &str) -> anyhow::Result<Option<u32>> {
    if text == "default" {
        return Ok(None);
    }
    match text.parse() {
        Ok(limit) => Ok(Some(limit)),
        Err(_) => bail!("{text:?} is no number; write one, or \"default\""),
    }
}

fn described(it: &User) -> Value {
    json!({
        "id": it.id,
        "organisation": it.organisation,
        "email": it.email,
        "email_verified": it.email_verified_at_ms.map(date),
        "name": it.name,
        "role": it.role,
        "status": it.status,
        "verification": it.verified,
        "devices_max": it.devices_max,
        "streams_max": it.streams_max,
        "created": date(it.created_at_ms),
        "version": it.version,
    })
}

fn verification(it: &Verification) -> Value {
    json!({
        "id": it.id,
        "user": it.user,
        "verification": it.verified,
        "evidence": it.evidence,
        "submitted": date(it.submitted_at_ms),
        "decided": it.decided_at_ms.map(date),
        "decided_by": it.decided_by,
    })
}

const fn verified(it: &Verified) -> &'static str {
    match it {
        Verified::Unverified => "unverified",
        Verified::Pending => "pending",
        Verified::Verified => "verified",
        Verified::Rejected { .. } => "rejected",
    }
}

fn word(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}
