//! The channel within one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{MediaKey, OpenSegment, StreamName};
use tokio::sync::{mpsc, watch};

use crate::{OpenWatch, PartError, PartFlow, PartSource};

/// Pieces of a part that wait for one reader. A reader that is slower than the encoder waits in its
/// own queue and holds nobody up: beyond this the rest is handed over by whoever reads.
const FLOW_PIECES_MAX: usize = 4;

/// Keeps the segments that are being made on this node. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Hub {
    streams: Arc<Mutex<HashMap<StreamName, Slot>>>,
}

#[derive(Debug)]
struct Slot {
    open: watch::Sender<Option<Arc<OpenSegment>>>,
    /// The parts of the open segment and the newest of the segment before it, by their keys.
    parts: HashMap<MediaKey, watch::Sender<Growing>>,
}

/// A part's bytes so far.
#[derive(Clone, Debug, Default)]
struct Growing {
    pieces: Vec<Bytes>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Growing,
    Whole,
    GivenUp,
}

impl Default for Slot {
    fn default() -> Self {
        Self { open: watch::Sender::new(None), parts: HashMap::new() }
    }
}

impl Hub {
    /// Adds bytes to a part that is being made, or begins it.
    pub fn grow(&self, key: &MediaKey, bytes: Bytes) {
        let part = self.part(key);
        part.send_modify(|growing| growing.pieces.push(bytes));
    }

    /// Says that a part is whole: all its bytes, in one piece.
    pub fn complete(&self, key: &MediaKey, bytes: Bytes) {
        let part = self.part(key);
        part.send_modify(|growing| {
            // Who reads it has taken some pieces already, and takes the rest of the one.
            growing.pieces = vec![bytes];
            growing.state = State::Whole;
        });
    }

    /// Announces the segment that is being made.
    pub fn announce(&self, stream: &StreamName, open: OpenSegment) {
        let mut streams = self.lock();
        let slot = streams.entry(stream.clone()).or_default();
        slot.open.send_replace(Some(Arc::new(open)));
    }

    /// Lets go of parts: their segment is whole and can be read instead.
    pub fn forget(&self, keys: impl IntoIterator<Item = MediaKey>) {
        let mut streams = self.lock();
        for key in keys {
            if let Some(slot) = streams.get_mut(&key.stream) {
                slot.parts.remove(&key);
            }
        }
    }

    /// Says that nothing is being made any more: the publication is over.
    pub fn close(&self, stream: &StreamName) {
        let mut streams = self.lock();
        let Some(slot) = streams.get_mut(stream) else { return };
        slot.open.send_replace(None);
        for (_, part) in slot.parts.drain() {
            part.send_if_modified(|growing| {
                let is_open = growing.state == State::Growing;
                growing.state = if is_open { State::GivenUp } else { growing.state };
                is_open
            });
        }
        if slot.open.receiver_count() == 0 {
            streams.remove(stream);
        }
    }

    fn part(&self, key: &MediaKey) -> watch::Sender<Growing> {
        let mut streams = self.lock();
        let slot = streams.entry(key.stream.clone()).or_default();
        slot.parts.entry(key.clone()).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StreamName, Slot>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PartSource for Hub {
    async fn follow(
        &self,
        stream: &StreamName,
        _origin_url: Option<&str>,
    ) -> Result<OpenWatch, PartError> {
        let mut streams = self.lock();
        Ok(streams.entry(stream.clone()).or_default().open.subscribe())
    }

    async fn read(&self, key: &MediaKey, _origin_url: Option<&str>) -> Result<PartFlow, PartError> {
        let mut part = {
            let streams = self.lock();
            let slot = streams.get(&key.stream);
            let part = slot.and_then(|slot| slot.parts.get(key));
            part.ok_or_else(|| PartError::NotFound(key.clone()))?.subscribe()
        };
        let (sender, flow) = mpsc::channel(FLOW_PIECES_MAX);
        let key = key.clone();
        tokio::spawn(async move {
            let mut sent = 0_usize;
            loop {
                let (rest, state) = {
                    let growing = part.borrow_and_update();
                    (rest(&growing.pieces, sent), growing.state)
                };
                for piece in rest {
                    sent = sent.saturating_add(piece.len());
                    if sender.send(Ok(piece)).await.is_err() {
                        return;
                    }
                }
                match state {
                    State::Whole => return,
                    State::GivenUp => {
                        let _ = sender.send(Err(PartError::GivenUp(key))).await;
                        return;
                    }
                    State::Growing if part.changed().await.is_err() => {
                        let _ = sender.send(Err(PartError::GivenUp(key))).await;
                        return;
                    }
                    State::Growing => {}
                }
            }
        });
        Ok(flow)
    }
}

/// The pieces behind the first `sent` bytes.
fn rest(pieces: &[Bytes], sent: usize) -> Vec<Bytes> {
    let mut skip = sent;
    let cut = pieces.iter().filter_map(|piece| {
        let from = skip.min(piece.len());
        skip -= from;
        (from < piece.len()).then(|| piece.slice(from..))
    });
    cut.collect()
}
