use hls::read::{Playlist, read};

use super::*;

fn playlist(first: u64, count: u64) -> Arc<MediaPlaylist> {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for number in first..first + count {
        text.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
    }
    let Playlist::Media(playlist) = read(text.as_bytes()).playlist else { panic!() };
    Arc::new(playlist)
}

#[test]
fn what_left_long_ago_is_forgotten() {
    let mut watch = Watch::new();
    for first in 0..3_000 {
        let at = Duration::from_secs(first * 2);
        let update = watch.take(playlist(first, 4), at, 0, Duration::ZERO);
        let expected = if first == 0 { Step::First } else { Step::On };
        assert_eq!(update.step, expected, "{first}");
        assert!(watch.left.len() <= LEFT_MAX);
    }
    assert_eq!(watch.left.first_key_value().unwrap().0, &(2_999 - 1_000));
}

#[test]
fn one_update_says_only_so_many_changes() {
    let (mut watch, mut changed) = (Watch::new(), (*playlist(0, 100)).clone());
    watch.take(playlist(0, 100), Duration::ZERO, 0, Duration::ZERO);
    changed.segments.iter_mut().for_each(|segment| segment.duration *= 2);
    let update = watch.take(Arc::new(changed), Duration::ZERO, 0, Duration::ZERO);
    assert_eq!(update.changed.len(), CHANGED_MAX);
}

#[test]
fn any_sequence_of_playlists_is_taken() {
    let mut watch = Watch::new();
    let empty = Arc::new(MediaPlaylist { media_sequence: u64::MAX, ..MediaPlaylist::default() });
    for playlist in [empty.clone(), playlist(7, 3), empty.clone(), playlist(0, 1), empty] {
        watch.take(playlist.clone(), Duration::MAX, i64::MIN, Duration::MAX);
        watch.take(playlist, Duration::ZERO, i64::MAX, Duration::ZERO);
    }
}
