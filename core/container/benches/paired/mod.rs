//! Two pieces of work timed in turn, so that a machine whose speed drifts is the same for both.

use std::time::{Duration, Instant};

/// Rounds that are counted. The median of so many stays within some percent on a busy machine.
const ROUNDS: usize = 301;

/// Rounds before them, for caches and branch predictors.
const WARM_UP_ROUNDS: usize = 20;

/// The median time of each piece of work, measured A B A B.
pub(crate) fn medians(mut a: impl FnMut(), mut b: impl FnMut()) -> (Duration, Duration) {
    let (mut times_a, mut times_b) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let (time_a, time_b) = (time(&mut a), time(&mut b));
        if round >= WARM_UP_ROUNDS {
            times_a.push(time_a);
            times_b.push(time_b);
        }
    }
    (median(times_a), median(times_b))
}

/// How many times as long as `b` `a` takes.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Whether figures mean anything: without optimisation they do not.
pub(crate) const fn is_optimised() -> bool {
    !cfg!(debug_assertions)
}

fn time(work: &mut impl FnMut()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
