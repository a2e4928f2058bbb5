use super::RULES;
use crate::evidence::fmp4::testing::{FILES, pieces};

/// Which rules each file breaks.
const TABLE: &str = "";

#[test]
fn what_ffmpeg_writes_breaks_no_rule_that_it_keeps() {
    let shown: Vec<_> = FILES
        .iter()
        .map(|(name, _)| {
            let broken = pieces(name).broken(RULES);
            let broken: Vec<_> =
                broken.into_iter().map(|(id, what)| format!("\n    {id}: {what}")).collect();
            format!("{name}:{}", broken.concat())
        })
        .collect();
    assert_eq!(shown.join("\n"), TABLE.trim());
}
