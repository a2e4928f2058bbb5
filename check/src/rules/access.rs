//! Who gets in, and how far.

#[cfg(test)]
mod tests;

use crate::evidence::{Probe, ProbeEvidence, lists};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};
use crate::transport::{Exchange, Purpose};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "AUTH-NONE",
        severity: Severity::Must,
        reference: "--token; RFC 9110, 15.5.2 and 15.5.4",
        requirement: "Without the token the stream is refused with 401 or 403.",
        remedy: "Ask for the token wherever the stream's first playlist can be had.",
        test: Test::Probe(entry_without_token),
    },
    Rule {
        id: "AUTH-BAD",
        severity: Severity::Must,
        reference: "--token; RFC 9110, 15.5.2 and 15.5.4",
        requirement: "With a token in which one letter is wrong the stream is refused with 401 \
                      or 403.",
        remedy: "Verify the signature over the whole token, at every edge.",
        test: Test::Probe(entry_with_tampered_token),
    },
    Rule {
        id: "AUTH-CHILD",
        severity: Severity::Must,
        reference: "--token; RFC 9110, 15.5.2 and 15.5.4",
        requirement: "Without the token a media playlist is refused.",
        remedy: "Ask for the token at media playlists too: their names can be guessed.",
        test: Test::Probe(child_without_token),
    },
    Rule {
        id: "AUTH-SEG",
        severity: Severity::Quality,
        reference: "--token; RFC 9110, 15.5.2 and 15.5.4",
        requirement: "Without the token a segment is refused.",
        remedy: "Ask for the token at segments too, which a token in the path makes cheap.",
        test: Test::Probe(segment_without_token),
    },
    Rule {
        id: "AUTH-PROP",
        severity: Severity::Fatal,
        reference: "--token; RFC 8216, 4.1",
        requirement: "What a playlist lists can be fetched as it is listed: the token goes along.",
        remedy: "Put the token into the path, so that relative URIs inherit it, or into each URI \
                 that is listed.",
        test: Test::Exam,
    },
    Rule {
        id: "SEC-TRAV",
        severity: Severity::Fatal,
        reference: "practice; CWE-22",
        requirement: "No path leads to files outside of what is served.",
        remedy: "Stop the server now, and resolve paths before they are compared with the folder \
                 that is served.",
        test: Test::Probe(traversal),
    },
    Rule {
        id: "SEC-NOSNIFF",
        severity: Severity::Info,
        reference: "practice; Fetch standard, X-Content-Type-Options",
        requirement: "Browsers are told not to guess types: X-Content-Type-Options: nosniff.",
        remedy: "Send X-Content-Type-Options: nosniff with every answer.",
        test: Test::Exchange(nosniff),
    },
];

fn entry_without_token(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    refused(evidence, Probe::EntryWithoutToken, "the stream without the token", faults);
}

fn entry_with_tampered_token(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    refused(evidence, Probe::EntryTamperedToken, "the stream with a tampered token", faults);
}

fn child_without_token(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    refused(evidence, Probe::ChildWithoutToken, "a media playlist without the token", faults);
}

fn segment_without_token(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    refused(evidence, Probe::SegmentWithoutToken, "a segment without the token", faults);
}

/// 401 and 403 are what is asked for; any other answer that blames the request keeps the stream
/// just as well, and 404 even hides that it is there.
fn refused(evidence: &ProbeEvidence, probe: Probe, what: &str, faults: &mut Faults<'_>) {
    if evidence.probe != probe {
        return;
    }
    let Ok(reply) = &evidence.outcome else { return };
    if !reply.status.is_client_error() {
        let (status, bytes) = (reply.status.as_u16(), reply.body.len());
        faults.add(format!("{what} is answered with {status}, {bytes} bytes"));
    }
}

/// `/etc/hosts` has a line for the machine itself. What is in it is not repeated.
fn traversal(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::Traversal {
        return;
    }
    let Ok(reply) = &evidence.outcome else { return };
    let is_like_nothing =
        evidence.unknown.as_ref().is_some_and(|unknown| unknown.body == reply.body);
    let text = String::from_utf8_lossy(reply.body.get(..HOSTS_BYTES).unwrap_or(&reply.body));
    let names_itself = text.lines().any(|line| {
        let mut words = line.split_whitespace();
        let is_loopback = words.next().is_some_and(|ip| ip.starts_with("127.") || ip == "::1");
        is_loopback && words.next().is_some()
    });
    if reply.status.is_success() && names_itself && !is_like_nothing {
        let path = evidence.path.as_deref().unwrap_or_else(|| evidence.request.url.path());
        let spelling = path.rsplit_once("etc").map_or(path, |(folder, _)| folder);
        let spelling = spelling.get(spelling.len().saturating_sub(24)..).unwrap_or(spelling);
        faults.add(format!("a path with {spelling} is answered with the machine's /etc/hosts"));
    }
}

fn nosniff(exchange: &Exchange, faults: &mut Faults<'_>) {
    let is_playlist = matches!(exchange.purpose, Purpose::Multivariant | Purpose::Media);
    let reply = &exchange.reply;
    if is_playlist
        && reply.status.is_success()
        && !lists(&reply.headers, "x-content-type-options", "nosniff")
    {
        faults.add("there is no X-Content-Type-Options: nosniff");
    }
}

/// The file is short.
const HOSTS_BYTES: usize = 4_096;
