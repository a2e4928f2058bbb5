//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic, or
//! a promise of what is read that is not kept.

use crate::read::{Given, MediaPlaylist, Playlist, apply_delta, read, read_with};

/// A playlist of others. Two, with a zero byte between them, are also one and its update.
pub fn playlist(data: &[u8]) {
    let mut texts = data.splitn(2, |byte| *byte == 0);
    let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    let first = read(first);
    check(&first.playlist);
    let values = [("a".to_owned(), "{$b}".to_owned())];
    let given = Given { imported: values.clone().into(), query: values.into() };
    let second = read_with(second, &given);
    check(&second.playlist);
    if let (Playlist::Media(before), Playlist::Media(delta)) = (first.playlist, second.playlist)
        && let Ok(whole) = apply_delta(&before, &delta)
        // Whoever makes numbers up to the last one has them all under that one.
        && whole.media_sequence < u64::MAX / 2
    {
        check_numbers(&whole);
    }
}

fn check(playlist: &Playlist) {
    if let Playlist::Media(media) = playlist
        && media.media_sequence < u64::MAX / 2
    {
        let skipped = media.skip.as_ref().map_or(0, |skip| skip.segments);
        if skipped < u64::MAX / 2 {
            check_numbers(media);
        }
    }
}

/// Numbers follow one another, and breaks are counted.
fn check_numbers(media: &MediaPlaylist) {
    let mut before = None;
    for segment in &media.segments {
        if let Some((sequence, breaks)) = before {
            assert_eq!(segment.sequence, sequence + 1);
            assert!(segment.discontinuity_sequence >= breaks);
        }
        before = Some((segment.sequence, segment.discontinuity_sequence));
    }
}

/// Playlists with every tag that is known: what fuzzing begins with.
pub const PLAYLISTS: [&str; 3] = [
    "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:EVENT\n\
     #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.5,\
     HOLD-BACK=6,CAN-SKIP-DATERANGES=YES\n#EXT-X-PART-INF:PART-TARGET=0.5\n\
     #EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n\
     #EXT-X-START:TIME-OFFSET=-4.5,PRECISE=YES\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n\
     #EXT-X-MAP:URI=\"{$a}.mp4\",BYTERANGE=\"700@0\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n\
     #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n#EXT-X-BITRATE:800\n\
     #EXT-X-PART:DURATION=0.5,URI=\"3.0\",INDEPENDENT=YES,BYTERANGE=\"7@0\"\n#EXTINF:2.002,a\n\
     3.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXTINF:2,\n#EXT-X-BYTERANGE:10@5\n4.m4s\n\
     #EXT-X-DATERANGE:ID=\"d\",START-DATE=\"2023-11-14T22:13:20Z\",DURATION=1,X-A=\"b\"\n\
     #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"5.0\",BYTERANGE-START=30\n\
     #EXT-X-RENDITION-REPORT:URI=\"../b/index.m3u8\",LAST-MSN=4,LAST-PART=1\n",
    "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:3\n\
     #EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=\"d\te\"\n#EXTINF:2.0,\n5.m4s\n\
     #EXT-X-KEY:METHOD=NONE\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXT-X-VERSION:12\n#EXT-X-SESSION-DATA:DATA-ID=\"com.a\",VALUE=\"x\"\n\
     #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"f\"\n\
     #EXT-X-CONTENT-STEERING:SERVER-URI=\"s\",PATHWAY-ID=\"A\"\n#EXT-X-DEFINE:IMPORT=\"a\"\n\
     #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"E\",DEFAULT=YES,CHANNELS=\"2\",URI=\"{$a}\"\n\
     #EXT-X-STREAM-INF:BANDWIDTH=8,CODECS=\"avc1.64001f\",RESOLUTION=1280x720,\
     FRAME-RATE=29.970,AUDIO=\"a\",CLOSED-CAPTIONS=NONE\nv.m3u8\n\
     #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=8,URI=\"i.m3u8\",REQ-VIDEO-LAYOUT=\"CH-MONO\"\n",
];

#[cfg(test)]
mod tests {
    use samples::damaged_slowly;

    use super::*;

    #[test]
    fn damaged_playlists_are_read_with_what_is_wrong() {
        for text in PLAYLISTS {
            assert_eq!(read(text.as_bytes()).unknown_tags, [], "{text}");
        }
        let pair = [PLAYLISTS[0], "\0", PLAYLISTS[1]].concat();
        let texts = PLAYLISTS.map(str::as_bytes);
        let [first, second, third] = texts;
        damaged_slowly(&[first, second, third, pair.as_bytes()], playlist);
    }
}
