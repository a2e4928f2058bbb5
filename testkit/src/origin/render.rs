//! The text of a media playlist.

use super::{Shown, View};

impl View {
    /// Its text. `suffix` is put behind each URI.
    #[must_use]
    pub fn render(&self, suffix: &str) -> String {
        let mut lines = vec![
            "#EXTM3U".to_owned(),
            format!("#EXT-X-VERSION:{}", self.version),
            format!("#EXT-X-TARGETDURATION:{}", self.target_duration),
            format!("#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence),
        ];
        if self.discontinuity_sequence > 0 {
            lines.push(format!("#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence));
        }
        lines.extend(self.playlist_type.map(|kind| format!("#EXT-X-PLAYLIST-TYPE:{kind}")));
        lines.extend(self.header.iter().cloned());
        let mut map = None;
        for segment in &self.segments {
            if segment.map != map {
                map.clone_from(&segment.map);
                lines.extend(map.iter().map(|uri| format!("#EXT-X-MAP:URI=\"{uri}{suffix}\"")));
            }
            segment.render(suffix, &mut lines);
        }
        lines.extend(self.trailer.iter().cloned());
        if self.has_ended {
            lines.push("#EXT-X-ENDLIST".to_owned());
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

impl Shown {
    fn render(&self, suffix: &str, lines: &mut Vec<String>) {
        if self.has_discontinuity {
            lines.push("#EXT-X-DISCONTINUITY".to_owned());
        }
        if self.is_gap {
            lines.push("#EXT-X-GAP".to_owned());
        }
        let date = self.date_unix_ns.map(date);
        lines.extend(date.map(|date| format!("#EXT-X-PROGRAM-DATE-TIME:{date}")));
        lines.extend(self.tags.iter().cloned());
        let (seconds, micros) = (self.duration.as_secs(), self.duration.subsec_micros());
        lines.push(format!("#EXTINF:{seconds}.{micros:06},"));
        lines.push(format!("{}{suffix}", self.uri));
    }
}

/// Nanoseconds since the Unix epoch as ISO 8601, to the millisecond.
pub(super) fn date(unix_ns: i128) -> String {
    let millis = unix_ns.div_euclid(1_000_000);
    let (days, of_day) = (millis.div_euclid(DAY_MS), millis.rem_euclid(DAY_MS));
    // Years that begin in March, so that the leap day is the last of them.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (seconds, millis) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

const DAY_MS: i128 = 86_400_000;
