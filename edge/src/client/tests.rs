use http::Request;

use super::*;

/// Trusts `10.0.0.0/8`, `::1` and `2001:db8:f::/48`, and their `CF-IPCountry`.
fn proxies() -> Proxies {
    let trusted = ["10.0.0.0/8", "::1/128", "2001:db8:f::/48"];
    Proxies {
        trusted: trusted.iter().map(|net| net.parse().unwrap()).collect(),
        country_header: Some(HeaderName::from_static("cf-ipcountry")),
    }
}

fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, line.parse().unwrap());
    }
    headers
}

#[track_caller]
fn check(peer: &str, forwarded: &[&str], expected: Option<&str>) {
    let headers = headers("x-forwarded-for", forwarded);
    let proxies = proxies();
    let client = proxies.client(peer.parse().unwrap(), &headers);
    let expected = expected.map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!(client.address, expected, "{peer} {forwarded:?}");
    let peer = peer.parse::<IpAddr>().unwrap().to_canonical();
    assert_eq!(client.nearest(), expected.unwrap_or(peer), "{forwarded:?}");
}

#[test]
fn a_stranger_is_where_the_socket_is_whatever_he_says() {
    check("192.0.2.1", &[], Some("192.0.2.1"));
    check("192.0.2.1", &["198.51.100.1"], Some("192.0.2.1"));
    check("::ffff:192.0.2.1", &["10.0.0.1"], Some("192.0.2.1"));
}

#[test]
fn a_trusted_proxy_says_from_whom_it_has_a_request() {
    check("10.0.0.1", &["192.0.2.1"], Some("192.0.2.1"));
    check("::ffff:10.0.0.1", &["192.0.2.1"], Some("192.0.2.1"));
    check("::1", &["2001:db8::9"], Some("2001:db8::9"));
    check("10.0.0.1", &["192.0.2.1:5000"], Some("192.0.2.1"));
    check("10.0.0.1", &["[2001:db8::9]:443"], Some("2001:db8::9"));
    check("10.0.0.1", &["[2001:db8::9]"], Some("2001:db8::9"));
    check("10.0.0.1", &["::ffff:192.0.2.1"], Some("192.0.2.1"));
}

#[test]
fn proxies_are_believed_from_the_right_and_no_farther_than_they_are_trusted() {
    check("10.0.0.1", &["203.0.113.7, 192.0.2.1"], Some("192.0.2.1"));
    check("10.0.0.1", &["203.0.113.7, 192.0.2.1, 10.9.9.9"], Some("192.0.2.1"));
    check("10.0.0.1", &["203.0.113.7", "192.0.2.1,10.9.9.9", "2001:db8:f::1"], Some("192.0.2.1"));
    check("10.0.0.1", &["nonsense, 192.0.2.1"], Some("192.0.2.1"));
    check("10.0.0.1", &["10.1.1.1, 192.0.2.1, 10.2.2.2"], Some("192.0.2.1"));
}

#[test]
fn a_proxy_that_asks_for_itself_is_the_client() {
    check("10.0.0.1", &[], Some("10.0.0.1"));
    check("10.0.0.1", &["10.1.1.1, 10.2.2.2"], Some("10.1.1.1"));
}

#[test]
fn what_is_no_address_is_not_known() {
    for entry in ["unknown", "_hidden", "", "192.0.2", "192.0.2.1 10.0.0.1", "192.0.2.1,"] {
        check("10.0.0.1", &[entry], None);
        check("10.0.0.1", &["192.0.2.1", &format!("{entry},10.3.3.3")], None);
    }
}

#[test]
fn a_country_is_what_a_trusted_proxy_says_once() {
    let check = |peer: &str, lines: &[&str], expected: Option<&str>| {
        let headers = headers("cf-ipcountry", lines);
        let proxies = proxies();
        let client = proxies.client(peer.parse().unwrap(), &headers);
        assert_eq!(client.country, expected, "{peer} {lines:?}");
    };
    check("10.0.0.1", &["DE"], Some("DE"));
    check("192.0.2.1", &["DE"], None);
    for lines in [&["XX"][..], &["ZZ"], &["de"], &["T1"], &["DEU"], &[""], &["DE", "FR"], &[]] {
        check("10.0.0.1", lines, None);
    }
    let silent = Proxies { country_header: None, ..proxies() };
    let headers = headers("cf-ipcountry", &["DE"]);
    assert_eq!(silent.client([10, 0, 0, 1].into(), &headers).country, None);
}

#[test]
fn what_decides_is_read_of_the_head() {
    let built = Request::get("/live/cam/index.m3u8?token=a&b")
        .header("authorization", "Bearer x")
        .header("cookie", "weir_token=y")
        .header("referer", "https://example.org/page")
        .header("origin", "https://other.example")
        .header("user-agent", "player/1");
    let (mut head, ()) = built.body(()).unwrap().into_parts();
    let (proxies, headers) = (proxies(), HeaderMap::new());
    let client = proxies.client([192, 0, 2, 1].into(), &headers);
    let request = client.request(&head, head.uri.path(), 7);
    assert_eq!((request.path, request.query), ("/live/cam/index.m3u8", "token=a&b"));
    assert_eq!((request.authorization, request.cookie), (Some("Bearer x"), Some("weir_token=y")));
    assert_eq!(request.agent, Some("player/1"));
    let address = Some(IpAddr::from([192, 0, 2, 1]));
    let referer = Some("https://example.org/page");
    assert_eq!(request.facts, Facts { now_s: 7, address, country: None, referer });
    head.headers.remove(REFERER);
    let request = client.request(&head, head.uri.path(), 7);
    assert_eq!(request.facts.referer, Some("https://other.example"));
}
