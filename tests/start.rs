//! How the program starts, what it prints, and how it stops.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use testkit::encoder::{Audio, Encoder, Source, Video, encode};
use testkit::server::weir;
use testkit::tools::decode_from;
use testkit::{Peer, Ports, Server, media};

const SOON: Duration = Duration::from_secs(20);
const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// What stands behind `label` in the text that a start prints.
fn printed<'t>(welcome: &'t str, label: &str) -> Option<&'t str> {
    let line = welcome.lines().map(str::trim).find(|line| line.starts_with(label))?;
    Some(line[label.len()..].trim())
}

#[test]
fn the_first_start_prints_what_a_streamer_needs_and_later_ones_keep_the_key_to_themselves() {
    let mut server = Server::start(WEIR, &["--set", "log.filter=trace"]).unwrap();
    let Ports { rtmp, http, admin, rtmps, peers } = *server.ports();
    assert_eq!((rtmps, peers), (None, None));
    let welcome = server.welcome_with("Health").unwrap();
    assert_eq!(printed(&welcome, "Server"), Some(format!("rtmp://{rtmp}/live").as_str()));
    let watch = format!("http://{http}/watch/live/main");
    assert_eq!(printed(&welcome, "Watch"), Some(watch.as_str()));
    assert_eq!(printed(&welcome, "Data"), server.data().to_str());
    let health = format!("http://{admin}/ready");
    assert_eq!(printed(&welcome, "Health"), Some(health.as_str()));
    let key = printed(&welcome, "Stream key").unwrap().to_owned();
    assert!(key.len() >= 20 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
    assert_eq!(server.stream_key("main").unwrap(), key);
    assert_eq!(server.stream_key("live/main").unwrap(), key);

    // A push with the key, and one with another, are nothing that a log tells the key of.
    let mut peer = Peer::publish(rtmp, "live", &format!("main?key={key}")).unwrap();
    peer.unpublish("main").unwrap();
    Peer::publish(rtmp, "live", &key).unwrap();
    assert!(server.terminate(SOON).unwrap().success());
    server.restart().unwrap();
    assert_eq!(server.ports().rtmp, rtmp);
    let again = server.welcome_with("Health").unwrap();
    assert!(!again.contains(&key));
    // The command is one that can be typed as it stands.
    let hint = printed(&again, "Stream key").unwrap().strip_prefix("is shown by: ").unwrap();
    let mut words = hint.split(' ');
    let shown = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap().trim_end(), key, "{hint}");
    assert_eq!(server.stream_key("main").unwrap(), key, "it is made once");
    let log = server.log();
    assert!(log.contains("`live/main` is live"), "{log}");
    assert!(!log.contains(&key), "the key is in the log");
}

#[test]
fn a_stream_is_pushed_with_its_key_and_with_nothing_else() {
    let server = Server::start(WEIR, &[]).unwrap();
    let made = server.command(&["stream", "create", "cam2"]).unwrap();
    assert!(made.status.success(), "{}", made.err);
    let again = server.command(&["stream", "create", "cam2"]).unwrap();
    assert!(!again.status.success() && again.err.contains("is there already"), "{}", again.err);
    let nowhere = server.command(&["stream", "create", "tv/cam2"]).unwrap();
    let says = "streams are pushed to live, not to tv";
    assert!(!nowhere.status.success() && nowhere.err.contains(says), "{}", nowhere.err);
    let list = String::from_utf8(server.command(&["stream", "list"]).unwrap().out).unwrap();
    let names: Vec<_> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["STREAM", "live/cam2", "live/main"], "{list}");
    let (main, cam2) = (server.stream_key("main").unwrap(), server.stream_key("cam2").unwrap());
    assert_ne!(main, cam2);

    let publish = |name: &str| Peer::publish(server.ports().rtmp, "live", name).map(drop);
    for right in [main.clone(), format!("main?key={main}"), format!("cam2?key={cam2}&x=y")] {
        publish(&right).unwrap();
    }
    for wrong in ["main", "", "main?key=", &format!("cam2?key={main}"), &main[1..]] {
        let error = publish(wrong).unwrap_err().to_string();
        assert!(error.contains("NetStream.Publish.Denied"), "{wrong:?}: {error}");
    }
}

#[test]
fn without_keys_only_this_machine_may_push() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let arguments = ["up", "--open", "--data", &data, "--rtmp", "0.0.0.0:0"];
    let refused = weir(WEIR, &arguments).unwrap();
    assert_eq!(refused.status.code(), Some(64));
    let sentence = "with --open anybody could push, so it must be a loopback address";
    assert!(refused.err.contains(sentence), "{}", refused.err);
    assert!(!Path::new(&data).exists(), "nothing was begun");
}

#[test]
fn a_folder_has_one_server() {
    let server = Server::open(WEIR, &[]).unwrap();
    let any = ["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let second = server.command(&[&["up", "--open"][..], &any].concat()).unwrap();
    assert_eq!(second.status.code(), Some(1));
    let sentence = format!("another weir runs in {}", server.data().display());
    assert!(second.err.contains(&sentence), "{}", second.err);
    // The first one's ports are still there for scripts.
    let ports = fs::read(server.data().join("ports.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Ports>(&ports).unwrap(), *server.ports());
    assert_eq!(server.admin().get("/ready").unwrap().status, 200);
}

#[test]
fn a_mistake_in_the_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let file = folder.path().join("weir.toml").display().to_string();
    fs::write(&file, "[stream]\nwindwo = \"1m\"\n").unwrap();
    testkit::secret("cluster secret", "1234567890123456");
    for (arguments, sentence) in [
        (["--config", &file], "unknown field `windwo`"),
        (["--set", "stream.windwo=1m"], "unknown field `windwo`"),
        (["--set", "stream.window=soon"], "expected a length of time"),
        (["--set", "log.format=xml"], "log.format: \"xml\" is not known"),
        (["--set", "stream.segment_duration=20s"], "is not between 500ms and 10s"),
        (["--set", "store=s3://bucket"], "write \"file:PATH\""),
        (["--set", "ingest.listen_peers=0.0.0.0:0"], "every address of this machine"),
        (["--set", "cluster.secret=1234567890123456"], "a secret is a text in quotes"),
    ] {
        let refused = weir(WEIR, &[&["up", "--data", &data][..], &arguments].concat()).unwrap();
        assert_eq!(refused.status.code(), Some(64), "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(sentence), "{sentence:?} is not in {}", refused.err);
        assert_eq!(refused.err.lines().filter(|line| line.starts_with("weir: ")).count(), 1);
    }
}

/// `UPDATE_GOLDEN=1` writes the document.
#[test]
fn the_document_of_the_configuration_is_what_the_program_prints() {
    let printed = weir(WEIR, &["config"]).unwrap();
    assert!(printed.status.success(), "{}", printed.err);
    let reference = String::from_utf8(printed.out).unwrap();
    let document = format!("{CONFIGURATION}\n```toml\n{reference}```\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &document).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let remedy = "docs/configuration.md is old: run this test with UPDATE_GOLDEN=1";
    assert_eq!(written, document, "{remedy}");

    // What is printed can be used as it is.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml").display().to_string();
    fs::write(&file, reference).unwrap();
    Server::start(WEIR, &["--config", &file]).unwrap();
}

const CONFIGURATION: &str = "\
# Configuration

Every key with its default, as `weir config` prints it; `weir config > weir.toml` begins a file of
your own, for `weir up --config weir.toml`.
";

#[test]
fn the_commands_say_how_they_are_used() {
    let help = |arguments: &[&str]| {
        let finished = weir(WEIR, arguments).unwrap();
        assert!(finished.status.success(), "{}", finished.err);
        String::from_utf8(finished.out).unwrap()
    };
    for (arguments, expected) in [
        (&["--help"][..], "weir up --demo"),
        (&["up", "--help"], "--set <KEY=VALUE>"),
        (&["stream", "--help"], "Show a stream's key"),
        (&["completions", "--help"], "weir completions bash >"),
        (&["completions", "bash"], "complete -F _weir"),
        (&["completions", "zsh"], "#compdef weir"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let text = help(arguments);
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn a_server_that_is_asked_to_stop_lists_all_that_it_received() {
    let (tags, pushed) = encode(&Source::usual().lasting(5)).unwrap();
    let mut server = Server::open(WEIR, &[]).unwrap();
    let mut peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    peer.tags(&tags).unwrap();
    let viewer = server.watch("cam");
    viewer.wait_for_segments(2, SOON).unwrap();
    viewer.stop().unwrap();

    let asked = Instant::now();
    assert_eq!(server.terminate(SOON).unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let answers = peer.wait_for_close(SOON).unwrap();
    let codes: Vec<_> = answers.iter().map(|answer| answer.code.as_str()).collect();
    assert!(codes.contains(&"NetConnection.Connect.AppShutdown"), "{codes:?}");
    let log = server.log();
    assert!(log.contains("stopping:") && log.contains("stopped"), "{log}");

    server.restart().unwrap();
    let viewer = server.watch("cam");
    viewer.wait_for_segments(3, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    assert_eq!(watched.segments.len(), 3, "{}", watched.summary());
    let run = media::check(&Source::usual(), &watched.runs()[0]).unwrap();
    run.check_whole(&pushed).unwrap();
}

#[test]
fn the_demo_plays_over_the_end_of_its_clip() {
    let server = Server::start(WEIR, &["--demo"]).unwrap();
    let welcome = server.welcome_with("Health").unwrap();
    let page = server.http().url("/watch/live/demo");
    assert_eq!(printed(&welcome, "Demo"), Some(page.as_str()));
    let viewer = server.watch("demo");
    viewer.wait_for_segments(2, SOON).unwrap();
    decode_from(&server.http().url("/live/demo/index.m3u8"), &["-t", "5"]).unwrap();
    // Ten segments of 2.56 s are longer than the clip.
    viewer.wait_for_segments(10, Duration::from_secs(40)).unwrap();
    let watched = viewer.stop().unwrap();
    let video = Some(Video { size: (640, 360), rate: (25, 1), gop: Some(64) });
    let audio = Some(Audio { sample_rate: 48_000, channels: 1 });
    let clip = Source { video, audio, ..Source::usual() };
    let runs = watched.runs();
    assert_eq!(runs.len(), 1, "{}", watched.summary());
    media::check(&clip, &runs[0]).unwrap();
}

/// A port that is taken is told by its name, not found out by a search.
#[test]
fn a_port_that_is_taken_is_named() {
    let first = Server::open(WEIR, &[]).unwrap();
    let taken = first.ports().http.to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let any = ["--rtmp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--http", &taken];
    let second = weir(WEIR, &[&["up", "--open", "--data", &data][..], &any].concat()).unwrap();
    assert_eq!(second.status.code(), Some(1), "{}", second.err);
    assert!(second.err.contains(&taken), "{}", second.err);
}

/// An encoder that is cut off while it pushes sees its server again after a clean restart.
#[test]
fn a_clean_restart_goes_on_with_the_numbers() {
    let mut server = Server::open(WEIR, &[]).unwrap();
    let viewer = testkit::Viewer::through_outages(server.ports().http, "live/cam");
    let mut encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    viewer.wait_for_segments(2, SOON).unwrap();
    assert!(server.terminate(SOON).unwrap().success());
    assert!(!encoder.wait(SOON).unwrap().success());
    server.restart().unwrap();
    let listed = viewer.seen().listed;
    let _encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    viewer.wait_for_segments(listed + 2, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    let runs = watched.runs();
    assert_eq!(runs.len(), 2, "{}", watched.summary());
    let taken = media::check_cut_off(&Source::usual(), &runs[0]).unwrap().shown().len();
    let pushed = encoder.pushed().unwrap().video.len();
    assert!(taken + 15 >= pushed, "{taken} of {pushed} pictures");
    media::check_cut_off(&Source::usual(), &runs[1]).unwrap();
}
