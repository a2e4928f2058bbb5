//! Programs of the distribution that tests start themselves: downloaded and unpacked into the tools
//! folder, not installed. Installing a server starts it as a service, and a player brings a
//! hundred libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;

/// A program, unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// The folder that stands for `/`.
    pub(crate) root: PathBuf,
}

/// Packages, and where they are unpacked.
#[derive(Debug)]
pub(crate) struct Wanted<'w> {
    /// What the folder is called.
    pub(crate) what: &'w str,
    /// The packages.
    pub(crate) names: &'w [&'w str],
    /// Files of them that must be there.
    pub(crate) files: &'w [&'w str],
    /// How the packages are called that they name and do without.
    pub(crate) without: &'w [&'w str],
}

/// nginx with its RTMP module.
pub(crate) fn nginx(places: &Places, packages: &mut Packages) -> Result<Unpacked> {
    let wanted = Wanted {
        what: "nginx",
        names: &["nginx", "libnginx-mod-rtmp"],
        files: &["usr/sbin/nginx", "usr/lib/nginx/modules/ngx_rtmp_module.so"],
        without: &[],
    };
    let unpacked = if wanted.are_in(Path::new("/")) {
        // The system's own will do.
        Unpacked { root: PathBuf::from("/") }
    } else {
        let root = wanted.root(places);
        if !wanted.are_in(&root) {
            let names: Vec<_> = wanted.names.iter().map(ToString::to_string).collect();
            packages.refresh();
            wanted.unpack(places, &names)?;
        }
        Unpacked { root }
    };
    let mut nginx = Command::new(unpacked.root.join("usr/sbin/nginx"));
    // It says its version on standard error.
    let starts = process::works(nginx.arg("-v"));
    println!("== nginx: {}", if starts { "unpacked" } else { "does not start" });
    if !starts {
        bail!("the unpacked nginx does not start");
    }
    Ok(unpacked)
}

impl Wanted<'_> {
    /// The folder that stands for `/`.
    pub(crate) fn root(&self, places: &Places) -> PathBuf {
        places.tools.join(format!("{}-unpacked", self.what))
    }

    /// Unpacks the packages with all that they need and this system does not have.
    pub(crate) fn unpack_with_dependencies(
        &self,
        places: &Places,
        packages: &mut Packages,
    ) -> Result<()> {
        packages.refresh();
        let mut simulated = Command::new("apt-get");
        simulated.args(["install", "--simulate", "--no-install-recommends"]).args(self.names);
        let output = simulated.output().context("start `apt-get`")?;
        if !output.status.success() {
            bail!("`apt-get`: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let mut missing = to_be_installed(&String::from_utf8_lossy(&output.stdout));
        missing.retain(|name| !self.is_left_out(name));
        // What the system has already is taken from there.
        self.unpack(places, &missing)
    }

    /// Downloads the packages `names` and unpacks them.
    fn unpack(&self, places: &Places, names: &[String]) -> Result<()> {
        let Self { what, .. } = self;
        let root = self.root(places);
        let partial = places.tools.join(format!("{what}.partial"));
        for folder in [&partial, &root] {
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .with_context(|| format!("empty {}", folder.display()))?;
            }
        }
        fs::create_dir_all(&partial).with_context(|| format!("make {}", partial.display()))?;
        if !names.is_empty() {
            let mut download = Command::new("apt-get");
            download.args(["-q", "download"]).args(names).current_dir(&partial);
            process::run(what, &mut download)?;
        }
        let shown = || format!("list {}", partial.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(&partial).with_context(shown)? {
            let file = entry.with_context(shown)?.path();
            files.extend(file.extension().is_some_and(|kind| kind == "deb").then_some(file));
        }
        println!("== {what}: unpacking {} packages", files.len());
        for file in files {
            let mut unpack = Command::new("dpkg-deb");
            if !process::works(unpack.arg("-x").arg(&file).arg(&partial)) {
                bail!("`dpkg-deb -x {}` fails", file.display());
            }
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
        if !self.are_in(&partial) {
            bail!("the packages {} do not have what is needed", self.names.join(" "));
        }
        fs::rename(&partial, &root).with_context(|| format!("make {}", root.display()))
    }

    /// Whether a package that is missing may be so.
    fn is_left_out(&self, name: &str) -> bool {
        self.without.iter().any(|left_out| name.starts_with(left_out))
    }

    /// Whether all files are there.
    pub(crate) fn are_in(&self, root: &Path) -> bool {
        self.files.iter().all(|file| root.join(file).is_file())
    }
}

/// The packages in what `apt-get install --simulate` says: `Inst libmujs2 (1.3.2-1 Debian…)`.
fn to_be_installed(said: &str) -> Vec<String> {
    let lines = said.lines().filter_map(|line| line.strip_prefix("Inst "));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_lacks_is_read_from_a_simulated_installation() {
        let said = "Reading package lists...\nThe following NEW packages will be installed:\n  \
                    libmujs2 mpv\nInst libmujs2 (1.3.2-1 Debian:12.15/oldstable [amd64])\n\
                    Inst mpv [0.35.0] (0.35.1-4 Debian:12.15/oldstable [amd64]) []\n\
                    Conf libmujs2 (1.3.2-1 Debian:12.15/oldstable [amd64])\n";
        assert_eq!(to_be_installed(said), ["libmujs2", "mpv"]);
        assert!(to_be_installed("0 upgraded, 0 newly installed").is_empty());
    }
}
