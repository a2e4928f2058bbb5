//! Servers of the distribution that tests start themselves: downloaded and unpacked into the tools
//! folder, not installed, since installing one starts it as a service.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;

/// A server, unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// The folder that stands for `/`.
    pub(crate) root: PathBuf,
}

/// nginx with its RTMP module.
pub(crate) fn nginx(places: &Places, packages: &mut Packages) -> Result<Unpacked> {
    let files = ["usr/sbin/nginx", "usr/lib/nginx/modules/ngx_rtmp_module.so"];
    let unpacked =
        unpack(places, packages, "nginx", &["nginx", "libnginx-mod-rtmp"], &files.map(Path::new))?;
    let mut nginx = Command::new(unpacked.root.join("usr/sbin/nginx"));
    // It says its version on standard error.
    let starts = process::works(nginx.arg("-v"));
    println!("== nginx: {}", if starts { "unpacked" } else { "does not start" });
    if !starts {
        bail!("the unpacked nginx does not start");
    }
    Ok(unpacked)
}

/// Downloads `names` and unpacks them, unless `files` are there already.
fn unpack(
    places: &Places,
    packages: &mut Packages,
    what: &str,
    names: &[&str],
    files: &[&Path],
) -> Result<Unpacked> {
    let root = places.tools.join(format!("{what}-unpacked"));
    let unpacked = Unpacked { root: root.clone() };
    let are_there = |root: &Path| files.iter().all(|file| root.join(file).is_file());
    // The system's own will do.
    if are_there(Path::new("/")) {
        return Ok(Unpacked { root: PathBuf::from("/") });
    }
    if are_there(&root) {
        return Ok(unpacked);
    }
    let partial = places.tools.join(format!("{what}.partial"));
    for folder in [&partial, &root] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
        }
    }
    fs::create_dir_all(&partial).with_context(|| format!("make {}", partial.display()))?;
    packages.refresh();
    let mut download = Command::new("apt-get");
    download.args(["-q", "download"]).args(names).current_dir(&partial);
    process::run(what, &mut download)?;
    for entry in fs::read_dir(&partial).with_context(|| format!("list {}", partial.display()))? {
        let file = entry.with_context(|| format!("list {}", partial.display()))?.path();
        if file.extension().is_some_and(|kind| kind == "deb") {
            process::run(what, Command::new("dpkg-deb").arg("-x").arg(&file).arg(&partial))?;
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
    }
    if !are_there(&partial) {
        bail!("the packages {} do not have what is needed", names.join(" "));
    }
    fs::rename(&partial, &root).with_context(|| format!("make {}", root.display()))?;
    Ok(unpacked)
}
