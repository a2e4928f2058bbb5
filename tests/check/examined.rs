//! What the program says of a stream, in all the forms in which it does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use testkit::origin::{Origin, Served, Settings};
use testkit::planted::{Exam, Planted};
use testkit::presentation::Base;
use testkit::process::run;

/// The machine may be busy; the longest exam here takes a quarter of this.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Rules about how fast the machine is on which this runs: it may be busy.
const SPEED: [&str; 9] = [
    "HTT-SPEED",
    "HTT-TTFB",
    "LIV-BURST",
    "LIV-EDGE",
    "LIV-STALL",
    "LIV-UPDATE",
    "MV-LIVE",
    "LL-LAT",
    "LL-BLOCKT",
];

/// An exam that is over.
pub(crate) struct Examined {
    status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
    json_text: String,
    pub(crate) json: Value,
    pub(crate) junit: String,
}

pub(crate) fn weir() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_weir"))
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(weir());
    command.arg("check").args(arguments).env_remove("WEIR_CHECK_TOKEN");
    command
}

pub(crate) fn now_unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// Serves it from now on, by the real clock.
pub(crate) fn serve(origin: Origin) -> Served {
    Served::start(origin.beginning(now_unix_ms())).unwrap()
}

/// Serves a stream with nothing wrong about it, in some way.
pub(crate) fn with_settings(settings: Settings) -> Served {
    let mut presentation = Base::FfmpegTs.presentation(weir()).unwrap();
    if matches!(settings.course, testkit::origin::Course::Vod) {
        presentation.renditions.iter_mut().for_each(|one| one.segments.truncate(12));
    }
    serve(Origin::new(presentation, settings))
}

/// Serves twelve segments that are all there.
pub(crate) fn vod() -> Served {
    serve(Planted::clean(Base::FfmpegTs, Exam::Vod).origin(weir()).unwrap())
}

/// Has reports written to files in `folder`: JSON, and JUnit's.
pub(crate) fn reports(command: &mut Command, folder: &Path) -> [PathBuf; 2] {
    let files = [folder.join("report.json"), folder.join("report.xml")];
    command.arg("--json").arg(&files[0]).arg("--junit").arg(&files[1]);
    files
}

/// Examines what is at a URL.
#[track_caller]
pub(crate) fn check(url: &str, arguments: &[&str]) -> Examined {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&[&[url], arguments].concat());
    let files = reports(&mut command, folder.path());
    let finished = run(&mut command, SOON).unwrap();
    let out = String::from_utf8(finished.out).unwrap();
    Examined::read(finished.status, out, finished.err, &files)
}

impl Examined {
    #[track_caller]
    pub(crate) fn read(
        status: ExitStatus,
        out: String,
        err: String,
        [json, junit]: &[PathBuf; 2],
    ) -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_else(|_| panic!("{status}: {err}"));
        let (json_text, junit) = (text(json), text(junit));
        let json = serde_json::from_str(&json_text).unwrap();
        Self { status, out, err, json_text, json, junit }
    }

    /// The rules that are broken, with their severities, but for those about speed.
    fn findings(&self) -> Vec<(&str, &str)> {
        let all = self.json["findings"].as_array().unwrap();
        let all = all.iter().map(|it| (&it["rule"], &it["severity"]));
        let all = all.map(|(id, severity)| (id.as_str().unwrap(), severity.as_str().unwrap()));
        all.filter(|(id, _)| !SPEED.contains(id)).collect()
    }

    /// Whether the machine was too busy for its speed not to be found fault with.
    fn is_slow(&self) -> bool {
        self.findings().len() < self.json["findings"].as_array().unwrap().len()
    }

    /// Nothing is found.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        assert_eq!(self.findings(), [], "{}", self.out);
        if !self.is_slow() {
            assert_eq!(self.json["score"], 100);
            assert!(self.out.contains("Score 100 of 100"), "{}", self.out);
            self.exits_with(0);
        }
    }

    /// A rule is broken, and nothing else that must be kept.
    #[track_caller]
    pub(crate) fn finds(&self, rule: &str, severity: &str) {
        let findings = self.findings();
        assert!(findings.contains(&(rule, severity)), "{rule} {severity}: {}", self.out);
        let is_bad = |severity: &str| matches!(severity, "FATAL" | "MUST");
        let mut others = findings.iter().filter(|(id, _)| *id != rule);
        assert!(!others.any(|(_, severity)| is_bad(severity)), "{rule}: {}", self.out);
        assert!(self.out.contains(&format!("{rule}: ")), "{}", self.out);
        assert!(self.junit.contains(&format!("\"{rule}\"")), "{}", self.junit);
    }

    /// A machine that is busy may be worse.
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) {
        let ended = self.status.code().unwrap();
        let is_right = if self.is_slow() { ended >= code } else { ended == code };
        assert!(is_right, "{ended}, not {code}: {}{}", self.out, self.err);
    }

    /// Something is in none of what is written.
    #[track_caller]
    pub(crate) fn hides(&self, secret: &str) {
        for text in [&self.out, &self.err, &self.json_text, &self.junit] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
