//! All that was revoked, and whether something is among it.

use std::collections::BTreeMap;

use crate::{Claims, LEEWAY_S, Revocation, Revoked, Verified};

/// How far the clock of who let somebody in may be before that of who revoked it, in milliseconds.
const SKEW_MS: i64 = LEEWAY_S * 1_000;

/// What was revoked. A request whose token was not costs a few loads: a filter answers first, and
/// says yes too often but never no in error.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    filter: Filter,
    /// What the filter was filled with, by kind and id.
    held: BTreeMap<(Kind, Box<str>), Vec<Held>>,
    /// Tokens that were issued before a time.
    before: Vec<(Held, i64)>,
    count: usize,
}

/// One revocation of a thing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    /// Where it holds; `None` is everywhere.
    organisation: Option<Box<str>>,
    /// The first version that is good, of a viewer's tokens.
    version: u64,
    /// When it was revoked; the latest, where that was done again.
    at_ms: i64,
    until_ms: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Token,
    Viewer,
    Device,
    Key,
    User,
}

/// Whom something belongs to that is no token: a publication.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bearer<'b> {
    /// Its organisation.
    pub organisation: Option<&'b str>,
    /// Its user.
    pub user: Option<&'b str>,
    /// Its device.
    pub device: Option<&'b str>,
    /// The key that it was opened with.
    pub key: Option<&'b str>,
}

impl Revocations {
    /// Adds a revocation. One that is there already stays once, until the later of both ends.
    pub fn insert(&mut self, revocation: &Revocation) {
        let Revocation { organisation, revoked, at_ms, until_ms } = revocation;
        let organisation: Option<Box<str>> = organisation.as_deref().map(Into::into);
        let mut held = Held { organisation, version: 0, at_ms: *at_ms, until_ms: *until_ms };
        let (kind, id) = match revoked {
            Revoked::Token { id } => (Kind::Token, id),
            Revoked::Viewer { viewer, version } => {
                held.version = *version;
                (Kind::Viewer, viewer)
            }
            Revoked::Device { id } => (Kind::Device, id),
            Revoked::Key { id } => (Kind::Key, id),
            Revoked::User { id } => (Kind::User, id),
            Revoked::Before { issued_s } => return self.insert_before(held, *issued_s),
        };
        let same = self.held.entry((kind, id.as_str().into())).or_default();
        match same.iter_mut().find(|other| other.organisation == held.organisation) {
            Some(other) => {
                other.version = other.version.max(held.version);
                other.at_ms = other.at_ms.max(held.at_ms);
                other.until_ms = other.until_ms.max(held.until_ms);
            }
            None => {
                same.push(held);
                self.count += 1;
                self.grow();
                self.filter.insert(hash(kind, id));
            }
        }
    }

    fn insert_before(&mut self, held: Held, issued_s: i64) {
        match self.before.iter_mut().find(|(other, _)| other.organisation == held.organisation) {
            Some((other, before_s)) => {
                *before_s = issued_s.max(*before_s);
                other.until_ms = other.until_ms.max(held.until_ms);
            }
            None => self.before.push((held, issued_s)),
        }
    }

    /// Forgets what nothing is left of that it could be about.
    pub fn forget(&mut self, now_ms: i64) {
        let is_left = |held: &Held| held.until_ms > now_ms;
        self.before.retain(|(held, _)| is_left(held));
        for same in self.held.values_mut() {
            same.retain(is_left);
        }
        self.held.retain(|_, same| !same.is_empty());
        self.count = self.held.values().map(Vec::len).sum();
        self.filter = Filter::default();
        self.grow();
        self.refill();
    }

    /// Whether a token was revoked.
    #[must_use]
    pub fn covers(&self, token: &Verified) -> bool {
        if !self.before.is_empty() && self.is_before(token) {
            return true;
        }
        if !token.marks.0.iter().any(|&mark| self.filter.may_have(mark)) {
            return false;
        }
        let Verified { claims, key, organisation, .. } = token;
        let ids = Marks::ids(claims, key);
        ids.into_iter().any(|(kind, id)| {
            id.is_some_and(|id| {
                self.held_of(kind, id, Some(organisation)).any(|held| match kind {
                    Kind::Viewer => claims.version < held.version,
                    // Who was disabled and is back gets tokens that are good.
                    Kind::User => held.is_after(claims.issued_at_s),
                    Kind::Token | Kind::Device | Kind::Key => true,
                })
            })
        })
    }

    /// Whether a publication is to end, or may not begin, that was let in at `granted_ms`, in
    /// milliseconds since the Unix epoch.
    #[must_use]
    pub fn covers_subject(&self, bearer: &Bearer<'_>, granted_ms: i64) -> bool {
        let ids =
            [(Kind::User, bearer.user), (Kind::Device, bearer.device), (Kind::Key, bearer.key)];
        ids.into_iter().any(|(kind, id)| {
            id.is_some_and(|id| {
                self.filter.may_have(hash(kind, id))
                    && self
                        .held_of(kind, id, bearer.organisation)
                        .any(|held| kind != Kind::User || held.is_after_ms(granted_ms))
            })
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count + self.before.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_before(&self, token: &Verified) -> bool {
        self.before.iter().any(|(held, before_s)| {
            held.holds_in(Some(&token.organisation))
                && token.claims.issued_at_s.is_none_or(|issued_s| issued_s < *before_s)
        })
    }

    /// The revocations of a thing that hold in an organisation.
    fn held_of(
        &self,
        kind: Kind,
        id: &str,
        organisation: Option<&str>,
    ) -> impl Iterator<Item = &Held> {
        let same = self.held.get(&(kind, id.into())).into_iter().flatten();
        same.filter(move |held| held.holds_in(organisation))
    }

    fn grow(&mut self) {
        if self.filter.grow(self.count) {
            self.refill();
        }
    }

    fn refill(&mut self) {
        for (kind, id) in self.held.keys() {
            self.filter.insert(hash(*kind, id));
        }
    }
}

impl Held {
    fn holds_in(&self, organisation: Option<&str>) -> bool {
        self.organisation.is_none() || self.organisation.as_deref() == organisation
    }

    /// Whether what was issued then, in seconds, is older; what does not say when is.
    fn is_after(&self, issued_s: Option<i64>) -> bool {
        issued_s.is_none_or(|issued_s| self.is_after_ms(issued_s.saturating_mul(1_000)))
    }

    fn is_after_ms(&self, ms: i64) -> bool {
        ms < self.at_ms.saturating_add(SKEW_MS)
    }
}

/// What of a token may be revoked, as hashes, made once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Marks([u64; 6]);

impl Marks {
    pub(crate) fn of(claims: &Claims, key: &str) -> Self {
        // What a token does not say has the mark of its key, which is looked for anyway.
        let of_key = hash(Kind::Key, key);
        let ids = Self::ids(claims, key);
        Self(ids.map(|(kind, id)| id.map_or(of_key, |id| hash(kind, id))))
    }

    fn ids<'c>(claims: &'c Claims, key: &'c str) -> [(Kind, Option<&'c str>); 6] {
        let viewer = claims.viewer.as_deref();
        [
            (Kind::Token, claims.id.as_deref()),
            (Kind::Viewer, viewer),
            (Kind::Device, claims.device.as_deref()),
            (Kind::Key, Some(key)),
            (Kind::Key, claims.via.as_deref()),
            (Kind::User, viewer),
        ]
    }
}

/// FNV-1a, with its bits mixed afterwards: the filter uses all of them. Whoever makes ids that
/// collide makes the exact answer be looked for, no more.
fn hash(kind: Kind, id: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ (kind as u64 + 1);
    let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = id.bytes().fold(start, fold);
    let sum = (sum ^ (sum >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    sum ^ (sum >> 29)
}

/// A Bloom filter of two bits for each entry, in one word: one load answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Filter(Box<[u64]>);

/// Words for each entry: with half a word for each, 1 in 300 that is not there seems to be.
const WORDS_MIN: usize = 64;

impl Filter {
    /// Makes room for so many entries. Whether it is empty now, and is to be filled again.
    fn grow(&mut self, entries: usize) -> bool {
        if entries <= self.0.len() {
            return false;
        }
        let words = entries.next_power_of_two().saturating_mul(2).max(WORDS_MIN);
        self.0 = vec![0; words].into();
        true
    }

    fn insert(&mut self, hash: u64) {
        let (word, bits) = self.place(hash);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bits;
        }
    }

    fn may_have(&self, hash: u64) -> bool {
        let (word, bits) = self.place(hash);
        self.0.get(word).is_some_and(|word| word & bits == bits)
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let mask = self.0.len().wrapping_sub(1);
        let word = usize::try_from(hash >> 12).unwrap_or_default() & mask;
        (word, (1 << (hash & 63)) | (1 << ((hash >> 6) & 63)))
    }
}

#[cfg(test)]
mod tests;
