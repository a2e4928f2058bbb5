//! What plain answers say of themselves.

use std::time::Duration;

use crate::evidence::{CacheControl, coding, lists, text, unpacked};
use crate::finding::Faults;
use crate::transport::{Exchange, Purpose, Reply, Request};

/// By RFC 8216 a playlist may also be known by its name. Native players go by the type alone once
/// a redirect or a query hides the name, so the type is asked for either way; `x-` forms of it,
/// from before it was registered, are understood wherever the name is right.
pub(super) fn playlist_type(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &[Purpose::Multivariant, Purpose::Media]) else { return };
    let path = exchange.request.url.path();
    let is_named = path.ends_with(".m3u8") || path.ends_with(".m3u");
    let (essence, said) = content_type(reply);
    let fits = match essence.as_str() {
        "application/vnd.apple.mpegurl" | "audio/mpegurl" => true,
        "application/x-mpegurl" | "audio/x-mpegurl" => is_named,
        _ => false,
    };
    if !fits {
        faults.add(format!("the playlist comes {said}"));
    }
}

pub(super) fn segment_type(exchange: &Exchange, faults: &mut Faults<'_>) {
    let purposes = [Purpose::Segment, Purpose::Part, Purpose::Init];
    let Some(reply) = answered(exchange, &purposes) else { return };
    let Some((what, fitting)) = unpacked(reply).and_then(|body| kind(&body)) else { return };
    let (essence, said) = content_type(reply);
    if !fitting.contains(&essence.as_str()) {
        faults.add(format!("{what} comes {said}"));
    }
}

pub(super) fn playlist_caching(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &[Purpose::Media]) else { return };
    let Some(target) = exchange.target_duration.filter(|_| exchange.is_live) else { return };
    // The answer to a blocking reload never changes: it may be kept for longer (8216bis, B.1).
    if exchange.request.url.query().is_some_and(|query| query.contains("_HLS_msn")) {
        return;
    }
    match CacheControl::read(&reply.headers).and_then(|control| control.longest()) {
        Some(kept) if kept > target => faults.add(format!(
            "the live playlist may be kept for {} s, and the target duration is {} s",
            kept.as_secs(),
            target.as_secs()
        )),
        Some(_) => {}
        None if expires_at_once(reply) => {}
        None => faults.add("the live playlist does not say how long it may be kept"),
    }
}

pub(super) fn segment_caching(exchange: &Exchange, faults: &mut Faults<'_>) {
    caching(exchange, Purpose::Segment, "the segment", faults);
}

pub(super) fn init_caching(exchange: &Exchange, faults: &mut Faults<'_>) {
    caching(exchange, Purpose::Init, "the initialization section", faults);
}

/// Servers that name the site that asks can only do so when one does.
pub(super) fn cors(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &ALL) else { return };
    if exchange.request.headers.contains_key("origin") {
        may_read(&exchange.request, reply, faults);
    }
}

pub(super) fn vary(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &ALL) else { return };
    let says = |member| lists(&reply.headers, "vary", member);
    if let Some(coding) = coding(reply)
        && !says("accept-encoding")
        && !says("*")
    {
        faults.add(format!("it comes as {coding}, and Vary does not name Accept-Encoding"));
    }
}

/// Text is worth packing.
pub(super) fn segment_coding(exchange: &Exchange, faults: &mut Faults<'_>) {
    let purposes = [Purpose::Segment, Purpose::Part, Purpose::Init];
    let Some(reply) = answered(exchange, &purposes) else { return };
    let (essence, _) = content_type(reply);
    if let Some(coding) = coding(reply).filter(|_| !essence.starts_with("text/")) {
        faults.add(format!("it comes packed with {coding}"));
    }
}

pub(super) fn length(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &[Purpose::Segment]) else { return };
    if text(&reply.headers, "content-length").is_none() {
        let bytes = reply.body.len();
        faults.add(format!("a segment of {bytes} bytes came without a Content-Length"));
    }
}

pub(super) fn speed(exchange: &Exchange, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &[Purpose::Segment]) else { return };
    let Some(plays) = exchange.plays else { return };
    if reply.took >= plays / 2 {
        faults.add(format!(
            "{} bytes that play for {:.3} s took {:.3} s to fetch",
            reply.body.len(),
            plays.as_secs_f64(),
            reply.took.as_secs_f64()
        ));
    }
}

/// `Access-Control-Allow-Origin` is there once, and names every site or the one that asks.
pub(super) fn may_read(request: &Request, reply: &Reply, faults: &mut Faults<'_>) {
    let site = text(&request.headers, "origin").unwrap_or_default();
    let mut given = reply.headers.get_all("access-control-allow-origin").iter();
    match (given.next(), given.next()) {
        (None, _) => faults.add("there is no Access-Control-Allow-Origin"),
        (Some(_), Some(_)) => faults.add("Access-Control-Allow-Origin is there more than once"),
        (Some(value), None) if value == "*" || value == site => {}
        (Some(value), None) => {
            let value = value.to_str().unwrap_or("something unreadable");
            faults.add(format!("Access-Control-Allow-Origin is {value}"));
        }
    }
}

/// The answer, if it is about one of these and a success. Refusals are the business of other rules.
fn answered<'a>(exchange: &'a Exchange, purposes: &[Purpose]) -> Option<&'a Reply> {
    let is_meant = purposes.contains(&exchange.purpose) && exchange.reply.status.is_success();
    is_meant.then_some(&exchange.reply)
}

/// A minute is worth a cache's while, and so is what players hold of a short window: three target
/// durations.
fn caching(exchange: &Exchange, purpose: Purpose, what: &str, faults: &mut Faults<'_>) {
    let Some(reply) = answered(exchange, &[purpose]) else { return };
    let window = exchange.target_duration.map_or(MINUTE, |target| target * 3);
    match CacheControl::read(&reply.headers).and_then(|control| control.shared()) {
        Some(kept) if kept < MINUTE.min(window) => {
            faults.add(format!("caches may keep {what} for only {} s", kept.as_secs()));
        }
        Some(_) => {}
        None => faults.add(format!("{what} does not say how long it may be kept")),
    }
}

/// Content type in lower case without parameters, and how to say it.
fn content_type(reply: &Reply) -> (String, String) {
    match text(&reply.headers, "content-type") {
        None => (String::new(), "without a content type".to_owned()),
        Some(said) => {
            let essence = said.split(';').next().unwrap_or_default().trim();
            (essence.to_ascii_lowercase(), format!("as {essence}"))
        }
    }
}

/// What a segment is by its first bytes, and the types that fit. `None`: it is not known, which is
/// the business of another rule.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static [&'static str])> {
    const FMP4: &[&[u8]] = &[b"ftyp", b"styp", b"moof", b"moov", b"sidx", b"emsg", b"prft"];
    let boxed = bytes.get(4..8).is_some_and(|name| FMP4.contains(&name));
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.first() == Some(&0x47) && bytes.get(188).is_none_or(|byte| *byte == 0x47) {
        Some(("MPEG-TS", &["video/mp2t"]))
    } else if boxed {
        Some((
            "fragmented MP4",
            &["video/mp4", "audio/mp4", "application/mp4", "video/iso.segment"],
        ))
    } else if start.starts_with(b"WEBVTT") {
        Some(("WebVTT", &["text/vtt"]))
    } else if bytes.starts_with(b"ID3") {
        Some((
            "packed audio",
            &["audio/aac", "audio/aacp", "audio/x-aac", "audio/mpeg", "audio/ac3", "audio/eac3"],
        ))
    } else {
        None
    }
}

/// `Expires` without `Cache-Control` (RFC 9111, 5.3): what is no date is past, and so is the moment
/// at which the answer was made.
fn expires_at_once(reply: &Reply) -> bool {
    let date = text(&reply.headers, "date");
    text(&reply.headers, "expires").is_some_and(|expires| {
        Some(expires) == date || !expires.ends_with("GMT") || expires.contains(" 1970 ")
    })
}

const MINUTE: Duration = Duration::from_secs(60);

const ALL: [Purpose; 5] =
    [Purpose::Multivariant, Purpose::Media, Purpose::Init, Purpose::Segment, Purpose::Part];
