//! What a whole exam takes: CPU time and memory over a folder of MPEG-TS, for two lengths, and over
//! a live playlist of two weeks. Memory must not grow with the media, nor time faster than the
//! playlist.
//!
//! Each exam runs in a process of its own, which is this program again, so that its peak memory is
//! its own.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement says what it found, and cannot do without its files"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use check::evidence::{PlaylistEvidence, Watch};
use check::exam::progress::Silent;
use check::transport::{Entry, Folder};
use check::{Exam, Faults, Options, Severity, Test, rules};
use hls::read::{MediaPlaylist, Playlist};
use url::Url;

/// Bytes a second of CPU time that an exam must do at least, in millions.
const MB_S_MIN: f64 = 100.0;

/// How long the clip is that is looped, in seconds.
const CLIP_SECONDS: u32 = 20;

/// How long the exams' streams are, in loops of the clip: about 100 MB and 1 GB.
const LOOPS: [u32; 2] = [10, 100];

/// The clip is no whole number of frames of sound, so that they fall behind a little in each loop.
const TOLERATED: &str = "MED-AVDRIFT";

/// What memory may grow by for each segment that is listed: what is known of it, by us and for a
/// moment by two other readers. A segment of the clip has five hundred times as much.
const SEGMENT_LISTED_KB_MAX: f64 = 2.0;

/// What memory differs by from run to run, as buffers are freed sooner or later: twelve segments,
/// where the longer stream has 900 more.
const NOISE_KB: f64 = 12_288.0;

/// Segments in the live playlists: 14 days of 4 s, and a tenth of it.
const LISTED: [u32; 2] = [30_240, 302_400];

/// How much longer anything may take for ten times the playlist. A hundred would be quadratic.
const GROWTH_MAX: f64 = 25.0;

/// Without optimisation, times mean nothing.
const IS_OPTIMISED: bool = !cfg!(debug_assertions);

/// What is too short to be compared: a tick of the kernel's clock, and another.
const SHORT: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<_> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "exam", folder] => exam(Path::new(folder)),
        [_, "playlist", count] => playlist(count.parse().unwrap()),
        _ => {
            measure_exams();
            measure_playlists();
        }
    }
}

/// This program again, and the numbers that it prints.
fn child(arguments: [&str; 2]) -> Vec<f64> {
    let output = Command::new(env::current_exe().unwrap()).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} fails: {said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// The peak of this process's memory, in kilobytes.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What this process has spent of CPU time, in all threads, in the kernel as well.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, behind_name) = stat.rsplit_once(')').unwrap();
    let fields = behind_name.split_whitespace().skip(11).take(2);
    // A hundredth of a second each: Linux never tells otherwise.
    Duration::from_millis(10 * fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>())
}

/// What the first thread of this process has spent of CPU time: it counts, however many others
/// want the machine. It is counted on at each tick of the kernel's clock.
fn thread_cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

fn measure_exams() {
    let place = tempfile::tempdir().unwrap();
    let clip = place.path().join("clip.ts");
    make_clip(&clip);
    println!("whole: an exam of a folder of MPEG-TS, H.264 and AAC, 720p at 4 Mb/s");
    println!("     MB  segments  CPU s    MB/s  x memcpy  peak MB");
    let mut peaks = Vec::new();
    for loops in LOOPS {
        let folder = place.path().join(loops.to_string());
        make_stream(&clip, loops, &folder);
        let (bytes, copied) = copy(&folder);
        let said = child(["exam", folder.to_str().unwrap()]);
        let [segments, cpu_s, peak] = said[..] else { panic!("{said:?}") };
        let megabytes = bytes / 1e6;
        let (rate, ratio) = (megabytes / cpu_s, cpu_s / copied.as_secs_f64());
        let peak_mb = peak / 1e3;
        print!("{megabytes:>7.0}  {segments:>8}  {cpu_s:>5.2}  {rate:>6.0}  {ratio:>8.1}");
        println!("  {peak_mb:>7.1}");
        assert!(rate >= MB_S_MIN || !IS_OPTIMISED, "less than {MB_S_MIN} MB/s");
        peaks.push((segments, peak));
        fs::remove_dir_all(&folder).unwrap();
    }
    let [(few, low), (many, high)] = peaks[..] else { panic!("{peaks:?}") };
    let allowed = NOISE_KB + (many - few) * SEGMENT_LISTED_KB_MAX;
    assert!(high - low <= allowed, "memory grows with the media: {low} kB, then {high} kB");
}

/// 1280x720 at 30 pictures a second and 4 Mb/s, with noise in the pictures so that they need that
/// much, and AAC.
fn make_clip(clip: &Path) {
    let seconds = CLIP_SECONDS.to_string();
    ffmpeg(
        Command::new("ffmpeg")
            .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=20:allf=t"])
            .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", &seconds])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "4M", "-maxrate", "4M"])
            .args(["-bufsize", "4M", "-g", "60", "-c:a", "aac", "-b:a", "128k"])
            .arg(clip),
    );
}

/// The clip again and again, its times going on, in segments of 2 s.
fn make_stream(clip: &Path, loops: u32, folder: &Path) {
    fs::create_dir(folder).unwrap();
    let more = (loops - 1).to_string();
    ffmpeg(
        Command::new("ffmpeg")
            .args(["-stream_loop", &more, "-i"])
            .arg(clip)
            .args(["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"])
            .arg(folder.join("index.m3u8")),
    );
}

fn ffmpeg(command: &mut Command) {
    let made = command.args(["-hide_banner", "-loglevel", "error"]).status().unwrap();
    assert!(made.success(), "ffmpeg fails");
}

/// How many bytes the segments of a folder have together, and how long it takes to copy them.
fn copy(folder: &Path) -> (f64, Duration) {
    let (mut bytes, mut took, mut room) = (0.0, Duration::ZERO, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            let segment = fs::read(path).unwrap();
            room.reserve(segment.len());
            let begun = Instant::now();
            room.clear();
            room.extend_from_slice(&segment);
            black_box(&room);
            took += begun.elapsed();
            bytes += f64::from(u32::try_from(segment.len()).unwrap());
        }
    }
    (bytes, took)
}

/// An exam, as `weir check FOLDER` makes it.
fn exam(folder: &Path) {
    let (folder, entry) = Folder::open(folder).unwrap();
    let (Entry::Playlist(url) | Entry::Segment(url)) = entry;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exam = Exam::new(Arc::new(folder), Options::default(), Arc::new(Silent));
    let report = runtime.block_on(exam.run(url));
    for finding in report.findings() {
        let (id, severity) = (finding.rule.id, finding.rule.severity);
        let is_fine = severity > Severity::Must || id == TOLERATED;
        assert!(is_fine, "{id}: {:?}", finding.examples);
    }
    let segments = report.summary.state.segments;
    println!("{segments} {} {}", cpu().as_secs_f64(), peak_kb());
}

fn measure_playlists() {
    println!("whole: a live playlist and its next version, with every rule for playlists");
    println!("segments  text MB  read ms  rules ms  update ms  peak MB");
    let mut before: Option<Vec<f64>> = None;
    for count in LISTED {
        let said = child(["playlist", &count.to_string()]);
        let [text_mb, read_ms, rules_ms, update_ms, peak, ..] = said[..] else {
            panic!("{said:?}")
        };
        let peak_mb = peak / 1e3;
        print!("{count:>8}  {text_mb:>7.1}  {read_ms:>7.1}  {rules_ms:>8.1}  {update_ms:>9.1}");
        println!("  {peak_mb:>7.1}");
        let (_, times) = said.split_at(5);
        if let Some(before) = before.replace(times.to_vec()) {
            let short = SHORT.as_secs_f64() * 1e3;
            let names = ["reading", "two versions"].into_iter().chain(playlist_rules());
            for ((name, few), many) in names.zip(before).zip(times) {
                let is_linear = *many <= short || *many <= few.max(short / 5.0) * GROWTH_MAX;
                assert!(is_linear || !IS_OPTIMISED, "{name}: {few} ms, then {many} ms");
            }
        }
    }
}

/// The names of the rules that are timed one by one.
fn playlist_rules() -> impl Iterator<Item = &'static str> {
    let all = rules().filter(|rule| matches!(rule.test, Test::Playlist(_) | Test::Update(_)));
    all.map(|rule| rule.id)
}

/// Reads a live playlist and the version after it, and puts them to the rules. Prints the text's
/// megabytes, milliseconds of reading, rules, and the comparison, peak memory, and the milliseconds
/// of each part by itself.
fn playlist(count: u32) {
    let url = Url::parse("http://host/live/a/index.m3u8").unwrap();
    let options = Options::default();
    let text = text(0, count);
    let begun = thread_cpu();
    let document = hls::read::read(text.as_bytes());
    let read = thread_cpu() - begun;
    let evidence = PlaylistEvidence {
        url: &url,
        text: text.as_bytes(),
        document: &document,
        is_entry: false,
        at_unix_ms: 1_700_000_000_000 + i64::from(count) * 4_000,
        options: &options,
    };
    let next = media(&self::text(1, count));
    let mut watch = Watch::new();
    watch.take(Arc::new(media(&text)), Duration::ZERO, evidence.at_unix_ms, Duration::ZERO);
    let begun = thread_cpu();
    let four = Duration::from_secs(4);
    let update = watch.take(Arc::new(next), four, evidence.at_unix_ms + 4_000, Duration::ZERO);
    let compared = thread_cpu() - begun;
    let (mut alone, mut updated, mut each) = (Duration::ZERO, compared, vec![read, compared]);
    for rule in rules() {
        let mut sentences = Vec::new();
        let faults = &mut Faults::new(&mut sentences);
        let begun = thread_cpu();
        let total = if let Test::Playlist(test) = rule.test {
            test(&evidence, faults);
            &mut alone
        } else if let Test::Update(test) = rule.test {
            test(&update, faults);
            &mut updated
        } else {
            continue;
        };
        let took = thread_cpu() - begun;
        *total += took;
        assert!(sentences.is_empty(), "{}: {sentences:?}", rule.id);
        each.push(took);
    }
    let ms = |time: &Duration| time.as_secs_f64() * 1e3;
    let megabytes = f64::from(u32::try_from(text.len()).unwrap()) / 1e6;
    println!("{megabytes} {} {} {} {}", ms(&read), ms(&alone), ms(&updated), peak_kb());
    each.iter().for_each(|time| println!("{}", ms(time)));
}

fn media(text: &str) -> MediaPlaylist {
    match hls::read::read(text.as_bytes()).playlist {
        Playlist::Media(media) => media,
        Playlist::Multivariant(_) | Playlist::None => panic!("no media playlist"),
    }
}

/// A live playlist of `count` segments of 4 s, of which the first has the number `first`.
fn text(first: u32, count: u32) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n"
    );
    for number in first..first + count {
        let second = number * 4;
        let (day, second) = (second / 86_400 + 1, second % 86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        writeln!(
            text,
            "#EXT-X-PROGRAM-DATE-TIME:2023-11-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z\n\
             #EXTINF:4.000000,\n1/{number}.ts"
        )
        .unwrap();
    }
    text
}
