//! Whether a decoder has anything to say of a segment: what can be decoded is for a decoder to
//! judge.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// A segment is decoded much faster than it plays; a decoder that is at it for so long hangs.
const WITHIN: Duration = Duration::from_secs(60);

/// Of what it says, the first lines are enough.
const SAID_CHARS_MAX: usize = 300;

/// Lets ffmpeg decode a segment behind what must be read first. An error is what it says.
pub(super) async fn decode(decoder: &Path, init: &[u8], segment: &Bytes) -> Result<(), String> {
    let mut command = Command::new(decoder);
    command.args(["-nostdin", "-v", "error", "-i", "pipe:0", "-map", "0:v?", "-map", "0:a?"]);
    command.args(["-f", "null", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let shown = decoder.display();
    let mut child = command.spawn().map_err(|error| format!("{shown} does not start: {error}"))?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            // A decoder that has seen enough closes it; what it says tells.
            let _ = stdin.write_all(init).await;
            let _ = stdin.write_all(segment).await;
        }
    };
    let ended = timeout(WITHIN, async { tokio::join!(write, child.wait_with_output()).1 }).await;
    let output = ended
        .map_err(|_| format!("{shown} does not end within {} s", WITHIN.as_secs()))?
        .map_err(|error| format!("{shown} is lost: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().replace('\n', "; ").chars().take(SAID_CHARS_MAX).collect();
    match (said.is_empty(), output.status.success()) {
        (true, true) => Ok(()),
        (true, false) => Err(format!("it ends with {}", output.status)),
        (false, _) => Err(said),
    }
}
