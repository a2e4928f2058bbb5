//! Verification of users: evidence is handed in, and an operator says who it is.

mod sealed;
#[cfg(test)]
mod tests;

use accounts::{
    Evidence, OrganisationId, Permission, Scope, User, Verification, VerificationId, Verified,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use store::{PrivateName, StoreError};

use crate::secrets::random;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// Documents of one verification: both sides of two cards, and a letter.
const FILES_MAX: usize = 5;
/// Largest document, in bytes: a photograph of a telephone.
const FILE_BYTES_MAX: usize = 10 * 1_024 * 1_024;
/// Longest name of a document, in characters.
const NAME_CHARACTERS_MAX: usize = 200;
/// Longest reason, in characters.
const REASON_CHARACTERS_MAX: usize = 500;
/// How documents begin that operators can look at: nothing that a browser would run.
const TYPES: [(&str, &[u8]); 3] = [
    ("application/pdf", b"%PDF-"),
    ("image/jpeg", b"\xFF\xD8\xFF"),
    ("image/png", b"\x89PNG\r\n\x1A\n"),
];

/// A document that is handed in.
#[derive(Clone)]
pub struct Document {
    /// The file's name, for people.
    pub name: String,
    /// Its bytes: a PDF, a JPEG or a PNG.
    pub bytes: Bytes,
}

/// What an operator says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// That is who it is.
    Verified,
    /// No, and why, as the user is told.
    Rejected(String),
}

impl Service {
    /// Hands evidence in, of oneself.
    ///
    /// # Errors
    ///
    /// When it cannot be looked at, or the user waits for an operator or is verified already.
    pub async fn submit_verification(
        &self,
        actor: &Actor,
        documents: Vec<Document>,
    ) -> Result<Verification, ServiceError> {
        let user = self.verified_of(actor).await?;
        match user.verified {
            Verified::Unverified | Verified::Rejected { .. } => {}
            Verified::Pending => {
                return conflict("your documents are here already, and an operator will look");
            }
            Verified::Verified => return conflict("you are verified already"),
        }
        let evidence = evidence_of(&documents)?;
        let now_ms = self.now_ms();
        let verification = Verification {
            id: VerificationId::new(now_ms, random()?),
            organisation: user.organisation,
            user: user.id,
            verified: Verified::Pending,
            evidence,
            submitted_at_ms: now_ms,
            decided_at_ms: None,
            decided_by: None,
            version: 1,
        };
        let kept = self.keep_documents(&verification, &documents).await;
        let kept = match kept {
            Ok(()) => self.database.create_verification(&verification).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            // Nobody could find them any more.
            self.forget_documents(&verification).await;
            return Err(error);
        }
        Ok(verification)
    }

    /// Verifications of an organisation, the newest first; with `pending` only those that wait.
    /// Who does not review sees one's own.
    ///
    /// # Errors
    ///
    /// When the actor may see none.
    pub async fn verifications(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        pending: bool,
    ) -> Result<Vec<Verification>, ServiceError> {
        let own = match actor.sees(Scope::UsersRead, organisation) {
            Ok(()) => None,
            Err(error) => {
                if actor.organisation() != Some(organisation) {
                    return Err(error);
                }
                Some(actor.user().ok_or(error)?)
            }
        };
        Ok(self.database.verifications(organisation, own, pending).await?)
    }

    /// A document that was handed in, for whoever reviews and whoever handed it in. It is as it
    /// was, or it is not given.
    ///
    /// # Errors
    ///
    /// When there is none for this actor.
    pub async fn evidence(
        &self,
        actor: &Actor,
        id: &VerificationId,
        number: usize,
    ) -> Result<(Evidence, Bytes), ServiceError> {
        let verification = self.database.verification(id).await?.ok_or(ServiceError::NotFound)?;
        let organisation = &verification.organisation;
        let is_own = matches!(actor, Actor::User { organisation: own, user, .. }
            if own == organisation && *user == verification.user);
        if !is_own && actor.needs(Permission::ReviewVerifications, organisation).is_err() {
            return Err(ServiceError::NotFound);
        }
        let evidence = verification.evidence.get(number).ok_or(ServiceError::NotFound)?;
        let name = name_of(&verification, number)?;
        let sealed = self.evidence.get_private(&name).await.map_err(unavailable)?;
        let bytes = sealed::open(&self.evidence_key(&name), &sealed);
        let bytes = bytes.filter(|bytes| sha256(bytes) == evidence.sha256);
        match bytes {
            Some(bytes) => Ok((evidence.clone(), bytes.into())),
            None => Err(ServiceError::Unavailable(
                format!("the document {name} is not what was handed in").into(),
            )),
        }
    }

    /// Says who a user is, or why not. Nobody does that for oneself; the command line may for all.
    /// A verdict may be changed: who is live goes on.
    ///
    /// # Errors
    ///
    /// When the actor may not, or somebody else said so first.
    pub async fn review_verification(
        &self,
        actor: &Actor,
        id: &VerificationId,
        verdict: Verdict,
    ) -> Result<Verification, ServiceError> {
        let found = self.database.verification(id).await?;
        let mut verification = found.ok_or(ServiceError::NotFound)?;
        actor.needs(Permission::ReviewVerifications, &verification.organisation)?;
        if actor.user() == Some(&verification.user) {
            return conflict("another operator has to look at your documents");
        }
        verification.verified = match verdict {
            Verdict::Verified => Verified::Verified,
            Verdict::Rejected(reason) => {
                line("reason", &reason, REASON_CHARACTERS_MAX)?;
                if reason.trim().is_empty() {
                    return Err(ServiceError::Invalid("the user is told why: say it".to_owned()));
                }
                Verified::Rejected { reason }
            }
        };
        verification.decided_at_ms = Some(self.now_ms());
        let by = actor.user().map(ToString::to_string);
        verification.decided_by = Some(by.unwrap_or_else(|| "local".to_owned()));
        Ok(self.database.update_verification(&verification).await?)
    }

    async fn verified_of(&self, actor: &Actor) -> Result<User, ServiceError> {
        let Actor::User { user, .. } = actor else {
            let error = "documents are handed in by whom they are about";
            return Err(ServiceError::Invalid(error.to_owned()));
        };
        self.database.user(user).await?.ok_or(ServiceError::NotFound)
    }

    async fn keep_documents(
        &self,
        verification: &Verification,
        documents: &[Document],
    ) -> Result<(), ServiceError> {
        for (number, document) in documents.iter().enumerate() {
            let name = name_of(verification, number)?;
            let sealed = sealed::seal(&self.evidence_key(&name), &document.bytes)?;
            self.evidence.put_private(&name, sealed.into()).await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// Removes documents that nobody needs any more, as far as that goes.
    pub(crate) async fn forget_documents(&self, verification: &Verification) {
        for number in 0..verification.evidence.len() {
            let Ok(name) = name_of(verification, number) else { continue };
            if let Err(error) = self.evidence.delete_private(&name).await {
                tracing::warn!(%error, "a document stays that nobody needs: {error}");
            }
        }
    }

    /// What a document is sealed with: whoever has the store only can read none.
    fn evidence_key(&self, name: &PrivateName) -> String {
        self.database.keyed_hash("evidence-key", name.as_str())
    }
}

/// What is kept of documents, if operators can look at them.
fn evidence_of(documents: &[Document]) -> Result<Vec<Evidence>, ServiceError> {
    if documents.is_empty() || documents.len() > FILES_MAX {
        return Err(ServiceError::Invalid(format!("hand in 1 to {FILES_MAX} documents")));
    }
    documents.iter().map(Document::described).collect()
}

impl Document {
    fn described(&self) -> Result<Evidence, ServiceError> {
        line("file's name", &self.name, NAME_CHARACTERS_MAX)?;
        let bytes = self.bytes.len();
        if bytes > FILE_BYTES_MAX {
            return Err(ServiceError::Invalid(format!(
                "a document has {bytes} bytes; at most {FILE_BYTES_MAX} are taken"
            )));
        }
        let found = TYPES.iter().find(|(_, beginning)| self.bytes.starts_with(beginning));
        let Some((content_type, _)) = found else {
            return Err(ServiceError::Invalid("a document is a PDF, a JPEG or a PNG".to_owned()));
        };
        Ok(Evidence {
            name: self.name.clone(),
            content_type: (*content_type).to_owned(),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            sha256: sha256(&self.bytes),
        })
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} bytes)", self.bytes.len())
    }
}

fn name_of(verification: &Verification, number: usize) -> Result<PrivateName, ServiceError> {
    let Verification { organisation, id, .. } = verification;
    let name = PrivateName::parse(&format!("evidence/{organisation}/{id}/{number}"));
    name.ok_or_else(|| ServiceError::Unavailable(format!("{id} names no document").into()))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unavailable(error: StoreError) -> ServiceError {
    ServiceError::Unavailable(Box::new(error))
}

fn conflict<T>(sentence: &str) -> Result<T, ServiceError> {
    Err(ServiceError::Conflict(sentence.to_owned()))
}
