//! What people do with a link: set the server up, come in, prove an address, choose another
//! password.

#[cfg(test)]
mod tests;

use accounts::{Organisation, OrganisationId, Role, Status, TicketKind, User};
use database::Page;
use runtime::Secret;

use crate::limits::Limit;
use crate::mail::letters;
use crate::texts::{email, named};
use crate::tickets::void;
use crate::users::NAME_CHARACTERS_MAX;
use crate::{Actor, Caller, NewUser, Service, ServiceError, SignedIn, passwords};

/// The organisation that a server has from its first start on.
const FIRST_ORGANISATION: &str = "default";
/// Stands for the first owner's address until it is known; no letter ever goes to `.invalid`
/// (RFC 2606, 2).
const FIRST_OWNER: &str = "first-owner@weir.invalid";

/// A user who was asked to come, and the link that opens the door.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The user.
    pub user: User,
    /// The link. A letter has it; it is for whoever cannot get letters.
    pub link: Secret,
}

/// Whom a link is for, as its page says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The user's address; none of a server that is to be set up.
    pub email: Option<String>,
    /// The user's name.
    pub name: String,
    /// The organisation's name.
    pub organisation: String,
}

/// Who is to own the server.
#[derive(Clone, Debug)]
pub struct FirstOwner {
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

impl Service {
    /// The link that makes somebody the first owner, as long as nobody is. Each start makes a new
    /// one, and the one before it is void.
    ///
    /// # Errors
    ///
    /// When the database does not do it.
    pub async fn first_start(&self) -> Result<Option<Secret>, ServiceError> {
        let organisations = self.database.organisations().await?;
        let mut waiting = None;
        for organisation in &organisations {
            let page = Page { after: None, limit: 2 };
            for user in self.database.users(&organisation.id, &page).await? {
                if user.email != FIRST_OWNER {
                    return Ok(None);
                }
                waiting = Some(user);
            }
        }
        let owner = match waiting {
            Some(owner) => owner,
            None => self.first_owner(&organisations).await?,
        };
        self.new_link(TicketKind::Setup, &owner).await.map(Some)
    }

    /// Makes whoever has the link of the first start the owner.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for an address or password that cannot be used: the link stays
    /// good.
    pub async fn set_up(
        &self,
        secret: &Secret,
        owner: &FirstOwner,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        let user = self.holder(TicketKind::Setup, secret, caller).await?;
        let address = email(&owner.email)?;
        let name = named("a name", &owner.name, NAME_CHARACTERS_MAX)?;
        let hash = self.chosen(&owner.password, &address).await?;
        self.spend(TicketKind::Setup, secret).await?;
        let changed = self.alter_user(&user.id, |user| {
            user.email.clone_from(&address);
            user.name.clone_from(&name);
            activate(user, &hash)
        });
        let user = changed.await?;
        self.post_verification(&user);
        self.open_session(&user, caller).await
    }

    /// Asks somebody to come, by a letter.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when somebody has the address.
    pub async fn invite(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        new: &NewUser,
    ) -> Result<Invitation, ServiceError> {
        actor.needs(crate::users::managing(new.role), organisation)?;
        let user = self.new_user(organisation, new)?;
        self.database.create_user(&user).await?;
        self.send_invitation(user).await
    }

    /// Asks somebody again who has not come yet. The letter before is void.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when the user has come.
    pub async fn invite_again(
        &self,
        actor: &Actor,
        id: &accounts::UserId,
    ) -> Result<Invitation, ServiceError> {
        let user = self.managed_user(actor, id).await?;
        if user.status != Status::Invited {
            return Err(ServiceError::Conflict("this user has been here already".to_owned()));
        }
        self.send_invitation(user).await
    }

    /// Whom a link is for, without using it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when the link is not good.
    pub async fn link_holder(
        &self,
        kind: TicketKind,
        secret: &Secret,
        caller: &Caller,
    ) -> Result<Holder, ServiceError> {
        let user = self.holder(kind, secret, caller).await?;
        let organisation = self.database.organisation(&user.organisation).await?;
        let email = (user.email != FIRST_OWNER).then_some(user.email);
        Ok(Holder { email, name: user.name, organisation: organisation.ok_or_else(void)?.name })
    }

    /// Lets an invited user choose a name and a password, and come in. The letter's arrival proved
    /// the address.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for what cannot be used: the link stays good.
    pub async fn accept_invitation(
        &self,
        secret: &Secret,
        name: Option<&str>,
        password: &Secret,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        let user = self.holder(TicketKind::Invitation, secret, caller).await?;
        let name = named("a name", name.unwrap_or(&user.name), NAME_CHARACTERS_MAX)?;
        let hash = self.chosen(password, &user.email).await?;
        self.spend(TicketKind::Invitation, secret).await?;
        let now_ms = self.now_ms();
        let changed = self.alter_user(&user.id, |user| {
            user.name.clone_from(&name);
            user.email_verified_at_ms = Some(now_ms);
            activate(user, &hash)
        });
        self.open_session(&changed.await?, caller).await
    }

    /// Notes that whoever has the link gets letters at the user's address.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when the link is not good.
    pub async fn verify_email(&self, secret: &Secret, caller: &Caller) -> Result<(), ServiceError> {
        let user = self.holder(TicketKind::VerifyEmail, secret, caller).await?;
        self.spend(TicketKind::VerifyEmail, secret).await?;
        let now_ms = self.now_ms();
        let changed = self.alter_user(&user.id, |user| {
            user.email_verified_at_ms = Some(now_ms);
            Ok(())
        });
        changed.await.map(drop)
    }

    /// Sends the letter that proves the actor's own address once more.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when it is proved.
    pub async fn send_verification(&self, actor: &Actor) -> Result<(), ServiceError> {
        let id = actor.user().ok_or(ServiceError::NotFound)?;
        let user = self.found_user(actor, id).await?;
        if user.email_verified_at_ms.is_some() {
            return Err(ServiceError::Conflict("this address is proved already".to_owned()));
        }
        self.limits.check(Limit::Letter, &user.email)?;
        self.post_verification(&user);
        Ok(())
    }

    /// Sends a link to another password, if somebody has the address. The answer and its time are
    /// the same when nobody has.
    ///
    /// # Errors
    ///
    /// [`ServiceError::TooMany`] for too many from one place or to one address.
    pub fn forgot_password(&self, address: &str, caller: &Caller) -> Result<(), ServiceError> {
        self.limits.check_address(Limit::Letters, caller.address)?;
        let address = email(address)?;
        self.limits.check(Limit::Letter, &address)?;
        let service = self.clone();
        self.in_background(async move {
            match service.database.user_by_email(&address).await? {
                Some(user) if user.status == Status::Active => service.send_reset(&user).await,
                Some(_) | None => Ok(()),
            }
        });
        Ok(())
    }

    /// A link to another password, for whoever cannot get letters. What there was before is good
    /// until it is used.
    ///
    /// # Errors
    ///
    /// When the actor may not change the user.
    pub async fn reset_link(
        &self,
        actor: &Actor,
        id: &accounts::UserId,
    ) -> Result<Secret, ServiceError> {
        let user = self.managed_user(actor, id).await?;
        self.new_link(TicketKind::ResetPassword, &user).await
    }

    /// Lets whoever has the link choose another password. All sessions end.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for a password that cannot be used: the link stays good.
    pub async fn reset_password(
        &self,
        secret: &Secret,
        password: &Secret,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let user = self.holder(TicketKind::ResetPassword, secret, caller).await?;
        let hash = self.chosen(password, &user.email).await?;
        self.spend(TicketKind::ResetPassword, secret).await?;
        let now_ms = self.now_ms();
        let changed = self.alter_user(&user.id, |user| {
            // The letter came to the address, which proves it.
            user.email_verified_at_ms = user.email_verified_at_ms.or(Some(now_ms));
            activate(user, &hash)
        });
        let user = changed.await?;
        self.database.revoke_sessions(&user.id, None, None, now_ms).await?;
        Ok(())
    }

    /// The hash of a password that may be chosen.
    pub(crate) async fn chosen(
        &self,
        password: &Secret,
        email: &str,
    ) -> Result<String, ServiceError> {
        passwords::judge(password, email)?;
        self.passwords.hash(password).await
    }

    /// Does something after the answer, and says in the log when it could not be done.
    fn in_background(&self, task: impl Future<Output = Result<(), ServiceError>> + Send + 'static) {
        let begun = self.background.spawn(async {
            if let Err(error) = task.await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(cause, "a letter was not sent: {error}");
            }
        });
        if !begun {
            tracing::warn!("a letter was not sent: too many wait for the mail server");
        }
    }

    fn post_verification(&self, user: &User) {
        let (service, user) = (self.clone(), user.clone());
        self.in_background(async move {
            let link = service.new_link(TicketKind::VerifyEmail, &user).await?;
            Ok(service.mailer.send(&letters::verification(&user, &link)).await?)
        });
    }

    async fn send_reset(&self, user: &User) -> Result<(), ServiceError> {
        let link = self.new_link(TicketKind::ResetPassword, user).await?;
        Ok(self.mailer.send(&letters::reset(user, &link)).await?)
    }

    async fn send_invitation(&self, user: User) -> Result<Invitation, ServiceError> {
        self.limits.check(Limit::Letter, &user.email)?;
        let organisation = self.database.organisation(&user.organisation).await?;
        let organisation = organisation.ok_or(ServiceError::NotFound)?;
        let link = self.new_link(TicketKind::Invitation, &user).await?;
        let letter = letters::invitation(&user, &organisation.name, &link);
        let mailer = std::sync::Arc::clone(&self.mailer);
        self.in_background(async move { Ok(mailer.send(&letter).await?) });
        Ok(Invitation { user, link })
    }

    /// The owner who is yet to come, of the first organisation.
    async fn first_owner(&self, organisations: &[Organisation]) -> Result<User, ServiceError> {
        let organisation = match organisations.first() {
            Some(first) => first.id.clone(),
            None => self.create_organisation(&Actor::Local, FIRST_ORGANISATION).await?.id,
        };
        let (email, name) = (FIRST_OWNER.to_owned(), "owner".to_owned());
        let owner = self.new_user(&organisation, &NewUser { email, name, role: Role::Owner })?;
        self.database.create_user(&owner).await?;
        Ok(owner)
    }
}

/// Gives a user a password, and forgets failed sign-ins. Who is disabled stays so.
pub(crate) fn activate(user: &mut User, hash: &str) -> Result<(), ServiceError> {
    if user.status == Status::Disabled {
        return Err(void());
    }
    user.status = Status::Active;
    user.password = Some(hash.to_owned());
    user.failed_logins = 0;
    user.locked_until_ms = None;
    Ok(())
}
