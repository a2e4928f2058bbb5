//! Commands about who there is and what they may.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

/// What every command about accounts takes.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// Print JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// The organisation that is meant.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The organisation, by name or id; needed where there are several
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    /// Make an organisation.
    Create {
        /// What people call it
        name: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// List the organisations.
    List(Kept),
    /// Call an organisation something else.
    Rename {
        /// The organisation, by name or id
        org: String,
        /// Its new name
        name: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Delete an organisation that has no streams, with its users, devices and keys.
    Delete {
        /// The organisation, by name or id
        org: String,
        #[command(flatten)]
        kept: Kept,
    },
}

pub(crate) const USER_EXAMPLES: &str = "\
Examples:
  weir user invite ana@example.org --role streamer
  weir user list
  weir user verify ana@example.org
  weir user set ana@example.org --streams-max 2";

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Ask somebody to come: prints the link, and sends it as a letter.
    Invite {
        /// The e-mail address
        email: String,
        /// What others see [default: the address]
        #[arg(long)]
        name: Option<String>,
        /// owner, operator, streamer, viewer or read-only
        #[arg(long, default_value = "streamer")]
        role: String,
        #[command(flatten)]
        of: Of,
    },
    /// List the users.
    List(Of),
    /// Show a user.
    Show {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Change a user.
    Set {
        /// The user, by address or id
        user: String,
        /// What others see
        #[arg(long)]
        name: Option<String>,
        /// owner, operator, streamer, viewer or read-only
        #[arg(long)]
        role: Option<String>,
        /// Devices that the user may have; "default" for the server's
        #[arg(long)]
        devices_max: Option<String>,
        /// Streams that the user may publish at one time; "default" for the server's
        #[arg(long)]
        streams_max: Option<String>,
        #[command(flatten)]
        kept: Kept,
    },
    /// Let a user do nothing any more, at once: sessions, tokens and pushes end.
    Disable {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Let a user in again.
    Enable {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Delete a user. Streams stay, and are the organisation's then.
    Delete {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Print a link for another password.
    Reset {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Hand in evidence for a user who wants to be verified.
    Submit {
        /// The user, by address or id
        user: String,
        /// Files: scans, letters
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        kept: Kept,
    },
    /// List verifications that wait for somebody to look at them.
    Reviews(Of),
    /// Write the evidence of a user's newest verification into a folder.
    Evidence {
        /// The user, by address or id
        user: String,
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        kept: Kept,
    },
    /// Say that you know who a user is.
    Verify {
        /// The user, by address or id
        user: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Say that a user could not be verified.
    Reject {
        /// The user, by address or id
        user: String,
        /// Why, as the user is told
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        kept: Kept,
    },
}
