//! Counting tests by what their runners say at the end.

/// How many tests passed and how many did not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// How many ran.
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// What a closing line of `teller` counts, or `None` for any other line.
    pub(crate) fn parse(line: &str, teller: Teller) -> Option<Self> {
        let (counts, separator) = match teller {
            Teller::Nextest => {
                (line.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?.1, ',')
            }
            Teller::Libtest => (line.strip_prefix("test result: ")?.split_once(". ")?.1, ';'),
            Teller::Console => match line.trim_start().strip_prefix("Tests  ") {
                Some(counts) => (counts, '|'),
                None => return node(line),
            },
        };
        let counts = outside_parentheses(counts);
        let tallies = counts.split(separator).filter_map(count);
        Some(tallies.fold(Self::default(), Self::plus))
    }
}

/// Who closes with a count. The output of a test that failed may hold another one's closing line,
/// so each suite has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Teller {
    /// `cargo nextest`, once in all.
    Nextest,
    /// Rust's own test program, once for each crate.
    Libtest,
    /// Vitest, or Node.js's own runner, which has a line for each count.
    Console,
}

/// Whether a line of a runner only says that all is well.
pub(crate) fn is_noise(line: &str) -> bool {
    let line = line.trim();
    let is_passed = line.starts_with("test ") && line.ends_with("... ok");
    let is_beginning =
        line.strip_prefix("running ").and_then(|rest| rest.split_once(' ')).is_some_and(
            |(number, what)| number.parse::<u64>().is_ok() && matches!(what, "test" | "tests"),
        );
    line.is_empty() || is_passed || is_beginning
}

/// `3 passed`, `1 failed`, `2 timed out`; what neither passed nor failed counts nothing.
fn count(text: &str) -> Option<Tally> {
    let (number, what) = text.trim().split_once(' ')?;
    let number = number.parse().ok()?;
    match what.trim() {
        "passed" => Some(Tally { passed: number, failed: 0 }),
        "failed" | "timed out" | "exec failed" => Some(Tally { passed: 0, failed: number }),
        _ => None,
    }
}

/// `# pass 5` or `ℹ fail 1`, the sign depending on where Node.js writes to.
fn node(line: &str) -> Option<Tally> {
    let (what, number) = line.strip_prefix(['#', 'ℹ'])?.trim().split_once(' ')?;
    let number = number.parse().ok()?;
    match what {
        "pass" => Some(Tally { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Tally { passed: 0, failed: number }),
        _ => None,
    }
}

/// `text` without what stands in parentheses: `5 passed (1 slow, 2 leaky)` has one count.
fn outside_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    let kept = text.chars().filter(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *character != ')'
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(teller: Teller, line: &str, expected: Option<(u64, u64)>) {
        let expected = expected.map(|(passed, failed)| Tally { passed, failed });
        assert_eq!(Tally::parse(line, teller), expected, "{line}");
    }

    #[test]
    fn nextest_counts_in_its_summary() {
        let check = |line: &str, expected| check(Teller::Nextest, line, expected);
        check("     Summary [   0.008s] 3 tests run: 3 passed, 0 skipped", Some((3, 0)));
        check("     Summary [   0.008s] 1 test run: 1 passed, 0 skipped", Some((1, 0)));
        check("     Summary [   1.2s] 5 tests run: 3 passed, 2 failed, 1 skipped", Some((3, 2)));
        check("     Summary [   0.0s] 0 tests run: 0 passed, 12 skipped", Some((0, 0)));
        check("     Summary [   9s] 1/4 tests run: 0 passed, 1 failed, 2 skipped", Some((0, 1)));
        check("     Summary [garbage", None);
        check("        PASS [   0.004s] tally tests::adds", None);
    }

    #[test]
    fn nextest_counts_slow_leaky_and_late_tests() {
        let slow = "Summary [9s] 9 tests run: 8 passed (1 slow, 2 leaky), 1 timed out, 0 skipped";
        check(Teller::Nextest, slow, Some((8, 1)));
        let mixed = "Summary [1s] 5 tests run: 2 passed (1 flaky), 2 failed (1 due to being leaky), \
                     1 exec failed, 0 skipped";
        check(Teller::Nextest, mixed, Some((2, 3)));
    }

    #[test]
    fn libtest_counts_in_its_result() {
        let passed = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; \
                      finished in 0.00s";
        check(Teller::Libtest, passed, Some((3, 0)));
        let failed = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered \
                      out; finished in 1.25s";
        check(Teller::Libtest, failed, Some((1, 2)));
        check(Teller::Libtest, "test takes_over ... ok", None);
        check(Teller::Libtest, "", None);
    }

    #[test]
    fn the_consoles_runners_count_too() {
        let check = |line: &str, expected| check(Teller::Console, line, expected);
        check("      Tests  1 failed | 19 passed (20)", Some((19, 1)));
        check("      Tests  5 passed (5)", Some((5, 0)));
        check(" Test Files  2 passed (2)", None);
        check("# pass 5", Some((5, 0)));
        check("ℹ pass 5", Some((5, 0)));
        check("ℹ fail 1", Some((0, 1)));
        check("ℹ tests 6", None);
        check("# Subtest: plays", None);
    }

    #[test]
    fn the_output_of_a_failed_test_counts_nothing() {
        let inner = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; finished in 0.09s";
        check(Teller::Nextest, inner, None);
        check(Teller::Libtest, inner, None);
        check(Teller::Console, inner, None);
    }

    #[test]
    fn only_good_news_is_noise() {
        for noise in ["", "test a::b ... ok", "running 3 tests", "running 1 test"] {
            assert!(is_noise(noise), "{noise}");
        }
        for news in ["test a ... FAILED", "running out of memory", "error: no tests to run"] {
            assert!(!is_noise(news), "{news}");
        }
    }
}
