//! What a live playlist does over time (RFC 8216, 6.2).

use std::time::Duration;

use super::Exam::{Dvr, Edges, Ends, Live};
use super::{Planted, after, is_segment};
use crate::origin::{Course, Moment, Shown, Target, View};
use crate::presentation::Base::{FfmpegFmp4, FfmpegTs, WeirTs};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Live)
}

/// Whether it is the second edge.
const fn is_other(moment: &Moment) -> bool {
    moment.edge == 1
}

/// Leaves out the newest segments.
fn lag(view: &mut View, segments: usize) {
    let left = view.segments.len().saturating_sub(segments);
    view.segments.truncate(left);
}

/// A longer window, for what leaves out some of it.
const WINDOW_OF_NINE: Course = Course::Live { window: 9, made: 12, ends_at: None };

/// Changes how the segment at a place is listed, twelve seconds after it was the first time.
fn later(view: &mut View, moment: &Moment, change: fn(&mut Shown)) {
    if after(moment, 12) {
        view.segments.iter_mut().filter(|shown| shown.place == 11).for_each(change);
    }
}

/// For four seconds, two segments are there again that had left.
fn come_back(view: &mut View, moment: &Moment) {
    let Some(first) = view.segments.first().cloned() else { return };
    let is_back = (10..14).contains(&moment.at.as_secs());
    for place in (0..first.place).rev().take(if is_back { 2 } else { 0 }) {
        let earlier = i128::try_from(first.place - place).unwrap_or(0) * 2_000_000_000;
        let date_unix_ns = first.date_unix_ns.map(|date| date - earlier);
        let uri = format!("{place}.ts");
        view.segments.insert(0, Shown { place, uri, date_unix_ns, ..first.clone() });
        view.media_sequence -= 1;
    }
}

pub(super) const PLANTED: &[Planted] = &[
    planted("what was removed comes back", "LIV-MSN")
        .set(|settings| settings.kept = None)
        .view(come_back),
    planted("an older playlist is shown", "LIV-BACK").view(|view, moment| {
        if moment.at.as_secs() == 11 {
            lag(view, 1);
        }
    }),
    planted("a segment gets another URI", "LIV-URI")
        .made(|made| {
            for rendition in &mut made.renditions {
                let again = rendition.segments.get(11).map(|segment| segment.bytes.clone());
                rendition.inits.extend(again.map(|bytes| ("again.ts".to_owned(), bytes)));
            }
        })
        .view(|view, moment| later(view, moment, |shown| "again.ts".clone_into(&mut shown.uri))),
    planted("a segment gets another EXTINF", "LIV-DUR").view(|view, moment| {
        later(view, moment, |shown| shown.duration += Duration::from_millis(20));
    }),
    planted("a segment gets another date", "LIV-TAGS").view(|view, moment| {
        later(view, moment, |shown| {
            shown.date_unix_ns = shown.date_unix_ns.map(|date| date + 60_000_000);
        });
    }),
    planted("a segment becomes discontinuous", "LIV-TAGS").view(|view, moment| {
        later(view, moment, |shown| shown.has_discontinuity = true);
        if after(moment, 12) && view.media_sequence > 11 {
            view.discontinuity_sequence += 1;
        }
    }),
    planted("the target duration grows", "LIV-TD").view(|view, moment| {
        view.target_duration += u64::from(after(moment, 12));
    }),
    planted("a segment leaves and is not counted", "LIV-REMOVE")
        .follows(&[("MED-DISC", "a new segment has a number that was seen, and is passed over")])
        .view(|view, moment| {
            if after(moment, 12) {
                view.media_sequence -= 1;
            }
        }),
    planted("a break that left is not counted", "LIV-DSEQ")
        .made(|made| {
            made.renditions.iter_mut().for_each(|one| {
                one.segments
                    .iter_mut()
                    .skip(5)
                    .take(1)
                    .for_each(|one| one.has_discontinuity = true);
            })
        })
        .view(|view, _| view.discontinuity_sequence = 0),
    planted("the window is of two segments", "LIV-WINDOW").set(|settings| {
        settings.course = Course::Live { window: 2, made: 8, ends_at: None };
    }),
    planted("segments come three at a time", "LIV-UPDATE")
        .set(|settings| settings.course = WINDOW_OF_NINE)
        .view(|view, _| {
            let last = view.segments.last().map_or(0, |last| last.place);
            lag(view, last % 3);
        }),
    planted("nothing new comes any more", "LIV-STALL")
        .set(|settings| {
            let ends_at = Some(Duration::from_secs(10));
            settings.course = Course::Live { window: 6, made: 8, ends_at };
        })
        .view(|view, _| view.has_ended = false),
    planted("four segments come at once", "LIV-BURST")
        .set(|settings| settings.course = WINDOW_OF_NINE)
        .view(|view, moment| {
            if !after(moment, 10) {
                lag(view, 3);
            }
        }),
    planted("a listed segment is not found", "LIV-AVAIL").answer(|answer, moment| {
        if is_segment(moment, 10) {
            answer.status = http::StatusCode::NOT_FOUND;
        }
    }),
    planted("a listed segment is not found yet", "LIV-AVAIL").answer(|answer, moment| {
        if is_segment(moment, 10) && moment.count == 0 {
            answer.status = http::StatusCode::NOT_FOUND;
        }
    }),
    planted("the connection breaks at a segment", "LIV-AVAIL")
        .answer(|answer, moment| answer.is_broken |= is_segment(moment, 10)),
    planted("a segment goes when it leaves the playlist", "LIV-RETAIN").answer(|answer, moment| {
        if let Target::Segment(0, place) = moment.target {
            let made = 8 + usize::try_from(moment.at.as_secs() / 2).unwrap_or(0);
            if place + 6 < made {
                *answer = crate::origin::missing();
            }
        }
    }),
    planted("a playlist grows after its end", "LIV-ENDL")
        .view(|view, moment| view.has_ended = after(moment, 11)),
    planted("the end of a playlist is there, gone and there again", "LIV-ENDL").during(Ends).view(
        |view, moment| {
            view.has_ended &= moment.at.as_secs() != 11;
        },
    ),
    planted("an EVENT playlist loses segments", "LIV-TYPE")
        .view(|view, _| view.playlist_type = Some("EVENT")),
    planted("the end of the stream is not told", "LIV-END")
        .during(Ends)
        .set(|settings| settings.course = Course::Live { window: 6, made: 8, ends_at: None }),
    planted("the live edge is a minute old", "LIV-EDGE").view(|view, _| {
        for shown in &mut view.segments {
            shown.date_unix_ns = shown.date_unix_ns.map(|date| date - 60_000_000_000);
        }
    }),
    planted("another edge says other lengths", "EDGE-SAME").during(Edges).view(|view, moment| {
        if is_other(moment) {
            view.segments.iter_mut().for_each(|shown| shown.duration += Duration::from_millis(9));
        }
    }),
    planted("another edge says other dates", "EDGE-SAME").during(Edges).view(|view, moment| {
        for shown in view.segments.iter_mut().filter(|_| is_other(moment)) {
            shown.date_unix_ns = shown.date_unix_ns.map(|date| date + 7_000_000);
        }
    }),
    planted("another edge has other bytes", "EDGE-BYTES").during(Edges).answer(|answer, moment| {
        if is_other(moment) && moment.is_segment() && answer.body.len() > 1_000 {
            let mut bytes = answer.body.to_vec();
            bytes.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
            answer.body = bytes.into();
        }
    }),
    planted("another edge is three segments behind", "EDGE-LAG")
        .during(Edges)
        .set(|settings| settings.course = WINDOW_OF_NINE)
        .view(|view, moment| {
            if is_other(moment) {
                lag(view, 3);
            }
        }),
    planted("the window is shorter than promised", "DVR-WIN").during(Dvr).set(|settings| {
        settings.course = Course::Live { window: 20, made: 40, ends_at: None };
    }),
    planted("old segments are listed and gone", "DVR-AVAIL").during(Dvr).answer(
        |answer, moment| {
            if let Target::Segment(_, 24..30) = moment.target {
                *answer = crate::origin::missing();
            }
        },
    ),
    planted("a listed segment of fMP4 is not found", "LIV-AVAIL").on(FfmpegFmp4).answer(
        |answer, moment| {
            if is_segment(moment, 10) {
                answer.status = http::StatusCode::GONE;
            }
        },
    ),
    planted("a segment of Weir's gets another EXTINF", "LIV-DUR").on(WeirTs).view(
        |view, moment| {
            later(view, moment, |shown| shown.duration += Duration::from_millis(20));
        },
    ),
];
