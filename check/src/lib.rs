//! A strict validator of HTTP Live Streaming: what is wrong with a stream, and what to do about it.
//!
//! [`mod@rules`] is the table of all that a stream is held to. A rule is a small pure function that
//! looks at one kind of [`evidence`]. An exam gathers the evidence through a
//! [`transport`], as a player would, puts it to the rules, and its report is what they say.

pub mod evidence;
pub mod exam;
pub mod finding;
pub mod fuzz;
pub mod options;
pub mod probe;
pub mod report;
pub mod rule;
pub mod rules;
mod secrets;
#[cfg(test)]
mod testing;
pub mod token;
pub mod transport;

pub use exam::Exam;
pub use finding::{Faults, Finding, Ledger, Place};
pub use options::Options;
pub use report::Report;
pub use rule::{Rule, Severity, Test};
pub use rules::rules;
