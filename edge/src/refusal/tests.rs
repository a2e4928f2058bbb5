use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};

use super::*;

#[track_caller]
fn check(refusal: PlayRefusal, accept: &'static str, expected: &str) {
    let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
    let response = respond(&headers, &refusal);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let is_json = response.headers()[CONTENT_TYPE] == "application/json";
    assert_eq!(is_json, accept == JSON, "{refusal:?}");
    let body = response.body().bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert_eq!(format!("{} {body}", response.status().as_str()), expected);
}

const JSON: &str = "application/json";

#[test]
fn a_refusal_is_a_sentence_and_for_scripts_a_word() {
    check(PlayRefusal::NoToken, "*/*", "401 this stream needs a token\n");
    let json = |status, sentence: &str, code| {
        format!("{status} {{\"error\":\"{sentence}\",\"code\":\"{code}\"}}\n")
    };
    for (refusal, status, code) in [
        (PlayRefusal::NoToken, 401, "token"),
        (PlayRefusal::NoPassword, 401, "password"),
        (Refusal::Expired { ago_s: 5 }.into(), 403, "expired"),
        (Refusal::TooEarly { in_s: 5 }.into(), 403, "too-early"),
        (Refusal::Address.into(), 403, "address"),
        (Refusal::Country.into(), 403, "country"),
        (Refusal::Referer.into(), 403, "referer"),
        (Refusal::Revoked.into(), 403, "revoked"),
        (Refusal::OtherStream.into(), 403, "other-stream"),
        (Refusal::Malformed("it is empty").into(), 403, "bad-token"),
        (Refusal::UnknownKey.into(), 403, "bad-token"),
        (Refusal::Signature.into(), 403, "bad-token"),
        (Refusal::Audience("another").into(), 403, "bad-token"),
        (Refusal::Critical("b64").into(), 403, "bad-token"),
        (PlayRefusal::TooManySessions { limit: 2 }, 429, "sessions"),
    ] {
        let sentence = refusal.to_string();
        check(refusal, JSON, &json(status, &sentence, code));
    }
    let odd = PlayRefusal::Forbidden("a \"word\"\\\n<b>\u{1}".into());
    check(odd, JSON, &json(403, "a \\\"word\\\"\\\\\\n<b>\\u0001", "forbidden"));
}

#[test]
fn what_cannot_be_decided_is_refused_for_now_and_its_cause_is_not_told() {
    let refusal = PlayRefusal::Unavailable { source: "db.internal refused".into() };
    let response = respond(&HeaderMap::new(), &refusal);
    assert_eq!(
        (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
        (503, &"1".parse().unwrap())
    );
    let body = response.body().bytes();
    assert!(!String::from_utf8_lossy(&body).contains("internal"), "{body:?}");
}

#[test]
fn a_crowd_that_waits_for_a_stream_may_ask_a_cache() {
    let response = respond(&HeaderMap::new(), &PlayRefusal::NoStream);
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=1");
}

#[test]
fn a_refusal_says_what_would_help() {
    let response = respond(&HeaderMap::new(), &PlayRefusal::NoPassword);
    assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"weir\"");
    let response = respond(&HeaderMap::new(), &PlayRefusal::TooManySessions { limit: 1 });
    assert_eq!(response.headers()[RETRY_AFTER], "30");
}
