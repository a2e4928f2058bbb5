//! The signals that ask a process to stop. In a program of its own, since whoever listens for them
//! no longer dies of them.

use std::process::Command;

use runtime::Signals;

#[tokio::test]
async fn a_signal_is_named_and_the_process_lives() {
    let mut signals = Signals::listen().unwrap();
    for (flag, expected) in [("-TERM", "SIGTERM"), ("-INT", "SIGINT"), ("-TERM", "SIGTERM")] {
        let own = std::process::id().to_string();
        assert!(Command::new("kill").args([flag, &own]).status().unwrap().success());
        assert_eq!(signals.next().await.to_string(), expected);
    }
}
