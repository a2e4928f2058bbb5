//! Where things are: the checkout, the folder that cargo builds into, the tools that tests need.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The folders that commands work with; all are absolute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// What cargo builds into: a cache outside the checkout, so that a fresh one builds quickly.
    pub(crate) target: PathBuf,
    /// What the tests need and no distribution packages.
    pub(crate) tools: PathBuf,
}

impl Places {
    /// Reads the environment.
    pub(crate) fn find() -> Result<Self> {
        // Cargo says where this package is now; a binary found in a shared target folder may have
        // been compiled elsewhere.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("xtask lies in the repository's root folder")?;
        let current = env::current_dir().context("read the current folder")?;
        Ok(Self::choose(root, &current, |name| env::var_os(name)))
    }

    /// Chooses the folders from the variables that `variable` knows. Relative ones are counted
    /// from `current`, as cargo does.
    fn choose(root: &Path, current: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = variable("XDG_CACHE_HOME")
            .filter(|cache| cache.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .map_or_else(|| root.join("target/cache"), |cache| cache.join("weir"));
        let target = variable("CARGO_TARGET_DIR")
            .map_or_else(|| cache.join("target"), |target| current.join(target));
        Self { root: root.to_owned(), target, tools: cache.join("tools") }
    }

    /// The console's sources.
    pub(crate) fn console(&self) -> PathBuf {
        self.root.join("console")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], target: &str, tools: &str) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let places = Places::choose(Path::new("/src/weir"), Path::new("/src/weir/docs"), variable);
        assert_eq!((places.target, places.tools), (PathBuf::from(target), PathBuf::from(tools)));
    }

    #[test]
    fn builds_go_to_the_users_cache() {
        check(&[("HOME", "/h")], "/h/.cache/weir/target", "/h/.cache/weir/tools");
        let both = [("HOME", "/h"), ("XDG_CACHE_HOME", "/c")];
        check(&both, "/c/weir/target", "/c/weir/tools");
    }

    #[test]
    fn the_target_folder_that_cargo_is_given_wins() {
        let given = [("HOME", "/h"), ("CARGO_TARGET_DIR", "/t")];
        check(&given, "/t", "/h/.cache/weir/tools");
        let relative = [("HOME", "/h"), ("CARGO_TARGET_DIR", "out")];
        check(&relative, "/src/weir/docs/out", "/h/.cache/weir/tools");
    }

    #[test]
    fn empty_and_relative_cache_folders_do_not_count() {
        let odd = [("HOME", "/h"), ("XDG_CACHE_HOME", "c"), ("CARGO_TARGET_DIR", "")];
        check(&odd, "/h/.cache/weir/target", "/h/.cache/weir/tools");
        check(&[], "/src/weir/target/cache/target", "/src/weir/target/cache/tools");
    }
}
