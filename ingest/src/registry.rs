//! Who publishes on this node.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use segmenter::Diagnosis;
use timeline::StreamName;
use tokio::sync::watch;

use crate::NameTaken;

/// The publications of this node, by stream. The journal settles who owns a stream; this only
/// makes way for a newcomer at once, with nothing lost of what came before.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    slots: Mutex<BTreeMap<StreamName, Slot>>,
    serial: Mutex<u64>,
}

#[derive(Clone, Debug)]
struct Slot {
    serial: u64,
    leave: watch::Sender<bool>,
    gone: watch::Receiver<()>,
    diagnosis: watch::Receiver<Arc<Diagnosis>>,
}

/// A publication's place in the registry. Dropping it tells a successor that everything before it
/// is in the journal.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    stream: StreamName,
    serial: u64,
    leave: watch::Receiver<bool>,
    diagnosis: watch::Sender<Arc<Diagnosis>>,
    /// Its end is what a successor waits for.
    _gone: watch::Sender<()>,
}

/// A publication that has been told to make way.
#[derive(Debug)]
pub(crate) struct Predecessor {
    gone: watch::Receiver<()>,
}

impl Registry {
    /// Takes the place of `stream`. Whoever has it is told to leave, or `None` is returned under
    /// [`NameTaken::Reject`].
    pub(crate) fn take(
        self: &Arc<Self>,
        stream: &StreamName,
        policy: NameTaken,
    ) -> Option<(Place, Option<Predecessor>)> {
        let serial = {
            let mut serial = self.serial.lock().unwrap_or_else(PoisonError::into_inner);
            *serial += 1;
            *serial
        };
        let (leave, leaves) = watch::channel(false);
        let (goes, gone) = watch::channel(());
        let (diagnosed, diagnosis) = watch::channel(Arc::default());
        let slot = Slot { serial, leave, gone, diagnosis };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let predecessor = match slots.entry(stream.clone()) {
            Entry::Occupied(_) if policy == NameTaken::Reject => return None,
            Entry::Occupied(mut entry) => {
                let before = entry.insert(slot);
                before.leave.send_replace(true);
                Some(Predecessor { gone: before.gone })
            }
            Entry::Vacant(entry) => {
                entry.insert(slot);
                None
            }
        };
        let place = Place {
            registry: Arc::clone(self),
            stream: stream.clone(),
            serial,
            leave: leaves,
            diagnosis: diagnosed,
            _gone: goes,
        };
        Some((place, predecessor))
    }

    /// Whether `stream` is published here.
    pub(crate) fn has(&self, stream: &StreamName) -> bool {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).contains_key(stream)
    }

    /// What the doctor says of the publication of `stream`, if it is published here.
    pub(crate) fn diagnosis(&self, stream: &StreamName) -> Option<Arc<Diagnosis>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(stream).map(|slot| Arc::clone(&slot.diagnosis.borrow()))
    }

    /// Publications at this moment.
    pub(crate) fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Place {
    /// Waits until somebody else wants the place.
    pub(crate) fn leave(&self) -> watch::Receiver<bool> {
        self.leave.clone()
    }

    /// Where the doctor's words about the publication are kept.
    pub(crate) fn diagnosis(&self) -> watch::Sender<Arc<Diagnosis>> {
        self.diagnosis.clone()
    }
}

impl Predecessor {
    /// Waits until the publication is gone and its last segment is listed.
    pub(crate) async fn gone(mut self) {
        // An error is what is waited for: the other end was dropped.
        while self.gone.changed().await.is_ok() {}
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut slots = self.registry.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.get(&self.stream).is_some_and(|slot| slot.serial == self.serial) {
            slots.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newcomer_waits_until_its_predecessor_is_gone() {
        let registry = Arc::new(Registry::default());
        let name = StreamName::parse("live/a").unwrap();
        let (first, none) = registry.take(&name, NameTaken::Takeover).unwrap();
        assert!(none.is_none() && !*first.leave().borrow());
        let (second, predecessor) = registry.take(&name, NameTaken::Takeover).unwrap();
        assert!(*first.leave().borrow() && !*second.leave().borrow());
        let waiting = tokio::spawn(predecessor.unwrap().gone());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
        assert_eq!(registry.len(), 1, "the successor keeps the place");
        drop(second);
        assert_eq!(registry.len(), 0);
    }

    #[test]
    fn the_first_keeps_its_place_where_the_policy_says_so() {
        let registry = Arc::new(Registry::default());
        let name = StreamName::parse("live/a").unwrap();
        let (first, _) = registry.take(&name, NameTaken::Reject).unwrap();
        assert!(registry.take(&name, NameTaken::Reject).is_none());
        assert!(!*first.leave().borrow());
        drop(first);
        assert!(registry.take(&name, NameTaken::Reject).is_some());
    }
}
