//! What a rehearsal prints.

use std::time::Duration;

use segmenter::{Diagnosis, Figures, Grade};
use serde_json::json;

/// What became of a rehearsal.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) url: String,
    pub(super) encoder: Option<String>,
    /// When the push began, in milliseconds since the Unix epoch.
    pub(super) began_ms: i64,
    pub(super) took: Duration,
    /// Whether it was watched for as long as was wanted.
    pub(super) is_whole: bool,
    pub(super) diagnosis: Diagnosis,
    /// What of it is not understood.
    pub(super) left_out: Option<String>,
    /// Whether a server can show any of it.
    pub(super) is_playable: bool,
    /// Why it was ended.
    pub(super) failed: Option<String>,
}

/// The least media that is judged, in milliseconds.
const WATCHED_MS_MIN: i64 = 4_000;
/// How long it takes until everything but the clock is judged, in milliseconds.
const WATCHED_MS_MOST: i64 = 28_000;
/// The widest line of advice.
const COLUMNS: usize = 92;

impl Report {
    /// How good the push is; `None` if there was too little of it.
    pub(super) fn grade(&self) -> Option<Grade> {
        if !self.is_playable {
            return Some(Grade::Poor);
        }
        let Diagnosis { grade, figures, .. } = self.diagnosis;
        (grade > Grade::Good || figures.watched_ms >= WATCHED_MS_MIN).then_some(grade)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let figures = &self.diagnosis.figures;
        let by = self.encoder.as_ref().map_or_else(String::new, |encoder| format!(" by {encoder}"));
        let verdict = self.grade().map_or("too short to judge", Grade::name);
        let mut lines = vec![
            format!("{}{by}, watched for {} s: {verdict}", self.url, self.took.as_secs()),
            String::new(),
            format!("  Pictures  {}", pictures(figures)),
            format!("  Sound     {}", sound(figures)),
            format!("  Times     {}", times(figures)),
            String::new(),
        ];
        for finding in &self.diagnosis.findings {
            let since = finding.since_ms.saturating_sub(self.began_ms).max(0) / 1_000;
            let (grade, id) = (finding.grade.name(), finding.id);
            lines.push(format!("  {grade}  {id}: {} (since second {since})", finding.evidence));
            lines.extend(wrapped(&finding.advice).map(|line| format!("        {line}")));
        }
        if let Some(failed) = &self.failed {
            lines.push(format!("  The push was ended: {failed}."));
        }
        if let Some(left_out) = &self.left_out {
            lines.push(format!("  Some of it is left out: {left_out}."));
        }
        if self.diagnosis.findings.is_empty() && self.failed.is_none() && self.grade().is_some() {
            lines.push("  Nothing is wrong with this push.".to_owned());
        }
        if !self.is_whole && self.failed.is_none() {
            lines.push("  It ended before the time was over.".to_owned());
        }
        if figures.watched_ms < WATCHED_MS_MOST {
            lines.push(
                "  Rates, key frames and arrival take half a minute to judge: --duration 30s"
                    .to_owned(),
            );
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// For scripts.
    pub(super) fn json(&self) -> String {
        let findings: Vec<_> = self
            .diagnosis
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "id": finding.id,
                    "grade": finding.grade.name(),
                    "since_ms": finding.since_ms,
                    "evidence": finding.evidence,
                    "advice": finding.advice,
                })
            })
            .collect();
        let report = json!({
            "url": self.url,
            "encoder": self.encoder,
            "grade": self.grade().map(Grade::name),
            "began_ms": self.began_ms,
            "is_whole": self.is_whole,
            "ended": self.failed,
            "left_out": self.left_out,
            "findings": findings,
            "figures": figures(&self.diagnosis.figures),
        });
        format!("{report:#}\n")
    }
}

/// The line that is shown while a rehearsal runs.
pub(super) fn progress(at: Duration, all: Duration, diagnosis: &Diagnosis) -> String {
    let (at, all) = (at.as_secs(), all.as_secs());
    let grade = diagnosis.grade.name();
    let ids: Vec<_> = diagnosis.findings.iter().map(|finding| finding.id).collect();
    let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
    format!("{at:3} of {all} s  {}  so far {grade}{ids}", pictures(&diagnosis.figures))
}

fn pictures(figures: &Figures) -> String {
    let Some(codec) = figures.video_codec else { return "none".to_owned() };
    let mut words = vec![codec.to_string()];
    words.extend(figures.size.map(|(width, height)| format!("{width}x{height}")));
    let rate = figures.frame_rate_milli;
    words.extend(rate.map(|milli| format!("{}.{:02} a second", milli / 1_000, milli % 1_000 / 10)));
    words.extend(figures.video_bit_rate.map(kilobits));
    if let Some(declared) = figures.video_bit_rate_declared {
        words.push(format!("declared {}", kilobits(declared.into())));
    }
    if let Some((shortest, _, longest)) = figures.key_frames_ms {
        words.push(format!("key frames {} to {} apart", seconds(shortest), seconds(longest)));
    }
    let held_back = figures.held_back_ms.filter(|ms| *ms > 0);
    words.extend(held_back.map(|ms| format!("B-frames hold back {ms} ms")));
    words.join(", ")
}

fn sound(figures: &Figures) -> String {
    let Some(codec) = figures.audio_codec else { return "none".to_owned() };
    let mut words = vec![codec.to_string()];
    words.extend(figures.sample_rate.map(|hertz| format!("{hertz} Hz")));
    words.extend(figures.channels.map(|channels| match channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        channels => format!("{channels} channels"),
    }));
    words.extend(figures.audio_bit_rate.map(kilobits));
    words.join(", ")
}

fn times(figures: &Figures) -> String {
    let mut words = Vec::new();
    let begins = figures.sound_begins_late_ms.map(after);
    words.extend(begins.map(|after| format!("sound begins {after} the pictures")));
    let arrives = figures.sound_arrives_late_ms.map(after);
    words.extend(arrives.map(|after| format!("arrives {after} them")));
    words.extend(figures.jitter_ms.map(|ms| format!("jitter {ms} ms")));
    words.extend(figures.drift_ppm.map(|ppm| {
        let how = if ppm < 0 { "slow" } else { "fast" };
        format!("clock {} ppm {how}", ppm.abs())
    }));
    if words.is_empty() { "too early to say".to_owned() } else { words.join(", ") }
}

fn figures(figures: &Figures) -> serde_json::Value {
    json!({
        "watched_ms": figures.watched_ms,
        "video_codec": figures.video_codec.map(|codec| codec.to_string()),
        "width": figures.size.map(|(width, _)| width),
        "height": figures.size.map(|(_, height)| height),
        "frame_rate_milli": figures.frame_rate_milli,
        "video_bit_rate": figures.video_bit_rate,
        "video_bit_rate_declared": figures.video_bit_rate_declared,
        "key_frames_shortest_ms": figures.key_frames_ms.map(|(shortest, _, _)| shortest),
        "key_frames_usual_ms": figures.key_frames_ms.map(|(_, usual, _)| usual),
        "key_frames_longest_ms": figures.key_frames_ms.map(|(_, _, longest)| longest),
        "b_frames_ms": figures.held_back_ms,
        "audio_codec": figures.audio_codec.map(|codec| codec.to_string()),
        "sample_rate": figures.sample_rate,
        "channels": figures.channels,
        "audio_bit_rate": figures.audio_bit_rate,
        "sound_begins_late_ms": figures.sound_begins_late_ms,
        "sound_arrives_late_ms": figures.sound_arrives_late_ms,
        "drift_ppm": figures.drift_ppm,
        "jitter_ms": figures.jitter_ms,
    })
}

fn after(ms: i64) -> String {
    if ms < 0 { format!("{} ms before", ms.abs()) } else { format!("{ms} ms after") }
}

fn kilobits(bits: i64) -> String {
    format!("{} kb/s", bits / 1_000)
}

fn seconds(ms: i64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

/// A sentence in lines that fit a terminal.
fn wrapped(text: &str) -> impl Iterator<Item = String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let is_full = lines.last().is_some_and(|line| line.len() + word.len() >= COLUMNS);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.into_iter()
}

#[cfg(test)]
mod tests {
    use segmenter::Finding;

    use super::*;

    fn report(grade: Grade, watched_ms: i64) -> Report {
        let finding = Finding {
            id: "stalls",
            grade,
            since_ms: 12_400,
            evidence: "once".into(),
            advice: "Nothing came for 5.0 s: use a cable.".into(),
        };
        let findings = (grade > Grade::Good).then_some(finding).into_iter().collect();
        let figures = Figures { watched_ms, ..Figures::default() };
        Report {
            url: "rtmp://a:1/live".into(),
            encoder: Some("x".into()),
            began_ms: 2_000,
            took: Duration::from_secs(30),
            is_whole: true,
            diagnosis: Diagnosis { grade, findings, figures },
            left_out: None,
            is_playable: true,
            failed: None,
        }
    }

    #[test]
    fn too_little_is_not_called_good() {
        assert_eq!(report(Grade::Good, 3_000).grade(), None);
        assert_eq!(report(Grade::Good, 30_000).grade(), Some(Grade::Good));
        assert_eq!(report(Grade::Fair, 3_000).grade(), Some(Grade::Fair));
        let unplayable = Report { is_playable: false, ..report(Grade::Good, 0) };
        assert_eq!(unplayable.grade(), Some(Grade::Poor));
    }

    #[test]
    fn people_read_what_is_wrong_and_what_to_do() {
        let text = report(Grade::Fair, 30_000).text();
        for line in [
            "rtmp://a:1/live by x, watched for 30 s: fair",
            "  fair  stalls: once (since second 10)",
            "        Nothing came for 5.0 s: use a cable.",
        ] {
            assert!(text.lines().any(|it| it == line), "{line:?} is not in {text}");
        }
        let good = report(Grade::Good, 30_000).text();
        assert!(good.contains("Nothing is wrong with this push."), "{good}");
        assert!(report(Grade::Good, 10_000).text().contains("--duration 30s"));
    }

    #[test]
    fn scripts_read_the_same() {
        let json: serde_json::Value =
            serde_json::from_str(&report(Grade::Poor, 30_000).json()).unwrap();
        assert_eq!(json["grade"], "poor");
        assert_eq!(json["findings"][0]["id"], "stalls");
        assert_eq!(json["figures"]["watched_ms"], 30_000);
    }
}
