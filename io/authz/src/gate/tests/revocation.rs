use token::{Revocation, Revoked};

use super::*;

const URL: &str = "/live/a-token/index.m3u8";

fn revocation(organisation: Option<&OrganisationId>, revoked: Revoked) -> Revocation {
    let organisation = organisation.map(|organisation| organisation.as_str().to_owned());
    Revocation { organisation, revoked, at_ms: NOW_S * 1_000, until_ms: i64::MAX }
}

fn notice(organisation: Option<&OrganisationId>, revoked: Revoked) -> Notice {
    Notice::Revoked { revocation: revocation(organisation, revoked) }
}

#[tokio::test]
async fn what_was_revoked_is_refused_at_once() {
    let device = Some("dev_1".to_owned());
    let token = Claims { id: Some("tok_1".to_owned()), version: 3, device, ..claims("live/*") };
    let text = |text: &str| text.to_owned();
    let viewer = |version| Revoked::Viewer { viewer: text("anna"), version };
    for (revoked, is_refused) in [
        (Revoked::Token { id: text("tok_1") }, true),
        (Revoked::Token { id: text("tok_2") }, false),
        (viewer(3), false),
        (viewer(4), true),
        (Revoked::Viewer { viewer: text("bob"), version: 4 }, false),
        (Revoked::Device { id: text("dev_1") }, true),
        (Revoked::User { id: text("anna") }, true),
        (Revoked::Key { id: text("tok_1") }, false),
        (Revoked::Before { issued_s: NOW_S }, false),
        (Revoked::Before { issued_s: NOW_S + 1 }, true),
    ] {
        let world = world().await;
        let jwt = sign(&token, &world.key_a).unwrap();
        let url = format!("/t/{jwt}{URL}");
        world.check(&url, "allowed anna").await;
        // The other organisation's revocations are not this one's.
        world.gate.notice(&notice(Some(&world.b), revoked.clone()));
        world.check(&url, "allowed anna").await;
        world.gate.notice(&notice(Some(&world.a), revoked.clone()));
        let expected = if is_refused { "the token was revoked" } else { "allowed anna" };
        world.check(&url, expected).await;
        world
            .check(
                &format!("{URL}?token={jwt}"),
                &match is_refused {
                    true => "the token was revoked".to_owned(),
                    false => format!("moved {url}"),
                },
            )
            .await;
        // What is open stays open.
        let public = if is_refused { "allowed" } else { "allowed anna" };
        world.check(&format!("/t/{jwt}/live/a-public/index.m3u8"), public).await;
    }
}

#[tokio::test]
async fn a_key_that_was_revoked_takes_along_what_was_made_from_its_urls() {
    let world = world().await;
    let key = world.alibaba(11, Alibaba::A, &world.a);
    world.reload().await;
    let secret = token::Secret::new(b"aliyuncdnexp1234");
    let signed = token::signed_path(Alibaba::A, URL, &secret, NOW_S).unwrap();
    let said = decide(&world.gate, &request(&signed, facts(NOW_S))).await;
    let to = said.strip_prefix("moved ").unwrap();
    world.check(to, "allowed").await;
    let id = key.id.as_str().to_owned();
    world.gate.notice(&notice(Some(&world.b), Revoked::Key { id: id.clone() }));
    world.check(to, "allowed").await;
    world.gate.notice(&notice(Some(&world.a), Revoked::Key { id }));
    world.check(to, "the token was revoked").await;
    world.check(&signed, "the token was revoked").await;
}

#[tokio::test]
async fn a_revocation_is_read_when_the_gate_starts_and_when_one_was_missed() {
    let world = world().await;
    let token = Claims { id: Some("tok_1".to_owned()), ..claims("live/*") };
    let url = format!("/t/{}{URL}", sign(&token, &world.key_a).unwrap());
    world.check(&url, "allowed anna").await;
    let revoked = revocation(None, Revoked::Token { id: "tok_1".to_owned() });
    world.shelf.revocations.lock().unwrap().push(revoked);
    world.reload().await;
    world.check(&url, "the token was revoked").await;
    world.shelf.revocations.lock().unwrap().clear();
    world.reload().await;
    world.check(&url, "allowed anna").await;
}

#[tokio::test]
async fn a_revocation_that_is_told_while_all_are_read_is_not_lost() {
    let world = world().await;
    let token = Claims { id: Some("tok_1".to_owned()), ..claims("live/*") };
    let url = format!("/t/{}{URL}", sign(&token, &world.key_a).unwrap());
    *world.shelf.delay.lock().unwrap() = Duration::from_millis(50);
    let told = async {
        sleep(Duration::from_millis(20)).await;
        let revoked = Revoked::Token { id: "tok_1".to_owned() };
        world.gate.notice(&notice(Some(&world.a), revoked));
    };
    tokio::join!(world.reload(), told);
    world.check(&url, "the token was revoked").await;
    // Nor by the next read, which may have begun before it was kept.
    world.reload().await;
    world.check(&url, "the token was revoked").await;
}

#[test]
fn a_revocation_that_was_told_is_believed_for_a_minute_without_being_read() {
    let held = |after_s| {
        let revoked = crate::revoked::Revoked::default();
        let told = revocation(None, Revoked::Token { id: "tok_1".to_owned() });
        let at = Duration::from_secs(10);
        revoked.add(&told, at);
        revoked.add(&told, at);
        revoked.replace(&[], at + Duration::from_secs(after_s));
        revoked.now().len()
    };
    assert_eq!((held(0), held(59), held(60)), (1, 1, 0));
}

#[tokio::test]
async fn a_key_that_is_taken_away_verifies_nothing_more() {
    let world = world().await;
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    let url = format!("/t/{token}{URL}");
    world.check(&url, "allowed anna").await;
    world.shelf.keys.lock().unwrap().retain(|key| key.id != world.key_a.id);
    world.reload().await;
    world.check(&url, UNKNOWN).await;
    let revoked = TrustedKey { revoked_at_ms: Some(1), ..world.key_a.clone() };
    world.trust(&revoked);
    world.reload().await;
    world.check(&url, UNKNOWN).await;
}

#[tokio::test]
async fn a_key_ends_when_it_ends_also_for_what_it_has_signed_before() {
    let world = world().await;
    let token = Claims { expires_at_s: NOW_S + 100_000, ..claims("live/*") };
    let url = format!("/t/{}{URL}", sign(&token, &world.key_a).unwrap());
    for key in world.shelf.keys.lock().unwrap().iter_mut() {
        key.expires_at_ms = Some((NOW_S + 10) * 1_000 + 999);
    }
    world.reload().await;
    world.check_at(&url, NOW_S + 9, "allowed anna").await;
    world.check_at(&url, NOW_S + 10, UNKNOWN).await;
}
