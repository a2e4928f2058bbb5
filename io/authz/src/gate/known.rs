//! Tokens that were verified.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use moka::sync::Cache;
use token::{Claims, Verified};

use crate::Pass;

/// What tokens may take, in bytes: 64 thousand usual ones.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// About what a token takes besides its text.
const ENTRY_BYTES: usize = 768;

/// Tokens that were verified, by what was shown and whose stream was asked for. Those that are not
/// good are not kept: whoever invents them pushes nobody's out.
pub(super) struct Tokens {
    known: Cache<u64, Arc<Known>>,
    hasher: RandomState,
}

/// A token whose signature is good, and what follows from it.
pub(super) struct Known {
    pub(super) verified: Verified,
    pub(super) pass: Arc<Pass>,
    pub(super) unlisted: Arc<Pass>,
    /// Who it is for, as sessions are counted.
    pub(super) viewer: u64,
    organisation: Box<str>,
    text: Box<str>,
    generation: u64,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let weight = |_: &u64, known: &Arc<Known>| {
            u32::try_from(known.text.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        let known = Cache::builder().weigher(weight).max_capacity(BYTES_MAX).build();
        Self { known, hasher: RandomState::new() }
    }

    /// The token of that text that was verified for an organisation with those keys.
    pub(super) fn get(
        &self,
        organisation: &str,
        text: &str,
        generation: u64,
    ) -> Option<Arc<Known>> {
        let known = self.known.get(&self.place(organisation, text))?;
        let is_it = known.generation == generation
            && *known.text == *text
            && *known.organisation == *organisation;
        is_it.then_some(known)
    }

    /// Keeps one.
    pub(super) fn put(
        &self,
        organisation: &str,
        text: &str,
        generation: u64,
        verified: Verified,
    ) -> Arc<Known> {
        let known = Arc::new(self.known(organisation, text, generation, verified));
        self.known.insert(self.place(organisation, text), Arc::clone(&known));
        known
    }

    /// What follows from a token, without keeping it.
    pub(super) fn known(
        &self,
        organisation: &str,
        text: &str,
        generation: u64,
        verified: Verified,
    ) -> Known {
        let Claims { viewer, id, height_max, bitrate_max, .. } = &verified.claims;
        let (height_max, bitrate_max) = (*height_max, *bitrate_max);
        let pass = Pass { height_max, bitrate_max, viewer: viewer.clone(), unlisted: false };
        let who = (viewer.as_deref(), id.as_deref());
        let who = match who {
            (Some(viewer), _) => self.hash_of(("viewer", organisation, viewer)),
            (None, Some(id)) => self.hash_of(("token", organisation, id)),
            (None, None) => self.hash_of(("text", organisation, text)),
        };
        Known {
            unlisted: Arc::new(Pass { unlisted: true, ..pass.clone() }),
            pass: Arc::new(pass),
            viewer: who,
            organisation: organisation.into(),
            text: text.into(),
            generation,
            verified,
        }
    }

    /// Forgets all: they are verified again.
    pub(super) fn forget(&self) {
        self.known.invalidate_all();
    }

    /// A number for something, which nobody outside can work out.
    pub(super) fn hash_of(&self, what: impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    fn place(&self, organisation: &str, text: &str) -> u64 {
        self.hash_of((organisation, text))
    }
}
