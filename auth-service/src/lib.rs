//! Users, devices, keys and tokens: who there is, and how they come to what they may do.
//!
//! Floor 4. What the command line, the viewers' pages and the REST API do with accounts is here,
//! once; they differ in who asks ([`Actor`]).

mod actor;
mod error;

pub use actor::Actor;
pub use error::ServiceError;
