//! Who may watch: every policy on every kind of object, every form of a token, and what attackers
//! try, against the program itself with a real push.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "viewers/attacks.rs"]
mod attacks;
#[path = "viewers/forms.rs"]
mod forms;
#[path = "viewers/policies.rs"]
mod policies;
#[path = "viewers/revoked.rs"]
mod revoked;
#[path = "viewers/stage.rs"]
mod stage;
