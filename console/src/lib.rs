//! The web console's pages and the player, as constants of the program.
//!
//! Floor 3. The pages are written in TypeScript below `web/`; `cargo xtask console` builds them
//! with npm, and this crate's build script puts the result into a table. They ask nothing of any
//! other server than the one they came from, and hold no inline script or style, so that a strict
//! content security policy fits them.
//!
//! ```
//! let page = console::watch_page();
//! assert_eq!(page.content_type, "text/html; charset=utf-8");
//! assert!(console::asset("/assets/no-such-file.js").is_none());
//! ```

/// A file of the pages, with all that an HTTP answer needs to say of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Where pages look for it, from the root: `/assets/watch.0123456789ab.js`.
    pub path: &'static str,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file compressed with gzip, where that is worth it.
    pub gzip: Option<&'static [u8]>,
    /// A strong validator of `bytes` (RFC 9110, 8.8.3), in its quotes.
    pub etag: &'static str,
    /// Whether `path` never stands for other bytes, so that it may be kept for ever.
    pub immutable: bool,
}

/// The file at `path`, which begins with `/`. Pages are none of them: their addresses are the
/// server's to choose.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The page that plays a stream: one for all, it reads from its address `/watch/{app}/{stream}`
/// which stream that is, and takes a token that stands before it along.
#[must_use]
pub fn watch_page() -> &'static Asset {
    &WATCH_PAGE
}

/// The start page.
#[must_use]
pub fn home_page() -> &'static Asset {
    &HOME_PAGE
}

/// The page on which a user types the code that a device shows.
#[must_use]
pub fn pair_page() -> &'static Asset {
    &PAIR_PAGE
}

/// The page on which somebody signs in, or does what a letter's link is for: it reads from its
/// address `/account/{errand}` which of them.
#[must_use]
pub fn account_page() -> &'static Asset {
    &ACCOUNT_PAGE
}

impl std::fmt::Debug for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, content_type, bytes, gzip, etag, immutable } = self;
        f.debug_struct("Asset")
            .field("path", path)
            .field("content_type", content_type)
            .field("bytes", &bytes.len())
            .field("gzip", &gzip.map(<[u8]>::len))
            .field("etag", etag)
            .field("immutable", immutable)
            .finish()
    }
}

include!(concat!(env!("OUT_DIR"), "/table.rs"));

#[cfg(test)]
mod tests;
