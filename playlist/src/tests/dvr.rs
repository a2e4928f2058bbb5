//! Time-shift as viewers ask for it.

use super::*;
use timeline::PageKey;

const DVR: Settings = Settings { dvr_window_ms: 3_600_000, retention_ms: i64::MAX, ..SETTINGS };

/// A stream of `count` segments of two seconds, the first of which begins at 0.
async fn stream(count: i64) -> Stream {
    let mut stream = Stream::new().await;
    for number in 0..count {
        stream.segment(number * 2_000).await;
    }
    stream
}

async fn get(playlist: &Playlist, path: &str, query: &str) -> Result<String, OriginError> {
    let document = playlist.fetch(&Resource::parse(path, query).unwrap()).await?;
    Ok(String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap())
}

/// The numbers of the first and last segment, and the tags that say what a playlist is.
async fn shape(playlist: &Playlist, query: &str) -> String {
    let text = match get(playlist, "/live/a/ts/index.m3u8", query).await {
        Ok(text) => text,
        Err(error) => return error.to_string(),
    };
    let mut uris = text.lines().filter(|line| line.ends_with(".ts"));
    let (first, last) = (uris.next().unwrap(), uris.next_back().unwrap_or_default());
    let tags = text.lines().filter(|line| {
        line.starts_with("#EXT-X-PLAYLIST-TYPE")
            || line.starts_with("#EXT-X-SKIP")
            || *line == "#EXT-X-ENDLIST"
    });
    format!("{first} {last} {}", tags.collect::<Vec<_>>().join(" ")).trim_end().to_owned()
}

#[tokio::test]
async fn a_stretch_is_live_or_closed_as_it_was_asked_for() {
    let stream = stream(40).await;
    let playlist = stream.playlist_with(DVR);
    let check = async |query: &str, expected: &str| {
        assert_eq!(shape(&playlist, query).await, expected, "{query}");
    };
    check("", "1/0.ts 1/39.ts").await;
    check("dvr=60", "1/10.ts 1/39.ts").await;
    check("start=20&end=30", "1/10.ts 1/14.ts #EXT-X-PLAYLIST-TYPE:VOD #EXT-X-ENDLIST").await;
    check("start=21&end=31", "1/10.ts 1/15.ts #EXT-X-PLAYLIST-TYPE:VOD #EXT-X-ENDLIST").await;
    check("start=20", "1/10.ts 1/39.ts #EXT-X-PLAYLIST-TYPE:EVENT").await;
    check("start=20&end=90", "1/10.ts 1/39.ts #EXT-X-PLAYLIST-TYPE:EVENT").await;
    check("start=20&end=80", "1/10.ts 1/39.ts #EXT-X-PLAYLIST-TYPE:VOD #EXT-X-ENDLIST").await;
    check("_HLS_skip=YES", "1/34.ts 1/39.ts #EXT-X-SKIP:SKIPPED-SEGMENTS=34").await;
    check(
        "_HLS_skip=YES&start=20",
        "1/34.ts 1/39.ts #EXT-X-PLAYLIST-TYPE:EVENT #EXT-X-SKIP:SKIPPED-SEGMENTS=24",
    )
    .await;
    check("start=80", "there is nothing of live/a in this stretch of time").await;
    check("start=80&end=90", "there is nothing of live/a in this stretch of time").await;
}

#[tokio::test]
async fn what_is_further_back_than_the_window_is_not_there() {
    let stream = stream(40).await;
    let playlist = stream.playlist_with(Settings { dvr_window_ms: 0, ..DVR });
    assert_eq!(shape(&playlist, "").await, "1/37.ts 1/39.ts");
    assert_eq!(shape(&playlist, "dvr=60").await, "1/37.ts 1/39.ts");
    // The window is six seconds, and whoever started over in it may go on for a minute more.
    assert_eq!(
        shape(&playlist, "start=10&end=20").await,
        "there is nothing of live/a in this stretch of time"
    );
    assert_eq!(shape(&playlist, "start=15").await, "1/7.ts 1/39.ts #EXT-X-PLAYLIST-TYPE:EVENT");
}

#[tokio::test]
async fn a_list_of_variants_hands_its_stretch_on() {
    let stream = stream(40).await;
    let playlist = stream.playlist_with(DVR);
    let uri = async |query: &str| {
        let text = get(&playlist, "/live/a/index.m3u8", query).await.unwrap();
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(uri("").await, "ts/index.m3u8");
    assert_eq!(uri("dvr=50").await, "ts/index.m3u8?dvr=60");
    assert_eq!(uri("start=20&end=30").await, "ts/index.m3u8?end=30&start=20");
    let then = get(&playlist, "/live/a/index.m3u8", "start=90").await;
    assert!(matches!(then, Err(OriginError::NothingThen(_))), "{then:?}");
}

#[tokio::test]
async fn a_store_that_is_away_is_no_matter_to_what_is_not_in_pages() {
    let mut stream = stream(300).await;
    // The page is nowhere, as when the store does not answer for ever.
    let paged = stream.ledger.paged(0, 0);
    stream.append(paged).await;
    let playlist = stream.playlist_with(Settings { dvr_window_ms: 0, ..DVR });
    assert_eq!(shape(&playlist, "").await, "1/297.ts 1/299.ts");
    let playlist = stream.playlist_with(DVR);
    assert_eq!(shape(&playlist, "").await, "1/256.ts 1/299.ts", "what is there is listed");
    let key = PageKey { stream: name(), rendition: rendition(), number: 0 };
    stream.store.put(&key.into(), Bytes::from_static(b"x")).await.unwrap();
    let playlist = stream.playlist_with(DVR);
    let broken = get(&playlist, "/live/a/ts/index.m3u8", "").await;
    assert!(matches!(broken, Err(OriginError::Unavailable { .. })), "{broken:?}");
}
