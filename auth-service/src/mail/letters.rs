//! What letters say.

use accounts::User;
use runtime::Secret;

use super::Letter;

/// To somebody who is asked to come.
pub(crate) fn invitation(user: &User, organisation: &str, link: &Secret) -> Letter {
    letter(
        user,
        format!("You are invited to {organisation}"),
        &[
            &format!("you are invited to {organisation} on this Weir server."),
            "Choose a password here:",
            link.reveal(),
            "The link is good once. If you do not know what this is about, do nothing.",
        ],
    )
}

/// To somebody whose address is to be proved.
pub(crate) fn verification(user: &User, link: &Secret) -> Letter {
    letter(
        user,
        "Confirm your e-mail address".to_owned(),
        &[
            "this address was given for your account on a Weir server. Confirm it here:",
            link.reveal(),
            "The link is good once. If you do not know what this is about, do nothing.",
        ],
    )
}

/// To somebody who forgot the password.
pub(crate) fn reset(user: &User, link: &Secret) -> Letter {
    letter(
        user,
        "Choose another password".to_owned(),
        &[
            "somebody asked for another password for your account. If it was you, choose it here:",
            link.reveal(),
            "The link is good once. If it was not you, do nothing: your password stays as it is.",
        ],
    )
}

fn letter(user: &User, subject: String, paragraphs: &[&str]) -> Letter {
    let body = format!("Hello {},\n\n{}\n", user.name, paragraphs.join("\n\n"));
    Letter { to: user.email.clone(), subject, body }
}
