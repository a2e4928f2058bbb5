//! Who makes or reads what: each thing once for all who ask for it, and who asks for what others
//! seldom do does not keep them waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use timeline::RenditionId;
use tokio::sync::OwnedMutexGuard;

use crate::follow::Shown;
use crate::view::Stretch;

/// Those who make something just now, by what they make.
#[derive(Debug)]
pub(crate) struct Turns<K, T = ()>(Mutex<BTreeMap<K, Weak<tokio::sync::Mutex<T>>>>);

/// What is made one after the other: playlists of one rendition over one window, which need the
/// same pages; and all stretches that have a start. Of those there are as many as anybody cares to
/// ask for, and each may have to read pages: one at a time, and the live window beside them.
pub(crate) type Making = Option<(Option<RenditionId>, i64)>;

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, T: Default> Turns<K, T> {
    /// Waits until nobody makes `what`. Who made it before may have left word.
    pub(crate) async fn take(&self, what: K) -> OwnedMutexGuard<T> {
        self.turn(what).lock_owned().await
    }

    fn turn(&self, what: K) -> Arc<tokio::sync::Mutex<T>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&what).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(what, Arc::downgrade(&turn));
        turn
    }
}

impl Shown {
    /// What must not be made meanwhile.
    pub(crate) fn making(&self) -> Making {
        match self {
            Self::Multivariant(_, _, Stretch::Last(length_ms)) => Some((None, *length_ms)),
            Self::Media(rendition, Stretch::Last(length_ms), _) => {
                Some((Some(rendition.clone()), *length_ms))
            }
            Self::Multivariant(_, _, Stretch::From(..)) | Self::Media(_, Stretch::From(..), _) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use timeline::{Skip, View};

    use super::*;

    #[test]
    fn only_what_needs_the_same_is_made_one_after_the_other() {
        let id = |name| RenditionId::parse(name).unwrap();
        let media = |name, stretch| Shown::Media(id(name), stretch, None);
        let live = media("ts", Stretch::Last(1));
        let check = |which: Shown, is_shared: bool| {
            let turns = Turns::<Making>::default();
            let before = turns.turn(live.making());
            assert_eq!(Arc::ptr_eq(&before, &turns.turn(which.making())), is_shared, "{which:?}");
        };
        check(Shown::Media(id("ts"), Stretch::Last(1), Some(Skip::Segments)), true);
        check(media("hd", Stretch::Last(1)), false);
        check(media("ts", Stretch::Last(2)), false);
        check(media("ts", Stretch::From(1, None)), false);
        check(Shown::Multivariant(None, View::Live, Stretch::Last(1)), false);
        let turns = Turns::<Making>::default();
        let one = turns.turn(media("ts", Stretch::From(1, None)).making());
        let other = turns.turn(media("hd", Stretch::From(2, Some(3))).making());
        assert!(Arc::ptr_eq(&one, &other));
        drop(other);
        drop(one);
        turns.turn(live.making());
        assert_eq!(turns.0.lock().unwrap().len(), 1, "what is over is forgotten");
    }
}
