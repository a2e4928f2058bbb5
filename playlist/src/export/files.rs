//! The second pass: ranges of the file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use container::mp4::{Layout, Piece, Place};
use origin::{BoxError, Flow, Made};
use store::LiveFirst;
use timeline::{ObjectKey, Recording};
use tokio::sync::{Semaphore, mpsc};

/// Bytes that are read and sent at a time.
const CHUNK_BYTES: u64 = 512 * 1_024;
/// Chunks that are made ahead of whoever reads.
const AHEAD: usize = 2;
/// Bytes that a layout takes beside its header for each segment: its places, and the key.
const SEGMENT_BYTES: usize = 250;

/// A recording as a file. Clones share it.
#[derive(Clone)]
pub(crate) struct File {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    layout: Layout,
    /// By the number of the segment and of the lane.
    keys: Vec<Vec<Option<ObjectKey>>>,
    objects: Arc<LiveFirst>,
    sending: Arc<Semaphore>,
}

/// Who reads has gone.
struct Gone;

type Sender = mpsc::Sender<Result<Bytes, BoxError>>;

impl File {
    pub(super) fn new(
        record: &Recording,
        layout: Layout,
        keys: Vec<Vec<Option<ObjectKey>>>,
        objects: Arc<LiveFirst>,
        sending: Arc<Semaphore>,
    ) -> Self {
        let Recording { first, last, created_ms, .. } = record;
        let name = format!("{first}-{last}-{created_ms}-{}", layout.length());
        Self { shared: Arc::new(Shared { name, layout, keys, objects, sending }) }
    }

    /// Tells files apart.
    pub(super) fn etag(&self) -> &str {
        &self.shared.name
    }

    /// About how many bytes it takes.
    pub(super) fn memory(&self) -> usize {
        let segments = self.shared.keys.iter().map(Vec::len).sum::<usize>();
        let header = self.shared.layout.header_length();
        header.saturating_add(segments.saturating_mul(SEGMENT_BYTES))
    }
}

impl Made for File {
    fn length(&self) -> Option<u64> {
        Some(self.shared.layout.length())
    }

    fn read(&self, range: Range<u64>) -> Flow {
        let (sender, flow) = mpsc::channel(AHEAD);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let sending = Arc::clone(&shared.sending);
            // Whoever hangs up meanwhile is not waited for.
            let permit = tokio::select! {
                permit = sending.acquire_owned() => permit,
                () = sender.closed() => return,
            };
            if let Err(error) = shared.send(range, &sender).await {
                // The end of the connection tells the reader that the file is not whole.
                let _ = sender.send(Err(error)).await;
            }
            drop(permit);
        });
        flow
    }
}

impl Shared {
    /// Sends a range, until it is whole or nobody reads any more.
    async fn send(&self, range: Range<u64>, sender: &Sender) -> Result<(), BoxError> {
        for piece in self.layout.pieces(range) {
            let sent = match piece {
                Piece::Bytes(bytes) => send_in_chunks(bytes, sender).await,
                Piece::Copy { place, range } => self.copy(place, range, sender).await?,
                Piece::Payload { place, range } => {
                    let segment = self.objects.get(self.key(place)?).await?;
                    let payload = self.layout.payload(place, &segment)?;
                    let payload = payload.get(range.clone()).map(|part| payload.slice_ref(part));
                    send_in_chunks(payload.ok_or("a segment is shorter than it was")?, sender).await
                }
            };
            if sent.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn copy(
        &self,
        place: Place,
        range: Range<u64>,
        sender: &Sender,
    ) -> Result<Result<(), Gone>, BoxError> {
        let (key, mut at) = (self.key(place)?, range.start);
        while at < range.end {
            let end = range.end.min(at.saturating_add(CHUNK_BYTES));
            let bytes = self.objects.get_range(key, at..end).await?;
            if u64::try_from(bytes.len())? != end - at {
                return Err("a segment is shorter than it was".into());
            }
            if sender.send(Ok(bytes)).await.is_err() {
                return Ok(Err(Gone));
            }
            at = end;
        }
        Ok(Ok(()))
    }

    fn key(&self, place: Place) -> Result<&ObjectKey, BoxError> {
        let lanes = self.keys.get(usize::try_from(place.segment)?).ok_or("no such segment")?;
        let key = lanes.get(usize::try_from(place.lane)?).and_then(Option::as_ref);
        Ok(key.ok_or("no such rendition")?)
    }
}

async fn send_in_chunks(mut bytes: Bytes, sender: &Sender) -> Result<(), Gone> {
    let chunk_bytes = usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX);
    while !bytes.is_empty() {
        let chunk = bytes.split_to(chunk_bytes.min(bytes.len()));
        sender.send(Ok(chunk)).await.map_err(|_| Gone)?;
    }
    Ok(())
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.shared.name).finish()
    }
}
