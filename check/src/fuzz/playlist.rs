//! Playlists.

use std::sync::Arc;
use std::time::Duration;

use hls::read::{Document, Playlist, read};
use url::Url;

use crate::evidence::{PlaylistEvidence, UpdateEvidence, Watch};
use crate::rules::rules;
use crate::{Faults, Options, Test};

/// Versions of a playlist, with a zero byte between them, put to the rules one after the other.
pub fn playlist(data: &[u8]) {
    let Ok(url) = Url::parse("http://host/live/a/index.m3u8") else { return };
    let mut watch = Watch::new();
    for (text, second) in data.split(|byte| *byte == 0).zip((0..VERSIONS_MAX).step_by(2)) {
        let at = Duration::from_secs(second);
        let at_unix_ms = 1_700_000_000_000_i64.saturating_add_unsigned(second * 1_000);
        let document = read(text);
        let options = Options::default();
        judge_version(&PlaylistEvidence {
            url: &url,
            text,
            document: &document,
            is_entry: true,
            at_unix_ms,
            options: &options,
        });
        let Document { playlist: Playlist::Media(media), .. } = document else { continue };
        judge_update(&watch.take(Arc::new(media), at, at_unix_ms, Duration::ZERO));
    }
}

/// What is behind is more of the same.
const VERSIONS_MAX: u64 = 16;

fn judge_version(evidence: &PlaylistEvidence<'_>) {
    for rule in rules() {
        let mut sentences = Vec::new();
        if let Test::Playlist(test) = rule.test {
            test(evidence, &mut Faults::new(&mut sentences));
        }
    }
}

fn judge_update(update: &UpdateEvidence) {
    for rule in rules() {
        let mut sentences = Vec::new();
        if let Test::Update(test) = rule.test {
            test(update, &mut Faults::new(&mut sentences));
        }
    }
}

#[cfg(test)]
mod tests {
    use hls::fuzz::PLAYLISTS;
    use samples::damaged_slowly;

    #[test]
    fn damaged_playlists_and_updates_do_no_harm() {
        let [whole, update, _] = PLAYLISTS;
        let both = [whole, update, whole].join("\0");
        let samples = [PLAYLISTS.map(str::as_bytes).as_slice(), &[both.as_bytes()]].concat();
        damaged_slowly(&samples, super::playlist);
    }
    /// Fuzzing found a target duration of which three times as much could not be counted.
    #[test]
    fn lengths_that_nobody_lives_to_see_do_no_harm() {
        for seconds in ["4294967295", "4294967296", "10248191152060862008", "9e9"] {
            let text = PLAYLISTS.map(|text| {
                let text = text.replace(":2\n", &format!(":{seconds}\n"));
                let text = text.replace("EXTINF:2", &format!("EXTINF:{seconds}"));
                text.replace("DURATION=0.5", &format!("DURATION={seconds}"))
            });
            super::playlist(text.join("\0").as_bytes());
        }
    }
}
