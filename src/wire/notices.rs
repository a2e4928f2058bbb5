//! Hears the control bus, and tells the roles of this process.

use std::sync::Arc;
use std::time::Duration;

use accounts::Notice;
use auth_service::StoredDirectory;
use authz::{Directory, Gate};
use ingest::Node;
use journal::{Bus, Heard, Notices};
use playlist::Playlist;
use runtime::Drain;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

/// How soon what failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How often revocations are read although nobody said that there are new ones: who revoked may not
/// have come to say it.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// Tells roles of what was revoked and changed.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) directory: Arc<StoredDirectory>,
    pub(crate) node: Arc<Node>,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) playlist: Arc<Playlist>,
}

impl Listener {
    /// Listens until the process drains.
    pub(crate) async fn run(self, mut drain: Drain) {
        tokio::select! {
            () = drain.started() => {}
            () = self.listen() => {}
        }
    }

    async fn listen(&self) {
        let mut notices = self.begin().await;
        // What was said before somebody listened.
        self.catch_up().await;
        let mut again = interval(READ_AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = notices.next() => match heard {
                    Heard::Notice(notice) => self.hear(&notice),
                    Heard::Missed => self.catch_up().await,
                },
                _ = again.tick() => self.read_revocations().await,
            }
        }
    }

    async fn begin(&self) -> Box<dyn Notices> {
        loop {
            match self.bus.listen().await {
                Ok(notices) => return notices,
                Err(error) => warn!(%error, "the control bus cannot be heard for now: {error}"),
            }
            sleep(RETRY).await;
        }
    }

    fn hear(&self, notice: &Notice) {
        if let Some(gate) = &self.gate {
            gate.notice(notice);
        }
        match notice {
            Notice::Revoked { revocation } => {
                let closed = self.node.revoke(std::slice::from_ref(revocation));
                if closed > 0 {
                    info!(closed, "{closed} publications were closed: what let them in is revoked");
                }
            }
            Notice::StreamChanged { stream } => self.playlist.settings_changed(stream),
            Notice::TemplateChanged { .. } => self.playlist.all_settings_changed(),
            Notice::KeysChanged | Notice::Unknown => {}
        }
    }

    /// Reads anew what may have been said unheard.
    async fn catch_up(&self) {
        if let Some(gate) = &self.gate {
            gate.missed();
        }
        self.playlist.all_settings_changed();
        self.read_revocations().await;
    }

    async fn read_revocations(&self) {
        loop {
            match self.directory.revocations().await {
                Ok(revocations) => {
                    self.node.revoke(&revocations);
                    return;
                }
                Err(error) => warn!(%error, "revocations cannot be read for now: {error}"),
            }
            sleep(RETRY).await;
        }
    }
}
