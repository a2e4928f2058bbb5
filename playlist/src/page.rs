//! Playlists as bytes, ready to be sent.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use origin::{CacheControl, Document, Pieces};
use sha2::{Digest, Sha256};

/// Bytes of a digest that make a validator: 64 bits tell versions of one playlist apart.
const ETAG_BYTES: usize = 8;

/// Turns a rendered playlist into a document that caches may keep for half a segment.
pub(crate) fn document(text: String, target_duration_s: u32) -> Document {
    let etag = etag(&Sha256::digest(text.as_bytes()));
    Document {
        gzip: gzip(text.as_bytes()).map(Pieces::from),
        body: Bytes::from(text).into(),
        content_type: hls::CONTENT_TYPE,
        cache_control: CacheControl::Seconds((target_duration_s / 2).max(1)),
        etag,
    }
}

/// A validator of what has this digest.
pub(crate) fn etag(digest: &[u8]) -> Box<str> {
    let digits: String = digest.iter().take(ETAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
    digits.into()
}

/// The text as gzip (RFC 1952), or `None` where that is not shorter.
fn gzip(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::default());
    encoder.write_all(text).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < text.len()).then(|| packed.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_document_is_its_text_in_both_codings() {
        let text = "#EXTM3U\n".repeat(20);
        let document = document(text.clone(), 9);
        let mut unpacked = String::new();
        let gzip = document.gzip.unwrap();
        flate2::read::GzDecoder::new(&gzip.join()[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(
            (document.body.ready().unwrap().join().as_ref(), unpacked.as_str()),
            (text.as_bytes(), text.as_str())
        );
        assert_eq!(document.cache_control, CacheControl::Seconds(4));
    }

    #[test]
    fn a_validator_changes_with_the_text() {
        assert_eq!(document("a".into(), 2).etag, document("a".into(), 2).etag);
        assert_ne!(document("a".into(), 2).etag, document("b".into(), 2).etag);
        assert_eq!(document("a".into(), 1).cache_control, CacheControl::Seconds(1));
        assert!(document("a".into(), 1).gzip.is_none());
    }
}
