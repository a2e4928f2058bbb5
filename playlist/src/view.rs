//! Which stretch of a stream a request means.

use timeline::{Moment, Query, View};

use crate::Settings;

/// Windows that viewers can ask for with `?dvr=`, in seconds: what is in between is rounded up, so
/// that requests that mean nearly the same share what caches keep.
const COMMON_WINDOWS_S: [u32; 20] = [
    60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 43_200, 86_400, 172_800,
    259_200, 604_800, 1_209_600, 2_592_000, 5_184_000, 7_776_000,
];

/// A stretch of a stream, with nothing in it that depends on when it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stretch {
    /// The newest segments, as many as last this long, in milliseconds.
    Last(i64),
    /// From a moment on, up to another one or to the newest segment; in milliseconds since the
    /// Unix epoch.
    From(i64, Option<i64>),
}

impl Settings {
    /// How far back anybody can see, in milliseconds.
    pub(crate) fn back_ms(&self) -> i64 {
        self.window.length_ms.max(self.dvr_window_ms)
    }

    /// The stretch that a media playlist shows at `now_ms`: the same for all who ask in a second.
    pub(crate) fn stretch(&self, view: View, now_ms: i64) -> Stretch {
        let now_ms = now_ms.div_euclid(1_000) * 1_000;
        match view {
            View::Live => Stretch::Last(self.back_ms()),
            View::Last(seconds) => Stretch::Last(self.rounded_ms(seconds.into())),
            // What begins some time ago begins later each time: that is a window.
            View::From { start: Moment::Ago(seconds), end: None } => {
                Stretch::Last(self.rounded_ms(seconds))
            }
            View::From { start, end } => {
                Stretch::From(at_ms(start, now_ms), end.map(|end| at_ms(end, now_ms)))
            }
        }
    }

    /// The view that a multivariant playlist puts on its URIs: what is relative is made absolute
    /// once, so that it means the same in all renditions and at every reload.
    pub(crate) fn canonical(&self, view: View, now_ms: i64) -> View {
        let absolute = |moment| Moment::At(at_ms(moment, now_ms).div_euclid(1_000) * 1_000);
        match view {
            View::Live => View::Live,
            View::Last(seconds) => {
                let ms = self.rounded_ms(seconds.into());
                match u32::try_from(ms / 1_000) {
                    Ok(seconds) if ms < self.back_ms() => View::Last(seconds),
                    Ok(_) | Err(_) => View::Live,
                }
            }
            View::From { start, end } => {
                let exact = |moment| match moment {
                    Moment::At(_) => moment,
                    Moment::Ago(_) => absolute(moment),
                };
                View::From { start: exact(start), end: end.map(exact) }
            }
        }
    }

    /// The query that asks for a stretch, as a multivariant playlist writes it on its URIs.
    pub(crate) fn query(&self, stretch: Stretch) -> String {
        let view = match stretch {
            Stretch::Last(ms) if ms >= self.back_ms() => View::Live,
            Stretch::Last(ms) => u32::try_from(ms / 1_000).map_or(View::Live, View::Last),
            Stretch::From(start_ms, end_ms) => {
                View::From { start: Moment::At(start_ms), end: end_ms.map(Moment::At) }
            }
        };
        Query { view, ..Query::default() }.to_string()
    }

    /// The shortest common window that is at least this long, and none that is longer than the
    /// stream's.
    fn rounded_ms(&self, seconds: u64) -> i64 {
        let common = COMMON_WINDOWS_S.iter().map(|common| i64::from(*common) * 1_000);
        let wanted_ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let rounded = common.into_iter().find(|ms| *ms >= wanted_ms);
        rounded.unwrap_or(i64::MAX).min(self.back_ms())
    }
}

fn at_ms(moment: Moment, now_ms: i64) -> i64 {
    match moment {
        Moment::At(ms) => ms,
        Moment::Ago(seconds) => {
            let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
            now_ms.saturating_sub(ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use timeline::WindowPolicy;

    use super::*;

    const NOW_MS: i64 = 1_700_000_000_500;

    fn settings(dvr_window_s: i64) -> Settings {
        Settings {
            window: WindowPolicy { length_ms: 30_000 },
            dvr_window_ms: dvr_window_s * 1_000,
            record: false,
            retention_ms: 0,
        }
    }

    #[track_caller]
    fn check(dvr_window_s: i64, query: &str, stretch: Stretch, canonical: &str) {
        let view = Query::parse(query).unwrap().view;
        let settings = settings(dvr_window_s);
        assert_eq!(settings.stretch(view, NOW_MS), stretch, "{query}");
        let view = settings.canonical(view, NOW_MS);
        assert_eq!(Query { view, ..Query::default() }.to_string(), canonical, "{query}");
        assert_eq!(settings.query(settings.stretch(view, NOW_MS)), canonical, "{query}");
    }

    #[test]
    fn windows_that_are_nearly_the_same_are_the_same() {
        check(86_400, "", Stretch::Last(86_400_000), "");
        check(86_400, "dvr=1", Stretch::Last(60_000), "?dvr=60");
        check(86_400, "dvr=3500", Stretch::Last(3_600_000), "?dvr=3600");
        check(86_400, "dvr=90000", Stretch::Last(86_400_000), "");
        check(5_000, "dvr=4000", Stretch::Last(5_000_000), "");
        check(0, "dvr=7200", Stretch::Last(30_000), "");
    }

    #[test]
    fn what_is_relative_means_one_moment_in_all_renditions() {
        let now_ms = NOW_MS - 500;
        let hour_ago = now_ms - 3_600_000;
        check(86_400, "start=-3600", Stretch::Last(3_600_000), "?start=1699996400");
        check(
            86_400,
            "start=-3600&end=-60",
            Stretch::From(hour_ago, Some(now_ms - 60_000)),
            "?end=1699999940&start=1699996400",
        );
        let at = Stretch::From(1_699_999_000_000, None);
        check(86_400, "start=1699999000", at, "?start=1699999000");
    }
}
