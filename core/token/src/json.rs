//! JSON as tokens have it: no name twice, not deep, not wide.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Objects and lists within one another, in a token. Claims of ours are a list in an object; others
/// may add an object of their own.
pub(crate) const DEPTH_MAX: u8 = 4;
/// Members of one object, and items of one list.
const WIDTH_MAX: usize = 64;

/// A value whose objects name nothing twice: two readers cannot understand it differently
/// (RFC 8725, 2.4; RFC 8259, 4).
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Reads a text that is one object, no deeper than `depth_max`; `None` if it is anything else.
pub(crate) fn object(bytes: &[u8], depth_max: u8) -> Option<Vec<(String, Json)>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Depth(depth_max).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    match value {
        Json::Object(members) => Some(members),
        Json::Null
        | Json::Bool(_)
        | Json::Integer(_)
        | Json::Float(_)
        | Json::Text(_)
        | Json::List(_) => None,
    }
}

/// How much deeper a value may go.
#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    fn below<E: de::Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value).map(Json::Integer).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            if list.len() == WIDTH_MAX {
                return Err(de::Error::custom("too wide"));
            }
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let below = self.below()?;
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.len() == WIDTH_MAX || object.iter().any(|(other, _)| *other == name) {
                return Err(de::Error::custom("too wide, or twice"));
            }
            let value = members.next_value_seed(below)?;
            object.push((name, value));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(object(text.as_bytes(), DEPTH_MAX).is_some(), expected, "{text}");
    }

    #[test]
    fn one_object_is_read_and_nothing_around_it() {
        check(r#" {"a":1,"b":[true,null,"x",1.5]} "#, true);
        for text in ["", "1", "[]", "null", r#""a""#, "{}{}", "{} x", "{'a':1}", "{\"a\":1,}"] {
            check(text, false);
        }
    }

    #[test]
    fn no_name_stands_twice_however_it_is_spelled() {
        check(r#"{"exp":1,"exp":1}"#, false);
        check(r#"{"exp":1,"\u0065xp":2}"#, false);
        check(r#"{"a":{"b":1,"b":2}}"#, false);
        check(r#"{"a":[{"b":1,"b":2}]}"#, false);
        check(r#"{"a":{"b":1},"b":2}"#, true);
    }

    #[test]
    fn depth_and_width_have_limits() {
        check(r#"{"a":[[[1]]]}"#, true);
        check(r#"{"a":[[[[1]]]]}"#, false);
        let wide = |count: usize| format!(r#"{{"a":[{}]}}"#, vec!["1"; count].join(","));
        check(&wide(WIDTH_MAX), true);
        check(&wide(WIDTH_MAX + 1), false);
        let members: Vec<String> = (0..=WIDTH_MAX).map(|n| format!("\"{n}\":1")).collect();
        check(&format!("{{{}}}", members.join(",")), false);
        check(&format!("{{{}}}", members[1..].join(",")), true);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        check(r#"{"exp":9223372036854775807}"#, true);
        check(r#"{"exp":9223372036854775808}"#, false);
        check(r#"{"exp":1e999}"#, false);
    }

    #[test]
    fn ten_thousand_brackets_do_not_overflow_the_stack() {
        check(&format!("{{\"a\":{}", "[".repeat(10_000)), false);
    }
}
