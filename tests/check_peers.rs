//! What the validator finds in streams that others make and serve, live: exactly what is known to
//! be so, each with its reason. `docs/check.md` has the tables.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use testkit::document::check_part;
use testkit::examined::SPEED;
use testkit::process::run;
use testkit::{Encoder, Nginx, Process, Source, wait_until};

#[path = "check_peers/explained.rs"]
mod explained;

use explained::{FFMPEG_FMP4, FFMPEG_TS, Known, NGINX_RTMP};

/// How long each is watched: nginx-rtmp, which lists half a minute, removes segments by then.
const WATCHED: &str = "30s";

/// The machine may be busy.
const BEGINS_WITHIN: Duration = Duration::from_secs(60);
const EXAMINED_WITHIN: Duration = Duration::from_secs(120);

/// Segments that are listed before anybody looks.
const LISTED_FIRST: usize = 4;

/// What is written where a sentence has a number that is another in each run.
const NUMBER: char = '…';

#[test]
fn what_is_found_of_nginx_rtmp_is_known_and_true() {
    let nginx = Nginx::start(Some("2s")).unwrap();
    let encoder = Encoder::start(&Source::usual(), &nginx.push_url("cam").unwrap()).unwrap();
    check(&nginx, "cam.m3u8", "nginx-rtmp", &NGINX_RTMP);
    drop(encoder);
}

#[test]
fn what_is_found_of_ffmpegs_ts_behind_nginx_is_known_and_true() {
    let nginx = Nginx::start(None).unwrap();
    let muxer = muxer(&nginx, "mpegts");
    check(&nginx, "cam.m3u8", "ffmpeg, TS", &FFMPEG_TS);
    drop(muxer);
}

#[test]
fn what_is_found_of_ffmpegs_fmp4_behind_nginx_is_known_and_true() {
    let nginx = Nginx::start(None).unwrap();
    let muxer = muxer(&nginx, "fmp4");
    check(&nginx, "cam.m3u8", "ffmpeg, fMP4", &FFMPEG_FMP4);
    drop(muxer);
}

/// What is listed as ranges of one file needs a server that has them; one that has none sends the
/// whole file for each.
#[test]
fn byte_ranges_of_one_file_need_a_server_with_ranges() {
    for (nginx, expected) in
        [(Nginx::start(None).unwrap(), false), (Nginx::without_ranges().unwrap(), true)]
    {
        let mut ffmpeg = Command::new("ffmpeg");
        let words = "-nostdin -v error -f lavfi -i testsrc2=size=64x64:rate=25 -t 4 -c:v libx264 \
                     -g 25 -f hls -hls_time 1 -hls_list_size 0 -hls_flags single_file cam.m3u8";
        ffmpeg.args(words.split_whitespace()).current_dir(nginx.files());
        let finished = run(&mut ffmpeg, BEGINS_WITHIN).unwrap();
        assert!(finished.status.success(), "{}", finished.err);
        let report = report(&nginx.url("cam.m3u8"));
        let found = report.get("findings").unwrap().as_array().unwrap();
        let is_found = |rule: &str| found.iter().any(|finding| finding["rule"] == rule);
        assert_eq!(is_found("HTT-RANGE"), expected, "{report:#}");
        assert_eq!(is_found("HTT-416"), expected, "{report:#}");
        assert!(!is_found("HTT-HEAD") && !is_found("HTT-ETAG"), "{report:#}");
    }
}

/// An ffmpeg that encodes and writes a live playlist of six segments where nginx has its files,
/// with the flags that one takes who has read its documentation.
fn muxer(nginx: &Nginx, kind: &str) -> Process {
    let files = nginx.files();
    let words = format!(
        "-hide_banner -loglevel warning -nostats \
         -re -f lavfi -i testsrc2=size=320x180:rate=30 \
         -re -f lavfi -i sine=frequency=440:sample_rate=48000 \
         -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -b:v 300k -g 60 \
         -c:a aac -b:a 96k -ac 2 -f hls -hls_time 2 -hls_list_size 6 -hls_segment_type {kind} \
         -hls_flags delete_segments+independent_segments+program_date_time+temp_file cam.m3u8"
    );
    let mut command = Command::new("ffmpeg");
    command.args(words.split_whitespace()).current_dir(&files);
    // What it says is no file of the server.
    Process::start(&mut command, "ffmpeg", files.parent().unwrap()).unwrap()
}

/// Watches a playlist, and holds what is found to what is known.
#[track_caller]
fn check(nginx: &Nginx, playlist: &str, name: &str, known: &[Known]) {
    let path = nginx.files().join(playlist);
    let listed = || fs::read_to_string(&path).is_ok_and(|it| lines(&it) >= LISTED_FIRST);
    wait_until("a live playlist", BEGINS_WITHIN, listed).unwrap();
    let report = report(&nginx.url(playlist));
    assert_eq!(report.get("is_live"), Some(&Value::Bool(true)));

    let found = report.get("findings").unwrap().as_array().unwrap();
    let id = |finding: &Value| finding["rule"].as_str().unwrap().to_owned();
    let of_interest = |finding: &&Value| !SPEED.contains(&id(finding).as_str());
    let ids: BTreeSet<_> = found.iter().filter(of_interest).map(id).collect();
    let expected: BTreeSet<_> = known.iter().map(|known| known.rule.to_owned()).collect();
    assert_eq!(ids, expected, "what is found of {name}:\n{report:#}");
    for known in known {
        let finding = found.iter().find(|finding| id(finding) == known.rule).unwrap();
        let examples = finding["examples"].as_array().unwrap();
        let is_said = |it: &Value| is_like(it["what"].as_str().unwrap(), known.said);
        assert!(examples.iter().any(is_said), "{finding:#} does not say {:?}", known.said);
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    check_part(&document, &format!("live: {name}"), &part(known)).unwrap();
}

/// What the program says of a URL.
fn report(url: &str) -> Value {
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    weir.args(["check", "--quiet", "--json", "--duration", WATCHED, url]);
    let finished = run(&mut weir, EXAMINED_WITHIN).unwrap();
    serde_json::from_slice(&finished.out).expect(&finished.err)
}

/// How many segments a playlist lists.
fn lines(playlist: &str) -> usize {
    playlist.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}

/// What the documentation says of a server.
fn part(known: &[Known]) -> String {
    let mut text = "| rule | severity | what is said |\n|---|---|---|\n".to_owned();
    let rule = |known: &Known| check::rules().find(|rule| rule.id == known.rule).unwrap();
    let mut sorted: Vec<_> = known.iter().collect();
    sorted.sort_by_key(|known| (rule(known).severity, known.rule));
    for known in &sorted {
        let (id, severity, said) = (known.rule, rule(known).severity, known.said);
        writeln!(text, "| {id} | {severity} | {said} |").unwrap();
    }
    let lost: u32 = sorted.iter().map(|known| rule(known).severity.points()).sum();
    writeln!(text, "\nScore: {} of 100.\n", 100 - lost).unwrap();
    for known in &sorted {
        writeln!(text, "{}", folded(&format!("- **{}**: {}", known.rule, known.why))).unwrap();
    }
    text
}

/// Prose in lines of a hundred columns, as the rest of the document has it.
fn folded(text: &str) -> String {
    let (mut folded, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > 100 {
            folded.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += length;
    }
    folded
}

/// Whether a sentence is as it is written, with some number wherever that has none.
fn is_like(said: &str, written: &str) -> bool {
    let mut parts = written.split(NUMBER);
    let begin = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(begin) else { return false };
    for part in parts {
        let number = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        match number.strip_prefix(part) {
            Some(left) if number.len() < rest.len() => rest = left,
            _ => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn sentences_are_compared_without_their_numbers() {
    for (said, written, expected) in [
        ("OPTIONS is answered with 405", "OPTIONS is answered with 405", true),
        ("OPTIONS is answered with 404", "OPTIONS is answered with 405", false),
        ("286 bytes in 0.5 s", "… bytes in … s", true),
        ("some bytes in 0.5 s", "… bytes in … s", false),
        ("286 bytes in 0.5 s, and more", "… bytes in … s", false),
    ] {
        assert_eq!(is_like(said, written), expected, "{said}");
    }
}
