use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;

use super::*;
use crate::testing::{Reply, Server};

fn set(keys: &[&TrustedKey]) -> Reply {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            let pair = Ed25519KeyPair::from_pkcs8(&key.material).unwrap();
            let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(pair.public_key());
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{}","x":"{x}"}}"#, key.id)
        })
        .collect();
    Reply::ok(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
}

#[tokio::test]
async fn an_issuers_new_key_is_found_when_a_token_names_it() {
    let world = world().await;
    let issuer = |number| trusted(number, None, jwt(Algorithm::EdDSA, true), &ed25519());
    let (old, new) = (issuer(40), issuer(41));
    let server = Server::start(set(&[&old])).await;
    let (url, issuer, audience) = (server.url(), None, None);
    let kind = TrustedKind::Jwks { url, issuer, audience };
    world.trust(&trusted(42, Some(&world.a), kind, b""));
    world.reload().await;
    assert_eq!(server.count(), 1);
    let by_old = sign(&claims("live/*"), &old).unwrap();
    let by_new = sign(&claims("live/*"), &new).unwrap();
    world.check(&format!("/t/{by_old}/live/a-token/x.ts"), "allowed anna").await;
    // It was fetched just now: a token that names something else does not let it be fetched again.
    world.check(&format!("/t/{by_new}/live/a-token/x.ts"), UNKNOWN).await;
    assert_eq!(server.count(), 1);
    // Half a minute later it may.
    let later = Gate::new(Arc::clone(&world.shelf) as Arc<dyn Directory>, None);
    let long_ago = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
    later.reload().await.unwrap();
    let later = Gate { started: long_ago, ..later };
    server.replies(set(&[&old, &new]));
    let count = server.count();
    let at = |url: String| {
        let later = &later;
        async move { decide(later, &request(&url, facts(NOW_S))).await }
    };
    // What is open to all, or another's, is no reason to ask an issuer.
    assert_eq!(at(format!("/t/{by_new}/live/a-public/x.ts")).await, "allowed");
    assert_eq!(at(format!("/t/{by_new}/live/b-token/x.ts")).await, UNKNOWN);
    assert_eq!(server.count(), count);
    assert_eq!(at(format!("/t/{by_new}/live/a-token/x.ts")).await, "allowed anna");
    assert_eq!(at(format!("/t/{by_old}/live/a-token/x.ts")).await, "allowed anna");
    assert_eq!(at(format!("/t/{by_old}/live/b-token/x.ts")).await, UNKNOWN);
    assert_eq!(server.count(), count + 1);
}
