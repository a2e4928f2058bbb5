//! A letter as it goes over the wire (RFC 5322).

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use super::{Letter, MailError};

/// Whom letters are from: an address, or `Name <address>`.
pub(crate) fn sender(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::Address)
}

/// The message of a letter, under an id that says nothing of this machine.
pub(crate) fn message(from: &Mailbox, letter: &Letter) -> Result<Message, MailError> {
    let to = letter.to.parse().map_err(|_| MailError::Address)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| MailError::Unavailable(Box::new(error)))?;
    let id = u128::from_be_bytes(random);
    let built = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject.clone())
        .date_now()
        .message_id(Some(format!("<{id:032x}@{}>", from.email.domain())))
        // RFC 3834, 5: nobody's out-of-office answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .header(ContentType::TEXT_PLAIN)
        .body(letter.body.clone());
    built.map_err(|_| MailError::Address)
}
