//! What a store has of a stream, without holding the list of it.

use timeline::ObjectKey;
use tokio::sync::mpsc;

use crate::StoreError;

/// Objects as they are found. The channel's end is the end of them, if no error came before it.
pub type Survey = mpsc::Receiver<Result<Vec<Found>, StoreError>>;

/// An object, as a survey finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its key.
    pub key: ObjectKey,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was stored, or the file that it was made of was written, in milliseconds since the
    /// Unix epoch, by the store's clock.
    pub modified_ms: i64,
}

/// Objects that are told of at a time: as many as a request of the S3 protocol lists.
pub(crate) const FOUND_MAX: usize = 1_000;
/// Portions that are found ahead of whoever reads.
const AHEAD: usize = 2;

/// A survey and its other end.
pub(crate) fn channel() -> (mpsc::Sender<Result<Vec<Found>, StoreError>>, Survey) {
    mpsc::channel(AHEAD)
}
