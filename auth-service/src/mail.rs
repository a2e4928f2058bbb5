//! Letters to people.

mod folder;
pub(crate) mod letters;
mod message;
mod smtp;

use std::fmt::{self, Debug};

use async_trait::async_trait;
use thiserror::Error;

pub use folder::MailFolder;
pub use smtp::{Smtp, SmtpError};

/// Sends letters.
#[async_trait]
pub trait Mailer: Debug + Send + Sync + 'static {
    /// Sends one. Once this returns, the next station has it.
    ///
    /// # Errors
    ///
    /// When it may not have been sent.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}

/// A letter in plain text. Its body may have a link that is good once: printing a letter shows
/// none.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whom it goes to.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says, in lines.
    pub body: String,
}

/// Why a letter was not sent. None has what it says.
#[derive(Debug, Error)]
pub enum MailError {
    /// The address is none that letters go to.
    #[error("letters cannot be sent to this address")]
    Address,
    /// The mail server refused it, and will again.
    #[error("the mail server refused the letter: {0}")]
    Refused(String),
    /// The mail server does not answer. Try again after a while.
    #[error("the mail server does not take letters for now: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({:?} ***)", self.subject)
    }
}
