//! Reading the tree: its text files, and what cargo knows of it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every text file, by its path from the root with `/` between the folders.
pub(crate) type Files = BTreeMap<String, String>;

/// The checkout.
pub(crate) struct Tree {
    root: PathBuf,
    pub(crate) files: Files,
}

/// What programs made or recorded. `.git` is a file where the checkout is a worktree of another.
const NOT_WRITTEN: [&str; 5] = [".git", "target", "node_modules", "dist", "testdata"];

/// Where `weir up` keeps its state when it is started in the checkout.
const STATE: &str = "data";

/// What people write in.
const TEXTS: [&str; 18] = [
    "cfg", "conf", "css", "html", "js", "json", "lock", "md", "mjs", "rs", "sh", "sql", "svg",
    "toml", "ts", "txt", "yaml", "yml",
];

impl Tree {
    /// Reads every text file.
    pub(crate) fn read() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut files = Files::new();
        read_folder(&root, "", &mut files);
        Self { root, files }
    }

    /// The workspace's manifests as cargo understands them; it looks at nothing outside.
    pub(crate) fn metadata(&self) -> Value {
        let text = self.cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// What `packages` are built with, as `cargo tree` writes it with depths in front.
    pub(crate) fn dependencies_of(&self, packages: &[&str]) -> String {
        if packages.is_empty() {
            // Without a package named, cargo would show all of them.
            return String::new();
        }
        let mut words = vec!["tree", "--edges", "normal,no-proc-macro", "--prefix", "depth"];
        words.extend(packages.iter().flat_map(|package| ["--package", package]));
        // Who runs this test has built the packages, so nearly always there is nothing to fetch.
        let offline = [words.as_slice(), &["--offline"]].concat();
        self.cargo(&offline).or_else(|_| self.cargo(&words)).unwrap()
    }

    fn cargo(&self, words: &[&str]) -> Result<String, String> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo).args(words).current_dir(&self.root).output().unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn read_folder(folder: &Path, name: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let own = path.file_name().and_then(OsStr::to_str).unwrap();
        let inner = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
        if NOT_WRITTEN.contains(&own) || inner == STATE {
            continue;
        }
        if path.is_dir() {
            read_folder(&path, &inner, files);
        } else if is_text(&path)
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.insert(inner, text);
        }
    }
}

/// By its ending, or by having none, as `.ci/run` and `LICENSE` do.
fn is_text(path: &Path) -> bool {
    path.extension().is_none_or(|ending| TEXTS.iter().any(|text| ending == *text))
}
