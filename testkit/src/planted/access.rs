//! Who is let in.

use super::Exam::{PathToken, QueryToken};
use super::Planted;
use crate::origin::Target;
use crate::presentation::Base::{FfmpegFmp4, FfmpegTs};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, PathToken)
}

pub(super) const PLANTED: &[Planted] = &[
    planted("the entry needs no token", "AUTH-NONE").set(|settings| {
        settings.lets_in = |target, is_wrong| *target == Target::Multivariant && !is_wrong;
    }),
    planted("the entry needs no token in its query", "AUTH-NONE").during(QueryToken).set(
        |settings| {
            settings.lets_in = |target, is_wrong| *target == Target::Multivariant && !is_wrong;
        },
    ),
    planted("any token opens the entry", "AUTH-BAD").set(|settings| {
        settings.lets_in = |target, is_wrong| *target == Target::Multivariant && is_wrong;
    }),
    planted("any token in the query opens the entry", "AUTH-BAD").during(QueryToken).set(
        |settings| {
            settings.lets_in = |target, is_wrong| *target == Target::Multivariant && is_wrong;
        },
    ),
    planted("media playlists need no token", "AUTH-CHILD").during(QueryToken).set(|settings| {
        settings.lets_in = |target, is_wrong| matches!(target, Target::Media(_)) && !is_wrong;
    }),
    planted("media playlists need no token in their path", "AUTH-CHILD").set(|settings| {
        settings.lets_in = |target, is_wrong| matches!(target, Target::Media(_)) && !is_wrong;
    }),
    planted("segments need no token", "AUTH-SEG").during(QueryToken).set(|settings| {
        settings.lets_in = |target, _| matches!(target, Target::Segment(..));
    }),
    planted("segments of fMP4 need no token", "AUTH-SEG").on(FfmpegFmp4).set(|settings| {
        settings.lets_in = |target, _| matches!(target, Target::Segment(..) | Target::Init(..));
    }),
    planted("the token is not carried on", "AUTH-PROP")
        .during(QueryToken)
        .set(|settings| settings.suffix.clear()),
];
