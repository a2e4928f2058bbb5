use std::sync::Arc;

use super::*;
use crate::transport::Reply;
use crate::transport::samples::{exchange, probed, reply};

fn evidence(probe: Probe, answer: Reply) -> ProbeEvidence {
    let plain = exchange(Purpose::Media, "http://w/live/a.m3u8", reply(200, "", "#EXTM3U"));
    probed(probe, plain, "", answer)
}

#[track_caller]
fn check(id: &str, evidence: &ProbeEvidence, expected: &str) {
    let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
    let Test::Probe(test) = rule.test else { panic!("{rule:?}") };
    let mut said = Vec::new();
    test(evidence, &mut Faults::new(&mut said));
    assert_eq!(said.join("; "), expected, "{id} {evidence:?}");
}

#[test]
fn without_the_right_token_nobody_gets_in() {
    for (id, probe, what) in [
        ("AUTH-NONE", Probe::EntryWithoutToken, "the stream without the token"),
        ("AUTH-BAD", Probe::EntryTamperedToken, "the stream with a tampered token"),
        ("AUTH-CHILD", Probe::ChildWithoutToken, "a media playlist without the token"),
        ("AUTH-SEG", Probe::SegmentWithoutToken, "a segment without the token"),
    ] {
        for status in [401, 403, 404, 400] {
            check(id, &evidence(probe, reply(status, "", "no")), "");
        }
        for status in [200, 206, 302, 500] {
            let said = format!("{what} is answered with {status}, 2 bytes");
            check(id, &evidence(probe, reply(status, "", "no")), &said);
        }
        check(id, &evidence(Probe::Packed, reply(200, "", "no")), "");
    }
}

#[test]
fn no_path_leads_out() {
    let hosts = "# Static table\n127.0.0.1\tlocalhost secret\n::1 localhost\n";
    let found = "a path with ../../ is answered with the machine's /etc/hosts";
    for (status, body, expected) in [
        (200, hosts, found),
        (206, hosts, found),
        (404, hosts, ""),
        (200, "<html>127.0.0.1 is here</html>", ""),
        (200, "127.0.0.1\n", ""),
        (200, "", ""),
        (400, "no", ""),
    ] {
        let mut evidence = evidence(Probe::Traversal, reply(status, "", body));
        evidence.path = Some("../../etc/hosts".to_owned());
        check("SEC-TRAV", &evidence, expected);
        evidence.unknown = Some(Arc::new(reply(200, "", body)));
        check("SEC-TRAV", &evidence, "");
    }
}

#[test]
fn browsers_are_told_not_to_guess() {
    for (headers, expected) in [
        ("x-content-type-options: NoSniff", ""),
        ("", "there is no X-Content-Type-Options: nosniff"),
    ] {
        let exchange = exchange(Purpose::Media, "http://w/a", reply(200, headers, ""));
        let mut said = Vec::new();
        nosniff(&exchange, &mut Faults::new(&mut said));
        assert_eq!(said.join("; "), expected);
    }
}
