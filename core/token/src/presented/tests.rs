use super::*;

/// All schemes but those whose forms a stream could have.
fn usual() -> SchemeSet {
    [Scheme::Jwt, Scheme::Path, Scheme::Alibaba(Alibaba::A), Scheme::Akamai].into_iter().collect()
}

fn all() -> SchemeSet {
    let more = [Scheme::Alibaba(Alibaba::B), Scheme::Alibaba(Alibaba::C), Scheme::CloudFront];
    [Scheme::Jwt, Scheme::Path].into_iter().chain(more).collect()
}

/// A request as `path?query`; what is expected as the credential, and what is left.
#[track_caller]
fn check(url: &str, schemes: &SchemeSet, credential: Option<Credential<'_>>, rest: &str) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let found = Presented::find(path, query, None, None, schemes);
    assert_eq!(found.credential, credential, "{url}");
    let mark = if found.query.is_empty() { "" } else { "?" };
    assert_eq!(format!("{}{mark}{}", found.path, found.query), rest, "{url}");
}

const MD5: &str = "9044548ef1527deadafa49a890a377f0";

fn alibaba(variant: Alibaba, stamp: &str) -> Option<Credential<'_>> {
    Some(Credential::Alibaba { variant, stamp, hash: MD5 })
}

#[test]
fn a_token_in_front_of_the_path_is_taken_off() {
    let token = Some(Credential::Token("abc"));
    check("/t/abc/live/main/index.m3u8", &usual(), token.clone(), "/live/main/index.m3u8");
    check("/t/abc/live/main/1.ts?a=b", &usual(), token.clone(), "/live/main/1.ts?a=b");
    check("/t/abc", &usual(), token.clone(), "/");
    check("/t/abc/", &usual(), token.clone(), "/");
    check("/t//live", &usual(), Some(Credential::Token("")), "/live");
    check("/t/abc/t/def/x", &usual(), token.clone(), "/t/def/x");
    check("/t/abc/x", &SchemeSet::default(), token, "/x");
    for path in ["/t", "/", "", "t/abc/x", "/tt/abc/x", "/live/t/abc"] {
        check(path, &usual(), None, path);
    }
}

#[test]
fn a_query_gives_what_is_shown_and_keeps_the_rest() {
    let token = Some(Credential::Token("abc"));
    check("/x?token=abc", &usual(), token.clone(), "/x");
    check(
        "/x?_HLS_msn=4&token=abc&_HLS_part=1",
        &usual(),
        token.clone(),
        "/x?_HLS_msn=4&_HLS_part=1",
    );
    check("/x?token=abc&token=def", &usual(), token.clone(), "/x");
    check("/x?token=abc&auth_key=1-2-3-4&hdnts=x~y", &usual(), token, "/x");
    check("/x?Token=abc&tokens=d", &usual(), None, "/x?Token=abc&tokens=d");
    check("/x?token", &usual(), Some(Credential::Token("")), "/x");
    let akamai = |text| Some(Credential::Akamai(Cow::Borrowed(text)));
    check("/x?hdnts=exp=1~acl=/*~hmac=a", &usual(), akamai("exp=1~acl=/*~hmac=a"), "/x");
    check("/x?hdnea=exp%3D1%7Eacl%3D%2F%2A", &usual(), akamai("exp=1~acl=/*"), "/x");
    // What is escaped in the token stays so: it was signed so.
    check("/x?hdnts=exp=1~acl=%2f*", &usual(), akamai("exp=1~acl=%2f*"), "/x");
    check("/x?hdnts=%zz%7E%ff", &usual(), akamai("%zz%7E%ff"), "/x");
}

#[test]
fn forms_that_a_stream_could_have_are_looked_for_where_a_key_is_trusted() {
    let b = format!("/201508150800/{MD5}/live/main/index.m3u8");
    check(&b, &all(), alibaba(Alibaba::B, "201508150800"), "/live/main/index.m3u8");
    check(&b, &usual(), None, &b);
    let c = format!("/{MD5}/55CE8100/live/main/index.m3u8");
    check(&c, &all(), alibaba(Alibaba::C, "55CE8100"), "/live/main/index.m3u8");
    check(&c, &usual(), None, &c);
    let query = format!("/x?KEY1={MD5}&KEY2=55CE8100&a=b");
    check(&query, &all(), alibaba(Alibaba::C, "55CE8100"), "/x?a=b");
    check(&query, &usual(), None, &query);
    check(&format!("/x?KEY1={MD5}"), &all(), None, "/x");
    for path in [
        format!("/20150815080/{MD5}/x"),
        format!("/201508150800/{}/x", MD5.to_uppercase()),
        format!("/{MD5}/55CE810/x"),
        format!("/{MD5}/55CE810g/x"),
    ] {
        check(&path, &all(), None, &path);
    }
}

#[test]
fn a_signed_url_has_its_stamp_apart_from_its_hash() {
    let url = format!("/x?auth_key=1444435200-0-0-{MD5}");
    check(&url, &usual(), alibaba(Alibaba::A, "1444435200-0-0"), "/x");
    let odd = Some(Credential::Alibaba { variant: Alibaba::A, stamp: "x", hash: "" });
    check("/x?auth_key=x", &usual(), odd, "/x");
}

#[test]
fn all_of_a_policy_is_needed() {
    let shown = |is_sha256| {
        let (policy, signature, key_pair) = ("p-_~".into(), "s".into(), "K".into());
        Some(Credential::CloudFront { policy, signature, key_pair, is_sha256 })
    };
    check("/x?Policy=p-_%7E&Signature=s&Key-Pair-Id=K", &all(), shown(false), "/x");
    let url = "/x?a=b&Policy=p-_~&Signature=s&Key-Pair-Id=K&Hash-Algorithm=SHA256";
    check(url, &all(), shown(true), "/x?a=b");
    check("/x?Policy=p&Signature=s", &all(), None, "/x");
}

#[test]
fn the_path_comes_first_and_the_cookie_last() {
    let schemes = usual();
    let (cookie, bearer) = (Some("a=b; weir_token=cookie; c=d"), Some("Bearer bearer"));
    let check = |path, query, cookie, bearer, credential, place| {
        let found = Presented::find(path, query, cookie, bearer, &schemes);
        assert_eq!(found.credential, Some(Credential::Token(credential)), "{path}?{query}");
        assert_eq!(found.place, place, "{path}?{query}");
    };
    check("/t/path/x", "token=query", cookie, bearer, "path", Place::Path);
    check("/x", "token=query", cookie, bearer, "query", Place::Url);
    check("/x", "", cookie, bearer, "bearer", Place::Authorization);
    check("/x", "", cookie, Some("bearer  spaced "), "spaced", Place::Authorization);
    check("/x", "", cookie, Some("Basic dTpw"), "cookie", Place::Cookie);
    check("/x", "", Some("weir_token=alone"), None, "alone", Place::Cookie);
    let none = Presented::find("/x", "", Some("my_weir_token=x"), Some("Bearer"), &schemes);
    assert_eq!(none.credential, None);
    let kept = Presented::find("/t/path/x", "a=b&token=query", None, None, &schemes);
    assert_eq!(kept.query, "a=b", "no token stays anywhere");
}

#[test]
fn nothing_that_is_shown_is_printed() {
    for (path, query) in [
        ("/t/s3cret/x", ""),
        ("/x", "auth_key=1-2-3-s3cret"),
        ("/x", "hdnts=s3cret~"),
        ("/x", "Policy=s3cret&Signature=s3cret&Key-Pair-Id=s3cret"),
    ] {
        let found = Presented::find(path, query, None, None, &all());
        assert!(found.credential.is_some());
        assert!(!format!("{found:?}").contains("s3cret"), "{found:?}");
    }
}
