//! How requests are answered that players, browsers and others make.

use std::time::Duration;

use super::exchanges::may_read;
use crate::evidence::{CacheControl, Probe, ProbeEvidence, lists};
use crate::finding::Faults;

pub(super) fn preflight(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::Preflight {
        return;
    }
    let Some(reply) = evidence.reply() else { return };
    if !reply.status.is_success() {
        faults.add(format!("OPTIONS is answered with {}", reply.status.as_u16()));
        return;
    }
    may_read(&evidence.request, reply, faults);
    let says = |member| lists(&reply.headers, "access-control-allow-headers", member);
    if !says("range") && !says("*") {
        faults.add("Access-Control-Allow-Headers does not name Range");
    }
}

/// A refusal may be about the token or the headers that the exam has: made-up names are in none.
pub(super) fn unknown(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let Some(what) = made_up(evidence.probe) else { return };
    let Ok(reply) = &evidence.outcome else { return };
    let is_right = match reply.status.as_u16() {
        404 | 410 | 429 => true,
        401 | 403 => evidence.has_credentials,
        _ => false,
    };
    if !is_right {
        let (status, bytes) = (reply.status.as_u16(), reply.body.len());
        faults.add(format!("{what} that does not exist is answered with {status}, {bytes} bytes"));
    }
}

pub(super) fn unknown_caching(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let Some(what) = made_up(evidence.probe) else { return };
    let Ok(reply) = &evidence.outcome else { return };
    if !matches!(reply.status.as_u16(), 404 | 410) {
        return;
    }
    let target = evidence.reference.as_ref().and_then(|reference| reference.target_duration);
    let target = target.unwrap_or(TARGET_USUAL);
    let kept = CacheControl::read(&reply.headers).and_then(|control| control.longest());
    if let Some(kept) = kept.filter(|kept| *kept > target) {
        let (kept, status) = (kept.as_secs(), reply.status.as_u16());
        faults.add(format!("the {status} for {what} that does not exist may be kept for {kept} s"));
    }
}

/// A server that answers everything alike, also what does not exist, writes nothing.
pub(super) fn writing(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if ![Probe::Put, Probe::Post, Probe::Delete].contains(&evidence.probe) {
        return;
    }
    let method = &evidence.request.method;
    let Ok(reply) = &evidence.outcome else { return };
    let is_alike = evidence
        .unknown
        .as_ref()
        .is_some_and(|unknown| unknown.status == reply.status && unknown.body == reply.body);
    if reply.status.is_success() && !is_alike {
        faults.add(format!("{method} is answered with {}", reply.status.as_u16()));
    }
}

pub(super) fn extra_query(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::ExtraQuery {
        return;
    }
    let (Some(reply), Some(_)) = (evidence.reply(), evidence.plain_or_part()) else { return };
    if !reply.status.is_success() {
        let status = reply.status.as_u16();
        faults.add(format!("with an unknown query parameter it is answered with {status}"));
    }
}

fn made_up(probe: Probe) -> Option<&'static str> {
    let segment = (probe == Probe::UnknownSegment).then_some("a segment");
    segment.or_else(|| (probe == Probe::UnknownStream).then_some("a stream"))
}

/// Where the target duration is not known.
const TARGET_USUAL: Duration = Duration::from_secs(10);
