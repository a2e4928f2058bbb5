//! `emsg` boxes (ISO/IEC 23009-1, 5.10.3.3).

use super::boxes::Body;
use super::{MessageBox, ReadError};

pub(super) fn read(mut body: Body) -> Result<MessageBox, ReadError> {
    let (version, _) = body.version()?;
    let (scheme, value, timescale, time, duration, id);
    match version {
        0 => {
            (scheme, value) = (body.text()?, body.text()?);
            (timescale, time) = (body.u32()?, u64::from(body.u32()?));
            (duration, id) = (body.u32()?, body.u32()?);
        }
        1 => {
            (timescale, time) = (body.u32()?, body.u64()?);
            (duration, id) = (body.u32()?, body.u32()?);
            (scheme, value) = (body.text()?, body.text()?);
        }
        _ => return Err(ReadError::Invalid(body.kind)),
    }
    let is_absolute = version == 1;
    let message = body.into_rest();
    Ok(MessageBox { scheme, value, timescale, time, is_absolute, duration, id, message })
}
