//! What is wrong in how it arrives.

use container::flv::Tag;
use segmenter::Grade::{Fair, Poor};

use crate::replayed::{GOOD, check, is_unit, is_video, live, looped};

fn ms(tag: &Tag) -> i64 {
    i64::from(tag.timestamp_ms)
}

#[test]
fn a_clock_that_runs_a_thousandth_fast() {
    let tags = looped(&GOOD, 1_200, 240);
    let arrives = |tag: &Tag| live(tag) - ms(tag) / 1_000;
    let said = check(&tags, arrives, &[("clock_drift", Fair, "The encoder's clock runs 0.")]);
    let advice = &said.last.findings[0].advice;
    assert!(advice.contains("fast, 3.") && advice.contains("an hour, so viewers fall"), "{advice}");
    let slow = |tag: &Tag| live(tag) + ms(tag) / 1_000;
    let said = check(&tags, slow, &[("clock_drift", Fair, "The encoder's clock runs 0.")]);
    let advice = &said.last.findings[0].advice;
    assert!(advice.contains("slow, 3.") && advice.contains("players run out of media"), "{advice}");
}

#[test]
fn bursts_of_four_seconds() {
    let arrives = |tag: &Tag| (ms(tag) / 4_000 + 1) * 4_000;
    let sentence = "Media comes in bursts with 4.0 s of nothing between them";
    check(&GOOD, arrives, &[("bursts", Fair, sentence)]);
    let arrives = |tag: &Tag| (ms(tag) / 8_000 + 1) * 8_000;
    let sentence = "Media comes in bursts with 8.0 s of nothing between them";
    check(&looped(&GOOD, 1_200, 80), arrives, &[("bursts", Poor, sentence)]);
}

#[test]
fn a_network_that_stalls_and_catches_up() {
    let tags = looped(&GOOD, 1_200, 150);
    let arrives = |tag: &Tag| {
        let at = live(tag);
        // Nothing for five seconds, then what has waited, at twice the speed.
        if (40_000..50_000).contains(&at) { 45_000 + (at - 40_000) / 2 } else { at }
    };
    let sentence = "Nothing came for 5.0 s (once in the last minute), and players that hold less \
                    than that stopped: use a cable in place of Wi-Fi";
    let said = check(&tags, arrives, &[("stalls", Fair, sentence)]);
    assert_eq!(said.last.findings, [], "it has recovered");
}

#[test]
fn a_line_that_is_nearly_too_slow() {
    let tags = looped(&GOOD, 1_200, 60);
    // What has piled up behind a key frame.
    let arrives = |tag: &Tag| live(tag) + (900 - ms(tag) % 2_000).max(0);
    check(&tags, arrives, &[("jitter", Fair, "Pictures arrive up to 9")]);
}

#[test]
fn an_encoder_that_does_not_keep_up() {
    let tags = looped(&GOOD, 1_200, 60);
    let arrives = |tag: &Tag| live(tag) + ms(tag) * 3 / 20;
    let sentence = "The encoder has fallen 3.";
    check(&tags, arrives, &[("encoder_behind", Fair, sentence)]);
}

#[test]
fn a_file_that_is_pushed_as_fast_as_it_goes() {
    let tags = looped(&GOOD, 1_200, 400);
    let sentence = "Media comes faster than it plays and is ";
    check(&tags, |tag| ms(tag) / 10, &[("encoder_ahead", Poor, sentence)]);
}

#[test]
fn sound_that_arrives_400_ms_late() {
    let arrives = |tag: &Tag| live(tag) + if is_video(tag) { 0 } else { 400 };
    let sentence = "Sound arrives 4";
    check(&GOOD, arrives, &[("sound_apart", Fair, sentence)]);
}

#[test]
fn pictures_that_vanish_while_the_sound_goes_on() {
    let mut tags = looped(&GOOD, 1_200, 60);
    tags.retain(|tag| !is_video(tag) || !is_unit(tag) || tag.timestamp_ms < 20_000);
    let sentence = "No picture has come for 1";
    check(&tags, live, &[("pictures_absent", Poor, sentence)]);
}

#[test]
fn sound_that_vanishes_while_the_pictures_go_on() {
    let mut tags = looped(&GOOD, 1_200, 60);
    tags.retain(|tag| is_video(tag) || !is_unit(tag) || tag.timestamp_ms < 20_000);
    check(&tags, live, &[("sound_absent", Poor, "No sound has come for 1")]);
}

#[test]
fn a_burst_at_the_start_is_nothing_to_speak_of() {
    // A player that is relayed sends ten seconds at once, then goes on in real time.
    check(&looped(&GOOD, 1_200, 180), |tag| (live(tag) - 10_000).max(0), &[]);
    // And one that then waits until what it sent has been played.
    let arrives = |tag: &Tag| if ms(tag) < 6_000 { ms(tag) / 20 } else { live(tag) };
    check(&looped(&GOOD, 1_200, 180), arrives, &[]);
}

#[test]
fn a_clean_end_and_a_push_of_seconds_are_nothing_to_speak_of() {
    for seconds in [1, 3, 7, 15] {
        check(&looped(&GOOD, 1_200, seconds), live, &[]);
    }
    // The encoder ends the sound before the pictures.
    let mut tags = looped(&GOOD, 1_200, 60);
    tags.retain(|tag| is_video(tag) || !is_unit(tag) || tag.timestamp_ms < 57_000);
    check(&tags, live, &[]);
}
