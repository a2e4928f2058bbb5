//! What shows while a stream is watched as a low-latency player watches it.

use std::time::Duration;

use super::playlist::seconds;
use crate::evidence::{
    Answer, BlockingEvidence, HasKey, LowLatencyEvidence, RuleProbe, Sameness, VersionEvidence,
};
use crate::finding::Faults;

/// The way there and back, and a machine that is busy: what no server can be blamed for.
const GRACE: Duration = Duration::from_secs(1);

const fn version(evidence: &LowLatencyEvidence) -> Option<&VersionEvidence> {
    if let LowLatencyEvidence::Version(version) = evidence { Some(version) } else { None }
}

/// An answer to the request for the next part.
const fn next_part(evidence: &LowLatencyEvidence) -> Option<&BlockingEvidence> {
    if let LowLatencyEvidence::NextPart(answer) = evidence { Some(answer) } else { None }
}

pub(super) fn part_changed(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(version) = version(evidence) else { return };
    for (key, before, after) in &version.changed {
        faults.add(format!("{key} was {before}, and is {after} now"));
    }
}

pub(super) fn part_kept(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(version) = version(evidence) else { return };
    let Some(target) = version.target_duration else { return };
    for (key, from_end) in &version.removed {
        if *from_end < target * 2 {
            faults.add(format!(
                "{key} was removed when its segment began {} before the end of the playlist, \
                 less than two target durations of {}",
                seconds(*from_end),
                seconds(target)
            ));
        }
    }
}

pub(super) fn hint_true(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(version) = version(evidence) else { return };
    for (key, hinted, came) in &version.unhinted {
        faults.add(format!("{hinted} was hinted, but {key} is {came}"));
    }
}

pub(super) fn part_get(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Part(fetched) = evidence else { return };
    match &fetched.outcome {
        Ok(200 | 206) => {}
        Ok(status) => faults.add(format!("{} is listed, but gives {status}", fetched.part)),
        Err(error) => faults.add(format!("{} is listed, but: {error}", fetched.part)),
    }
}

pub(super) fn part_concat(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Parent(parent) = evidence else { return };
    match &parent.sameness {
        Sameness::Differs(what) => faults.add(format!("segment {}: {what}", parent.sequence)),
        Sameness::Bytes | Sameness::Units | Sameness::Unknown => {}
    }
}

pub(super) fn independent(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Parent(parent) = evidence else { return };
    for (index, is_independent, has_key) in &parent.independence {
        // The draft asks for a key frame anywhere in it, not at its start.
        if *is_independent && *has_key == HasKey::No {
            faults.add(format!(
                "part {index} of segment {} says INDEPENDENT=YES, but has no key frame",
                parent.sequence
            ));
        }
    }
}

pub(super) fn independent_said(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Parent(parent) = evidence else { return };
    for (index, is_independent, has_key) in &parent.independence {
        if !is_independent && *has_key == HasKey::First {
            faults.add(format!(
                "part {index} of segment {} begins with a key frame, but does not say \
                 INDEPENDENT=YES",
                parent.sequence
            ));
        }
    }
}

pub(super) fn hint_get(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Hint(hint) = evidence else { return };
    match (&hint.outcome, hint.differs) {
        (Ok(200 | 206), None) => {}
        (Ok(200 | 206), Some((early, listed))) => faults.add(format!(
            "{} gives {early} bytes to who asks when it is hinted, and other {listed} bytes once \
             it is listed",
            hint.part
        )),
        (Ok(status), _) => faults.add(format!(
            "{} gives {status} to who asks when it is hinted, and is listed later",
            hint.part
        )),
        (Err(error), _) => {
            faults.add(format!("{} was asked for when it was hinted: {error}", hint.part));
        }
    }
}

pub(super) fn block(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(reload) = next_part(evidence) else { return };
    if let Some(what) = refused(reload) {
        faults.add(format!("{}: {what} after {}", asked(reload), seconds(reload.took)));
    }
}

pub(super) fn early(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(reload) = next_part(evidence) else { return };
    let Answer::Playlist { edge, has_ended: false } = &reload.answer else { return };
    // A segment that ends without the asked part stands for it: the part is the next one's first,
    // and a server that answers one part early then costs a player one request.
    if *edge <= reload.asked {
        faults.add(format!(
            "{}: answered after {} with a playlist that goes to part {} of segment {}, which is \
             not there yet",
            asked(reload),
            seconds(reload.took),
            edge.parts,
            edge.sequence
        ));
    }
}

pub(super) fn block_time(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(reload) = next_part(evidence) else { return };
    let is_answered = matches!(reload.answer, Answer::Playlist { has_ended: false, .. });
    let is_late = reload.took > reload.part_target * 3 + GRACE;
    if (is_answered && is_late) || gave_up(reload) {
        faults.add(format!(
            "{}: answered after {}, more than three times PART-TARGET, which is {}",
            asked(reload),
            seconds(reload.took),
            seconds(reload.part_target)
        ));
    }
}

pub(super) fn block_segment(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::WholeSegment(reload) = evidence else { return };
    let asked = format!("_HLS_msn={}", reload.asked.sequence);
    if let Some(what) = refused(reload) {
        faults.add(format!("{asked}: {what} after {}", seconds(reload.took)));
    } else if let Answer::Playlist { edge, has_ended: false } = &reload.answer
        && edge.sequence <= reload.asked.sequence
    {
        faults.add(format!(
            "{asked}: answered after {} with a playlist in which segment {} is not whole",
            seconds(reload.took),
            reload.asked.sequence
        ));
    }
}

pub(super) fn too_far(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    refusal(evidence, "LL-FUT", faults);
}

pub(super) fn part_alone(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    refusal(evidence, "LL-NOMSN", faults);
}

pub(super) fn delta(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Delta(delta) = evidence else { return };
    delta.faults.iter().for_each(|fault| faults.add(fault.clone()));
}

pub(super) fn reports(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    if let Some(version) = version(evidence) {
        for path in &version.unreported {
            faults.add(format!("there is no EXT-X-RENDITION-REPORT about {path}"));
        }
    }
    let LowLatencyEvidence::Report(report) = evidence else { return };
    let (uri, says) = (&report.uri, report.says);
    // Caches may be a segment behind.
    if let Some(before) = report.before.filter(|before| before.sequence > says.sequence + 1) {
        faults.add(format!(
            "the report about {uri} says that segment {} is its newest, when {} was before",
            says.sequence, before.sequence
        ));
    }
    match &report.answer {
        Answer::Playlist { edge, has_ended: false } if *edge < says => faults.add(format!(
            "the report about {uri} says that it goes to part {} of segment {}, but it goes to \
             part {} of segment {}",
            says.parts, says.sequence, edge.parts, edge.sequence
        )),
        Answer::Playlist { has_ended: false, .. } if report.took > report.part_target + GRACE => {
            faults.add(format!(
                "the report about {uri} says that it goes to part {} of segment {}, but asked \
                 for that it answered only after {}",
                says.parts,
                says.sequence,
                seconds(report.took)
            ));
        }
        Answer::Playlist { .. } => {}
        // Only the refusal of what is too far ahead says something about the report.
        Answer::Status(400) => faults.add(format!(
            "the report about {uri} says that it goes to part {} of segment {}, but asked for \
             that it gives 400",
            says.parts, says.sequence
        )),
        Answer::Status(_) | Answer::None(_) => {}
    }
}

pub(super) fn modern(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(reload) = next_part(evidence) else { return };
    if reload.is_modern == Some(false) {
        faults.add("the playlist is served by HTTP/1 over TLS");
    }
}

pub(super) fn latency(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Latency(latency) = evidence else { return };
    let behind = Duration::from_millis(u64::try_from(latency.behind_ms).unwrap_or(0));
    if behind > latency.part_target * 3 + GRACE {
        faults.add(format!(
            "the newest part ended {} ago by its date, PART-TARGET is {}",
            seconds(behind),
            seconds(latency.part_target)
        ));
    }
}

pub(super) fn cache(evidence: &LowLatencyEvidence, faults: &mut Faults<'_>) {
    let Some(reload) = next_part(evidence) else { return };
    let Answer::Playlist { has_ended: false, .. } = reload.answer else { return };
    let Some(control) = &reload.cache_control else {
        faults.add("the answer to a blocking request has no Cache-Control");
        return;
    };
    let words: Vec<_> = control.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    let seconds = words
        .iter()
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| matches!(*name, "max-age" | "s-maxage"))
        .filter_map(|(_, age)| age.trim_matches('"').parse::<u64>().ok())
        .max();
    let is_forbidden =
        words.iter().any(|word| matches!(word.as_str(), "no-store" | "no-cache" | "private"));
    if is_forbidden || seconds.unwrap_or(0) == 0 {
        faults.add(format!(
            "the answer to a blocking request cannot be cached: Cache-Control is {control}"
        ));
    }
}

fn asked(reload: &BlockingEvidence) -> String {
    format!("_HLS_msn={}&_HLS_part={}", reload.asked.sequence, reload.asked.parts)
}

/// A server may give up after three target durations (6.2.5.2).
fn gave_up(reload: &BlockingEvidence) -> bool {
    reload.answer == Answer::Status(503) && reload.took >= reload.target_duration * 3
}

/// How it was refused, if it was.
fn refused(reload: &BlockingEvidence) -> Option<String> {
    match &reload.answer {
        Answer::Playlist { .. } => None,
        Answer::Status(200) => Some("answered with something that is no media playlist".to_owned()),
        Answer::Status(_) if gave_up(reload) => None,
        Answer::Status(status) => Some(format!("answered with {status}")),
        Answer::None(error) => Some(error.clone()),
    }
}

/// A request that must be refused as a bad one, at once.
fn refusal(evidence: &LowLatencyEvidence, rule: &str, faults: &mut Faults<'_>) {
    let LowLatencyEvidence::Probe(probe) = evidence else { return };
    let RuleProbe { query, outcome, took, within, .. } = probe;
    if probe.rule != rule {
        return;
    }
    match outcome {
        // "Bad Request, such as 400": any status that blames the client says it.
        Ok(400..=499) if took <= within => {}
        Ok(400..=499) => {
            faults.add(format!("{query}: refused after {} instead of at once", seconds(*took)));
        }
        Ok(status) => faults.add(format!("{query}: answered with {status} instead of 400")),
        Err(error) => faults.add(format!("{query}: not refused with 400: {error}")),
    }
}
