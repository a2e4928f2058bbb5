//! Commands about streams.

use clap::{Args, Subcommand};

use super::{Kept, Of};

pub(crate) const STREAM_EXAMPLES: &str = "\
Examples:
  weir stream create live/main --access token --option dvr_window=2h
  weir stream set live/main --access public --option record=true
  weir stream delete live/main --recordings delete";

/// What of a stream is changed.
#[derive(Debug, Args, Default)]
pub(crate) struct Changes {
    /// What viewers read
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// The user that it belongs to, by address or id; "none" for the organisation alone
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// The template that its options start from; "none" for none
    #[arg(long)]
    pub(crate) template: Option<String>,
    /// An option, as in the section `stream` of the configuration; without a value it is the
    /// template's again; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) option: Vec<String>,
    /// What viewers need: public, unlisted, token, password or private
    #[arg(long)]
    pub(crate) access: Option<String>,
    /// Read the stream's password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Viewers' addresses or subnets; can be given several times; "any" for all
    #[arg(long, value_name = "NET")]
    pub(crate) viewer_address: Vec<String>,
    /// Viewers' countries, as DE; can be given several times; "any" for all
    #[arg(long)]
    pub(crate) country: Vec<String>,
    /// Pages that may show it, as *.example.org; can be given several times; "any" for all
    #[arg(long)]
    pub(crate) referer: Vec<String>,
    /// Whether only verified users may publish it: true or false
    #[arg(long)]
    pub(crate) verified_publishers: Option<bool>,
    /// Whether your endpoint is asked before a publisher is let in: true or false
    #[arg(long)]
    pub(crate) ask_publish: Option<bool>,
    /// Whether your endpoint is asked before a viewer is let in: true or false
    #[arg(long)]
    pub(crate) ask_play: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Template {
    /// Keep options under a name, for streams that are alike.
    Create {
        /// The name
        name: String,
        /// An option, as in the section `stream` of the configuration; can be given several times
        #[arg(long, value_name = "KEY=VALUE")]
        option: Vec<String>,
        /// What viewers of its streams need
        #[arg(long, default_value = "public")]
        access: String,
        #[command(flatten)]
        of: Of,
    },
    /// List the templates.
    List(Of),
    /// Delete a template that no stream has.
    Delete {
        /// The name
        name: String,
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Stream {
    /// Make a stream with a key.
    Create {
        /// The stream: "main", or "live/main" with its application
        name: String,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        of: Of,
    },
    /// Show a stream's key.
    Key(Name),
    /// List the streams.
    List {
        /// Those as well that were deleted with their recordings kept
        #[arg(long)]
        deleted: bool,
        #[command(flatten)]
        of: Of,
    },
    /// Show a stream: its policy, and what its options come to.
    Show(Name),
    /// Change a stream. What is live goes on with what it began with, until it is published again.
    Set {
        /// The stream
        name: String,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        kept: Kept,
    },
    /// Delete a stream: its keys end, and its live and rewindable segments go.
    Delete {
        /// The stream
        name: String,
        /// What happens to its recordings and clips: keep or delete
        #[arg(long, default_value = "keep")]
        recordings: String,
        #[command(flatten)]
        kept: Kept,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Name {
    /// The stream: "main", or "live/main" with its application
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) kept: Kept,
}
