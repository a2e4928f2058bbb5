//! Commands and flags.

mod accounts;
mod devices;
mod keys;
mod streams;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::accounts::USER_EXAMPLES;
pub(crate) use self::accounts::{Kept, Of, Org, User};
pub(crate) use self::devices::Device;
pub(crate) use self::keys::{ApiKey, Key, Shown, Sign, Token, Trust, What, net};
use self::keys::{KEY_EXAMPLES, TOKEN_EXAMPLES};
use self::streams::STREAM_EXAMPLES;
pub(crate) use self::streams::{Changes, Name, Stream, Template};

/// Live broadcasts from OBS to any browser: RTMP in, HLS out, kept and served from one program.
#[derive(Debug, Parser)]
#[command(name = "weir", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  weir up                       start everything, with state in ./data
  weir up --demo                the same, with a test picture to watch at once
  weir up --set stream.window=2m --http 0.0.0.0:80
  weir check http://localhost:8080/live/main/index.m3u8
                                say what is wrong with a stream of any server
  weir stream key main          show the key of the stream \"main\" again
  weir doctor rtmp://127.0.0.1:1935/live/test
                                say what is wrong with a push, and keep nothing of it
  weir config > weir.toml       write a configuration file with every default";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every role in one process, with embedded parts.
    #[command(after_help = UP_EXAMPLES)]
    Up(Up),
    /// Streams: who owns them, what they get, who may watch them.
    #[command(subcommand, after_help = STREAM_EXAMPLES)]
    Stream(Box<Stream>),
    /// Options that streams have in common.
    #[command(subcommand)]
    Template(Template),
    /// Stream keys: what encoders push with.
    #[command(subcommand, after_help = KEY_EXAMPLES)]
    Key(Key),
    /// Tokens of viewers.
    #[command(subcommand, after_help = TOKEN_EXAMPLES)]
    Token(Token),
    /// Keys of others that tokens and URLs are verified with.
    #[command(subcommand)]
    Trust(Trust),
    /// Users, and whether one knows who they are.
    #[command(subcommand, after_help = USER_EXAMPLES)]
    User(User),
    /// Encoders and players of users.
    #[command(subcommand)]
    Device(Device),
    /// Organisations, which see nothing of each other.
    #[command(subcommand)]
    Org(Org),
    /// Keys of programs.
    #[command(subcommand)]
    ApiKey(ApiKey),
    /// Recordings and clips of a running server.
    #[command(subcommand, after_help = RECORDING_EXAMPLES)]
    Recording(Recording),
    /// Clips: a stretch of a stream or of a recording, kept under a name.
    #[command(subcommand)]
    Clip(Clip),
    /// What a running server's janitor would delete now.
    Janitor(Janitor),
    /// Hold a stream to the rules of HLS, and say what is wrong and what to do about it.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Rehearse a push: take one for a while, keep nothing, and say what is wrong with it.
    #[command(after_help = crate::doctor::EXAMPLES)]
    Doctor(crate::doctor::Arguments),
    /// Print the configuration's reference: every key with its default.
    Config,
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  weir completions bash > /etc/bash_completion.d/weir")]
    Completions { shell: Shell },
}

const UP_EXAMPLES: &str = "\
Examples:
  weir up --data /var/lib/weir --config /etc/weir.toml
  weir up --open --rtmp 127.0.0.1:0 --http 127.0.0.1:0 --admin 127.0.0.1:0
                                any free ports, written to data/ports.json; no stream keys";

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where encoders push [default: 0.0.0.0:1935]
    #[arg(long, value_name = "ADDR")]
    pub(crate) rtmp: Option<SocketAddr>,
    /// Where viewers watch [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Where /health, /ready and /metrics are [default: 127.0.0.1:9180]
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<SocketAddr>,
    /// Take any name without a key and let everybody watch, on this machine only: for tests
    #[arg(long)]
    pub(crate) open: bool,
    /// Push a test picture with a running clock to live/demo
    #[arg(long)]
    pub(crate) demo: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  weir check http://localhost:8080/live/main/index.m3u8
  weir check --duration 5m --also http://edge2/live/main/index.m3u8 http://edge1/live/main/index.m3u8
  weir check --junit report.xml recording/

Exit codes: 0 nothing but INFO, 3 SHOULD or QUAL, 4 MUST, 5 FATAL; 1 no exam, 2 usage,
130 interrupted twice.";

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The URL of a playlist of any server, a folder, or a file
    #[arg(required_unless_present = "rules")]
    pub(crate) target: Option<String>,
    /// How long a live stream is watched
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::check::duration)]
    pub(crate) duration: Duration,
    /// A token that lets viewers in: it takes the place of {token} in the URL, or goes in the query
    #[arg(long, value_name = "TOKEN", env = "WEIR_CHECK_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// A header for every request, as "Name: value"; can be given several times
    #[arg(long, value_name = "HEADER")]
    pub(crate) header: Vec<String>,
    /// It must be a low-latency stream
    #[arg(long)]
    pub(crate) ll: bool,
    /// It must go back so far, all of it fetchable
    #[arg(long, value_name = "TIME", value_parser = crate::check::duration)]
    pub(crate) dvr: Option<Duration>,
    /// The same stream at a second edge, which must agree
    #[arg(long, value_name = "URL")]
    pub(crate) also: Option<String>,
    /// It must end while it is watched
    #[arg(long)]
    pub(crate) expect_end: bool,
    /// Decode every segment with this ffmpeg as well
    #[arg(long, value_name = "FFMPEG", num_args = 0..=1, default_missing_value = "ffmpeg")]
    pub(crate) decode: Option<PathBuf>,
    /// Write the report as JSON, to a file or (without one) instead of the text
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as JUnit XML to a file; MUST and FATAL are failures
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print the table of rules
    #[arg(long)]
    pub(crate) rules: bool,
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The folder for everything that is kept [default: data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Override a configuration key; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

const RECORDING_EXAMPLES: &str = "\
Examples:
  weir recording list live/main
  weir recording export live~main~2026-01-31.0 match.mp4
  weir recording delete live~main~2026-01-31.0
  weir clip make live/main --from=-60 --to=-0 --name goal";

#[derive(Debug, Subcommand)]
pub(crate) enum Recording {
    /// List recordings and clips, of one stream or of all.
    List {
        /// The stream, as live/main
        stream: Option<String>,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Delete a recording: nobody can watch it any more, and nothing keeps its segments.
    Delete {
        /// The recording, as live~main~2026-01-31.0
        id: String,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Write a recording to a file as MP4.
    Export {
        /// The recording, as live~main~2026-01-31.0
        id: String,
        /// The file
        file: PathBuf,
        /// Show no progress
        #[arg(long, short)]
        quiet: bool,
        #[command(flatten)]
        server: RunningServer,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Clip {
    /// Make a clip, at once, also while the stream is live.
    Make {
        /// A stream, as live/main, or a recording, as live~main~2026-01-31.0
        source: String,
        /// Where it begins: 2026-01-31T20:15:00Z, seconds since 1970, or seconds before now, as -90
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        from: String,
        /// Where it ends, likewise
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        to: String,
        /// What it is called among the recordings of its stream
        #[arg(long)]
        name: String,
        #[command(flatten)]
        server: RunningServer,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Janitor {
    /// Only say what would be deleted: the janitor itself runs in the server
    #[arg(long, required = true)]
    pub(crate) dry_run: bool,
    /// Of this stream only, as live/main
    #[arg(long)]
    pub(crate) stream: Option<String>,
    #[command(flatten)]
    pub(crate) server: RunningServer,
}

/// The server that is asked.
#[derive(Debug, Args)]
pub(crate) struct RunningServer {
    /// Print JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// The completions for a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "weir", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
