use super::*;

#[test]
fn a_multivariant_playlist_is_read_with_all_that_it_says() {
    let document = read(
        b"#EXTM3U\n#EXT-X-VERSION:12\n#EXT-X-INDEPENDENT-SEGMENTS\n\
          #EXT-X-DEFINE:NAME=\"p\",VALUE=\"v\"\n\
          #EXT-X-SESSION-DATA:DATA-ID=\"com.a\",VALUE=\"x\",LANGUAGE=\"en\"\n\
          #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n\
          #EXT-X-CONTENT-STEERING:SERVER-URI=\"s\",PATHWAY-ID=\"A\"\n\
          #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,\
          AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a/index.m3u8\"\n\
          #EXT-X-STREAM-INF:BANDWIDTH=800000,AVERAGE-BANDWIDTH=700000,CODECS=\"avc1.64001f,\
          mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO=\"aac\",CLOSED-CAPTIONS=NONE,\
          SCORE=1.5,REQ-VIDEO-LAYOUT=\"CH-STEREO\"\n{$p}/index.m3u8\n\
          #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=80000,URI=\"i/index.m3u8\"\n",
    );
    assert_eq!((document.faults, document.unknown_tags), (vec![], vec![]));
    let Playlist::Multivariant(playlist) = document.playlist else { panic!() };
    let variant = Variant {
        line: 9,
        uri: "v/index.m3u8".into(),
        bandwidth: Some(800_000),
        average_bandwidth: Some(700_000),
        codecs: Some("avc1.64001f,mp4a.40.2".into()),
        resolution: Some((1_280, 720)),
        frame_rate_milli: Some(29_970),
        audio: Some("aac".into()),
        closed_captions: Some("NONE".into()),
        score_milli: Some(1_500),
        video_layout: Some("CH-STEREO".into()),
        ..Variant::default()
    };
    assert_eq!(playlist.variants, [variant]);
    let i_frames = Variant {
        line: 11,
        uri: "i/index.m3u8".into(),
        bandwidth: Some(80_000),
        ..Variant::default()
    };
    assert_eq!(playlist.i_frame_variants, [i_frames]);
    let sound = Alternative {
        line: 8,
        kind: AlternativeKind::Audio,
        group: "aac".into(),
        name: "English".into(),
        uri: Some("a/index.m3u8".into()),
        language: Some("en".into()),
        is_default: true,
        autoselect: Some(true),
        channels: Some("2".into()),
        ..Alternative::default()
    };
    assert_eq!(playlist.alternatives, [sound]);
    assert_eq!((playlist.version, playlist.is_independent), (Some(12), true));
    assert_eq!(playlist.session_data[0].value.as_deref(), Some("x"));
    assert_eq!(playlist.session_keys[0].uri.as_deref(), Some("k"));
    let steering = Steering { uri: "s".into(), pathway: Some("A".into()) };
    assert_eq!(playlist.steering, Some(steering));
    assert_eq!(playlist.variables["p"], "v");
}
