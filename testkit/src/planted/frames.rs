//! Which frames of pictures and sound segments have, and when.

use super::Exam::Vod;
use super::Planted;
use super::remuxed::Options;
use crate::origin::Target;
use crate::presentation::Base::{FfmpegTs, FfmpegTsLadder, FfmpegTsSplit, FfmpegTsTiny};
use crate::presentation::Presentation;

/// A segment with neighbours.
const PLACE: usize = 5;

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Vod)
}

/// Has one segment written anew with such options of ffmpeg.
macro_rules! one {
    ($options:expr) => {
        |_, place| (place == PLACE).then(|| $options.to_owned())
    };
}

/// Encodes pictures of one and a half times the size.
const LARGER: &str = "-c:v libx264 -preset veryfast -threads 1 -s 288x162 -bf 0 -g 30 -b:v 60k";

/// Sound comes 0.3 s later.
const LATE: Options = |_, _| Some("-bsf:a setts=ts=TS+27000".to_owned());

/// Sound comes 15 ms later in each segment than in the one before.
const DRIFTING: Options = |_, place| Some(format!("-bsf:a setts=ts=TS+{}", 1_350 * place));

/// Joins every so many segments to one.
fn join(made: &mut Presentation, count: usize) {
    for rendition in &mut made.renditions {
        let all = std::mem::take(&mut rendition.segments);
        for joined in all.chunks(count) {
            let Some(mut one) = joined.first().cloned() else { continue };
            one.duration = joined.iter().map(|segment| segment.duration).sum();
            let bytes: Vec<_> = joined.iter().map(|segment| &segment.bytes[..]).collect();
            one.bytes = bytes.concat().into();
            let seconds = one.duration.as_millis().div_ceil(1_000);
            rendition.target_duration = u64::try_from(seconds).unwrap_or(u64::MAX);
            rendition.segments.push(one);
        }
    }
    made.say_bit_rates();
}

pub(super) const PLANTED: &[Planted] = &[
    planted("the last pictures of a segment are missing", "MED-CONTV")
        .remuxed(one!("-bsf:v noise=drop='gte(n\\,46)'")),
    planted("the last sound of a segment is missing", "MED-CONTA")
        .remuxed(one!("-bsf:a noise=drop='gte(n\\,88)'")),
    planted("pictures in the middle of a segment are missing", "MED-GAPIN")
        .remuxed(one!("-bsf:v noise=drop='between(n\\,20\\,30)'")),
    planted("sound in the middle of a segment is missing", "MED-GAPIN")
        .follows(&[("TS-AUDPTS", "the packet with what is left on both sides says one time")])
        .remuxed(one!("-bsf:a noise=drop='between(n\\,20\\,40)'")),
    planted("the key frame of a segment is missing", "IND-TRUE")
        .remuxed(one!("-bsf:v noise=drop='eq(n\\,0)'")),
    planted("sound begins 0.3 s behind the pictures", "MED-AVSTART").remuxed(LATE),
    planted("sound ends 0.3 s behind the pictures", "MED-AVEND").remuxed(LATE),
    planted("sound drifts away from the pictures", "MED-AVDRIFT").remuxed(DRIFTING),
    planted("a segment has no sound", "MED-TRACKS")
        .follows(&[("TS-PMTSAME", "the program map has no sound either")])
        .remuxed(one!("-an")),
    planted("a segment has pictures of another size", "MED-CFG").remuxed(one!(LARGER)),
    planted("the size of pictures changes within a segment", "MED-CFGIN")
        .remuxed(|_, place| (place >= PLACE).then(|| LARGER.to_owned()))
        .made(|made| join(made, 2)),
    planted("a segment lasts 0.3 s", "MED-TINY").on(FfmpegTsTiny),
    planted("key frames come every four seconds", "MED-KF")
        .on(FfmpegTsSplit)
        .made(|made| join(made, 2)),
    planted("segments last twelve seconds", "MED-LEN").made(|made| join(made, 6)),
    planted("segments are said to be encrypted", "SEG-CRYPT").view(|view, _| {
        let key = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"";
        view.segments.iter_mut().take(1).for_each(|shown| shown.tags.push(key.to_owned()));
    }),
    planted("packed sound does not say when it begins", "SEG-ID3")
        .on(FfmpegTsLadder)
        .remuxed(|name, _| (name == "a0").then(|| "-f adts".to_owned()))
        .answer(|answer, moment| {
            if let Target::Segment(2, _) = moment.target {
                answer.set(http::header::CONTENT_TYPE, "audio/aac");
            }
        }),
];
