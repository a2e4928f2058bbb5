//! Puts the built pages, which npm leaves in `dist/`, into a table for the server.
//!
//! Nothing is computed at run time: content types, validators and compressed forms are constants.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// What pages are called in the table.
const PAGES: [(&str, &str); 4] = [
    ("HOME_PAGE", "index.html"),
    ("WATCH_PAGE", "watch.html"),
    ("PAIR_PAGE", "pair.html"),
    ("ACCOUNT_PAGE", "account.html"),
];

/// Digits of the hash in the name of a file that never changes: see vite.config.ts.
const HASH_DIGITS: usize = 12;

fn main() {
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("dist");
    // A folder that is not there counts as changed, so a failed build runs again.
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let table = table(&folder).unwrap_or_else(|fault| give_up(&fault));
    let path = PathBuf::from(variable("OUT_DIR")).join("table.rs");
    if let Err(error) = fs::write(&path, table) {
        give_up(&format!("{} cannot be written: {error}", path.display()));
    }
}

/// The table as Rust, or what is wrong with `folder`.
fn table(folder: &Path) -> Result<String, String> {
    let mut names = Vec::new();
    list(folder, "", &mut names).map_err(|error| {
        format!("console/dist cannot be read ({error}): run `cargo xtask console` to build it")
    })?;
    names.sort_unstable();
    let mut text = String::new();
    for (page, file) in PAGES {
        if !names.iter().any(|name| name == file) {
            return Err(format!(
                "console/dist has no {file}: run `cargo xtask console` to build it"
            ));
        }
        let asset = asset(folder, file, &names)?;
        text += &format!("static {page}: Asset = {asset};\n");
    }
    text += "static ASSETS: &[Asset] = &[\n";
    let is_page = |name: &str| PAGES.iter().any(|(_, file)| *file == name);
    for name in names.iter().filter(|name| !name.ends_with(".gz") && !is_page(name)) {
        text += &format!("    {},\n", asset(folder, name, &names)?);
    }
    text += "];\n";
    Ok(text)
}

/// The file `name` as an expression.
fn asset(folder: &Path, name: &str, names: &[String]) -> Result<String, String> {
    let path = folder.join(name);
    let bytes = fs::read(&path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let content_type = content_type(name)
        .ok_or_else(|| format!("console/dist/{name} has an ending that build.rs does not know"))?;
    let compressed = format!("{name}.gz");
    let gzip = if names.contains(&compressed) {
        format!("Some(include_bytes!({:?}))", folder.join(compressed))
    } else {
        "None".to_owned()
    };
    let mut text = String::new();
    let written = write!(
        text,
        "Asset {{ path: {:?}, content_type: {content_type:?}, bytes: include_bytes!({path:?}), \
         gzip: {gzip}, etag: \"\\\"{:016x}\\\"\", immutable: {} }}",
        format!("/{name}"),
        hash(&bytes),
        is_immutable(name),
    );
    written.map(|()| text).map_err(|error| error.to_string())
}

/// Names every file below `folder`, with `/` between the steps.
fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending {
        "css" => Some("text/css; charset=utf-8"),
        "html" => Some("text/html; charset=utf-8"),
        "ico" => Some("image/x-icon"),
        "js" => Some("text/javascript; charset=utf-8"),
        "json" => Some("application/json"),
        "png" => Some("image/png"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// Whether the name holds a hash of the bytes, as in `watch.0123456789ab.js`.
fn is_immutable(name: &str) -> bool {
    let mut steps = name.rsplit('.').skip(1);
    let (hash, rest) = (steps.next(), steps.next());
    let is_hash =
        |hash: &str| hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    hash.is_some_and(is_hash) && rest.is_some()
}

/// FNV-1a in 64 bits. It tells versions of our own files apart; it keeps nobody from forging one.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| give_up(&format!("cargo sets no {name}: {error}")))
}

/// Fails the build with a sentence that cargo shows as an error.
fn give_up(fault: &str) -> ! {
    println!("cargo::error={fault}");
    process::exit(1)
}
