//! Links that are good once.

use std::time::Duration;

use accounts::{Ticket, TicketId, TicketKind, User};
use runtime::Secret;

use crate::limits::Limit;
use crate::secrets::{is_secret, new_secret, random};
use crate::{Caller, Service, ServiceError};

/// What the hash of a ticket's secret is for.
const PURPOSE: &str = "ticket";

impl Service {
    /// Makes a ticket for a user, and gives the link. Others of its kind are void.
    pub(crate) async fn new_link(
        &self,
        kind: TicketKind,
        user: &User,
    ) -> Result<Secret, ServiceError> {
        let secret = new_secret("")?;
        let ticket = Ticket {
            id: TicketId::new(self.now_ms(), random()?),
            hash: self.database.keyed_hash(PURPOSE, secret.reveal()),
            kind,
            organisation: user.organisation.clone(),
            user: user.id.clone(),
            created_at_ms: self.now_ms(),
            expires_at_ms: self.in_ms(self.good_for(kind)),
            used_at_ms: None,
        };
        self.database.create_ticket(&ticket).await?;
        // Behind the number sign it is sent to nobody: no proxy and no log has it.
        let (url, page) = (&self.settings.public_url, page(kind));
        Ok(Secret::new(format!("{url}/account/{page}#{}", secret.reveal())))
    }

    /// Makes the links void that went to a user's former address, or were asked for before the
    /// password was changed.
    pub(crate) async fn void_links(&self, user: &User) -> Result<(), ServiceError> {
        for kind in [TicketKind::VerifyEmail, TicketKind::ResetPassword] {
            // A new one voids the others, and nobody is told the new one.
            self.new_link(kind, user).await?;
        }
        Ok(())
    }

    /// The user whom a good ticket is for; it stays good.
    pub(crate) async fn holder(
        &self,
        kind: TicketKind,
        secret: &Secret,
        caller: &Caller,
    ) -> Result<User, ServiceError> {
        self.limits.check_address(Limit::Credential, caller.address)?;
        if !is_secret(secret.reveal(), "") {
            return Err(void());
        }
        let hash = self.database.keyed_hash(PURPOSE, secret.reveal());
        let ticket = self.database.ticket(&hash, kind, self.now_ms()).await?.ok_or_else(void)?;
        self.database.user(&ticket.user).await?.ok_or_else(void)
    }

    /// Uses a ticket. Of two at the same time one is told so.
    pub(crate) async fn spend(
        &self,
        kind: TicketKind,
        secret: &Secret,
    ) -> Result<Ticket, ServiceError> {
        let hash = self.database.keyed_hash(PURPOSE, secret.reveal());
        self.database.use_ticket(&hash, kind, self.now_ms()).await?.ok_or_else(void)
    }

    fn good_for(&self, kind: TicketKind) -> Duration {
        match kind {
            TicketKind::Setup | TicketKind::Invitation => self.settings.invitation,
            TicketKind::VerifyEmail => self.settings.verify_email,
            TicketKind::ResetPassword => self.settings.reset_password,
        }
    }
}

/// The page that a link opens.
const fn page(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::Setup => "setup",
        TicketKind::Invitation => "invitation",
        TicketKind::VerifyEmail => "verify",
        TicketKind::ResetPassword => "reset",
    }
}

/// The same for a link that was used, one that is over, and one that never was.
pub(crate) fn void() -> ServiceError {
    ServiceError::Unauthorized("this link is not good any more; ask for another one".to_owned())
}
