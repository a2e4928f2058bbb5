mod faults;
mod media;
mod multivariant;
mod random;
mod update;

use super::*;

/// What a media playlist says; it must be written without a fault.
#[track_caller]
fn media(text: &str) -> MediaPlaylist {
    let document = read(text.as_bytes());
    assert_eq!((document.faults, document.unknown_tags), (vec![], vec![]), "{text}");
    let Playlist::Media(playlist) = document.playlist else { panic!("{text}") };
    playlist
}
