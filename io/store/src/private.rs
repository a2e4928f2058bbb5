//! What nobody watches: documents of users, for operators' eyes.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::StoreError;

/// Longest name of a private object, in bytes: two ids and a number.
const NAME_BYTES_MAX: usize = 96;

/// Keeps objects that no viewer may ever have. They are no [`timeline::ObjectKey`]s, so nothing
/// that a URL can ask for is one of them.
///
/// As with [`crate::ObjectStore`], a name belongs to one sequence of bytes for ever, and nothing is
/// retried.
#[async_trait]
pub trait PrivateStore: Debug + Send + Sync + 'static {
    /// Stores `bytes`. Once this returns, every later `get` sees all of them; before that, none.
    ///
    /// # Errors
    ///
    /// When the object may not have been stored.
    async fn put_private(&self, name: &PrivateName, bytes: Bytes) -> Result<(), StoreError>;

    /// The whole object.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when it is not there; others when that is not known.
    async fn get_private(&self, name: &PrivateName) -> Result<Bytes, StoreError>;

    /// Deletes the object. To delete what is not there is a success.
    ///
    /// # Errors
    ///
    /// When the object may still be there.
    async fn delete_private(&self, name: &PrivateName) -> Result<(), StoreError>;
}

/// The name of a private object: words of small letters, digits, `_` and `-`, and slashes between.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PrivateName(Box<str>);

impl PrivateName {
    /// Reads a name; `None` when the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        let is_word = |word: &str| !word.is_empty() && word.chars().all(is_letter);
        let fits = text.len() <= NAME_BYTES_MAX && text.split('/').all(is_word);
        fits.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path below the root of a store. No application's name starts with a dot, so it is no
    /// object's.
    #[must_use]
    pub fn path(&self) -> String {
        format!(".private/{self}")
    }
}

impl fmt::Display for PrivateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keeps private objects in memory, for tests of others.
#[derive(Default, Debug)]
pub struct PrivateMemory {
    objects: Mutex<BTreeMap<PrivateName, Bytes>>,
}

impl PrivateMemory {
    /// Everything that is kept.
    #[must_use]
    pub fn all(&self) -> Vec<(PrivateName, Bytes)> {
        self.lock().iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PrivateName, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PrivateStore for PrivateMemory {
    async fn put_private(&self, name: &PrivateName, bytes: Bytes) -> Result<(), StoreError> {
        self.lock().insert(name.clone(), bytes);
        Ok(())
    }

    async fn get_private(&self, name: &PrivateName) -> Result<Bytes, StoreError> {
        let found = self.lock().get(name).cloned();
        found.ok_or_else(|| StoreError::NotFound { path: name.path() })
    }

    async fn delete_private(&self, name: &PrivateName) -> Result<(), StoreError> {
        self.lock().remove(name);
        Ok(())
    }
}

/// What every implementation of [`PrivateStore`] must do.
///
/// # Panics
///
/// When the store does not keep the contract.
pub async fn private_conformance(store: &dyn PrivateStore) {
    let name = |text| PrivateName::parse(text).expect("the suite's names are names");
    let (first, second) = (name("evidence/ver_1/0"), name("evidence/ver_1/1"));
    let missing = store.get_private(&first).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    store.put_private(&first, Bytes::from_static(b"one")).await.expect("put an object");
    store.put_private(&second, Bytes::from_static(b"")).await.expect("put an empty object");
    store.put_private(&first, Bytes::from_static(b"one")).await.expect("put it again");
    assert_eq!(store.get_private(&first).await.expect("get an object"), "one");
    assert_eq!(store.get_private(&second).await.expect("get an empty object"), "");
    for _ in 0..2 {
        store.delete_private(&first).await.expect("delete an object");
        let missing = store.get_private(&first).await;
        assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    }
    assert_eq!(store.get_private(&second).await.expect("get the other object"), "");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FolderStore;

    #[tokio::test]
    async fn memory_and_a_folder_conform() {
        private_conformance(&PrivateMemory::default()).await;
        let folder = tempfile::tempdir().unwrap();
        private_conformance(&FolderStore::open(folder.path()).await.unwrap()).await;
    }

    #[test]
    fn a_private_name_is_no_object_and_leads_nowhere_else() {
        let name = PrivateName::parse("evidence/ver_01hf7yat00zzzzzzzzzzzzzzzz/0").unwrap();
        assert_eq!(name.path(), ".private/evidence/ver_01hf7yat00zzzzzzzzzzzzzzzz/0");
        assert!(timeline::ObjectKey::parse(&name.path()).is_err());
        for text in ["", "/", "a/", "/a", "a//b", "..", "a/../b", "A", "a.b", "a b", "ä", "a\\b"] {
            assert_eq!(PrivateName::parse(text), None, "{text}");
        }
        assert!(PrivateName::parse(&"a".repeat(96)).is_some());
        assert_eq!(PrivateName::parse(&"a".repeat(97)), None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_of_the_folder_reads_a_private_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path()).await.unwrap();
        let name = PrivateName::parse("evidence/a/0").unwrap();
        store.put_private(&name, Bytes::from_static(b"a")).await.unwrap();
        let metadata = std::fs::metadata(folder.path().join(name.path())).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
