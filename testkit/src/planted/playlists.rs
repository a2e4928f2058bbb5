//! How playlists are written (RFC 8216, 4).

use super::Exam::{Alone, Live, Vod};
use super::Planted;
use crate::origin::{Answer, Moment, Target};
use crate::presentation::Base::{FfmpegFmp4, FfmpegTs, FfmpegTsLadder};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Vod)
}

/// Replaces something in every media playlist.
macro_rules! media {
    ($from:expr => $to:expr) => {
        |text, moment| {
            if let Target::Media(_) = moment.target {
                *text = text.replacen($from, $to, 1);
            }
        }
    };
}

/// Replaces something in the multivariant playlist.
macro_rules! multivariant {
    ($from:expr => $to:expr) => {
        |text, moment| {
            if moment.target == Target::Multivariant {
                *text = text.replacen($from, $to, 1);
            }
        }
    };
}

fn entry_is(answer: &mut Answer, moment: &Moment, status: u16) {
    if moment.target == Target::Multivariant
        && let Ok(status) = http::StatusCode::from_u16(status)
    {
        answer.status = status;
    }
}

pub(super) const PLANTED: &[Planted] = &[
    planted("the entry is not found", "REACH").answer(|answer, moment| {
        entry_is(answer, moment, 404);
    }),
    planted("the server fails at the entry", "REACH").answer(|answer, moment| {
        entry_is(answer, moment, 500);
    }),
    planted("the connection breaks at the entry", "REACH").answer(|answer, moment| {
        answer.is_broken = moment.target == Target::Multivariant;
    }),
    planted("the first line is missing", "PL-EXTM3U").text(media!("#EXTM3U\n" => "")),
    planted("the first line is in lower case", "PL-EXTM3U").text(media!("#EXTM3U" => "#extm3u")),
    planted("there is a byte order mark", "PL-UTF8").text(media!("#EXTM3U" => "\u{feff}#EXTM3U")),
    planted("there is a control character", "PL-UTF8").text(media!(",\n1.ts" => ",\u{1}\n1.ts")),
    planted("a media playlist has a variant's tag", "PL-MIX")
        .text(media!("#EXTINF" => "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\"\n#EXTINF")),
    planted("the multivariant playlist has a media tag", "PL-MIX")
        .text(multivariant!("#EXT-X-STREAM" => "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-STREAM")),
    planted("a playlist type is not known", "PL-SYNTAX")
        .text(media!("TYPE:VOD" => "TYPE:RECORDED")),
    planted("an EXTINF has no segment", "PL-SYNTAX")
        .text(media!("#EXT-X-ENDLIST" => "#EXTINF:2.000000,
#EXT-X-ENDLIST")),
    planted("an EXTINF has no comma", "PL-SYNTAX")
        .text(media!("#EXTINF:2.000000,\n5.ts" => "#EXTINF:2.000000\n5.ts")),
    planted("a media sequence number is negative", "PL-SYNTAX")
        .text(media!("SEQUENCE:0" => "SEQUENCE:-1")),
    planted("an attribute is there twice", "PL-ATTR")
        .text(multivariant!("FRAME-RATE=" => "FRAME-RATE=30.000,FRAME-RATE=")),
    planted("a blank stands between attributes", "PL-ATTR")
        .text(multivariant!(",CODECS" => ", CODECS")),
    planted("an attribute is named in lower case", "PL-ATTR").text(media!(
        "#EXTINF" =>
        "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-02-02T01:00:00Z\",x-a=\"b\"\n#EXTINF"
    )),
    planted("the version is too low for EXT-X-MAP", "PL-VERSION")
        .on(FfmpegFmp4)
        .text(media!("VERSION:7" => "VERSION:3")),
    planted("the version is there twice", "PL-VERSION")
        .text(media!("#EXT-X-VERSION:6" => "#EXT-X-VERSION:6\n#EXT-X-VERSION:6")),
    planted("there is no version for fractions of seconds", "PL-VERSION")
        .text(media!("#EXT-X-VERSION:6\n" => "")),
    planted("there is no target duration", "PL-TD").text(media!("#EXT-X-TARGETDURATION:2\n" => "")),
    planted("the target duration is a fraction", "PL-TD")
        .text(media!("TARGETDURATION:2" => "TARGETDURATION:2.0")),
    planted("the target duration is there twice", "PL-TD").text(
        media!("#EXT-X-TARGETDURATION:2" => "#EXT-X-TARGETDURATION:2\n#EXT-X-TARGETDURATION:2"),
    ),
    planted("the target duration is too short", "PL-TDRULE")
        .made(|made| made.renditions.iter_mut().for_each(|one| one.target_duration = 1)),
    planted("the target duration is far too long", "PL-TDTIGHT")
        .made(|made| made.renditions.iter_mut().for_each(|one| one.target_duration = 10)),
    planted("the media sequence comes behind the first segment", "PL-ORDER").text(
        |text, moment| {
            if let Target::Media(_) = moment.target {
                *text = text.replacen("#EXT-X-MEDIA-SEQUENCE:0\n", "", 1);
                *text = text.replacen("0.ts\n", "0.ts\n#EXT-X-MEDIA-SEQUENCE:0\n", 1);
            }
        },
    ),
    planted("there is a tag of somebody's own", "PL-UNKNOWN")
        .text(media!("#EXTINF" => "#EXT-X-VENDOR:1\n#EXTINF")),
    planted("a playlist has four million lines", "PL-LIMIT").text(|text, moment| {
        if let Target::Media(_) = moment.target {
            text.push_str(&"#\n".repeat(4_000_000));
        }
    }),
    planted("a title has a comma and quotes", "PL-SECOND").text(media!(
        "#EXTINF:2.000000,\n5.ts" => "#EXTINF:2.000000, a title, with \"quotes\"\n5.ts"
    )),
    planted("nothing is listed", "PL-EMPTY").view(|view, _| view.segments.clear()),
    planted("nothing is listed while it is live", "PL-EMPTY")
        .follows(&[("LIV-STALL", "nothing new comes either")])
        .view(|view, _| view.segments.clear())
        .during(Live),
    planted("a segment is listed twice", "PL-DUPURI")
        .follows(&[("MED-DISC", "its times come again without a tag")])
        .view(|view, _| {
            let Some(again) = view.segments.get(5).cloned() else { return };
            let duration = i128::try_from(again.duration.as_nanos()).unwrap_or(0);
            view.segments.insert(6, again);
            for shown in view.segments.iter_mut().skip(6) {
                shown.date_unix_ns = shown.date_unix_ns.map(|date| date + duration);
            }
        }),
    planted("URIs are absolute", "PL-RELURI").view(|view, moment| {
        for shown in &mut view.segments {
            shown.uri = moment.request.url.join(&shown.uri).map_or(String::new(), String::from);
        }
    }),
    planted("the entry is a media playlist", "MV-NONE").during(Alone),
    planted("segments are not said to be independent", "IND-HAVE")
        .made(|made| made.multivariant.header.retain(|line| !line.contains("INDEPENDENT")))
        .view(|view, _| view.header.clear()),
    planted("a playlist of a ladder has no target duration", "PL-TD")
        .text(|text, moment| {
            if moment.target == Target::Media(1) {
                *text = text.replacen("#EXT-X-TARGETDURATION:2\n", "", 1);
            }
        })
        .on(FfmpegTsLadder),
];
