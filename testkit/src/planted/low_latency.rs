//! Low latency (draft-pantos-hls-rfc8216bis).

use std::time::Duration;

use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::Exam::LowLatency;
use super::{Planted, after};
use crate::origin::{self, Answer, Moment, Settings, Target};
use crate::presentation::Base::{FfmpegFmp4, FfmpegFmp4Ladder, FfmpegTs};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, LowLatency)
}

/// Whether a media playlist is asked for with a directive.
fn asks(moment: &Moment, directive: &str) -> bool {
    let mut pairs = moment.request.url.query_pairs();
    matches!(moment.target, Target::Media(_)) && pairs.any(|(name, _)| name == directive)
}

fn change(settings: &mut Settings, change: fn(&mut origin::LowLatency)) {
    settings.low_latency.iter_mut().for_each(change);
}

/// Changes a part that is made while the exam runs.
fn change_part(settings: &mut Settings, index: usize, change: fn(&mut origin::Part)) {
    let of_segment = settings.low_latency.iter_mut().flat_map(|low| low.parts.iter_mut());
    let of_segment = of_segment.filter_map(|segments| segments.get_mut(20));
    of_segment.filter_map(|parts| parts.get_mut(index)).for_each(change);
}

/// Leaves out the lines that `is_left_out` picks.
fn leave_out(text: &mut String, is_left_out: fn(&str) -> bool) {
    let lines: Vec<_> = text.lines().filter(|line| !is_left_out(line)).collect();
    *text = lines.join("\n") + "\n";
}

/// Another status, at once.
fn refuse(answer: &mut Answer, status: StatusCode) {
    answer.status = status;
    answer.after = Duration::from_millis(5);
    answer.replace("no\n");
}

pub(super) const PLANTED: &[Planted] = &[
    planted("a stream without parts", "LL-NONE").set(|settings| settings.low_latency = None),
    planted("parts without EXT-X-PART-INF", "LL-PARTINF")
        .text(|text, _| leave_out(text, |line| line.starts_with("#EXT-X-PART-INF:")))
        .follows(&[("LL-NONE", "a low-latency stream has the tag")]),
    planted("reloads cannot wait", "LL-CTRL")
        .text(|text, _| *text = text.replace("CAN-BLOCK-RELOAD=YES,", "")),
    planted("PART-HOLD-BACK is missing", "LL-CTRL")
        .text(|text, _| *text = text.replace(",PART-HOLD-BACK=1.500000", "")),
    planted("PART-HOLD-BACK is much too short", "LL-PHB2")
        .text(|text, _| *text = text.replace("HOLD-BACK=1.500000", "HOLD-BACK=0.900000")),
    planted("PART-HOLD-BACK is a little too short", "LL-PHB3")
        .text(|text, _| *text = text.replace("HOLD-BACK=1.500000", "HOLD-BACK=1.400000")),
    planted("HOLD-BACK is too short", "LL-HB")
        .text(|text, _| *text = text.replace("RELOAD=YES,", "RELOAD=YES,HOLD-BACK=5.0,")),
    planted("the skip boundary is too near", "LL-SKIPU")
        .text(|text, _| *text = text.replace("SKIP-UNTIL=12.0", "SKIP-UNTIL=10.0")),
    planted("parts are longer than PART-TARGET", "LL-PARTMAX")
        .text(|text, _| *text = text.replace("PART-TARGET=0.500000", "PART-TARGET=0.450000")),
    planted("parts are much shorter than PART-TARGET", "LL-PARTMIN").text(|text, _| {
        // Those with key frames, and those before them, may be short.
        let dependent = text.replace(",INDEPENDENT=YES", "");
        *text = dependent.replace("PART-TARGET=0.500000", "PART-TARGET=0.600000");
    }),
    planted("parts do not add up to their segment", "LL-PARTSUM")
        .text(|text, _| *text = text.replace("DURATION=0.500000", "DURATION=0.470000")),
    planted("old parts are listed for ever", "LL-PARTOLD")
        .set(|settings| change(settings, |low| low.lists_for = 9)),
    planted("parts are removed when their segment is there", "LL-PARTKEEP")
        .set(|settings| change(settings, |low| low.lists_for = 0)),
    planted("a part gets another URI", "LL-PARTURI").text(|text, moment| {
        if after(moment, 15) {
            *text = text.replace("20.1.ts\"", "20.1.ts?again\"");
        }
    }),
    planted("a listed part is not there", "LL-PARTGET").answer(|answer, moment| {
        if moment.target == Target::Part(0, 13, 1) {
            refuse(answer, StatusCode::NOT_FOUND);
        }
    }),
    planted("a part has less than its share of the segment", "LL-PARTCAT").set(|settings| {
        change_part(settings, 1, |part| {
            // More than the tables that stand before the next key frame.
            let length = part.bytes.len();
            part.bytes.truncate(length - 8 * 188);
        });
    }),
    planted("a part of fMP4 is there twice", "LL-PARTCAT").on(FfmpegFmp4).set(|settings| {
        let parts = settings.low_latency.iter_mut().flat_map(|low| low.parts.iter_mut());
        for parts in parts.filter_map(|segments| segments.get_mut(20)) {
            if let Some(first) = parts.first().cloned() {
                parts.iter_mut().skip(1).take(1).for_each(|part| part.bytes = first.bytes.clone());
            }
        }
    }),
    planted("a part says wrongly that it is independent", "LL-INDEP")
        .set(|settings| change_part(settings, 1, |part| part.is_independent = true)),
    planted("a part of fMP4 says wrongly that it is independent", "LL-INDEP")
        .on(FfmpegFmp4)
        .set(|settings| change_part(settings, 1, |part| part.is_independent = true)),
    planted("a part does not say that it is independent", "LL-INDEPALL")
        .set(|settings| change_part(settings, 0, |part| part.is_independent = false)),
    planted("nothing is hinted", "LL-HINT")
        .text(|text, _| leave_out(text, |line| line.starts_with("#EXT-X-PRELOAD-HINT"))),
    planted("a hinted part is not waited for", "LL-HINTGET").answer(|answer, moment| {
        let is_part = matches!(moment.target, Target::Part(..));
        if is_part && answer.after > Duration::from_millis(50) {
            refuse(answer, StatusCode::NOT_FOUND);
        }
    }),
    planted("a hinted part comes in pieces", "LL-HINTGET").answer(|answer, moment| {
        let is_part = matches!(moment.target, Target::Part(..));
        if is_part && answer.after > Duration::from_millis(50) {
            let half = answer.body.slice(..answer.body.len() / 2);
            answer.replace(half);
        }
    }),
    planted("another part comes than was hinted", "LL-HINTTRUE").text(|text, _| {
        *text = text.replace("TYPE=PART,URI=\"20.2.ts\"", "TYPE=PART,URI=\"20.2.ts?early\"");
    }),
    planted("requests for the next part are refused", "LL-BLOCK").answer(|answer, moment| {
        if asks(moment, "_HLS_part") && asks(moment, "_HLS_msn") {
            refuse(answer, StatusCode::NOT_FOUND);
        }
    }),
    planted("requests for the next part wait too long", "LL-BLOCKT").answer(|answer, moment| {
        if asks(moment, "_HLS_part") && asks(moment, "_HLS_msn") {
            answer.after += Duration::from_secs(3);
        }
    }),
    planted("requests for a whole segment are refused", "LL-BLOCKMSN").answer(|answer, moment| {
        if asks(moment, "_HLS_msn") && !asks(moment, "_HLS_part") && answer.status == 200 {
            refuse(answer, StatusCode::NOT_FOUND);
        }
    }),
    planted("requests for the next part do not wait", "LL-EARLY")
        .set(|settings| change(settings, |low| low.waits_for_parts = false)),
    planted("requests far ahead wait", "LL-FUT").answer(|answer, moment| {
        if asks(moment, "_HLS_msn") && answer.status == StatusCode::BAD_REQUEST {
            answer.after = Duration::from_secs(20);
        }
    }),
    planted("a part of no segment is answered", "LL-NOMSN").answer(|answer, moment| {
        if !asks(moment, "_HLS_msn") && answer.status == StatusCode::BAD_REQUEST {
            answer.status = StatusCode::OK;
        }
    }),
    planted("an update skips what was never there", "LL-DELTA")
        .text(|text, _| *text = text.replace("SKIPPED-SEGMENTS=", "SKIPPED-SEGMENTS=1")),
    planted("an update says something else", "LL-DELTA").text(|text, _| {
        if text.contains("#EXT-X-SKIP") {
            *text = text.replace(".ts\n", ".ts?update\n");
        }
    }),
    planted("a rendition is not reported about", "LL-RR")
        .on(FfmpegFmp4Ladder)
        .text(|text, _| leave_out(text, |line| line.contains("REPORT:URI=\"../a0/"))),
    planted("reports are ahead of their renditions", "LL-RR")
        .on(FfmpegFmp4Ladder)
        .text(|text, _| *text = text.replace(",LAST-MSN=", ",LAST-MSN=1")),
    planted("no segment has a date", "LL-PDT")
        .text(|text, _| leave_out(text, |line| line.starts_with("#EXT-X-PROGRAM-DATE-TIME"))),
    planted("the newest part is old", "LL-LAT").view(|view, _| {
        let dates = view.segments.iter_mut().filter_map(|shown| shown.date_unix_ns.as_mut());
        dates.for_each(|date| *date -= 4_000_000_000);
    }),
    planted("answers that waited cannot be cached", "LL-CACHE").answer(|answer, moment| {
        if asks(moment, "_HLS_part") && answer.status == StatusCode::OK {
            answer.set(CACHE_CONTROL, "no-store");
        }
    }),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clean_low_latency_stream_breaks_nothing() {
        for base in [FfmpegTs, FfmpegFmp4, FfmpegFmp4Ladder] {
            let report = Planted::clean(base, LowLatency).examine(Path::new("")).await.unwrap();
            assert_eq!(report.score(), 100, "{}: {report}", base.name());
        }
    }
}
