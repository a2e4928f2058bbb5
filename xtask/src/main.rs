//! The repository's own commands, run as `cargo xtask <command>`.
//!
//! Each command is a file: [`up`], [`console`], [`mod@test`], [`fuzz`], [`ci`]. What they share:
//! [`places`] (where things are), [`process`] (running programs), [`packages`] (installing what is
//! missing), [`components`] (what the tests need), [`suite`] and [`tally`] (what runs, and how it
//! is counted), [`mod@evidence`] (what is searched afterwards).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to the person who typed them"
)]

mod ci;
mod components;
mod console;
mod evidence;
mod fuzz;
mod packages;
mod places;
mod players;
mod postgres;
mod process;
mod suite;
mod tally;
mod test;
mod unpacked;
mod up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::packages::Packages;
use crate::places::Places;

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what is needed and start `weir up` in the current folder
    Up {
        /// Handed to `weir up` as they are; `-- --help` shows its own help
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Build what is needed and run any command of `weir`: `cargo xtask weir stream key main`
    Weir {
        /// Handed to `weir` as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Build the web console and the player
    Console,
    /// Install what the tests need and run every suite
    Test(test::Options),
    /// Search what tests left in the folder that `WEIR_EVIDENCE` named for the secrets in it
    Secrets {
        /// The folder
        folder: PathBuf,
    },
    /// Look for inputs that break a parser or a machine, guided by coverage
    Fuzz(fuzz::Options),
    /// Formatting, console, lints, every test, documentation: all that must hold
    Ci,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let places = Places::find()?;
    let mut packages = Packages::of_this_machine();
    match command {
        Command::Up { arguments } => {
            let arguments = [vec!["up".into()], arguments].concat();
            up::run(&places, &mut packages, &arguments)?;
        }
        Command::Weir { arguments } => up::run(&places, &mut packages, &arguments)?,
        Command::Console => console::run(&places, &mut packages)?,
        Command::Test(options) => return test::run(&places, &mut packages, &options),
        Command::Secrets { folder } => return evidence::run(&folder),
        Command::Fuzz(options) => return fuzz::run(&places, &mut packages, &options),
        Command::Ci => return ci::run(&places, &mut packages),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_up_goes_to_weir() {
        let typed = ["cargo xtask", "up", "--demo", "--http", "127.0.0.1:0"];
        let Command::Up { arguments } = Arguments::parse_from(typed).command else {
            panic!("`up` is its own command");
        };
        assert_eq!(arguments, ["--demo", "--http", "127.0.0.1:0"]);
    }

    #[test]
    fn the_arguments_make_sense_to_clap() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
