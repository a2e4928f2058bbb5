//! PostgreSQL's programs: where they are, and who runs them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// Debian's user for what needs no rights, whose number is the same everywhere.
const NOBODY: u32 = 65_534;

/// Where PostgreSQL's programs are.
#[derive(Debug)]
pub(super) struct Programs {
    /// The folder that stands for `/`.
    root: PathBuf,
    folder: PathBuf,
}

impl Programs {
    pub(super) fn find() -> Result<Self> {
        let root = env::var_os("WEIR_POSTGRES").map(PathBuf::from).context(
            "WEIR_POSTGRES does not say where PostgreSQL is: run the tests by `cargo xtask test`",
        )?;
        let versions = root.join("usr/lib/postgresql");
        let entries = fs::read_dir(&versions)
            .with_context(|| format!("there is no PostgreSQL in {}", versions.display()))?;
        let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
        let found = folders.filter(|folder| folder.join("bin/initdb").is_file()).max_by_key(number);
        let folder = found.context("there is no PostgreSQL server")?.join("bin");
        Ok(Self { root, folder })
    }

    /// One of the programs, with the libraries that were unpacked beside it; as nobody where this
    /// is root, who may still read a cache that is root's own.
    pub(super) fn command(&self, program: &str) -> Command {
        let path = self.folder.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
            command.args(["--clear-groups", "--inh-caps=+dac_override"]);
            // Else the right is not counted where a program asks what it could read.
            command.args(["--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]);
            command.arg(path);
            command
        } else {
            Command::new(path)
        };
        if self.root != Path::new("/") {
            let of_system = |part: &str| format!("{part}/{}-linux-gnu", env::consts::ARCH);
            let own = ["usr/lib", "lib"].map(|part| self.root.join(of_system(part)));
            let known = env::var_os("LD_LIBRARY_PATH");
            let known = known.iter().flat_map(env::split_paths);
            if let Ok(folders) = env::join_paths(own.into_iter().chain(known)) {
                command.env("LD_LIBRARY_PATH", folders);
            }
        }
        // Whatever this shell's user has set for a database of their own.
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_client(name)) {
            command.env_remove(name);
        }
        command
    }
}

/// Gives a file or folder to whoever runs the programs.
pub(super) fn give(path: &Path) -> Result<()> {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).context("give a file away")?;
    }
    Ok(())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a variable tells PostgreSQL's clients what they are not told otherwise.
fn is_of_client(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG"))
}
