use std::collections::BTreeSet;

use super::*;

#[test]
fn each_fault_is_planted_once_and_breaks_a_rule_that_there_is() {
    let rules: BTreeSet<_> = check::rules().map(|rule| rule.id).collect();
    let mut seen = BTreeSet::new();
    for family in families() {
        for one in family.faults {
            assert!(seen.insert((family.name, one.name)), "{} is there twice", one.name);
            assert!(rules.contains(one.rule), "{} breaks {}", one.name, one.rule);
        }
    }
    assert!(seen.len() >= 120, "{} faults are planted", seen.len());
}

#[test]
fn each_rule_has_a_fault_or_a_reason_why_not() {
    let families = families();
    let planted: BTreeSet<_> =
        families.iter().flat_map(|family| &family.faults).map(|one| one.rule).collect();
    let excused: BTreeSet<_> = NOT_PLANTED.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(excused.len(), NOT_PLANTED.len(), "a rule is excused twice");
    let rules: BTreeSet<_> = check::rules().map(|rule| rule.id).collect();
    let covered: BTreeSet<_> = planted.union(&excused).copied().collect();
    assert_eq!(rules.symmetric_difference(&covered).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(planted.intersection(&excused).collect::<Vec<_>>(), Vec::<&&str>::new());
}
