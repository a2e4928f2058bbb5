//! `cargo xtask up` and `cargo xtask weir …`: build what is needed and become `weir`.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::{console, process};

/// Builds the console and the program in release mode, and starts `weir` with `arguments` in the
/// folder where this command was typed.
pub(crate) fn run(places: &Places, packages: &mut Packages, arguments: &[OsString]) -> Result<()> {
    let own_compiler = env::var_os("CC").is_some();
    if !own_compiler && process::on_path("cc").is_none() {
        packages
            .install("a C compiler (`cc`, for SQLite and the TLS library)", &["build-essential"])?;
    }
    console::run_if_stale(places, packages)?;
    process::run("weir", process::cargo(places).args(BUILD))?;
    let weir = places.target.join("release/weir");
    if !weir.is_file() {
        bail!("cargo built no {}; unset CARGO_BUILD_TARGET if it is set", weir.display());
    }
    eprintln!("== {}", weir.display());
    // The server takes this process's place, so that signals reach it and its exit code counts.
    let error = Command::new(&weir).args(arguments).exec();
    Err(error).with_context(|| format!("start {}", weir.display()))
}

const BUILD: [&str; 6] = ["build", "--release", "--package", "weir", "--bin", "weir"];
