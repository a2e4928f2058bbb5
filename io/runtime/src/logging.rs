//! The log: lines for people, or JSON for machines, on standard error.

use std::io::{self, IsTerminal};

use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for a person, in colour on a terminal.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts the process's log. `filter` says which lines are written: a level (`info`), or levels by
/// part (`info,edge=debug`).
///
/// # Errors
///
/// When the filter cannot be read, or the log has been started before.
pub fn init_logging(filter: &str, format: LogFormat) -> Result<(), LogError> {
    let colour = io::stderr().is_terminal();
    match format {
        LogFormat::Human => human(parse(filter)?, colour, io::stderr).try_init(),
        LogFormat::Json => json(parse(filter)?, io::stderr).try_init(),
    }
    .map_err(|_| LogError::Started)
}

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error(
        "{filter:?} is no log filter ({reason}); write a level (error, warn, info, debug, trace) \
         or levels by part, as in \"info,edge=debug\""
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is one already.
    #[error("the log has been started before")]
    Started,
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    let refused = |reason| LogError::Filter { filter: filter.to_owned(), reason };
    // A mistyped level would otherwise be read as the name of a part, and silence everything.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    for directive in filter.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default();
        if !levels.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(refused(format!("{level:?} is no level")));
        }
    }
    EnvFilter::builder().parse(filter).map_err(|error| refused(error.to_string()))
}

fn human<W>(filter: EnvFilter, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_target(false)
        .with_writer(writer)
        .finish()
}

fn json<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;
    use tracing::{debug, info};

    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: &str) {
        let actual = parse(filter).map_or_else(|error| error.to_string(), |_| "ok".to_owned());
        assert!(actual.starts_with(expected), "{filter:?}: {actual}");
    }

    #[test]
    fn a_filter_is_a_level_or_levels_by_part() {
        check("info", "ok");
        check("INFO,edge=debug,hyper=off", "ok");
        check("inof", "\"inof\" is no log filter (\"inof\" is no level); write a level");
        check("info,edge=", "\"info,edge=\" is no log filter");
        check("", "\"\" is no log filter");
    }

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(write: impl FnOnce(Page)) -> String {
        let page = Page::default();
        write(page.clone());
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    fn say() {
        info!(stream.name = "live/cam", "closed");
        debug!("not said");
    }

    #[test]
    fn a_line_is_readable_for_people_and_for_machines() {
        let filter = || parse("info").unwrap();
        let text = written(|page| with_default(human(filter(), false, move || page.clone()), say));
        assert!(text.ends_with("INFO closed stream.name=\"live/cam\"\n"), "{text:?}");
        let text = written(|page| with_default(json(filter(), move || page.clone()), say));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["message"], &line["level"]), (&"closed".into(), &"INFO".into()));
        assert_eq!(line["stream.name"], "live/cam");
    }
}
