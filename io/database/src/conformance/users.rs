//! Users.

use accounts::{DeviceId, Role, Status, StreamObject, User, UserId, Verified};

use super::records::{
    api_key, device, id, session, stream, stream_key, ticket, user, verification,
};
use super::{NOW_MS, Two, Users, one_of, refused};
use crate::{Database, Page, StreamFilter};

const CHANGED: &str = "a user was changed or deleted by somebody else";
const TAKEN: &str = "a user of this name is there already";

pub(super) async fn all(database: &dyn Database) {
    a_user_is_kept_as_it_is(database).await;
    an_address_is_one_users_in_whatever_organisation(database).await;
    a_change_is_made_to_what_was_read(database).await;
    users_are_listed_by_organisation(database).await;
    a_zero_in_a_text_is_kept_as_a_sign_for_it(database).await;
    a_user_goes_with_all_but_streams(database).await;
    an_organisation_with_an_owner_keeps_one(database).await;
}

/// A user with everything that one may have.
fn full(plain: &User) -> User {
    User {
        name: "Ånna \"A\" O'Hara 安娜 🎬".to_owned(),
        role: Role::ReadOnly,
        status: Status::Disabled,
        password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        email_verified_at_ms: Some(NOW_MS - 1),
        failed_logins: u32::MAX,
        locked_until_ms: Some(i64::MAX),
        devices_max: Some(0),
        streams_max: Some(u32::MAX),
        created_at_ms: i64::MIN,
        ..plain.clone()
    }
}

async fn a_user_is_kept_as_it_is(database: &dyn Database) {
    let two = Two::new(database).await;
    assert_eq!(database.user(&id(UserId::new)).await.expect("read none"), None);
    assert_eq!(database.user_by_email("nobody@example.org").await.expect("read none"), None);
    let rejected = Verified::Rejected { reason: "The \"photo\" is\ndark".to_owned() };
    let all_of = User { verified: rejected, ..full(&user(&two.ours)) };
    let statuses = [Status::Invited, Status::Active, Status::Disabled].into_iter().cycle();
    let roles = Role::ALL.into_iter().zip(statuses);
    let plain = roles.map(|(role, status)| User { role, status, ..user(&two.theirs) });
    for new in std::iter::once(all_of).chain(plain) {
        database.create_user(&new).await.expect("make a user");
        assert_eq!(database.user(&new.id).await.expect("read it").as_ref(), Some(&new));
        assert_eq!(database.user_by_email(&new.email).await.expect("read it"), Some(new));
    }
    let nobody = user(&id(accounts::OrganisationId::new));
    refused(database.create_user(&nobody).await, "there is no such organisation");
}

async fn an_address_is_one_users_in_whatever_organisation(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let same = User { email: ours.email.clone(), ..user(&theirs.organisation) };
    refused(database.create_user(&same).await, TAKEN);
    let changed = User { email: ours.email.clone(), ..theirs.clone() };
    refused(database.update_user(&changed).await, TAKEN);
    assert_eq!(database.user(&theirs.id).await.expect("read theirs"), Some(theirs.clone()));
    assert_eq!(database.user_by_email(&ours.email).await.expect("read ours"), Some(ours.clone()));
    let new = [&ours, &theirs]
        .map(|of| User { email: format!("race-{}", ours.email), ..user(&of.organisation) });
    let [one, other] = &new;
    let answers = tokio::join!(database.create_user(one), database.create_user(other));
    refused(one_of(answers).1, TAKEN);
}

async fn a_change_is_made_to_what_was_read(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let full = User { email: format!("new-{}", ours.email), ..full(&ours) };
    let named = User { name: "B".into(), ..ours.clone() };
    let answers = tokio::join!(database.update_user(&full), database.update_user(&named));
    let (made, not) = one_of(answers);
    refused(not, CHANGED);
    assert_eq!(made.version, 2);
    let again = User { version: 2, created_at_ms: NOW_MS, ..full.clone() };
    let made = database.update_user(&again).await.expect("change it again");
    assert_eq!(made, User { version: 3, ..again });
    assert_eq!(database.user(&ours.id).await.expect("read it"), Some(made.clone()));
    let moved = User { organisation: theirs.organisation.clone(), ..made.clone() };
    refused(database.update_user(&moved).await, CHANGED);
    let verified = User { verified: Verified::Verified, ..made };
    let made = database.update_user(&verified).await.expect("change it");
    assert_eq!(made.verified, Verified::Unverified, "only verifications say so");
    assert_eq!(database.user(&ours.id).await.expect("read it"), Some(made));
    assert_eq!(database.user(&theirs.id).await.expect("read theirs"), Some(theirs));
}

async fn users_are_listed_by_organisation(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let mut all = vec![ours.clone()];
    for at_ms in [NOW_MS + 9, NOW_MS + 2, NOW_MS + 5] {
        let new = User {
            id: UserId::new(at_ms, [0; 10].map(|_: u8| u8::try_from(all.len()).expect("few"))),
            ..user(&ours.organisation)
        };
        database.create_user(&new).await.expect("make a user");
        all.push(new);
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let listed = database.users(&ours.organisation, &Page::ALL).await.expect("list users");
    assert_eq!(listed, all);
    let page = Page { after: all.get(1).map(|user| user.id.to_string()), limit: 1 };
    let listed = database.users(&ours.organisation, &page).await.expect("list users");
    assert_eq!(listed, all.get(2..3).expect("four"));
    let listed = database.users(&theirs.organisation, &Page::ALL).await.expect("list users");
    assert_eq!(listed, [theirs]);
}

async fn a_zero_in_a_text_is_kept_as_a_sign_for_it(database: &dyn Database) {
    let Users { ours, .. } = Users::new(database).await;
    let nobody = format!("{}\0", ours.email);
    assert_eq!(database.user_by_email(&nobody).await.expect("read none"), None);
    let changed = User { name: "A\0B".to_owned(), ..ours.clone() };
    let made = database.update_user(&changed).await.expect("change it");
    assert_eq!(made.name, "A\u{FFFD}B");
    assert_eq!(database.user(&ours.id).await.expect("read it"), Some(made));
}

async fn a_user_goes_with_all_but_streams(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let mut streams = Vec::new();
    for (user, text) in [(&ours, "leave/ours"), (&theirs, "leave/theirs")] {
        let owner = Some(user.id.clone());
        let stream = StreamObject { owner, ..stream(&user.organisation, text) };
        database.create_stream(&stream).await.expect("make a stream");
        streams.push(stream.clone());
        let device = device(user);
        database.create_device(&device, 9).await.expect("make a device");
        database.create_session(&session(user)).await.expect("make a session");
        let ticket = ticket(user, accounts::TicketKind::VerifyEmail);
        database.create_ticket(&ticket).await.expect("make a ticket");
        let api_key =
            accounts::ApiKey { user: Some(user.id.clone()), ..api_key(&user.organisation) };
        database.create_api_key(&api_key).await.expect("make an API key");
        let verification = verification(user);
        database.create_verification(&verification).await.expect("make a verification");
        for (user, device) in
            [(Some(&user.id), None), (None, Some(&device.id)), (None, None::<&DeviceId>)]
        {
            let key = accounts::StreamKeyRecord {
                user: user.cloned(),
                device: device.cloned(),
                ..stream_key(&stream)
            };
            database.create_stream_key(&key).await.expect("make a key");
        }
    }
    assert!(database.delete_user(&ours.id, NOW_MS + 5).await.expect("delete a user"));
    assert!(!database.delete_user(&ours.id, NOW_MS + 5).await.expect("delete it again"));
    assert_eq!(database.user(&ours.id).await.expect("read it"), None);
    for (user, stream, left, revoked) in
        [(&ours, streams.first(), 0, 2), (&theirs, streams.last(), 1, 0)]
    {
        let stream = stream.expect("two streams");
        let organisation = &user.organisation;
        let users = database.users(organisation, &Page::ALL).await.expect("list users");
        let devices = database.devices(organisation, None, &Page::ALL).await.expect("devices");
        let sessions = database.sessions(&user.id, NOW_MS).await.expect("list sessions");
        let api_keys = database.api_keys(organisation).await.expect("list API keys");
        let verifications = database.verifications(organisation, None, false).await;
        let found = [
            users.len(),
            devices.len(),
            sessions.len(),
            api_keys.len(),
            verifications.expect("list verifications").len(),
        ];
        assert_eq!(found, [left; 5]);
        let keys = database.stream_keys(&stream.name).await.expect("list keys");
        assert_eq!(keys.len(), 3);
        let gone = keys.iter().filter(|key| key.revoked_at_ms == Some(NOW_MS + 5)).count();
        assert_eq!(gone, revoked, "{keys:?}");
        let own = StreamFilter {
            organisation: None,
            owner: Some(user.id.clone()),
            ..StreamFilter::default()
        };
        let own = database.streams(&own, &Page::ALL).await.expect("list streams");
        assert_eq!(own.len(), left);
        let read = database.stream(&stream.name).await.expect("read a stream");
        let read = read.expect("the stream stays");
        assert_eq!(read.owner.is_some(), left > 0);
        assert_eq!(read.version, if left > 0 { 1 } else { 2 });
    }
}

async fn an_organisation_with_an_owner_keeps_one(database: &dyn Database) {
    const LAST: &str = "the last owner of an organisation stays its owner";
    let two = Two::new(database).await;
    let owner = |organisation| User { role: Role::Owner, ..user(organisation) };
    let (ann, ben, theirs) = (owner(&two.ours), owner(&two.ours), owner(&two.theirs));
    let invited = User { status: Status::Invited, ..owner(&two.ours) };
    for new in [&ann, &theirs, &invited] {
        database.create_user(new).await.expect("make an owner");
    }
    let operator = |user: &User| User { role: Role::Operator, ..user.clone() };
    let disabled = |user: &User| User { status: Status::Disabled, ..user.clone() };
    for changed in [operator(&ann), disabled(&ann)] {
        refused(database.update_user(&changed).await, LAST);
    }
    refused(database.delete_user(&ann.id, NOW_MS).await, LAST);
    assert_eq!(database.user(&ann.id).await.expect("read it"), Some(ann.clone()));
    let renamed = User { name: "Ann".to_owned(), ..ann };
    let ann = database.update_user(&renamed).await.expect("rename the last owner");
    assert!(database.delete_user(&invited.id, NOW_MS).await.expect("delete who never came"));

    database.create_user(&ben).await.expect("make another owner");
    let (no_ann, no_ben) = (operator(&ann), disabled(&ben));
    let (first, second) =
        tokio::join!(database.update_user(&no_ann), database.update_user(&no_ben));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let (left, gone, lost) = if first.is_ok() { (ben, ann, second) } else { (ann, ben, first) };
    refused(lost, LAST);
    refused(database.update_user(&operator(&gone)).await, CHANGED);
    let version = gone.version + 1;
    let again = User { version, ..gone };
    database.update_user(&again).await.expect("make an owner again");
    let (first, second) = tokio::join!(
        database.delete_user(&left.id, NOW_MS),
        database.delete_user(&again.id, NOW_MS)
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    refused(if first.is_ok() { second } else { first }, LAST);
    let read = database.user(&theirs.id).await.expect("read theirs");
    assert_eq!(read, Some(theirs));
}
