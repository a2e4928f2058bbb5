//! Low latency (draft-pantos-hls-rfc8216bis).

mod playlist;
#[cfg(test)]
mod tests;
mod watched;

use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "LL-NONE",
        severity: Severity::Fatal,
        reference: "weir check --ll",
        requirement: "A low-latency stream has EXT-X-PART-INF and lists EXT-X-PART.",
        remedy: "Turn low latency on in the packager, or examine the stream without --ll.",
        test: Test::Playlist(playlist::none),
    },
    Rule {
        id: "LL-PARTINF",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.7",
        requirement: "EXT-X-PART-INF with PART-TARGET is there when there are parts.",
        remedy: "Write EXT-X-PART-INF:PART-TARGET=… with the longest duration that a part may \
            have.",
        test: Test::Playlist(playlist::part_inf),
    },
    Rule {
        id: "LL-CTRL",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.8, B.1",
        requirement: "EXT-X-SERVER-CONTROL has CAN-BLOCK-RELOAD=YES and PART-HOLD-BACK when \
            there are parts.",
        remedy: "Write EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=… with three \
            times PART-TARGET.",
        test: Test::Playlist(playlist::control),
    },
    Rule {
        id: "LL-PHB2",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.8",
        requirement: "PART-HOLD-BACK is at least two times PART-TARGET.",
        remedy: "Raise PART-HOLD-BACK to three times PART-TARGET.",
        test: Test::Playlist(playlist::part_hold_back_twice),
    },
    Rule {
        id: "LL-PHB3",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.8",
        requirement: "PART-HOLD-BACK is at least three times PART-TARGET.",
        remedy: "Raise PART-HOLD-BACK to three times PART-TARGET.",
        test: Test::Playlist(playlist::part_hold_back_thrice),
    },
    Rule {
        id: "LL-HB",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.8",
        requirement: "HOLD-BACK is at least three times the target duration.",
        remedy: "Raise HOLD-BACK to three times EXT-X-TARGETDURATION, or leave it out.",
        test: Test::Playlist(playlist::hold_back),
    },
    Rule {
        id: "LL-SKIPU",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.3.8",
        requirement: "CAN-SKIP-UNTIL is at least six times the target duration.",
        remedy: "Raise CAN-SKIP-UNTIL to six times EXT-X-TARGETDURATION, or leave it out.",
        test: Test::Playlist(playlist::skip_until),
    },
    Rule {
        id: "LL-PARTMAX",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.4.9",
        requirement: "No part is longer than PART-TARGET.",
        remedy: "Cut parts before they reach PART-TARGET, or raise PART-TARGET before the stream \
            begins.",
        test: Test::Playlist(playlist::part_longest),
    },
    Rule {
        id: "LL-PARTMIN",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.4.9",
        requirement: "Parts have at least 85 % of PART-TARGET, but for independent ones and the \
            last of a segment.",
        remedy: "Fill parts up to PART-TARGET; a frame rate that does not fit into it asks for \
            another one.",
        test: Test::Playlist(playlist::part_shortest),
    },
    Rule {
        id: "LL-PARTSUM",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 3.2",
        requirement: "The parts of a segment last as long together as its EXTINF says.",
        remedy: "Measure parts and segments by the same timestamps.",
        test: Test::Playlist(playlist::part_sum),
    },
    Rule {
        id: "LL-PARTOLD",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.2",
        requirement: "Parts are removed once they are more than three target durations from the \
            end.",
        remedy: "List parts of the last three target durations only: more makes each reload \
            longer.",
        test: Test::Playlist(playlist::part_old),
    },
    Rule {
        id: "LL-PARTKEEP",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.1, 6.2.2",
        requirement: "Parts stay listed while they are within two target durations from the end.",
        remedy: "Keep the parts of a segment listed after it is whole, for three target durations.",
        test: Test::LowLatency(watched::part_kept),
    },
    Rule {
        id: "LL-PARTURI",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.1",
        requirement: "A part keeps its URI, byte range and duration.",
        remedy: "List a part only once it is finished, and never rename it.",
        test: Test::LowLatency(watched::part_changed),
    },
    Rule {
        id: "LL-PARTGET",
        severity: Severity::Fatal,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.1",
        requirement: "A listed part can be fetched.",
        remedy: "List a part only once it can be served, and serve it while it is listed and for \
            three target durations after.",
        test: Test::LowLatency(watched::part_get),
    },
    Rule {
        id: "LL-PARTCAT",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 3.2",
        requirement: "A segment and all of its parts have the same media.",
        remedy: "Cut parts and segments from the same packaged stream: the parts one after the \
            other are the segment.",
        test: Test::LowLatency(watched::part_concat),
    },
    Rule {
        id: "LL-INDEP",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.4.9",
        requirement: "A part that says INDEPENDENT=YES has a key frame.",
        remedy: "Say INDEPENDENT=YES only of parts with a key frame: players start there.",
        test: Test::LowLatency(watched::independent),
    },
    Rule {
        id: "LL-INDEPALL",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.4.9",
        requirement: "A part that begins with a key frame says INDEPENDENT=YES.",
        remedy: "Say INDEPENDENT=YES of each part with a key frame, so that players can start \
            and switch there.",
        test: Test::LowLatency(watched::independent_said),
    },
    Rule {
        id: "LL-HINT",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.5.3, 6.2.6",
        requirement: "One EXT-X-PRELOAD-HINT of TYPE=PART names the next part, until the stream \
            ends.",
        remedy: "Hint the URI of the part that is being made, and only that.",
        test: Test::Playlist(playlist::hint),
    },
    Rule {
        id: "LL-HINTGET",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.6",
        requirement: "A hinted part can be asked for before it is there, and is then delivered \
            whole.",
        remedy: "Hold requests for the hinted part until it is finished, then send all of it.",
        test: Test::LowLatency(watched::hint_get),
    },
    Rule {
        id: "LL-HINTTRUE",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.5.3",
        requirement: "The hinted part becomes the next part.",
        remedy: "Fix the URI of the next part when it is hinted, over the end of a segment, too.",
        test: Test::LowLatency(watched::hint_true),
    },
    Rule {
        id: "LL-BLOCK",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.2",
        requirement: "A request with _HLS_msn and _HLS_part is answered with a playlist once the \
            part is there.",
        remedy: "Hold such requests until the part is listed; let caches and proxies in front \
            wait as long, and keep the query.",
        test: Test::LowLatency(watched::block),
    },
    Rule {
        id: "LL-BLOCKT",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.1, 6.2.5.2",
        requirement: "A request for the next part is answered within three times PART-TARGET.",
        remedy: "Publish a part in each PART-TARGET, and answer those that wait at once.",
        test: Test::LowLatency(watched::block_time),
    },
    Rule {
        id: "LL-BLOCKMSN",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.2",
        requirement: "A request with _HLS_msn alone is answered once that segment is whole.",
        remedy: "Hold requests without _HLS_part until the segment has its EXTINF.",
        test: Test::LowLatency(watched::block_segment),
    },
    Rule {
        id: "LL-EARLY",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.2",
        requirement: "A blocking request is never answered without what it asks for.",
        remedy: "Do not ignore _HLS_msn and _HLS_part; make them part of the key of caches in \
            front.",
        test: Test::LowLatency(watched::early),
    },
    Rule {
        id: "LL-FUT",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.2",
        requirement: "An _HLS_msn far ahead is refused with 400 at once.",
        remedy: "Refuse _HLS_msn beyond the last segment plus two instead of holding the request.",
        test: Test::LowLatency(watched::too_far),
    },
    Rule {
        id: "LL-NOMSN",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.2",
        requirement: "_HLS_part without _HLS_msn is refused with 400.",
        remedy: "Refuse _HLS_part without _HLS_msn.",
        test: Test::LowLatency(watched::part_alone),
    },
    Rule {
        id: "LL-DELTA",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 6.2.5.1",
        requirement: "_HLS_skip=YES gives a delta update from which the whole playlist can be \
            rebuilt.",
        remedy: "Replace exactly the segments before CAN-SKIP-UNTIL by EXT-X-SKIP, and leave all \
            else as in the whole playlist.",
        test: Test::LowLatency(watched::delta),
    },
    Rule {
        id: "LL-RR",
        severity: Severity::Must,
        reference: "draft-pantos-hls-rfc8216bis, 4.4.5.4, B.1",
        requirement: "EXT-X-RENDITION-REPORT is there for every other rendition, and true.",
        remedy: "Report about every other media playlist, and as of the moment in which the \
            playlist is rendered.",
        test: Test::LowLatency(watched::reports),
    },
    Rule {
        id: "LL-PDT",
        severity: Severity::Should,
        reference: "draft-pantos-hls-rfc8216bis, B.1",
        requirement: "Low-latency playlists have EXT-X-PROGRAM-DATE-TIME.",
        remedy: "Write EXT-X-PROGRAM-DATE-TIME: players align renditions and measure latency by \
            it.",
        test: Test::Playlist(playlist::dates),
    },
    Rule {
        id: "LL-H2",
        severity: Severity::Quality,
        reference: "draft-pantos-hls-rfc8216bis, B.1",
        requirement: "Low-latency streams over TLS are served by HTTP/2 or later.",
        remedy: "Turn HTTP/2 on in the server or in the CDN: a player has several requests \
            waiting at once.",
        test: Test::LowLatency(watched::modern),
    },
    Rule {
        id: "LL-LAT",
        severity: Severity::Quality,
        reference: "practice",
        requirement: "The newest part ended at most three times PART-TARGET and a second ago.",
        remedy: "Look for buffers between encoder and packager, and for a clock that is wrong.",
        test: Test::LowLatency(watched::latency),
    },
    Rule {
        id: "LL-CACHE",
        severity: Severity::Quality,
        reference: "draft-pantos-hls-rfc8216bis, B.1",
        requirement: "Answers to blocking requests can be cached for a while.",
        remedy: "Send Cache-Control: max-age with some target durations: such a URL's answer \
            never changes for the worse.",
        test: Test::LowLatency(watched::cache),
    },
];
