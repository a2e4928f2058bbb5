//! Who may do what: every role and every method, in the own organisation and in another one.

use accounts::{OrganisationId, Role, User};
use database::Page;
use runtime::Secret;

use crate::testing::{Bench, PASSWORD, from};
use crate::{Actor, NewApiKey, NewUser, ServiceError, UserChange};

/// A method, and what becomes of it when the owner, operator, streamer, viewer and read-only one of
/// the organisation ask: `+` for yes, `-` for what the role may not.
const METHODS: [(&str, &str); 23] = [
    ("organisation", "+++++"),
    ("rename_organisation", "+----"),
    ("delete_organisation", "+----"),
    ("create_user", "-----"),
    ("user", "++--+"),
    ("users", "++--+"),
    ("invite an owner", "+----"),
    ("invite an operator", "++---"),
    ("invite a viewer", "++---"),
    ("invite_again an owner", "+----"),
    ("invite_again a viewer", "++---"),
    ("update_user an owner", "+----"),
    ("update_user a viewer", "++---"),
    ("update_user to owner", "+----"),
    ("delete_user an owner", "+----"),
    ("delete_user a viewer", "++---"),
    ("sign_out_user an owner", "+----"),
    ("sign_out_user a viewer", "++---"),
    ("sessions", "++---"),
    ("set_password", "-----"),
    ("create_api_key of a viewer", "++++-"),
    ("create_api_key of an operator", "++---"),
    ("revoke_api_key of another one", "++---"),
];

#[tokio::test]
async fn each_role_may_what_the_table_says_and_nobody_may_anything_elsewhere() {
    let bench = Bench::new().await;
    let keeper = bench.user(&bench.a, "keeper", Role::Owner).await;
    for (method, roles) in METHODS {
        for (at, (role, expected)) in Role::ALL.into_iter().zip(roles.chars()).enumerate() {
            let name = format!("{}{at}", method.replace(' ', "-"));
            let own = bench.actor(&bench.a, &name, role).await;
            let other = bench.actor(&bench.b, &name, role).await;
            // Only the one whose organisation it is may find that there is something.
            let asked = ask(&bench, &other, method).await;
            let is_hidden = matches!(asked, Err(ServiceError::NotFound))
                || (is_local(method) && matches!(asked, Err(ServiceError::Forbidden { .. })));
            assert!(is_hidden, "{method} {role:?} of another organisation: {asked:?}");
            let allowed = ask(&bench, &own, method).await;
            match expected {
                '+' => assert!(allowed.is_ok(), "{method} {role:?}: {allowed:?}"),
                _ => assert!(
                    matches!(allowed, Err(ServiceError::Forbidden { .. })),
                    "{method} {role:?}: {allowed:?}"
                ),
            }
            let program = Actor::Program {
                organisation: bench.b.clone(),
                user: None,
                role: Role::Owner,
                scopes: Vec::new(),
            };
            let asked = ask(&bench, &program, method).await;
            assert!(asked.is_err(), "{method} of another organisation's program");
        }
        let allowed = ask(&bench, &Actor::Local, method).await;
        assert!(allowed.is_ok(), "{method} of the command line: {allowed:?}");
    }
    assert!(bench.service.user(&Actor::Local, &keeper.id).await.is_ok());
}

/// What the command line alone may is refused to everybody alike.
fn is_local(method: &str) -> bool {
    ["create_user", "set_password"].contains(&method)
}

/// Asks for one thing, about somebody or something of organisation `a` that is new each time.
async fn ask(bench: &Bench, actor: &Actor, method: &str) -> Result<(), ServiceError> {
    let service = &bench.service;
    let unique = crate::secrets::new_secret("").unwrap().reveal().to_owned();
    let email = format!("{unique}@a.example");
    let (password, page) = (Secret::new(PASSWORD), Page::ALL);
    let invited = |role| NewUser { email: email.clone(), name: "x".to_owned(), role };
    let role = if method.contains("an owner") { Role::Owner } else { Role::Viewer };
    let target = match method.starts_with("invite_again") {
        true => service.invite(&Actor::Local, &bench.a, &invited(role)).await?.user,
        false => stranger(bench, role).await,
    };
    bench.clock.advance(std::time::Duration::from_secs(1));
    let renamed = UserChange { name: Some("other".to_owned()), ..UserChange::default() };
    match method.split(' ').next().unwrap() {
        "organisation" => service.organisation(actor, &bench.a).await.map(drop),
        "rename_organisation" => {
            service.rename_organisation(actor, &bench.a, &unique, None).await.map(drop)
        }
        "delete_organisation" => {
            let id = doomed(bench, &unique).await;
            let moved = match actor {
                Actor::User { organisation, user, role } if *organisation == bench.a => {
                    Actor::User { organisation: id.clone(), user: user.clone(), role: *role }
                }
                Actor::Local | Actor::User { .. } | Actor::Program { .. } => actor.clone(),
            };
            service.delete_organisation(&moved, &id).await
        }
        "create_user" => {
            let new = invited(Role::Viewer);
            service.create_user(actor, &bench.a, &new, &password).await.map(drop)
        }
        "user" => service.user(actor, &target.id).await.map(drop),
        "users" => service.users(actor, &bench.a, &page).await.map(drop),
        "invite" => {
            let role = if method.ends_with("operator") { Role::Operator } else { role };
            service.invite(actor, &bench.a, &invited(role)).await.map(drop)
        }
        "invite_again" => service.invite_again(actor, &target.id).await.map(drop),
        "update_user" => {
            let role = method.ends_with("to owner").then_some(Role::Owner);
            let change = UserChange { role, ..renamed };
            service.update_user(actor, &target.id, &change).await.map(drop)
        }
        "delete_user" => service.delete_user(actor, &target.id).await,
        "sign_out_user" => service.sign_out_user(actor, &target.id).await.map(drop),
        "sessions" => service.sessions(actor, &target.id).await.map(drop),
        "set_password" => service.set_password(actor, &target.id, &password).await,
        "create_api_key" => {
            let role = if method.ends_with("operator") { Role::Operator } else { role };
            let new = key(role);
            service.create_api_key(actor, &bench.a, &new).await.map(drop)
        }
        "revoke_api_key" => {
            let made = service.create_api_key(&Actor::Local, &bench.a, &key(role)).await?;
            match service.revoke_api_key(actor, &bench.a, &made.0.id).await {
                // Whoever does not see a key of the own organisation is told no more.
                Err(ServiceError::NotFound) if actor.organisation() == Some(&bench.a) => {
                    Err(ServiceError::Forbidden { permission: accounts::Permission::ManageKeys })
                }
                other => other,
            }
        }
        other => panic!("what is {other}?"),
    }
}

/// A new user of organisation `a`.
async fn stranger(bench: &Bench, role: Role) -> User {
    let random: [u8; 10] = crate::secrets::random().unwrap();
    let name = accounts::UserId::new(0, random).to_string();
    bench.user(&bench.a, &name, role).await
}

async fn doomed(bench: &Bench, name: &str) -> OrganisationId {
    bench.service.create_organisation(&Actor::Local, name).await.unwrap().id
}

fn key(role: Role) -> NewApiKey {
    NewApiKey { name: "robot".to_owned(), role, scopes: Vec::new(), expires_at_ms: None }
}

#[tokio::test]
async fn everybody_does_with_the_own_account_what_is_everybodys() {
    let bench = Bench::new().await;
    let service = &bench.service;
    for role in Role::ALL {
        for organisation in [&bench.a, &bench.b] {
            let user = bench.user(organisation, role.name(), role).await;
            let actor = crate::testing::as_actor(&user);
            assert_eq!(service.user(&actor, &user.id).await.unwrap().email, user.email);
            assert_eq!(service.rename_self(&actor, "Zoë").await.unwrap().name, "Zoë");
            let (old, new) = (Secret::new(PASSWORD), Secret::new("another good one"));
            let caller = from("192.0.2.1");
            service.change_password(&actor, &old, &new, &caller).await.unwrap();
            assert_eq!(service.sessions(&actor, &user.id).await.unwrap().len(), 1, "{role:?}");
            assert_eq!(service.sign_out_user(&actor, &user.id).await.unwrap(), 1, "{role:?}");
            service.send_verification(&actor).await.unwrap();
            let seen = service.organisations(&actor).await.unwrap();
            let names: Vec<_> = seen.iter().map(|seen| &seen.id).collect();
            assert_eq!(names, [organisation], "{role:?}");
        }
    }
    assert_eq!(service.organisations(&Actor::Local).await.unwrap().len(), 2);
}
