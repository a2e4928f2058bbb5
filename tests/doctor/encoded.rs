//! What is wrong in how it is encoded.

use bytes::Bytes;
use container::flv::TagKind;
use segmenter::Grade::{Fair, Poor};

use crate::replayed::{
    AAC, GOOD, H264, PICTURES, SOUND, check, encoded, is_unit, is_video, live, looped, read,
};

#[test]
fn ten_minutes_of_a_good_push_get_no_finding() {
    let said = check(&looped(&GOOD, 1_200, 600), live, &[]);
    let figures = said.last.figures;
    assert_eq!(figures.size, Some((320, 180)));
    assert_eq!(figures.key_frames_ms, Some((2_000, 2_000, 2_000)));
    assert!(figures.frame_rate_milli.unwrap().abs_diff(30_000) < 20, "{figures:?}");
    assert!(figures.drift_ppm.unwrap().abs() < 100, "{figures:?}");
}

#[test]
fn a_key_frame_every_eight_seconds() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-g 250 -t 40"]);
    let sentence = "Key frames come every 8.3 s, so viewers wait that long to start: in OBS set \
                    Settings, Output, Keyframe Interval to 2 s (it is there in Output Mode \
                    Advanced); in ffmpeg give -g";
    check(&tags, live, &[("key_frames_far", Fair, sentence)]);
}

#[test]
fn no_key_frame_after_the_first() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-g 9000 -t 40"]);
    let sentence = "No key frame has come for 1";
    check(&tags, live, &[("key_frames_far", Poor, sentence)]);
}

#[test]
fn a_key_frame_every_picture() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-b:v 4M -maxrate 4M -g 1 -t 20"]);
    check(&tags, live, &[("key_frames_near", Fair, "Key frames come every 33 ms")]);
}

#[test]
fn key_frames_at_uneven_distances() {
    let keys = "-g 250 -force_key_frames 0,1,4,5,8,9,12,13,16,17,20,21,24,25,28,29,32,33,36,37";
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, keys, "-t 40"]);
    let sentence = "Key frames come between 1.0 s and 3.0 s apart";
    check(&tags, live, &[("key_frames_uneven", Fair, sentence)]);
}

#[test]
fn twelve_pictures_a_second() {
    let pictures = "-f lavfi -i testsrc2=size=320x180:rate=12";
    let tags = encoded(&[pictures, SOUND, H264, AAC, "-g 24 -t 40"]);
    let sentence = "Only 12 pictures come a second, so movement stutters: in OBS set Settings, \
                    Video, Common FPS Values to 30";
    check(&tags, live, &[("frame_rate_low", Fair, sentence)]);
}

#[test]
fn an_eighth_of_the_pictures_dropped() {
    let drop = "-vf select='gt(mod(n\\,8)\\,0)' -vsync vfr";
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, drop, "-t 40"]);
    let sentence = "12.6 % of the pictures are missing";
    check(&tags, live, &[("frames_missing", Poor, sentence)]);
}

#[test]
fn pictures_at_an_uneven_rate() {
    let uneven = "-vf settb=1/1000,setpts='N*40+300*sin(N/15)' -vsync vfr -enc_time_base 1/1000";
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, uneven, "-g 40 -t 40"]);
    let sentence = "Pictures come at an uneven frame rate";
    check(&tags, live, &[("frame_rate_uneven", Fair, sentence)]);
}

#[test]
fn twenty_megabits_where_four_are_declared() {
    let noise = "-f lavfi -i testsrc2=size=640x360:rate=30,noise=alls=20:allf=t";
    let rate = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 60 -b:v 4M -crf 20";
    let tags = encoded(&[noise, SOUND, rate, AAC, "-t 26"]);
    let sentence = "The pictures take 2";
    let said = check(&tags, live, &[("bit_rate_over_declared", Poor, sentence)]);
    let advice = &said.last.findings[0].advice;
    assert!(advice.contains("Mb/s although the encoder says 3.9 Mb/s"), "{advice}");
}

#[test]
fn too_few_bits_for_the_size() {
    let pictures = "-f lavfi -i testsrc2=size=960x540:rate=30";
    let rate = "-b:v 150k -maxrate 150k -bufsize 300k -preset veryfast";
    let tags = encoded(&[pictures, SOUND, H264, AAC, rate, "-t 30"]);
    check(&tags, live, &[("bit_rate_low", Fair, "1")]);
}

#[test]
fn sixteen_b_frames() {
    let deep = "-preset veryfast -bf 16 -b_strategy 0 -x264-params b-pyramid=none:scenecut=0";
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, deep, "-t 30"]);
    check(&tags, live, &[("b_frames_deep", Fair, "B-frames hold pictures back by 5")]);
}

#[test]
fn sound_400_ms_late_by_its_times() {
    let late = "-f lavfi -itsoffset 0.4 -i sine=frequency=440:sample_rate=48000";
    let tags = encoded(&[PICTURES, late, H264, AAC, "-t 20"]);
    let sentence = "Sound begins 3";
    let said = check(&tags, live, &[("sound_begins_late", Fair, sentence)]);
    assert!(said.last.findings[0].advice.contains("Sync Offset"));
}

#[test]
fn pictures_of_444() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-pix_fmt yuv444p -t 5"]);
    let sentence = "Pictures are coded in 4:4:4, which phones, televisions and Safari do not show: \
                    in OBS set Settings, Advanced, Color Format to NV12";
    check(&tags, live, &[("chroma", Poor, sentence)]);
}

#[test]
fn pictures_of_ten_bits() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-pix_fmt yuv420p10le -t 5"]);
    check(&tags, live, &[("bit_depth", Poor, "Pictures are H.264 with 10 bits a sample")]);
}

#[test]
fn pictures_in_fields() {
    let tags = encoded(&[PICTURES, SOUND, H264, AAC, "-flags +ildct+ilme -t 5"]);
    check(&tags, live, &[("interlaced", Fair, "Pictures are coded as interlaced")]);
}

#[test]
fn pictures_that_are_too_large() {
    let pictures = "-f lavfi -i testsrc2=size=5120x2880:rate=5";
    let tags = encoded(&[pictures, SOUND, H264, AAC, "-g 10 -t 5"]);
    let sentence = "Pictures are 5120x2880, more than most viewers' decoders take";
    check(&tags, live, &[("picture_size", Poor, sentence)]);
}

#[test]
fn sound_of_96_khz() {
    let sound = "-f lavfi -i sine=frequency=440:sample_rate=96000";
    let tags = encoded(&[PICTURES, sound, H264, AAC, "-t 20"]);
    let sentence = "Sound has 96,000 samples a second, which some players refuse and nobody \
                    hears: in OBS set Settings, Audio, Sample Rate to 48 kHz";
    check(&tags, live, &[("sample_rate_high", Fair, sentence)]);
}

#[test]
fn sound_of_8_khz() {
    let sound = "-f lavfi -i sine=frequency=440:sample_rate=8000";
    let tags = encoded(&[PICTURES, sound, H264, "-c:a aac -ac 1 -t 20"]);
    check(&tags, live, &[("sample_rate_low", Fair, "Sound has 8,000 samples a second")]);
}

#[test]
fn sound_of_six_channels() {
    let tags = encoded(&[PICTURES, SOUND, H264, "-c:a aac -ac 6 -t 20"]);
    check(&tags, live, &[("channels", Fair, "Sound has 6 channels")]);
}

#[test]
fn a_clock_that_jumps() {
    let mut tags = GOOD.clone();
    let later = tags.iter_mut().filter(|tag| tag.timestamp_ms >= 20_000);
    later.for_each(|tag| tag.timestamp_ms += 10_000);
    let arrives = |tag: &_| live(tag) - if live(tag) >= 30_000 { 10_000 } else { 0 };
    let sentence = "The encoder's clock jumped once in the last minute";
    check(&tags, arrives, &[("clock_jumps", Fair, sentence)]);
}

#[test]
fn decode_times_that_stand_still() {
    let mut tags = looped(&GOOD, 1_200, 40);
    let (mut last, mut number) = (0, 0);
    for tag in tags.iter_mut().filter(|tag| is_video(tag) && is_unit(tag)) {
        number += 1;
        if number % 6 == 0 {
            tag.timestamp_ms = last;
        }
        last = tag.timestamp_ms;
    }
    let sentence = "25 pictures of the last minute had times that cannot be, and were moved";
    check(&tags, live, &[("times_mended", Fair, sentence)]);
}

#[test]
fn sound_with_holes() {
    let mut tags = looped(&GOOD, 1_200, 60);
    tags.retain(|tag| is_video(tag) || !is_unit(tag) || tag.timestamp_ms % 5_000 < 4_800);
    let said = check(&tags, live, &[("sound_gaps", Fair, "Sound was missing twice")]);
    assert!(said.last.findings[0].advice.starts_with("Sound was missing 9 times"));
}

#[test]
fn frames_that_are_broken() {
    let mut tags = looped(&GOOD, 1_200, 60);
    let units = tags.iter_mut().filter(|tag| tag.kind == TagKind::Video && is_unit(tag));
    for tag in units.skip(7).step_by(100) {
        let mut body = tag.payload.to_vec();
        body[5..9].copy_from_slice(&[0x7f; 4]);
        tag.payload = Bytes::from(body);
    }
    check(&tags, live, &[("frames_broken", Fair, "6 frames of the last minute were broken")]);
}

#[test]
fn codecs_that_not_every_browser_plays() {
    let check = |file: &[u8], expected: &[(&str, segmenter::Grade, &str)]| {
        // Two seconds are too few: they are played slowly.
        check(&read(file), |tag| live(tag) * 4, expected);
    };
    let hevc = include_bytes!("../../core/container/testdata/ffmpeg-9.0_hevc_opus.flv");
    let sentence = "Pictures are H.265, which not every browser shows";
    check(hevc, &[("picture_codec", Fair, sentence)]);
    let av1 = include_bytes!("../../core/container/testdata/ffmpeg-9.0_av1_flac.flv");
    check(av1, &[("picture_codec", Fair, "Pictures are AV1")]);
    let vp9 = include_bytes!("../../core/container/testdata/ffmpeg-9.0_vp9_mp3.flv");
    check(vp9, &[("picture_codec", Fair, "Pictures are VP9")]);
    let ac3 = include_bytes!("../../core/container/testdata/ffmpeg-9.0_h264_ac3.flv");
    check(ac3, &[("sound_codec", Poor, "Sound is AC-3, which Chrome and Firefox do not play")]);
    let both = include_bytes!("../../core/container/testdata/ffmpeg-9.0_h264-hevc_aac-opus.flv");
    check(both, &[]);
}
