use std::sync::Arc;

use http::Method;

use super::{check_exchange, check_probe, exchange, headers, reply};
use crate::evidence::{Probe, ProbeEvidence};
use crate::transport::samples::probed;
use crate::transport::{Purpose, Reply, TransportError};

fn segment(probe: Probe, answer: Reply) -> ProbeEvidence {
    let plain = reply(200, "", "0123456789");
    let reference = exchange(Purpose::Segment, "http://w/0.ts", plain);
    probed(probe, reference, "origin: https://player.example", answer)
}

const NO_ORIGIN: &str = "there is no Access-Control-Allow-Origin";

#[test]
fn players_on_other_sites_may_read() {
    for (lines, expected) in [
        ("access-control-allow-origin: *", ""),
        ("access-control-allow-origin: https://player.example", ""),
        ("", NO_ORIGIN),
        (
            "access-control-allow-origin: https://weir",
            "Access-Control-Allow-Origin is https://weir",
        ),
        (
            "access-control-allow-origin: *\naccess-control-allow-origin: *",
            "Access-Control-Allow-Origin is there more than once",
        ),
    ] {
        for purpose in [Purpose::Multivariant, Purpose::Init, Purpose::Segment] {
            let mut asked = exchange(purpose, "http://w/a", reply(200, lines, ""));
            check_exchange("HTT-CORS", &asked, "");
            asked.request.headers = headers("origin: https://player.example");
            check_exchange("HTT-CORS", &asked, expected);
        }
    }
}

#[test]
fn a_browser_that_asks_first_is_told_yes() {
    let any = "access-control-allow-origin: *\n";
    for (status, headers, expected) in [
        (204, format!("{any}access-control-allow-headers: X, Range"), ""),
        (200, format!("{any}access-control-allow-headers: *"), ""),
        (405, any.to_owned(), "OPTIONS is answered with 405"),
        (204, any.to_owned(), "Access-Control-Allow-Headers does not name Range"),
        (204, "access-control-allow-headers: range".to_owned(), NO_ORIGIN),
    ] {
        let evidence = segment(Probe::Preflight, reply(status, &headers, ""));
        check_probe("HTT-PREFL", &evidence, expected);
    }
}

#[test]
fn what_does_not_exist_is_not_there() {
    for (status, has_credentials, is_right) in [
        (404, false, true),
        (410, false, true),
        (403, true, true),
        (401, true, true),
        (403, false, false),
        (200, true, false),
        (500, false, false),
        (503, false, false),
        (400, false, false),
    ] {
        for (probe, what) in [(Probe::UnknownSegment, "segment"), (Probe::UnknownStream, "stream")]
        {
            let mut evidence = segment(probe, reply(status, "", "no"));
            evidence.has_credentials = has_credentials;
            let said = format!("a {what} that does not exist is answered with {status}, 2 bytes");
            check_probe("HTT-404", &evidence, if is_right { "" } else { &said });
        }
    }
    let mut silent = segment(Probe::UnknownSegment, reply(200, "", ""));
    silent.outcome = Err(TransportError::Broken("x".into()));
    check_probe("HTT-404", &silent, "");
}

#[test]
fn what_is_not_there_may_be_there_soon() {
    let long = "the 404 for a segment that does not exist may be kept for 7 s";
    for (status, headers, expected) in [
        (404, "cache-control: max-age=6", ""),
        (404, "cache-control: no-store", ""),
        (404, "", ""),
        (200, "cache-control: max-age=60", ""),
        (404, "cache-control: max-age=7", long),
        (404, "cache-control: max-age=1, s-maxage=7", long),
    ] {
        let evidence = segment(Probe::UnknownSegment, reply(status, headers, ""));
        check_probe("HTT-404CC", &evidence, expected);
    }
}

#[test]
fn viewers_cannot_write() {
    for (probe, method) in
        [(Probe::Put, Method::PUT), (Probe::Post, Method::POST), (Probe::Delete, Method::DELETE)]
    {
        let answered = |status, body: &str| {
            let mut evidence = segment(probe, reply(status, "", body));
            evidence.request.method = method.clone();
            evidence
        };
        for status in [403, 404, 405, 501, 302] {
            check_probe("HTT-METH", &answered(status, "no"), "");
        }
        for status in [200, 201, 204] {
            let said = format!("{method} is answered with {status}");
            check_probe("HTT-METH", &answered(status, ""), &said);
        }
        let mut alike = answered(200, "<html>");
        alike.unknown = Some(Arc::new(reply(200, "", "<html>")));
        check_probe("HTT-METH", &alike, "");
    }
    check_probe("HTT-METH", &segment(Probe::Head, reply(200, "", "")), "");
}

#[test]
fn unknown_parameters_do_no_harm() {
    let with = |status| segment(Probe::ExtraQuery, reply(status, "", ""));
    check_probe("HTT-QUERY", &with(200), "");
    let said = "with an unknown query parameter it is answered with 400";
    check_probe("HTT-QUERY", &with(400), said);
    check_probe("HTT-QUERY", &with(404), "");
    let mut ended = with(404);
    let mut reference = exchange(Purpose::Segment, "http://w/0.ts", reply(200, "", ""));
    reference.is_live = false;
    ended.reference = Some(Arc::new(reference));
    let said = "with an unknown query parameter it is answered with 404";
    check_probe("HTT-QUERY", &ended, said);
}
