//! Sessions, tickets and API keys.

use accounts::{ApiKey, ApiKeyId, Role, Scope, Session, SessionId, Ticket, TicketKind, User};

use super::records::{api_key, id, session, ticket, user};
use super::{NOW_MS, Users, refused};
use crate::{Database, Rotated};

pub(super) async fn all(database: &dyn Database) {
    a_session_is_kept_as_it_is(database).await;
    of_two_exchanges_of_a_refresh_token_one_is_done(database).await;
    sessions_end_one_or_all_but_one(database).await;
    a_ticket_is_good_once_for_its_kind_until_its_end(database).await;
    a_new_ticket_voids_those_of_its_kind_and_user(database).await;
    an_api_key_is_kept_as_it_is(database).await;
    an_api_key_is_revoked_in_its_organisation_alone(database).await;
}

async fn a_session_is_kept_as_it_is(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let full = Session {
        created_at_ms: NOW_MS + 1,
        refreshed_at_ms: NOW_MS + 2,
        expires_at_ms: NOW_MS + 3,
        address: Some("2001:db8::1".to_owned()),
        agent: "Mozilla/5.0 (播放; \"x\")".to_owned(),
        ..session(&ours)
    };
    let revoked = Session { revoked_at_ms: Some(NOW_MS + 1), ..session(&ours) };
    let (plain, other) = (session(&ours), session(&theirs));
    for new in [&plain, &full, &revoked, &other] {
        database.create_session(new).await.expect("make a session");
        assert_eq!(database.session(&new.id).await.expect("read it").as_ref(), Some(new));
    }
    assert_eq!(database.session(&id(SessionId::new)).await.expect("read none"), None);
    refused(
        database.create_session(&session(&user(&ours.organisation))).await,
        "there is no such user",
    );
    for (user, now_ms, expected) in [
        (&ours, NOW_MS, vec![&full, &plain]),
        (&ours, NOW_MS + 3, vec![&plain]),
        (&theirs, NOW_MS, vec![&other]),
        (&theirs, NOW_MS + 1_000, vec![]),
    ] {
        let listed = database.sessions(&user.id, now_ms).await.expect("list sessions");
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{now_ms}");
    }
    let month = 30 * 24 * 60 * 60 * 1_000;
    let much_later = Session { created_at_ms: NOW_MS + month + 4, ..session(&ours) };
    database.create_session(&much_later).await.expect("make a session");
    for (session, is_there) in [(&full, false), (&revoked, false), (&plain, true), (&other, true)] {
        let read = database.session(&session.id).await.expect("read it");
        assert_eq!(read.is_some(), is_there, "{session:?}");
    }
}

async fn of_two_exchanges_of_a_refresh_token_one_is_done(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let (first, other) = (session(&ours), session(&theirs));
    for new in [&first, &other] {
        database.create_session(new).await.expect("make a session");
    }
    let exchanged = |hash: &str| Session {
        refresh_hash: hash.to_owned(),
        refreshed_at_ms: NOW_MS + 5,
        expires_at_ms: NOW_MS + 2_000,
        address: Some("192.0.2.7".to_owned()),
        agent: "Player".to_owned(),
        ..first.clone()
    };
    let (one, two) = (exchanged("one"), exchanged("two"));
    let (a, b) = tokio::join!(
        database.rotate_session(&one, &first.refresh_hash),
        database.rotate_session(&two, &first.refresh_hash)
    );
    let answers = (a.expect("exchange"), b.expect("exchange"));
    let good = match answers {
        (Rotated::Done, Rotated::NotCurrent) => one,
        (Rotated::NotCurrent, Rotated::Done) => two,
        answers => panic!("{answers:?}"),
    };
    assert_eq!(database.session(&first.id).await.expect("read it"), Some(good.clone()));
    // An older token, another session's, another user's.
    let stolen = Session { user: theirs.id.clone(), ..exchanged("three") };
    for (changed, shown) in [
        (&exchanged("three"), &first.refresh_hash),
        (&exchanged("three"), &other.refresh_hash),
        (&stolen, &good.refresh_hash),
    ] {
        let answer = database.rotate_session(changed, shown).await.expect("exchange");
        assert_eq!(answer, Rotated::NotCurrent, "{shown}");
    }
    let ended = database.revoke_sessions(&ours.id, Some(&first.id), None, NOW_MS + 6).await;
    assert_eq!(ended.expect("end it"), 1);
    let answer = database.rotate_session(&exchanged("four"), &good.refresh_hash).await;
    assert_eq!(answer.expect("exchange"), Rotated::NotCurrent);
    assert_eq!(database.session(&other.id).await.expect("read theirs"), Some(other));
}

async fn sessions_end_one_or_all_but_one(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let sessions = [(); 4].map(|()| session(&ours));
    let ended = Session { expires_at_ms: NOW_MS + 1, ..session(&ours) };
    let other = session(&theirs);
    for new in sessions.iter().chain([&ended, &other]) {
        database.create_session(new).await.expect("make a session");
    }
    let [first, second, ..] = &sessions;
    for (user, only, except, count) in [
        (&theirs, Some(first), None, 0),
        (&ours, Some(first), None, 1),
        (&ours, Some(first), None, 0),
        (&ours, None, Some(second), 2),
        (&ours, None, Some(second), 0),
        (&ours, None, None, 1),
        (&ours, None, None, 0),
    ] {
        let (only, except) = (only.map(|only| &only.id), except.map(|except| &except.id));
        let ended = database.revoke_sessions(&user.id, only, except, NOW_MS + 2).await;
        assert_eq!(ended.expect("end sessions"), count);
    }
    for session in &sessions {
        let read = database.session(&session.id).await.expect("read it").expect("it is there");
        assert_eq!(read.revoked_at_ms, Some(NOW_MS + 2));
    }
    assert_eq!(database.sessions(&theirs.id, NOW_MS).await.expect("list theirs"), [other]);
}

async fn a_ticket_is_good_once_for_its_kind_until_its_end(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let all = [
        TicketKind::Setup,
        TicketKind::Invitation,
        TicketKind::VerifyEmail,
        TicketKind::ResetPassword,
    ];
    for kind in all {
        let new = ticket(&ours, kind);
        database.create_ticket(&new).await.expect("make a ticket");
        let other = ticket(&theirs, kind);
        database.create_ticket(&other).await.expect("make a ticket");
        let end_ms = new.expires_at_ms;
        for asked in all {
            for (now_ms, is_good) in [(end_ms - 1, asked == kind), (end_ms, false)] {
                let read = database.ticket(&new.hash, asked, now_ms).await.expect("read it");
                assert_eq!(read, is_good.then(|| new.clone()), "{kind:?} {asked:?} {now_ms}");
            }
            if asked != kind {
                let used = database.use_ticket(&new.hash, asked, NOW_MS).await.expect("use it");
                assert_eq!(used, None, "{kind:?} {asked:?}");
            }
        }
        let late = database.use_ticket(&new.hash, kind, end_ms).await.expect("use it too late");
        assert_eq!(late, None);
        let (one, two) = tokio::join!(
            database.use_ticket(&new.hash, kind, NOW_MS + 1),
            database.use_ticket(&new.hash, kind, NOW_MS + 1)
        );
        let (one, two) = (one.expect("use it"), two.expect("use it"));
        assert!(one.is_some() != two.is_some(), "{one:?} {two:?}");
        assert_eq!(one.or(two), Some(Ticket { used_at_ms: Some(NOW_MS + 1), ..new.clone() }));
        assert_eq!(database.ticket(&new.hash, kind, NOW_MS).await.expect("read it"), None);
        let read = database.ticket(&other.hash, kind, NOW_MS).await.expect("read theirs");
        assert_eq!(read, Some(other));
    }
    assert_eq!(database.ticket("", TicketKind::Setup, NOW_MS).await.expect("read none"), None);
}

async fn a_new_ticket_voids_those_of_its_kind_and_user(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let colleague = user(&ours.organisation);
    database.create_user(&colleague).await.expect("make a user");
    let kind = TicketKind::ResetPassword;
    let first = ticket(&ours, kind);
    let others =
        [ticket(&ours, TicketKind::VerifyEmail), ticket(&colleague, kind), ticket(&theirs, kind)];
    for new in others.iter().chain([&first]) {
        database.create_ticket(new).await.expect("make a ticket");
    }
    let (one, two) = (ticket(&ours, kind), ticket(&ours, kind));
    let (a, b) = tokio::join!(database.create_ticket(&one), database.create_ticket(&two));
    a.and(b).expect("make two tickets");
    let mut good = 0;
    for ticket in [&first, &one, &two] {
        let read = database.ticket(&ticket.hash, kind, NOW_MS).await.expect("read it");
        good += usize::from(read.is_some());
    }
    assert_eq!(good, 1, "the last one alone");
    for other in others {
        let read = database.ticket(&other.hash, other.kind, NOW_MS).await.expect("read it");
        assert_eq!(read, Some(other));
    }
    let mixed = Ticket { organisation: theirs.organisation, ..ticket(&ours, kind) };
    for wrong in [mixed, ticket(&user(&ours.organisation), kind)] {
        refused(database.create_ticket(&wrong).await, "there is no such user");
    }
}

async fn an_api_key_is_kept_as_it_is(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let full = ApiKey {
        user: Some(ours.id.clone()),
        name: "CI – 部署".to_owned(),
        role: Role::ReadOnly,
        scopes: vec![
            Scope::StreamsRead,
            Scope::StreamsWrite,
            Scope::UsersRead,
            Scope::UsersWrite,
            Scope::TokensSign,
            Scope::KeysWrite,
        ],
        created_at_ms: NOW_MS - 1,
        expires_at_ms: Some(NOW_MS + 1),
        last_used_ms: Some(NOW_MS + 2),
        revoked_at_ms: Some(NOW_MS + 3),
        ..api_key(&ours.organisation)
    };
    let (plain, other) = (api_key(&ours.organisation), api_key(&theirs.organisation));
    for new in [&plain, &full, &other] {
        database.create_api_key(new).await.expect("make an API key");
        let read = database.api_key_by_hash(&new.hash).await.expect("read it");
        assert_eq!(read.as_ref(), Some(new));
    }
    assert_eq!(database.api_key_by_hash("").await.expect("read none"), None);
    let listed = database.api_keys(&ours.organisation).await.expect("list API keys");
    assert_eq!(listed, [full, plain]);
    let listed = database.api_keys(&theirs.organisation).await.expect("list API keys");
    assert_eq!(listed, [other]);
    let nobody = user(&ours.organisation);
    for (organisation, user) in [
        (id(accounts::OrganisationId::new), None),
        (ours.organisation.clone(), Some(nobody.id)),
        (ours.organisation.clone(), Some(theirs.id)),
    ] {
        let wrong = ApiKey { user, ..api_key(&organisation) };
        let missing = "there is no such organisation or user";
        refused(database.create_api_key(&wrong).await, missing);
    }
}

async fn an_api_key_is_revoked_in_its_organisation_alone(database: &dyn Database) {
    let Users { ours, theirs }: Users = Users::new(database).await;
    let keys = [&ours, &ours, &theirs].map(|user: &User| api_key(&user.organisation));
    let [good, ended, other] = keys;
    let ended = ApiKey { expires_at_ms: Some(NOW_MS + 5), ..ended };
    for new in [&good, &ended, &other] {
        database.create_api_key(new).await.expect("make an API key");
    }
    for (at_ms, expected) in [(NOW_MS + 7, NOW_MS + 7), (NOW_MS + 3, NOW_MS + 7)] {
        database.touch_api_key(&good.id, at_ms).await.expect("note a use");
        let read = database.api_key_by_hash(&good.hash).await.expect("read it");
        assert_eq!(read, Some(ApiKey { last_used_ms: Some(expected), ..good.clone() }));
    }
    let nobody = id(ApiKeyId::new);
    for (organisation, id, is_revoked) in [
        (&theirs.organisation, &good.id, false),
        (&ours.organisation, &other.id, false),
        (&ours.organisation, &nobody, false),
        (&ours.organisation, &ended.id, false),
        (&ours.organisation, &good.id, true),
        (&ours.organisation, &good.id, false),
    ] {
        let revoked = database.revoke_api_key(organisation, id, NOW_MS + 9).await;
        assert_eq!(revoked.expect("revoke"), is_revoked, "{organisation} {id}");
    }
    let read = database.api_key_by_hash(&good.hash).await.expect("read it").expect("ours");
    assert_eq!(read.revoked_at_ms, Some(NOW_MS + 9));
    assert_eq!(database.api_key_by_hash(&other.hash).await.expect("read theirs"), Some(other));
}
