use std::net::IpAddr;

use super::*;

/// A request of a player at an address.
async fn play(world: &World, url: &str, address: [u8; 4], agent: &str, now_s: i64) -> String {
    let address = Some(IpAddr::from(address));
    let facts = Facts { address, ..facts(now_s) };
    let asked = PlayRequest { agent: Some(agent), ..request(url, facts) };
    decide(&world.gate, &asked).await
}

const HERE: [u8; 4] = [192, 0, 2, 1];
const THERE: [u8; 4] = [192, 0, 2, 2];

#[tokio::test]
async fn a_token_is_used_by_as_many_players_as_it_says() {
    let world = world().await;
    let limited = Claims { sessions_max: Some(2), ..claims("live/*") };
    let token = sign(&limited, &world.key_a).unwrap();
    let url = format!("/t/{token}/live/a-token/x.ts");
    let full = "this token is used by 2 players already, which is all that it allows";
    for (address, agent, now_s, expected) in [
        (HERE, "hls.js", NOW_S, "allowed anna"),
        (HERE, "hls.js", NOW_S + 1, "allowed anna"),
        (THERE, "hls.js", NOW_S + 2, "allowed anna"),
        (HERE, "avplayer", NOW_S + 3, full),
        (HERE, "hls.js", NOW_S + 20, "allowed anna"),
        (HERE, "avplayer", NOW_S + 31, full),
        (HERE, "avplayer", NOW_S + 32, "allowed anna"),
        (THERE, "hls.js", NOW_S + 33, full),
    ] {
        assert_eq!(play(&world, &url, address, agent, now_s).await, expected, "{agent} {now_s}");
    }
    // Another token of the same viewer is the same viewer's.
    let again = Claims { issued_at_s: Some(NOW_S - 1), ..limited.clone() };
    let again = sign(&again, &world.key_a).unwrap();
    let url = format!("/t/{again}/live/a-password/x.ts");
    assert_eq!(play(&world, &url, THERE, "vlc", NOW_S + 33).await, full);
    // What needs no token is kept from nobody for one.
    let url = format!("/t/{token}/live/a-public/x.ts");
    assert_eq!(play(&world, &url, THERE, "vlc", NOW_S + 33).await, "allowed anna");
    // The other organisation's viewer of the same name is another one.
    let other = sign(&limited, &world.key_b).unwrap();
    let url = format!("/t/{other}/live/b-token/x.ts");
    assert_eq!(play(&world, &url, THERE, "vlc", NOW_S + 33).await, "allowed anna");
}

#[tokio::test]
async fn without_a_viewer_a_token_counts_by_its_name_or_by_itself() {
    let world = world().await;
    let full = "this token is used by 1 players already, which is all that it allows";
    let limited = Claims { viewer: None, sessions_max: Some(1), ..claims("live/*") };
    let named = |id: &str| Claims { id: Some(id.to_owned()), ..limited.clone() };
    let later = Claims { issued_at_s: Some(NOW_S - 1), ..limited.clone() };
    let url =
        |claims: &Claims| format!("/t/{}/live/a-token/x.ts", sign(claims, &world.key_a).unwrap());
    for (claims, agent) in
        [(named("1"), "1"), (named("2"), "2"), (limited.clone(), "3"), (later, "4")]
    {
        assert_eq!(play(&world, &url(&claims), HERE, agent, NOW_S).await, "allowed");
        assert_eq!(play(&world, &url(&claims), THERE, "vlc", NOW_S).await, full);
    }
    let again = Claims { issued_at_s: Some(NOW_S - 1), ..named("1") };
    assert_eq!(play(&world, &url(&again), THERE, "vlc", NOW_S).await, full);
}

#[tokio::test]
async fn nobody_takes_a_place_who_is_only_sent_on() {
    let world = world().await;
    let limited = Claims { sessions_max: Some(1), ..claims("live/*") };
    let token = sign(&limited, &world.key_a).unwrap();
    let query = format!("/live/a-token/index.m3u8?token={token}");
    assert!(play(&world, &query, HERE, "curl", NOW_S).await.starts_with("moved "));
    let url = format!("/t/{token}/live/a-token/x.ts");
    assert_eq!(play(&world, &url, THERE, "vlc", NOW_S).await, "allowed anna");
}
