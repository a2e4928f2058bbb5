//! Verifications of users of two organisations.

use accounts::Role;

use super::*;
use crate::world::{World, outcome};

fn pdf(text: &str) -> Document {
    Document { name: "passport.pdf".to_owned(), bytes: format!("%PDF-{text}").into() }
}

async fn submitted(world: &World) -> Verification {
    let actor = world.a.actor(Role::Streamer);
    world.service.submit_verification(&actor, vec![pdf("front"), pdf("back")]).await.unwrap()
}

#[tokio::test]
async fn evidence_is_read_by_who_handed_it_in_and_who_reviews_and_by_no_other() {
    let world = World::new().await;
    let verification = submitted(&world).await;
    let read = |actor: Actor, number| {
        let (service, id) = (&world.service, verification.id.clone());
        async move { outcome(service.evidence(&actor, &id, number).await) }
    };
    let expected = [
        (Role::Owner, "done"),
        (Role::Operator, "done"),
        (Role::Streamer, "done"),
        (Role::Viewer, "not found"),
        (Role::ReadOnly, "not found"),
    ];
    for (role, own) in expected {
        assert_eq!(read(world.a.actor(role), 1).await, own, "{role:?}");
        assert_eq!(read(world.b.actor(role), 1).await, "not found", "{role:?}");
    }
    assert_eq!(read(Actor::Local, 2).await, "not found");
    let (evidence, bytes) =
        world.service.evidence(&Actor::Local, &verification.id, 0).await.unwrap();
    assert_eq!((evidence.content_type.as_str(), bytes), ("application/pdf", "%PDF-front".into()));
    assert_eq!(evidence.bytes, 10);
}

#[tokio::test]
async fn the_store_has_nothing_that_anybody_can_read() {
    let world = World::new().await;
    let verification = submitted(&world).await;
    let kept = world.evidence.all();
    assert_eq!(kept.len(), 2);
    for (name, bytes) in &kept {
        assert!(!bytes.windows(5).any(|window| window == b"%PDF-"), "{name}");
        assert!(timeline::ObjectKey::parse(&name.path()).is_err(), "{name}");
    }
    // Documents that were exchanged in the store are not given.
    use store::PrivateStore as _;
    world.evidence.put_private(&kept[0].0, kept[1].1.clone()).await.unwrap();
    let read = world.service.evidence(&Actor::Local, &verification.id, 0).await;
    assert!(outcome(read).ends_with("is not what was handed in"));
}

#[tokio::test]
async fn an_operator_of_the_organisation_decides_and_nobody_about_oneself() {
    let world = World::new().await;
    let verification = submitted(&world).await;
    let id = &verification.id;
    assert_eq!(world.user(Role::Streamer).await.verified, Verified::Pending);
    let review = |actor: Actor, verdict| {
        let service = &world.service;
        async move { outcome(service.review_verification(&actor, id, verdict).await) }
    };
    for role in Role::ALL {
        let foreign = review(world.b.actor(role), Verdict::Verified).await;
        assert_eq!(foreign, "not found", "{role:?}");
    }
    for role in [Role::Streamer, Role::Viewer, Role::ReadOnly] {
        assert_eq!(review(world.a.actor(role), Verdict::Verified).await, "forbidden", "{role:?}");
    }
    assert_eq!(world.user(Role::Streamer).await.verified, Verified::Pending);
    let operator = world.a.actor(Role::Operator);
    let unsaid = review(operator.clone(), Verdict::Rejected(" ".to_owned())).await;
    assert_eq!(unsaid, "the user is told why: say it");
    let verdict = Verdict::Rejected("too dark".to_owned());
    assert_eq!(review(operator.clone(), verdict).await, "done");
    let rejected = Verified::Rejected { reason: "too dark".to_owned() };
    assert_eq!(world.user(Role::Streamer).await.verified, rejected);
    let kept = world.database.verification(id).await.unwrap().unwrap();
    assert_eq!(kept.decided_by, Some(world.a.user(Role::Operator).id.to_string()));
    assert_eq!(review(Actor::Local, Verdict::Verified).await, "done");
    assert_eq!(world.user(Role::Streamer).await.verified, Verified::Verified);
    let own = world.service.submit_verification(&operator, vec![pdf("mine")]).await.unwrap();
    let decided = world.service.review_verification(&operator, &own.id, Verdict::Verified).await;
    assert_eq!(outcome(decided), "another operator has to look at your documents");
}

#[tokio::test]
async fn documents_are_handed_in_once_and_in_forms_that_can_be_looked_at() {
    let world = World::new().await;
    let actor = world.a.actor(Role::Viewer);
    let submit = |documents| {
        let (service, actor) = (&world.service, &actor);
        async move { outcome(service.submit_verification(actor, documents).await) }
    };
    let named = |name: &str, bytes: &'static [u8]| Document {
        name: name.to_owned(),
        bytes: Bytes::from_static(bytes),
    };
    let forms = "a document is a PDF, a JPEG or a PNG";
    assert_eq!(submit(vec![]).await, "hand in 1 to 5 documents");
    assert_eq!(submit(vec![pdf("a"); 6]).await, "hand in 1 to 5 documents");
    assert_eq!(submit(vec![named("a.pdf", b"<html>")]).await, forms);
    assert_eq!(submit(vec![named("a.svg", b"<svg xmlns=")]).await, forms);
    let large = Document { name: "a".to_owned(), bytes: vec![0; FILE_BYTES_MAX + 1].into() };
    assert_eq!(
        submit(vec![large]).await,
        "a document has 10485761 bytes; at most 10485760 are taken"
    );
    let name = submit(vec![named("a\nb", b"%PDF-")]).await;
    assert_eq!(name, "the file's name has characters in it that cannot be shown");
    assert!(world.evidence.all().is_empty());
    assert_eq!(submit(vec![named("a.png", b"\x89PNG\r\n\x1A\n")]).await, "done");
    assert_eq!(
        submit(vec![pdf("a")]).await,
        "your documents are here already, and an operator will look"
    );
    let program = world.service.submit_verification(&Actor::Local, vec![pdf("a")]).await;
    assert_eq!(outcome(program), "documents are handed in by whom they are about");
}

#[tokio::test]
async fn verifications_are_listed_for_reviewers_and_for_whom_they_are_about() {
    let world = World::new().await;
    submitted(&world).await;
    let viewer = world.a.actor(Role::Viewer);
    world.service.submit_verification(&viewer, vec![pdf("v")]).await.unwrap();
    let list = |actor: Actor| {
        let (service, id) = (&world.service, &world.a.id);
        async move {
            match service.verifications(&actor, id, true).await {
                Ok(them) => them.len().to_string(),
                Err(error) => outcome::<()>(Err(error)),
            }
        }
    };
    assert_eq!(list(world.a.actor(Role::Operator)).await, "2");
    assert_eq!(list(world.a.actor(Role::Streamer)).await, "1");
    assert_eq!(list(world.b.actor(Role::Owner)).await, "not found");
}

#[tokio::test]
async fn documents_go_with_the_user_who_handed_them_in_and_no_others() {
    let world = World::new().await;
    submitted(&world).await;
    let theirs = world.b.actor(Role::Streamer);
    let kept = world.service.submit_verification(&theirs, vec![pdf("theirs")]).await.unwrap();
    assert_eq!(world.evidence.all().len(), 3);
    let streamer = world.a.user(Role::Streamer).id.clone();
    let foreign = world.service.delete_user(&world.b.actor(Role::Owner), &streamer).await;
    assert_eq!(outcome(foreign), "not found");
    assert_eq!(world.evidence.all().len(), 3);
    world.service.delete_user(&world.a.actor(Role::Owner), &streamer).await.unwrap();
    let left: Vec<_> = world.evidence.all().into_iter().map(|(name, _)| name.path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].contains(&kept.id.to_string()), "{left:?}");
    world.service.evidence(&Actor::Local, &kept.id, 0).await.unwrap();
}
