//! A real nginx, as Debian packages it: serving files, or with its RTMP module the server that
//! most people come from.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
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

    fn start_with(rtmp_fragment: Option<&str>, serving: &str) -> Result<Self> {
        let root = root()?;
        let folder = tempfile::tempdir().context("make a folder for nginx")?;
        let files = folder.path().join("files");
        fs::create_dir(&files).context("make a folder for nginx's files")?;
        let (http, rtmp) = (free_port()?, free_port()?);
        let pushes = rtmp_fragment.map(|fragment| (rtmp, fragment));
        let text = configuration(&root, folder.path(), (http, serving), pushes)?;
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
    writeln!(text, "daemon off; worker_processes 1; pid {shown}/nginx.pid;")?;
    // Nobody else's user: it runs as whoever runs the tests.
    if rustix::process::geteuid().is_root() {
        writeln!(text, "user root;")?;
    }
    writeln!(text, "events {{ worker_connections 256; }}")?;
    if let Some((port, fragment)) = rtmp {
        // Unless told otherwise it logs to a folder that a package alone would make.
        writeln!(
            text,
            "rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ \
             live on; hls on; hls_path {shown}/files; hls_fragment {fragment}; }} }} }}"
        )?;
    }
    let types = "application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s;";
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {shown}/{of}; "))
        .concat();
    writeln!(
        text,
        "http {{ access_log off; {folders} server {{ listen 127.0.0.1:{http}; \
         types {{ {types} }} location / {{ root {shown}/files; {serving} }} }} }}"
    )?;
    Ok(text)
}
