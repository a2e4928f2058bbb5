//! Which renditions there are, as tracks come, change and go.

use super::Segmenter;
use crate::rendition::Rendition;

impl Segmenter {
    /// Makes the renditions what the tracks want them to be. Those that go on keep their counters.
    pub(super) fn make_renditions(&mut self) {
        let is_first = self.renditions.is_empty();
        let mut before = std::mem::take(&mut self.renditions);
        for plan in self.packaging.plan(&self.tracks) {
            if let Some(at) = before.iter().position(|rendition| *rendition.id() == plan.id) {
                let mut rendition = before.swap_remove(at);
                rendition.change(plan, &self.tracks);
                self.renditions.push(rendition);
            } else if let Some(mut rendition) = Rendition::new(plan, &self.tracks, self.timed_id3) {
                if !is_first {
                    rendition.await_key_frame();
                }
                self.renditions.push(rendition);
            }
        }
    }

    /// How much faster the encoder's clock runs than the server's, in millionths; `None` until a
    /// minute or so was seen.
    #[must_use]
    pub fn drift_ppm(&self) -> Option<i64> {
        self.drift.ppm()
    }
}
