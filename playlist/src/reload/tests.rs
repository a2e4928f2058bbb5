use super::*;

/// Segments up to 9 are whole, of six parts of 0.333 s; of 10 there are two parts.
const LIVE: Progress = Progress {
    reach: Reach { sequence: 10, parts: 2 },
    newest_parts: 6,
    part_target_ms: Some(333),
    target_duration: Duration::from_secs(2),
    has_ended: false,
    is_live: true,
};
const LIMIT: Duration = Duration::from_secs(6);

#[track_caller]
fn check(progress: Progress, asked: &str, expected: Answer) {
    let (sequence, part) = asked.split_once('.').unwrap_or((asked, ""));
    let awaited = Awaited { sequence: sequence.parse().unwrap(), part: part.parse().ok() };
    assert_eq!(progress.decide(awaited, Duration::ZERO), expected, "{asked} of {progress:?}");
    // Who waits does so for a limited time, and all others are answered whenever they ask.
    let later = match expected {
        Answer::Wait if progress.is_live => Answer::Stalled,
        Answer::Wait => Answer::AsItIs,
        Answer::There | Answer::Ended | Answer::AsItIs | Answer::Stalled | Answer::TooFarAhead => {
            expected
        }
    };
    let just_before = LIMIT.saturating_sub(Duration::from_nanos(1));
    assert_eq!(progress.decide(awaited, just_before), expected, "{asked}");
    assert_eq!(progress.decide(awaited, LIMIT), later, "{asked}");
}

#[test]
fn a_request_waits_for_the_part_that_it_names() {
    for there in ["0", "9", "0.0", "9.5", "10.0", "10.1"] {
        check(LIVE, there, Answer::There);
    }
    for next in ["10", "11", "10.2", "10.10", "11.0", "11.9"] {
        check(LIVE, next, Answer::Wait);
    }
}

#[test]
fn a_part_that_a_segment_does_not_have_is_the_first_of_the_next() {
    check(LIVE, "9.6", Answer::There);
    check(LIVE, "8.600", Answer::There);
    let at_a_border = Progress { reach: Reach { sequence: 10, parts: 0 }, ..LIVE };
    check(at_a_border, "9.5", Answer::There);
    check(at_a_border, "9.6", Answer::Wait);
    check(at_a_border, "9.15", Answer::Wait);
    check(at_a_border, "9.16", Answer::TooFarAhead);
    check(at_a_border, "10.0", Answer::Wait);
}

#[test]
fn what_is_too_far_ahead_is_refused() {
    for far in ["12", "13", "12.0", "18446744073709551615", "10.12", "11.10"] {
        check(LIVE, far, Answer::TooFarAhead);
    }
    check(LIVE, "10.11", Answer::Wait);
    let long_parts = Progress { part_target_ms: Some(1_000), ..LIVE };
    check(long_parts, "10.4", Answer::Wait);
    check(long_parts, "10.5", Answer::TooFarAhead);
    let longer_parts = Progress { part_target_ms: Some(2_000), ..LIVE };
    check(longer_parts, "10.4", Answer::Wait);
    check(longer_parts, "10.5", Answer::TooFarAhead);
}

#[test]
fn without_parts_whole_segments_are_waited_for() {
    let whole = Progress {
        reach: Reach { sequence: 10, parts: 0 },
        newest_parts: 0,
        part_target_ms: None,
        ..LIVE
    };
    check(whole, "9.3", Answer::There);
    check(whole, "10", Answer::Wait);
    check(whole, "10.900", Answer::Wait);
    check(whole, "12", Answer::TooFarAhead);
}

#[test]
fn while_nobody_publishes_the_playlist_is_given_as_it_is_and_an_end_at_once() {
    let interrupted = Progress { is_live: false, ..LIVE };
    check(interrupted, "10.2", Answer::Wait);
    check(interrupted, "12", Answer::TooFarAhead);
    let ended = Progress { has_ended: true, is_live: false, ..LIVE };
    for any in ["0", "10.2", "99", "99.99"] {
        check(ended, any, Answer::Ended);
    }
}
