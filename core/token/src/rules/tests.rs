use super::*;

const HERE: &str = "203.0.113.7";

#[track_caller]
fn check(rules: &Rules, address: &str, country: &str, referer: &str, expected: Option<Refusal>) {
    let given = |text: &'static str| (!text.is_empty()).then_some(text);
    let facts = Facts {
        now_s: 0,
        address: address.parse().ok(),
        country: given(country.to_owned().leak()),
        referer: given(referer.to_owned().leak()),
    };
    assert_eq!(rules.admit(&facts).err(), expected, "{address} {country} {referer}");
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn without_rules_everybody_may() {
    check(&Rules::default(), "", "", "", None);
}

#[test]
fn an_address_is_in_one_of_the_nets_or_refused() {
    let nets = ["203.0.113.0/28", "2001:db8::/32"].map(|net| net.parse().unwrap());
    let rules = Rules { addresses: nets.to_vec(), ..Rules::default() };
    check(&rules, "203.0.113.15", "", "", None);
    check(&rules, "203.0.113.16", "", "", Some(Refusal::Address));
    check(&rules, "::ffff:203.0.113.1", "", "", None);
    check(&rules, "2001:db8:1::1", "", "", None);
    check(&rules, "2001:db9::1", "", "", Some(Refusal::Address));
    check(&rules, "", "", "", Some(Refusal::Address));
}

#[test]
fn a_country_that_is_not_known_breaks_every_rule_about_countries() {
    let allow = Countries { allow: texts(&["DE", "AT"]), deny: vec![] };
    let rules = Rules { countries: allow, ..Rules::default() };
    check(&rules, HERE, "DE", "", None);
    check(&rules, HERE, "de", "", None);
    check(&rules, HERE, "FR", "", Some(Refusal::Country));
    check(&rules, HERE, "", "", Some(Refusal::Country));
    let deny = Countries { allow: vec![], deny: texts(&["FR"]) };
    let rules = Rules { countries: deny, ..Rules::default() };
    check(&rules, HERE, "DE", "", None);
    check(&rules, HERE, "FR", "", Some(Refusal::Country));
    check(&rules, HERE, "", "", Some(Refusal::Country));
}

#[test]
fn a_page_is_on_one_of_the_hosts() {
    let rules = Rules { referers: texts(&["example.org", "*.example.com"]), ..Rules::default() };
    for good in [
        "https://example.org/page",
        "https://EXAMPLE.org",
        "http://example.org:8080/x?y",
        "https://a.example.com/",
        "https://a.b.example.com/",
        "https://example.org./",
    ] {
        check(&rules, HERE, "", good, None);
    }
    for bad in [
        "",
        "https://example.com/",
        "https://.example.com/",
        "https://badexample.com/",
        "https://example.org.evil.net/",
        "https://example.org@evil.net/",
        "https://evil.net/https://example.org/",
        "https://evil.net\\@example.org/",
        "https://evil.net?example.org",
        "example.org",
        "file://example.org/",
    ] {
        check(&rules, HERE, "", bad, Some(Refusal::Referer));
    }
}
