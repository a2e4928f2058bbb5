//! The same question is asked once at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Questions that are under way, by what is asked. Clones share them.
pub(crate) struct Flights<V> {
    flights: Arc<Mutex<BTreeMap<Arc<str>, Flight<V>>>>,
    limit: usize,
}

/// A question that is under way. It goes on whoever stops waiting for it.
pub(crate) type Flight<V> = watch::Receiver<Option<V>>;

/// Why a question is not asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoFlight<E> {
    /// So many are under way already.
    Busy { limit: usize },
    /// Whoever would have asked says no.
    Refused(E),
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// At most so many at one time.
    pub(crate) fn new(limit: usize) -> Self {
        Self { flights: Arc::default(), limit }
    }

    /// The flight of `question`: the one that is under way, or what `ask` makes of it. What it
    /// makes runs as a task of its own, so that whatever it keeps of the answer is kept.
    pub(crate) fn join<A, E>(
        &self,
        question: &Arc<str>,
        ask: impl FnOnce() -> Result<A, E>,
    ) -> Result<Flight<V>, NoFlight<E>>
    where
        A: Future<Output = V> + Send + 'static,
    {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // One whose sender is gone will never land.
        if let Some(flight) = flights.get(question).filter(|flight| flight.has_changed().is_ok()) {
            return Ok(flight.clone());
        }
        if flights.len() >= self.limit {
            return Err(NoFlight::Busy { limit: self.limit });
        }
        let asked = ask().map_err(NoFlight::Refused)?;
        let (sender, flight) = watch::channel(None);
        flights.insert(Arc::clone(question), flight.clone());
        drop(flights);
        let (flights, question) = (Arc::clone(&self.flights), Arc::clone(question));
        tokio::spawn(async move {
            let answer = asked.await;
            flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&question);
            // Nobody may be waiting any more.
            drop(sender.send(Some(answer)));
        });
        Ok(flight)
    }

    /// The flight of `question`, if there is one.
    pub(crate) fn under_way(&self, question: &str) -> Option<Flight<V>> {
        let flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.get(question).cloned()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.flights.lock().unwrap().len()
    }
}

/// The answer; `None` if the question was given up.
pub(crate) async fn landed<V: Clone>(mut flight: Flight<V>) -> Option<V> {
    flight.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone())
}

impl<V> Clone for Flights<V> {
    fn clone(&self) -> Self {
        Self { flights: Arc::clone(&self.flights), limit: self.limit }
    }
}

impl<V> fmt::Debug for Flights<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights(at most {})", self.limit)
    }
}
