//! Who publishes on this node.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accounts::Subject;
use authz::{PublishGrant, PublishRefusal};
use segmenter::Diagnosis;
use timeline::StreamName;
use tokio::sync::watch;

use crate::{NameTaken, Refusal, Revoked};

/// The publications of this node, by stream. The journal settles who owns a stream; this only
/// makes way for a newcomer at once, with nothing lost of what came before.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<StreamName, Slot>,
    serial: u64,
    /// How often publications were looked through for those that lost their rights.
    evictions: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    serial: u64,
    subject: Subject,
    /// When its publisher was let in, in milliseconds since the Unix epoch.
    granted_ms: i64,
    leave: watch::Sender<Option<Leave>>,
    gone: watch::Receiver<()>,
    diagnosis: watch::Receiver<Arc<Diagnosis>>,
}

/// Why a publication must make way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leave {
    /// Another publisher came.
    Replaced,
    /// Its publisher may not publish any more.
    Revoked(Revoked),
}

/// Who wants a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// What was allowed.
    pub(crate) grant: &'a PublishGrant,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) granted_ms: i64,
    /// What happens to whoever has the place.
    pub(crate) policy: NameTaken,
    /// Publications of the node at most.
    pub(crate) publishers_max: usize,
}

/// A publication's place in the registry. Dropping it tells a successor that everything before it
/// is in the journal.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    stream: StreamName,
    serial: u64,
    leave: watch::Receiver<Option<Leave>>,
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
    /// Takes the place of a stream. Whoever has it is told to leave, or keeps it under
    /// [`NameTaken::Reject`].
    pub(crate) fn take(
        self: &Arc<Self>,
        candidate: Candidate<'_>,
    ) -> Result<(Place, Option<Predecessor>), Refusal> {
        let Candidate { grant, granted_ms, policy, publishers_max } = candidate;
        let (leave, leaves) = watch::channel(None);
        let (goes, gone) = watch::channel(());
        let (diagnosed, diagnosis) = watch::channel(Arc::default());
        let mut state = self.lock();
        state.has_room_for(grant, publishers_max)?;
        let serial = state.serial.saturating_add(1);
        let subject = grant.subject.clone();
        let slot = Slot { serial, subject, granted_ms, leave, gone, diagnosis };
        let predecessor = match state.slots.entry(grant.stream.clone()) {
            Entry::Occupied(_) if policy == NameTaken::Reject => return Err(Refusal::NameTaken),
            Entry::Occupied(mut entry) => {
                let before = entry.insert(slot);
                before.leave(Leave::Replaced);
                Some(Predecessor { gone: before.gone })
            }
            Entry::Vacant(entry) => {
                entry.insert(slot);
                None
            }
        };
        state.serial = serial;
        let place = Place {
            registry: Arc::clone(self),
            stream: grant.stream.clone(),
            serial,
            leave: leaves,
            diagnosis: diagnosed,
            _gone: goes,
        };
        Ok((place, predecessor))
    }

    /// Tells publications to leave for which `revoked`, which gets the moment at which they were
    /// let in (milliseconds since the Unix epoch), has a reason. Says how many there were.
    pub(crate) fn evict(
        &self,
        revoked: impl Fn(&StreamName, &Subject, i64) -> Option<Revoked>,
    ) -> usize {
        let mut state = self.lock();
        state.evictions = state.evictions.saturating_add(1);
        let reasons = state.slots.iter().filter_map(|(stream, slot)| {
            Some((slot, revoked(stream, &slot.subject, slot.granted_ms)?))
        });
        reasons.filter(|(slot, reason)| slot.leave(Leave::Revoked(*reason))).count()
    }

    /// Changes whenever publications are told to leave: who is let in meanwhile may be meant.
    pub(crate) fn evictions(&self) -> u64 {
        self.lock().evictions
    }

    /// What the doctor says of the publication of `stream`, if it is published here.
    pub(crate) fn diagnosis(&self, stream: &StreamName) -> Option<Arc<Diagnosis>> {
        self.lock().slots.get(stream).map(|slot| Arc::clone(&slot.diagnosis.borrow()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whoever takes a stream over adds none to the node, but perhaps to its user.
    fn has_room_for(&self, grant: &PublishGrant, publishers_max: usize) -> Result<(), Refusal> {
        if self.slots.len() >= publishers_max && !self.slots.contains_key(&grant.stream) {
            return Err(Refusal::Full { limit: publishers_max });
        }
        let (Some(user), Some(limit)) = (&grant.subject.user, grant.streams_max) else {
            return Ok(());
        };
        let others = self.slots.iter().filter(|(stream, slot)| {
            **stream != grant.stream
                && slot.subject.user.as_ref() == Some(user)
                && slot.subject.organisation == grant.subject.organisation
        });
        let is_full = u32::try_from(others.count()).unwrap_or(u32::MAX) >= limit;
        if is_full { Err(PublishRefusal::TooManyStreams { limit }.into()) } else { Ok(()) }
    }
}

impl Slot {
    /// Tells the publication to leave, unless it was told before.
    fn leave(&self, why: Leave) -> bool {
        self.leave.send_if_modified(|leave| {
            let is_first = leave.is_none();
            leave.get_or_insert(why);
            is_first
        })
    }
}

impl Place {
    /// Says when and why the publication must leave.
    pub(crate) fn leave(&self) -> watch::Receiver<Option<Leave>> {
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
        let mut state = self.registry.lock();
        if state.slots.get(&self.stream).is_some_and(|slot| slot.serial == self.serial) {
            state.slots.remove(&self.stream);
        }
    }
}
