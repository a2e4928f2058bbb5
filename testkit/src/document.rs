//! Parts of documents that tests write: between two marks, with what the test found.

use std::env;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What stands behind such a part.
const END: &str = "<!-- end -->\n";

/// Compares the part of a document that begins with `<!-- name -->` with what it must be.
/// `UPDATE_GOLDEN=1` writes it anew.
///
/// # Errors
///
/// When it is something else, or there is no such part.
pub fn check_part(document: &Path, name: &str, part: &str) -> Result<()> {
    let shown = document.display();
    let file = File::options().read(true).write(true).open(document);
    let mut file = file.with_context(|| format!("open {shown}"))?;
    // Other tests write theirs, perhaps in processes of their own.
    file.lock().context("lock a document")?;
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("read {shown}"))?;
    let updated = replaced(&text, name, part)?;
    if env::var_os("UPDATE_GOLDEN").is_some() {
        file.rewind().and_then(|()| file.set_len(0)).context("empty a document")?;
        return file.write_all(updated.as_bytes()).with_context(|| format!("write {shown}"));
    }
    ensure!(text == updated, "{shown} is old: with UPDATE_GOLDEN=1 it is\n{part}");
    Ok(())
}

fn replaced(text: &str, name: &str, part: &str) -> Result<String> {
    let begin = format!("<!-- {name} -->\n");
    let missing = || format!("there is no part {name:?}");
    let (before, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{begin}{part}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n<!-- x: one -->\nold\n<!-- end -->\nb\n<!-- y -->\n<!-- end -->\nc\n";

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(replaced(TEXT, name, "new\n").ok().as_deref(), expected);
    }

    #[test]
    fn a_part_is_replaced_and_the_rest_stays() {
        let one = "a\n<!-- x: one -->\nnew\n<!-- end -->\nb\n<!-- y -->\n<!-- end -->\nc\n";
        check("x: one", Some(one));
        let other = "a\n<!-- x: one -->\nold\n<!-- end -->\nb\n<!-- y -->\nnew\n<!-- end -->\nc\n";
        check("y", Some(other));
        check("x", None);
    }

    #[test]
    fn a_part_that_is_old_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document.md");
        std::fs::write(&path, TEXT).unwrap();
        check_part(&path, "x: one", "old\n").unwrap();
        if env::var_os("UPDATE_GOLDEN").is_none() {
            check_part(&path, "x: one", "new\n").unwrap_err();
        }
    }
}
