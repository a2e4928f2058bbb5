//! What a publication was let in with and is not good any more.

use accounts::Subject;
use authz::PublishRefusal;
use token::{Revocation, Revoked as What};

/// Clocks of nodes may differ by so much, in milliseconds: who was let in this long after something
/// was revoked was let in although it was, since it is allowed again.
pub(crate) const SKEW_MS: i64 = 60_000;

/// Why a publisher may not go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Revoked {
    /// Its key was revoked.
    Key,
    /// The encoder was.
    Device,
    /// The user may not publish any more.
    User,
    /// The stream was deleted.
    Stream,
}

impl Revoked {
    /// What a revocation takes from a subject. Those of tokens are about viewers, and one of an
    /// organisation is about its own subjects alone.
    #[must_use]
    pub fn by(revocation: &Revocation, subject: &Subject) -> Option<Self> {
        let organisation = subject.organisation.as_ref().map(|id| id.as_str());
        if revocation.organisation.is_some() && revocation.organisation.as_deref() != organisation {
            return None;
        }
        let (revoked, id, ours) = match &revocation.revoked {
            What::Key { id } => (Self::Key, id, subject.key.as_deref()),
            What::Device { id } => {
                (Self::Device, id, subject.device.as_ref().map(|it| it.as_str()))
            }
            What::User { id } => (Self::User, id, subject.user.as_ref().map(|it| it.as_str())),
            What::Token { .. } | What::Viewer { .. } | What::Before { .. } => return None,
        };
        (ours == Some(id)).then_some(revoked)
    }

    /// What the person at the encoder can do about it: what the next try is told as well.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Key => PublishRefusal::Revoked.sentence(),
            Self::Device => PublishRefusal::DeviceRevoked.sentence(),
            Self::User => PublishRefusal::UserDisabled.sentence(),
            Self::Stream => {
                "This stream was deleted. Make it anew, and use its new key.".to_owned()
            }
        }
    }

    /// What it was, for a log.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Key => "its stream key was revoked",
            Self::Device => "its device was revoked",
            Self::User => "its user may not publish any more",
            Self::Stream => "its stream was deleted",
        }
    }
}
