//! Edges anywhere.

use super::*;

/// Twelve pictures of 40 ms, of which every fourth can be decoded alone, in reordered pairs, and
/// sound of 24 frames; each four pictures a segment. Times start at 10 s.
fn sources() -> [Vec<Source>; 2] {
    let mut segments = Vec::new();
    for number in 0..12_i64 {
        let dts = 10_000 + number * 40;
        // Shown 80 ms after the first is decoded, in the order 0 2 1 3.
        let offset = [80, 120, 40, 80][usize::try_from(number % 4).unwrap()];
        let nal = if number % 4 == 0 { IDR } else { SLICE };
        if number % 4 == 0 {
            segments.push(Vec::new());
        }
        let segment: &mut Vec<AccessUnit> = segments.last_mut().unwrap();
        segment.push(picture(dts, dts + offset, &[&format!("{nal}{number:02}ff")]));
        for half in 0..2 {
            // 21.3 ms each: behind the pictures in the end, by 33 ms.
            let at = 10_080 * 48 + (number * 2 + half) * 1_024;
            segment.push(frame(at, &[u8::try_from(number * 2 + half).unwrap() + 1]));
        }
    }
    let tracks = [video(), audio()];
    let mut sources = [transport(&tracks, &segments), fragments(&tracks, &segments, usize::MAX)];
    sources.iter_mut().for_each(|sources| adjoin(sources));
    sources
}

/// Which samples are in the file, and what of them is shown, in milliseconds of the media.
fn clip(sources: &[Source], start_ms: Option<i64>, end_ms: Option<i64>) -> String {
    let edge = |edge: Option<i64>| edge.map(|ms| ms * 90);
    let options = Options { created: None, start: edge(start_ms), end: edge(end_ms) };
    let file = export(options, sources);
    let pictures = samples_of(&file, TrackKind::Video);
    let pictures = pictures.iter().flatten().map(|it| {
        assert_eq!(it.is_sync, it.data[4] == 0x65);
        format!("{:02x}", it.data[8])
    });
    let sounds = samples_of(&file, TrackKind::Audio);
    let sounds: Vec<u8> = sounds.iter().flatten().map(|sample| sample.data[0] - 1).collect();
    let ms = |ticks: u64, hz: u64| ticks * 1_000 / hz;
    let shown = shown(&file).into_iter().zip([90_000, 48_000]);
    let shown = shown.map(|((delay, from, lasts), hz)| {
        format!("{}+{}..{}", ms(delay, 90_000), ms(from, hz), ms(from, hz) + ms(lasts, 90_000))
    });
    format!(
        "{} | {}-{} | {}",
        pictures.collect::<Vec<_>>().join(" "),
        sounds.first().unwrap(),
        sounds.last().unwrap(),
        shown.collect::<Vec<_>>().join(" "),
    )
}

#[track_caller]
fn check(start_ms: Option<i64>, end_ms: Option<i64>, expected: &str) {
    for sources in sources() {
        assert_eq!(clip(&sources, start_ms, end_ms), expected);
    }
}

#[test]
fn a_clip_begins_and_ends_to_the_millisecond() {
    let all = "00 01 02 03 04 05 06 07 08 09 10 11";
    check(None, None, &format!("{all} | 0-23 | 0+80..560 0+0..512"));
    check(Some(0), Some(10_000), &format!("{all} | 0-23 | 0+80..560 0+0..512"));
    // The second segment begins at 160 ms, and has all that is needed from there on.
    check(Some(160), None, "04 05 06 07 08 09 10 11 | 3-23 | 0+80..400 0+96..448");
    check(Some(161), None, "04 05 06 07 08 09 10 11 | 3-23 | 0+81..400 0+97..448");
    check(Some(159), None, &format!("{all} | 3-23 | 0+239..560 0+95..448"));
    check(Some(250), None, "04 05 06 07 08 09 10 11 | 7-23 | 0+170..400 0+100..362");
    // Pictures come out of their order: 06 is shown at 200 ms and 05, which it needs, at 240.
    check(None, Some(250), "00 01 02 03 04 05 06 | 0-11 | 0+80..330 0+0..250");
    check(None, Some(230), "00 01 02 03 04 05 06 | 0-10 | 0+80..310 0+0..230");
    check(None, Some(160), "00 01 02 03 | 0-7 | 0+80..240 0+0..160");
    check(Some(161), Some(230), "04 05 06 | 3-10 | 0+81..150 0+97..166");
}

#[test]
fn what_is_not_between_the_edges_is_not_there() {
    for sources in sources() {
        // Sound lasts until 512 ms, pictures until 480.
        let options = Options { created: None, start: Some(490 * 90), end: None };
        let file = export(options, &sources);
        assert_eq!(samples_of(&file, TrackKind::Video).len(), 0);
        assert_eq!(shown(&file), [(0, 4_064, 22 * 90)]);
        for (start, end) in [(Some(600 * 90), None), (None, Some(-1)), (Some(9_000), Some(0))] {
            let mut index = Index::new(Options { created: None, start, end });
            for source in &sources {
                index.add(source.span, &[source.open()]).unwrap();
            }
            assert_eq!(index.length(), 480 * 90);
            assert_eq!(index.finish(), Err(ExportError::Empty), "{start:?} to {end:?}");
        }
    }
}

#[test]
fn pictures_that_nothing_can_be_decoded_with_are_all_there() {
    let pictures = [0, 40, 80, 120].map(|time| picture(time, time, &[SLICE]));
    let sources = fragments(&[video()], &[pictures.to_vec()], 9);
    for (start, end, count) in [(None, None, 4), (Some(9_000), None, 4), (Some(1), Some(4_000), 2)]
    {
        let file = export(Options { created: None, start, end }, &sources);
        assert_eq!(samples_of(&file, TrackKind::Video)[0].len(), count);
    }
}

#[test]
fn a_track_that_begins_later_is_shown_later() {
    let units = vec![picture(0, 0, &[IDR]), picture(40, 40, &[SLICE]), frame(960, &[1])];
    // Transport streams of these pictures leave room for two that come out of their order.
    for (sources, reordered) in [
        (transport(&[video(), audio()], std::slice::from_ref(&units)), 6_000),
        (fragments(&[video(), audio()], &[units], 9), 0),
    ] {
        let all = [(0, reordered, 7_200), (1_800, 0, 1_920)];
        assert_eq!(shown(&export(ALL, &sources)), all);
        // From the middle of that on: 10 ms of nothing are left.
        let options = Options { created: None, start: Some(900), end: None };
        assert_eq!(
            shown(&export(options, &sources)),
            [(0, reordered + 900, 6_300), (900, 0, 1_920)]
        );
    }
}
