//! The PostgreSQL that tests start servers of, as the distribution packages it: the system's own,
//! or unpacked into the tools folder. Installing it would make a database and start it.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;
use crate::unpacked::Wanted;

/// The distribution's current version, whichever that is.
const WANTED: Wanted<'_> = Wanted {
    what: "postgresql",
    names: &["postgresql"],
    // They lie in a folder of the version.
    files: &[],
    // A compiler for long queries, which is larger than everything else and is switched off; what
    // installs and starts databases for a whole machine; and a certificate that is not used.
    without: &["libllvm", "libz3", "postgresql-common", "postgresql-client-common", "ssl-cert"],
};

/// What a test runs.
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "psql", "pg_isready"];

/// Finds it, or unpacks it; returns the folder that stands for `/`.
pub(crate) fn prepare(places: &Places, packages: &mut Packages) -> Result<PathBuf> {
    let (system, own) = (PathBuf::from("/"), WANTED.root(places));
    // The system may have lost a library since.
    let found = |root: &PathBuf| programs_in(root).is_some_and(|folder| work(root, &folder));
    let root = if let Some(root) = [system, own.clone()].into_iter().find(found) {
        root
    } else {
        fs::create_dir_all(&places.tools)?;
        WANTED.unpack_with_dependencies(places, packages)?;
        if !found(&own) {
            bail!("the unpacked PostgreSQL does not start");
        }
        own.clone()
    };
    println!("== PostgreSQL: {}", if root == own { "unpacked" } else { "the system's" });
    Ok(root)
}

/// The folder of the newest version's programs.
fn programs_in(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root.join("usr/lib/postgresql")).ok()?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = folders.filter(|folder| folder.join("bin/initdb").is_file()).max_by_key(number)?;
    Some(newest.join("bin"))
}

/// Whether the programs start.
fn work(root: &Path, folder: &Path) -> bool {
    let libraries =
        format!("{0}/usr/lib/{ARCH}-linux-gnu:{0}/lib/{ARCH}-linux-gnu", root.display());
    PROGRAMS.iter().all(|program| {
        let mut command = Command::new(folder.join(program));
        if root != Path::new("/") {
            command.env("LD_LIBRARY_PATH", &libraries);
        }
        process::works(command.arg("--version"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_with_a_server_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let versions = root.path().join("usr/lib/postgresql");
        assert_eq!(programs_in(root.path()), None);
        for (version, program) in [("9", "initdb"), ("15", "initdb"), ("17", "psql")] {
            let folder = versions.join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(program), "").unwrap();
        }
        assert_eq!(programs_in(root.path()), Some(versions.join("15/bin")));
        // Nothing of it can be run.
        assert!(!work(root.path(), &versions.join("15/bin")));
    }
}
