//! Objects on their way from other nodes: one request each, whoever reads them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parts::{Making, Reading, Refusal};
use store::LiveMemory;
use timeline::MediaKey;

use super::Trouble;
use super::ask::Asker;

/// The requests that are open, and what came of the last ones.
#[derive(Clone, Debug)]
pub(super) struct Flights(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    asker: Arc<Asker>,
    open: Mutex<HashMap<Flight, Making>>,
    memory: LiveMemory,
}

/// A node's URL and what is read there.
type Flight = (Arc<str>, MediaKey);

impl Flights {
    pub(super) fn new(asker: Arc<Asker>) -> Self {
        let memory = LiveMemory::new(asker.limits.memory_bytes_max);
        Self(Arc::new(Shared { asker, open: Mutex::default(), memory }))
    }

    /// A reader of an object, which is asked for unless it is on its way or was here lately.
    pub(super) fn read(&self, node: Arc<str>, key: &MediaKey) -> Result<Reading, Trouble> {
        let mut open = self.0.lock();
        // Under the lock a flight is open, or its bytes are in memory, or nobody has asked.
        let flight = (node, key.clone());
        if let Some(making) = open.get(&flight) {
            return Ok(making.read(key));
        }
        let making = Making::default();
        let reading = making.read(key);
        if let Some(bytes) = self.0.memory.get(&key.clone().into()) {
            making.complete(bytes);
            return Ok(reading);
        }
        let limit = self.0.asker.limits.flights_max;
        if open.len() >= limit {
            return Err(Trouble::Busy { limit });
        }
        open.insert(flight.clone(), making.clone());
        tokio::spawn(Arc::clone(&self.0).fly(flight, making));
        Ok(reading)
    }
}

impl Shared {
    async fn fly(self: Arc<Self>, flight: Flight, making: Making) {
        let (node, key) = &flight;
        let outcome = {
            let mut object = pin!(self.asker.object(node, key, &making));
            loop {
                tokio::select! {
                    outcome = &mut object => break outcome,
                    () = making.unread() => if self.leave(&flight, &making) { return },
                }
            }
        };
        match outcome {
            Ok(bytes) => self.land(flight, &making, bytes),
            Err(trouble) => {
                // Whoever asks from now on asks anew.
                self.lock().remove(&flight);
                making.refuse(refusal(&trouble));
            }
        }
    }

    fn land(&self, flight: Flight, making: &Making, bytes: Bytes) {
        self.memory.insert(flight.1.clone().into(), bytes.clone());
        making.complete(bytes);
        self.lock().remove(&flight);
    }

    /// Gives a request up that nobody waits for. Somebody may have come at the last moment.
    fn leave(&self, flight: &Flight, making: &Making) -> bool {
        let mut open = self.lock();
        let leaves = !making.is_read();
        if leaves {
            open.remove(flight);
        }
        leaves
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Flight, Making>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(trouble: &Trouble) -> Refusal {
    if matches!(trouble, Trouble::NotFound) {
        Refusal::NotFound
    } else if matches!(trouble, Trouble::GivenUp) {
        Refusal::GivenUp
    } else {
        Refusal::Unavailable(trouble.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RemoteLimits;

    #[tokio::test]
    async fn a_request_is_not_given_up_when_somebody_came_at_the_last_moment() {
        let asker = Asker::new(None, RemoteLimits::default());
        let Flights(shared) = Flights::new(Arc::new(asker));
        let Ok(timeline::ObjectKey::Media(key)) =
            timeline::ObjectKey::parse("live/cam/ts/1/7.0.ts")
        else {
            panic!("it is a part's");
        };
        let (making, flight) = (Making::default(), (Arc::from("http://a"), key.clone()));
        shared.lock().insert(flight.clone(), making.clone());
        let reading = making.read(&key);
        assert!(!shared.leave(&flight, &making) && shared.lock().len() == 1);
        drop(reading);
        assert!(shared.leave(&flight, &making) && shared.lock().is_empty());
    }
}
