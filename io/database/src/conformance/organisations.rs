//! Organisations.

use accounts::{Organisation, OrganisationId};

use super::records::{id, organisation, stream, template, trusted_key};
use super::{NOW_MS, Two, refused};
use crate::{Database, Page, StreamFilter};

pub(super) async fn all(database: &dyn Database) {
    an_organisation_is_kept_as_it_is(database).await;
    no_two_have_one_name(database).await;
    of_two_changes_at_the_same_time_one_is_made(database).await;
    one_with_streams_stays(database).await;
    one_goes_with_all_that_it_has_and_nothing_of_another(database).await;
}

async fn an_organisation_is_kept_as_it_is(database: &dyn Database) {
    let nobody = id(OrganisationId::new);
    assert_eq!(database.organisation(&nobody).await.expect("read one"), None);
    let later = Organisation { created_at_ms: NOW_MS + 1, ..organisation() };
    let first =
        Organisation { name: "Ünïcode 'quoted' 播放 🎬".to_owned(), ..organisation() };
    for new in [&later, &first] {
        database.create_organisation(new).await.expect("make one");
        let read = database.organisation(&new.id).await.expect("read one");
        assert_eq!(read.as_ref(), Some(new));
    }
    let all = database.organisations().await.expect("read all");
    let place = |of: &Organisation| all.iter().position(|one| one == of).expect("it is listed");
    assert!(place(&first) < place(&later), "the oldest is first");
}

async fn no_two_have_one_name(database: &dyn Database) {
    let two = Two::new(database).await;
    let ours = database.organisation(&two.ours).await.expect("read one").expect("ours");
    let theirs = database.organisation(&two.theirs).await.expect("read one").expect("theirs");
    let taken = "an organisation of this name is there already";
    let same = Organisation { name: ours.name.clone(), ..organisation() };
    refused(database.create_organisation(&same).await, taken);
    let renamed = Organisation { name: ours.name.clone(), ..theirs.clone() };
    refused(database.update_organisation(&renamed).await, taken);
    assert_eq!(database.organisation(&two.theirs).await.expect("read one"), Some(theirs));
}

async fn of_two_changes_at_the_same_time_one_is_made(database: &dyn Database) {
    let two = Two::new(database).await;
    let ours = database.organisation(&two.ours).await.expect("read one").expect("ours");
    let change = |name: &str| Organisation { name: format!("{name} {}", ours.id), ..ours.clone() };
    let (one, other) = (change("One"), change("Other"));
    let (first, second) =
        tokio::join!(database.update_organisation(&one), database.update_organisation(&other));
    let (made, not) = if first.is_ok() { (first, second) } else { (second, first) };
    let made = made.expect("one is made");
    assert_eq!(made.version, 2);
    refused(not, "an organisation was changed or deleted by somebody else");
    assert_eq!(database.organisation(&two.ours).await.expect("read one"), Some(made));
    let theirs = database.organisation(&two.theirs).await.expect("read one").expect("theirs");
    assert_eq!(theirs.version, 1);
    let nobody = organisation();
    let gone = "an organisation was changed or deleted by somebody else";
    refused(database.update_organisation(&nobody).await, gone);
}

async fn one_with_streams_stays(database: &dyn Database) {
    let two = Two::new(database).await;
    let name = format!("live/{}", two.ours);
    database.create_stream(&stream(&two.ours, &name)).await.expect("make a stream");
    refused(database.delete_organisation(&two.ours).await, "its streams still need it");
    assert!(database.organisation(&two.ours).await.expect("read one").is_some());
    assert!(database.delete_organisation(&two.theirs).await.expect("delete theirs"));
}

async fn one_goes_with_all_that_it_has_and_nothing_of_another(database: &dyn Database) {
    let two = Two::new(database).await;
    for organisation in [&two.ours, &two.theirs] {
        let template = template(organisation, "news");
        database.create_template(&template).await.expect("make a template");
        let key = trusted_key(Some(organisation));
        database.create_trusted_key(&key).await.expect("keep a key");
    }
    let name = format!("live/{}", two.theirs);
    database.create_stream(&stream(&two.theirs, &name)).await.expect("make a stream");
    assert!(database.delete_organisation(&two.ours).await.expect("delete one"));
    assert!(!database.delete_organisation(&two.ours).await.expect("delete one again"));
    for (organisation, left) in [(&two.ours, 0), (&two.theirs, 1)] {
        let filter = StreamFilter {
            organisation: Some(organisation.clone()),
            owner: None,
            ..StreamFilter::default()
        };
        let streams = database.streams(&filter, &Page::ALL).await.expect("list streams");
        let templates = database.templates(organisation).await.expect("list templates");
        let keys = database.trusted_keys(Some(organisation)).await.expect("list keys");
        let found = [streams.len(), templates.len(), keys.len()];
        assert_eq!(found, [left; 3]);
    }
}
