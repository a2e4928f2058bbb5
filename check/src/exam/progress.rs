//! How far an exam has come.

use std::time::Duration;

/// Is told how far an exam has come.
pub trait Progress: Send + Sync {
    /// Something has changed. Called often: whoever shows it to people decides when.
    fn show(&self, state: &State);
}

/// How far an exam has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Since it began.
    pub at: Duration,
    /// How many renditions there are.
    pub renditions: u64,
    /// Segments that were examined.
    pub segments: u64,
    /// Segments that are known to follow; 0 for a live stream, where nobody knows.
    pub segments_left: u64,
    /// How long they play, over all renditions.
    pub played: Duration,
    /// Bytes that were fetched.
    pub bytes: u64,
    /// Whether the stream is live: the exam ends with its time, not with the stream.
    pub is_live: bool,
    /// Rules that were broken, by severity from the worst on.
    pub findings: [u64; 5],
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn show(&self, _: &State) {}
}
