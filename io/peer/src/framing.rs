//! Answers whose end can be told from a broken connection.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, Version};
use hyper::body::{Body, Incoming};

use crate::remote::Trouble;

/// The bytes that an answer says to have, `None` for one in chunks.
///
/// One that ends with its connection (RFC 9112, 6.3) is refused: cut short it looks whole, and what
/// looks whole is cached for ever.
pub(crate) fn length(response: &Response<Incoming>) -> Result<Option<u64>, Trouble> {
    let headers = response.headers();
    let has_end = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if response.version() == Version::HTTP_11 && has_end {
        return Ok(response.body().size_hint().exact());
    }
    Err(Trouble::Endless)
}
