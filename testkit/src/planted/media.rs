//! What segments consist of, whatever their container.

use std::time::Duration;

use bytes::Bytes;

use super::Exam::{Decoded, Live, Vod};
use super::Planted;
use crate::presentation::Base::{FfmpegFmp4, FfmpegTs, FfmpegTsHevc, FfmpegTsSplit};
use crate::presentation::{Presentation, Rendition, Segment};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTs, Vod)
}

/// Changes the bytes of the segment at a place, in all renditions.
fn bytes(made: &mut Presentation, place: usize, change: fn(&Bytes) -> Vec<u8>) {
    for segment in made.renditions.iter_mut().filter_map(|one| one.segments.get_mut(place)) {
        segment.bytes = change(&segment.bytes).into();
    }
}

/// Changes each segment by its place, and lets each begin where the one before it says it ends.
fn each(made: &mut Presentation, change: fn(usize, &mut Segment)) {
    for Rendition { segments, .. } in &mut made.renditions {
        let mut begins = Duration::ZERO;
        for (place, segment) in segments.iter_mut().enumerate() {
            change(place, segment);
            segment.begins = begins;
            begins += segment.duration;
        }
    }
}

pub(super) const PLANTED: &[Planted] = &[
    planted("a segment is empty", "SEG-EMPTY").made(|made| bytes(made, 5, |_| Vec::new())),
    planted("a segment is a web page", "SEG-KIND")
        .made(|made| bytes(made, 5, |_| b"<html><body>It works!</body></html>".repeat(40))),
    planted("an EXTINF is 0.3 s too long", "MED-EXTINF").made(|made| {
        each(made, |place, segment| {
            if place == 5 {
                segment.duration += Duration::from_millis(300);
            }
        });
    }),
    planted("an EXTINF is 0.8 s too long", "MED-EXTBIG").made(|made| {
        each(made, |place, segment| {
            if place == 5 {
                segment.duration += Duration::from_millis(800);
            }
        });
        made.renditions.iter_mut().for_each(|one| one.target_duration = 3);
    }),
    planted("each EXTINF is a little too long", "MED-SUM")
        .made(|made| each(made, |_, segment| segment.duration += Duration::from_millis(25))),
    planted("a segment is left out", "MED-DISC").made(|made| {
        made.renditions.iter_mut().for_each(|one| drop(one.segments.remove(5)));
        each(made, |_, _| ());
    }),
    planted("a segment of fMP4 is left out", "MED-DISC")
        .on(FfmpegFmp4)
        .follows(&[("MP4-TFDTX", "its tfdt are where the jump is seen")])
        .made(|made| {
            made.renditions.iter_mut().for_each(|one| drop(one.segments.remove(5)));
            each(made, |_, _| ());
        }),
    planted("two segments are swapped", "MED-DISC").made(|made| {
        made.renditions.iter_mut().for_each(|one| one.segments.swap(5, 6));
        each(made, |_, _| ());
    }),
    planted("nothing breaks where a break is said", "MED-USELESS").made(|made| {
        each(made, |place, segment| segment.has_discontinuity = place == 5);
    }),
    planted("segments begin without a key frame", "IND-TRUE").on(FfmpegTsSplit),
    planted("segments begin without a key frame, as is said", "IND-START")
        .on(FfmpegTsSplit)
        .made(|made| made.multivariant.header.retain(|line| !line.contains("INDEPENDENT")))
        .view(|view, _| view.header.clear()),
    planted("H.265 is in MPEG-TS", "MED-HVC").on(FfmpegTsHevc).made(|made| {
        for (attributes, _) in &mut made.multivariant.variants {
            attributes.set("CODECS", "\"hvc1.1.6.L30.90,mp4a.40.2\"");
        }
    }),
    planted("a picture is damaged", "DEC-CLEAN").during(Decoded).made(|made| {
        bytes(made, 5, |bytes| {
            let mut bytes = bytes.to_vec();
            // The payloads of packets of pictures in which no PES packet begins.
            for packet in bytes.chunks_exact_mut(188).skip(4) {
                let has_payload_only = packet.get(3).is_some_and(|flags| flags & 0x30 == 0x10);
                if packet.get(1..3) == Some(&[0x01, 0x00]) && has_payload_only {
                    packet.iter_mut().skip(60).for_each(|byte| *byte ^= 0x5a);
                }
            }
            bytes
        });
    }),
    planted("a picture of fMP4 is damaged", "DEC-CLEAN").on(FfmpegFmp4).during(Decoded).made(
        |made| {
            bytes(made, 5, |bytes| {
                let mut bytes = bytes.to_vec();
                // Within the first picture, which is the largest.
                let mdat = bytes.windows(4).position(|name| name == b"mdat").unwrap_or(0);
                bytes.iter_mut().skip(mdat + 400).take(100).for_each(|byte| *byte ^= 0x5a);
                bytes
            });
        },
    ),
    planted("a live segment is a web page", "SEG-KIND")
        .during(Live)
        .made(|made| bytes(made, 12, |_| b"<html><body>It works!</body></html>".repeat(40))),
];
