//! Keeping when keys and devices were used, after the answer.

use std::sync::Arc;
use std::time::Duration;

use accounts::{DeviceId, KeyId};
use runtime::Drain;
use tokio::sync::mpsc;
use tracing::debug;

use crate::Database;

/// What waits to be kept. Whatever comes beyond that is not kept: it is only for people to read.
const WAITING_MAX: usize = 16_384;
/// How long is left between two, so that what nobody waits for does not slow down those who do
/// when all encoders come back at one time.
const PAUSE: Duration = Duration::from_millis(5);

/// Keeps when keys and devices were used. Run it, or nothing is kept.
#[derive(Debug)]
pub struct Touches {
    database: Arc<dyn Database>,
    waiting: mpsc::Receiver<Touch>,
}

/// Where such things are handed over.
#[derive(Debug)]
pub(super) struct Touching(mpsc::Sender<Touch>);

/// A key was used.
#[derive(Debug)]
pub(super) struct Touch {
    pub(super) key: KeyId,
    pub(super) device: Option<DeviceId>,
    pub(super) address: String,
    pub(super) now_ms: i64,
}

pub(super) fn channel(database: Arc<dyn Database>) -> (Touching, Touches) {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    (Touching(sender), Touches { database, waiting })
}

impl Touching {
    pub(super) fn later(&self, touch: Touch) {
        let _ = self.0.try_send(touch);
    }
}

impl Touches {
    /// Keeps what was used until the drain begins, and then what waits.
    pub async fn run(mut self, mut drain: Drain) {
        loop {
            tokio::select! {
                touch = self.waiting.recv() => match touch {
                    Some(touch) => {
                        self.keep(touch).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                    None => return,
                },
                () = drain.started() => break,
            }
        }
        while let Ok(touch) = self.waiting.try_recv() {
            self.keep(touch).await;
        }
    }

    async fn keep(&self, touch: Touch) {
        let Touch { key, device, address, now_ms } = touch;
        let mut kept = self.database.touch_stream_key(&key, now_ms).await;
        if let (Ok(()), Some(device)) = (&kept, &device) {
            kept = self.database.touch_device(device, &address, now_ms).await;
        }
        if let Err(error) = kept {
            debug!(%error, "when {key} was used is not kept: {error}");
        }
    }
}
