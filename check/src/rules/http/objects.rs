//! How an object that exists is answered for when it is asked for in other ways.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use http::StatusCode;

use crate::evidence::{Probe, ProbeEvidence, lists, text};
use crate::finding::Faults;
use crate::transport::{Purpose, REPLY_BYTES_MAX, Reply};

pub(super) fn gzip(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let Some(reply) = packed(evidence, true) else { return };
    let Some(coding) = coding(reply) else {
        faults.add(format!("the playlist of {} bytes comes unpacked", reply.body.len()));
        return;
    };
    if !coding.eq_ignore_ascii_case("gzip") && !coding.eq_ignore_ascii_case("x-gzip") {
        faults.add(format!("gzip was accepted, and {coding} came"));
        return;
    }
    let Some(unpacked) = unpack(&reply.body) else {
        faults.add(format!("{} bytes came as gzip and cannot be unpacked", reply.body.len()));
        return;
    };
    let (Some(plain), Some(reference)) = (evidence.plain(), &evidence.reference) else { return };
    let changes = reference.is_live || reference.purpose == Purpose::Multivariant;
    let may_differ = changes && is_later(&plain.body, &unpacked);
    if unpacked != plain.body[..] && !may_differ {
        faults.add(format!(
            "packed it has {} bytes of text that are no later version of the {} bytes that it \
             has plainly",
            unpacked.len(),
            plain.body.len()
        ));
    }
}

pub(super) fn vary(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::Gzip {
        return;
    }
    let Some(reply) = evidence.reply().filter(|reply| coding(reply).is_some()) else { return };
    let says = |member| lists(&reply.headers, "vary", member);
    if !says("accept-encoding") && !says("*") {
        faults
            .add("it is packed for those who accept that, and Vary does not name Accept-Encoding");
    }
}

/// Text is worth packing.
pub(super) fn segment_coding(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let Some(reply) = packed(evidence, false) else { return };
    let is_text =
        text(&reply.headers, "content-type").is_some_and(|kind| kind.starts_with("text/"));
    if let Some(coding) = coding(reply).filter(|_| !is_text) {
        faults.add(format!("the segment comes packed with {coding}"));
    }
}

pub(super) fn validators(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let condition = if evidence.probe == Probe::IfNoneMatch {
        "If-None-Match"
    } else if evidence.probe == Probe::IfModifiedSince {
        "If-Modified-Since"
    } else {
        return;
    };
    let Some(plain) = evidence.plain() else { return };
    let has = |name| plain.headers.contains_key(name);
    if !has("etag") && !has("last-modified") {
        faults.add("the segment has no ETag and no Last-Modified");
        return;
    }
    let Some(reply) = evidence.reply() else { return };
    if reply.status != StatusCode::NOT_MODIFIED {
        let status = reply.status.as_u16();
        faults.add(format!("{condition} with what the server gave is answered with {status}"));
    }
}

pub(super) fn range(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let ranged = [Probe::FirstBytes, Probe::MiddleBytes, Probe::LastBytes];
    if !ranged.contains(&evidence.probe) {
        return;
    }
    let (Some(reply), Some(plain)) = (evidence.reply(), evidence.plain()) else { return };
    let asked = text(&evidence.request.headers, "range").unwrap_or_default();
    if reply.status != StatusCode::PARTIAL_CONTENT {
        faults.add(format!("{asked} is answered with {}", reply.status.as_u16()));
        return;
    }
    let length = plain.body.len();
    let Some((first, last)) = bounds(asked, length) else { return };
    let expected = format!("bytes {first}-{last}/{length}");
    let said = text(&reply.headers, "content-range").unwrap_or("nothing");
    let unknown_length = format!("bytes {first}-{last}/*");
    if said != expected && said != unknown_length {
        faults.add(format!("{asked} is answered with Content-Range {said}, not {expected}"));
    }
    if plain.body.get(first..=last) != Some(&reply.body[..]) {
        faults.add(format!("{asked} is answered with {} other bytes", reply.body.len()));
    }
}

pub(super) fn range_beyond(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::BytesBeyond {
        return;
    }
    let (Some(reply), Some(plain)) = (evidence.reply(), evidence.plain()) else { return };
    if reply.status != StatusCode::RANGE_NOT_SATISFIABLE {
        let asked = text(&evidence.request.headers, "range").unwrap_or_default();
        let (length, status) = (plain.body.len(), reply.status.as_u16());
        faults.add(format!("{asked} of {length} bytes is answered with {status}"));
    }
}

/// HEAD may leave out what it would take work to know (RFC 9110, 9.3.2), so only another length is
/// wrong. That of a live playlist changes.
pub(super) fn head(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    if evidence.probe != Probe::Head {
        return;
    }
    let (Some(reply), Some(plain)) = (evidence.reply(), evidence.plain()) else { return };
    if reply.status != plain.status {
        let (head, get) = (reply.status.as_u16(), plain.status.as_u16());
        faults.add(format!("HEAD is answered with {head}, and GET with {get}"));
        return;
    }
    let is_live = evidence.reference.as_ref().is_some_and(|reference| reference.is_live);
    if is_playlist(evidence.purpose) && is_live {
        return;
    }
    let length = |reply: &Reply| text(&reply.headers, "content-length").map(str::to_owned);
    if let (Some(head), Some(get)) = (length(reply), length(plain))
        && head != get
    {
        faults.add(format!("HEAD says {head} bytes, and GET {get}"));
    }
}

/// The answer of those who accept gzip, for a playlist or for something else.
fn packed(evidence: &ProbeEvidence, playlist: bool) -> Option<&Reply> {
    let is_meant = evidence.probe == Probe::Gzip && is_playlist(evidence.purpose) == playlist;
    evidence.reply().filter(|reply| is_meant && reply.status.is_success())
}

const fn is_playlist(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Multivariant | Purpose::Media)
}

fn coding(reply: &Reply) -> Option<&str> {
    text(&reply.headers, "content-encoding").filter(|coding| *coding != "identity")
}

/// At most as much as is taken of anything: a few bytes may unpack to gigabytes.
fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let limit = u64::try_from(REPLY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut text).ok()?;
    Some(text)
}

/// Whether `after` may be what a playlist that changes became since `before`: it is a playlist, and
/// its numbers do not go back. The rest of it is looked at where it is plainly asked for.
fn is_later(before: &[u8], after: &[u8]) -> bool {
    let sequence = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let number = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        number.and_then(|number| number.trim().parse::<u64>().ok())
    };
    after.starts_with(b"#EXTM3U") && sequence(after) >= sequence(before)
}

/// First and last byte of `bytes=first-last` and `bytes=-count`.
fn bounds(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = length.checked_sub(1)?;
    if first.is_empty() {
        return Some((length.saturating_sub(last.parse().ok()?), end));
    }
    Some((first.parse().ok()?, last.parse::<usize>().ok()?.min(end)))
}
