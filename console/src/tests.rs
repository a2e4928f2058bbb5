//! What the pages promise, looked up in the pages as they were built.

use super::*;

fn text(asset: &Asset) -> &'static str {
    std::str::from_utf8(asset.bytes).unwrap()
}

fn pages() -> [&'static Asset; 4] {
    [home_page(), watch_page(), pair_page(), account_page()]
}

fn named(suffix: &str) -> Vec<&'static Asset> {
    ASSETS.iter().filter(|asset| asset.path.ends_with(suffix)).collect()
}

/// What the attributes `name` in `html` say.
fn attributes<'t>(html: &'t str, name: &str) -> Vec<&'t str> {
    let begin = format!(" {name}=\"");
    let quoted = html.split(begin.as_str()).skip(1);
    quoted.filter_map(|rest| rest.split('"').next()).collect()
}

/// What a page makes a browser fetch or lead to.
fn references(page: &Asset) -> Vec<&'static str> {
    let html = text(page);
    [attributes(html, "src"), attributes(html, "href"), attributes(html, "action")].concat()
}

#[test]
fn everything_that_a_page_names_is_in_the_table() {
    for page in pages() {
        let references = references(page);
        assert!(references.len() >= 4, "{} names only {references:?}", page.path);
        for reference in references {
            let found = LINKS.contains(&reference) || asset(reference).is_some();
            assert!(found, "{} names {reference}, which is not in the table", page.path);
        }
    }
}

/// The pages' own addresses: the server chooses them.
const LINKS: [&str; 3] = ["/", "/pair", "/account/sign-in"];

#[test]
fn no_page_and_no_style_names_another_origin() {
    for file in pages().into_iter().chain(named(".css")) {
        // What a picture names in itself is fetched from nowhere. Comments, which begin with `//`
        // as well, are not left in by the build.
        let text = text(file).replace("url(#", "");
        for foreign in ["http:", "https:", "//", "url(", "@import"] {
            assert!(!text.contains(foreign), "{} has `{foreign}`", file.path);
        }
    }
}

#[test]
fn nothing_in_a_page_is_inline() {
    for page in pages() {
        let html = text(page);
        for inline in ["<style", " style=\"", " onclick=", " onload=", "javascript:", "data:"] {
            assert!(!html.contains(inline), "{} has `{inline}`", page.path);
        }
        for script in html.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(tag.contains(" src=\"/assets/"), "{} has <script{tag}>", page.path);
            assert!(rest.starts_with("</script>"), "{} has a script inside", page.path);
        }
    }
}

#[test]
fn a_page_brings_its_script_its_style_and_its_mark() {
    for page in pages() {
        let html = text(page);
        for part in ["<script type=\"module\"", "rel=\"stylesheet\"", "rel=\"icon\"", "<noscript"] {
            assert!(html.contains(part), "{} has no {part}", page.path);
        }
    }
    assert_eq!(named(".css").len(), 1);
}

#[test]
fn the_players_worker_is_a_file_of_our_own() {
    let [worker] = *named(".js")
        .into_iter()
        .filter(|asset| asset.path.starts_with("/assets/hls.worker."))
        .collect::<Vec<_>>()
    else {
        panic!("one worker in {ASSETS:?}")
    };
    let watch = named(".js").into_iter().find(|asset| asset.path.contains("/watch.")).unwrap();
    assert!(text(watch).contains(worker.path));
}

#[test]
fn pages_are_asked_for_anew_and_hashed_files_never() {
    for page in pages() {
        assert!(!page.immutable, "{}", page.path);
    }
    let of = |path: &str| asset(path).map(|asset| asset.immutable);
    assert_eq!(of("/assets/licences.txt"), Some(false));
    assert_eq!(of("/favicon.ico"), Some(false));
    for script in named(".js") {
        assert!(script.immutable, "{}", script.path);
    }
}

#[test]
fn pages_are_found_only_by_their_functions() {
    for path in [
        "/index.html",
        "/watch.html",
        "/pair.html",
        "/account.html",
        "/",
        "",
        "assets/licences.txt",
        "/assets/",
    ] {
        assert_eq!(asset(path), None, "{path}");
    }
    assert!(named(".gz").is_empty());
}

#[test]
fn a_validator_tells_files_apart() {
    let all: Vec<_> = ASSETS.iter().chain(pages()).collect();
    for one in &all {
        let digits = one.etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap();
        assert_eq!(digits.len(), 16, "{}", one.etag);
        for other in &all {
            assert!(
                one.path == other.path || one.etag != other.etag,
                "{} and {}",
                one.path,
                other.path
            );
        }
    }
}

#[test]
fn what_is_large_is_there_compressed() {
    for asset in ASSETS.iter().chain(pages()) {
        let Some(gzip) = asset.gzip else {
            let small = asset.bytes.len() < 512 || asset.path.ends_with(".ico");
            assert!(small, "{asset:?}");
            continue;
        };
        assert_eq!(gzip.first_chunk(), Some(&[0x1f, 0x8b]), "{asset:?}");
        assert!(gzip.len() < asset.bytes.len(), "{asset:?}");
        // RFC 1952, 2.3.1: the last four bytes are the length of what was compressed.
        let length = u32::try_from(asset.bytes.len()).unwrap();
        assert_eq!(gzip.last_chunk(), Some(&length.to_le_bytes()), "{asset:?}");
    }
}
