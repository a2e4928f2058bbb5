//! Signing what is asked, after Standard Webhooks 1.0.0.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Fewest bytes of a secret, as the specification has it.
const BYTES_MIN: usize = 24;
/// Most bytes of a secret, as the specification has it.
const BYTES_MAX: usize = 64;

/// The secret that an endpoint knows its questions by. Printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Box<[u8]>);

/// Why a text is no such secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a secret of a webhook is whsec_ and 24 to 64 bytes in base64")]
pub struct SecretError;

impl HookSecret {
    /// Reads a secret.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let digits = text.strip_prefix(PREFIX).ok_or(SecretError)?;
        let bytes = STANDARD.decode(digits).map_err(|_| SecretError)?;
        if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(SecretError)
        }
    }

    /// The signature of a message, as its header has it.
    pub(super) fn sign(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        // A key of any length is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_specification_does_it() {
        let secret = HookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = secret.sign(id, 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "HookSecret(***)");
    }

    #[test]
    fn a_text_that_is_no_secret_is_refused() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            assert_eq!(HookSecret::parse(text), Err(SecretError), "{text}");
        }
        assert_eq!(HookSecret::parse(&of(23)), Err(SecretError));
        assert!(HookSecret::parse(&of(24)).is_ok());
        assert!(HookSecret::parse(&of(64)).is_ok());
        assert_eq!(HookSecret::parse(&of(65)), Err(SecretError));
    }
}
