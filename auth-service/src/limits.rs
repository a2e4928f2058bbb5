//! How often somebody may try.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::{Clock, ServiceError};

/// Whom a limit is kept for one by one. Later ones share one, so that nobody who has many addresses
/// takes memory with them: 65,536 of some 100 bytes are 6 MB a limit.
const KEYS_MAX: usize = 65_536;
/// How often those are forgotten who tried nothing lately, while there are as many.
const FORGOTTEN_EACH_MS: i64 = 1_000;
/// The one that they share.
const OTHERS: &str = "others";

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Limit {
    /// Signing in, by address: an office of people behind one.
    SignIn,
    /// Signing in, by account: what a person mistypes. Failures lock it besides.
    Account,
    /// Showing a refresh token, a ticket or an API key, by address.
    Credential,
    /// Letters to one address: nobody's mail is flooded from here.
    Letter,
    /// Asking for letters, by address.
    Letters,
}

impl Limit {
    const ALL: [Self; 5] =
        [Self::SignIn, Self::Account, Self::Credential, Self::Letter, Self::Letters];

    /// How many at once, and seconds until another one is due.
    const fn quota(self) -> (u32, u64) {
        match self {
            Self::SignIn => (30, 2),
            Self::Account => (10, 6),
            Self::Credential => (120, 1),
            Self::Letter => (3, 5 * 60),
            Self::Letters => (10, 60),
        }
    }
}

type Limiter = RateLimiter<String, DashMapStateStore<String>, Clock, NoOpMiddleware<Nanos>>;

/// Counts who tries what.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    limiters: Arc<[Counted]>,
    clock: Clock,
}

/// One limit, and when those were forgotten last who have tried nothing lately.
#[derive(Debug)]
struct Counted {
    limit: Limit,
    limiter: Limiter,
    forgotten_ms: AtomicI64,
}

impl Limits {
    pub(crate) fn new(clock: &Clock) -> Self {
        let limiters = Limit::ALL.into_iter().filter_map(|limit| {
            let (burst, period_s) = limit.quota();
            let quota = Quota::with_period(Duration::from_secs(period_s))?
                .allow_burst(NonZeroU32::new(burst)?);
            let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
            Some(Counted { limit, limiter, forgotten_ms: AtomicI64::new(i64::MIN) })
        });
        Self { limiters: limiters.collect(), clock: clock.clone() }
    }

    /// Counts one more try of `who`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::TooMany`], with when to try again.
    pub(crate) fn check(&self, limit: Limit, who: &str) -> Result<(), ServiceError> {
        let Some(counted) = self.limiters.iter().find(|counted| counted.limit == limit) else {
            return Ok(());
        };
        let limiter = &counted.limiter;
        if limiter.len() >= KEYS_MAX && counted.may_forget(self.clock.now_ms()) {
            limiter.retain_recent();
        }
        let who = if limiter.len() < KEYS_MAX { who } else { OTHERS };
        let Err(until) = limiter.check_key(&who.to_owned()) else {
            return Ok(());
        };
        let wait = until.wait_time_from(self.clock.now());
        let retry_after_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Err(ServiceError::TooMany { retry_after_s })
    }

    /// Counts one more try from an address.
    ///
    /// # Errors
    ///
    /// As [`Self::check`] says.
    pub(crate) fn check_address(
        &self,
        limit: Limit,
        address: Option<IpAddr>,
    ) -> Result<(), ServiceError> {
        self.check(limit, &network(address))
    }
}

impl Counted {
    /// Whether it is time again to look through all of them, which takes milliseconds.
    fn may_forget(&self, now_ms: i64) -> bool {
        let before = self.forgotten_ms.swap(now_ms, Ordering::Relaxed);
        let is_due = before.saturating_add(FORGOTTEN_EACH_MS) <= now_ms || before > now_ms;
        if !is_due {
            self.forgotten_ms.store(before, Ordering::Relaxed);
        }
        is_due
    }
}

/// Who has an address: of IPv6 somebody has 64 bits of them (RFC 6177).
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
        None => OTHERS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(first: &str, second: &str, expected: bool) {
        let [first, second] = [first, second].map(|text| network(text.parse().ok()));
        assert_eq!(first == second, expected, "{first} {second}");
    }

    #[test]
    fn somebody_has_an_ipv4_address_or_64_bits_of_ipv6() {
        same("192.0.2.1", "192.0.2.1", true);
        same("192.0.2.1", "192.0.2.2", false);
        same("192.0.2.1", "::ffff:192.0.2.1", true);
        same("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true);
        same("2001:db8:1:2::1", "2001:db8:1:3::1", false);
        same("", "", true);
    }

    #[test]
    fn a_limit_holds_for_one_and_passes_with_time() {
        let clock = Clock::standing_at(0);
        let limits = Limits::new(&clock);
        for limit in Limit::ALL {
            let (burst, period_s) = limit.quota();
            for _ in 0..burst {
                limits.check(limit, "a").unwrap();
            }
            let error = limits.check(limit, "a").unwrap_err();
            let wait = format!("too many attempts: try again in {period_s} s");
            assert_eq!(error.to_string(), wait, "{limit:?}");
            limits.check(limit, "b").unwrap();
            clock.advance(Duration::from_secs(period_s));
            limits.check(limit, "a").unwrap();
            assert!(limits.check(limit, "a").is_err(), "{limit:?}");
        }
    }

    #[test]
    fn many_addresses_share_one_limit_and_no_more_memory() {
        let clock = Clock::standing_at(0);
        let limits = Limits::new(&clock);
        for who in 0..KEYS_MAX {
            limits.check(Limit::Letters, &who.to_string()).unwrap();
        }
        let mut refused = 0;
        for who in 0..20 {
            refused += u32::from(limits.check(Limit::Letters, &format!("new {who}")).is_err());
        }
        assert_eq!(refused, 10);
        clock.advance(Duration::from_secs(3_600));
        limits.check(Limit::Letters, "new 21").unwrap();
    }
}
