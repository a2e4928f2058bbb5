//! Asking every role to stop, once.

use tokio::sync::watch;

/// Told to every role: stop taking work and finish what is open. Clones are cheap, and each of
/// them sees the start.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<bool>);

/// Starts the drain of every [`Drain`] that was made with it.
#[derive(Debug)]
pub struct DrainHandle(watch::Sender<bool>);

/// A handle, and what it starts.
#[must_use]
pub fn drain() -> (DrainHandle, Drain) {
    let (sender, receiver) = watch::channel(false);
    (DrainHandle(sender), Drain(receiver))
}

impl DrainHandle {
    /// Asks every role to stop. Consumes the handle: a process drains once.
    pub fn start(self) {
        self.0.send_replace(true);
    }
}

impl Drain {
    /// Waits until the drain starts; at once if it has. Cancel safe. A handle that was dropped
    /// counts as started: nobody is left who could ever ask.
    pub async fn started(&mut self) {
        // The error says that the handle is gone.
        drop(self.0.wait_for(|started| *started).await);
    }

    /// Whether the drain has started.
    #[must_use]
    pub fn is_started(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_reaches_every_clone_early_or_late() {
        let (handle, first) = drain();
        let mut waiting = first.clone();
        let waiter = tokio::spawn(async move { waiting.started().await });
        assert!(!first.is_started());
        handle.start();
        waiter.await.unwrap();
        let mut late = first.clone();
        late.started().await;
        assert!(first.is_started() && late.is_started());
    }

    #[tokio::test]
    async fn a_handle_that_is_gone_counts_as_started() {
        let (handle, mut drain) = drain();
        drop(handle);
        drain.started().await;
        assert!(drain.is_started());
    }
}
