//! What a database keeps, by subject.

mod credentials;
mod devices;
mod organisations;
mod streams;
mod trust;
mod users;

pub use credentials::{Credentials, Rotated};
pub use devices::{Devices, Verifications};
pub use organisations::Organisations;
pub use streams::{PublishKey, StreamFilter, StreamKeys, Streams};
pub use trust::Trust;
pub use users::Users;

/// Which part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// What the list begins after: the id or name of the last one that was seen.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

impl Page {
    /// Everything, where it is known to be few or where all are wanted.
    pub const ALL: Self = Self { after: None, limit: u32::MAX };
}
