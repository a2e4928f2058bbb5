//! The folder that one process at a time may work in.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Locked while the file is open; the kernel unlocks it whatever becomes of the process.
    _lock: File,
}

/// The ports that were chosen, for scripts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) rtmp: SocketAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rtmps: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peers: Option<SocketAddr>,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Ports {
    /// Those of the server that runs in a data folder.
    pub(crate) fn of_server(data: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(data.join(PORTS)).ok();
        let text = text.with_context(|| {
            let data = data.display();
            format!(
                "no weir runs in {data}: start it with `weir up`, or name its folder with --data"
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("read {PORTS}"))
    }
}

impl DataDir {
    /// Makes the folder if it is not there, and takes it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        make(path).with_context(|| format!("make the data folder {}", path.display()))?;
        let lock = path.join("lock");
        let file = File::options().create(true).write(true).truncate(false).open(&lock);
        let file = file.with_context(|| format!("open {}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another weir runs in {}: stop it, or give this one its own folder with --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", lock.display()));
            }
        }
        // What a process before this one wrote is not true any more.
        let _ = fs::remove_file(path.join(PORTS));
        Ok(Self { path: path.to_owned(), _lock: file })
    }

    /// Writes the ports for scripts: whole or not at all.
    pub(crate) fn write_ports(&self, ports: &Ports) -> anyhow::Result<()> {
        let file = self.path.join(PORTS);
        let temporary = self.path.join("ports.json.tmp");
        let text = format!("{}\n", serde_json::to_string_pretty(ports)?);
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &file))
            .with_context(|| format!("write {}", file.display()))
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path.join(PORTS));
    }
}

const PORTS: &str = "ports.json";

/// Makes a folder that only its owner may look into, since keys are in it.
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
