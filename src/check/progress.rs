//! What people see while an exam runs: one line on standard error, written anew.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use check::exam::progress::{Progress, State};

/// Shows how far an exam has come.
pub(super) struct Shown {
    /// How often; `None` to show nothing.
    every: Option<Duration>,
    is_terminal: bool,
    last: Mutex<Option<Duration>>,
}

/// How often a person sees something new, and how often a log has a line.
const FOR_PEOPLE: Duration = Duration::from_millis(200);
const FOR_LOGS: Duration = Duration::from_secs(10);

impl Shown {
    pub(super) fn new(is_quiet: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let every = if is_terminal { FOR_PEOPLE } else { FOR_LOGS };
        Self { every: (!is_quiet).then_some(every), is_terminal, last: Mutex::new(None) }
    }

    /// Leaves nothing behind on the line that was written anew.
    pub(super) fn end(&self) {
        if self.every.is_some() && self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Progress for Shown {
    fn show(&self, state: &State) {
        let Some(every) = self.every else { return };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.map_or(Duration::ZERO, |last| last + every);
        if state.at < due || (last.is_none() && state.at < every && !self.is_terminal) {
            return;
        }
        *last = Some(state.at);
        let (start, end) = if self.is_terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // Without a standard error there is nobody to show it to.
        let _ = write!(io::stderr(), "{start}{}{end}", line(state));
    }
}

fn line(state: &State) -> String {
    let [fatal, must, should, quality, _] = state.findings;
    let left = match state.segments_left {
        0 => String::new(),
        left => format!(" of {}", state.segments.saturating_add(left)),
    };
    format!(
        "{:>5} s  {}{left} segments, {} MB  {fatal} FATAL {must} MUST {should} SHOULD {quality} QUAL",
        state.at.as_secs(),
        state.segments,
        state.bytes / 1_000_000,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let state = State {
            at: Duration::from_secs(7),
            segments: 3,
            segments_left: 9,
            bytes: 4_200_000,
            findings: [0, 1, 2, 0, 5],
            ..State::default()
        };
        let expected = "    7 s  3 of 12 segments, 4 MB  0 FATAL 1 MUST 2 SHOULD 0 QUAL";
        assert_eq!(line(&state), expected);
    }
}
