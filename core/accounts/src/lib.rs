//! Who there is, and what they may: organisations, users, roles, devices, keys and policies, as
//! records and rules.
//!
//! Floor 2, pure. `database` keeps these records, `authz` decides by them, `auth-service` changes
//! them, and the REST API shows them.

mod api_key;
mod device;
mod id;
mod notice;
mod organisation;
mod role;
mod session;
mod stream;
mod stream_key;
mod ticket;
mod trusted_key;
mod user;
mod verification;

pub use api_key::{ApiKey, Scope};
pub use device::{Device, DeviceKind, Pairing, PairingState};
pub use id::{
    ApiKeyId, DeviceId, IdError, KeyId, OrganisationId, SessionId, TicketId, TrustedKeyId, UserId,
    VerificationId,
};
pub use notice::Notice;
pub use organisation::Organisation;
pub use role::{Permission, Role};
pub use session::Session;
pub use stream::{Access, StreamObject, StreamPolicy, Template};
pub use stream_key::{StreamKeyRecord, Subject};
pub use ticket::{Ticket, TicketKind};
pub use trusted_key::{Slot, TrustedKey, TrustedKind};
pub use user::{Status, User};
pub use verification::{Evidence, Verification, Verified};
