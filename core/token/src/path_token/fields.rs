//! Claims in few bytes: fields of a tag, a length and a value, in the order of their tags.
//!
//! Numbers are big-endian without leading zeros. What is not there means the same as in
//! [`Claims::default`]. A tag that is not known is refused: it may be a limit.

use std::net::IpAddr;

use ipnet::IpNet;

use super::PathError;
use crate::{Claims, Pattern, Refusal};

/// Longest value of a field: its length is one byte.
const VALUE_BYTES_MAX: usize = 255;
/// Fields of one token: each list of a JSON web token has 64 at most, and there are five.
const FIELDS_MAX: usize = 352;

/// Tags, in their order. They never change their meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Tag {
    Expires = 1,
    Organisation = 2,
    Stream = 3,
    Id = 4,
    Viewer = 5,
    Version = 6,
    Device = 7,
    Member = 8,
    Issued = 9,
    NotBefore = 10,
    Net = 11,
    Allow = 12,
    Deny = 13,
    Referer = 14,
    Sessions = 15,
    Height = 16,
    Bitrate = 17,
    Via = 18,
}

impl Tag {
    const ALL: [Self; 18] = [
        Self::Expires,
        Self::Organisation,
        Self::Stream,
        Self::Id,
        Self::Viewer,
        Self::Version,
        Self::Device,
        Self::Member,
        Self::Issued,
        Self::NotBefore,
        Self::Net,
        Self::Allow,
        Self::Deny,
        Self::Referer,
        Self::Sessions,
        Self::Height,
        Self::Bitrate,
        Self::Via,
    ];

    fn read(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&tag| tag as u8 == byte)
    }

    /// Whether there may be several.
    const fn is_list(self) -> bool {
        matches!(self, Self::Stream | Self::Net | Self::Allow | Self::Deny | Self::Referer)
    }
}

/// Writes claims.
pub(super) fn write(claims: &Claims) -> Result<Vec<u8>, PathError> {
    let mut out = Writer(Vec::with_capacity(128));
    out.time(Tag::Expires, Some(claims.expires_at_s))?;
    out.text(Tag::Organisation, claims.organisation.as_ref())?;
    for pattern in &claims.streams {
        out.field(Tag::Stream, pattern.as_str().as_bytes())?;
    }
    out.text(Tag::Id, claims.id.as_ref())?;
    out.text(Tag::Viewer, claims.viewer.as_ref())?;
    out.number(Tag::Version, (claims.version != 0).then_some(claims.version))?;
    out.text(Tag::Device, claims.device.as_ref())?;
    out.number(Tag::Member, claims.is_member.then_some(1))?;
    out.time(Tag::Issued, claims.issued_at_s)?;
    out.time(Tag::NotBefore, claims.not_before_s)?;
    for net in &claims.rules.addresses {
        out.net(*net)?;
    }
    let lists = [
        (Tag::Allow, &claims.rules.countries.allow),
        (Tag::Deny, &claims.rules.countries.deny),
        (Tag::Referer, &claims.rules.referers),
    ];
    for (tag, list) in lists {
        for text in list {
            out.text(tag, Some(text))?;
        }
    }
    out.number(Tag::Sessions, claims.sessions_max.map(u64::from))?;
    out.number(Tag::Height, claims.height_max.map(u64::from))?;
    out.number(Tag::Bitrate, claims.bitrate_max)?;
    out.text(Tag::Via, claims.via.as_ref())?;
    Ok(out.0)
}

struct Writer(Vec<u8>);

impl Writer {
    fn field(&mut self, tag: Tag, value: &[u8]) -> Result<(), PathError> {
        let (bytes, limit) = (value.len(), VALUE_BYTES_MAX);
        let length = u8::try_from(bytes).map_err(|_| PathError::TooLong { bytes, limit })?;
        self.0.extend([tag as u8, length]);
        self.0.extend(value);
        Ok(())
    }

    fn text(&mut self, tag: Tag, value: Option<&String>) -> Result<(), PathError> {
        value.map_or(Ok(()), |text| self.field(tag, text.as_bytes()))
    }

    fn number(&mut self, tag: Tag, value: Option<u64>) -> Result<(), PathError> {
        let Some(value) = value else { return Ok(()) };
        let bytes = value.to_be_bytes();
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        self.field(tag, bytes.get(zeros..).unwrap_or_default())
    }

    fn time(&mut self, tag: Tag, value: Option<i64>) -> Result<(), PathError> {
        let value = value.map(u64::try_from).transpose().map_err(|_| PathError::Time)?;
        self.number(tag, value)
    }

    fn net(&mut self, net: IpNet) -> Result<(), PathError> {
        let mut value = vec![net.prefix_len()];
        match net.addr() {
            IpAddr::V4(address) => value.extend(address.octets()),
            IpAddr::V6(address) => value.extend(address.octets()),
        }
        self.field(Tag::Net, &value)
    }
}

/// Reads claims, in the one form in which they are written.
pub(super) fn read(mut bytes: &[u8]) -> Result<Claims, Refusal> {
    let odd = || Refusal::Malformed("its fields are not as they are written here");
    let mut claims = Claims::default();
    let mut last = None;
    for _ in 0..FIELDS_MAX {
        let Some((&[tag, length], rest)) = bytes.split_first_chunk() else { break };
        let tag = Tag::read(tag).ok_or(Refusal::Critical("a newer path token"))?;
        let (value, rest) = rest.split_at_checked(length.into()).ok_or_else(odd)?;
        if last > Some(tag) || (last == Some(tag) && !tag.is_list()) {
            return Err(odd());
        }
        put(&mut claims, tag, value).ok_or_else(odd)?;
        (bytes, last) = (rest, Some(tag));
        if claims.expires_at_s == 0 {
            return Err(Refusal::Malformed("it never ends"));
        }
    }
    if bytes.is_empty() && last.is_some() { Ok(claims) } else { Err(odd()) }
}

fn put(claims: &mut Claims, tag: Tag, value: &[u8]) -> Option<()> {
    let rules = &mut claims.rules;
    match tag {
        Tag::Expires => claims.expires_at_s = number(value)?,
        Tag::Organisation => claims.organisation = Some(text(value)?),
        Tag::Stream => claims.streams.push(Pattern::parse(&text(value)?).ok()?),
        Tag::Id => claims.id = Some(text(value)?),
        Tag::Viewer => claims.viewer = Some(text(value)?),
        Tag::Version => claims.version = number(value).filter(|&it| it != 0)?,
        Tag::Device => claims.device = Some(text(value)?),
        Tag::Member => claims.is_member = (value == [1]).then_some(true)?,
        Tag::Issued => claims.issued_at_s = Some(number(value)?),
        Tag::NotBefore => claims.not_before_s = Some(number(value)?),
        Tag::Net => rules.addresses.push(net(value)?),
        Tag::Allow => rules.countries.allow.push(text(value)?),
        Tag::Deny => rules.countries.deny.push(text(value)?),
        Tag::Referer => rules.referers.push(text(value)?),
        Tag::Sessions => claims.sessions_max = Some(number(value)?),
        Tag::Height => claims.height_max = Some(number(value)?),
        Tag::Bitrate => claims.bitrate_max = Some(number(value)?),
        Tag::Via => claims.via = Some(text(value)?),
    }
    Some(())
}

fn text(value: &[u8]) -> Option<String> {
    String::from_utf8(value.to_vec()).ok()
}

fn number<N: TryFrom<u64>>(value: &[u8]) -> Option<N> {
    if value.first() == Some(&0) || value.len() > 8 {
        return None;
    }
    let number = value.iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    N::try_from(number).ok()
}

fn net(value: &[u8]) -> Option<IpNet> {
    let (&prefix, address) = value.split_first()?;
    let address = match address.len() {
        4 => IpAddr::from(*address.first_chunk::<4>()?),
        16 => IpAddr::from(*address.first_chunk::<16>()?),
        _ => return None,
    };
    IpNet::new(address, prefix).ok()
}
