//! Waiting for a state, with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `holds` is true.
///
/// # Errors
///
/// When it is not `within` that time; the error names `what` was waited for.
pub fn wait_until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) -> Result<()> {
    wait_for(what, within, || holds().then_some(()))
}

/// Waits until `look` sees something, and returns that.
///
/// # Errors
///
/// When it sees nothing `within` that time; the error names `what` was waited for.
pub fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        // The last look is after the deadline: on a busy machine the one before may be long ago.
        let is_last = Instant::now() >= deadline;
        if let Some(seen) = look() {
            return Ok(seen);
        }
        if is_last {
            bail!("waited {within:?} for {what}");
        }
        sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_seen_and_what_never_comes_is_named() {
        let mut looks = 0;
        let seen = wait_for("the third look", Duration::from_secs(9), || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(seen.unwrap(), 3);
        let error = wait_until("rain", Duration::ZERO, || false).unwrap_err();
        assert_eq!(error.to_string(), "waited 0ns for rain");
    }
}
