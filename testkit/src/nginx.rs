//! A real nginx, as Debian packages it: serving files, as a cache, or with its RTMP module the
//! server that most people come from.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{Process, wait_until};

const STARTS_WITHIN: Duration = Duration::from_secs(20);
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A running nginx in a folder of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    folder: TempDir,
    http: u16,
    rtmp: Option<u16>,
}

impl Nginx {
    /// An nginx that serves the files in its folder [`Self::files`] with the media types of HLS,
    /// and nothing else said: as most write it. Where `rtmp_fragment` is given, say `2s`, its RTMP
    /// module takes any push to the application `live` and writes segments of that length there.
    ///
    /// # Errors
    ///
    /// When there is no nginx, or it does not start.
    pub fn start(rtmp_fragment: Option<&str>) -> Result<Self> {
        Self::start_with(rtmp_fragment, "")
    }

    /// An nginx that serves its files without byte ranges.
    ///
    /// # Errors
    ///
    /// When there is no nginx, or it does not start.
    pub fn without_ranges() -> Result<Self> {
        Self::start_with(None, "max_ranges 0;")
    }

    /// An nginx with the configuration for the `http` block that is in the file `recipe`, in which
    /// it listens on port 80, asks a server on port 8080 of this machine and keeps its cache in
    /// `/var/cache/nginx`: here on a free port, in front of `server`, in its own folder.
    ///
    /// # Errors
    ///
    /// When there is no nginx, or it does not start.
    pub fn caching(recipe: &Path, server: SocketAddr) -> Result<Self> {
        let recipe = fs::read_to_string(recipe).context("read a configuration")?;
        Self::start_by(None, |_, folder, (http, _)| {
            let mut text = recipe;
            for (said, meant) in [
                ("listen 80;", format!("listen 127.0.0.1:{http};")),
                ("server 127.0.0.1:8080;", format!("server {server};")),
                ("/var/cache/nginx", folder.display().to_string()),
            ] {
                ensure!(text.contains(said), "the configuration does not say {said}");
                text = text.replace(said, &meant);
            }
            let mut all = general(folder)?;
            writeln!(all, "http {{ access_log off; {} {text} }}", folders(folder))?;
            Ok(all)
        })
    }

    fn start_with(rtmp_fragment: Option<&str>, serving: &str) -> Result<Self> {
        Self::start_by(rtmp_fragment, |root, folder, (http, rtmp)| {
            let pushes = rtmp_fragment.map(|fragment| (rtmp, fragment));
            configuration(root, folder, (http, serving), pushes)
        })
    }

    /// Starts with what `configuration` writes: it is told where nginx is, the folder, and the
    /// ports.
    fn start_by(
        rtmp_fragment: Option<&str>,
        configuration: impl FnOnce(&Path, &Path, (u16, u16)) -> Result<String>,
    ) -> Result<Self> {
        let root = root()?;
        let folder = tempfile::tempdir().context("make a folder for nginx")?;
        let files = folder.path().join("files");
        fs::create_dir(&files).context("make a folder for nginx's files")?;
        let (http, rtmp) = (free_port()?, free_port()?);
        let text = configuration(&root, folder.path(), (http, rtmp))?;
        let path = folder.path().join("nginx.conf");
        fs::write(&path, text).context("write nginx's configuration")?;
        let mut command = Command::new(root.join("usr/sbin/nginx"));
        command.arg("-c").arg(&path).arg("-p").arg(folder.path());
        command.arg("-e").arg(folder.path().join("error.log"));
        let process = Process::start(&mut command, "nginx", folder.path())?;
        let rtmp = rtmp_fragment.map(|_| rtmp);
        let nginx = Self { process, folder, http, rtmp };
        for port in [Some(http), rtmp].into_iter().flatten() {
            let answers = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            wait_until("nginx", STARTS_WITHIN, answers)
                .with_context(|| format!("nginx says {}", nginx.process.err()))?;
        }
        Ok(nginx)
    }

    /// The folder that it serves.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.http).into()
    }

    /// Where a path of its files is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.http)
    }

    /// Where an encoder pushes to a stream.
    ///
    /// # Errors
    ///
    /// When it takes no pushes.
    pub fn push_url(&self, stream: &str) -> Result<String> {
        let port = self.rtmp.context("this nginx takes no pushes")?;
        Ok(format!("rtmp://127.0.0.1:{port}/live/{stream}"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A master that is killed leaves its worker behind; asked to end, it ends both.
        let _ = self.process.signal(Signal::TERM);
        let _ = self.process.wait(ENDS_WITHIN);
    }
}

fn root() -> Result<PathBuf> {
    let root = env::var_os("WEIR_NGINX").map(PathBuf::from);
    root.context("WEIR_NGINX does not say where nginx is: run the tests by `cargo xtask test`")
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("look for a free port")?;
    Ok(listener.local_addr().context("look for a free port")?.port())
}

fn configuration(
    root: &Path,
    folder: &Path,
    (http, serving): (u16, &str),
    rtmp: Option<(u16, &str)>,
) -> Result<String> {
    let shown = folder.display();
    let mut text = String::new();
    if rtmp.is_some() {
        let module = root.join("usr/lib/nginx/modules/ngx_rtmp_module.so");
        writeln!(text, "load_module {};", module.display())?;
    }
    text.push_str(&general(folder)?);
    if let Some((port, fragment)) = rtmp {
        // Unless told otherwise it logs to a folder that a package alone would make.
        writeln!(
            text,
            "rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ \
             live on; hls on; hls_path {shown}/files; hls_fragment {fragment}; }} }} }}"
        )?;
    }
    let types = "application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s;";
    let folders = folders(folder);
    writeln!(
        text,
        "http {{ access_log off; {folders} server {{ listen 127.0.0.1:{http}; \
         types {{ {types} }} location / {{ root {shown}/files; {serving} }} }} }}"
    )?;
    Ok(text)
}

/// What stands before the blocks for protocols.
fn general(folder: &Path) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "daemon off; worker_processes 1; pid {}/nginx.pid;", folder.display())?;
    // Nobody else's user: it runs as whoever runs the tests.
    if rustix::process::geteuid().is_root() {
        writeln!(text, "user root;")?;
    }
    writeln!(text, "events {{ worker_connections 8192; }}")?;
    Ok(text)
}

/// Folders that a package alone would make.
fn folders(folder: &Path) -> String {
    let shown = folder.display();
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {shown}/{of}; "))
        .concat()
}
