//! Exchanges for tests, made by hand.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use url::Url;

use super::{Exchange, Purpose, Reply, Request};
use crate::evidence::{Probe, ProbeEvidence};

/// Headers, one to a line.
pub(crate) fn headers(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let name = HeaderName::try_from(name.trim()).unwrap();
        headers.append(name, HeaderValue::try_from(value.trim()).unwrap());
    }
    headers
}

/// An answer in HTTP/1.1 that came at once.
pub(crate) fn reply(status: u16, header_lines: &str, body: impl AsRef<[u8]>) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        version: Version::HTTP_11,
        headers: headers(header_lines),
        body: Bytes::copy_from_slice(body.as_ref()),
        url: Url::parse("http://weir/").unwrap(),
        first_byte: Duration::from_millis(1),
        took: Duration::from_millis(2),
        is_reused: Some(true),
    }
}

/// An exchange about something of a live stream with a target duration of 6 s.
pub(crate) fn exchange(purpose: Purpose, url: &str, reply: Reply) -> Exchange {
    Exchange {
        purpose,
        request: Request {
            method: Method::GET,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            within: Duration::from_secs(5),
        },
        reply,
        at: Duration::ZERO,
        target_duration: Some(Duration::from_secs(6)),
        plays: (purpose == Purpose::Segment).then(|| Duration::from_secs(4)),
        is_live: true,
    }
}

/// What came of a probe about the object of `reference`. `asked` are the headers of the request.
pub(crate) fn probed(
    probe: Probe,
    reference: Exchange,
    asked: &str,
    outcome: Reply,
) -> ProbeEvidence {
    let mut request = reference.request.clone();
    request.headers = headers(asked);
    ProbeEvidence {
        probe,
        purpose: reference.purpose,
        request,
        path: None,
        outcome: Ok(outcome),
        reference: Some(Arc::new(reference)),
        unknown: None,
        has_credentials: false,
    }
}
