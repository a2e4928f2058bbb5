//! What the program said while it was tested, and the secrets that it must not say.
//!
//! `cargo xtask test` names a folder in `WEIR_EVIDENCE` and, when a suite has ended, searches all
//! that is in it for every secret of the suite. [`Server`](crate::Server), [`Http`](crate::Http),
//! [`Peer`](crate::Peer) and [`Postgres`](crate::Postgres) keep by themselves what they hear, and
//! note the keys that they are shown. A test that makes another secret says so by [`secret`].
//! Without the variable nothing is kept.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, process, thread};

/// The kind of a stream's key, which a first start shows on purpose.
pub const STREAM_KEY: &str = "stream key";
/// The link that makes somebody the owner.
pub const SETUP_LINK: &str = "setup link";

/// A text as short as this is found where nobody told a secret.
const SECRET_CHARACTERS_MIN: usize = 6;

/// Notes a secret, so that all that the suite's servers say is searched for it. `kind` is what it
/// is called where it is found, as "password": the secret itself is never shown. A kind that ends
/// in "token" has its signature, behind the last dot, searched for as well.
///
/// # Panics
///
/// When the text is too short to be told from others, or cannot be noted.
pub fn secret(kind: &str, text: &str) {
    assert!(text.chars().count() >= SECRET_CHARACTERS_MIN, "a {kind} is too short to be searched");
    if let Some(evidence) = wanted() {
        must(&evidence.secret(kind, text));
    }
}

/// Whether evidence is wanted.
pub(crate) fn is_wanted() -> bool {
    wanted().is_some()
}

/// Keeps a file of what a server logged.
pub(crate) fn log(file: &Path) {
    keep_copy("logs", file);
}

/// Keeps a file of what a server wrote to its standard output.
pub(crate) fn output(file: &Path) {
    keep_copy("outputs", file);
}

/// Keeps a server's metrics.
pub(crate) fn metrics(text: &str) {
    if let Some(evidence) = wanted() {
        must(&evidence.append("metrics", text));
    }
}

/// Keeps what was said to a peer or a person who was not given what they asked for.
pub(crate) fn answer(text: &str) {
    if let Some(evidence) = wanted() {
        must(&evidence.answer(text));
    }
}

fn keep_copy(what: &str, file: &Path) {
    if let Some(evidence) = wanted() {
        must(&evidence.copy(what, file));
    }
}

/// What could not be kept cannot be searched. A test that has failed already fails as it is.
fn must(kept: &io::Result<()>) {
    if let Err(error) = kept
        && !thread::panicking()
    {
        panic!("evidence cannot be kept: {error}");
    }
}

fn wanted() -> Option<&'static Evidence> {
    static WANTED: OnceLock<Option<Evidence>> = OnceLock::new();
    let from_environment = || {
        let folder = env::var_os("WEIR_EVIDENCE").filter(|folder| !folder.is_empty())?;
        Some(Evidence::at(folder.into()))
    };
    WANTED.get_or_init(from_environment).as_ref()
}

/// A folder of evidence, into which many processes write at the same time.
#[derive(Debug)]
struct Evidence {
    folder: PathBuf,
    files: AtomicU32,
    /// What was answered already: who polls is told the same a hundred times.
    answers: Mutex<BTreeSet<String>>,
}

impl Evidence {
    const fn at(folder: PathBuf) -> Self {
        Self { folder, files: AtomicU32::new(0), answers: Mutex::new(BTreeSet::new()) }
    }

    /// A line of JSON for each secret, in a folder that is not searched.
    fn secret(&self, kind: &str, text: &str) -> io::Result<()> {
        let line = serde_json::json!({ "kind": kind, "text": text });
        self.append("secrets", &line.to_string())
    }

    /// Adds an answer that was not given before.
    fn answer(&self, text: &str) -> io::Result<()> {
        // A test that failed meanwhile has left whole texts in it.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.insert(text.to_owned()) { self.append("answers", text) } else { Ok(()) }
    }

    /// Adds a text to what this process has of its kind.
    fn append(&self, what: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let path = self.folder_of(what)?.join(format!("{}.txt", process::id()));
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        // In one piece: other threads add to the same file.
        file.write_all(format!("{text}\n").as_bytes())
    }

    /// Keeps a copy, whose name says which test it is of, and ends as the file's own.
    fn copy(&self, what: &str, file: &Path) -> io::Result<()> {
        if fs::metadata(file)?.len() == 0 {
            return Ok(());
        }
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let thread = thread::current();
        // By default a test runs in a thread of its name; a path of modules has colons in it.
        let test = thread.name().unwrap_or("test").replace(':', "-");
        let name = file.file_name().unwrap_or_default().display();
        let name = format!("{}-{number}-{test}-{name}", process::id());
        fs::copy(file, self.folder_of(what)?.join(name)).map(drop)
    }

    fn folder_of(&self, what: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join(what);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn secrets_are_lines_of_a_file_for_each_process() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Evidence::at(folder.path().into());
        evidence.secret("stream key", "a\"b\nc").unwrap();
        evidence.secret("password", "hunter22").unwrap();
        let path = folder.path().join(format!("secrets/{}.txt", process::id()));
        let text = fs::read_to_string(path).unwrap();
        let expected = "{\"kind\":\"stream key\",\"text\":\"a\\\"b\\nc\"}\n\
                        {\"kind\":\"password\",\"text\":\"hunter22\"}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_answer_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Evidence::at(folder.path().into());
        for said in ["not yet", "", "no", "not yet"] {
            evidence.answer(said).unwrap();
        }
        let path = folder.path().join(format!("answers/{}.txt", process::id()));
        assert_eq!(fs::read_to_string(path).unwrap(), "not yet\nno\n");
    }

    #[test]
    fn a_copy_is_named_by_its_test_and_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Evidence::at(folder.path().join("kept"));
        let file = folder.path().join("server-1.err");
        for said in ["", "one", "two"] {
            fs::write(&file, said).unwrap();
            evidence.copy("logs", &file).unwrap();
        }
        let names = names_in(&folder.path().join("kept/logs"));
        let [one, two] = names.as_slice() else { panic!("{names:?}") };
        assert!(one.ends_with("a_copy_is_named_by_its_test_and_its_file-server-1.err"), "{one}");
        assert!(two.ends_with("-server-1.err") && one != two, "{two}");
        assert!(evidence.copy("logs", &folder.path().join("nothing")).is_err());
    }

    #[test]
    #[should_panic(expected = "a password is too short to be searched")]
    fn a_secret_that_is_found_everywhere_is_none() {
        secret("password", "12345");
    }
}
