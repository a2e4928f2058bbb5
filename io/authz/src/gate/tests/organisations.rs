use super::*;

#[tokio::test]
async fn one_organisations_key_never_opens_the_others_streams() {
    let world = world().await;
    let World { a, b, key_a, key_b, own, path, .. } = &world;
    let all = Claims { is_member: true, ..claims("*") };
    let by_a = sign(&all, key_a).unwrap();
    let by_b = sign(&all, key_b).unwrap();
    // What says that it is another's does not open its own either.
    let lying = sign(&Claims { is_member: true, ..claims_of(b, "*") }, key_a).unwrap();
    let own_a = sign(&Claims { is_member: true, ..claims_of(a, "*") }, own).unwrap();
    let own_b = sign(&Claims { is_member: true, ..claims_of(b, "*") }, own).unwrap();
    let own_none = sign(&all, own).unwrap();
    let path_a = sign(&Claims { is_member: true, ..claims_of(a, "*") }, path).unwrap();
    let audience = "the token is for another organisation, not for this server";
    let nobody = "the token is for no organisation, not for this server";
    // The second time everything that can be known of a token is.
    for _ in 0..2 {
        for access in ["token", "password", "private"] {
            for (token, at_a, at_b) in [
                (&by_a, "allowed anna", UNKNOWN),
                (&by_b, UNKNOWN, "allowed anna"),
                (&lying, audience, UNKNOWN),
                (&own_a, "allowed anna", OTHER),
                (&own_b, OTHER, "allowed anna"),
                (&own_none, nobody, nobody),
                (&path_a, "allowed anna", OTHER),
            ] {
                world.check(&format!("/t/{token}/live/a-{access}/x.ts"), at_a).await;
                world.check(&format!("/t/{token}/live/b-{access}/x.ts"), at_b).await;
            }
        }
    }
}

#[tokio::test]
async fn two_organisations_that_trust_the_same_key_stay_apart() {
    let world = world().await;
    // Both have the secret of the same provider, under the same name.
    let kid = Some("shared".to_owned());
    let (issuer, audience, signs) = (None, None, true);
    let kind = TrustedKind::Jwt { algorithm: Algorithm::HS256, signs, kid, issuer, audience };
    let shared_a =
        trusted(8, Some(&world.a), kind.clone(), b"a secret that both of them are given");
    let shared_b = TrustedKey { organisation: Some(world.b.clone()), ..shared_a.clone() };
    let shared_b = TrustedKey { id: TrustedKeyId::new(9, [9; 10]), ..shared_b };
    world.trust(&shared_a);
    world.trust(&shared_b);
    world.reload().await;
    // Without an organisation in it, it is good for both, as they have agreed.
    let token = sign(&claims("live/*"), &shared_a).unwrap();
    for _ in 0..2 {
        world.check(&format!("/t/{token}/live/a-token/x.ts"), "allowed anna").await;
        world.check(&format!("/t/{token}/live/b-token/x.ts"), "allowed anna").await;
    }
    // With one, for that one.
    let token = sign(&claims_of(&world.a, "live/*"), &shared_a).unwrap();
    let audience = "the token is for another organisation, not for this server";
    for _ in 0..2 {
        world.check(&format!("/t/{token}/live/a-token/x.ts"), "allowed anna").await;
        world.check(&format!("/t/{token}/live/b-token/x.ts"), audience).await;
    }
    // One organisation stops to trust it: the other goes on.
    world.shelf.keys.lock().unwrap().retain(|key| key.id != shared_a.id);
    world.reload().await;
    let token = sign(&claims("live/*"), &shared_a).unwrap();
    world.check(&format!("/t/{token}/live/a-token/x.ts"), UNKNOWN).await;
    world.check(&format!("/t/{token}/live/b-token/x.ts"), "allowed anna").await;
}

#[tokio::test]
async fn keys_of_others_do_not_crowd_out_ones_own() {
    let world = world().await;
    for number in 20..60 {
        let mut secret = SECRET.to_vec();
        secret.push(number);
        let mut key = trusted(number, Some(&world.b), jwt(Algorithm::HS256, true), &secret);
        // They call theirs as the other one's is called.
        if let TrustedKind::Jwt { kid, .. } = &mut key.kind {
            *kid = Some(world.key_a.id.as_str().to_owned());
        }
        world.shelf.keys.lock().unwrap().insert(0, key);
    }
    world.reload().await;
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    world.check(&format!("/t/{token}/live/a-token/x.ts"), "allowed anna").await;
}

#[tokio::test]
async fn a_stream_that_changes_hands_takes_no_token_along() {
    let world = world().await;
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    let own = sign(&claims_of(&world.a, "live/*"), &world.own).unwrap();
    for token in [&token, &own] {
        world.check(&format!("/t/{token}/live/a-token/x.ts"), "allowed anna").await;
    }
    // It was deleted, and the other organisation made one of the same name.
    world.shelf.open("live/a-token", &world.b, Access::Token);
    let stream = StreamName::parse("live/a-token").unwrap();
    world.gate.notice(&Notice::StreamChanged { stream });
    world.check(&format!("/t/{token}/live/a-token/x.ts"), UNKNOWN).await;
    world.check(&format!("/t/{own}/live/a-token/x.ts"), OTHER).await;
}
