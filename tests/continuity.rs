//! Encoders come and go, servers die: the playlist goes on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use testkit::encoder::{Encoder, Source, encode};
use testkit::{Peer, Server, Viewer, Watched, media, ts, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(20);

fn server(arguments: &[&str]) -> Server {
    Server::open(env!("CARGO_BIN_EXE_weir"), arguments).unwrap()
}

fn push(server: &Server) -> Encoder {
    Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap()
}

/// Every run is media without a fault, and there are as many as words, which say how each ended.
#[track_caller]
fn check_runs(watched: &Watched, ends: &str) {
    let (runs, ends) = (watched.runs(), ends.split(' '));
    assert_eq!(runs.len(), ends.clone().count(), "{}", watched.summary());
    for (run, end) in runs.iter().zip(ends) {
        match end {
            "whole" => media::check(&Source::usual(), run).unwrap(),
            _ => media::check_cut_off(&Source::usual(), run).unwrap(),
        };
    }
}

/// Waits until the server has listed what so many publishers sent, and says that it waits.
#[track_caller]
fn wait_for_ends(server: &Server, count: usize) {
    let waits = || server.log_lines("waits for its publisher").len() == count;
    wait_until("the end of a push", SOON, waits).unwrap();
}

fn pictures(segment: &[u8]) -> usize {
    ts::read(segment).unwrap().video.len()
}

/// The number of the segment that a break stands before, for each break.
fn breaks(watched: &Watched) -> Vec<u64> {
    let broken = watched.segments.values().filter(|segment| segment.listed.discontinuity);
    broken.map(|segment| segment.listed.sequence).collect()
}

#[test]
fn an_encoder_that_ends_or_dies_and_comes_back_goes_on_in_the_same_playlist() {
    let server = server(&[]);
    let viewer = server.watch("cam");

    let mut first = push(&server);
    viewer.wait_for_segments(2, SOON).unwrap();
    first.finish().unwrap();
    // What is left of it is listed before it says that it waits.
    wait_for_ends(&server, 1);
    let second_begins = viewer.seen().listed.max(2);
    let pushed = first.pushed().unwrap();

    let mut second = push(&server);
    viewer.wait_for_segments(second_begins + 3, SOON).unwrap();
    second.kill().unwrap();
    wait_for_ends(&server, 2);

    let third_begins = viewer.seen().listed;
    let third = push(&server);
    viewer.wait_for_segments(third_begins + 2, SOON).unwrap();
    drop(third);

    let watched = viewer.stop().unwrap();
    check_runs(&watched, "whole cut-off cut-off");
    let runs = watched.runs();
    let starts: Vec<_> = runs[1..].iter().map(|run| run[0].listed.sequence).collect();
    assert_eq!(breaks(&watched), starts, "{}", watched.summary());
    media::check(&Source::usual(), &runs[0]).unwrap().check_whole(&pushed).unwrap();
    watched.fetch_again(&server.http()).unwrap();
    let numbers: Vec<_> = watched.segments.keys().copied().collect();
    let expected: Vec<_> = (0..u64::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, expected, "numbers go on without a hole");
}

#[test]
fn a_stream_that_does_not_come_back_ends_and_the_next_broadcast_goes_on_with_the_numbers() {
    let windows = ["--set", "stream.reconnect_window=3s", "--set", "stream.finish_window=2s"];
    let server = server(&windows);
    let viewer = server.watch("cam");

    let mut encoder = push(&server);
    viewer.wait_for_segments(2, SOON).unwrap();
    encoder.finish().unwrap();
    let ended = Instant::now();
    viewer.wait_until("an end", SOON, |seen| seen.ends == 1).unwrap();
    assert!(ended.elapsed() >= Duration::from_millis(1_500), "{:?}", ended.elapsed());
    let first = viewer.seen().listed;

    let mut encoder = push(&server);
    viewer.wait_for_segments(first + 2, SOON).unwrap();
    let latest = viewer.seen().latest.unwrap();
    assert!(!latest.has_ended);
    let oldest = &latest.segments[0];
    assert_eq!(oldest.sequence, u64::try_from(first).unwrap(), "the old broadcast has left");
    // It looks as in every list that it is in, also in one of both broadcasts.
    assert!(oldest.discontinuity && latest.discontinuity_sequence == 0, "{latest:?}");
    encoder.kill().unwrap();
    let killed = Instant::now();
    viewer.wait_until("another end", SOON, |seen| seen.ends == 2).unwrap();
    assert!(killed.elapsed() >= Duration::from_millis(2_500), "{:?}", killed.elapsed());

    let watched = viewer.stop().unwrap();
    check_runs(&watched, "whole cut-off");
    let begins_later = u64::try_from(first).unwrap();
    assert_eq!(breaks(&watched), [begins_later], "{}", watched.summary());
    watched.fetch_again(&server.http()).unwrap();
}

#[test]
fn a_newer_publisher_takes_the_stream_over_and_nothing_of_the_older_is_lost() {
    let server = server(&[]);
    let viewer = server.watch("cam");
    let mut first = push(&server);
    viewer.wait_for_segments(2, SOON).unwrap();
    let second = push(&server);
    let status = first.wait(SOON).unwrap();
    assert!(!status.success(), "the older one is told to go");
    let first_ended = viewer.seen().listed;
    viewer.wait_for_segments(first_ended + 3, SOON).unwrap();
    drop(second);

    let watched = viewer.stop().unwrap();
    check_runs(&watched, "cut-off cut-off");
    assert_eq!(breaks(&watched).len(), 1, "{}", watched.summary());
    assert_eq!(server.log_lines("reason=\"replaced\"").len(), 1);
    // What had left the encoder and not yet arrived is all that can be missing.
    let pushed = first.pushed().unwrap().video.len();
    let taken: usize = watched.runs()[0].iter().map(|part| pictures(&part.bytes)).sum();
    assert!(taken + 15 >= pushed, "{taken} of {pushed} pictures");
    watched.fetch_again(&server.http()).unwrap();
}

/// The older connection is half-open: nobody has told the server that its encoder is gone.
#[test]
fn a_publisher_gets_in_at_once_before_its_half_open_predecessor() {
    let server = server(&[]);
    let mut first = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    let asked = Instant::now();
    let _second = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let answers = first.wait_for_close(SOON).unwrap();
    let last = answers.last().unwrap();
    assert_eq!(last.code, "NetConnection.Connect.Closed");
    assert_eq!(last.description, "Another encoder with the same key took this stream over.");
}

#[test]
fn under_the_policy_reject_the_first_publisher_stays() {
    let server = server(&["--set", "ingest.name_taken=reject"]);
    let viewer = server.watch("cam");
    let mut first = push(&server);
    viewer.wait_for_segments(1, SOON).unwrap();

    let mut second = Peer::shake_hands(server.ports().rtmp).unwrap();
    second.ask_for_app("live").unwrap();
    second.ask_to_publish("cam").unwrap();
    let answers = second.wait_for_close(SOON).unwrap();
    let refusal = answers.iter().find(|answer| answer.is_refusal()).unwrap();
    assert_eq!(refusal.code, "NetStream.Publish.BadName");
    assert_eq!(
        refusal.description,
        "This stream is live already. Stop the other encoder, or use another stream key."
    );
    let address = second.address().unwrap().to_string();
    let lines = wait_for("a line in the log", SOON, || {
        Some(server.log_lines(&address)).filter(|lines| !lines.is_empty())
    })
    .unwrap();
    assert!(lines.len() == 1 && lines[0].contains("the stream is live already"), "{lines:?}");

    viewer.wait_for_segments(4, SOON).unwrap();
    assert!(first.is_running());
    first.finish().unwrap();
    wait_for_ends(&server, 1);
    let watched = viewer.stop().unwrap();
    check_runs(&watched, "whole");
    let run = media::check(&Source::usual(), &watched.runs()[0]).unwrap();
    run.check_whole(&first.pushed().unwrap()).unwrap();
}

/// One connection publishes, unpublishes and publishes again.
#[test]
fn a_connection_can_publish_again() {
    let server = server(&[]);
    let (tags, pushed) = encode(&Source::usual().lasting(5)).unwrap();

    let viewer = server.watch("cam");
    let mut peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    peer.tags_in_real_time(&tags).unwrap();
    peer.unpublish("cam").unwrap();
    peer.wait_for_answer("NetStream.Unpublish.Success").unwrap();
    peer.forget_answers();
    peer.ask_to_publish("cam").unwrap();
    peer.wait_for_answer("NetStream.Publish.Start").unwrap();
    peer.tags_in_real_time(&tags).unwrap();
    peer.unpublish("cam").unwrap();
    viewer.wait_for_segments(6, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    check_runs(&watched, "whole whole");
    for run in watched.runs() {
        media::check(&Source::usual(), &run).unwrap().check_whole(&pushed).unwrap();
    }
}

/// The push of a minute whose server is killed at 20 s. The encoder comes back as OBS does: two
/// seconds after it was cut off, and again.
#[test]
fn a_server_that_is_killed_under_a_push_goes_on_after_its_restart() {
    let mut server = server(&[]);
    let viewer = Viewer::through_outages(server.ports().http, "live/cam");
    let begun = Instant::now();
    let reached = |seconds| begun.elapsed() >= Duration::from_secs(seconds);
    let minute = Duration::from_secs(60);

    let mut encoder = push(&server);
    wait_until("second 20", minute, || reached(20)).unwrap();
    let before = viewer.seen();
    assert!(before.segments.len() >= 8, "{}", before.summary());
    server.kill_9().unwrap();
    viewer.wait_until("an outage", SOON, |seen| seen.outages > 0).unwrap();
    server.restart().unwrap();
    assert!(!encoder.wait(SOON).unwrap().success());
    let mut tries = 1;
    let mut cut_off = Instant::now();
    wait_until("second 60", minute, || {
        if encoder.is_running() {
            cut_off = Instant::now();
        } else if cut_off.elapsed() >= Duration::from_secs(2) {
            tries += 1;
            encoder = push(&server);
        }
        reached(60)
    })
    .unwrap();
    encoder.finish().unwrap();
    let waits = || server.log_lines("the encoder ended it").len() == 1;
    wait_until("the end of the push", SOON, waits).unwrap();

    let watched = viewer.stop().unwrap();
    assert_eq!(tries, 2, "the server was back at once");
    assert_eq!(watched.listed, watched.segments.len());
    let numbers: Vec<_> = watched.segments.keys().copied().collect();
    let expected: Vec<_> = (0..u64::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, expected, "all that was listed, in order");
    for (number, segment) in &before.segments {
        assert_eq!(segment.bytes, watched.segments[number].bytes);
    }
    check_runs(&watched, "whole whole");
    assert_eq!(breaks(&watched).len(), 1, "{}", watched.summary());
    let listed_ms: u64 = watched.segments.values().map(|s| s.listed.length_ms).sum();
    // What was lost: the segment that was not whole, and the time without an encoder.
    assert!(listed_ms >= 52_000, "{}", watched.summary());
    let last = media::check(&Source::usual(), &watched.runs()[1]).unwrap();
    last.check_whole(&encoder.pushed().unwrap()).unwrap();
    watched.fetch_again(&server.http()).unwrap();
}
