//! Commands about devices.

use clap::Subcommand;

use super::{Kept, Of};

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Register an encoder, and print its own stream key, or a player, and print its token.
    Add {
        /// encoder or player
        kind: String,
        /// What the user calls it
        name: String,
        /// Whose it is, by address or id
        #[arg(long)]
        user: String,
        /// The stream that an encoder pushes
        #[arg(long)]
        stream: Option<String>,
        /// Maker and model
        #[arg(long, default_value = "")]
        model: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// List devices, of all or of one user.
    List {
        /// Whose, by address or id
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Say yes to a device that shows a code.
    Pair {
        /// The code that it shows, as BCDF-GHJK
        code: String,
        /// Whose it becomes, by address or id
        #[arg(long)]
        user: String,
        /// The stream that an encoder pushes
        #[arg(long)]
        stream: Option<String>,
        #[command(flatten)]
        kept: Kept,
    },
    /// Call a device something else.
    Rename {
        /// Its id
        device: String,
        /// Its new name
        name: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Take a device out of use for ever, at once.
    Revoke {
        /// Its id
        device: String,
        #[command(flatten)]
        kept: Kept,
    },
}
