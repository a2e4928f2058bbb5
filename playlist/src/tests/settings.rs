//! Streams whose settings change while they are live.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tokio::time::sleep;

use super::*;
use crate::settings::tests::{Changing, settings};

const HOUR_S: i64 = 3_600;

fn playlist(stream: &Stream, source: &Arc<Changing>) -> Playlist {
    let (memory, store) = (Arc::new(LiveMemory::new(1 << 20)), Arc::clone(&stream.store));
    let objects = Arc::new(LiveFirst { memory, spool: None, store, elsewhere: None });
    let parts = Arc::new(stream.hub.clone());
    let source = Arc::clone(source) as _;
    Playlist::with_settings(SETTINGS, source, Arc::clone(&stream.journal), objects, parts)
}

/// The numbers of the first and last segment of a media playlist.
async fn span(playlist: &Playlist, query: &str) -> (u64, u64) {
    let resource = Resource::parse("/live/a/ts/index.m3u8", query).unwrap();
    let document = playlist.fetch(&resource).await.unwrap();
    let text = String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap();
    let first = text.lines().find_map(|it| it.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")).unwrap();
    let first: u64 = first.parse().unwrap();
    let count = text.lines().filter(|line| line.ends_with(".ts")).count();
    (first, first + u64::try_from(count).unwrap() - 1)
}

/// Waits until a playlist is this one.
async fn wait_for(playlist: &Playlist, query: &str, expected: (u64, u64)) {
    let reached = async {
        while span(playlist, query).await != expected {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = timeout(Duration::from_secs(5), reached).await.is_ok();
    assert!(reached, "{:?} is not {expected:?}", span(playlist, query).await);
}

async fn segments(stream: &mut Stream, count: i64) {
    for _ in 0..count {
        stream.segment(stream.made * 2_000).await;
    }
}

#[tokio::test]
async fn a_longer_window_fills_up_and_a_shorter_one_is_short_at_once() {
    let (mut stream, source) = (Stream::new().await, Arc::new(Changing::default()));
    source.say("live/a", settings(6, 0, HOUR_S));
    segments(&mut stream, 40).await;
    let playlist = playlist(&stream, &source);
    assert_eq!(span(&playlist, "").await, (37, 39));
    let change = |window_s, dvr_s| {
        source.say("live/a", settings(window_s, dvr_s, HOUR_S));
        playlist.settings_changed(&name());
    };
    // Three segments are in no playlist any more, and do not come back.
    change(20, 0);
    segments(&mut stream, 4).await;
    wait_for(&playlist, "", (37, 43)).await;
    segments(&mut stream, 10).await;
    wait_for(&playlist, "", (44, 53)).await;
    change(20, 3_600);
    segments(&mut stream, 10).await;
    wait_for(&playlist, "", (44, 63)).await;
    wait_for(&playlist, "dvr=60", (44, 63)).await;
    segments(&mut stream, 30).await;
    wait_for(&playlist, "dvr=60", (64, 93)).await;
    wait_for(&playlist, "", (44, 93)).await;
    change(8, 0);
    wait_for(&playlist, "", (90, 93)).await;
    wait_for(&playlist, "dvr=60", (90, 93)).await;
}

#[tokio::test]
async fn a_stream_that_nobody_watched_for_a_while_goes_on_where_it_was() {
    let (mut stream, source) = (Stream::new().await, Arc::new(Changing::default()));
    source.say("live/a", settings(6, 0, HOUR_S));
    segments(&mut stream, 40).await;
    let playlist = playlist(&stream, &source);
    assert_eq!(span(&playlist, "").await, (37, 39));
    playlist.forget_idle(tokio::time::Instant::now() + Duration::from_secs(301));
    source.say("live/a", settings(6, 3_600, HOUR_S));
    playlist.settings_changed(&name());
    assert_eq!(span(&playlist, "").await, (37, 39));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_tells_of_is_known_ten_seconds_later() {
    let (mut stream, source) = (Stream::new().await, Arc::new(Changing::default()));
    source.say("live/a", settings(20, 0, HOUR_S));
    segments(&mut stream, 40).await;
    let playlist = playlist(&stream, &source);
    assert_eq!(span(&playlist, "").await, (30, 39));
    source.say("live/a", settings(10, 0, HOUR_S));
    sleep(Duration::from_secs(9)).await;
    assert_eq!(span(&playlist, "").await, (30, 39));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(span(&playlist, "").await, (35, 39));
    source.is_away();
    sleep(Duration::from_secs(100)).await;
    assert_eq!(span(&playlist, "").await, (35, 39));
}

#[tokio::test]
async fn the_settings_of_a_stream_that_is_not_there_are_asked_for_by_nobody() {
    let (stream, source) = (Stream::new().await, Arc::new(Changing::default()));
    let playlist = playlist(&stream, &source);
    for path in ["/live/other/index.m3u8", "/live/other/ts/index.m3u8", "/live/other/ts/1/0.ts"] {
        assert!(fetch(&playlist, path).await.is_err(), "{path}");
    }
    assert_eq!(source.asked(), [""; 0]);
}

/// What may happen to a stream.
#[derive(Clone, Copy, Debug)]
enum Step {
    Segments(i64),
    Settings(i64, i64),
    Forgotten,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_i64..40).prop_map(Step::Segments),
        3 => (prop::sample::select(vec![0_i64, 6, 20, 60, 130]),
              prop::sample::select(vec![0_i64, 60, 120, 300, 3_600]))
            .prop_map(|(window_s, dvr_s)| Step::Settings(window_s, dvr_s)),
        1 => Just(Step::Forgotten),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// RFC 8216, 6.2.2: whatever the settings become, in no playlist a number goes back.
    #[test]
    fn no_number_ever_goes_back(steps in prop::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check_steps(&steps));
    }
}

async fn check_steps(steps: &[Step]) {
    let (mut stream, source) = (Stream::new().await, Arc::new(Changing::default()));
    source.say("live/a", settings(6, 0, HOUR_S));
    segments(&mut stream, 30).await;
    let playlist = playlist(&stream, &source);
    let mut shown: BTreeMap<&str, u64> = BTreeMap::new();
    for step in steps {
        match *step {
            Step::Segments(count) => segments(&mut stream, count).await,
            Step::Settings(window_s, dvr_s) => {
                source.say("live/a", settings(window_s, dvr_s, HOUR_S));
                playlist.settings_changed(&name());
            }
            Step::Forgotten => {
                let later = tokio::time::Instant::now() + Duration::from_secs(301);
                playlist.forget_idle(later);
            }
        }
        for _ in 0..4 {
            for query in ["", "dvr=60", "dvr=120", "dvr=3600"] {
                let (first, _) = span(&playlist, query).await;
                let before = shown.insert(query, first).unwrap_or(0);
                assert!(first >= before, "?{query}: {before}, then {first}, after {step:?}");
            }
            // What was told is taken in between.
            sleep(Duration::from_millis(1)).await;
        }
    }
}
