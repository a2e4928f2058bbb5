//! How things are served (RFC 9110), and to whom.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONNECTION,
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RANGE, VARY,
};
use http::{Method, StatusCode};

use super::Exam::{Live, Vod};
use super::Planted;
use crate::origin::Target;
use crate::presentation::Base::{FfmpegFmp4, FfmpegTs};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Vod)
}

pub(super) const PLANTED: &[Planted] = &[
    planted("playlists are plain text", "HTT-PLCT").answer(|answer, moment| {
        if moment.is_playlist() {
            answer.set(CONTENT_TYPE, "text/plain");
        }
    }),
    planted("playlists have no type", "HTT-PLCT").answer(|answer, moment| {
        if moment.is_playlist() {
            answer.headers.remove(CONTENT_TYPE);
        }
    }),
    planted("segments are said to be text", "HTT-SEGCT").answer(|answer, moment| {
        if matches!(moment.target, Target::Segment(..)) {
            answer.set(CONTENT_TYPE, "text/html");
        }
    }),
    planted("fMP4 is said to be MPEG-TS", "HTT-SEGCT").on(FfmpegFmp4).answer(|answer, moment| {
        if matches!(moment.target, Target::Segment(..)) {
            answer.set(CONTENT_TYPE, "video/mp2t");
        }
    }),
    planted("live playlists may be cached for an hour", "HTT-PLCC").during(Live).answer(
        |answer, moment| {
            if matches!(moment.target, Target::Media(_)) {
                answer.set(CACHE_CONTROL, "public, max-age=3600");
            }
        },
    ),
    planted("live playlists say nothing of caches", "HTT-PLCC").during(Live).answer(
        |answer, moment| {
            if matches!(moment.target, Target::Media(_)) {
                answer.headers.remove(CACHE_CONTROL);
            }
        },
    ),
    planted("segments may not be cached", "HTT-SEGCC").answer(|answer, moment| {
        if matches!(moment.target, Target::Segment(..)) {
            answer.set(CACHE_CONTROL, "no-store");
        }
    }),
    planted("initialization sections may not be cached", "HTT-INITCC").on(FfmpegFmp4).answer(
        |answer, moment| {
            if matches!(moment.target, Target::Init(..)) {
                answer.set(CACHE_CONTROL, "no-store");
            }
        },
    ),
    planted("pages of other sites get nothing", "HTT-CORS").answer(|answer, _| {
        answer.headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    }),
    planted("a page of one site gets segments", "HTT-CORS").answer(|answer, moment| {
        if matches!(moment.target, Target::Segment(..)) {
            answer.set(ACCESS_CONTROL_ALLOW_ORIGIN, "https://other.example");
        }
    }),
    planted("preflights are refused", "HTT-PREFL").answer(|answer, moment| {
        if moment.request.method == Method::OPTIONS {
            answer.status = StatusCode::METHOD_NOT_ALLOWED;
        }
    }),
    planted("preflights do not allow ranges", "HTT-PREFL").answer(|answer, _| {
        answer.headers.remove(ACCESS_CONTROL_ALLOW_HEADERS);
    }),
    planted("playlists are not packed", "HTT-GZIP").set(|settings| settings.manners.packs = false),
    planted("packed playlists do not vary", "HTT-VARY").answer(|answer, _| {
        answer.headers.remove(VARY);
    }),
    planted("segments are packed", "HTT-SEGENC").answer(|answer, moment| {
        if moment.is_segment() && answer.status == StatusCode::OK {
            answer.replace(crate::origin::pack(&answer.body));
            answer.set(CONTENT_ENCODING, "gzip");
        }
    }),
    planted("nothing has a validator", "HTT-ETAG")
        .set(|settings| settings.manners.validates = false)
        .answer(|answer, _| {
            answer.headers.remove(http::header::ETAG);
        }),
    planted("validators do not help", "HTT-ETAG").set(|settings| {
        settings.manners.validates = false;
    }),
    planted("there are no ranges", "HTT-RANGE").set(|settings| {
        settings.manners.has_ranges = false;
    }),
    planted("a range has other bytes", "HTT-RANGE").answer(|answer, moment| {
        if answer.status == StatusCode::PARTIAL_CONTENT && moment.is_segment() {
            let bytes: Vec<u8> = answer.body.iter().map(|byte| byte ^ 1).collect();
            answer.body = bytes.into();
        }
    }),
    planted("what is beyond the end is served", "HTT-416").answer(|answer, moment| {
        if answer.status == StatusCode::RANGE_NOT_SATISFIABLE
            && moment.request.headers.contains_key(RANGE)
        {
            answer.status = StatusCode::OK;
        }
    }),
    planted("what is not there is served empty", "HTT-404").answer(|answer, moment| {
        if moment.target == Target::Nothing && answer.status == StatusCode::NOT_FOUND {
            answer.status = StatusCode::OK;
            answer.replace("");
        }
    }),
    planted("what is not there is a failure", "HTT-404").answer(|answer, moment| {
        if moment.target == Target::Nothing {
            answer.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
    }),
    planted("what is not there is missing for an hour", "HTT-404CC").answer(|answer, _| {
        if answer.status == StatusCode::NOT_FOUND {
            answer.set(CACHE_CONTROL, "public, max-age=3600");
        }
    }),
    planted("HEAD is refused", "HTT-HEAD").answer(|answer, moment| {
        if moment.request.method == Method::HEAD {
            answer.status = StatusCode::METHOD_NOT_ALLOWED;
        }
    }),
    planted("HEAD has another length", "HTT-HEAD").answer(|answer, moment| {
        if moment.request.method == Method::HEAD {
            answer.set(CONTENT_LENGTH, "7");
        }
    }),
    planted("anybody may write", "HTT-METH").answer(|answer, moment| {
        if [Method::PUT, Method::POST, Method::DELETE].contains(&moment.request.method) {
            answer.headers.remove(ALLOW);
            answer.status = StatusCode::OK;
        }
    }),
    planted("segments have no length", "HTT-LEN").answer(|answer, moment| {
        if moment.is_segment() {
            answer.headers.remove(CONTENT_LENGTH);
        }
    }),
    planted("segments come slowly", "HTT-SPEED").answer(|answer, moment| {
        if moment.is_segment() {
            answer.after = Duration::from_millis(1_500);
        }
    }),
    planted("answers begin late", "HTT-TTFB")
        .answer(|answer, _| answer.after = Duration::from_millis(300)),
    planted("connections are closed", "HTT-KEEP")
        .answer(|answer, _| answer.set(CONNECTION, "close")),
    planted("a query does harm", "HTT-QUERY").answer(|answer, moment| {
        if moment.request.url.query().is_some() {
            answer.status = StatusCode::BAD_REQUEST;
        }
    }),
    planted("a path leads out of the tree", "SEC-TRAV").answer(|answer, moment| {
        if moment.request.url.as_str().to_ascii_lowercase().contains("etc%2fhosts") {
            answer.status = StatusCode::OK;
            answer.replace("127.0.0.1 localhost\n::1 localhost\n");
        }
    }),
    planted("browsers may guess types", "SEC-NOSNIFF").answer(|answer, _| {
        answer.headers.remove("x-content-type-options");
    }),
];
