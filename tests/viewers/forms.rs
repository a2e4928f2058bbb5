//! The forms in which a token comes, and signed addresses of others.

use testkit::wait_until;
use token::{Alibaba, Secret, auth_key, signed_path};

use crate::stage::{AT_ONCE, LIST, MEDIA, Stage, ask, now_s};

/// How long an address of Alibaba's is good in these tests, in seconds.
const GOOD_S: i64 = 600;

/// Where a request is sent with the token in the path, which is a secret of its own.
fn moved(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> String {
    let reply = stage.server.http().request("GET", path, headers).unwrap();
    let to = reply.header("location").to_owned();
    assert_eq!((reply.status, reply.header("cache-control")), (307, "no-store"));
    let token = to.strip_prefix("/t/").unwrap().split('/').next().unwrap();
    testkit::secret("play token", token);
    to
}

#[test]
fn a_token_elsewhere_is_answered_with_the_address_that_has_it_in_its_path() {
    let stage = Stage::live("token");
    for form in ["jwt", "path"] {
        let token = stage.sign(&["live/cam", "--org", "default", "--form", form]);
        let expected = format!("/t/{token}{LIST}?dvr=60");
        let (bearer, cookie) = (format!("Bearer {token}"), format!("a=b; weir_token={token}"));
        for (path, headers) in [
            (format!("{LIST}?token={token}&dvr=60"), vec![]),
            (format!("{LIST}?dvr=60&token={token}"), vec![]),
            (format!("{LIST}?dvr=60"), vec![("authorization", bearer.as_str())]),
            (format!("{LIST}?dvr=60"), vec![("cookie", cookie.as_str())]),
        ] {
            let to = moved(&stage, &path, &headers);
            assert_eq!(to, expected, "{form}");
            assert_eq!(stage.server.http().get(&to).unwrap().status, 200, "{form}");
        }
        let to = moved(&stage, &format!("{}?token={token}", stage.segment(&token)), &[]);
        assert_eq!(stage.server.http().get(&to).unwrap().status, 200, "{form}");
        // What the playlist names is relative, so players take the token along.
        let text = stage.text(&format!("/t/{token}{LIST}"));
        let media = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let reply = stage.server.http().get(&format!("/t/{token}/live/cam/{media}")).unwrap();
        assert_eq!(reply.status, 200, "{media}");
    }
    for (path, header) in [
        (format!("{LIST}?token=w1.no.no.no"), None),
        (LIST.to_owned(), Some(("authorization", "Bearer w1.no.no.no"))),
        (LIST.to_owned(), Some(("cookie", "weir_token=w1.no.no.no"))),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        let reply = stage.server.http().request("GET", &path, &headers).unwrap();
        assert_eq!((reply.status, reply.header("location")), (403, ""), "{path}");
    }
}

#[test]
fn signed_addresses_of_alibaba_open_their_stream_until_they_end() {
    let stage = Stage::live("token");
    let variants = [Alibaba::A, Alibaba::B, Alibaba::C];
    let text = |variant| format!("secret of alibaba {variant:?}");
    let mut ids = Vec::new();
    for (variant, kind) in variants.into_iter().zip(["alibaba-a", "alibaba-b", "alibaba-c"]) {
        let more = ["--org", "default", "--validity", "10m"];
        ids.push(stage.trust(kind, text(variant).as_bytes(), &more));
    }
    let http = stage.server.http();
    for variant in variants {
        let key = Secret::new(text(variant).as_bytes());
        let sign = |path: &str, stamp_s| signed_path(variant, path, &key, stamp_s).unwrap();
        let good = sign(LIST, now_s());
        let trusted = || http.get(&good).unwrap().status == 307;
        wait_until("a trusted key", AT_ONCE, trusted).unwrap();
        let to = moved(&stage, &good, &[]);
        let base = to.strip_suffix("/index.m3u8").unwrap();
        for path in [to.clone(), format!("{base}/fmp4/index.m3u8")] {
            assert_eq!(http.get(&path).unwrap().status, 200, "{variant:?}");
        }
        // Type B has minutes.
        let early = now_s() - GOOD_S + if variant == Alibaba::B { 70 } else { 10 };
        let over = now_s() - GOOD_S - 1;
        let mut changed = good.clone();
        let digest = changed.find(|c: char| c.is_ascii_lowercase() && c.is_ascii_hexdigit());
        let digest = digest.unwrap_or(1).max(1);
        let other = if changed.as_bytes()[digest] == b'a' { "b" } else { "a" };
        changed.replace_range(digest..=digest, other);
        assert_eq!(http.get(&sign(LIST, early)).unwrap().status, 307, "{variant:?}");
        assert_eq!(http.get(&sign(LIST, over)).unwrap().status, 403, "{variant:?}");
        let status = http.get(&changed).unwrap().status;
        assert!(matches!(status, 401 | 403 | 404), "{variant:?}: {status}");
        // Signed for one path, used for another; and for a stream of another organisation.
        let elsewhere = good.replace(LIST, MEDIA);
        assert_eq!(http.get(&elsewhere).unwrap().status, 403, "{variant:?}");
        let theirs = sign("/live/theirs/index.m3u8", now_s());
        let status = http.get(&theirs).unwrap().status;
        assert!(matches!(status, 403 | 404), "{variant:?}: {status}");
    }
    let key = Secret::new(text(Alibaba::A).as_bytes());
    let stamp = now_s();
    let query = format!("{LIST}?auth_key={}", auth_key(LIST, &key, stamp, "1", "2"));
    let to = moved(&stage, &query, &[]);
    // The token that was made of an address ends with the key that signed it.
    for id in &ids {
        ask(&stage.server, &["trust", "revoke", id, "--org", "default"]);
    }
    let over = || http.get(&to).unwrap().status == 403 && http.get(&query).unwrap().status == 403;
    wait_until("keys that are trusted no longer", AT_ONCE, over).unwrap();
}
