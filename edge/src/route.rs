//! What a path names: a page of the console, or something that the origin has.

use bytes::Bytes;
use console::Asset;
use origin::{CacheControl, Document};
use timeline::{Resource, ResourceError, StreamName};

/// What a path names.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// The start page.
    Home,
    /// The page that plays a stream, whether it is live or not: it says so itself.
    Watch(StreamName),
    /// A page for who has an account, or is to have one. What its link brings along stands behind
    /// a number sign, which browsers send to nobody.
    Account(&'static Asset),
    /// A file of the pages.
    Asset(&'static Asset),
    /// Something of a stream.
    Media(Resource),
}

/// Reads a path and its query.
///
/// # Errors
///
/// When it names nothing that could ever be served.
pub(crate) fn route(path: &str, query: &str) -> Result<Route, ResourceError> {
    if path == "/" {
        return Ok(Route::Home);
    }
    if let Some(stream) = path.strip_prefix("/watch/") {
        return Ok(StreamName::parse(stream).map(Route::Watch)?);
    }
    if path == "/pair" {
        return Ok(Route::Account(console::pair_page()));
    }
    if ERRANDS.contains(&path) {
        return Ok(Route::Account(console::account_page()));
    }
    // A file at the root, as browsers look for `/favicon.ico`; a stream's path has two names.
    let is_at_root = path.rfind('/') == Some(0);
    if is_at_root || path.starts_with("/assets/") {
        return console::asset(path).map(Route::Asset).ok_or(ResourceError::Form);
    }
    Resource::parse(path, query).map(Route::Media)
}

/// What people come to the account's page for.
const ERRANDS: [&str; 6] = [
    "/account",
    "/account/sign-in",
    "/account/setup",
    "/account/invitation",
    "/account/verify",
    "/account/reset",
];

/// A file of the pages as a document. Pages are asked for anew each time, which costs a 304: one
/// that outlives an upgrade would name scripts that are gone.
pub(crate) fn document(asset: &Asset) -> Document {
    Document {
        body: Bytes::from_static(asset.bytes).into(),
        gzip: asset.gzip.map(|gzip| Bytes::from_static(gzip).into()),
        content_type: asset.content_type,
        cache_control: if asset.immutable {
            CacheControl::Immutable
        } else {
            CacheControl::Seconds(0)
        },
        etag: asset.etag.trim_matches('"').into(),
    }
}
