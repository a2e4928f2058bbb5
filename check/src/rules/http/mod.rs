//! How things are delivered over HTTP (RFC 9110).

mod exchanges;
mod objects;
mod requests;
#[cfg(test)]
mod tests;
mod traffic;

use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "HTT-PLCT",
        severity: Severity::Must,
        reference: "RFC 8216, 4",
        requirement: "A playlist is delivered as application/vnd.apple.mpegurl or audio/mpegurl.",
        remedy: "Map .m3u8 to application/vnd.apple.mpegurl in the server's list of types.",
        test: Test::Exchange(exchanges::playlist_type),
    },
    Rule {
        id: "HTT-SEGCT",
        severity: Severity::Must,
        reference: "HLS authoring specification, delivery; RFC 9110, 8.3",
        requirement: "The content type of a segment names what it is: video/mp2t, video/mp4 or \
                      the like.",
        remedy: "Map .ts to video/mp2t and .m4s and .mp4 to video/mp4 in the server's list of \
                 types.",
        test: Test::Exchange(exchanges::segment_type),
    },
    Rule {
        id: "HTT-PLCC",
        severity: Severity::Should,
        reference: "RFC 8216, 6.2.1; RFC 9111, 5.2.2",
        requirement: "A live playlist may be kept for at most a target duration.",
        remedy: "Send Cache-Control: max-age of half a target duration, or no-cache, with live \
                 playlists.",
        test: Test::Exchange(exchanges::playlist_caching),
    },
    Rule {
        id: "HTT-SEGCC",
        severity: Severity::Quality,
        reference: "practice of CDNs; RFC 9111, 5.2.2",
        requirement: "Segments may be kept by caches that viewers share.",
        remedy: "Send Cache-Control: public, max-age=31536000, immutable with segments whose \
                 names are never used again, or at least the length of the window.",
        test: Test::Exchange(exchanges::segment_caching),
    },
    Rule {
        id: "HTT-INITCC",
        severity: Severity::Quality,
        reference: "practice of CDNs; RFC 9111, 5.2.2",
        requirement: "Initialization sections may be kept by caches that viewers share.",
        remedy: "Give each initialization section a name of its own, and send Cache-Control \
                 with a max-age of at least the length of the window.",
        test: Test::Exchange(exchanges::init_caching),
    },
    Rule {
        id: "HTT-CORS",
        severity: Severity::Should,
        reference: "Fetch standard, CORS protocol",
        requirement: "Players on other sites may read playlists and segments.",
        remedy: "Send Access-Control-Allow-Origin: * with playlists, segments and \
                 initialization sections.",
        test: Test::Exchange(exchanges::cors),
    },
    Rule {
        id: "HTT-PREFL",
        severity: Severity::Quality,
        reference: "Fetch standard, CORS protocol",
        requirement: "A browser that asks whether another site's player may ask for a range is \
                      told that it may.",
        remedy: "Answer OPTIONS with 204, Access-Control-Allow-Origin: * and \
                 Access-Control-Allow-Headers: Range.",
        test: Test::Probe(requests::preflight),
    },
    Rule {
        id: "HTT-GZIP",
        severity: Severity::Should,
        reference: "RFC 8216, 6.2.1",
        requirement: "Playlists are delivered with gzip to those who accept it, and unpack to a \
                      playlist.",
        remedy: "Switch on gzip for application/vnd.apple.mpegurl.",
        test: Test::Probe(objects::gzip),
    },
    Rule {
        id: "HTT-VARY",
        severity: Severity::Should,
        reference: "RFC 9110, 12.5.5",
        requirement: "What is packed for those who accept it says so to caches.",
        remedy: "Send Vary: Accept-Encoding wherever gzip is chosen by the request.",
        test: Test::Exchange(exchanges::vary),
    },
    Rule {
        id: "HTT-SEGENC",
        severity: Severity::Should,
        reference: "practice; RFC 9110, 8.4",
        requirement: "Segments are not packed by HTTP: they are compressed already.",
        remedy: "Leave media out of the types that the server packs with gzip.",
        test: Test::Exchange(exchanges::segment_coding),
    },
    Rule {
        id: "HTT-ETAG",
        severity: Severity::Quality,
        reference: "RFC 9110, 8.8 and 13.1",
        requirement: "A segment has an ETag or Last-Modified, and is not sent again to those who \
                      have it.",
        remedy: "Send an ETag with segments, and answer 304 when If-None-Match names it.",
        test: Test::Probe(objects::validators),
    },
    Rule {
        id: "HTT-RANGE",
        severity: Severity::Should,
        reference: "RFC 9110, 14",
        requirement: "A range of a segment is answered with 206 and these bytes.",
        remedy: "Switch on byte ranges for segments, and pass Range on where a proxy stands in \
                 front.",
        test: Test::Probe(objects::range),
    },
    Rule {
        id: "HTT-416",
        severity: Severity::Quality,
        reference: "RFC 9110, 15.5.17",
        requirement: "A range behind the end of a segment is answered with 416.",
        remedy: "Answer ranges that cannot be met with 416 and Content-Range: bytes */length.",
        test: Test::Probe(objects::range_beyond),
    },
    Rule {
        id: "HTT-404",
        severity: Severity::Must,
        reference: "RFC 9110, 15.5.5",
        requirement: "A segment or stream that does not exist is answered with 404 or 410.",
        remedy: "Answer 404 for what is not there, without a page for people in its place.",
        test: Test::Probe(requests::unknown),
    },
    Rule {
        id: "HTT-404CC",
        severity: Severity::Quality,
        reference: "practice of CDNs; RFC 9110, 15.1",
        requirement: "That something is not there is kept for at most a target duration.",
        remedy: "Send Cache-Control: max-age=1 with 404, since the segment may be there next.",
        test: Test::Probe(requests::unknown_caching),
    },
    Rule {
        id: "HTT-HEAD",
        severity: Severity::Should,
        reference: "RFC 9110, 9.3.2",
        requirement: "HEAD is answered as GET is, with the same length.",
        remedy: "Answer HEAD wherever GET is answered.",
        test: Test::Probe(objects::head),
    },
    Rule {
        id: "HTT-METH",
        severity: Severity::Must,
        reference: "practice; RFC 9110, 15.5.6",
        requirement: "Viewers cannot write: PUT, POST and DELETE are refused.",
        remedy: "Answer 405 to everything but GET, HEAD and OPTIONS where viewers come in.",
        test: Test::Probe(requests::writing),
    },
    Rule {
        id: "HTT-LEN",
        severity: Severity::Should,
        reference: "practice; RFC 9110, 8.6",
        requirement: "A finished segment is sent with its Content-Length.",
        remedy: "Send finished segments from a file or memory, not in chunks.",
        test: Test::Exchange(exchanges::length),
    },
    Rule {
        id: "HTT-SPEED",
        severity: Severity::Should,
        reference: "practice",
        requirement: "A segment is fetched in less than half of the time that it plays.",
        remedy: "Give the server or the way to it more bandwidth, or offer a lower bit rate.",
        test: Test::Exchange(exchanges::speed),
    },
    Rule {
        id: "HTT-TTFB",
        severity: Severity::Quality,
        reference: "practice",
        requirement: "Of twenty answers, nineteen begin within 200 ms.",
        remedy: "Serve segments from memory or a cache near the viewers.",
        test: Test::Presentation(traffic::first_byte),
    },
    Rule {
        id: "HTT-KEEP",
        severity: Severity::Quality,
        reference: "RFC 9112, 9.3",
        requirement: "A connection stays open from one request to the next.",
        remedy: "Switch on keep-alive, for longer than a target duration.",
        test: Test::Presentation(traffic::keep_alive),
    },
    Rule {
        id: "HTT-QUERY",
        severity: Severity::Must,
        reference: "practice",
        requirement: "Query parameters that nobody knows do no harm.",
        remedy: "Ignore query parameters that are not known: players and analytics add some.",
        test: Test::Probe(requests::extra_query),
    },
];
