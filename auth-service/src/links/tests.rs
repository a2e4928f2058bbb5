use std::time::Duration;

use super::*;
use crate::testing::{Bench, PASSWORD, as_actor, from, secret_of};

const NEW: &str = "another good one";

fn is_void<T: std::fmt::Debug>(result: Result<T, ServiceError>) {
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "this link is not good any more; ask for another one");
}

fn invited(email: &str, role: Role) -> NewUser {
    NewUser { email: email.to_owned(), name: "somebody".to_owned(), role }
}

#[tokio::test]
async fn the_first_start_gives_a_link_until_somebody_is_the_owner() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let first = service.first_start().await.unwrap().unwrap();
    assert!(first.reveal().starts_with("http://127.0.0.1:8080/account/setup#"));
    let second = service.first_start().await.unwrap().unwrap();
    let [first, second] = [first, second].map(|link| secret_of(link.reveal()));
    let owner = |email: &str, password: &str| FirstOwner {
        email: email.to_owned(),
        name: "Ann".to_owned(),
        password: Secret::new(password),
    };
    is_void(service.set_up(&first, &owner("ann@a.example", PASSWORD), &caller).await);
    let holder = service.link_holder(TicketKind::Setup, &second, &caller).await.unwrap();
    assert_eq!((holder.email, holder.organisation.as_str()), (None, "a"));
    // What cannot be used leaves the link good.
    assert!(service.set_up(&second, &owner("ann", PASSWORD), &caller).await.is_err());
    assert!(service.set_up(&second, &owner("ann@a.example", "short"), &caller).await.is_err());
    let owner = owner("Ann@A.example", PASSWORD);
    let signed_in = service.set_up(&second, &owner, &caller).await.unwrap();
    assert_eq!((signed_in.user.role, signed_in.user.organisation), (Role::Owner, bench.a.clone()));
    is_void(service.set_up(&second, &owner, &caller).await);
    assert!(service.first_start().await.unwrap().is_none());
    service.sign_in("ann@a.example", &Secret::new(PASSWORD), &caller).await.unwrap();

    service.finish().await;
    service.verify_email(&bench.letters.secret(), &caller).await.unwrap();
    let user = service.user(&Actor::Local, &signed_in.user.id).await.unwrap();
    assert!(user.email_verified_at_ms.is_some());
}

#[tokio::test]
async fn a_server_with_users_is_not_set_up_by_a_stranger() {
    let bench = Bench::new().await;
    bench.user(&bench.b, "ben", Role::Viewer).await;
    assert!(bench.service.first_start().await.unwrap().is_none());
}

#[tokio::test]
async fn an_invitation_opens_the_door_once() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let owner = bench.actor(&bench.a, "owner", Role::Owner).await;
    let new = invited("Ann@A.example", Role::Streamer);
    let invitation = service.invite(&owner, &bench.a, &new).await.unwrap();
    assert_eq!(invitation.user.status, Status::Invited);
    service.finish().await;
    let [letter] = bench.letters.empty().try_into().unwrap();
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("ann@a.example", "You are invited to a")
    );
    assert!(letter.body.contains(invitation.link.reveal()), "{}", letter.body);

    let password = Secret::new(PASSWORD);
    assert!(service.sign_in("ann@a.example", &password, &caller).await.is_err());
    let first = secret_of(invitation.link.reveal());
    let again = service.invite_again(&owner, &invitation.user.id).await.unwrap();
    is_void(service.accept_invitation(&first, None, &password, &caller).await);
    let secret = secret_of(again.link.reveal());
    // It is good for nothing else.
    is_void(service.reset_password(&secret, &password, &caller).await);
    is_void(service.verify_email(&secret, &caller).await);
    let holder = service.link_holder(TicketKind::Invitation, &secret, &caller).await.unwrap();
    assert_eq!(holder.email.as_deref(), Some("ann@a.example"));
    let short = Secret::new("short");
    assert!(service.accept_invitation(&secret, None, &short, &caller).await.is_err());
    let signed_in = service.accept_invitation(&secret, Some("Ann"), &password, &caller).await;
    let user = signed_in.unwrap().user;
    assert_eq!((user.name.as_str(), user.status), ("Ann", Status::Active));
    assert_eq!((user.organisation, user.role), (bench.a.clone(), Role::Streamer));
    assert!(user.email_verified_at_ms.is_some());
    is_void(service.accept_invitation(&secret, None, &password, &caller).await);
    let conflict = service.invite_again(&owner, &user.id).await;
    assert!(matches!(conflict, Err(ServiceError::Conflict(_))));
}

#[tokio::test]
async fn of_two_who_use_a_link_at_one_time_one_comes_in() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let new = invited("ann@a.example", Role::Viewer);
    let invitation = service.invite(&Actor::Local, &bench.a, &new).await.unwrap();
    let secret = secret_of(invitation.link.reveal());
    let (one, other) = (Secret::new(PASSWORD), Secret::new(NEW));
    let (first, second) = tokio::join!(
        service.accept_invitation(&secret, None, &one, &caller),
        service.accept_invitation(&secret, None, &other, &caller),
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|came| **came).count(), 1);
}

#[tokio::test]
async fn links_end() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    for (kind, good_for) in [
        (TicketKind::Setup, service.settings().invitation),
        (TicketKind::Invitation, service.settings().invitation),
        (TicketKind::VerifyEmail, service.settings().verify_email),
        (TicketKind::ResetPassword, service.settings().reset_password),
    ] {
        let link = service.new_link(kind, &ann).await.unwrap();
        let secret = secret_of(link.reveal());
        bench.clock.advance(good_for - Duration::from_millis(1));
        service.link_holder(kind, &secret, &caller).await.unwrap();
        bench.clock.advance(Duration::from_millis(1));
        is_void(service.link_holder(kind, &secret, &caller).await);
    }
    for text in ["", "x", "abcdefghijklmnopqrstuvwxyz", &"a".repeat(10_000), "ä"] {
        let kind = TicketKind::ResetPassword;
        is_void(service.link_holder(kind, &Secret::new(text), &caller).await);
    }
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_and_all_sessions_end() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let old = Secret::new(PASSWORD);
    let of_ann = service.sign_in(&ann.email, &old, &caller).await.unwrap();
    let of_ben = service.sign_in(&ben.email, &old, &caller).await.unwrap();
    service.forgot_password(&ann.email, &caller).unwrap();
    service.finish().await;
    let secret = bench.letters.secret();
    service.reset_password(&secret, &Secret::new(NEW), &caller).await.unwrap();
    is_void(service.reset_password(&secret, &Secret::new(NEW), &caller).await);
    assert!(service.sign_in(&ann.email, &old, &caller).await.is_err());
    service.sign_in(&ann.email, &Secret::new(NEW), &caller).await.unwrap();
    assert!(service.refresh(&of_ann.refresh, &caller).await.is_err());
    service.refresh(&of_ben.refresh, &caller).await.unwrap();
}

#[tokio::test]
async fn nobody_learns_who_has_an_account_and_nobodys_mail_is_flooded() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let out = bench.user(&bench.a, "out", Role::Viewer).await;
    let disabled = crate::UserChange { is_disabled: Some(true), ..crate::UserChange::default() };
    service.update_user(&Actor::Local, &out.id, &disabled).await.unwrap();
    for (at, email) in [&ann.email, "nobody@a.example", &out.email].into_iter().enumerate() {
        for time in 0..4 {
            // Each from an address of its own: letters to one are counted, whoever asks.
            let caller = from(&format!("192.0.2.{}", at * 10 + time));
            let asked = service.forgot_password(email, &caller);
            assert_eq!(asked.is_ok(), time < 3, "{email} {time}");
        }
    }
    service.finish().await;
    let letters = bench.letters.empty();
    assert_eq!(letters.len(), 3, "{letters:?}");
    assert!(letters.iter().all(|letter| letter.to == ann.email));
    // And one address asks for no more than a few, whomever for.
    let caller = from("198.51.100.1");
    let asked = (0..12)
        .filter(|who| service.forgot_password(&format!("x{who}@a.example"), &caller).is_ok());
    assert_eq!(asked.count(), 10);
}

#[tokio::test]
async fn who_is_disabled_comes_in_by_no_link() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let link = service.new_link(TicketKind::ResetPassword, &ann).await.unwrap();
    let disabled = crate::UserChange { is_disabled: Some(true), ..crate::UserChange::default() };
    service.update_user(&Actor::Local, &ann.id, &disabled).await.unwrap();
    let secret = secret_of(link.reveal());
    is_void(service.reset_password(&secret, &Secret::new(NEW), &caller).await);
    assert!(service.set_password(&Actor::Local, &ann.id, &Secret::new(NEW)).await.is_err());
    let user = service.user(&Actor::Local, &ann.id).await.unwrap();
    assert_eq!((user.status, &user.password), (Status::Disabled, &ann.password));
}

#[tokio::test]
async fn a_proved_address_is_not_proved_again() {
    let bench = Bench::new().await;
    let (service, caller) = (&bench.service, from("192.0.2.1"));
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    service.send_verification(&as_actor(&ann)).await.unwrap();
    service.finish().await;
    service.verify_email(&bench.letters.secret(), &caller).await.unwrap();
    let conflict = service.send_verification(&as_actor(&ann)).await;
    assert!(matches!(conflict, Err(ServiceError::Conflict(_))));
}
