//! When a session is over although nothing came.

use std::time::Duration;

/// The deadlines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) handshake_by: Duration,
    /// When a stream has to be published, and how long that was from its start; `None` while one
    /// is.
    pub(super) publish_by: Option<(Duration, Duration)>,
    /// When the last message of a publisher was read.
    pub(super) active_at: Duration,
    /// When the caller was given an event; `None` once it has asked for the next. How long it takes
    /// for that is not the peer's doing.
    pub(super) caller_busy_since: Option<Duration>,
}

impl Clock {
    /// Moves the deadlines by the time that the caller took for the last event.
    pub(super) fn resume(&mut self, now: Duration) {
        let Some(since) = self.caller_busy_since.take() else { return };
        let away = now.saturating_sub(since);
        self.active_at += away;
        if let Some((publish_by, _)) = &mut self.publish_by {
            *publish_by += away;
        }
    }
}
