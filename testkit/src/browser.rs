//! A real browser on a watch page, driven by `tests/browser/watch.mjs`.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::Value;

use crate::{Process, wait_for};

/// How long a browser may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// A page in a browser. Dropping it closes the browser.
#[derive(Debug)]
pub struct Browser {
    process: Process,
}

impl Browser {
    /// Opens `url`. `root` is the repository's folder, `folder` one for files of the test.
    ///
    /// # Errors
    ///
    /// When Node.js cannot be started.
    pub fn open(root: &Path, folder: &Path, url: &str) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(root.join("tests/browser/watch.mjs")).arg(url);
        command.env("WEIR_CONSOLE_DIR", root.join("console"));
        Ok(Self { process: Process::start(&mut command, "browser", folder)? })
    }

    /// What was seen so far, a sample every second.
    #[must_use]
    pub fn samples(&self) -> Vec<Value> {
        let lines = self.process.out();
        // The last line may be half there.
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for a sample that is as it should be, and returns it.
    ///
    /// # Errors
    ///
    /// When none is `within` that time; the error shows the last one.
    pub fn wait_for(
        &mut self,
        what: &str,
        within: Duration,
        mut is_right: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        let seen = self.samples().len();
        let sample = wait_for(what, within, || {
            let mut samples = self.samples().into_iter().skip(seen);
            samples.find(|sample| sample.get("state").is_some() && is_right(sample))
        });
        let last = || {
            let last = self.samples().pop().unwrap_or_default();
            format!("the page was at last: {last}; {}", self.process.err())
        };
        sample.with_context(last)
    }

    /// Writes a picture of the page.
    ///
    /// # Errors
    ///
    /// When the browser does not.
    pub fn screenshot(&mut self, path: &Path) -> Result<()> {
        let line = format!("screenshot {}", path.display());
        self.process.tell(&line)?;
        wait_for("a picture", CLOSE_WITHIN, || {
            let done = |sample: &Value| sample.get("done").is_some_and(|done| *done == *line);
            self.samples().iter().any(done).then_some(())
        })
    }

    /// Closes it.
    ///
    /// # Errors
    ///
    /// When it does not close.
    pub fn quit(mut self) -> Result<ExitStatus> {
        self.process.tell("quit")?;
        self.process.wait(CLOSE_WITHIN)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes the browser and removes its profile; killed, it could not.
        if matches!(self.process.ended(), Ok(None)) && self.process.signal(Signal::TERM).is_ok() {
            let _ = self.process.wait(CLOSE_WITHIN);
        }
    }
}
