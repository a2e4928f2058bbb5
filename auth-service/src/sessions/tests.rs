use std::time::Duration;

use accounts::Role;

use super::*;
use crate::UserChange;
use crate::testing::{Bench, PASSWORD, as_actor, from};

const WRONG: &str = "the address or the password is wrong";
const OVER: &str = "the session is over; sign in again";

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ServiceError>, sentence: &str) {
    assert_eq!(result.unwrap_err().to_string(), sentence);
}

#[tokio::test]
async fn a_user_signs_in_by_address_and_password_and_nobody_learns_which_was_wrong() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    bench.user(&bench.b, "ben", Role::Viewer).await;
    let password = Secret::new(PASSWORD);
    let signed_in = service.sign_in(" ANN@a.example", &password, &caller).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.expires_in_s), (ann.id, 600));
    for (address, text) in [
        ("ann@a.example", "correct horse batterz"),
        ("ann@a.example", ""),
        ("nobody@a.example", PASSWORD),
        ("ann", PASSWORD),
        ("", ""),
    ] {
        refused(service.sign_in(address, &Secret::new(text), &caller).await, WRONG);
    }
}

#[tokio::test]
async fn five_failures_lock_an_account_and_one_that_is_not_there_alike() {
    let bench = Bench::new().await;
    let (service, wrong) = (&bench.service, Secret::new("wrong password"));
    bench.user(&bench.a, "ann", Role::Viewer).await;
    bench.user(&bench.b, "ben", Role::Viewer).await;
    for (at, email) in ["ann@a.example", "nobody@a.example"].into_iter().enumerate() {
        for time in 0..5 {
            let caller = from(&format!("192.0.{at}.{time}"));
            refused(service.sign_in(email, &wrong, &caller).await, WRONG);
        }
        let caller = from("198.51.100.1");
        let locked = "too many attempts: try again in 60 s";
        refused(service.sign_in(email, &Secret::new(PASSWORD), &caller).await, locked);
    }
    let caller = from("198.51.100.1");
    service.sign_in("ben@b.example", &Secret::new(PASSWORD), &caller).await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    for email in ["ann@a.example", "nobody@a.example"] {
        refused(service.sign_in(email, &wrong, &caller).await, WRONG);
        let locked = "too many attempts: try again in 120 s";
        refused(service.sign_in(email, &wrong, &caller).await, locked);
    }
    bench.clock.advance(Duration::from_secs(120));
    service.sign_in("ann@a.example", &Secret::new(PASSWORD), &caller).await.unwrap();
    let user = service.database.user_by_email("ann@a.example").await.unwrap().unwrap();
    assert_eq!((user.failed_logins, user.locked_until_ms), (0, None));
}

#[tokio::test]
async fn many_guesses_at_one_time_are_no_more_than_one_by_one() {
    let bench = Bench::new().await;
    bench.user(&bench.a, "ann", Role::Viewer).await;
    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..9 {
        let service = bench.service.clone();
        guesses.spawn(async move {
            let caller = from(&format!("192.0.2.{guess}"));
            let password = Secret::new(format!("wrong password {guess}"));
            service.sign_in("ann@a.example", &password, &caller).await.unwrap_err().to_string()
        });
    }
    let answers = guesses.join_all().await;
    let looked_at = answers.iter().filter(|answer| *answer == WRONG).count();
    assert_eq!(looked_at, 5, "{answers:?}");
}

#[tokio::test]
async fn one_address_signs_in_so_often_and_one_account_as_well() {
    let bench = Bench::new().await;
    let service = &bench.service;
    bench.user(&bench.a, "ann", Role::Viewer).await;
    let password = Secret::new(PASSWORD);
    let too_many = |result: Result<SignedIn, ServiceError>| {
        matches!(result, Err(ServiceError::TooMany { .. }))
    };
    for time in 0..30 {
        let email = format!("x{time}@a.example");
        let caller = from("2001:db8::1");
        assert!(!too_many(service.sign_in(&email, &password, &caller).await), "{time}");
    }
    let neighbour = from("2001:db8::2");
    assert!(too_many(service.sign_in("ann@a.example", &password, &neighbour).await));
    for time in 0..10 {
        let caller = from(&format!("192.0.2.{time}"));
        assert!(!too_many(service.sign_in("ann@a.example", &password, &caller).await), "{time}");
    }
    let caller = from("192.0.2.99");
    assert!(too_many(service.sign_in("ann@a.example", &password, &caller).await));
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_one_that_comes_twice_ends_its_session() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let password = Secret::new(PASSWORD);
    let first = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let other = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let of_ben = service.sign_in(&ben.email, &password, &caller).await.unwrap();
    let second = service.refresh(&first.refresh, &from("192.0.2.7")).await.unwrap();
    assert_ne!(first.refresh.reveal(), second.refresh.reveal());
    let third = service.refresh(&second.refresh, &caller).await.unwrap();
    refused(service.refresh(&first.refresh, &caller).await, OVER);
    refused(service.refresh(&third.refresh, &caller).await, OVER);
    service.refresh(&other.refresh, &caller).await.unwrap();
    service.refresh(&of_ben.refresh, &caller).await.unwrap();
}

#[tokio::test]
async fn of_two_who_show_a_refresh_token_at_one_time_one_gets_another() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let shown = service.sign_in(&ann.email, &Secret::new(PASSWORD), &caller).await.unwrap();
    let (first, second) = tokio::join!(
        service.refresh(&shown.refresh, &caller),
        service.refresh(&shown.refresh, &caller),
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|done| **done).count(), 1);
}

#[tokio::test]
async fn a_token_that_was_made_up_ends_no_session() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let password = Secret::new(PASSWORD);
    let good = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let of_ben = service.sign_in(&ben.email, &password, &caller).await.unwrap();
    let text = good.refresh.reveal();
    let (session, secret) = text.split_once('.').unwrap();
    let mut flipped = secret.to_owned();
    let last = flipped.pop().unwrap();
    flipped.push(if last == '0' { '1' } else { '0' });
    for shown in [
        format!("{session}.{}0123456789abcdef", "a".repeat(26)),
        format!("{session}.{flipped}"),
        format!("{session}.{}", secret.to_uppercase()),
        format!("{session}.{secret}0"),
        format!("{session}."),
        session.to_owned(),
        format!("{session}.{}", "ä".repeat(21)),
        String::new(),
        "weir_rt_.".to_owned(),
        text.replace("weir_rt_", ""),
    ] {
        refused(service.refresh(&Secret::new(shown.as_str()), &caller).await, OVER);
        service.sign_out(&Secret::new(shown), &caller).await.unwrap();
    }
    // Nor does one session's secret open or end another one: of this the mark is ours.
    let (other, _) = of_ben.refresh.reveal().split_once('.').unwrap();
    assert!(service.refresh(&Secret::new(format!("{other}.{flipped}")), &caller).await.is_err());
    service.refresh(&of_ben.refresh, &caller).await.unwrap();
    service.refresh(&good.refresh, &caller).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_refreshed() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let first = service.sign_in(&ann.email, &Secret::new(PASSWORD), &caller).await.unwrap();
    let life = service.settings().session;
    bench.clock.advance(life - Duration::from_millis(1));
    let second = service.refresh(&first.refresh, &caller).await.unwrap();
    bench.clock.advance(life);
    refused(service.refresh(&second.refresh, &caller).await, OVER);
    assert_eq!(service.sessions(&as_actor(&ann), &ann.id).await.unwrap(), []);
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_and_only_ones_own() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Owner).await;
    let password = Secret::new(PASSWORD);
    let first = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    bench.clock.advance(Duration::from_secs(1));
    let second = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let third = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let seen = service.sessions(&as_actor(&ann), &ann.id).await.unwrap();
    assert_eq!(seen.len(), 3);
    assert_eq!(
        (seen[0].address.as_deref(), seen[0].agent.as_str()),
        (Some("192.0.2.1"), "Browser 1.0")
    );
    let id = &seen[2].id;
    let by_ben = service.end_session(&as_actor(&ben), &ann.id, id).await;
    assert!(matches!(by_ben, Err(ServiceError::NotFound)));
    let by_ben = service.end_session(&as_actor(&ben), &ben.id, id).await;
    assert!(matches!(by_ben, Err(ServiceError::NotFound)));
    service.end_session(&as_actor(&ann), &ann.id, id).await.unwrap();
    refused(service.refresh(&first.refresh, &caller).await, OVER);
    service.sign_out(&second.refresh, &caller).await.unwrap();
    refused(service.refresh(&second.refresh, &caller).await, OVER);
    service.sign_out(&second.refresh, &caller).await.unwrap();
    assert_eq!(service.sign_out_user(&as_actor(&ann), &ann.id).await.unwrap(), 1);
    refused(service.refresh(&third.refresh, &caller).await, OVER);
}

#[tokio::test]
async fn another_password_ends_all_sessions_but_the_one_that_it_begins() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let (old, new) = (Secret::new(PASSWORD), Secret::new("another good one"));
    let before = service.sign_in(&ann.email, &old, &caller).await.unwrap();
    let actor = as_actor(&ann);
    refused(service.change_password(&actor, &new, &new, &caller).await, "the password is wrong");
    let short = Secret::new("short");
    assert!(service.change_password(&actor, &old, &short, &caller).await.is_err());
    let after = service.change_password(&actor, &old, &new, &caller).await.unwrap();
    refused(service.refresh(&before.refresh, &caller).await, OVER);
    service.refresh(&after.refresh, &caller).await.unwrap();
    refused(service.sign_in(&ann.email, &old, &caller).await, WRONG);
    service.sign_in(&ann.email, &new, &caller).await.unwrap();

    service.set_password(&Actor::Local, &ann.id, &old).await.unwrap();
    refused(service.refresh(&after.refresh, &caller).await, OVER);
    service.sign_in(&ann.email, &old, &caller).await.unwrap();
}

#[tokio::test]
async fn wrong_old_passwords_lock_the_account_too() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let (wrong, new) = (Secret::new("wrong password"), Secret::new("another good one"));
    for _ in 0..5 {
        let refused = service.change_password(&as_actor(&ann), &wrong, &new, &caller).await;
        assert!(matches!(refused, Err(ServiceError::Unauthorized(_))));
    }
    let refused = service.change_password(&as_actor(&ann), &wrong, &new, &caller).await;
    assert!(matches!(refused, Err(ServiceError::TooMany { retry_after_s: 60 })));
}

#[tokio::test]
async fn who_is_disabled_does_not_sign_in_and_is_told_so_with_the_right_password_alone() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let disabled = UserChange { is_disabled: Some(true), ..UserChange::default() };
    service.update_user(&Actor::Local, &ann.id, &disabled).await.unwrap();
    let right = service.sign_in(&ann.email, &Secret::new(PASSWORD), &caller).await;
    refused(right, "this account is disabled");
    refused(service.sign_in(&ann.email, &Secret::new("wrong password"), &caller).await, WRONG);
}
