//! How an object that exists is answered for when it is asked for in other ways.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;

use crate::evidence::{Probe, ProbeEvidence, coding, text, unpacked};
use crate::finding::Faults;
use crate::transport::Reply;

/// Whether gzip makes a body shorter: of a multivariant playlist with one variant it may not, and a
/// server is right to send it as it is.
fn gains(plain: &[u8]) -> bool {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a Vec cannot fail.
    let written = packed.write_all(plain).and_then(|()| packed.finish());
    written.is_ok_and(|packed| packed.len() < plain.len())
}

/// Both forms are held against what came plainly, whichever that was.
pub(super) fn gzip(evidence: &ProbeEvidence, faults: &mut Faults<'_>) {
    let is_packed = evidence.probe == Probe::Packed;
    if !is_packed && evidence.probe != Probe::Unpacked {
        return;
    }
    let Some(reply) = evidence.reply().filter(|reply| reply.status.is_success()) else { return };
    match coding(reply) {
        None if is_packed && gains(&reply.body) => {
            faults.add(format!("the playlist of {} bytes comes unpacked", reply.body.len()));
            return;
        }
        Some(coding) if !is_packed => {
            faults.add(format!("nothing but the plain text was accepted, and {coding} came"));
            return;
        }
        None | Some(_) => {}
    }
    let Some(text) = unpacked(reply) else {
        let (bytes, coding) = (reply.body.len(), coding(reply).unwrap_or_default());
        faults.add(format!("{bytes} bytes came as {coding}, and are no gzip"));
        return;
    };
    let Some(plain) = evidence.plain().and_then(unpacked) else { return };
    if text != plain && !(evidence.may_change() && is_later(&plain, &text)) {
        let form = if is_packed { "packed" } else { "unpacked" };
        faults.add(format!(
            "{form} it is a text of {} bytes, which is no later version of the {} bytes before",
            text.len(),
            plain.len()
        ));
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
    let Some(plain) = evidence.plain_or_part() else { return };
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
    // Whether it comes packed is another question.
    if evidence.may_change() || coding(reply) != coding(plain) {
        return;
    }
    let length = |reply: &Reply| text(&reply.headers, "content-length").map(str::to_owned);
    if let (Some(head), Some(get)) = (length(reply), length(plain))
        && head != get
    {
        faults.add(format!("HEAD says {head} bytes, and GET {get}"));
    }
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
