//! The segment that is being made, as its owner announces it on a channel beside the journal.
//!
//! Which of the two tells something first is chance, and what is announced is the newest, not
//! each: what may be listed is found here.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hls::is_next;
use parts::PartSource;
use timeline::{Body, Entry, MediaKey, ObjectName, OpenSegment, Window};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::follow::Follower;

/// How long an owner that does not answer is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Owners that are remembered: those of the segments in a window, unless its encoder comes back
/// each second.
const OWNERS_MAX: usize = 64;

/// What a follower knows of a stream beside its journal.
#[derive(Debug)]
pub(crate) struct Live {
    open: RwLock<Open>,
    /// Where the memory of each of the newest owners is, by its epoch, if other nodes can reach it.
    owners: watch::Sender<BTreeMap<u64, Option<Box<str>>>>,
    /// When something new came last.
    news: Mutex<Instant>,
}

/// What of the announcements may be listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    listed: Option<Arc<OpenSegment>>,
    /// What was announced before the journal told of the segments, or of the owner, before it.
    held: Option<Arc<OpenSegment>>,
}

impl Live {
    /// Nothing is known but what the newest entries say of the owner.
    pub(crate) fn new<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut owners = BTreeMap::new();
        entries.into_iter().for_each(|entry| _ = add_owner(&mut owners, entry));
        Self {
            open: RwLock::default(),
            owners: watch::Sender::new(owners),
            news: Mutex::new(Instant::now()),
        }
    }

    /// The journal went on with `entry`, which `window` has taken in.
    pub(crate) fn settle(&self, window: &Window, entry: &Entry) {
        self.write().settle(window);
        self.owners.send_if_modified(|owners| add_owner(owners, entry));
        self.news();
    }

    /// What may be listed of the segment that is being made.
    pub(crate) fn listed(&self) -> Option<Arc<OpenSegment>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).listed.clone()
    }

    /// Where the memory of an owner is, if it is not in this process.
    pub(crate) fn origin_url(&self, epoch: u64) -> Option<Box<str>> {
        self.owners.borrow().get(&epoch).cloned().flatten()
    }

    /// When something new came last.
    pub(crate) fn news_at(&self) -> Instant {
        *self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news(&self) {
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Open> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows what the owner announces, for as long as it is polled.
pub(crate) async fn follow(follower: Arc<Follower>, parts: Arc<dyn PartSource>) {
    let mut owners = follower.live.owners.subscribe();
    loop {
        let url = newest_url(&owners.borrow_and_update());
        match parts.follow(&follower.name, url.as_deref()).await {
            Ok(mut open) => loop {
                let announced = open.borrow_and_update().clone();
                follower.announce(announced);
                tokio::select! {
                    changed = open.changed() => if changed.is_err() { break },
                    _ = owners.changed() => break,
                }
            },
            // Whole segments are listed all the same.
            Err(error) => debug!(stream.name = %follower.name, "no parts for now: {error}"),
        }
        if !owners.has_changed().unwrap_or(true) {
            sleep(RETRY_AFTER).await;
        }
    }
}

impl Follower {
    /// Where the memory of the owner of a segment or an initialisation section is, if this node
    /// tells viewers of the object and the owner is another one.
    pub(crate) fn owner_of(&self, key: &MediaKey) -> Option<Box<str>> {
        // A long window lists what is kept as well, and any of it may be in no store yet.
        let is_listed = self.read_window().tail().any(|segment| {
            segment.epoch == key.epoch
                && segment.renditions.iter().any(|it| match key.object {
                    ObjectName::Segment { sequence, container } => {
                        it.rendition == key.rendition
                            && it.container == container
                            && segment.sequence == sequence
                    }
                    ObjectName::Init { number } => {
                        it.rendition == key.rendition
                            && it.init.is_some_and(|init| init.number == number)
                    }
                    ObjectName::Part { .. } => false,
                })
        });
        let is_open = self.live.listed().is_some_and(|open| {
            let mut renditions = open.renditions.iter();
            open.epoch == key.epoch
                && renditions.any(|it| match key.object {
                    ObjectName::Init { number } => {
                        it.rendition == key.rendition && it.init == Some(number)
                    }
                    ObjectName::Segment { .. } | ObjectName::Part { .. } => false,
                })
        });
        (is_listed || is_open).then(|| self.live.origin_url(key.epoch)).flatten()
    }

    /// Takes in an announcement; who waits is woken if there is more to list.
    fn announce(&self, announced: Option<Arc<OpenSegment>>) {
        let is_new = {
            let window = self.read_window();
            self.live.write().announce(&window, announced)
        };
        if is_new {
            self.live.news();
            self.wake();
        }
    }
}

/// Where the memory of the newest owner is, if it is not in this process.
fn newest_url(owners: &BTreeMap<u64, Option<Box<str>>>) -> Option<Box<str>> {
    owners.values().next_back().cloned().flatten()
}

/// Notes who owns the stream from an entry on. Whether anything became known.
fn add_owner(owners: &mut BTreeMap<u64, Option<Box<str>>>, entry: &Entry) -> bool {
    let origin_url = match &entry.body {
        Body::Opened { origin_url, .. } => origin_url,
        Body::Segment(_)
        | Body::Gap { .. }
        | Body::Interrupted { .. }
        | Body::Ended { .. }
        | Body::DateRange(_)
        | Body::Paged { .. }
        | Body::Expired { .. }
        | Body::Unknown => return false,
    };
    owners.insert(entry.epoch, origin_url.as_deref().map(Box::from));
    if owners.len() > OWNERS_MAX {
        owners.pop_first();
    }
    true
}

impl Open {
    /// Takes in an announcement: `None` says that nothing is being made. Whether another thing is
    /// listed now.
    pub(crate) fn announce(
        &mut self,
        window: &Window,
        announced: Option<Arc<OpenSegment>>,
    ) -> bool {
        // That a publication is over, the journal says, too: with what becomes of its last parts.
        let Some(open) = announced else { return false };
        if is_next(window, &open) {
            self.held = None;
            let is_new = self.listed.as_ref().is_none_or(|listed| is_more(listed, &open));
            if is_new {
                self.listed = Some(open);
            }
            return is_new;
        }
        if is_ahead(window, &open) {
            self.held = Some(open);
        }
        false
    }

    /// The journal went on.
    pub(crate) fn settle(&mut self, window: &Window) {
        self.listed.take_if(|open| !is_next(window, open));
        if let Some(open) = self.held.take_if(|open| !is_ahead(window, open))
            && is_next(window, &open)
        {
            self.listed = Some(open);
        }
    }
}

/// Whether `later` is another segment than `listed`, or more of it.
fn is_more(listed: &OpenSegment, later: &OpenSegment) -> bool {
    let place = |open: &OpenSegment| (open.epoch, open.sequence);
    place(listed) != place(later) || later.parts.len() > listed.parts.len()
}

/// Whether the journal will come to it: it belongs to a later owner, or to a later segment.
fn is_ahead(window: &Window, open: &OpenSegment) -> bool {
    let next = window.head().map_or(0, |head| head.next_sequence);
    match open.epoch.cmp(&window.epoch()) {
        Ordering::Less => false,
        // The very next one is ahead as long as what is listed is a broadcast that is over.
        Ordering::Equal => open.sequence >= next && !is_next(window, open),
        Ordering::Greater => true,
    }
}
