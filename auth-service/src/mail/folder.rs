//! Letters in a folder, for development: nobody gets them but who looks there.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::fs::{DirBuilder, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::message::{message, sender};
use super::{Letter, MailError, Mailer};

/// Whom the letters are from: nobody can answer them.
const FROM: &str = "Weir <weir@localhost>";
/// Most letters that are kept: whoever develops looks at the last ones.
const LETTERS_MAX: u32 = 100_000;

/// Writes each letter to a file of its own, `000001.eml` and so on, which only this user reads: it
/// may have a link that opens an account.
#[derive(Clone, Debug)]
pub struct MailFolder(PathBuf);

impl MailFolder {
    /// Letters in this folder, which is made with the first of them.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0).await?;
        for number in 1..=LETTERS_MAX {
            let path = self.0.join(format!("{number:06}.eml"));
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).mode(0o600).open(path).await {
                Ok(mut file) => {
                    file.write_all(bytes).await?;
                    return file.flush().await;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[async_trait]
impl Mailer for MailFolder {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let bytes = message(&sender(FROM)?, letter)?.formatted();
        self.write(&bytes).await.map_err(|error| MailError::Unavailable(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn each_letter_is_a_file_that_only_its_user_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail");
        let mailer = MailFolder::new(&path);
        for name in ["ann", "ben"] {
            let letter = Letter {
                to: format!("{name}@a.example"),
                subject: "Änderung".to_owned(),
                body: format!("Hello {name},\n\nhttp://localhost/account/reset#secret\n"),
            };
            mailer.send(&letter).await.unwrap();
        }
        let second = path.join("000002.eml");
        let text = std::fs::read_to_string(&second).unwrap();
        assert!(text.contains("To: ben@a.example\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(text.contains("\r\nhttp://localhost/account/reset#secret\r\n"), "{text}");
        assert!(path.join("000001.eml").exists());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&second)), (0o700, 0o600));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_no_mailer_for_now() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let to = "ann@a.example".to_owned();
        let letter = Letter { to, subject: String::new(), body: String::new() };
        let error = MailFolder::new(&file).send(&letter).await.unwrap_err();
        assert!(matches!(error, MailError::Unavailable(_)), "{error}");
    }
}
