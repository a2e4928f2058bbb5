//! Who makes a playlist: each is made once for all who ask for it, and who asks for what others
//! seldom do does not keep them waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use timeline::RenditionId;
use tokio::sync::OwnedMutexGuard;

use crate::follow::Shown;
use crate::view::Stretch;

/// Those who make something just now.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<BTreeMap<Turn, Weak<tokio::sync::Mutex<()>>>>);

/// What is made one after the other: playlists of one rendition over one window, which need the
/// same pages; and all stretches that have a start. Of those there are as many as anybody cares to
/// ask for, and each may have to read pages: one at a time, and the live window beside them.
type Turn = Option<(Option<RenditionId>, i64)>;

impl Turns {
    /// Waits until nobody makes what stands in its way.
    pub(crate) async fn take(&self, which: &Shown) -> OwnedMutexGuard<()> {
        self.turn(which).lock_owned().await
    }

    fn turn(&self, which: &Shown) -> Arc<tokio::sync::Mutex<()>> {
        let key = match which {
            Shown::Multivariant(_, _, Stretch::Last(length_ms)) => Some((None, *length_ms)),
            Shown::Media(rendition, Stretch::Last(length_ms), _) => {
                Some((Some(rendition.clone()), *length_ms))
            }
            Shown::Multivariant(_, _, Stretch::From(..))
            | Shown::Media(_, Stretch::From(..), _) => None,
        };
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(key, Arc::downgrade(&turn));
        turn
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
            let turns = Turns::default();
            let before = turns.turn(&live);
            assert_eq!(Arc::ptr_eq(&before, &turns.turn(&which)), is_shared, "{which:?}");
        };
        check(Shown::Media(id("ts"), Stretch::Last(1), Some(Skip::Segments)), true);
        check(media("hd", Stretch::Last(1)), false);
        check(media("ts", Stretch::Last(2)), false);
        check(media("ts", Stretch::From(1, None)), false);
        check(Shown::Multivariant(None, View::Live, Stretch::Last(1)), false);
        let turns = Turns::default();
        let one = turns.turn(&media("ts", Stretch::From(1, None)));
        assert!(Arc::ptr_eq(&one, &turns.turn(&media("hd", Stretch::From(2, Some(3))))));
        drop(one);
        turns.turn(&live);
        assert_eq!(turns.0.lock().unwrap().len(), 1, "what is over is forgotten");
    }
}
