//! What is done after the answer.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// Most tasks at one time: letters that a mail server which hangs has not taken. Later ones are
/// dropped; whoever waits for a letter asks for another.
const TASKS_MAX: usize = 100;

/// Tasks that outlive the request that asked for them, so that its time tells nothing of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Background(Arc<Mutex<JoinSet<()>>>);

impl Background {
    /// Begins a task. `false` when there are too many.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        let has_room = tasks.len() < TASKS_MAX;
        if has_room {
            tasks.spawn(task);
        }
        has_room
    }

    /// Waits for all that were begun.
    pub(crate) async fn finish(&self) {
        let tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.join_all().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn all_that_was_begun_is_finished_and_no_more_is_begun_than_may() {
        let (background, done) = (Background::default(), Arc::new(AtomicUsize::new(0)));
        let mut begun = 0;
        for _ in 0..TASKS_MAX + 1 {
            let done = Arc::clone(&done);
            let task = async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::Relaxed);
            };
            begun += usize::from(background.spawn(task));
        }
        assert_eq!(begun, TASKS_MAX);
        background.finish().await;
        assert_eq!(done.load(Ordering::Relaxed), TASKS_MAX);
        assert!(background.spawn(async {}));
    }
}
