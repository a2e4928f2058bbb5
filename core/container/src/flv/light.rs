//! `colorInfo`: what pictures of a high dynamic range are made for (Enhanced RTMP version 2,
//! "Metadata Frame").

#[cfg(test)]
mod tests;

use media::{Colour, ContentLight, Light, MasteringDisplay};
use rtmp::Value;
use rtmp::amf::{self, AmfError};

/// `unspecified` in every table of ITU-T H.273.
const UNSPECIFIED: u8 = 2;

/// Reads the body of a metadata packet. The outer `None` is a body that says nothing about light;
/// the inner one takes back what was said before.
pub(super) fn parse(body: &[u8]) -> Result<Option<Option<Light>>, AmfError> {
    let values = amf::decode(body)?;
    let name = values.iter().position(|value| value.as_str() == Some("colorInfo"));
    Ok(name.map(|name| values.get(name + 1).and_then(light)))
}

/// What does not make sense is left out; `None` if nothing is left.
fn light(info: &Value) -> Option<Light> {
    let light = Light {
        colour: info.property("colorConfig").and_then(colour),
        content: info.property("hdrCll").and_then(content),
        mastering: info.property("hdrMdcv").and_then(mastering),
    };
    (light != Light::default()).then_some(light)
}

fn colour(config: &Value) -> Option<Colour> {
    let code = |name| config.property(name)?.as_u32().and_then(|code| u8::try_from(code).ok());
    let codes = ["colorPrimaries", "transferCharacteristics", "matrixCoefficients"].map(code);
    let [primaries, transfer, matrix] = codes.map(|code| code.unwrap_or(UNSPECIFIED));
    let is_said = [primaries, transfer, matrix].iter().any(|code| *code != UNSPECIFIED);
    // Whether samples use every value is not among the properties; pictures rarely do.
    is_said.then_some(Colour { primaries, transfer, matrix, is_full_range: false })
}

fn content(levels: &Value) -> Option<ContentLight> {
    let level = |name| u16::try_from(scaled(levels, name, 1.0)?).ok();
    Some(ContentLight { max_cll: level("maxCLL")?, max_fall: level("maxFall")? })
}

fn mastering(display: &Value) -> Option<MasteringDisplay> {
    let chromaticity = |name| u16::try_from(scaled(display, name, 50_000.0)?).ok();
    let point = |x, y| Some((chromaticity(x)?, chromaticity(y)?));
    let luminance = |name| scaled(display, name, 10_000.0);
    Some(MasteringDisplay {
        primaries: [point("redX", "redY")?, point("greenX", "greenY")?, point("blueX", "blueY")?],
        white: point("whitePointX", "whitePointY")?,
        luminance_max: luminance("maxLuminance")?,
        luminance_min: luminance("minLuminance")?,
    })
}

/// A number in steps of `1 / scale`, rounded.
fn scaled(object: &Value, name: &str, scale: f64) -> Option<u32> {
    Value::Number((object.property(name)?.as_f64()? * scale).round()).as_u32()
}
