use std::sync::atomic::{AtomicUsize, Ordering};

use accounts::Subject;
use serde_json::json;
use timeline::StreamName;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{Reply, Server};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TIME_MAX: Duration = Duration::from_millis(300);

fn hook(url: &str, on_failure: OnFailure) -> Hook {
    let secret = HookSecret::parse(SECRET).unwrap();
    let url = url.to_owned();
    Hook::new(HookSettings { url, secret, time_max: TIME_MAX, on_failure }).unwrap()
}

fn publish(name: &str) -> Question {
    Question::Publish {
        stream: StreamName::parse(name).unwrap(),
        subject: Subject::default(),
        address: [192, 0, 2, 7].into(),
    }
}

fn said(outcome: Result<Verdict, HookError>) -> String {
    match outcome {
        Ok(Verdict::Allowed) => "yes".to_owned(),
        Ok(Verdict::Denied(None)) => "no".to_owned(),
        Ok(Verdict::Denied(Some(reason))) => format!("no: {reason}"),
        Err(error) => error.to_string().replace("the customer's endpoint: ", "error: "),
    }
}

/// What comes of a reply when nobody is to be let in without an answer, and when everybody is.
async fn check(reply: Reply, denying: &str, allowing: &str) {
    let server = Server::start(reply.clone()).await;
    for (on_failure, expected) in [(OnFailure::Deny, denying), (OnFailure::Allow, allowing)] {
        let hook = hook(&server.url(), on_failure);
        assert_eq!(said(hook.ask(&publish("live/a")).await), expected, "{reply:?} {on_failure:?}");
    }
}

#[tokio::test]
async fn a_verdict_holds_whatever_else_is_said() {
    check(Reply::ok(r#"{"allow":true}"#), "yes", "yes").await;
    check(Reply::ok(r#"{"allow":false}"#), "no", "no").await;
    let reason = r#"{"allow":false,"reason":"Your plan\nended.","ttl_s":3,"x":[1]}"#;
    check(Reply::ok(reason), "no: Your plan ended.", "no: Your plan ended.").await;
    check(Reply::ok(r#"{"allow":true,"reason":"welcome"}"#), "yes", "yes").await;
}

#[tokio::test]
async fn what_is_no_verdict_lets_in_whom_the_setting_says() {
    let rubbish = "error: its answer is no JSON object with `allow` in it";
    for body in [
        "",
        "yes",
        "true",
        "[]",
        "{}",
        r#"{"allow":"true"}"#,
        r#"{"allow":1}"#,
        r#"{"allow":true"#,
        r#"{"allow":true,"allow":false}"#,
        r#"{"allow":true,"ttl_s":-1}"#,
        r#"{"allow":true} {"allow":true}"#,
        "<html>",
    ] {
        check(Reply::ok(body), rubbish, "yes").await;
    }
    let status = |status| Reply { status, ..Reply::ok(r#"{"allow":true}"#) };
    check(status(500), "error: it answered with status 500", "yes").await;
    check(status(204), "error: it answered with status 204", "yes").await;
    check(status(403), "error: it answered with status 403", "yes").await;
}

#[tokio::test]
async fn an_answer_of_any_length_or_no_end_meets_the_limit() {
    let long = |bytes: usize| {
        let body = r#"{"allow":true}"#;
        Reply::ok(&format!("{body}{}", " ".repeat(bytes - body.len())))
    };
    check(long(ANSWER_BYTES_MAX), "yes", "yes").await;
    let error = "error: its answer has more than 65536 bytes";
    check(long(ANSWER_BYTES_MAX + 1), error, "yes").await;
    check(Reply { is_endless: true, ..Reply::ok(&" ".repeat(8_192)) }, error, "yes").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(Reply::ok(r#"{"allow":true}"#)).await;
    for status in [301, 302, 303, 307, 308] {
        let location = Some(elsewhere.url());
        let reply = Reply { status, location, ..Reply::ok("") };
        let error = format!(
            "error: it answered with a redirect ({status}), and redirects are not followed"
        );
        check(reply, &error, "yes").await;
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() {
    let delay = TIME_MAX * 4;
    let started = Instant::now();
    let slow = Reply { delay, ..Reply::ok(r#"{"allow":true}"#) };
    check(slow, "error: it did not answer within 300 ms", "yes").await;
    assert!(started.elapsed() < delay, "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_said_to_be_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?secret=hush", listener.local_addr().unwrap());
    drop(listener);
    let text = said(hook(&url, OnFailure::Deny).ask(&publish("live/a")).await);
    assert!(text.starts_with("error: no connection: "), "{text}");
    assert!(!text.contains("hush"), "{text}");
    assert_eq!(said(hook(&url, OnFailure::Allow).ask(&publish("live/a")).await), "yes");
}

#[tokio::test]
async fn a_question_is_signed_and_says_what_it_is_about() {
    let server = Server::start(Reply::ok(r#"{"allow":true}"#)).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    let organisation = accounts::OrganisationId::new(1, [1; 10]);
    let play = Question::Play {
        stream: StreamName::parse("live/a").unwrap(),
        organisation: organisation.clone(),
        viewer: Some("anna".to_owned()),
        token: None,
        device: None,
        address: Some([192, 0, 2, 7].into()),
        country: Some("DE".to_owned()),
    };
    let key = Some("key_1".to_owned());
    let subject = Subject { organisation: Some(organisation.clone()), key, ..Subject::default() };
    let stream = StreamName::parse("live/a").unwrap();
    let publish = Question::Publish { stream, subject, address: [192, 0, 2, 8].into() };
    assert_eq!(said(hook.ask(&play).await), "yes");
    assert_eq!(said(hook.ask(&publish).await), "yes");
    let org = organisation.as_str();
    let bodies = [
        json!({"type": "play", "data": {
            "stream": "live/a", "organisation": org, "viewer": "anna", "token": null,
            "device": null, "address": "192.0.2.7", "country": "DE",
        }}),
        json!({"type": "publish", "data": {
            "stream": "live/a", "organisation": org, "user": null, "device": null,
            "key": "key_1", "address": "192.0.2.8",
        }}),
    ];
    let asked = server.asked();
    let mut ids = Vec::new();
    for (asked, body) in asked.iter().zip(bodies) {
        assert_eq!(serde_json::from_str::<serde_json::Value>(&asked.body).unwrap(), body);
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/asked?secret=hush"));
        let header = |name: &str| asked.headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), "application/json");
        let at: i64 = header("webhook-timestamp").parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!((now.cast_signed() - at).abs() < 10, "{at}");
        let secret = HookSecret::parse(SECRET).unwrap();
        let signature = secret.sign(header("webhook-id"), at, &asked.body);
        assert_eq!(header("webhook-signature"), signature);
        ids.push(header("webhook-id").to_owned());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_answer_is_kept_for_as_long_as_it_says() {
    let server = Server::start(Reply::ok(r#"{"allow":true,"ttl_s":0}"#)).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    for _ in 0..3 {
        assert_eq!(said(hook.ask(&publish("live/a")).await), "yes");
    }
    assert_eq!(server.count(), 3);
    server.replies(Reply::ok(r#"{"allow":false,"ttl_s":1}"#));
    for _ in 0..3 {
        assert_eq!(said(hook.ask(&publish("live/a")).await), "no");
    }
    assert_eq!(server.count(), 4);
    // It is another question about another stream.
    assert_eq!(said(hook.ask(&publish("live/b")).await), "no");
    assert_eq!(server.count(), 5);
    server.replies(Reply::ok(r#"{"allow":true}"#));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    // A no is asked anew at once.
    assert_eq!(said(hook.ask(&publish("live/a")).await), "yes");
    assert_eq!(said(hook.ask(&publish("live/a")).await), "yes");
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn who_watches_waits_for_no_answer() {
    let server = Server::start(Reply::ok(r#"{"allow":true,"ttl_s":1}"#)).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    assert_eq!(said(hook.ask(&publish("live/a")).await), "yes");
    let delay = Duration::from_millis(150);
    server.replies(Reply { delay, ..Reply::ok(r#"{"allow":false}"#) });
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let asked = Instant::now();
    assert_eq!(said(hook.ask(&publish("live/a")).await), "yes");
    assert!(asked.elapsed() < delay, "{:?}", asked.elapsed());
    tokio::time::sleep(delay * 2).await;
    assert_eq!(said(hook.ask(&publish("live/a")).await), "no");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn the_same_question_is_asked_once_at_a_time() {
    let delay = Duration::from_millis(100);
    let server = Server::start(Reply { delay, ..Reply::ok(r#"{"allow":true,"ttl_s":0}"#) }).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    let yes = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for at in 0..50 {
        let (hook, yes) = (hook.clone(), Arc::clone(&yes));
        tasks.push(tokio::spawn(async move {
            let question = publish("live/a");
            // One in five hangs up: the answer comes nevertheless.
            if at % 5 == 0 {
                drop(tokio::time::timeout(Duration::from_millis(10), hook.ask(&question)).await);
            } else if hook.ask(&question).await == Ok(Verdict::Allowed) {
                yes.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((yes.load(Ordering::Relaxed), server.count()), (40, 1));
}

#[tokio::test]
async fn an_endpoint_that_fails_again_and_again_is_left_alone() {
    let server = Server::start(Reply { status: 503, ..Reply::ok("") }).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    let unavailable = "error: it answered with status 503";
    for _ in 0..4 {
        assert_eq!(said(hook.ask(&publish("live/b")).await), unavailable);
    }
    // One answer is enough to start over.
    server.replies(Reply::ok(r#"{"allow":true,"ttl_s":0}"#));
    assert_eq!(said(hook.ask(&publish("live/b")).await), "yes");
    server.replies(Reply { status: 503, ..Reply::ok("") });
    for _ in 0..5 {
        assert_eq!(said(hook.ask(&publish("live/b")).await), unavailable);
    }
    server.replies(Reply::ok(r#"{"allow":true}"#));
    let open = "the customer's endpoint failed again and again, and is left alone for now";
    assert_eq!(said(hook.ask(&publish("live/a")).await), open);
    assert_eq!(server.count(), 10);
}

#[tokio::test]
async fn more_questions_at_one_time_than_the_limit_are_not_asked() {
    let server = Server::start(Reply { delay: TIME_MAX * 4, ..Reply::ok("") }).await;
    let hook = hook(&server.url(), OnFailure::Deny);
    for at in 0..QUESTIONS_MAX {
        let text = format!("question {at}");
        assert!(hook.flight(&text.into()).is_ok(), "{at}");
    }
    let busy = "the customer's endpoint has 128 questions to answer already";
    assert_eq!(said(hook.ask(&publish("live/a")).await), busy);
    assert!(hook.flight(&"question 1".into()).is_ok());
    // They all end.
    tokio::time::sleep(TIME_MAX * 2).await;
    assert_eq!(hook.inner.flights.len(), 0);
}

#[test]
fn an_endpoint_needs_a_url_and_shows_none_of_it() {
    let secret = HookSecret::parse(SECRET).unwrap();
    let settings = |url: &str| HookSettings {
        url: url.to_owned(),
        secret: secret.clone(),
        time_max: TIME_MAX,
        on_failure: OnFailure::Deny,
    };
    let error = Hook::new(settings("ftp://x/")).unwrap_err();
    assert_eq!(error.to_string(), "this is no http or https URL with a host");
    let hook = Hook::new(settings("https://hooks.example/weir/hush?secret=hush")).unwrap();
    assert_eq!(format!("{hook:?}"), "Hook(hooks.example)");
    assert_eq!(format!("{:?}", settings("https://x/?hush")), "HookSettings(300ms Deny ***)");
}
