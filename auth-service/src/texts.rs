//! Texts that people type.

use lettre::Address;

use crate::ServiceError;

/// Longest address of a letter, in bytes (RFC 5321, 4.5.3.1.3, without its brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// A name without blanks around it.
///
/// # Errors
///
/// When it is empty, too long, or has characters that change lines or directions.
pub(crate) fn named(what: &str, text: &str, characters_max: usize) -> Result<String, ServiceError> {
    let name = text.trim();
    let complaint = if name.is_empty() {
        format!("{what} cannot be empty")
    } else if name.chars().count() > characters_max {
        format!("{what} has at most {characters_max} characters")
    } else if name.chars().any(is_unprintable) {
        format!("{what} has characters in it that cannot be shown")
    } else {
        return Ok(name.to_owned());
    };
    Err(ServiceError::Invalid(complaint))
}

/// An address that letters go to, in lower case.
///
/// # Errors
///
/// When it is none.
pub(crate) fn email(text: &str) -> Result<String, ServiceError> {
    let email = text.trim().to_lowercase();
    let is_address = email.len() <= EMAIL_BYTES_MAX
        && !email.chars().any(is_unprintable)
        && email.parse::<Address>().is_ok();
    if is_address {
        Ok(email)
    } else {
        Err(ServiceError::Invalid("this is no e-mail address".to_owned()))
    }
}

/// Controls, and what Unicode has to turn a line around.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let named = named("a name", text, 5).map_err(|error| error.to_string());
        assert_eq!(named.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn a_name_is_one_line_of_a_few_characters() {
        check(" Änn ", Ok("Änn"));
        check("", Err("a name cannot be empty"));
        check("  \n", Err("a name cannot be empty"));
        check("abcdef", Err("a name has at most 5 characters"));
        check("a\nb", Err("a name has characters in it that cannot be shown"));
        check("a\u{202E}b", Err("a name has characters in it that cannot be shown"));
    }

    #[test]
    fn an_address_is_one_in_lower_case() {
        assert_eq!(email(" Ann@A.Example ").unwrap(), "ann@a.example");
        let long = format!("{}@a.example", "x".repeat(245));
        let bad =
            ["", "ann", "@a.example", "a@", "a b@a.example", "a@a.example\r\nBcc: x@y", &long];
        for text in bad {
            assert!(email(text).is_err(), "{text}");
        }
    }
}
