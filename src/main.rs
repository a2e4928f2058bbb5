//! The one binary, `weir`: reads the configuration, puts the roles together, runs them, and drains.

mod accounts;
mod announce;
mod check;
mod cli;
mod config;
mod data_dir;
mod demo;
mod doctor;
mod first;
mod recordings;
mod up;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// The exit code of a wrong configuration (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let done = |()| ExitCode::SUCCESS;
    let result = match Cli::parse().command {
        Command::Up(up) => up::run(&up).map(done),
        command @ (Command::Stream(_)
        | Command::Template(_)
        | Command::Key(_)
        | Command::Token(_)
        | Command::Trust(_)
        | Command::User(_)
        | Command::Device(_)
        | Command::Org(_)
        | Command::ApiKey(_)) => accounts::run(command).map(done),
        Command::Recording(command) => recordings::recording(command).map(done),
        Command::Clip(command) => recordings::clip(command).map(done),
        Command::Janitor(command) => recordings::janitor(&command).map(done),
        Command::Check(check) => check::run(&check),
        Command::Doctor(arguments) => return doctor::run(&arguments),
        Command::Config => announce::print(&config::reference()).map(done),
        Command::Completions { shell } => announce::print(&cli::completions(shell)).map(done),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            announce::error(&error);
            let is_usage = error.downcast_ref::<config::ConfigError>().is_some();
            ExitCode::from(if is_usage { USAGE } else { 1 })
        }
    }
}
