//! Whether the validator finds what is wrong, and nothing else: each planted fault under its own
//! rule, and nothing in what is clean. `docs/check.md` has the results.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;

use check::{Report, Severity};
use testkit::document::check_part;
use testkit::planted::{Exam, Family, NOT_PLANTED, Planted, families};
use testkit::presentation::Base;
use tokio::runtime::Builder;

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// Every way in which a stream is served.
const EXAMS: [Exam; 8] = [
    Exam::Vod,
    Exam::Decoded,
    Exam::Live,
    Exam::Ends,
    Exam::Dvr,
    Exam::Edges,
    Exam::PathToken,
    Exam::QueryToken,
];

/// Examines at a clock that stands still while something is done, so that minutes take none. A
/// decoder is another process, and needs real time.
fn examine(planted: &Planted) -> Report {
    let is_paused = planted.exam != Exam::Decoded;
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(is_paused).build().unwrap();
    runtime.block_on(planted.examine(Path::new(WEIR))).unwrap()
}

#[track_caller]
fn check_clean(bases: &[Base]) {
    let mut faults = String::new();
    for base in bases {
        for exam in EXAMS {
            let report = examine(&Planted::clean(*base, exam));
            if report.score() != 100 || !report.findings().is_empty() {
                writeln!(faults, "{}, {}: {}", base.name(), exam.name(), said(&report)).unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn nothing_is_found_in_what_ffmpeg_makes_as_mpeg_ts() {
    check_clean(&[Base::FfmpegTs, Base::FfmpegTsLadder]);
}

#[test]
fn nothing_is_found_in_what_ffmpeg_makes_as_fmp4() {
    check_clean(&[Base::FfmpegFmp4, Base::FfmpegFmp4Ladder]);
}

#[test]
fn nothing_is_found_in_what_weir_makes() {
    check_clean(&[Base::WeirTs, Base::WeirFmp4]);
}

/// Everything of a family is found, and its table in the documentation is what was found.
#[track_caller]
fn check_family(name: &str) {
    let families = families();
    let Family { faults: planted, .. } = families.iter().find(|it| it.name == name).unwrap();
    let (mut faults, mut table) = (String::new(), TABLE_BEGINS.to_owned());
    for one in planted {
        let report = examine(one);
        let is_own = |id: &str| id == one.rule || one.follows.iter().any(|(rule, _)| *rule == id);
        let is_bad = |severity: Severity| severity <= Severity::Must;
        let mut others = report.findings().iter().filter(|it| !is_own(it.rule.id));
        let has_other = others.any(|it| is_bad(it.rule.severity));
        let found = |id: &str| report.findings().iter().find(|finding| finding.rule.id == id);
        let follows = one.follows.iter().all(|(id, _)| found(id).is_some());
        match found(one.rule).filter(|_| !has_other && follows) {
            Some(finding) => {
                let severity = finding.rule.severity;
                let said = finding.examples.first().unwrap().what.replace('|', "\\|");
                // What a decoder says has addresses in it.
                let is_decoders = one.exam == Exam::Decoded;
                let sentence = if is_decoders { "the decoder complains".to_owned() } else { said };
                let also = one.follows.iter().map(|(id, why)| format!("; also {id}: {why}"));
                let sentence = sentence + &also.collect::<String>();
                let (what, base, exam) = (one.name.replace('_', " "), one.base.name(), one.exam);
                let (rule, exam) = (one.rule, exam.name());
                writeln!(table, "| {what} | {base}; {exam} | {rule} | {severity} | {sentence} |")
                    .unwrap();
            }
            None => writeln!(
                faults,
                "{} ({}; {}) must be {} with {:?}: {}",
                one.name,
                one.base.name(),
                one.exam.name(),
                one.rule,
                one.follows,
                said(&report)
            )
            .unwrap(),
        }
    }
    assert!(faults.is_empty(), "{faults}");
    documented(name, &table);
}

/// Compares a table with that in the documentation. `UPDATE_GOLDEN=1` writes it anew.
fn documented(name: &str, table: &str) {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    check_part(&document, &format!("planted: {name}"), table).unwrap();
}

/// What a report says, for whoever reads why a test failed.
fn said(report: &Report) -> String {
    let mut text = format!("score {}", report.score());
    for finding in report.findings() {
        let (id, severity) = (finding.rule.id, finding.rule.severity);
        let example = finding.examples.first().unwrap();
        write!(text, "\n    {id} {severity} {}: {}", example.place, example.what).unwrap();
    }
    text
}

const TABLE_BEGINS: &str =
    "| what is wrong | in | rule | severity | what is said |\n|---|---|---|---|---|\n";

#[test]
fn rules_without_a_planted_fault_are_documented() {
    let rows = NOT_PLANTED.iter().map(|(rule, why)| format!("| {rule} | {why} |\n"));
    documented("none", &format!("| rule | why |\n|---|---|\n{}", rows.collect::<String>()));
}

#[test]
fn faults_of_playlists_are_found() {
    check_family("playlists");
}

#[test]
fn faults_of_live_playlists_are_found() {
    check_family("live");
}

#[test]
fn faults_of_dates_are_found() {
    check_family("dates");
}

#[test]
fn faults_of_variants_are_found() {
    check_family("variants");
}

#[test]
fn faults_of_http_are_found() {
    check_family("http");
}

#[test]
fn faults_of_access_are_found() {
    check_family("access");
}

#[test]
fn faults_of_media_are_found() {
    check_family("media");
}

#[test]
fn faults_of_frames_are_found() {
    check_family("frames");
}

#[test]
fn faults_of_transport_streams_are_found() {
    check_family("ts");
}

#[test]
fn faults_of_fragmented_mp4_are_found() {
    check_family("fmp4");
}

#[test]
fn faults_of_low_latency_are_found() {
    check_family("low latency");
}
