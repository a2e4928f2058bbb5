//! Where an answer leads, and what of a URL goes with a request.

use http::header::LOCATION;
use http::response::Parts;
use http::{HeaderValue, Method, StatusCode};
use url::Url;

use crate::transport::TransportError;

/// Where a redirect leads (RFC 9110, 15.4), if the answer is one that may be followed: what would
/// change something is not sent to where it was not meant for.
///
/// # Errors
///
/// When it leads nowhere.
pub(super) fn next_hop(
    method: &Method,
    from: &Url,
    head: &Parts,
) -> Result<Option<Url>, TransportError> {
    let leads_on = matches!(
        head.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !leads_on || !method.is_safe() {
        return Ok(None);
    }
    let Some(location) = head.headers.get(LOCATION) else { return Ok(None) };
    let nowhere = || TransportError::Url("a redirect leads nowhere".to_owned());
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| nowhere())?;
    from.join(location).map(Some).map_err(|_| nowhere())
}

/// `Authorization` of a URL with a user name (RFC 7617).
pub(super) fn basic(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = unescaped(url.username());
    pair.push(b':');
    pair.extend(unescaped(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", base64(&pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Undoes percent-encoding.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%');
        let value = escaped.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok().filter(|text| !text.contains('+'))?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = value.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    let letter = |value: u32| match u8::try_from(value & 0x3f).unwrap_or_default() {
        value @ 0..26 => char::from(b'A' + value),
        value @ 26..52 => char::from(b'a' + (value - 26)),
        value @ 52..62 => char::from(b'0' + (value - 52)),
        62 => '+',
        _ => '/',
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4_usize {
            let shift = 18 - 6 * place;
            text.push(if place <= group.len() { letter(bits >> shift) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        let value = basic(&Url::parse(url).unwrap());
        assert_eq!(value.as_ref().map(|value| value.to_str().unwrap()), expected, "{url}");
        assert!(value.is_none_or(|value| value.is_sensitive()));
    }

    #[test]
    fn a_user_name_becomes_a_header() {
        check("http://weir/a", None);
        check("http://Aladdin:open%20sesame@weir/", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        check("http://a@weir/", Some("Basic YTo="));
        check("http://a:b@weir/", Some("Basic YTpi"));
        check("http://%ff%fe:%3F%3e%@weir/", Some("Basic //46Pz4l"));
    }
}
