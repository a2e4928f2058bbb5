//! Says in words what a token is and why it is good or not.

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;

use crate::jwt::{Header, Parts};
use crate::verified::{Opens, Signed};
use crate::{
    Claims, Credential, Facts, Keyring, Presented, Refusal, Revocations, Scheme, Verified, akamai,
    alibaba, cloud_front, jwt, path_token,
};

/// What a token is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The stream, as `app/name`; none given means whatever it opens.
    pub stream: Option<&'q str>,
    /// Whose the stream is.
    pub organisation: Option<&'q str>,
    /// Where the request comes from, and when.
    pub facts: Facts<'q>,
}

/// What a token is and says, and whether it is good. No line has a secret or a signature in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Why it is refused; `None` if it is good.
    pub refusal: Option<Refusal>,
    /// The explanation, from its form to the answer.
    pub lines: Vec<Line>,
}

/// A line of an explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Whether what it says is as it must be; `None` where nothing must be.
    pub holds: Option<bool>,
    /// What it says.
    pub text: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { holds, text } in &self.lines {
            let mark = match holds {
                Some(true) => "+",
                Some(false) => "-",
                None => " ",
            };
            writeln!(f, "{mark} {text}")?;
        }
        Ok(())
    }
}

/// Explains what a request shows.
#[must_use]
pub fn explain(
    presented: &Presented<'_>,
    keyring: &Keyring,
    revocations: &Revocations,
    question: &Question<'_>,
) -> Explanation {
    let mut lines = Lines(Vec::new());
    let Some(credential) = &presented.credential else {
        lines.fact(false, "nothing is shown: no token in the path, query, header or cookie");
        let refusal = Some(Refusal::Malformed("nothing was shown"));
        return Explanation { refusal, lines: lines.0 };
    };
    let scheme = scheme_of(credential);
    let vouched = keyring.signed(presented, question.organisation, question.facts.now_s);
    lines.form(credential, scheme);
    lines.signature(vouched.as_ref());
    match &vouched {
        Ok(token) => lines.claims(&token.claims, &token.opens, Some(scheme), question),
        Err(_) => match said(credential, presented.path) {
            Ok(Signed { claims, opens }) => {
                let ends = Some(scheme).filter(|it| !matches!(it, Scheme::Alibaba(_)));
                lines.claims(&claims, &opens, ends, question);
            }
            Err(refusal) => lines.fact(false, refusal),
        },
    }
    let answer = vouched.and_then(|token| {
        token.is_good(question.facts.now_s)?;
        if question.organisation.is_some_and(|asked| *asked != *token.organisation) {
            return Err(Refusal::Audience("another organisation"));
        }
        if revocations.covers(&token) {
            return Err(Refusal::Revoked);
        }
        let Some(stream) = question.stream else { return Ok(()) };
        token.admits(stream, presented.path, &question.facts)
    });
    lines.answer(&answer, question.stream);
    Explanation { refusal: answer.err(), lines: lines.0 }
}

fn scheme_of(credential: &Credential<'_>) -> Scheme {
    match credential {
        Credential::Token(text) if path_token::is_one(text) => Scheme::Path,
        Credential::Token(_) => Scheme::Jwt,
        Credential::Alibaba { variant, .. } => Scheme::Alibaba(*variant),
        Credential::Akamai(_) => Scheme::Akamai,
        Credential::CloudFront { .. } => Scheme::CloudFront,
    }
}

/// What it says, whether anybody has signed that or not.
fn said(credential: &Credential<'_>, path: &str) -> Result<Signed, Refusal> {
    match credential {
        Credential::Token(text) if text.len() > crate::TOKEN_BYTES_MAX => {
            Err(Refusal::Malformed("it is too long"))
        }
        Credential::Token(text) if path_token::is_one(text) => path_token::said(text),
        Credential::Token(text) => jwt::said(text),
        Credential::Alibaba { variant, stamp, .. } => alibaba::said(*variant, stamp, path),
        Credential::Akamai(text) => akamai::said(text, path),
        Credential::CloudFront { policy, .. } => cloud_front::said(policy),
    }
}

struct Lines(Vec<Line>);

impl Lines {
    fn fact(&mut self, holds: bool, text: impl ToString) {
        self.0.push(Line { holds: Some(holds), text: text.to_string() });
    }

    fn say(&mut self, text: String) {
        self.0.push(Line { holds: None, text });
    }

    /// Which form it has, and which key it names.
    fn form(&mut self, credential: &Credential<'_>, scheme: Scheme) {
        match credential {
            Credential::Token(text) if scheme == Scheme::Path => match path_token::parts(text) {
                Some((kid, ..)) => self.fact(true, format!("{scheme}, by the key `{kid}`")),
                None => self.fact(false, format!("{scheme} that is not whole")),
            },
            Credential::Token(text) => {
                let parts = Parts::split(text);
                match parts.and_then(|parts| Header::read(parts.header)) {
                    Ok(Header { algorithm, kid }) => {
                        let by = kid.map_or_else(
                            || "without saying by which key".to_owned(),
                            |kid| format!("by the key `{}`", kid.escape_debug()),
                        );
                        self.fact(true, format!("{scheme}, {}, {by}", algorithm.name()));
                    }
                    Err(refusal) => self.fact(false, refusal),
                }
            }
            Credential::CloudFront { key_pair, .. } => {
                self.fact(true, format!("{scheme}, by the key `{}`", key_pair.escape_debug()));
            }
            Credential::Alibaba { .. } | Credential::Akamai(_) => self.fact(true, scheme),
        }
    }

    fn signature(&mut self, vouched: Result<&Verified, &Refusal>) {
        match vouched {
            Ok(Verified { key, organisation, .. }) => {
                let text = format!("signed with the trusted key `{key}`");
                self.fact(true, format!("{text}, for streams of `{organisation}`"));
            }
            Err(refusal) => {
                self.fact(false, refusal);
                self.say("nobody vouches for what it says:".to_owned());
            }
        }
    }

    /// Each thing that it says, and whether that holds. Without a scheme its end is its time stamp,
    /// beyond which it may be good for longer.
    fn claims(
        &mut self,
        claims: &Claims,
        opens: &Opens,
        ends: Option<Scheme>,
        question: &Question<'_>,
    ) {
        self.opens(claims, opens, question);
        self.names(claims);
        self.times(claims, ends, question.facts.now_s);
        self.rules(claims, &question.facts);
        let limits = [
            claims.sessions_max.map(|it| format!("at most {it} players at one time")),
            claims.height_max.map(|it| format!("at most {it} pixels high")),
            claims.bitrate_max.map(|it| format!("at most {it} bits per second")),
        ];
        limits.into_iter().flatten().for_each(|it| self.say(it));
    }

    fn opens(&mut self, claims: &Claims, opens: &Opens, question: &Question<'_>) {
        match opens {
            Opens::Streams if claims.streams.is_empty() => self.fact(false, "it opens no stream"),
            Opens::Streams => {
                let list: Vec<_> = claims.streams.iter().map(ToString::to_string).collect();
                let text = format!("it opens {}", list.join(", "));
                match question.stream {
                    Some(stream) => {
                        let matches = claims.streams.iter().any(|it| it.matches(stream));
                        self.fact(matches, text);
                    }
                    None => self.say(text),
                }
            }
            Opens::Path(path) => self.say(format!("it opens {}", path.escape_debug())),
            Opens::Paths(paths) => {
                let list: Vec<_> = paths.iter().map(|it| it.escape_debug().to_string()).collect();
                self.say(format!("it opens {}", list.join(", ")));
            }
        }
    }

    fn names(&mut self, claims: &Claims) {
        let texts = [
            ("made by", claims.issuer.as_deref()),
            ("of the organisation", claims.organisation.as_deref()),
            ("its id is", claims.id.as_deref()),
            ("for the viewer", claims.viewer.as_deref()),
            ("for the device", claims.device.as_deref()),
            ("made from a URL that was signed with the key", claims.via.as_deref()),
        ];
        for (what, text) in texts {
            if let Some(text) = text {
                self.say(format!("{what} `{}`", text.escape_debug()));
            }
        }
        for audience in &claims.audience {
            self.say(format!("for the audience `{}`", audience.escape_debug()));
        }
        if claims.is_member {
            self.say("for a member of the organisation, who may see private streams".to_owned());
        }
    }

    fn times(&mut self, claims: &Claims, ends: Option<Scheme>, now_s: i64) {
        let Some(scheme) = ends else {
            self.say(format!("its time stamp is {}", date(claims.expires_at_s, now_s)));
            return;
        };
        let leeway_s = scheme.leeway_s();
        if let Some(at_s) = claims.issued_at_s {
            self.fact(
                now_s.saturating_add(leeway_s) >= at_s,
                format!("made {}", date(at_s, now_s)),
            );
        }
        if let Some(at_s) = claims.not_before_s {
            let begun = now_s.saturating_add(leeway_s) >= at_s;
            self.fact(begun, format!("good from {}", date(at_s, now_s)));
        }
        let at_s = claims.expires_at_s;
        let is_left = now_s.saturating_sub(leeway_s) < at_s;
        self.fact(is_left, format!("good until {}", date(at_s, now_s)));
    }

    fn rules(&mut self, claims: &Claims, facts: &Facts<'_>) {
        let rules = &claims.rules;
        if !rules.addresses.is_empty() {
            let list: Vec<_> = rules.addresses.iter().map(ToString::to_string).collect();
            let here = facts.address.map_or_else(|| "not known".to_owned(), |it| it.to_string());
            let text = format!("only from {}; this address is {here}", list.join(", "));
            self.fact(rules.admit(facts) != Err(Refusal::Address), text);
        }
        let countries = &rules.countries;
        if !countries.allow.is_empty() || !countries.deny.is_empty() {
            let here = facts.country.unwrap_or("not known");
            let mut text = String::from("only");
            if !countries.allow.is_empty() {
                text = format!("{text} in {}", countries.allow.join(", "));
            }
            if !countries.deny.is_empty() {
                text = format!("{text} outside {}", countries.deny.join(", "));
            }
            let is_admitted = countries.admit(facts.country);
            self.fact(is_admitted, format!("{text}; this country is {}", here.escape_debug()));
        }
        if !rules.referers.is_empty() {
            let alone = crate::Rules { referers: rules.referers.clone(), ..Default::default() };
            let here = facts.referer.unwrap_or("not known");
            let list: Vec<_> =
                rules.referers.iter().map(|it| it.escape_debug().to_string()).collect();
            let text = format!("only on pages of {}", list.join(", "));
            let text = format!("{text}; this page is {}", here.escape_debug());
            self.fact(alone.admit(facts).is_ok(), text);
        }
    }

    fn answer(&mut self, admitted: &Result<(), Refusal>, stream: Option<&str>) {
        let what = stream.unwrap_or("what it names");
        match admitted {
            Ok(()) => self.fact(true, format!("so it opens {what}")),
            Err(refusal) => self.fact(false, format!("so it does not open {what}: {refusal}")),
        }
    }
}

/// A time, and how far it is from now.
fn date(at_s: i64, now_s: i64) -> String {
    let text = Timestamp::from_second(at_s)
        .map_or_else(|_| format!("the second {at_s} of Unix time"), |at| at.to_string());
    let distance_s = at_s.saturating_sub(now_s);
    let (number, unit) = match distance_s.unsigned_abs() {
        seconds @ 0..120 => (seconds, "s"),
        seconds @ 120..7_200 => (seconds / 60, "min"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "h"),
        seconds => (seconds / 86_400, "days"),
    };
    if distance_s < 0 {
        format!("{text} ({number} {unit} ago)")
    } else {
        format!("{text} (in {number} {unit})")
    }
}
