//! The players that tests play streams with: mpv, VLC and GStreamer as the distribution packages
//! them, each started by a script in the tools folder, which the tests are told.

use std::env::consts::ARCH;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;
use crate::unpacked::Wanted;

/// Folders of libraries, below one that stands for `/`, which a loader knows only of packages that
/// are installed.
const LIBRARIES: [&str; 6] = ["", "/blas", "/lapack", "/pulseaudio", "/samba", "/vlc"];

/// A player, and how it is found and tried.
#[derive(Debug)]
struct Player {
    wanted: Wanted<'static>,
    /// Its program, below the folder that stands for `/`.
    program: &'static str,
    /// What it must be able to do.
    trial: &'static [&'static str],
    /// More lines of its script; `$library` is its folder of libraries.
    script: &'static str,
}

/// mpv.
pub(crate) fn mpv(places: &Places, packages: &mut Packages) -> Result<PathBuf> {
    let player = Player {
        wanted: Wanted { what: "mpv", names: &["mpv"], files: &["usr/bin/mpv"], without: &[] },
        program: "usr/bin/mpv",
        trial: &["--no-config", "--version"],
        script: "",
    };
    player.prepare(places, packages)
}

/// VLC without its window.
pub(crate) fn vlc(places: &Places, packages: &mut Packages) -> Result<PathBuf> {
    let player = Player {
        wanted: Wanted {
            what: "vlc",
            names: &["vlc-bin", "vlc-plugin-base"],
            files: &["usr/bin/vlc"],
            without: &[],
        },
        program: "usr/bin/vlc",
        trial: &["--intf", "dummy", "--version"],
        script: VLC,
    };
    player.prepare(places, packages)
}

/// It refuses to run as root. As nobody it still reads a cache that is root's own.
const VLC: &str = "\
[ ! -d \"$library/vlc/plugins\" ] || export VLC_PLUGIN_PATH=\"$library/vlc/plugins\"
if [ \"$(id -u)\" = 0 ]; then
    exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+dac_override \\
        --ambient-caps=+dac_override \"$program\" \"$@\"
fi
";

/// GStreamer's `gst-launch-1.0` with demuxers and ffmpeg's decoders.
pub(crate) fn gstreamer(places: &Places, packages: &mut Packages) -> Result<PathBuf> {
    let player = Player {
        wanted: Wanted {
            what: "gstreamer",
            names: &[
                "gstreamer1.0-tools",
                "gstreamer1.0-plugins-base",
                "gstreamer1.0-plugins-good",
                "gstreamer1.0-plugins-bad",
                "gstreamer1.0-libav",
            ],
            // The system may have any of them.
            files: &[],
            without: &[],
        },
        program: "usr/bin/gst-launch-1.0",
        trial: GSTREAMER_TRIAL,
        script: GSTREAMER,
    };
    player.prepare(places, packages)
}

/// An element of each package: the decoders work, and the demuxers are there.
const GSTREAMER_TRIAL: &[&str] = &[
    "-q audiotestsrc num-buffers=2 ! avenc_aac ! avdec_aac ! fakesink",
    "tsdemux qtdemux h264parse avdec_h264",
];

/// What a program finds is kept in a file of its own, beside the system's.
const GSTREAMER: &str = "\
export GST_REGISTRY_1_0=\"$root/registry.bin\"
if [ -d \"$library/gstreamer-1.0\" ]; then
    export GST_PLUGIN_PATH_1_0=\"$library/gstreamer-1.0\"
fi
scanner=\"$library/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner\"
[ ! -x \"$scanner\" ] || export GST_PLUGIN_SCANNER_1_0=\"$scanner\"
";

impl Player {
    /// Finds it, or unpacks it; returns the script that starts it.
    fn prepare(&self, places: &Places, packages: &mut Packages) -> Result<PathBuf> {
        let (what, root) = (self.wanted.what, self.wanted.root(places));
        fs::create_dir_all(&places.tools)
            .with_context(|| format!("make {}", places.tools.display()))?;
        let script = places.tools.join(format!("{what}.sh"));
        // The system may have lost a library since.
        if !self.starts(&root, &script)? {
            self.wanted.unpack_with_dependencies(places, packages)?;
            if !self.starts(&root, &script)? {
                bail!("the unpacked {what} does not start: `{}`", script.display());
            }
        }
        let is_own = root.join(self.program).is_file();
        println!("== {what}: {}", if is_own { "unpacked" } else { "the system's" });
        Ok(script)
    }

    /// Writes the script, and tries it.
    fn starts(&self, root: &Path, script: &Path) -> Result<bool> {
        let program = root.join(self.program);
        let program = if program.is_file() { program } else { Path::new("/").join(self.program) };
        // Another run may be starting the player at this moment.
        let partial = script.with_extension("partial");
        fs::write(&partial, self.text(root, &program))
            .and_then(|()| fs::set_permissions(&partial, fs::Permissions::from_mode(0o755)))
            .and_then(|()| fs::rename(&partial, script))
            .with_context(|| format!("write {}", script.display()))?;
        let words = self.trial.iter().flat_map(|text| text.split(' '));
        Ok(process::works(Command::new(script).args(words)))
    }

    fn text(&self, root: &Path, program: &Path) -> String {
        let (root, program) = (root.display(), program.display());
        let mut text = format!(
            "#!/bin/sh\n# Starts {}; written by `cargo xtask test`.\n\
             root='{root}'\nprogram='{program}'\nlibrary=\"$root/usr/lib/{ARCH}-linux-gnu\"\n",
            self.wanted.what
        );
        let folders = LIBRARIES.map(|folder| format!("$library{folder}")).join(":");
        writeln!(text, "export LD_LIBRARY_PATH=\"{folders}:$root/lib/{ARCH}-linux-gnu\"")
            .expect("a String takes all");
        text + self.script + "exec \"$program\" \"$@\"\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_takes_the_players_own_libraries_and_becomes_the_player() {
        let wanted = Wanted { what: "mpv", names: &["mpv"], files: &[], without: &[] };
        let player = Player { wanted, program: "usr/bin/mpv", trial: &[], script: "export A=b\n" };
        let text = player.text(Path::new("/t/mpv-unpacked"), Path::new("/usr/bin/mpv"));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"#!/bin/sh"));
        assert!(text.contains("export LD_LIBRARY_PATH=\"$library:$library/blas:"), "{text}");
        assert!(text.contains("root='/t/mpv-unpacked'\nprogram='/usr/bin/mpv'\n"), "{text}");
        assert_eq!(
            lines.get(lines.len() - 2..),
            Some(&["export A=b", "exec \"$program\" \"$@\""][..])
        );
    }
}
