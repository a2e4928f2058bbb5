//! `cargo xtask console`: the web console and the player, built by npm.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;

/// What is not a source of the console's pages.
const OTHERS: [&str; 5] = ["node_modules", ".tests", "dist", "Cargo.toml", "testdata"];

/// Debian's packages for the build. Its Node.js trusts the system's certificates.
const PACKAGES: [&str; 3] = ["nodejs", "npm", "ca-certificates"];

/// Builds the console, whatever is there.
pub(crate) fn run(places: &Places, packages: &mut Packages) -> Result<()> {
    install(places, packages)?;
    let folder = places.console();
    process::run("console", npm(&folder).args(["run", "build"]))?;
    if !folder.join("dist/index.html").is_file() {
        bail!("`npm run build` made no console/dist/index.html");
    }
    Ok(())
}

/// Builds the console if it was never built or a source is newer than what was built.
pub(crate) fn run_if_stale(places: &Places, packages: &mut Packages) -> Result<()> {
    let folder = places.console();
    if is_fresh(newest(&folder, &is_source), newest(&folder.join("dist"), &|_| true)) {
        println!("== console: up to date");
        return Ok(());
    }
    run(places, packages)
}

/// Installs Node.js and the console's npm packages, if they are not there as locked.
pub(crate) fn install(places: &Places, packages: &mut Packages) -> Result<()> {
    let folder = &places.console();
    if process::on_path("node").is_none() || process::on_path("npm").is_none() {
        packages.install("Node.js with npm", &PACKAGES)?;
    }
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("read {}", lock.display()))?;
    // The lock file that the folder was installed from, kept inside it: both go together.
    let installed = folder.join("node_modules/.installed-from.json");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::run("npm packages", npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    // A lock file without packages makes npm leave no folder.
    fs::create_dir_all(folder.join("node_modules")).context("make console/node_modules")?;
    fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))
}

/// npm in `folder`.
pub(crate) fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder).env("NO_COLOR", "1").env("npm_config_update_notifier", "false");
    npm
}

/// Whether what was built is at least as new as its sources.
fn is_fresh(sources: Option<SystemTime>, built: Option<SystemTime>) -> bool {
    match (sources, built) {
        (Some(sources), Some(built)) => sources <= built,
        (None | Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether `path` is a source: neither Rust nor made by npm.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    !OTHERS.iter().any(|other| name == *other) && path.extension() != Some(OsStr::new("rs"))
}

/// When what is below `folder` changed last, as far as `counts`; `None` if there is nothing.
/// Folders below it count too: taking a file away changes only them.
fn newest(folder: &Path, counts: &dyn Fn(&Path) -> bool) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| counts(path)).filter_map(|path| newest_of(path, counts)).max()
}

fn newest_of(path: PathBuf, counts: &dyn Fn(&Path) -> bool) -> Option<SystemTime> {
    let found = path.metadata().ok()?;
    let inside = if found.is_dir() { newest(&path, counts) } else { None };
    inside.max(found.modified().ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_built_is_fresh_until_a_source_changes() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(is_fresh(at(5), at(5)) && is_fresh(at(5), at(6)));
        assert!(!is_fresh(at(6), at(5)));
        assert!(!is_fresh(at(5), None) && !is_fresh(None, None));
    }

    #[test]
    fn rust_and_what_npm_makes_are_no_sources_of_pages() {
        for source in ["src/player.ts", "index.html", "package-lock.json", "vite.config.ts"] {
            assert!(is_source(Path::new(source)), "{source}");
        }
        for other in ["src/lib.rs", "node_modules", "dist", "Cargo.toml"] {
            assert!(!is_source(Path::new(other)), "{other}");
        }
    }

    #[test]
    fn the_newest_change_is_found_below_and_only_where_it_counts() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(newest(folder, &|_| true) >= newest(folder, &is_source));
        assert_eq!(newest(&folder.join("missing"), &|_| true), None);
        assert_eq!(newest(folder, &|_| false), None);
    }
}
