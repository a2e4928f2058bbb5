//! Letters by way of a mail server (RFC 5321).

#[cfg(test)]
mod tests;

use std::fmt::{self, Debug};
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use runtime::Secret;
use thiserror::Error;
use tokio::time::timeout;
use url::{Host, Url};

use super::message::{message, sender};
use super::{Letter, MailError, Mailer};

/// How long a mail server may take for a letter: some look at it before they answer.
const LETTER: Duration = Duration::from_secs(60);
/// Longest that is repeated of what a mail server says, in characters.
const REASON_CHARACTERS_MAX: usize = 200;

/// Hands letters to a mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    letter: Duration,
}

/// Why letters cannot be sent by a mail server that is described so. None has a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SmtpError {
    /// It describes none.
    #[error("a mail server is smtps://user:password@host:port, or smtp://… with ?tls=required")]
    Url,
    /// Passwords and links would be read by others.
    #[error("letters to another machine need TLS: smtps://, or smtp:// with ?tls=required")]
    Plain,
    /// Whom letters are from is no address.
    #[error("letters are from an address, or from Name <address>")]
    From,
}

impl Smtp {
    /// The mail server at `url`: `smtps://user:password@host:port`, or `smtp://` with
    /// `?tls=required` for STARTTLS; without TLS to this machine alone. Letters are from `from`.
    ///
    /// # Errors
    ///
    /// When no letters can be sent that way.
    pub fn new(url: &Secret, from: &str) -> Result<Self, SmtpError> {
        Self::with_limit(url, from, LETTER)
    }

    fn with_limit(url: &Secret, from: &str, letter: Duration) -> Result<Self, SmtpError> {
        let from = sender(from).map_err(|_| SmtpError::From)?;
        let parsed = Url::parse(url.reveal()).map_err(|_| SmtpError::Url)?;
        let has_tls = match parsed.scheme() {
            "smtps" => true,
            "smtp" => parsed.query() == Some("tls=required"),
            _ => return Err(SmtpError::Url),
        };
        if !has_tls && !is_this_machine(&parsed) {
            return Err(SmtpError::Plain);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal());
        let transport = builder.map_err(|_| SmtpError::Url)?.build();
        Ok(Self { transport, from, letter })
    }
}

/// Whether a URL's host is a loopback one. In a scheme that browsers do not know, an address is
/// written as a name.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = message(&self.from, letter)?;
        match timeout(self.letter, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => {
                let reason = error.to_string();
                let printable = reason.chars().filter(|c| !c.is_control());
                Err(MailError::Refused(printable.take(REASON_CHARACTERS_MAX).collect()))
            }
            Ok(Err(error)) => Err(MailError::Unavailable(Box::new(error))),
            Err(late) => Err(MailError::Unavailable(Box::new(late))),
        }
    }
}

impl Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp(from {})", self.from)
    }
}
