//! The newest objects, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use timeline::ObjectKey;

/// Keeps the newest objects within a limit of bytes; the oldest leave first. What leaves is still
/// in the spool or in the store.
///
/// The bytes are shared, not copied: with the uploader, the cache and the viewers. Nothing here
/// waits, so it may be called from any task.
#[derive(Debug)]
pub struct LiveMemory {
    bytes_max: usize,
    kept: RwLock<Kept>,
}

#[derive(Default, Debug)]
struct Kept {
    objects: HashMap<Arc<ObjectKey>, Object>,
    /// Insertion numbers, oldest first: one for each of `objects`.
    order: BTreeMap<u64, Arc<ObjectKey>>,
    next: u64,
    /// The sum of the lengths of `objects`, at most `bytes_max`.
    bytes: usize,
}

#[derive(Debug)]
struct Object {
    number: u64,
    bytes: Bytes,
}

impl LiveMemory {
    /// An empty memory that keeps at most `bytes_max` bytes of objects.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: RwLock::default() }
    }

    /// Keeps an object as the newest, and lets go of the oldest ones that it leaves no room for. An
    /// object that is larger than the whole memory is not kept.
    pub fn insert(&self, key: ObjectKey, bytes: Bytes) {
        let mut kept = self.write();
        kept.remove(&key);
        if bytes.len() > self.bytes_max {
            return;
        }
        while kept.bytes.saturating_add(bytes.len()) > self.bytes_max {
            let Some((_, oldest)) = kept.order.pop_first() else { break };
            kept.remove(&oldest);
        }
        kept.add(key, bytes);
    }

    /// Forgets an object, if it is there.
    pub fn remove(&self, key: &ObjectKey) {
        self.write().remove(key);
    }

    /// The object, if it is still there.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<Bytes> {
        self.read().objects.get(key).map(|object| object.bytes.clone())
    }

    /// The bytes of all objects that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.read().bytes
    }

    /// How many objects are kept.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.read().objects.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, key: ObjectKey, bytes: Bytes) {
        let (key, number) = (Arc::new(key), self.next);
        self.next = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.order.insert(number, Arc::clone(&key));
        self.objects.insert(key, Object { number, bytes });
    }

    fn remove(&mut self, key: &ObjectKey) {
        if let Some(Object { number, bytes }) = self.objects.remove(key) {
            self.order.remove(&number);
            self.bytes = self.bytes.saturating_sub(bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sequence: u64) -> ObjectKey {
        ObjectKey::parse(&format!("live/cam/ts/1/{sequence}.ts")).unwrap()
    }

    /// Plays a script in a memory of ten bytes: `+3:4` keeps object 3 with four bytes, `-3` forgets
    /// it. Expected are the objects that are kept.
    #[track_caller]
    fn check(script: &str, expected: &[u64]) {
        let memory = LiveMemory::new(10);
        for word in script.split_whitespace() {
            match word.strip_prefix('-') {
                Some(number) => memory.remove(&key(number.parse().unwrap())),
                None => {
                    let (number, length) = word[1..].split_once(':').unwrap();
                    let bytes = vec![7; length.parse().unwrap()];
                    memory.insert(key(number.parse().unwrap()), bytes.into());
                }
            }
            let kept = memory.read();
            let bytes: usize = kept.objects.values().map(|object| object.bytes.len()).sum();
            assert_eq!((kept.bytes, kept.order.len()), (bytes, kept.objects.len()), "{word}");
            assert!(bytes <= 10, "{bytes} bytes after {word}");
        }
        let kept: Vec<_> = (0..10).filter(|number| memory.get(&key(*number)).is_some()).collect();
        assert_eq!(kept, expected, "{script}");
        assert_eq!(memory.objects(), expected.len());
    }

    #[test]
    fn the_oldest_objects_leave_when_there_is_no_room() {
        check("+1:4 +2:4 +3:2", &[1, 2, 3]);
        check("+1:4 +2:4 +3:3", &[2, 3]);
        check("+1:4 +2:4 +3:10", &[3]);
        check("+1:4 -1 +2:4 +3:6", &[2, 3]);
    }

    #[test]
    fn an_object_that_is_kept_again_is_the_newest_and_counts_once() {
        check("+1:4 +2:4 +1:4", &[1, 2]);
        check("+1:4 +2:4 +1:4 +3:4", &[1, 3]);
    }

    #[test]
    fn an_object_larger_than_the_memory_is_not_kept_and_drives_nothing_out() {
        check("+1:4 +2:11", &[1]);
        check("+1:4 +1:11", &[]);
        check("-5", &[]);
    }

    #[test]
    fn the_bytes_are_shared() {
        let (memory, bytes) = (LiveMemory::new(10), Bytes::from(vec![1, 2, 3]));
        memory.insert(key(0), bytes.clone());
        assert_eq!(memory.get(&key(0)).unwrap().as_ptr(), bytes.as_ptr());
        assert_eq!(memory.bytes(), 3);
    }
}
