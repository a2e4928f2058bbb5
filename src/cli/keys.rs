//! Commands about keys and tokens.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use ipnet::IpNet;

use super::{Kept, Of};

pub(crate) const KEY_EXAMPLES: &str = "\
Examples:
  weir key create live/main --label \"camera 2\" --expires 30d
  weir key rotate key_01hf7yat00zzzzzzzzzzzzzzzz --grace 1h
  weir key revoke key_01hf7yat00zzzzzzzzzzzzzzzz";

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make another key for a stream.
    Create {
        /// The stream
        stream: String,
        /// What people call the key
        #[arg(long, default_value = "")]
        label: String,
        /// Who publishes with it, by address or id
        #[arg(long)]
        user: Option<String>,
        /// When it ends: a time from now, as 30d
        #[arg(long, value_parser = crate::check::duration)]
        expires: Option<Duration>,
        /// Where it may be used: an address or subnet; can be given several times
        #[arg(long, value_name = "NET")]
        address: Vec<String>,
        #[command(flatten)]
        kept: Kept,
    },
    /// List a stream's keys, without their secrets.
    List {
        /// The stream
        stream: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Show a key again.
    Show {
        /// Its id
        key: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Make a new key in place of one, which goes on for a while.
    Rotate {
        /// Its id
        key: String,
        /// How long the one before is good
        #[arg(long, value_parser = crate::check::duration, default_value = "0s")]
        grace: Duration,
        #[command(flatten)]
        kept: Kept,
    },
    /// Revoke a key: what is pushed with it ends at once.
    Revoke {
        /// Its id
        key: String,
        #[command(flatten)]
        kept: Kept,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiKey {
    /// Make a key for a program. It is shown once.
    Create {
        /// What people call it
        name: String,
        /// The most that it may do: owner, operator, streamer, viewer or read-only
        #[arg(long, default_value = "read-only")]
        role: String,
        /// What of that it is kept to, as streams-read; can be given several times
        #[arg(long)]
        scope: Vec<String>,
        /// When it ends: a time from now, as 90d
        #[arg(long, value_parser = crate::check::duration)]
        expires: Option<Duration>,
        #[command(flatten)]
        of: Of,
    },
    /// List the keys of programs, without their secrets.
    List(Of),
    /// Revoke a key.
    Revoke {
        /// Its id
        key: String,
        #[command(flatten)]
        of: Of,
    },
}

pub(crate) const TOKEN_EXAMPLES: &str = "\
Examples:
  weir token sign live/main --expires 4h --viewer ana
  weir token explain http://localhost:8080/t/eyJ…/live/main/index.m3u8
  weir token revoke --viewer ana";

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Sign a token for viewers.
    Sign(Box<Sign>),
    /// Say whether a token or a URL with one is good; the exit code says it too.
    Verify(Shown),
    /// Say in words what a token says, and why it is good or not.
    Explain(Shown),
    /// Revoke tokens, wherever they are, within two seconds.
    Revoke {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        of: Of,
    },
    /// Sign with a new key from now on; the one before verifies for another day.
    Rotate(Kept),
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// Streams: live/main, live/cam-* or *
    #[arg(required = true)]
    pub(crate) streams: Vec<String>,
    /// How long it is good
    #[arg(long, value_parser = crate::check::duration, default_value = "4h")]
    pub(crate) expires: Duration,
    /// Who watches
    #[arg(long)]
    pub(crate) viewer: Option<String>,
    /// The form: jwt or path (shorter)
    #[arg(long, default_value = "jwt")]
    pub(crate) form: String,
    /// Where it may be used: an address or subnet; can be given several times
    #[arg(long, value_name = "NET")]
    pub(crate) address: Vec<String>,
    /// Countries where it may be used, as DE; can be given several times
    #[arg(long)]
    pub(crate) country: Vec<String>,
    /// Pages that may show it, as *.example.org; can be given several times
    #[arg(long)]
    pub(crate) referer: Vec<String>,
    /// Players that may use it at one time
    #[arg(long)]
    pub(crate) sessions_max: Option<u32>,
    /// The tallest picture, in pixels
    #[arg(long)]
    pub(crate) height_max: Option<u32>,
    /// The highest rate, in bits per second
    #[arg(long)]
    pub(crate) bitrate_max: Option<u64>,
    /// For private streams: its viewer belongs to the organisation
    #[arg(long)]
    pub(crate) member: bool,
    #[command(flatten)]
    pub(crate) of: Of,
}

/// A token that somebody has.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The token, or a URL with one; "-" reads it from standard input
    pub(crate) token: String,
    /// The stream that is to be watched [default: that of the URL]
    #[arg(long)]
    pub(crate) stream: Option<String>,
    /// The viewer's address
    #[arg(long)]
    pub(crate) address: Option<IpAddr>,
    /// The viewer's country, as DE
    #[arg(long)]
    pub(crate) country: Option<String>,
    /// The page that shows it
    #[arg(long)]
    pub(crate) referer: Option<String>,
    /// Another moment than now: seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    pub(crate) at: Option<i64>,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

/// What is revoked.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// One token, by its id (`jti`)
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// All tokens of a viewer that were made until now
    #[arg(long)]
    pub(crate) viewer: Option<String>,
    /// All tokens that were made before now
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Trust a key of somebody else for the tokens or URLs of an organisation's streams. A secret
    /// is read from a file or from standard input, never from the command line.
    Add {
        /// EdDSA, ES256, ES384, RS256, HS256, jwks, alibaba-a, alibaba-b, alibaba-c, akamai or
        /// cloudfront
        kind: String,
        /// What people call it
        name: String,
        /// A file with the key: PEM, or the secret; "-" reads standard input
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// For jwks: where the keys are published
        #[arg(long)]
        url: Option<String>,
        /// What `iss` must be
        #[arg(long)]
        issuer: Option<String>,
        /// What `aud` must have
        #[arg(long)]
        audience: Option<String>,
        /// The `kid`, or CloudFront's Key-Pair-Id
        #[arg(long)]
        kid: Option<String>,
        /// For Alibaba: how long a URL is good after its time stamp
        #[arg(long, value_parser = crate::check::duration, default_value = "30m")]
        validity: Duration,
        /// For Alibaba: it is the second of two keys
        #[arg(long)]
        secondary: bool,
        #[command(flatten)]
        of: Of,
    },
    /// List trusted keys, without their secrets.
    List(Of),
    /// Trust a key no longer: what it signed is refused at once.
    Revoke {
        /// Its id
        key: String,
        #[command(flatten)]
        of: Of,
    },
}

/// An address or a subnet.
pub(crate) fn net(text: &str) -> anyhow::Result<IpNet> {
    let net = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| ip.into()));
    net.map_err(|_| {
        anyhow::anyhow!("{text:?} is no address or subnet, as 192.0.2.7 or 192.0.2.0/24")
    })
}
