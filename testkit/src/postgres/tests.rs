use std::process::Command;

use super::*;

#[test]
fn the_parent_of_a_process_is_found_behind_any_name() {
    let check = |stat: &str, expected| assert_eq!(parent_in(stat), expected, "{stat}");
    check("7 (postgres) S 5 7 7 0 -1", Some("5"));
    check("7 (a) b (c) S 12 7 7 0 -1", Some("12"));
    check("7 postgres", None);
    check("", None);
}

#[test]
fn a_process_that_has_ended_is_not_there() {
    let number = i32::try_from(std::process::id()).unwrap();
    assert!(is_there(Pid::from_raw(number).unwrap()));
    let mut child = Command::new("true").spawn().unwrap();
    let number = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // Nobody has asked yet how it ended.
    wait_until("the end of `true`", ENDS_WITHIN, || !is_there(number)).unwrap();
    child.wait().unwrap();
    assert!(!is_there(number));
}

#[test]
fn no_two_passwords_are_alike() {
    let (one, other) = (random_text().unwrap(), random_text().unwrap());
    assert!(one.len() == 32 && one != other);
}
