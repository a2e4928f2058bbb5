//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic, or
//! a promise of what is read that is not kept.

use std::sync::LazyLock;

use crate::path_token::signed_fields;
use crate::{
    Algorithm, Alibaba, Claims, Credential, Facts, Jwks, JwtSigner, Key, KeyKind, Keyring,
    PathSigner, Presented, Question, Refusal, Revocations, Verified, explain,
};

const SECRET: &[u8] = b"a secret of more than 32 bytes, for fuzzing";
/// RFC 8037, A.2: the public key in X.509's form.
const ED25519: &[u8] = b"-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
const NOW_S: i64 = 1_790_000_000;

/// A key of each scheme whose signatures are fast.
static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    let kinds = [
        KeyKind::jwt(Algorithm::HS256, SECRET, None, Some("b".into())),
        KeyKind::jwt(Algorithm::EdDSA, ED25519, None, None),
        KeyKind::path(SECRET),
        KeyKind::alibaba(Alibaba::A, SECRET, 1_800),
        KeyKind::alibaba(Alibaba::B, SECRET, 1_800),
        KeyKind::alibaba(Alibaba::C, SECRET, 1_800),
        KeyKind::akamai(b"52a152a152a152a152a152a152a152a1"),
    ];
    let key = |(number, kind)| {
        let id = format!("key-{number}").into();
        Key { id, kid: None, organisation: Some("one".into()), kind, not_after_s: None }
    };
    Keyring::new(kinds.into_iter().flatten().enumerate().map(key))
});

fn facts() -> Facts<'static> {
    Facts { now_s: NOW_S, address: None, country: None, referer: None }
}

/// A request: path, query, cookie and authorization, with a zero byte between them.
pub fn request(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut texts = text.split('\0');
    let path = texts.next().unwrap_or_default();
    let query = texts.next().unwrap_or_default();
    let schemes = KEYRING.schemes();
    let presented = Presented::find(path, query, texts.next(), texts.next(), &schemes);
    assert!(path.ends_with(presented.path) || presented.path == "/");
    let again = Presented::find(presented.path, &presented.query, None, None, &schemes);
    assert_eq!(again.query, presented.query, "a query has nothing left that could be taken off");
    let verified = KEYRING.verify(&presented, Some("one"), &facts());
    let question = Question { stream: None, organisation: Some("one"), facts: facts() };
    let explanation = explain(&presented, &KEYRING, &Revocations::default(), &question);
    assert_eq!(explanation.refusal, verified.as_ref().err().cloned(), "both say the same");
    if let (Some(Credential::Token(token)), Ok(verified)) = (&presented.credential, &verified) {
        assert!(token.len() <= crate::TOKEN_BYTES_MAX);
        assert_eq!(&*verified.organisation, "one");
    }
}

/// What a token says, with a good signature: as JSON, or as the fields of a path token if the first
/// byte is odd.
pub fn claims(data: &[u8]) {
    let Some((first, said)) = data.split_first() else { return };
    if first % 2 == 1 {
        let token = signed_fields("key-2", SECRET, said);
        if let Some(verified) = verified(&token)
            && let Ok(signer) = PathSigner::new("key-2", SECRET)
        {
            assert_eq!(signer.mint(&verified.claims), Ok(token), "claims have one form");
        }
        return;
    }
    let Ok(signer) = JwtSigner::new(Algorithm::HS256, "key-0", SECRET) else { return };
    let token = signer.sign_bytes(said);
    let Some(Verified { claims, .. }) = verified(&token) else { return };
    check_rules(&claims);
    if let Ok(again) = signer.sign(&claims)
        && again.len() <= crate::TOKEN_BYTES_MAX
    {
        let read = verified(&again).map(|it| it.claims);
        assert_eq!(read, Some(claims), "what is written reads back");
    }
}

/// A token of a good signature, good now or not.
fn verified(token: &str) -> Option<Verified> {
    let signed = KEYRING.signed(&Presented::token(token), None, NOW_S);
    assert!(
        !matches!(signed, Err(Refusal::Signature | Refusal::UnknownKey | Refusal::Algorithm)),
        "it is signed"
    );
    let verified = signed.ok()?;
    let good = verified.is_good(NOW_S);
    assert!(good.is_err() || verified.claims.expires_at_s > NOW_S - crate::LEEWAY_S);
    Some(verified)
}

/// Nobody whose address, country and page are not known gets past a rule.
fn check_rules(claims: &Claims) {
    let rules = &claims.rules;
    let has_countries = !rules.countries.allow.is_empty() || !rules.countries.deny.is_empty();
    let has_rules = has_countries || !rules.addresses.is_empty() || !rules.referers.is_empty();
    assert_eq!(rules.admit(&facts()).is_err(), has_rules);
}

/// A set of keys of others.
pub fn jwks(data: &[u8]) {
    let Ok(jwks) = Jwks::parse(data) else { return };
    assert!(jwks.len() <= crate::JWKS_KEYS_MAX);
    let id = "set".into();
    let keyring = Keyring::new(jwks.keys(&id, None, None, None));
    let token = Presented::token(TOKEN);
    assert!(keyring.verify(&token, None, &facts()).is_err(), "nobody's key has signed this");
}

/// A token that no key has signed, which names none.
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjE3OTAwMDM2MDB9.\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
                     AAAAAAAAAAA\
                     AAAAAA";

/// Requests of every form: what fuzzing begins with.
pub const REQUESTS: [&str; 8] = [
    "/t/w1.key-2.AQRqsT3RAgNvbmUDCWxpdmUvbWFpbg.O7LSen2F3KnYtx_qFIeoPqtP/live/main/index.m3u8",
    "/live/main/index.m3u8\0_HLS_msn=4&token=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3OTAwMDM2MDB9.AAAA&a",
    "/live/main\0auth_key=1790000000-0-0-80cd3862d699b7118eed99103f2a3a4f",
    "/202609212213/9044548ef1527deadafa49a890a377f0/live/main/index.m3u8",
    "/a37fa50a5fb8f71214b1e7c95ec7a1bd/6AB13B80/live/main/0.ts",
    "/live/main/0.ts\0hdnts=ip=::1~st=1790000000~exp=1790003600~acl=%2flive%2f*!/x~id=a~da\
    ta=b~hmac=\
     db9e9b7fdfed078b8940d2b531b6e842650e7586682444fe732f8eb2a518fa4c",
    "/x\0Policy=eyJTdGF0ZW1lbnQiOltdfQ__&Signature=AAAA&Key-Pair-Id=K&Hash-Algorithm=SHA256",
    "/x\0KEY1=a37fa50a5fb8f71214b1e7c95ec7a1bd&KEY2=6AB13B80\0weir_token=a.b.c\0Bearer a.b.c",
];

/// What tokens say, behind a byte that tells the form.
pub const CLAIMS: [&[u8]; 3] = [
    br#" {"iss":"a","aud":["b"],"jti":"c","sub":"d","ver":1,"org":"one","dev":"e","mem":true,
        "ses":"f","role":"g","streams":["live/main","live/*"],"iat":1790000000,"nbf":1790000000.5,
        "exp":1790003600,"addr":["203.0.113.0/24","::1"],"ctry":["DE","!FR"],"ref":"*.example.org",
        "sessions":2,"height":720,"bitrate":3000000,"other":{"a":[null,1.5e3]}}"#,
    br#" {"exp":1790003600,"org":"one","aud":"b"}"#,
    b"\x01\x01\x04\x6a\xb1\x3d\xd1\x02\x03one\x03\x09live/main\x06\x01\x02\x08\x01\x01\x0b\x05\x18\
      \xcb\x00\x71\x00\x0c\x02DE\x0e\x01a\x0f\x01\x02\x10\x02\x02\xd0",
];

/// Sets of keys.
pub const SETS: [&str; 2] = [
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "use":"sig","alg":"EdDSA","kid":"a","key_ops":["verify"]}]}"#,
    r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
];

#[cfg(test)]
mod tests {
    use samples::damaged;

    use super::*;

    #[test]
    fn damaged_requests_are_taken_apart() {
        damaged(&REQUESTS.map(str::as_bytes), request);
    }

    #[test]
    fn damaged_claims_are_read_or_refused() {
        for said in CLAIMS {
            let Some((first, said)) = said.split_first() else { continue };
            let token = match first % 2 {
                1 => signed_fields("key-2", SECRET, said),
                _ => JwtSigner::new(Algorithm::HS256, "key-0", SECRET).unwrap().sign_bytes(said),
            };
            let signed = KEYRING.signed(&Presented::token(&token), None, NOW_S);
            assert!(signed.is_ok(), "{signed:?}");
        }
        damaged(&CLAIMS, claims);
    }

    #[test]
    fn damaged_sets_of_keys_are_read_or_refused() {
        for set in SETS {
            assert_eq!(Jwks::parse(set.as_bytes()).unwrap().len(), 1);
        }
        damaged(&SETS.map(str::as_bytes), jwks);
    }
}
