use accounts::StreamPolicy;
use token::Rules;

use super::*;

#[tokio::test]
async fn each_access_lets_in_whom_it_says() {
    let world = world().await;
    let good = sign(&claims("live/a-*"), &world.key_a).unwrap();
    let member = Claims { is_member: true, ..claims("*") };
    let member = sign(&member, &world.key_a).unwrap();
    let cases = [
        ("public", "allowed", "allowed anna", "allowed anna"),
        ("unlisted", "allowed unlisted", "allowed anna unlisted", "allowed anna unlisted"),
        ("token", "this stream needs a token", "allowed anna", "allowed anna"),
        ("password", "this stream needs a password", "allowed anna", "allowed anna"),
        (
            "private",
            "this stream needs a token",
            "this stream is for members of its organisation only",
            "allowed anna",
        ),
    ];
    for (access, nothing, with_token, with_member) in cases {
        for rest in ["index.m3u8", "v0/index.m3u8", "v0/1/5.ts", "v0/1/init-0.mp4", ""] {
            let url = format!("/live/a-{access}/{rest}");
            world.check(&url, nothing).await;
            world.check(&format!("/t/{good}{url}"), with_token).await;
            world.check(&format!("/t/{member}{url}"), with_member).await;
        }
    }
    world.check("/live/nothing/index.m3u8", "there is no such stream").await;
    world.check(&format!("/t/{good}/live/nothing/index.m3u8"), "there is no such stream").await;
}

#[tokio::test]
async fn a_token_opens_what_it_names_while_it_is_good() {
    let world = world().await;
    let token = sign(&claims("live/a-token"), &world.key_a).unwrap();
    let url = format!("/t/{token}/live/a-token/index.m3u8");
    world.check(&url, "allowed anna").await;
    world.check_at(&url, NOW_S + 3_629, "allowed anna").await;
    world.check_at(&url, NOW_S + 3_630, "the token ended 30 s ago").await;
    world.check_at(&url, NOW_S - 30, "allowed anna").await;
    world.check_at(&url, NOW_S - 31, "the token is good in 31 s only").await;
    world.check(&format!("/t/{token}/live/a-password/index.m3u8"), OTHER).await;
    world.check(&format!("/t/{token}/live/a-private/index.m3u8"), OTHER).await;
}

#[tokio::test]
async fn a_token_that_is_not_good_opens_what_is_open_anyway() {
    let world = world().await;
    for bad in ["x", "a.b.c", "w1.x.y.z"] {
        world.check(&format!("/t/{bad}/live/a-public/index.m3u8"), "allowed").await;
        world.check(&format!("/t/{bad}/live/a-unlisted/index.m3u8"), "allowed unlisted").await;
        world.check(&format!("/live/a-public/index.m3u8?token={bad}"), "allowed").await;
    }
    let ended = Claims { expires_at_s: NOW_S - 60, ..claims("live/*") };
    let ended = sign(&ended, &world.key_a).unwrap();
    world.check(&format!("/t/{ended}/live/a-public/index.m3u8"), "allowed").await;
    world.check(&format!("/live/a-public/index.m3u8?token={ended}"), "allowed").await;
    let url = format!("/t/{ended}/live/a-token/index.m3u8");
    world.check(&url, "the token ended 60 s ago").await;
    let malformed = "this is no token: a token has three parts with dots between them";
    world.check("/t/x/live/a-token/index.m3u8", malformed).await;
    world.check("/t/x/live/a-password/index.m3u8", malformed).await;
}

#[tokio::test]
async fn a_tokens_limits_go_with_it_wherever_it_is_shown() {
    let world = world().await;
    let limited = Claims {
        viewer: None,
        height_max: Some(720),
        bitrate_max: Some(3_000_000),
        ..claims("live/*")
    };
    let token = sign(&limited, &world.key_a).unwrap();
    let limits = "allowed 720p 3000000b/s";
    for access in ["public", "token", "password"] {
        world.check(&format!("/t/{token}/live/a-{access}/index.m3u8"), limits).await;
    }
    let unlisted = "allowed 720p 3000000b/s unlisted";
    world.check(&format!("/t/{token}/live/a-unlisted/index.m3u8"), unlisted).await;
}

#[tokio::test]
async fn a_policys_rules_hold_for_all_viewers_and_a_tokens_for_its_own() {
    let world = world().await;
    let rules = |net: &str| Rules { addresses: vec![net.parse().unwrap()], ..Rules::default() };
    let policy = |access, net| StreamPolicy { access, viewers: rules(net), ..Default::default() };
    world.shelf.put("live/here", &world.a, policy(Access::Public, "192.0.2.0/24"));
    world.shelf.put("live/there", &world.a, policy(Access::Public, "198.51.100.0/24"));
    world.shelf.put("live/token", &world.a, policy(Access::Token, "198.51.100.0/24"));
    let elsewhere = "the token may not be used from this address";
    world.check("/live/here/index.m3u8", "allowed").await;
    world.check("/live/there/index.m3u8", elsewhere).await;
    let token = sign(&claims("*"), &world.key_a).unwrap();
    world.check(&format!("/t/{token}/live/there/index.m3u8"), elsewhere).await;
    world.check(&format!("/t/{token}/live/token/index.m3u8"), elsewhere).await;

    let bound = Claims { rules: rules("192.0.2.8/32"), ..claims("*") };
    let bound = sign(&bound, &world.key_a).unwrap();
    world.check(&format!("/t/{bound}/live/a-token/index.m3u8"), elsewhere).await;
    // The same token, which was verified already, from where it may be used.
    let url = format!("/t/{bound}/live/a-token/index.m3u8");
    let address = Some([192, 0, 2, 8].into());
    let there = request(&url, Facts { address, ..facts(NOW_S) });
    assert_eq!(decide(&world.gate, &there).await, "allowed anna");
    world.check(&url, elsewhere).await;
}
