use super::*;
use crate::tools::decode;

/// The bytes of the first segments of a rendition, as a player would put them together.
fn head(rendition: &Rendition) -> Vec<u8> {
    let init = rendition.inits.values().next();
    let mut bytes = init.map(|init| init.to_vec()).unwrap_or_default();
    rendition.segments.iter().take(4).for_each(|segment| bytes.extend_from_slice(&segment.bytes));
    bytes
}

#[test]
fn ffmpeg_makes_presentations_that_decode_and_are_told_as_they_are() {
    for (base, renditions, alternatives) in [
        (Base::FfmpegTs, 1, 0),
        (Base::FfmpegFmp4, 1, 0),
        (Base::FfmpegTsLadder, 3, 1),
        (Base::FfmpegFmp4Ladder, 3, 1),
    ] {
        let made = base.presentation(Path::new("none")).unwrap();
        let multivariant = &made.multivariant;
        assert_eq!(
            (made.renditions.len(), multivariant.alternatives.len()),
            (renditions, alternatives)
        );
        for (attributes, _) in &multivariant.variants {
            for name in ["BANDWIDTH", "AVERAGE-BANDWIDTH", "RESOLUTION", "CODECS", "FRAME-RATE"] {
                assert!(attributes.get(name).is_some(), "{name} of {attributes:?}");
            }
        }
        for rendition in &made.renditions {
            assert!(rendition.segments.len() >= 60, "{}", rendition.segments.len());
            for segment in &rendition.segments {
                let off = segment.duration.abs_diff(Duration::from_secs(2));
                assert!(off < Duration::from_millis(22), "{segment:?}");
            }
            decode(&head(rendition)).unwrap();
        }
    }
}

#[test]
fn a_comma_between_quotes_is_part_of_a_value() {
    let list = ffmpeg::attributes("BANDWIDTH=1,CODECS=\"avc1.64000b,mp4a.40.2\",AUDIO=\"a\"");
    assert_eq!(list.get("CODECS"), Some("\"avc1.64000b,mp4a.40.2\""));
    assert_eq!((list.0.len(), list.get("AUDIO")), (3, Some("\"a\"")));
}
