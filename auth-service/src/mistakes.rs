//! How often somebody was wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use accounts::UserId;
use timeline::StreamName;

/// Those who are remembered at one time: some megabytes.
const KNOWN_MAX: usize = 65_536;

/// What of a service somebody may be wrong about.
#[derive(Debug)]
pub(crate) struct Mistaken {
    /// Passwords of streams, by address: what a person mistypes.
    pub(crate) passwords: Mistakes<IpAddr>,
    /// Passwords of one stream, from wherever: what keeps a password of eight characters unknown.
    pub(crate) stream_passwords: Mistakes<StreamName>,
    /// Codes of devices, by user (RFC 8628, 5.1).
    pub(crate) user_codes: Mistakes<UserId>,
    /// Devices that ask to be paired, by address. Each counts, so that nobody fills the list.
    pub(crate) pairings: Mistakes<IpAddr>,
}

impl Default for Mistaken {
    fn default() -> Self {
        Self {
            passwords: Mistakes::a_minute(5),
            stream_passwords: Mistakes::a_minute(120),
            user_codes: Mistakes::a_minute(5),
            pairings: Mistakes::a_minute(20),
        }
    }
}

/// Counts failures by whoever made them, and says who must wait. What succeeds costs nothing: a
/// limit that counts good tries too would turn away an encoder that reconnects.
///
/// Each failure is forgotten after a while, one after another; whoever has made as many as are
/// allowed waits until the first of them is.
#[derive(Debug)]
pub(crate) struct Mistakes<K> {
    failures_max: i64,
    forgotten_ms: i64,
    /// When all failures of somebody are forgotten, in milliseconds since the Unix epoch.
    clean_at: Mutex<BTreeMap<K, i64>>,
}

impl<K: Ord> Mistakes<K> {
    /// Lets everybody fail `failures_max` times a minute.
    pub(crate) const fn a_minute(failures_max: i64) -> Self {
        Self {
            failures_max,
            forgotten_ms: 60_000 / failures_max,
            clean_at: Mutex::new(BTreeMap::new()),
        }
    }

    /// Milliseconds that somebody must wait before the next attempt is looked at.
    pub(crate) fn wait_ms(&self, who: &K, now_ms: i64) -> Option<i64> {
        let clean_at = *self.lock().get(who)?;
        let wait = clean_at - now_ms - (self.failures_max - 1) * self.forgotten_ms;
        (wait > 0).then_some(wait)
    }

    /// As [`Self::wait_ms`], in whole seconds.
    pub(crate) fn wait_s(&self, who: &K, now_ms: i64) -> Option<u64> {
        let wait_ms = u64::try_from(self.wait_ms(who, now_ms)?).ok()?;
        Some(wait_ms.div_ceil(1_000))
    }

    /// Somebody was wrong.
    pub(crate) fn failed(&self, who: K, now_ms: i64) {
        let mut clean_at = self.lock();
        if clean_at.len() >= KNOWN_MAX && !clean_at.contains_key(&who) {
            clean_at.retain(|_, at| *at - now_ms > self.forgotten_ms);
            // So many at once come from somebody who has as many addresses as wanted: to remember
            // them helps nobody.
            if clean_at.len() >= KNOWN_MAX {
                clean_at.clear();
            }
        }
        // More failures than are allowed do not make anybody wait longer.
        let latest = now_ms + self.failures_max * self.forgotten_ms;
        let at = clean_at.entry(who).or_insert(now_ms);
        *at = (now_ms.max(*at) + self.forgotten_ms).min(latest);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, i64>> {
        self.clean_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom an address belongs to: with IPv6 everybody has as many as wanted below one prefix of 64
/// bits.
pub(crate) fn home_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_fails_too_often_waits_until_the_first_failure_is_forgotten() {
        let mistakes = Mistakes::a_minute(4);
        for _ in 0..3 {
            mistakes.failed("a", 1_000);
            assert_eq!(mistakes.wait_ms(&"a", 1_000), None);
        }
        mistakes.failed("a", 1_000);
        assert_eq!(mistakes.wait_ms(&"a", 1_000), Some(15_000));
        assert_eq!(mistakes.wait_s(&"a", 1_001), Some(15));
        assert_eq!(mistakes.wait_ms(&"b", 1_000), None);
        assert_eq!(mistakes.wait_ms(&"a", 15_999), Some(1));
        assert_eq!(mistakes.wait_ms(&"a", 16_000), None);
        mistakes.failed("a", 16_000);
        assert_eq!(mistakes.wait_ms(&"a", 16_000), Some(15_000));
        assert_eq!(mistakes.wait_ms(&"a", 100_000), None);
    }

    #[test]
    fn failures_beyond_the_limit_cost_no_more_time() {
        let mistakes = Mistakes::a_minute(4);
        for _ in 0..100 {
            mistakes.failed("a", 0);
        }
        assert_eq!(mistakes.wait_ms(&"a", 0), Some(15_000));
    }

    #[test]
    fn no_more_are_remembered_than_the_limit_says() {
        let mistakes = Mistakes::a_minute(4);
        for who in 0..KNOWN_MAX * 2 + 10 {
            mistakes.failed(who, 0);
            mistakes.failed(who, 0);
            assert!(mistakes.lock().len() <= KNOWN_MAX);
        }
        assert_eq!(mistakes.lock().len(), 10);
    }

    #[test]
    fn an_address_belongs_to_its_network() {
        let check = |address: &str, expected: &str| {
            let expected: IpAddr = expected.parse().unwrap();
            assert_eq!(home_of(address.parse().unwrap()), expected, "{address}");
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
