//! The control bus: what every node is to know at once.

mod memory;
mod sqlite;

use std::fmt::Debug;

use accounts::Notice;
use async_trait::async_trait;

use crate::JournalError;

pub use memory::MemoryBus;
pub use sqlite::SqliteBus;

/// Carries notices to all nodes within a second. It is no store: what must survive a restart is in
/// the database, and whoever starts or missed something reads it there. An implementation passes
/// [`conformance::bus::all`](crate::conformance::bus::all).
#[async_trait]
pub trait Bus: Debug + Send + Sync + 'static {
    /// Tells all nodes, this one too.
    ///
    /// # Errors
    ///
    /// When some may not hear of it. To publish it again does no harm.
    async fn publish(&self, notice: &Notice) -> Result<(), JournalError>;

    /// What is published from now on, by whomever.
    ///
    /// # Errors
    ///
    /// When that cannot be found out for now.
    async fn listen(&self) -> Result<Box<dyn Notices>, JournalError>;
}

/// What is heard of the bus.
#[async_trait]
pub trait Notices: Debug + Send + 'static {
    /// Waits for the next one. It never ends: a bus that is away is tried again, and what may have
    /// been missed meanwhile is said. Nothing is lost when the wait is given up.
    async fn next(&mut self) -> Heard;
}

/// What is heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A notice.
    Notice(Notice),
    /// Some may have been missed: read everything anew.
    Missed,
}
