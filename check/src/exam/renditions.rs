//! The media playlists that a multivariant playlist lists, all followed at once.

use std::sync::Arc;

use hls::read::MultivariantPlaylist;
use tokio::task::JoinSet;
use url::Url;

use super::desk::Desk;
use super::edges;
use super::follow::{Followed, Follower};

/// More are not followed: no presentation for people has so many, and each costs a connection.
const RENDITIONS_MAX: usize = 64;

/// Follows every media playlist that is listed, in the order of their first mention.
pub(super) async fn follow_all(
    desk: &Arc<Desk>,
    base: &Url,
    listed: &MultivariantPlaylist,
) -> Vec<Followed> {
    let urls = urls(base, listed);
    desk.progress(|state| state.renditions = u64::try_from(urls.len()).unwrap_or(u64::MAX));
    let also = match &desk.options.also {
        Some(also) => edges::others(desk, also, &urls, self::urls).await,
        None => vec![None; urls.len()],
    };
    let all: Vec<_> = urls.iter().map(|(_, url)| url.clone()).collect();
    let mut tasks = JoinSet::new();
    for (index, ((uri, url), also)) in urls.into_iter().zip(also).enumerate() {
        let others = all.iter().filter(|other| **other != url).cloned().collect();
        let follower = Follower::new(Arc::clone(desk), url, uri, false);
        let follower = follower.beside(others).also(also);
        tasks.spawn(async move { (index, follower.run(None).await) });
    }
    let mut followed = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((index, one)) => followed.extend(one.map(|one| (index, one))),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Nobody aborts them.
            Err(_) => {}
        }
    }
    followed.sort_by_key(|(index, _)| *index);
    followed.into_iter().map(|(_, one)| one).collect()
}

/// Each URI once, as it is written, and where it leads.
pub(super) fn urls(base: &Url, listed: &MultivariantPlaylist) -> Vec<(String, Url)> {
    let variants = listed.variants.iter().map(|variant| variant.uri.as_str());
    let others = listed.alternatives.iter().filter_map(|other| other.uri.as_deref());
    let mut urls: Vec<(String, Url)> = Vec::new();
    for uri in variants.chain(others) {
        // One that is no URI is a fault of how the playlist is written.
        let Ok(url) = base.join(uri) else { continue };
        if urls.len() < RENDITIONS_MAX && urls.iter().all(|(_, known)| *known != url) {
            urls.push((uri.split('?').next().unwrap_or_default().to_owned(), url));
        }
    }
    urls
}
