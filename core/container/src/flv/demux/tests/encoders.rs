//! What encoders really send, by name and version.

use super::*;

#[test]
fn a_real_stream_is_understood() {
    let (tracks, units) = real_units();
    let codecs: Vec<_> = tracks.iter().map(|track| track.codec.rfc6381()).collect();
    assert_eq!(codecs, ["avc1.64000B", "mp4a.40.2"]);
    let CodecConfig::Avc(config) = &tracks[0].codec else { panic!("no video first") };
    let sps = config.sps();
    assert_eq!((sps.width, sps.height, sps.frame_rate()), (160, 90, Some((50, 2))));
    let pictures = || units.iter().filter(|unit| unit.track == TrackId::VIDEO);
    let starts = pictures().enumerate().filter(|(_, unit)| unit.random_access);
    assert_eq!(starts.map(|(index, _)| index).collect::<Vec<_>>(), [0, 25]);
    let first = &pictures().next().unwrap().payload;
    assert_eq!(x264_keyint_max(first, config.length_size()), Some(25));
}
