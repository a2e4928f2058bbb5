//! How many players use a token at one time.
//!
//! Pure: time is an argument. Players are told apart by their address and by what they say they
//! are; a viewer who changes from one network to another is two for half a minute.

use std::collections::{BTreeMap, BTreeSet};

/// How long a player counts after it asked last, in seconds. A player asks for a segment at least
/// every ten.
const IDLE_S: i64 = 30;
/// Players of one viewer that are told apart, and so the highest limit there is: one that is higher
/// is this one.
pub(crate) const PLAYERS_MAX: u32 = 32;
/// Viewers that are remembered. Beyond that the one whose players asked longest ago is forgotten.
const VIEWERS_MAX: usize = 65_536;

/// Players that asked for something in the last half minute, by viewer.
#[derive(Debug)]
pub(crate) struct Sessions {
    viewers: BTreeMap<u64, Viewer>,
    /// Viewers by when they asked last, the longest ago first.
    asked: BTreeSet<(i64, u64)>,
    viewers_max: usize,
}

#[derive(Debug)]
struct Viewer {
    asked_s: i64,
    players: Vec<Player>,
}

#[derive(Debug)]
struct Player {
    id: u64,
    asked_s: i64,
}

impl Sessions {
    pub(crate) const fn new() -> Self {
        Self { viewers: BTreeMap::new(), asked: BTreeSet::new(), viewers_max: VIEWERS_MAX }
    }

    /// A request of a viewer's player. Whether it may go on if `limit` players of the viewer may
    /// be used at one time: those that were there first may.
    pub(crate) fn admits(&mut self, viewer: u64, player: u64, limit: u32, now_s: i64) -> bool {
        let limit = usize::try_from(limit.min(PLAYERS_MAX)).unwrap_or_default();
        if limit == 0 {
            return false;
        }
        if !self.viewers.contains_key(&viewer) {
            self.make_room(now_s);
        }
        let known =
            self.viewers.entry(viewer).or_insert(Viewer { asked_s: now_s, players: Vec::new() });
        known.players.retain(|player| player.asked_s.saturating_add(IDLE_S) > now_s);
        let has_room = known.players.len() < limit;
        let admitted = match known.players.iter_mut().find(|known| known.id == player) {
            // Clocks of requests that came together may be a second apart.
            Some(player) => {
                player.asked_s = player.asked_s.max(now_s);
                true
            }
            None if has_room => {
                known.players.push(Player { id: player, asked_s: now_s });
                true
            }
            None => false,
        };
        self.asked.remove(&(known.asked_s, viewer));
        known.asked_s = known.asked_s.max(now_s);
        self.asked.insert((known.asked_s, viewer));
        admitted
    }

    /// Forgets viewers who do not count any more, and one who does if there are too many.
    fn make_room(&mut self, now_s: i64) {
        while let Some((asked_s, viewer)) = self.asked.first().copied() {
            let counts = asked_s.saturating_add(IDLE_S) > now_s;
            if counts && self.viewers.len() < self.viewers_max {
                return;
            }
            self.asked.remove(&(asked_s, viewer));
            self.viewers.remove(&viewer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `3a7` is viewer 3's player a at 7 s. What comes out is who may.
    #[track_caller]
    fn check(limit: u32, script: &str, expected: &str) {
        let mut sessions = Sessions { viewers_max: 3, ..Sessions::new() };
        let actual: String = script
            .split(' ')
            .map(|step| {
                let (viewer, rest) = step.split_at(1);
                let (player, now) = rest.split_at(1);
                let (viewer, player) = (viewer.parse().unwrap(), u64::from(player.as_bytes()[0]));
                let admitted = sessions.admits(viewer, player, limit, now.parse().unwrap());
                assert!(sessions.viewers.len() <= 3 && sessions.asked.len() <= 3, "{sessions:?}");
                if admitted { 'y' } else { 'n' }
            })
            .collect();
        assert_eq!(actual, expected, "{limit} {script}");
    }

    #[test]
    fn as_many_players_as_allowed_may_those_that_were_there_first() {
        check(2, "1a0 1b0 1c1 1a2 1b3 1c4", "yynyyn");
        check(1, "1a0 1b1 1a2", "yny");
        check(0, "1a0 1a1", "nn");
    }

    #[test]
    fn one_viewers_players_do_not_count_for_another() {
        check(1, "1a0 2a0 3a0 2b1", "yyyn");
    }

    #[test]
    fn a_player_that_asks_no_more_makes_room_after_half_a_minute() {
        check(1, "1a0 1b29 1b30 1a31 1a59 1a60", "ynynny");
        check(1, "1a0 1a20 1b40 1b50", "yyny");
    }

    #[test]
    fn a_refused_player_does_not_take_a_place_nor_keep_others_from_ending() {
        check(1, "1a0 1b10 1b20 1c30 1b31", "ynnyn");
    }

    #[test]
    fn a_clock_that_goes_back_lets_nobody_in() {
        check(1, "1a10 1b9 1a5 1b39 1b40", "ynyny");
    }

    #[test]
    fn when_there_are_too_many_viewers_the_one_of_longest_ago_is_forgotten() {
        check(1, "1a0 2a1 3a2 1a3 4a4 2b5 1b6 4b7", "yyyyyynn");
        check(1, "1a0 2a0 3a0 4a40 1b40 2b40", "yyyyyy");
    }

    #[test]
    fn a_limit_is_never_above_what_can_be_told_apart() {
        let mut sessions = Sessions::new();
        let admitted = (0..100).filter(|player| sessions.admits(1, *player, 50, 0)).count();
        assert_eq!(admitted, 32);
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let mut sessions = Sessions::new();
        for viewer in 0..70_000 {
            assert!(sessions.admits(viewer, viewer, 1, 0));
        }
        assert_eq!((sessions.viewers.len(), sessions.asked.len()), (65_536, 65_536));
    }
}
