//! `EXT-X-PROGRAM-DATE-TIME` (RFC 8216, 4.3.2.6).

use std::time::Duration;

use super::Exam::{Live, Vod};
use super::Planted;
use crate::origin::{Shown, Target, View};
use crate::presentation::Base::{FfmpegTs, WeirFmp4};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Live)
}

/// Moves the dates of all segments from a place on, by nanoseconds that depend on the place.
fn moved(view: &mut View, from: usize, by: fn(i128) -> i128) {
    for shown in view.segments.iter_mut().filter(|shown| shown.place >= from) {
        let place = i128::try_from(shown.place).unwrap_or(0);
        shown.date_unix_ns = shown.date_unix_ns.map(|date| date + by(place));
    }
}

const MS: i128 = 1_000_000;

pub(super) const PLANTED: &[Planted] = &[
    planted("there are no dates", "PDT-HAVE")
        .view(|view, _| view.segments.iter_mut().for_each(|shown| shown.date_unix_ns = None)),
    planted("dates have no time zone", "PDT-FMT").text(|text, moment| {
        if let Target::Media(_) = moment.target {
            *text = text.replace("Z\n#EXTINF", "\n#EXTINF");
        }
    }),
    planted("dates have no time", "PDT-FMT").during(Vod).text(|text, moment| {
        if let Target::Media(_) = moment.target {
            let is_date = |line: &str| line.starts_with("#EXT-X-PROGRAM");
            let short = |line| if is_date(line) { line.get(..35).unwrap_or(line) } else { line };
            *text = text.lines().map(short).map(|line| format!("{line}\n")).collect();
        }
    }),
    planted("a date jumps", "PDT-MONO").view(|view, _| moved(view, 11, |_| 700 * MS)),
    planted("dates go back", "PDT-MONO").view(|view, _| moved(view, 11, |_| -3_000 * MS)),
    planted("dates stand still", "PDT-MONO")
        .on(WeirFmp4)
        .view(|view, _| moved(view, 0, |place| -2_000 * MS * place)),
    planted("dates are in the future", "PDT-NOW").view(|view, _| moved(view, 0, |_| 9_000 * MS)),
    planted("dates advance more than the pictures", "PDT-MEDIA").view(|view, _| {
        // The length that is said is between the two, and near enough to either.
        let nearly = |shown: &mut Shown| shown.duration += Duration::from_millis(90);
        view.segments.iter_mut().filter(|shown| shown.place == 11).for_each(nearly);
        moved(view, 12, |_| 180 * MS);
    }),
];
