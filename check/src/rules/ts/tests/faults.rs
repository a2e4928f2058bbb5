//! Every fault that can be planted is found under its own rule.

use samples::ts_faults::{TS_FAULTS, TsFault};

use super::*;

/// What is broken as a matter of course when another rule is: what holds for the first key frame
/// must hold for all.
fn follows(rule: &str, fault: &TsFault) -> bool {
    matches!((fault.rule, rule), ("TS-RAI", "TS-RAIALL") | ("TS-PSIDR", "TS-PSALL"))
}

#[test]
fn every_planted_fault_is_found_under_its_own_rule() {
    let whole = PAIRS.iter().filter(|pair| pair.name.ends_with("h264-bframes_aac"));
    for (Pair { name, segments: [first, second] }, fault) in
        whole.flat_map(|pair| TS_FAULTS.iter().map(move |fault| (pair, fault)))
    {
        let broken = (fault.plant)(second);
        assert_ne!(broken, *second, "{} changes nothing", fault.name);
        let first = evidence(first, None);
        let before = fault.needs_before.then_some(&first);
        let said = findings(before, &evidence(&broken, before));
        let own = said.iter().any(|(rule, _)| rule.id == fault.rule);
        let others =
            said.iter().filter(|(rule, _)| rule.id != fault.rule && !follows(rule.id, fault));
        let others: Vec<_> = others.map(|(rule, sentence)| (rule.id, sentence)).collect();
        assert!(own, "{name} {}: {} is not broken", fault.name, fault.rule);
        assert!(others.is_empty(), "{name} {}: {others:#?}", fault.name);
    }
}

#[test]
fn every_rule_has_a_fault() {
    for rule in [PACKETS, TABLES, PES, CLOCK, VIDEO, SOUND].into_iter().flatten() {
        let has_one = TS_FAULTS.iter().any(|fault| fault.rule == rule.id);
        assert!(has_one, "{}", rule.id);
    }
}
