use token::{Presented, Secret};

use super::*;

const URL: &str = "/live/a-token/index.m3u8";

/// Where a request is sent, without what stands in front.
async fn moved(world: &World, url: &str, now_s: i64) -> String {
    let said = decide(&world.gate, &request(url, facts(now_s))).await;
    said.strip_prefix("moved ").map(str::to_owned).unwrap_or_else(|| panic!("{url}: {said}"))
}

#[tokio::test]
async fn a_token_that_is_shown_elsewhere_is_moved_into_the_path() {
    let world = world().await;
    let jwt = sign(&claims("live/*"), &world.key_a).unwrap();
    let path = sign(&claims_of(&world.a, "live/*"), &world.path).unwrap();
    for token in [&jwt, &path] {
        let there = format!("moved /t/{token}{URL}");
        world.check(&format!("{URL}?token={token}"), &there).await;
        let query = format!("{URL}?_HLS_msn=5&token={token}&_HLS_part=1");
        world.check(&query, &format!("{there}?_HLS_msn=5&_HLS_part=1")).await;
        let authorization = format!("Bearer {token}");
        let authorization = Some(authorization.as_str());
        let asked = PlayRequest { authorization, ..request(URL, facts(NOW_S)) };
        assert_eq!(decide(&world.gate, &asked).await, there);
        let cookie = format!("a=b; weir_token={token}");
        let asked = PlayRequest { cookie: Some(&cookie), ..request(URL, facts(NOW_S)) };
        assert_eq!(decide(&world.gate, &asked).await, there);
        world.check(&format!("/t/{token}{URL}"), "allowed anna").await;
        // Its limits go with it, where nobody needs one.
        let public = format!("/live/a-public/index.m3u8?token={token}");
        world.check(&public, &format!("moved /t/{token}/live/a-public/index.m3u8")).await;
    }
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_moved_nowhere() {
    let world = world().await;
    let other = sign(&claims("live/*"), &world.key_b).unwrap();
    world.check(&format!("{URL}?token={other}"), UNKNOWN).await;
    world
        .check(
            &format!("{URL}?token=https://elsewhere.example/"),
            "this is no token: a token has three parts with dots between them",
        )
        .await;
    world.check(&format!("/live/a-public/index.m3u8?token={other}"), "allowed").await;
}

#[tokio::test]
async fn a_signed_url_becomes_a_path_token_for_its_stream() {
    let world = world().await;
    let secret = Secret::new(b"aliyuncdnexp1234");
    for (number, variant) in [(11, Alibaba::A), (12, Alibaba::B), (13, Alibaba::C)] {
        let key = world.alibaba(number, variant, &world.a);
        world.reload().await;
        let stamp_s = NOW_S.div_euclid(60) * 60;
        let signed = token::signed_path(variant, URL, &secret, stamp_s).unwrap();
        let to = moved(&world, &signed, NOW_S).await;
        let token = to.strip_prefix("/t/").and_then(|to| to.strip_suffix(URL)).unwrap();
        assert!(token.starts_with("w1.") && token.len() < 250, "{variant:?}: {token}");
        // It opens all of the stream, and nothing else.
        world.check(&to, "allowed").await;
        world.check(&format!("/t/{token}/live/a-token/v0/1/5.ts"), "allowed").await;
        world.check(&format!("/t/{token}/live/a-password/index.m3u8"), OTHER).await;
        world.check(&format!("/t/{token}/live/b-token/index.m3u8"), OTHER).await;
        // It ends with the URL, to the second.
        let ends_s = stamp_s + 1_801;
        world.check_at(&signed, ends_s, "the token ended 0 s ago").await;
        world.check_at(&to, ends_s - 1, "allowed").await;
        world.check_at(&to, ends_s, "the token ended 30 s ago").await;
        // It says where it comes from, and ends with that.
        let (keyring, _) = crate::keyring(std::slice::from_ref(&world.path));
        let verified = keyring.verify(&Presented::token(token), None, &facts(NOW_S)).unwrap();
        assert_eq!(verified.claims.via.as_deref(), Some(key.id.as_str()));
        world.shelf.keys.lock().unwrap().retain(|other| other.id != key.id);
        world.reload().await;
        world.check(&to, UNKNOWN).await;
    }
}

#[tokio::test]
async fn a_signed_url_opens_its_own_organisations_path_only() {
    let world = world().await;
    world.alibaba(11, Alibaba::A, &world.b);
    world.reload().await;
    let secret = Secret::new(b"aliyuncdnexp1234");
    let signed = |url: &str| token::signed_path(Alibaba::A, url, &secret, NOW_S).unwrap();
    world.check(&signed(URL), UNKNOWN).await;
    let at_b = moved(&world, &signed("/live/b-token/index.m3u8"), NOW_S).await;
    world.check(&at_b, "allowed").await;
    let query = signed("/live/b-token/index.m3u8").split_once('?').unwrap().1.to_owned();
    let wrong = "the token's signature does not fit what it says";
    world.check(&format!("/live/b-token/v0/index.m3u8?{query}"), wrong).await;
    world.check(&format!("/live/b-private/index.m3u8?{query}"), wrong).await;
    // Nobody becomes a member by a signed URL.
    let private = moved(&world, &signed("/live/b-private/index.m3u8"), NOW_S).await;
    world.check(&private, "this stream is for members of its organisation only").await;
}

#[tokio::test]
async fn a_path_token_is_made_for_a_day_at_most() {
    let world = world().await;
    let slot = accounts::Slot::Primary;
    let kind = TrustedKind::Alibaba { variant: Alibaba::A, slot, validity_s: 1_000_000 };
    world.trust(&trusted(11, Some(&world.a), kind, b"aliyuncdnexp1234"));
    world.reload().await;
    let secret = Secret::new(b"aliyuncdnexp1234");
    let signed = token::signed_path(Alibaba::A, URL, &secret, NOW_S).unwrap();
    let to = moved(&world, &signed, NOW_S).await;
    world.check_at(&to, NOW_S + 86_399, "allowed").await;
    world.check_at(&to, NOW_S + 86_400, "the token ended 30 s ago").await;
}

#[tokio::test]
async fn without_a_key_of_the_servers_own_a_signed_url_is_not_moved() {
    let world = world().await;
    world.alibaba(11, Alibaba::A, &world.a);
    world.shelf.keys.lock().unwrap().retain(|key| key.kind != TrustedKind::Path);
    world.reload().await;
    let secret = Secret::new(b"aliyuncdnexp1234");
    let signed = token::signed_path(Alibaba::A, URL, &secret, NOW_S).unwrap();
    world.check(&signed, "unavailable: there is no key for path tokens").await;
    // One that an organisation brought is none for all.
    world.trust(&trusted(12, Some(&world.a), TrustedKind::Path, SECRET_PATH));
    world.reload().await;
    world.check(&signed, "unavailable: there is no key for path tokens").await;
}

#[tokio::test]
async fn what_is_asked_for_is_the_same_for_all_viewers() {
    let world = world().await;
    let strip = |url: &str| {
        let asked = request(url, facts(NOW_S));
        let stripped = world.gate.strip(&asked);
        format!("{}?{}", stripped.path, stripped.query)
    };
    assert_eq!(strip("/t/x.y.z/live/a/index.m3u8"), "/live/a/index.m3u8?");
    assert_eq!(strip("/live/a/index.m3u8?token=x&start=5"), "/live/a/index.m3u8?start=5");
    assert_eq!(strip("/live/a/index.m3u8?start=5"), "/live/a/index.m3u8?start=5");
}
