//! Passwords of people: which are good enough, and how they are kept.
//!
//! Argon2id (RFC 9106) at OWASP's first choice: 19 MiB, two passes, one lane. Its memory is what a
//! thief of hashes pays, and what keeps a server from reckoning many at one time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use runtime::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::ServiceError;
use crate::secrets::random;

/// Fewest characters: with fewer a thief of hashes finds most of them.
const CHARACTERS_MIN: usize = 10;
/// Most characters: a long sentence. What is longer makes work for the server and none for a thief.
const CHARACTERS_MAX: usize = 256;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Passwords that are reckoned at one time: each takes a core and 19 MiB.
const RECKONED_MAX: usize = 2;
/// Passwords that wait or are reckoned: at two a core's 50 ms, whoever comes later waits a second.
const WAITING_MAX: usize = 40;
/// Seconds after which the ones that wait have been reckoned.
const RETRY_AFTER_S: u64 = 2;
/// What people choose first where ten characters are asked for, in lower case.
const COMMONEST: [&str; 31] = [
    "0123456789",
    "0987654321",
    "1029384756",
    "123123123123",
    "1234567890",
    "12345678900",
    "12345678910",
    "123456789a",
    "123456789q",
    "1234qwerasdf",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "administrator",
    "abcdefghij",
    "changeme123",
    "changemenow",
    "football123",
    "iloveyou123",
    "letmein123",
    "password12",
    "password123",
    "password1234",
    "password12345",
    "passwordpassword",
    "q1w2e3r4t5",
    "qwerty1234",
    "qwerty12345",
    "qwertyuiop",
    "qwertyuiop123",
    "welcome123",
];

/// Reckons hashes of passwords, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    reckoned: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    memory_kib: u32,
}

impl Passwords {
    /// Hashes that take `memory_kib` of memory each.
    pub(crate) fn new(memory_kib: u32) -> Self {
        Self {
            reckoned: Arc::new(Semaphore::new(RECKONED_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            memory_kib: memory_kib.max(Params::MIN_M_COST),
        }
    }

    /// The hash of a password, in PHC form, with a salt of its own.
    ///
    /// # Errors
    ///
    /// [`ServiceError::TooMany`] when as many wait as may.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, ServiceError> {
        let (password, salt, memory_kib) = (password.clone(), random::<16>()?, self.memory_kib);
        self.reckon(move || {
            let hashed = hasher(memory_kib)?
                .hash_password_with_salt(password.reveal().as_bytes(), &salt)
                .map_err(unavailable)?;
            Ok(hashed.to_string())
        })
        .await
    }

    /// Whether `hash` is of this password. Without a hash it never is, which takes as long.
    ///
    /// # Errors
    ///
    /// [`ServiceError::TooMany`] when as many wait as may.
    pub(crate) async fn matches(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, ServiceError> {
        let hash = hash.map_or_else(|| nobodys(self.memory_kib), str::to_owned);
        if password.reveal().chars().count() > CHARACTERS_MAX {
            return Ok(false);
        }
        let (password, memory_kib) = (password.clone(), self.memory_kib);
        self.reckon(move || {
            let parsed = PasswordHash::new(&hash).map_err(unavailable)?;
            let hasher = hasher(memory_kib)?;
            Ok(hasher.verify_password(password.reveal().as_bytes(), &parsed).is_ok())
        })
        .await
    }

    async fn reckon<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(ServiceError::TooMany { retry_after_s: RETRY_AFTER_S });
        };
        // The permit goes along: a caller who gives up does not make room for another one.
        let permit = Arc::clone(&self.reckoned).acquire_owned().await.map_err(unavailable)?;
        let task = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await.map_err(unavailable)?
    }
}

/// Whether people may choose this password.
///
/// # Errors
///
/// When it is too short, too long, or the first that somebody would try.
pub(crate) fn judge(password: &Secret, email: &str) -> Result<(), ServiceError> {
    let text = password.reveal();
    let count = text.chars().count();
    let complaint = if count < CHARACTERS_MIN {
        format!("a password has at least {CHARACTERS_MIN} characters")
    } else if count > CHARACTERS_MAX {
        format!("a password has at most {CHARACTERS_MAX} characters")
    } else if is_first_guess(&text.to_lowercase(), email) {
        "this password is one of the first that anybody would try".to_owned()
    } else {
        return Ok(());
    };
    Err(ServiceError::Invalid(complaint))
}

/// Whether a text in lower case is the address, all one character, or among the commonest.
fn is_first_guess(text: &str, email: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    let local = email.split('@').next().unwrap_or(email);
    text == email
        || text == local
        || characters.all(|next| Some(next) == first)
        || COMMONEST.contains(&text)
}

/// The hash of no password, which takes as long to look at as one.
fn nobodys(memory_kib: u32) -> String {
    format!(
        "$argon2id$v=19$m={memory_kib},t={PASSES},p=1$\
         bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )
}

fn hasher(memory_kib: u32) -> Result<Argon2<'static>, ServiceError> {
    let params = Params::new(memory_kib, PASSES, 1, None).map_err(unavailable)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// None of these errors has the password or its hash.
fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, expected: Option<&str>) {
        let judged = judge(&Secret::new(password), "ann.longname@a.example");
        assert_eq!(judged.err().map(|error| error.to_string()).as_deref(), expected, "{password}");
    }

    #[test]
    fn a_password_is_long_enough_and_none_of_the_first_guesses() {
        let short = Some("a password has at least 10 characters");
        let long = Some("a password has at most 256 characters");
        let guess = Some("this password is one of the first that anybody would try");
        check("correct horse battery", None);
        check("tenletters", None);
        check("nineletts", short);
        check("", short);
        check("ääääöööö", short);
        check("ääääöööößß", None);
        check(&"ab".repeat(128), None);
        check(&"ab".repeat(128).replace("bab", "babb"), long);
        check("ann.longname@a.example", guess);
        check("Ann.LongName", guess);
        check("Password123", guess);
        check("aaaaaaaaaaaa", guess);
        check("          ", guess);
    }

    #[tokio::test]
    async fn a_hash_is_of_its_password_alone_and_never_twice_the_same() {
        let passwords = Passwords::new(64);
        let password = Secret::new("correct horse battery");
        let hash = passwords.hash(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert_ne!(passwords.hash(&password).await.unwrap(), hash);
        assert!(passwords.matches(&password, Some(&hash)).await.unwrap());
        let other = Secret::new("correct horse batterz");
        assert!(!passwords.matches(&other, Some(&hash)).await.unwrap());
        assert!(!passwords.matches(&password, None).await.unwrap());
        assert!(!passwords.matches(&Secret::new(""), None).await.unwrap());
        assert!(passwords.matches(&password, Some("no hash")).await.is_err());
        PasswordHash::new(&nobodys(19_456)).unwrap();
    }

    #[tokio::test]
    async fn more_than_may_wait_are_sent_away() {
        let passwords = Passwords::new(64);
        let _held = passwords.reckoned.acquire_many(2).await.unwrap();
        let _others = passwords.waiting.try_acquire_many(39).unwrap();
        let waits = passwords.clone();
        let waiting = tokio::spawn(async move { waits.hash(&Secret::new("x")).await });
        while passwords.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let error = passwords.hash(&Secret::new("y")).await.unwrap_err();
        assert!(matches!(error, ServiceError::TooMany { retry_after_s: 2 }), "{error}");
        drop(_held);
        waiting.await.unwrap().unwrap();
    }
}
