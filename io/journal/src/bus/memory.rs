//! A bus for tests of others.

use accounts::Notice;
use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{Bus, Heard, JournalError, Notices};

/// Notices that wait for who listens. Whoever is further behind is told that it missed some.
const QUEUE_MAX: usize = 1_024;

/// Carries notices within a process. Clones are the same bus.
#[derive(Clone, Debug)]
pub struct MemoryBus {
    said: broadcast::Sender<Heard>,
}

/// What is heard of it.
#[derive(Debug)]
struct Listener {
    /// Keeps the bus open: it is never at its end.
    _bus: MemoryBus,
    said: broadcast::Receiver<Heard>,
}

impl MemoryBus {
    /// Tells all who listen that they may have missed something, as a bus does that was away.
    pub fn interrupt(&self) {
        // An error says that nobody listens.
        let _ = self.said.send(Heard::Missed);
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self { said: broadcast::Sender::new(QUEUE_MAX) }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, notice: &Notice) -> Result<(), JournalError> {
        if *notice != Notice::Unknown {
            // An error says that nobody listens.
            let _ = self.said.send(Heard::Notice(notice.clone()));
        }
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notices>, JournalError> {
        Ok(Box::new(Listener { _bus: self.clone(), said: self.said.subscribe() }))
    }
}

#[async_trait]
impl Notices for Listener {
    async fn next(&mut self) -> Heard {
        match self.said.recv().await {
            Ok(heard) => heard,
            Err(RecvError::Lagged(_)) => Heard::Missed,
            // It does not end while we hold it.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        let bus = MemoryBus::default();
        crate::conformance::bus::all(&bus, &bus.clone()).await;
    }

    #[tokio::test]
    async fn whoever_is_far_behind_or_was_cut_off_is_told_that_it_missed_some() {
        let bus = MemoryBus::default();
        let mut listener = bus.listen().await.unwrap();
        bus.interrupt();
        assert_eq!(listener.next().await, Heard::Missed);
        for _ in 0..=QUEUE_MAX {
            bus.publish(&Notice::KeysChanged).await.unwrap();
        }
        assert_eq!(listener.next().await, Heard::Missed);
        assert_eq!(listener.next().await, Heard::Notice(Notice::KeysChanged));
    }
}
