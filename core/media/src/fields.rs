//! Taking a decoder configuration record (ISO/IEC 14496-15) apart.

use bytes::Bytes;

/// A record that is being taken apart.
pub(crate) struct Fields<'a> {
    record: &'a Bytes,
    /// Bytes taken; `at <= record.len()`.
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(record: &'a Bytes) -> Self {
        Self { record, at: 0 }
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.record.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(bytes)
    }

    /// `count` parameter sets, each with its length before it. Empty ones say nothing and are left
    /// out.
    pub(crate) fn sets(&mut self, count: u16) -> Option<Vec<Bytes>> {
        let mut sets = Vec::new();
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes(self.take()?));
            let set = self.record.get(self.at..)?.get(..length)?;
            if !set.is_empty() {
                sets.push(self.record.slice_ref(set));
            }
            self.at += length;
        }
        Some(sets)
    }
}
